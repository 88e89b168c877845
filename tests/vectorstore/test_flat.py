import json
import multiprocessing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vectorstore.errors import DamagedIndexError
from vectorstore.flat import FlatIndex, _highest
from vectorstore.reader import Indexed
from vectorstore.types import Chunk, DocumentRef, chunk_number

WIDTH = 24


def unit_rows(seed, count):
    rows = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def indexed(key, name, vectors, language="en"):
    """A document as the catalog gives it; what it says does not matter here."""
    chunks = tuple(Chunk(name, at, at + 1, "x") for at in range(len(vectors)))
    numbers = tuple(chunk_number(key, at) for at in range(len(vectors)))
    return Indexed(
        DocumentRef(name, name, name, "text/plain", language, ""), chunks, ("",) * len(chunks), vectors, numbers
    )


@pytest.fixture
def index(tmp_path):
    index = FlatIndex(tmp_path / "vectors")
    index.apply([indexed(1, "a", unit_rows(1, 3)), indexed(2, "b", unit_rows(2, 2), "fr")], [], 7)
    return index


@given(
    st.integers(0, 3_000).flatmap(lambda length: st.tuples(st.just(length), st.integers(0, 2**32 - 1))),
    st.integers(1, 500),
    st.sampled_from(["spread", "equal", "sorted", "few"]),
)
def test_the_highest_are_those_a_sort_finds(made, count, kind):
    length, seed = made
    draw = np.random.default_rng(seed)
    values = draw.standard_normal(length).astype(np.float32)
    if kind == "equal":
        values[:] = 0.5
    elif kind == "sorted":
        values.sort()
    elif kind == "few":
        values[draw.random(length) < 0.97] = -np.inf
    found = _highest(values, count)
    assert len(set(found.tolist())) == min(count, length)
    assert np.array_equal(np.sort(values[found]), np.sort(values)[-count:])


def test_a_new_index_is_empty_and_has_followed_nothing(tmp_path):
    index = FlatIndex(tmp_path / "new" / "vectors")
    assert (index.sequence, index.count(), index.nearest(unit_rows(0, 1)[0], 5)) == (0, 0, {})
    assert (index.spoken([1]), index.scores([1], unit_rows(0, 1)[0])) == ({}, {})


def test_a_chunk_is_nearest_to_itself_and_its_cosine_is_one(index):
    found = index.nearest(unit_rows(2, 2)[1], 5)
    assert next(iter(found.items())) == (chunk_number(2, 1), pytest.approx(1.0, abs=1e-3))
    assert len(found) == 5


def test_another_process_that_opens_it_sees_the_same(index):
    again = FlatIndex(index.folder)
    query = unit_rows(9, 1)[0]
    assert (again.sequence, again.count(), again.nearest(query, 3)) == (7, 5, index.nearest(query, 3))


def test_a_reader_that_was_open_sees_what_another_wrote(index):
    reader = FlatIndex(index.folder)
    assert reader.count() == 5
    index.apply([indexed(3, "c", unit_rows(3, 1))], ["a"], 8)
    assert (reader.sequence, reader.count()) == (8, 3)
    assert chunk_number(1, 0) not in reader.nearest(unit_rows(1, 1)[0], 9)


def test_the_language_of_a_chunk_is_known(index):
    assert index.spoken([chunk_number(2, 0), chunk_number(1, 2), chunk_number(9, 9)]) == {
        chunk_number(2, 0): "fr",
        chunk_number(1, 2): "en",
    }


@pytest.mark.parametrize(
    ("allowed", "found"),
    [
        ({"languages": {"fr"}}, {2}),
        ({"languages": {"de"}}, set()),
        ({"documents": ["a"]}, {1}),
        ({"documents": []}, set()),
        ({"languages": {"fr"}, "documents": ["a"]}, set()),
    ],
)
def test_filters_keep_others_out(index, allowed, found):
    assert {number >> 20 for number in index.nearest(unit_rows(1, 1)[0], 9, **allowed)} == found


def test_a_document_embedded_again_has_its_new_vectors(index):
    index.apply([indexed(1, "a", unit_rows(50, 3))], ["a"], 8)
    assert next(iter(index.nearest(unit_rows(50, 3)[2], 1))) == chunk_number(1, 2)
    assert index.scores([chunk_number(1, 2)], unit_rows(50, 3)[2]) == {chunk_number(1, 2): pytest.approx(1, abs=1e-3)}
    assert index.count() == 5


def test_an_apply_that_was_killed_is_carried_out_by_the_next(index):
    def killed():
        yield indexed(3, "c", unit_rows(3, 2))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.apply(killed(), ["a"], 9)
    again = FlatIndex(index.folder)
    assert again.sequence == 7
    again.apply([indexed(4, "d", unit_rows(4, 4))], ["a", "c"], 9)
    assert (again.count(), again.sequence) == (6, 9)
    assert {number >> 20 for number in again.nearest(unit_rows(3, 1)[0], 20)} == {2, 4}


def test_files_do_not_grow_for_ever_when_documents_are_replaced(index):
    for turn in range(20):
        index.apply([indexed(1, "a", unit_rows(turn, 3))], ["a"], 8 + turn)
    assert index.count() == 5
    assert sum(path.stat().st_size for path in index.folder.iterdir()) < 5_000


@pytest.mark.parametrize("part", ["rows", "codes", "vectors"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_index_is_named_as_such(index, part, damage):
    path = next(index.folder.glob(f"{part}-*.bin"))
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:7])
    with pytest.raises(DamagedIndexError, match="vectors"):
        FlatIndex(index.folder).nearest(unit_rows(0, 1)[0], 3)


@pytest.mark.parametrize("state", ["", "{}", "[]", "nonsense", json.dumps({"format": 99, "languages": []})])
def test_a_state_that_cannot_be_read_is_named_as_such(index, state):
    (index.folder / "state.json").write_text(state)
    with pytest.raises(DamagedIndexError, match="vectors"):
        FlatIndex(index.folder).count()


def test_a_question_of_another_model_is_refused(index):
    with pytest.raises(DamagedIndexError, match="24 dimensions, the question 8"):
        index.nearest(np.ones(8, np.float32), 3)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 3_000), limit=st.integers(1, 60))
def test_the_scan_finds_what_a_slow_exact_search_finds(tmp_path_factory, seed, count, limit):
    index = FlatIndex(tmp_path_factory.mktemp("flat"))
    vectors = unit_rows(seed, count)
    index.apply([indexed(5, "a", vectors)], [], 1)
    query = unit_rows(seed + 1, 1)[0]
    exact = vectors.astype(np.float16).astype(np.float32) @ query
    found = index.nearest(query, limit)
    assert list(found.values()) == pytest.approx(sorted(exact, reverse=True)[:limit], abs=1e-5)
    assert found == {number: pytest.approx(exact[number - chunk_number(5, 0)], abs=1e-5) for number in found}


class AgainstADict(RuleBasedStateMachine):
    """Any order of adding, replacing and removing leaves what a dict would hold."""

    def __init__(self):
        super().__init__()
        self.folder = AgainstADict.make()
        self.index = FlatIndex(self.folder)
        self.reader = FlatIndex(self.folder)
        self.expected, self.sequence, self.key = {}, 0, 0

    @rule(names=st.lists(st.sampled_from("abcdef"), max_size=3, unique=True), size=st.integers(1, 4))
    def put(self, names, size):
        entries = []
        for name in names:
            self.key += 1
            entries.append(indexed(self.key, name, unit_rows(self.key, size), "en" if size % 2 else "fr"))
            self.expected[name] = entries[-1]
        self._apply(entries, names)

    @rule(names=st.lists(st.sampled_from("abcdef"), max_size=3, unique=True))
    def remove(self, names):
        for name in names:
            self.expected.pop(name, None)
        self._apply([], names)

    def _apply(self, entries, names):
        self.sequence += 1
        self.index.apply(entries, names, self.sequence)

    @invariant()
    def both_hold_what_the_dict_holds(self):
        numbers = {number: entry.ref.language for entry in self.expected.values() for number in entry.numbers}
        for index in (self.index, self.reader):
            assert (index.count(), index.sequence) == (len(numbers), self.sequence)
            assert set(index.nearest(unit_rows(0, 1)[0], 100)) == set(numbers)
            assert index.spoken(numbers) == numbers


@pytest.mark.slow
def test_any_order_of_changes_leaves_what_a_dict_would_hold(tmp_path_factory):
    AgainstADict.make = lambda: tmp_path_factory.mktemp("machine")
    case = AgainstADict.TestCase()
    case.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
    case.runTest()


def _read_on(folder, ready, stop, told):
    index, query = FlatIndex(folder), unit_rows(0, 1)[0]
    ready.set()
    while not stop.is_set():
        if not index.nearest(query, 3) or index.count() < 2:
            told.put("lost")
    told.put("done")


@pytest.mark.slow
def test_a_reader_in_another_process_is_never_disturbed_by_writing(index):
    context = multiprocessing.get_context("spawn")
    ready, stop, told = context.Event(), context.Event(), context.Queue()
    reader = context.Process(target=_read_on, args=(index.folder, ready, stop, told))
    reader.start()
    try:
        assert ready.wait(30)
        for turn in range(150):
            index.apply([indexed(10 + turn, "a", unit_rows(turn, 3))], ["a"], 8 + turn)
    finally:
        stop.set()
        reader.join(30)
    assert (reader.exitcode, told.get(timeout=5)) == (0, "done")
