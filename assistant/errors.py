"""What can go wrong while answering. Messages are for the user: the thing, the value, the way out."""


class AssistantError(Exception):
    """Any expected failure of this package; everything else is a bug and keeps its traceback."""


class UsageError(AssistantError):
    """A value the caller gave cannot be used: a setting, an option, a question."""


class ModelError(AssistantError):
    """The model's service failed, refused or fell silent; ``reason`` is a word of `assistant.faults.REASONS`."""

    def __init__(self, message: str, *, reason: str = "failed") -> None:
        super().__init__(message)
        self.reason = reason


class NotFoundError(AssistantError):
    """No such conversation or turn, or another owner's: the two are not told apart."""


class StorageError(AssistantError):
    """The conversations' database cannot be opened, read or written, or is a newer release's."""
