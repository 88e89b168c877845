import multiprocessing
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.errors import LibraryBusyError
from vectorstore.lexical import MAX_TERMS, DamagedIndexError, Entry, LexicalIndex

HANDBOOK = [
    Entry(10, "handbook", "en", "Refunds take fourteen days.", "Staff Handbook"),
    Entry(11, "handbook", "en", "Shipping is free within Europe.", "Staff Handbook"),
]
GUIDE = Entry(20, "guide", "fr", "Les remboursements prennent quatorze jours.", "Guide")


@pytest.fixture
def index(tmp_path):
    index = LexicalIndex(tmp_path / "keywords")
    index.apply([*HANDBOOK, GUIDE], [], 3)
    return index


def test_a_new_index_is_empty_and_has_followed_nothing(tmp_path):
    index = LexicalIndex(tmp_path / "new" / "keywords")
    assert (index.sequence, index.count(), index.search("refunds", 5)) == (0, 0, {})


def test_the_chunk_that_shares_words_comes_first(index):
    assert next(iter(index.search("How long do refunds take?", 5))) == 10


def test_an_index_that_is_opened_again_knows_its_sequence(index):
    again = LexicalIndex(index.folder)
    assert (again.sequence, again.count()) == (3, 3)


def test_applying_twice_is_applying_once(index):
    for _ in range(2):
        index.apply(HANDBOOK, ["handbook"], 4)
    assert (index.sequence, index.count()) == (4, 3)


def test_removing_takes_every_chunk_of_the_document_and_no_other(tmp_path):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(number, id, "en", "refunds") for number, id in enumerate(("a", "a/b", "A", "a b"))], [], 1)
    index.apply([], ["a"], 2)
    assert set(index.search("refunds", 9)) == {1, 2, 3}


def test_a_failure_while_entries_are_made_leaves_the_index_as_it_was(index):
    def broken():
        yield HANDBOOK[0]
        raise ValueError("no such chunk")

    with pytest.raises(ValueError, match="no such chunk"):
        index.apply(broken(), ["guide"], 9)
    assert (index.sequence, index.count()) == (3, 3)


def test_clearing_forgets_everything(index):
    index.clear()
    assert (index.sequence, index.count(), index.languages()) == (0, 0, frozenset())


def test_a_reader_that_was_open_sees_what_another_wrote(index):
    reader = LexicalIndex(index.folder)
    index.apply([], ["handbook"], 4)
    assert (reader.sequence, reader.count()) == (4, 1)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"languages": {"fr"}}, {20}),
        ({"languages": {"de"}}, set()),
        ({"documents": ["handbook"]}, {10}),
        ({"documents": []}, set()),
        ({"languages": {"fr"}, "documents": ["handbook"]}, set()),
    ],
)
def test_filters_keep_others_out(index, filters, found):
    assert set(index.search("refunds, remboursements", 5, **filters)) == found


def test_a_filter_does_not_change_scores(index):
    alone = index.search("refunds", 5, languages={"en"}, documents=["handbook"])
    assert alone[10] == pytest.approx(index.search("refunds", 5)[10])


def test_a_page_pasted_as_a_question_keeps_its_rarest_terms(index):
    page = " ".join(f"palaver{number}" for number in range(2 * MAX_TERMS)) + " refunds"
    assert 10 in index.search(page, 5)


def test_a_name_meets_itself_in_another_script(tmp_path):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(1, "1", "ru", "Владимир Путин прибыл"), Entry(2, "2", "ru", "Погода хорошая")], [], 1)
    assert list(index.search("Poutine", 5, leg="skeletons")) == [1]


def test_signs_without_blanks_between_are_found_by_pairs(tmp_path):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(1, "1", "zh", "芝加哥大学的校友"), Entry(2, "2", "zh", "天气很好")], [], 1)
    assert list(index.search("大学在哪里", 5, leg="words")) == [1]


def test_a_rare_title_counts_more_than_one_of_many_chunks(index):
    titled = index.titled(["guide", "staff handbook", "nothing"], 5)
    assert list(titled) == [20, 10, 11]
    assert titled[20] > titled[10] == titled[11] > 0


def test_documents_without_a_language_are_told_as_such(tmp_path):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(1, "1", "", "42"), Entry(2, "2", "en", "forty-two")], [], 1)
    assert index.languages() == {"und", "en"}


def test_the_mass_of_terms_is_what_a_chunk_holding_them_all_scores(index):
    terms = {"grams": {"efun": 1.0, "rtee": 0.5, "abse": 1.0}}
    found = index.search_terms(terms, 1)
    assert found[10] == pytest.approx(index.mass(terms), rel=0.25)  # the chunk's length is what differs


@pytest.mark.parametrize("part", ["meta.json", ".store", ".term", ".idx"])
def test_a_damaged_index_is_named_as_such(index, part):
    for path in index.folder.iterdir():
        if path.name.endswith(part):
            path.write_bytes(b"\x07" * 90)
    with pytest.raises(DamagedIndexError, match="keywords"):
        LexicalIndex(index.folder).search("refunds", 5)


def test_an_index_whose_folder_vanished_is_damaged(index):
    shutil.rmtree(index.folder)
    with pytest.raises(DamagedIndexError):
        index.search("refunds", 5)


def _hold(folder, held, done):
    index = LexicalIndex(folder)
    with index._writer():
        held.set()
        done.wait(20)


@pytest.mark.slow
def test_only_one_process_writes_and_others_read_meanwhile(index):
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(index.folder, held, done))
    process.start()
    try:
        assert held.wait(20)
        with pytest.raises(LibraryBusyError):
            index.apply([], [], 4)
        assert index.count() == 3
    finally:
        done.set()
        process.join(20)
    index.apply([], [], 4)
    assert index.sequence == 4


@settings(max_examples=30, deadline=None)
@given(query=st.text(max_size=60))
def test_no_query_is_too_strange(query, tmp_path_factory):
    index = LexicalIndex(tmp_path_factory.getbasetemp() / "strange")
    if not index.count():
        index.apply(HANDBOOK, [], 1)
    for leg in ("grams", "words", "skeletons"):
        assert set(index.search(query, 3, leg=leg)) <= {entry.number for entry in HANDBOOK}
