"""One suite for every kind of database that conversations are kept in."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from assistant import database
from assistant.conversations import Conversations, Feedback, open_conversations, title_of
from assistant.errors import NotFoundError, StorageError, UsageError
from assistant.types import Turn
from tests.assistant.answers import answered


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    """Where an empty database can be made."""
    if request.param == "sqlite":
        yield tmp_path / "conversations.db"
        return
    url = request.getfixturevalue("postgres_url")
    yield url
    engine = database.connect(url)
    with engine.begin() as connection:
        for table in ("turns", "conversations", "schema_version"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    engine.dispose()


@pytest.fixture
def store(place: str | Path) -> Iterator[Conversations]:
    conversations = open_conversations(place)
    yield conversations
    conversations.close()


def test_a_turn_comes_back_with_its_whole_record(store: Conversations) -> None:
    id = store.create()
    store.append(id, answered())
    [turn] = store.show(id).turns
    assert (turn.number, turn.state, turn.answer) == (1, "complete", answered(conversation_id=id))


def test_history_is_what_was_asked_understood_and_answered_oldest_first(store: Conversations) -> None:
    id = store.create()
    store.append(id, answered("How long?", "14 days [1].", standalone_question="How long do refunds take?"))
    store.append(id, answered("And shipping?", "It is free [1]."))
    assert store.history(id) == [
        Turn("How long?", "14 days [1].", "How long do refunds take?"),
        Turn("And shipping?", "It is free [1].", "And shipping?"),
    ]


def test_the_title_is_the_first_question(store: Conversations) -> None:
    id = store.create()
    store.append(id, answered("How long do\nrefunds take?"))
    store.append(id, answered("Why?"))
    assert store.show(id).summary.title == "How long do refunds take?"


def test_a_given_title_stays(store: Conversations) -> None:
    id = store.create(title="Refunds")
    store.append(id, answered())
    assert store.show(id).summary.title == "Refunds"
    store.rename(id, "Money back")
    assert store.show(id).summary.title == "Money back"


def test_an_id_has_128_random_bits(store: Conversations) -> None:
    ids = {store.create() for _ in range(20)}
    assert len(ids) == 20
    assert all(id.startswith("cnv_") and len(bytes.fromhex(id[4:])) == 16 for id in ids)


def test_the_last_used_conversation_is_listed_first(store: Conversations) -> None:
    old, new = store.create(title="old"), store.create(title="new")
    assert [summary.id for summary in store.list()] == [new, old]
    store.append(old, answered())
    assert [(summary.id, summary.turns) for summary in store.list()] == [(old, 1), (new, 0)]
    assert [summary.id for summary in store.list(limit=1)] == [old]


def test_a_conversation_belongs_to_a_collection(store: Conversations) -> None:
    store.create()
    laws = store.of("local", collection="laws").create()
    assert [summary.id for summary in store.list(collection="laws")] == [laws]
    assert len(store.list()) == 2


EVERY_WAY_IN: list[Callable[[Conversations, str], object]] = [
    lambda store, id: store.show(id),
    lambda store, id: store.history(id),
    lambda store, id: store.begin(id, "Why?"),
    lambda store, id: store.append(id, answered()),
    lambda store, id: store.interrupt(id, answered()),
    lambda store, id: store.rename(id, "Mine"),
    lambda store, id: store.rate(id, 1, Feedback("up")),
    lambda store, id: store.remove(id),
]


@pytest.mark.parametrize("way", EVERY_WAY_IN)
def test_another_owners_conversation_is_not_found_just_like_one_that_does_not_exist(
    store: Conversations, way: Callable[[Conversations, str], object]
) -> None:
    id = store.create()
    store.append(id, answered())
    before = store.show(id)
    with pytest.raises(NotFoundError) as foreign:
        way(store.of("somebody else"), id)
    with pytest.raises(NotFoundError) as absent:
        way(store, "cnv_00")
    assert str(foreign.value).replace(id, "ID") == str(absent.value).replace("cnv_00", "ID")
    assert store.show(id) == before


def test_another_owners_turns_are_neither_listed_nor_searched(store: Conversations) -> None:
    store.append(store.create(), answered())
    assert store.of("somebody else").list() == []
    assert store.of("somebody else").search("refunds") == []


def test_feedback_is_kept_and_replaced(store: Conversations) -> None:
    id = store.create()
    store.append(id, answered())
    store.rate(id, 1, Feedback("down", "wrong\x00 country"))
    store.rate(id, 1, Feedback("up"))
    assert store.show(id).turns[0].feedback == Feedback("up")
    with pytest.raises(NotFoundError, match="no turn 2"):
        store.rate(id, 2, Feedback("up"))


def test_an_interrupted_turn_keeps_what_had_arrived(store: Conversations) -> None:
    id = store.create()
    store.begin(id, "How long?")
    store.interrupt(id, answered("How long?", "Within 14"))
    [turn] = store.show(id).turns
    assert (turn.state, turn.answer.text) == ("interrupted", "Within 14")
    assert [turn.answer for turn in store.history(id)] == ["Within 14"]


def test_a_question_without_an_answer_reads_as_interrupted_and_is_no_history(store: Conversations) -> None:
    id = store.create()
    store.begin(id, "How long?")
    [turn] = store.show(id).turns
    assert (turn.state, turn.answer.question, turn.answer.text) == ("interrupted", "How long?", "")
    assert store.history(id) == []


def test_an_answer_completes_the_turn_that_was_begun_with_its_question_last(store: Conversations) -> None:
    id = store.create()
    store.begin(id, "How long?")
    store.begin(id, "How long?")
    store.append(id, answered("How long?"))
    assert [(turn.number, turn.state) for turn in store.show(id).turns] == [(1, "interrupted"), (2, "complete")]


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("refund", "How long do refunds take?"),
        ("14 refunds", "How long do refunds take?"),
        ("putin", "Что сказал Путин?"),
        ("Путин", "Что сказал Путин?"),
        ("elysee", "Qui habite à l'Élysée ?"),
        ("莫斯科", "谁住在莫斯科？"),
        ("100%", "Is it 100% sure?"),
    ],
)
def test_words_are_found_whatever_their_script_or_accents(store: Conversations, words: str, question: str) -> None:
    for each in ("How long do refunds take?", "Что сказал Путин?", "Qui habite à l'Élysée ?", "谁住在莫斯科？"):
        store.append(store.create(), answered(each))
    store.append(store.create(), answered("Is it 100% sure?", "Yes."))
    assert [found.question for found in store.search(words)][-1:] == [question]


def test_all_the_words_must_be_there_and_the_excerpt_shows_them(store: Conversations) -> None:
    long = "Nothing of note. " * 40 + "The ambassador left Prague in May. " + "More of nothing. " * 40
    id = store.create()
    store.append(id, answered("What happened?", long))
    [found] = store.search("prague AMBASSADOR")
    assert (found.conversation.id, found.number) == (id, 1)
    assert "ambassador left Prague" in found.excerpt
    assert found.excerpt.startswith("…")
    assert found.excerpt.endswith("…")
    assert store.search("prague dentist") == []
    with pytest.raises(UsageError, match="no word"):
        store.search("?!")


def test_what_is_removed_is_gone(store: Conversations) -> None:
    kept, gone = store.create(), store.create()
    store.append(kept, answered("Is shipping free?"))
    store.append(gone, answered("How long do refunds take?"))
    store.remove(gone)
    with pytest.raises(NotFoundError):
        store.show(gone)
    assert [found.conversation.id for found in store.search("within")] == [kept]


@pytest.mark.parametrize(
    "nasty", ["a\x00b", "\ud800", "\x1b[31mred\x1b[0m", "\u202eevil", "x" * 100_000, "'; DROP TABLE turns; --"]
)
def test_any_text_comes_back_as_it_was(store: Conversations, nasty: str) -> None:
    id = store.create()
    store.begin(id, f"Why {nasty}?")
    store.append(id, answered(f"Why {nasty}?", f"Because {nasty}."))
    [turn] = store.show(id).turns
    assert (turn.answer.question, turn.answer.text) == (f"Why {nasty}?", f"Because {nasty}.")


def test_twenty_writers_of_one_conversation_lose_nothing(store: Conversations) -> None:
    id = store.create()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: store.append(id, answered(f"Question {i}?")), range(20)))
    turns = store.show(id).turns
    assert [turn.number for turn in turns] == list(range(1, 21))
    assert {turn.answer.question for turn in turns} == {f"Question {i}?" for i in range(20)}


def test_opening_a_second_time_finds_what_the_first_wrote(place: str | Path) -> None:
    first = open_conversations(place)
    id = first.create()
    first.append(id, answered())
    first.close()
    second = open_conversations(place)
    assert second.show(id).turns[0].answer.text == "Within 14 days [1]."
    second.close()


def test_a_database_of_a_newer_release_is_refused_by_both_numbers(place: str | Path) -> None:
    open_conversations(place).close()
    engine = database.connect(place)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
    engine.dispose()
    with pytest.raises(StorageError, match=r"version 99, this release reads up to 1\. Install"):
        open_conversations(place)


def test_an_older_database_is_migrated_and_keeps_everything(place: str | Path) -> None:
    old = open_conversations(place)
    id = old.create()
    old.append(id, answered())
    old.close()
    steps = (*database.STEPS, ("ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",))
    new = Conversations(database.open_database(place, steps=steps))
    assert new.show(id).turns[0].answer == answered(conversation_id=id)
    with database.transaction(new.engine) as connection:
        assert connection.execute(text("SELECT pinned FROM conversations")).all() == [(0,)]
    new.close()


def test_a_migration_that_fails_leaves_the_version_before(place: str | Path) -> None:
    open_conversations(place).close()
    steps = (*database.STEPS, ("ALTER TABLE conversations ADD COLUMN pinned INTEGER", "ALTER TABLE nowhere ADD x"))
    with pytest.raises(StorageError):
        database.open_database(place, steps=steps)
    again = open_conversations(place)
    with database.transaction(again.engine) as connection:
        columns = {column["name"] for column in database.inspect(connection).get_columns("conversations")}
    assert "pinned" not in columns
    again.close()


def test_two_that_open_an_empty_database_at_once_both_get_it(place: str | Path) -> None:
    gate = threading.Barrier(4)

    def open_one(_: int) -> None:
        gate.wait()
        open_conversations(place).close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(open_one, range(4)))


def test_the_tables_that_are_queried_are_the_ones_that_are_made(store: Conversations) -> None:
    with database.transaction(store.engine) as connection:
        look = database.inspect(connection)
        for table in database.TABLES.sorted_tables:
            assert {column["name"] for column in look.get_columns(table.name)} == {column.name for column in table.c}


# What follows is about SQLite alone.


def test_migrating_a_file_backs_it_up_first(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    store = open_conversations(path)
    id = store.create(title="kept")
    store.close()
    database.open_database(path, steps=(*database.STEPS, ("DELETE FROM conversations",))).dispose()
    backup = open_conversations(path.with_name("conversations.db.v1.bak"))
    assert backup.show(id).summary.title == "kept"
    backup.close()


def test_no_byte_of_what_was_removed_stays_on_disk(tmp_path: Path) -> None:
    store = open_conversations(tmp_path / "conversations.db")
    id = store.create()
    for number in range(30):
        store.append(id, answered(f"Xylophonquestion {number}?", "Xylophonanswer. " * 300))
    store.rate(id, 1, Feedback("down", "xylophonwords"))
    store.append(store.create(), answered("Another?"))
    store.remove(id)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ylophon" not in everything
    assert b"Another?" in everything
    store.close()


def test_a_locked_file_is_said_to_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store = open_conversations(tmp_path / "conversations.db")
    id = store.create()
    other = sqlite3.connect(tmp_path / "conversations.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError, match=r"conversations\.db are locked: another process"):
        store.append(id, answered())
    other.execute("ROLLBACK")
    other.close()
    store.append(id, answered())
    store.close()


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "conversations.db").write_bytes(b"This is a letter to my aunt. " * 100)
    with pytest.raises(StorageError, match=r"conversations\.db is damaged"):
        open_conversations(tmp_path / "conversations.db")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be used"):
        open_conversations(tmp_path / "file" / "conversations.db")


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    open_conversations(tmp_path / "conversations.db").close()
    assert os.stat(tmp_path / "conversations.db").st_mode & 0o077 == 0


def test_a_path_with_odd_signs_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "what? #1 100%" / "conversations.db"
    open_conversations(path).close()
    assert path.is_file()


@pytest.mark.parametrize("url", ["mysql://user:secret@host/name", "nonsense://secret", "://secret"])
def test_a_url_of_no_database_we_speak_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_conversations(url)
    assert "secret" not in str(refused.value)


def test_a_server_out_of_reach_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/name cannot be used") as refused:
        open_conversations("postgresql://user:secret@127.0.0.1:1/name")
    assert "secret" not in str(refused.value)


def test_a_record_with_fields_of_a_later_release_is_still_read(tmp_path: Path) -> None:
    store = open_conversations(tmp_path / "conversations.db")
    id = store.create()
    store.append(id, answered())
    engine = create_engine(f"sqlite:///{tmp_path}/conversations.db")
    with engine.begin() as connection:
        record = json.loads(connection.execute(text("SELECT record FROM turns")).scalar_one())
        record["mood"] = "sunny"
        record["citations"][0]["document"]["shelf"] = 3
        connection.execute(text("UPDATE turns SET record = :record"), {"record": json.dumps(record)})
    engine.dispose()
    assert store.show(id).turns[0].answer == answered(conversation_id=id)
    store.close()


def test_a_long_first_question_becomes_a_title_cut_between_words() -> None:
    assert title_of("word " * 40) == "word " * 14 + "word…"
    assert title_of("文" * 100) == "文" * 79 + "…"
