"""The flat index: the vectors of all chunks in files mapped into memory, and scanned from end to end.

Derived data, like the other indexes. A scan reads bytes (each row scaled to its largest component) and lets the stored
half-precision vectors decide among the best few hundred, so what it finds is exact in all but name: a row is lost only
if rounding moves it by more than the gap to the last candidate. The only file that imports numkong.

On disk: ``state.json``, replaced as a whole, says how many rows count; ``codes``, ``vectors`` and ``rows`` only grow,
but for the mark of a dead row, until half of the rows are dead and all three are written anew under another number.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from vectorstore.errors import DamagedIndexError, StorageError
from vectorstore.reader import Indexed

FORMAT = 1
CANDIDATES = 4  # times as many as are wanted are scored by their stored vectors
_SAMPLED = 32  # one value of so many is looked at to guess what is low
_LARGEST = 127  # of a signed byte
_DIGITS = 5  # of a cosine: sums in another order differ in the seventh
_ROW = np.dtype([("number", "<u8"), ("document", "<u8"), ("scale", "<f4"), ("language", "<u2")])
_FILES = ("rows", "codes", "vectors")


@dataclass(frozen=True, slots=True)
class _State:
    """What the files hold. ``generation`` is in their names."""

    format: int = FORMAT
    sequence: int = 0
    generation: int = 0
    dimensions: int = 0
    rows: int = 0
    languages: tuple[str, ...] = field(default_factory=tuple)

    def width(self, name: str) -> int:
        """Bytes of one row in a file."""
        return {"rows": _ROW.itemsize, "codes": self.dimensions, "vectors": 2 * self.dimensions}[name]


@dataclass(frozen=True)
class _Rows:
    """The files at one moment, as arrays with a row for each chunk. A dead row has the number 0."""

    state: _State
    table: NDArray[Any]
    codes: NDArray[np.int8]
    vectors: NDArray[np.float16]

    @cached_property
    def numbers(self) -> NDArray[np.uint64]:
        return np.ascontiguousarray(self.table["number"])

    @cached_property
    def documents(self) -> NDArray[np.uint64]:
        return np.ascontiguousarray(self.table["document"])

    @cached_property
    def scales(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.table["scale"])

    @cached_property
    def alive(self) -> NDArray[np.bool_]:
        return np.not_equal(self.numbers, 0)

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self.alive))

    def eligible(self, languages: Collection[str], documents: Collection[str] | None) -> NDArray[np.bool_] | None:
        """Which rows may be found; None for all of them."""
        masks = [] if self.count == len(self.table) else [self.alive]
        if languages:
            named = [at for at, name in enumerate(self.state.languages) if name in languages]
            masks.append(np.isin(self.table["language"], named))
        if documents is not None:
            masks.append(np.isin(self.documents, np.array([_hash(id) for id in documents], np.uint64)))
        return np.asarray(np.logical_and.reduce(masks), bool) if masks else None

    @cached_property
    def _by_number(self) -> NDArray[np.intp] | None:
        """None while the rows are in the order of their numbers, as in a library that only grew."""
        ordered = bool(np.all(self.numbers[1:] > self.numbers[:-1]))
        return None if ordered else np.argsort(self.numbers, kind="stable")

    def of(self, numbers: Collection[int]) -> NDArray[np.intp]:
        """The rows of these chunks, as far as they are there."""
        wanted, order = np.fromiter(numbers, np.uint64, len(numbers)), self._by_number
        known = self.numbers if order is None else self.numbers[order]
        at = np.searchsorted(known, wanted)
        at[at == len(known)] = 0  # beyond the last: any row will do, since it is another one
        found = at[(known[at] == wanted) & (wanted != 0)]
        return np.asarray(found if order is None else order[found], np.intp)


class FlatIndex:
    """Opened for reading at once; other processes may read while one, the library's owner, writes.

    Raises `DamagedIndexError` from every method when the files are not what they were.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: tuple[int, ...] = ()
        self._rows = _empty(_State())

    @property
    def sequence(self) -> int:
        """Of the last `apply` that was finished; 0 when the index is new."""
        return self._current().state.sequence

    def count(self) -> int:
        """How many chunks are indexed."""
        return self._current().count

    # -- searching -----------------------------------------------------------------------------

    def nearest(
        self,
        vector: NDArray[np.float32],
        limit: int,
        *,
        languages: Collection[str] = frozenset(),
        documents: Collection[str] | None = None,
    ) -> dict[int, float]:
        """The best ``limit`` chunks as number to cosine, best first, ties by number.

        No languages means all of them; ``documents`` are ids, None means all of them and an empty collection none.
        """
        rows = self._current()
        if limit < 1 or not rows.count or not vector.any():
            return {}
        self._check_dimensions(vector, rows)
        codes = np.rint(vector * (_LARGEST / float(np.abs(vector).max()))).astype(np.int8)
        products = np.asarray(numkong.cdist(codes[None], rows.codes, metric="dot"))[0]
        estimates = np.multiply(products, rows.scales, dtype=np.float32)
        eligible = rows.eligible(languages, documents)
        if eligible is not None:
            estimates[~eligible] = -np.inf
        best = _highest(estimates, CANDIDATES * limit)
        return _scored(rows, best if eligible is None else best[eligible[best]], vector, limit)

    def scores(self, numbers: Collection[int], vector: NDArray[np.float32]) -> dict[int, float]:
        """The cosine of each of these chunks that are indexed, best first."""
        rows = self._current()
        if not numbers or not rows.count:
            return {}
        self._check_dimensions(vector, rows)
        return _scored(rows, rows.of(numbers), vector, len(numbers))

    def spoken(self, numbers: Collection[int]) -> dict[int, str]:
        """The language of each of these chunks that are indexed, "" where a document has none."""
        rows = self._current()
        if not numbers or not rows.state.rows:
            return {}
        found = rows.table[rows.of(numbers)]
        names = rows.state.languages
        return {
            number: names[language]
            for number, language in zip(found["number"].tolist(), found["language"].tolist(), strict=True)
        }

    def _check_dimensions(self, vector: NDArray[np.float32], rows: _Rows) -> None:
        if len(vector) != rows.state.dimensions:
            raise DamagedIndexError(
                f"{self.folder}: the vector index has {rows.state.dimensions} dimensions, the question {len(vector)}."
            )

    # -- writing -------------------------------------------------------------------------------

    def apply(self, add: Iterable[Indexed], remove: Collection[str], sequence: int) -> None:
        """Forget all chunks of the documents in ``remove``, then add; all of it, or nothing.

        Doing it twice is the same as doing it once when ``remove`` names the documents of ``add``.
        """
        with self._writable():
            state = self._current().state
            self._kill(state, remove)
            for entry in add:
                state = self._append(state, entry)
            state = self._compact(state)
            for name in _FILES:
                _flush(self._path(name, state))
            self._save(replace(state, sequence=sequence))

    def delete(self) -> None:
        """Forget everything, the sequence too."""
        self._rows, self._seen = _empty(_State()), ()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self, state: _State, documents: Collection[str]) -> None:
        if state.rows and documents:
            table = np.memmap(self._path("rows", state), dtype=_ROW, mode="r+", shape=(state.rows,))
            gone = np.array([_hash(id) for id in documents], np.uint64)
            table["number"][np.isin(table["document"], gone)] = 0
            table.flush()

    def _append(self, state: _State, entry: Indexed) -> _State:
        vectors = np.asarray(entry.vectors, np.float32)
        if state.rows and vectors.shape[1] != state.dimensions:
            raise DamagedIndexError(f"{self.folder}: vectors of {state.dimensions} dimensions cannot be mixed.")
        state = replace(state, dimensions=vectors.shape[1])
        if entry.ref.language not in state.languages:
            state = replace(state, languages=(*state.languages, entry.ref.language))
        scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / _LARGEST
        table = np.zeros(len(vectors), _ROW)
        table["number"], table["document"] = entry.numbers, _hash(entry.ref.id)
        table["scale"], table["language"] = scales, state.languages.index(entry.ref.language)
        written = {
            "rows": table,
            "codes": np.rint(vectors / scales[:, None]).astype(np.int8),
            "vectors": vectors.astype("<f2"),
        }
        for name, array in written.items():
            self._write(name, state, array.tobytes())
        return replace(state, rows=state.rows + len(vectors))

    def _write(self, name: str, state: _State, data: bytes) -> None:
        """After the rows that count; what a killed process left behind them is written over."""
        path = self._path(name, state)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.seek(state.rows * state.width(name))
            file.write(data)

    def _compact(self, state: _State) -> _State:
        """Where most rows are dead, the others in files of their own. Who has the old ones mapped reads on in them."""
        rows = self._map(state)
        if 2 * rows.count >= state.rows:
            return state
        kept = replace(state, generation=state.generation + 1, rows=rows.count)
        for name, array in {"rows": rows.table, "codes": rows.codes, "vectors": rows.vectors}.items():
            self._path(name, kept).write_bytes(np.ascontiguousarray(array[rows.alive]).tobytes())
        return kept

    # -- files ---------------------------------------------------------------------------------

    def _path(self, name: str, state: _State) -> Path:
        return self.folder / f"{name}-{state.generation}.bin"

    def _current(self) -> _Rows:
        """Of the last `apply`, whichever process made it."""
        path = self.folder / "state.json"
        for last_try in (False, True):
            try:
                about = path.stat()
                written = (about.st_ino, about.st_mtime_ns)
                if written != self._seen:
                    self._rows, self._seen = self._map(_read_state(path)), written
                return self._rows
            except FileNotFoundError as error:
                if not path.exists():
                    self._rows, self._seen = _empty(_State()), ()
                    return self._rows
                if last_try:  # so it was no compaction between reading the state and opening the files
                    raise DamagedIndexError(f"{self.folder}: a file of the vector index is missing.") from error
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise DamagedIndexError(f"{self.folder}: the vector index cannot be used ({error}).") from error
        raise AssertionError("unreachable")

    def _map(self, state: _State) -> _Rows:
        if not state.rows:
            return _empty(state)
        for name in _FILES:
            if self._path(name, state).stat().st_size < state.rows * state.width(name):
                raise ValueError(f"{name} is too short")
        table = np.fromfile(self._path("rows", state), dtype=_ROW, count=state.rows)
        shape = (state.rows, state.dimensions)
        codes = np.memmap(self._path("codes", state), dtype=np.int8, mode="r", shape=shape)
        vectors = np.memmap(self._path("vectors", state), dtype="<f2", mode="r", shape=shape)
        return _Rows(state, table, np.asarray(codes), np.asarray(vectors))

    def _save(self, state: _State) -> None:
        path = self.folder / "state.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(state)), encoding="utf-8")
        _flush(draft)
        os.replace(draft, path)
        self._seen = ()
        for other in self.folder.glob("*-*.bin"):
            if not other.stem.endswith(f"-{state.generation}"):
                other.unlink(missing_ok=True)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be written: {error.strerror}. Make room or check permissions."
            ) from error


def _highest(values: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Where the ``count`` highest stand, in no order. A sample says what is too low to be looked at.

    >>> sorted(_highest(np.array([0.5, 0.1, 0.9, 0.3], np.float32), 2).tolist())
    [0, 2]
    """
    if len(values) <= count:
        return np.arange(len(values))
    sample = values[::_SAMPLED]
    above = min(len(sample), 2 * count // _SAMPLED + _SAMPLED)  # twice as many as needed, should the sample be unlucky
    likely = np.flatnonzero(values >= np.partition(sample, -above)[-above])
    if len(likely) < count:
        likely = np.arange(len(values))
    return likely[np.argpartition(values[likely], len(likely) - count)[len(likely) - count :]]


def _scored(rows: _Rows, chosen: NDArray[np.intp], vector: NDArray[np.float32], limit: int) -> dict[int, float]:
    scores = rows.vectors[chosen].astype(np.float32) @ vector
    numbers = rows.numbers[chosen]
    scores = np.round(scores.astype(np.float64), _DIGITS)
    first = np.lexsort((numbers, -scores))[:limit]
    return dict(zip(numbers[first].tolist(), scores[first].tolist(), strict=True))


def _empty(state: _State) -> _Rows:
    return _Rows(state, np.zeros(0, _ROW), np.zeros((0, 0), np.int8), np.zeros((0, 0), np.float16))


def _read_state(path: Path) -> _State:
    found = json.loads(path.read_text(encoding="utf-8"))
    state = _State(**{**found, "languages": tuple(found["languages"])})
    if state.format != FORMAT:
        raise ValueError(f"format {state.format}")
    return state


def _hash(document_id: str) -> int:
    """64 bits: two documents of a library that share them would be removed together, and the count would tell."""
    return int.from_bytes(blake2b(document_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _flush(path: Path) -> None:
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())
