"""What can go wrong with a library. Messages are for the user: the thing, the value, the way out."""


class LibraryError(Exception):
    """Any expected failure of this package; everything else is a bug and keeps its traceback."""


class UnreadableFileError(LibraryError):
    """A file that cannot become text; ``reason`` is one of the words below, for people and programs."""

    def __init__(self, message: str, *, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = (
            reason  # empty | no_text | needs_password | damaged | unsupported | too_large | unreadable | changed
        )


class PathError(LibraryError):
    """A path that was named does not exist."""


class LibraryBusyError(LibraryError):
    """Another process owns the library."""


class LibraryVersionError(LibraryError):
    """The library was written by a newer release."""


class EmbeddingMismatchError(LibraryError):
    """The collection was embedded with another model than the one asked for."""


class EmbeddingUnavailableError(LibraryError):
    """The embedding model is not installed, not reachable, or not what it was."""


class NotFoundError(LibraryError):
    """No such document or collection."""


class StorageError(LibraryError):
    """The library's folder cannot be read or written: permissions, a full disk, a damaged catalog."""


class DamagedIndexError(StorageError):
    """The folder holds no usable index of this release: delete it, open it again, and apply everything."""
