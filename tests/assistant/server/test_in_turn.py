"""Searches of a server take turns; who leaves while waiting is not searched for."""

from __future__ import annotations

from threading import Event, Semaphore, Thread
from typing import Any, cast

import pytest

from assistant.cancellation import cancellable
from assistant.server.shelf import Left, _InTurn
from vectorstore.library import Library


class Slow:
    """A library whose searches end when they are told to."""

    def __init__(self) -> None:
        self.go_on, self.begun, self.asked = Event(), Event(), list[str]()

    def search(self, query: str, **_: Any) -> str:
        self.asked.append(query)
        self.begun.set()
        self.go_on.wait(20)
        return query


def test_a_reader_who_leaves_while_waiting_is_not_searched_for_and_takes_no_turn() -> None:
    slow, left = Slow(), Event()
    library = _InTurn(cast(Library, slow), Semaphore(1))
    first = Thread(target=library.search, args=("first",))
    first.start()
    assert slow.begun.wait(20)
    left.set()
    with cancellable(left), pytest.raises(Left):
        library.search("second")
    slow.go_on.set()
    first.join(20)
    with cancellable(Event()):
        assert library.search("third") == "third"
    with cancellable(left), pytest.raises(Left):
        library.search("fourth")
    assert slow.asked == ["first", "third"]
