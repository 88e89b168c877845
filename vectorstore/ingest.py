"""Files into a library: scan, compare hashes, load, cut, embed, write, remove, and a report for every file."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from vectorstore import loaders
from vectorstore.catalog import Entry, FilePart
from vectorstore.chunking import split
from vectorstore.errors import UnreadableFileError
from vectorstore.language import detect
from vectorstore.library import Library
from vectorstore.reader import FileState, Vectors
from vectorstore.report import FileReport, IngestReport, Progress, Status
from vectorstore.scan import Scanned, read_whole, scan
from vectorstore.types import Chunk, Document, DocumentRef, Extract

LOADER = "1"  # raise it when loaders, chunking or headings change what is stored: every file is then read again
BATCH_CHUNKS = 256  # embedded and committed together: a kill loses at most this much work, and nothing reported
FOLLOW_CHUNKS = 10_000  # after this many the indexes are brought up, so that a long ingest is searchable meanwhile
MAX_BYTES = 200_000_000


@dataclass(slots=True)
class _Draft:
    """A document on its way: ``vectors`` are filled where the same chunk was embedded before."""

    document: Document
    chunks: list[Chunk]
    keys: list[str]
    vectors: list[Vectors | None]


@dataclass(slots=True)
class _Batch:
    """Drafts of one file that wait for their vectors; the last batch of a file carries what to say of the whole."""

    path: str
    drafts: list[_Draft] = field(default_factory=list)
    state: FileState | None = None
    ids: frozenset[str] = frozenset()
    report: FileReport | None = None

    @property
    def chunks(self) -> int:
        return sum(len(draft.chunks) for draft in self.drafts)


@dataclass(slots=True)
class _Tally:
    """What the documents of one file come to."""

    ids: list[str] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    chunks: int = 0

    def add(self, draft: _Draft) -> None:
        self.ids.append(draft.document.id)
        self.languages[draft.document.ref.language] += 1
        self.pages += len(draft.document.page_starts)
        self.chunks += len(draft.chunks)

    def report(self, path: str, status: Status, message: str) -> FileReport:
        """A file of many documents has the language of most of them, and no one id."""
        id = self.ids[0] if len(self.ids) == 1 else None
        language = self.languages.most_common(1)[0][0] if self.languages else ""
        return FileReport(path, status, id, language, self.pages or None, self.chunks, message)


def ingest(
    library: Library,
    paths: Sequence[Path],
    *,
    prune: bool = False,
    dry_run: bool = False,
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
    names: Mapping[Path, str] | None = None,
) -> IngestReport:
    """Make the library equal to the paths; with ``prune`` also forget files below them that are gone.

    ``names`` are what to call files whose own name says nothing, as of uploads that are stored by their hash.
    A file that cannot be read is reported and leaves what the library knew of it as it was.
    Raises `PathError` before anything is done; `StorageError` and `EmbeddingUnavailableError` with all that was
    reported until then kept.
    """
    run = _Run(library, scan(paths), max_bytes, progress or Progress(), names or {})
    if dry_run:
        return run.foretell(prune)
    with library.owner.held():
        return run.carry_out(prune)


class _Run:
    """One ingest."""

    def __init__(
        self, library: Library, scanned: Scanned, max_bytes: int, progress: Progress, names: Mapping[Path, str]
    ) -> None:
        self._library = library
        self._catalog = library.catalog
        self._collection = library.collection
        self._scanned = scanned
        self._max_bytes = max_bytes
        self._progress = progress
        self._names = names
        self._known = self._catalog.files(self._collection)
        self._reports: list[FileReport] = []
        self._waiting: list[_Batch] = []
        self._unindexed = 0
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def carry_out(self, prune: bool) -> IngestReport:
        self._library.prepare()
        repairs = self._library.indexes.follow()  # what an earlier, killed run left to do
        self._progress.started(len(self._scanned.files))
        for path in self._scanned.files:
            self._take(path)
        self._flush()
        gone = [path for path in self._known if self._scanned.covers(path) and not Path(path).exists()]
        if prune:
            for forgotten in gone:
                self._catalog.remove_file(self._collection, forgotten)
                self._tell(FileReport(forgotten, "removed"))
        with self._timed("index"):
            repairs += self._library.indexes.follow(self._progress.indexing)
        return self._report([] if prune else gone, repairs)

    def foretell(self, prune: bool) -> IngestReport:
        """What `carry_out` would report, without embedding or writing anything."""
        for path in self._scanned.files:
            try:
                _check_name(path)
                data = read_whole(path, limit=self._max_bytes)
                state = self._unchanged(path, data)
                if state:
                    self._reports.append(_unchanged_report(state))
                    continue
                extracts, tally = self._load(path, data), _Tally()
                for draft in self._drafts(path, data, extracts):
                    tally.add(draft)
                self._reports.append(tally.report(str(path), self._status(path), _warnings(extracts)))
            except UnreadableFileError as error:
                self._reports.append(self._failure(path, error))
        gone = [path for path in self._known if self._scanned.covers(path) and not Path(path).exists()]
        if prune:
            self._reports += [FileReport(path, "removed") for path in gone]
        return self._report([] if prune else gone, [])

    # -- one file ------------------------------------------------------------------------------

    def _take(self, path: Path) -> None:
        try:
            _check_name(path)
            with self._timed("read"):
                data = read_whole(path, limit=self._max_bytes)
                unchanged = self._unchanged(path, data)
            if unchanged:
                self._tell(_unchanged_report(unchanged))
                return
            with self._timed("load"):
                extracts = self._load(path, data)
            self._queue(path, data, extracts)
        except UnreadableFileError as error:
            self._tell(self._failure(path, error))

    def _unchanged(self, path: Path, data: bytes) -> FileState | None:
        """What is known of the file, if that is still true."""
        state = self._known.get(str(path))
        return state if state and state.loader == LOADER and state.sha256 == sha256(data).hexdigest() else None

    def _status(self, path: Path) -> Status:
        return "updated" if str(path) in self._known else "added"

    def _load(self, path: Path, data: bytes) -> list[Extract]:
        """Read a file. Raises `UnreadableFileError`, also where one of its ids belongs to another file."""
        extracts = loaders.load(Path(self._names.get(path, path)), data)
        given = [extract.id for extract in extracts if extract.id is not None]
        for id, owner in self._catalog.owners(self._collection, given).items():
            if owner != str(path):
                raise UnreadableFileError(
                    f"Its document id {id!r} is already used by {owner}. Give it another id, or remove the other: "
                    f"assistant documents remove {id}",
                    reason="duplicate",
                )
        return extracts

    def _queue(self, path: Path, data: bytes, extracts: list[Extract]) -> None:
        """Cut the documents and hand them on in batches, so that any number of vectors fits in memory."""
        batch, tally = _Batch(str(path)), _Tally()
        for draft in self._drafts(path, data, extracts):
            self._reuse(draft)
            batch.drafts.append(draft)
            tally.add(draft)
            if len(extracts) > 1 and self._full(batch):
                self._waiting.append(batch)
                self._flush()
                batch = _Batch(str(path))
        batch.report = report = tally.report(str(path), self._status(path), _warnings(extracts))
        batch.ids = frozenset(tally.ids)
        batch.state = FileState(
            path=str(path),
            sha256=sha256(data).hexdigest(),
            loader=LOADER,
            chunks=report.chunks,
            document_id=report.document_id,
            language=report.language,
            pages=report.pages,
            message=report.message,
        )
        self._waiting.append(batch)
        if self._full():
            self._flush()

    def _full(self, *more: _Batch) -> bool:
        return sum(batch.chunks for batch in (*self._waiting, *more)) >= BATCH_CHUNKS

    def _drafts(self, path: Path, data: bytes, extracts: list[Extract]) -> Iterator[_Draft]:
        for number, extract in enumerate(extracts):
            with self._timed("split"):
                document = _document(path, data, extract, number, self._names.get(path, str(path)))
                chunks = split(document)
                keys = [chunk.key(document.ref.title) for chunk in chunks]
            yield _Draft(document, chunks, keys, [None] * len(chunks))

    def _reuse(self, draft: _Draft) -> None:
        """An unchanged chunk of a changed document keeps its vector: embedding is what an ingest waits for."""
        for old in self._catalog.indexed(self._collection, [draft.document.id]):
            if old.ref.language != draft.document.ref.language:
                continue  # the whole is now taken for another language, and so is each chunk
            known = dict(zip(old.keys, old.vectors, strict=True))
            draft.vectors = [known.get(key) for key in draft.keys]

    def _failure(self, path: Path, error: UnreadableFileError) -> FileReport:
        """An empty file, or one of another kind that merely lay in the folder, is skipped; anything else has failed."""
        expected = path in self._scanned.named or str(path) in self._known or path.suffix.lower() in loaders.SUFFIXES
        beside_the_point = error.reason == "unsupported" and not expected
        status: Status = "skipped" if error.reason == "empty" or beside_the_point else "failed"
        printable = str(path).encode("utf-8", "replace").decode()
        return FileReport(printable, status, message=str(error))

    # -- batches -------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Embed what waits and commit it, then say so."""
        waiting, self._waiting = self._waiting, []
        with self._timed("embed"):
            self._embed(draft for batch in waiting for draft in batch.drafts)
        with self._timed("store"):
            self._catalog.put(self._collection, [_part(batch) for batch in waiting])
        for batch in waiting:
            self._unindexed += batch.chunks
            if batch.report:
                self._tell(batch.report)
        if self._unindexed >= FOLLOW_CHUNKS:
            self._unindexed = 0
            with self._timed("index"):
                self._library.indexes.follow(self._progress.indexing)

    def _embed(self, drafts: Iterable[_Draft]) -> None:
        missing = [(draft, i) for draft in drafts for i, vector in enumerate(draft.vectors) if vector is None]
        if not missing:
            return
        texts = [draft.chunks[i].indexed_text(draft.document.ref.title) for draft, i in missing]
        languages = [draft.document.ref.language for draft, _ in missing]
        for (draft, i), vector in zip(missing, self._library.embedding(texts, languages), strict=True):
            draft.vectors[i] = vector
        self._progress.embedded(len(missing))

    def _tell(self, report: FileReport) -> None:
        self._reports.append(report)
        self._progress.file(report)

    def _report(self, gone: list[str], repairs: list[str]) -> IngestReport:
        seconds = {stage: round(value, 3) for stage, value in self._seconds.items()}
        order = {str(path): number for number, path in enumerate(self._scanned.files)}
        reports = sorted(self._reports, key=lambda report: order.get(report.path, len(order)))
        return IngestReport(tuple(reports), tuple(gone), tuple(repairs), seconds)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] += time.perf_counter() - started


def _document(path: Path, data: bytes, extract: Extract, number: int, source: str) -> Document:
    """The ``number``-th document of a file. Its id is the file's own, or made of the path: the same every time."""
    key = f"{path}#{number}" if number else str(path)
    made = "doc_" + sha256(key.encode()).hexdigest()[:24]
    ref = DocumentRef(
        id=extract.id or made,
        title=extract.title,
        source=extract.source or source,
        media_type=extract.media_type,
        language=extract.language or detect(extract.text),
        sha256=sha256(extract.text.encode() if extract.id else data).hexdigest(),
    )
    return Document(ref, extract.text, extract.page_starts, extract.headings)


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UnreadableFileError("Its name is not valid UTF-8. Rename it and ingest it again.") from None


def _part(batch: _Batch) -> FilePart:
    entries = [
        Entry(draft.document, tuple(draft.chunks), tuple(draft.keys), _stack(draft.vectors)) for draft in batch.drafts
    ]
    return FilePart(batch.path, tuple(entries), batch.state, batch.ids)


def _stack(vectors: list[Vectors | None]) -> Vectors:
    rows = [vector for vector in vectors if vector is not None]
    return np.stack(rows) if rows else np.zeros((0, 0), np.float32)


def _unchanged_report(state: FileState) -> FileReport:
    return FileReport(
        state.path, "unchanged", state.document_id, state.language, state.pages, state.chunks, state.message
    )


def _warnings(extracts: Iterable[Extract]) -> str:
    return " ".join(dict.fromkeys(warning for extract in extracts for warning in extract.warnings))
