"""The derived indexes of one collection, kept in step with the catalog: keywords and vectors to search in, and Chroma.

Each follows the catalog's change log and remembers how far it came. What a crash leaves behind is either
caught up with (the log) or thrown away and made again (a vector index that was being written).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vectorstore.chroma import ChromaIndex, DamagedVectorsError
from vectorstore.errors import DamagedIndexError, StorageError
from vectorstore.flat import FlatIndex
from vectorstore.lexical import Entry, LexicalIndex
from vectorstore.reader import CatalogReader, Indexed

SLICE = 1_000  # documents applied at a time: what is in memory at once, and the step of the progress report

_KEYWORDS_REBUILT = "The keyword index did not match the catalog and was rebuilt from it."
_VECTORS_REBUILT = "The vector index did not match the catalog and was rebuilt from it."

Report = Callable[[int], None]
"""Told how many documents an index has just followed."""


@dataclass(frozen=True, slots=True)
class State:
    """How far Chroma followed, and whose. Replaced as a whole, so it is never half-written."""

    library: str = ""
    sequence: int = 0
    writing: bool = False
    """True while Chroma's files are being changed in place: found at opening, they cannot be trusted."""


class Indexes:
    """All indexes of one collection. Reading needs no owner; everything that writes does (`vectorstore.owner`)."""

    def __init__(self, catalog: CatalogReader, collection: str, folder: Path) -> None:
        self._catalog = catalog
        self._collection = collection
        self._folder = folder
        self._lexical: LexicalIndex | None = None
        self._trusted = False
        self.flat = FlatIndex(folder / "vectors")
        self.chroma = ChromaIndex(folder / "chroma", collection)

    @property
    def lexical(self) -> LexicalIndex:
        """Opened on first use. Raises `DamagedIndexError`."""
        if self._lexical is None:
            self._lexical = LexicalIndex(self._folder / "keywords")
        return self._lexical

    def close(self) -> None:
        self.chroma.close()
        self._lexical = None

    # -- what is there -------------------------------------------------------------------------

    def current(self) -> bool:
        """Whether what is searched, keywords and vectors, holds exactly what the catalog does."""
        if self._state().library != self._catalog.library_id():
            return False
        there = self._there()
        return self._lexical_agrees(there) and self._flat_agrees(there)

    def _there(self) -> tuple[int, int]:
        """The catalog's newest change and the number of its chunks, which takes a while to count."""
        return self._catalog.sequence(self._collection), self._catalog.count_chunks(self._collection)

    def _lexical_agrees(self, there: tuple[int, int]) -> bool:
        try:
            return (self.lexical.sequence, self.lexical.count()) == there
        except DamagedIndexError:
            return False

    def _flat_agrees(self, there: tuple[int, int]) -> bool:
        try:
            return (self.flat.sequence, self.flat.count()) == there
        except DamagedIndexError:
            return False

    def chroma_current(self) -> bool:
        """Whether Chroma was left in order and has followed every change. Does not open it."""
        state = self._state()
        return (
            not state.writing
            and state.library == self._catalog.library_id()
            and state.sequence == self._catalog.sequence(self._collection)
        )

    def chroma_trusted(self) -> bool:
        """`chroma_current`, and it counts right and finds a few chunks by their own vectors. Opens it, once."""
        if not self.chroma_current():
            return False
        if not self._trusted:
            try:
                self._trusted = self.chroma.count() == self._catalog.count_chunks(self._collection) and self._probe()
            except DamagedVectorsError:
                return False
        return self._trusted

    def _probe(self) -> bool:
        ids = [change.document_id for change in self._catalog.changes(self._collection, 0)]
        for entry in self._catalog.indexed(self._collection, [*ids[:2], *ids[-2:]]):
            found = self.flat.scores(self.near(entry.vectors[0], 10), entry.vectors[0])
            if max(found.values(), default=0.0) < 0.99:  # a duplicate elsewhere may stand for the chunk itself
                return False
        return True

    def near(self, vector: NDArray[np.float32], limit: int) -> Collection[int]:
        """About the nearest chunks, of the whole collection, as Chroma knows them."""
        return self._catalog.numbers(self._collection, self.chroma.nearest(vector, limit)).values()

    # -- keeping up ----------------------------------------------------------------------------

    def follow(self, report: Report = lambda _: None) -> list[str]:
        """Bring all indexes up to the catalog. What was damaged is made anew, and told in one line each."""
        return [*self.follow_searched(report), *self.follow_chroma(report)]

    def follow_searched(self, report: Report = lambda _: None) -> list[str]:
        """Bring what is searched up to the catalog, or make it anew where it cannot be trusted."""
        if self._state().library != self._catalog.library_id():
            known = self._state().library or (self._folder / "keywords").exists()
            self._drop_lexical()
            self.flat.delete()
            self.chroma.delete()
            self._save(State(library=self._catalog.library_id()))
            return [*self.follow_searched(report), *([_KEYWORDS_REBUILT] if known else [])]
        return [*self._follow_lexical(report), *self._follow_flat()]

    def _follow_lexical(self, report: Report) -> list[str]:
        with suppress(DamagedIndexError):  # told apart below: it does not agree then
            if self.lexical.sequence <= self._catalog.sequence(self._collection):
                self._apply_lexical(report)
        if self._lexical_agrees(self._there()):
            return []
        self._drop_lexical()
        self._apply_lexical(report)
        self._must_agree(self._lexical_agrees(self._there()), "keyword")
        return [_KEYWORDS_REBUILT]

    def _follow_flat(self) -> list[str]:
        with suppress(DamagedIndexError):
            if self.flat.sequence <= self._catalog.sequence(self._collection):
                self._apply_flat()
        if self._flat_agrees(self._there()):
            return []
        self.flat.delete()
        self._apply_flat()
        self._must_agree(self._flat_agrees(self._there()), "vector")
        return [_VECTORS_REBUILT]

    def _must_agree(self, agrees: bool, what: str) -> None:
        if not agrees:
            raise StorageError(
                f"The {what} index in {self._folder} does not agree with the catalog even after it was made "
                "anew. Check the disk; nothing of the catalog is lost."
            )

    def _apply_lexical(self, report: Report) -> None:
        for ids, sequence in self._steps(self.lexical.sequence):
            entries = self._catalog.indexed(self._collection, ids)
            self.lexical.apply((entry for indexed in entries for entry in _keywords(indexed)), ids, sequence)
            report(len(ids))

    def _apply_flat(self) -> None:
        for ids, sequence in self._steps(self.flat.sequence):
            self.flat.apply(self._catalog.indexed(self._collection, ids), ids, sequence)

    def _drop_lexical(self) -> None:
        self._lexical = None
        shutil.rmtree(self._folder / "keywords", ignore_errors=True)

    def follow_chroma(self, report: Report = lambda _: None) -> list[str]:
        """Bring Chroma up to the catalog, or make it anew when it was left half-written or cannot be read."""
        repaired = self._reset_chroma_unless_sound()
        state = self._state()
        steps = list(self._steps(state.sequence))
        if not steps:
            return repaired
        self._trusted = False
        self._save(replace(state, writing=True))
        try:
            for ids, _ in steps:
                self.chroma.apply(self._catalog.indexed(self._collection, ids), ids)
                report(len(ids))
        except DamagedVectorsError:
            if repaired:  # made anew a moment ago: the folder itself is at fault
                raise
            return self.follow_chroma(report)  # still marked as being written, so this starts from nothing
        self._save(State(state.library, steps[-1][1]))
        return repaired

    def _reset_chroma_unless_sound(self) -> list[str]:
        state = self._state()
        library = self._catalog.library_id()
        sound = state.library == library and not state.writing
        if sound and state.sequence <= self._catalog.sequence(self._collection):
            return []
        self.chroma.delete()
        self._trusted = False
        self._save(State(library))
        return ["The vector index was left half-written and was rebuilt from the catalog."] if state.library else []

    def forget(self) -> None:
        """Have all of them made anew by the next `follow`."""
        self._drop_lexical()
        self.flat.delete()
        self.chroma.delete()
        self._trusted = False
        self._save(State(self._catalog.library_id()))

    def _steps(self, since: int) -> Iterator[tuple[list[str], int]]:
        """The changes after ``since``, oldest first, a slice at a time with the number of its last."""
        changes = self._catalog.changes(self._collection, since)
        for start in range(0, len(changes), SLICE):
            some = changes[start : start + SLICE]
            yield [change.document_id for change in some], some[-1].sequence

    # -- how far Chroma came -------------------------------------------------------------------

    def _state(self) -> State:
        try:
            return State(**json.loads((self._folder / "state.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError):  # unreadable: as if the vector index were of unknown origin
            return State(library="unknown", writing=True)

    def _save(self, state: State) -> None:
        path = self._folder / "state.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".new")
            draft.write_text(json.dumps(asdict(state)), encoding="utf-8")
            os.replace(draft, path)
        except OSError as error:
            raise StorageError(
                f"{path} cannot be written: {error.strerror}. Make room or check permissions."
            ) from error


def _keywords(indexed: Indexed) -> Iterator[Entry]:
    for number, chunk in zip(indexed.numbers, indexed.chunks, strict=True):
        text = chunk.indexed_text(indexed.ref.title)
        yield Entry(number, chunk.document_id, indexed.ref.language, text, indexed.ref.title)
