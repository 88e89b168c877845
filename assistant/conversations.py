"""Saved conversations: every turn with its whole answer record, so that it outlives what it was answered from."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from assistant.database import CONVERSATIONS, TURNS, open_database, scrub, transaction
from assistant.errors import NotFoundError, UsageError
from assistant.records import revive
from assistant.types import Answer, Turn
from vectorstore import ngrams

LOCAL = "local"  # the owner where there are no accounts: the terminal, a server on loopback
TITLE_LENGTH = 80
EXCERPT_LENGTH = 160

State = Literal["complete", "interrupted"]
Verdict = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the reader thought of an answer."""

    verdict: Verdict
    words: str = ""


@dataclass(frozen=True, slots=True)
class SavedTurn:
    """One exchange as it was kept. An interrupted one holds the text that had arrived, perhaps none."""

    number: int
    state: State
    answer: Answer
    created_at: str
    feedback: Feedback | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "question": self.answer.question,
            "answer": self.answer.as_dict(),
            "state": self.state,
            "feedback": {"verdict": self.feedback.verdict, "words": self.feedback.words} if self.feedback else None,
            "created_at": self.created_at,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation without its turns. Times are ISO 8601 in UTC."""

    id: str
    title: str
    collection: str
    turns: int
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, oldest first."""

    summary: Summary
    turns: tuple[SavedTurn, ...]

    @property
    def id(self) -> str:
        return self.summary.id

    def as_dict(self) -> dict[str, Any]:
        """What ``conversations show --json`` prints."""
        summary = self.summary
        return {
            "id": summary.id,
            "title": summary.title,
            "collection": summary.collection,
            "created_at": summary.created_at,
            "updated_at": summary.updated_at,
            "turns": [turn.as_dict() for turn in self.turns],
        }


@dataclass(frozen=True, slots=True)
class Found:
    """A turn that holds the words looked for, and a stretch of it around the first of them."""

    conversation: Summary
    number: int
    question: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Conversations:
    """One owner's conversations. It is a `pipeline.Log`; every query carries the owner.

    Other owners' conversations are not found, exactly like ones that do not exist: `NotFoundError`.
    Every method raises `StorageError` where the database cannot be used. Safe to share between threads.
    """

    engine: Engine
    owner: str = LOCAL
    collection: str = "default"
    """The collection that new conversations are about."""

    def of(self, owner: str, *, collection: str | None = None) -> Conversations:
        """The same store, for somebody else."""
        return replace(self, owner=owner, collection=collection or self.collection)

    def create(self, *, title: str = "") -> str:
        """Begin a conversation; its id is random and cannot be guessed. Without a title it takes its first question."""
        id, now = f"cnv_{secrets.token_hex(16)}", _now()
        values = {"id": id, "owner": self.owner, "collection": self.collection, "title": title_of(title)}
        with self._writing() as connection:
            connection.execute(insert(CONVERSATIONS).values(**values, created_at=now, updated_at=now))
        return id

    def begin(self, conversation_id: str, question: str) -> None:
        """Note down that a question was asked, before its answer. `append` or `interrupt` finish the turn.

        A process that dies in between leaves a turn that reads as interrupted, with the question and no text.
        Optional: without it `append` adds the turn when it is complete.
        """
        with self._writing() as connection:
            self._add(connection, conversation_id, "open", _unanswered(question))

    def append(self, conversation_id: str, answer: Answer) -> None:
        """Keep a complete answer: the turn that was begun with the same question last, or else a new one."""
        self._finish(conversation_id, "complete", answer)

    def interrupt(self, conversation_id: str, answer: Answer) -> None:
        """Keep what had arrived of an answer that was stopped; one that `append` has kept already is marked."""
        self._finish(conversation_id, "interrupted", answer)

    def history(self, conversation_id: str) -> Sequence[Turn]:
        """The earlier turns, oldest first. A turn that was begun and never finished is left out."""
        turns = self._records(conversation_id, unfinished=False)
        return [Turn(t.answer.question, t.answer.text, t.answer.standalone_question) for t in turns]

    def list(self, *, collection: str | None = None, limit: int | None = None) -> Sequence[Summary]:
        """The conversations, last used first; of one collection only, where one is named."""
        query = self._mine().order_by(CONVERSATIONS.c.updated_at.desc(), CONVERSATIONS.c.id).limit(limit)
        if collection is not None:
            query = query.where(CONVERSATIONS.c.collection == collection)
        with transaction(self.engine) as connection:
            return [_summary(row) for row in connection.execute(query)]

    def show(self, conversation_id: str) -> Conversation:
        """A conversation whole."""
        with transaction(self.engine) as connection:
            summary = self._summary(connection, conversation_id)
        return Conversation(summary, tuple(self._records(conversation_id, unfinished=True)))

    def search(self, words: str, *, limit: int = 50) -> Sequence[Found]:
        """The turns whose question and answer hold every word, last used conversations first.

        Words are compared as `vectorstore.ngrams.fold` writes them, anywhere in a word: ``putin`` finds Путин, ``élys``
        finds Elysée. A plain scan of the owner's own turns, so that both kinds of database find the same: 100,000
        turns take a third of a second.
        """
        wanted = ngrams.words(words)
        if not wanted:
            raise UsageError(f"There is no word to look for in {words[:40]!r}. Give one or more words.")
        query = (
            self._mine(TURNS.c.number, TURNS.c.record)
            .join(TURNS, TURNS.c.conversation_id == CONVERSATIONS.c.id)
            .order_by(CONVERSATIONS.c.updated_at.desc(), CONVERSATIONS.c.id, TURNS.c.number)
            .limit(limit)
        )
        for word in wanted:
            query = query.where(TURNS.c.folded.contains(word, autoescape=True))
        with transaction(self.engine) as connection:
            return [_found(row, wanted) for row in connection.execute(query)]

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        with self._writing() as connection:
            self._touch(connection, conversation_id, title=title_of(title))

    def rate(self, conversation_id: str, number: int, feedback: Feedback) -> None:
        """Keep what the reader thought of the answer of turn ``number``; a later word replaces an earlier one."""
        with self._writing() as connection:
            self._summary(connection, conversation_id)
            turn = update(TURNS).where(TURNS.c.conversation_id == conversation_id, TURNS.c.number == number)
            found = connection.execute(turn.values(verdict=feedback.verdict, words=_storable(feedback.words)))
            if not found.rowcount:
                raise NotFoundError(f"The conversation {conversation_id} has no turn {number}.")

    def remove(self, conversation_id: str) -> None:
        """Delete a conversation and its turns, so that no byte of them stays in a SQLite file or its log."""
        with self._writing() as connection:
            self._summary(connection, conversation_id)
            connection.execute(delete(TURNS).where(TURNS.c.conversation_id == conversation_id))
            connection.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id))
        scrub(self.engine)

    def close(self) -> None:
        """Let go of the database's connections; SQLite then folds its log into the file."""
        self.engine.dispose()

    def _writing(self) -> AbstractContextManager[Connection]:
        return transaction(self.engine, writes=True)

    def _mine(self, *further: Any) -> Any:
        counted = select(func.count()).where(TURNS.c.conversation_id == CONVERSATIONS.c.id)
        turns = counted.correlate(CONVERSATIONS).scalar_subquery().label("turns")
        return select(CONVERSATIONS, turns, *further).where(CONVERSATIONS.c.owner == self.owner)

    def _summary(self, connection: Connection, conversation_id: str) -> Summary:
        row = connection.execute(self._mine().where(CONVERSATIONS.c.id == _storable(conversation_id))).first()
        if row is None:
            raise NotFoundError(
                f"There is no conversation {conversation_id[:60]!r}. List them with: assistant conversations list"
            )
        return _summary(row)

    def _records(self, conversation_id: str, *, unfinished: bool) -> Sequence[SavedTurn]:
        query = select(TURNS).where(TURNS.c.conversation_id == conversation_id).order_by(TURNS.c.number)
        if not unfinished:
            query = query.where(TURNS.c.state != "open")
        with transaction(self.engine) as connection:
            self._summary(connection, conversation_id)
            return [_saved(row) for row in connection.execute(query)]

    def _finish(self, conversation_id: str, state: State, answer: Answer) -> None:
        answer = replace(answer, conversation_id=conversation_id)
        with self._writing() as connection:
            self._lock(connection, conversation_id)
            last = select(func.max(TURNS.c.number)).where(TURNS.c.conversation_id == conversation_id).scalar_subquery()
            begun = select(TURNS.c.number, TURNS.c.record, TURNS.c.state).where(
                TURNS.c.conversation_id == conversation_id, (TURNS.c.state == "open") | (TURNS.c.number == last)
            )
            rows = connection.execute(begun.order_by(TURNS.c.number.desc())).all()
            number = next((row.number for row in rows if _awaits(row, answer, state)), None)
            if number is None:
                self._add(connection, conversation_id, state, answer)
                return
            turn = update(TURNS).where(TURNS.c.conversation_id == conversation_id, TURNS.c.number == number)
            connection.execute(turn.values(state=state, **_columns(answer)))
            self._touch(connection, conversation_id)

    def _add(self, connection: Connection, conversation_id: str, state: str, answer: Answer) -> None:
        summary = self._lock(connection, conversation_id)
        last = select(func.max(TURNS.c.number)).where(TURNS.c.conversation_id == conversation_id)
        number = (connection.execute(last).scalar() or 0) + 1
        values = {"conversation_id": conversation_id, "number": number, "state": state, "created_at": _now()}
        connection.execute(insert(TURNS).values(**values, **_columns(answer)))
        self._touch(connection, conversation_id, title=summary.title or title_of(answer.question))

    def _lock(self, connection: Connection, conversation_id: str) -> Summary:
        """Two writers of one conversation take turns, so that numbers have neither gaps nor doubles."""
        mine = select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.id == conversation_id)
        connection.execute(mine.with_for_update())
        return self._summary(connection, conversation_id)

    def _touch(self, connection: Connection, conversation_id: str, **values: str) -> None:
        self._summary(connection, conversation_id)
        row = update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id, CONVERSATIONS.c.owner == self.owner)
        connection.execute(row.values(updated_at=_now(), **values))


def open_conversations(url: str | Path, *, owner: str = LOCAL, collection: str = "default") -> Conversations:
    """The conversations in a SQLite file (a path) or on a server (a URL), made or migrated if need be.

    Raises `StorageError` for a database of a newer release, a locked or damaged one, or one out of reach.
    """
    return Conversations(open_database(url), owner, collection)


def title_of(question: str) -> str:
    """A question as a title: one line of at most `TITLE_LENGTH` characters, cut between words.

    >>> title_of("  why did\\nRussia condemn it? ")
    'why did Russia condemn it?'
    """
    line = " ".join(_storable(question).split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[: TITLE_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[TITLE_LENGTH // 2 :] else cut) + "…"


def excerpt(text: str, wanted: Sequence[str]) -> str:
    """The stretch of about `EXCERPT_LENGTH` characters that holds most of the folded words, on one line."""
    line = " ".join(text.split())
    step = EXCERPT_LENGTH // 2
    windows = [line[start : start + EXCERPT_LENGTH] for start in range(0, max(len(line) - step, 1), step)]
    best = max(windows, key=lambda window: sum(word in ngrams.fold(window) for word in wanted))
    return ("…" if not line.startswith(best) else "") + best.strip() + ("…" if not line.endswith(best) else "")


def _awaits(row: Any, answer: Answer, state: State) -> bool:
    """Whether a turn waits for this answer, or holds it already and is only to be marked as interrupted."""
    record = json.loads(row.record)
    if row.state == "open":
        return bool(record["question"] == answer.question)
    return bool(state == "interrupted" and answer.id and record["id"] == answer.id)


def _columns(answer: Answer) -> dict[str, str]:
    folded = " ".join(ngrams.words(f"{answer.question}\n{answer.text}"))
    return {"record": json.dumps(answer.as_dict()), "folded": folded}


def _unanswered(question: str) -> Answer:
    return Answer("", None, question, question, "", "answered", 0.0, "")


def _summary(row: Row[Any]) -> Summary:
    return Summary(row.id, row.title, row.collection, row.turns, row.created_at, row.updated_at)


def _saved(row: Row[Any]) -> SavedTurn:
    feedback = Feedback(row.verdict, row.words or "") if row.verdict else None
    state: State = "complete" if row.state == "complete" else "interrupted"
    return SavedTurn(row.number, state, revive(json.loads(row.record)), row.created_at, feedback)


def _found(row: Row[Any], wanted: Sequence[str]) -> Found:
    record = json.loads(row.record)
    return Found(
        _summary(row), row.number, record["question"], excerpt(f"{record['question']} {record['text']}", wanted)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL has no place for."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
