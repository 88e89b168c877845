"""Conversations against a plain dictionary: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from assistant.conversations import Conversations, Feedback, Verdict, open_conversations, title_of
from assistant.database import CONVERSATIONS, TURNS, transaction
from assistant.errors import NotFoundError
from tests.assistant.answers import answered
from vectorstore import ngrams

OWNERS = ("local", "ada", "ben")
WORDS = st.sampled_from(["refunds", "Путин", "Élysée", "東京", "100 %", "_a\\b", "14", "drop table", "\x00\ud800", "ß"])
TEXT = st.lists(WORDS, max_size=4).map(" ".join)


@dataclass
class Told:
    """A conversation as the dictionary has it."""

    owner: str
    title: str = ""
    turns: list[list[object]] = field(default_factory=list)
    """Question, text, state, feedback."""


class Machine(RuleBasedStateMachine):
    """``store`` is set by `machine`."""

    store: Conversations
    reopen: Callable[[], Conversations]
    steps = 0
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Told] = {}
        self.used: list[str] = []
        self.numbers = count(1)
        with transaction(self.store.engine, writes=True) as connection:
            connection.execute(delete(TURNS))
            connection.execute(delete(CONVERSATIONS))

    def _may(self, owner: str, id: str, do: Callable[[Conversations], object]) -> bool:
        """Do it as the owner; what is not theirs must not be found."""
        mine = id in self.told and self.told[id].owner == owner
        try:
            do(self.store.of(owner))
        except NotFoundError:
            assert not mine
            return False
        assert mine
        return True

    def _touched(self, id: str) -> None:
        self.used = [id, *(other for other in self.used if other != id)]

    @rule(target=ids, owner=st.sampled_from(OWNERS), title=TEXT)
    def create(self, owner: str, title: str) -> str:
        id = self.store.of(owner).create(title=title)
        self.told[id] = Told(owner, title_of(title))
        self._touched(id)
        return id

    @rule(id=ids, owner=st.sampled_from(OWNERS), question=TEXT)
    def begin(self, id: str, owner: str, question: str) -> None:
        if self._may(owner, id, lambda store: store.begin(id, question)):
            self.told[id].turns.append([question, "", "open", None])
            self.told[id].title = self.told[id].title or title_of(question)
            self._touched(id)

    @rule(id=ids, owner=st.sampled_from(OWNERS), question=TEXT, text=TEXT, stopped=st.booleans())
    def finish(self, id: str, owner: str, question: str, text: str, stopped: bool) -> None:
        answer = answered(question, text, id=f"ans_{next(self.numbers)}")
        if self._may(owner, id, lambda store: (store.interrupt if stopped else store.append)(id, answer)):
            told = self.told[id]
            waiting = [turn for turn in told.turns if turn[0] == question and turn[2] == "open"]
            if not waiting:
                told.turns.append([question, "", "open", None])
                told.title = told.title or title_of(question)
            turn = waiting[-1] if waiting else told.turns[-1]
            turn[1:3] = [text, "interrupted" if stopped else "complete"]
            self._touched(id)

    @rule(id=ids, owner=st.sampled_from(OWNERS), text=TEXT)
    def stop_what_was_kept(self, id: str, owner: str, text: str) -> None:
        """The answer that was kept last turns out to have been stopped."""
        if id not in self.told or not self.told[id].turns or self.told[id].turns[-1][2] == "open":
            return
        last = self.store.of(self.told[id].owner).show(id).turns[-1].answer
        waiting = [turn for turn in self.told[id].turns if turn[0] == last.question and turn[2] == "open"]
        if not waiting and self._may(owner, id, lambda store: store.interrupt(id, replace(last, text=text))):
            self.told[id].turns[-1][1:3] = [text, "interrupted"]
            self._touched(id)

    @rule(id=ids, owner=st.sampled_from(OWNERS), number=st.integers(0, 4), verdict=st.sampled_from(["up", "down"]))
    def rate(self, id: str, owner: str, number: int, verdict: Verdict) -> None:
        given = Feedback(verdict, "words")
        exists = id in self.told and self.told[id].owner == owner and 0 < number <= len(self.told[id].turns)
        try:
            self.store.of(owner).rate(id, number, given)
            assert exists
            self.told[id].turns[number - 1][3] = given
        except NotFoundError:
            assert not exists

    @rule(id=ids, owner=st.sampled_from(OWNERS), title=TEXT)
    def rename(self, id: str, owner: str, title: str) -> None:
        if self._may(owner, id, lambda store: store.rename(id, title)):
            self.told[id].title = title_of(title)
            self._touched(id)

    @rule(id=consumes(ids), owner=st.sampled_from(OWNERS))
    def remove(self, id: str, owner: str) -> None:
        if self._may(owner, id, lambda store: store.remove(id)):
            del self.told[id]
            self.used.remove(id)

    @rule()
    def close_and_open(self) -> None:
        self.store.close()
        type(self).store = type(self).reopen()

    @rule(id=ids, owner=st.sampled_from(OWNERS))
    def show(self, id: str, owner: str) -> None:
        shown = []
        if self._may(owner, id, lambda store: shown.append(store.show(id))):
            told = self.told[id]
            assert shown[0].summary.title == told.title
            assert [turn.number for turn in shown[0].turns] == list(range(1, len(told.turns) + 1))
            assert [[t.answer.question, t.answer.text, t.state, t.feedback] for t in shown[0].turns] == [
                [question, text, "interrupted" if state == "open" else state, feedback]
                for question, text, state, feedback in told.turns
            ]
            assert [turn.question for turn in self.store.of(owner).history(id)] == [
                question for question, _, state, _ in told.turns if state != "open"
            ]

    @rule(owner=st.sampled_from(OWNERS), words=WORDS.filter(lambda words: bool(ngrams.words(words))))
    def search(self, owner: str, words: str) -> None:
        found = [(each.conversation.id, each.number) for each in self.store.of(owner).search(words, limit=1000)]
        assert found == [
            (id, number)
            for id in self.used
            if self.told[id].owner == owner
            for number, (question, text, _, _) in enumerate(self.told[id].turns, start=1)
            if all(word in " ".join(ngrams.words(f"{question}\n{text}")) for word in ngrams.words(words))
        ]

    @invariant()
    def lists_what_is_there_last_used_first(self) -> None:
        type(self).steps += 1
        for owner in OWNERS:
            listed = [(summary.id, summary.turns) for summary in self.store.of(owner).list()]
            assert listed == [(id, len(self.told[id].turns)) for id in self.used if self.told[id].owner == owner]


def play(place: str | Path, *, games: int, steps: int) -> int:
    """So many games of at most so many steps; how many steps it were in all."""

    class Played(Machine):
        store = open_conversations(place)
        reopen = staticmethod(lambda: open_conversations(place))

    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Played,
            settings=settings(
                max_examples=games,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Played.store.close()
    return Played.steps


def test_conversations_are_what_a_dictionary_says(tmp_path: Path) -> None:
    play(tmp_path / "conversations.db", games=8, steps=15)


@pytest.mark.slow
def test_ten_thousand_steps_on_sqlite(tmp_path: Path) -> None:
    assert play(tmp_path / "conversations.db", games=250, steps=50) >= 10_000


@pytest.mark.slow
def test_ten_thousand_steps_on_postgresql(postgres_url: str) -> None:
    assert play(postgres_url, games=250, steps=50) >= 10_000
