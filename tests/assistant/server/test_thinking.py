"""What a server computes, it computes in other processes: the same as here, in turn, and for readers who are there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from assistant import build
from assistant.cancellation import Cancellation, cancellable
from assistant.server.problems import Problem
from assistant.server.thinker import Place
from assistant.server.thinking import Left, QuotingElsewhere, Thinkers, Thoughtful
from assistant.types import Question
from tests.assistant.server.running import fill, quoting

ROOT = Path(__file__).resolve().parents[3]
QUESTION = "How long do refunds take?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("library") / "home").home


@pytest.fixture
def thinkers(home: Path) -> Iterator[Thinkers]:
    made = Thinkers(fill(home), 1)
    yield made
    made.close()


def test_another_process_finds_and_quotes_what_this_one_does(home: Path, thinkers: Thinkers) -> None:
    with build.open_library(fill(home)) as library:
        info = library.info
        assert info is not None
        place = Place("default", info.fingerprint)
        here, there = build.quoting_over(library), QuotingElsewhere(thinkers, place)
        found = library.search(QUESTION, limit=5)
        again = Thoughtful(library, thinkers, place).search(QUESTION, limit=5)
        asked = Question(QUESTION, QUESTION, "en")
        assert again.hits == found.hits
        assert there.outlook(asked, found) == here.outlook(asked, found)
        assert list(there(asked, found, library.document)) == list(here(asked, found, library.document))


@pytest.mark.slow
def test_a_reader_who_leaves_while_waiting_is_not_computed_for(thinkers: Thinkers, tmp_path: Path) -> None:
    thinkers.call(os.getpid)  # it is there
    busy = [Thread(target=thinkers.call, args=(time.sleep, 2)) for _ in range(3)]  # one computed, two at the door
    for each in busy:
        each.start()
    time.sleep(0.1)
    left, done = Cancellation(), Event()

    def wait() -> None:
        with cancellable(left), pytest.raises(Left):
            thinkers.call(Path.touch, tmp_path / "computed")
        done.set()

    Thread(target=wait).start()
    time.sleep(0.1)
    began = time.monotonic()
    left.set()
    assert done.wait(20)
    assert time.monotonic() - began < 4  # not when its turn would have come, six seconds later
    for each in busy:
        each.join(20)
    thinkers.call(time.sleep, 0)
    assert not (tmp_path / "computed").exists()


def test_what_was_computed_for_a_reader_who_has_left_is_dropped(thinkers: Thinkers) -> None:
    left = Event()
    left.set()
    with cancellable(left), pytest.raises(Left):
        thinkers.call(os.getpid)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_is_replaced(thinkers: Thinkers, sign: signal.Signals) -> None:
    first: int = thinkers.call(os.getpid)
    os.kill(first, sign)
    assert thinkers.call(os.getpid) != first


def test_who_waits_while_processes_are_killed_is_served_all_the_same(home: Path) -> None:
    two = Thinkers(fill(home), 2)
    pids = {two.call(os.getpid) for _ in range(3)}
    done: list[None] = []
    left = Cancellation()

    def wait(seconds: float) -> None:
        done.append(two.call(time.sleep, seconds))

    def leave() -> None:
        with cancellable(left), pytest.raises(Left):
            two.call(time.sleep, 0.2)

    threads = [Thread(target=wait, args=(0.3,)) for _ in range(5)] + [Thread(target=leave) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.15)
    left.set()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert done == [None] * 5
    two.close()


def test_what_ends_every_process_is_given_up(thinkers: Thinkers) -> None:
    with pytest.raises(Problem, match="ended twice"):
        thinkers.call(os._exit, 3)
    assert thinkers.call(abs, -1) == 1  # the others go on


def test_closing_tells_whoever_waits_and_leaves_no_process(home: Path) -> None:
    one = Thinkers(fill(home), 1)
    pid: int = one.call(os.getpid)
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(Problem) as problem:
            one.call(time.sleep, 30)
        told.append(problem.value.kind)

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    one.close()
    for thread in threads:
        thread.join(20)
    assert told == ["stopping"] * 3
    assert _gone(pid)
    with pytest.raises(Problem, match="stopping"):
        one.call(abs, -1)


def test_an_unexpected_error_says_where_it_was_raised(thinkers: Thinkers) -> None:
    with pytest.raises(ZeroDivisionError) as error:
        thinkers.call(divmod, 1, 0)
    assert "_outcome" in "".join(error.value.__notes__)


def test_a_server_may_begin_them_before_the_first_question(tmp_path: Path) -> None:
    with quoting(fill(tmp_path / "home"), thinking=2, warm=True) as server:
        thinkers = server.house.shelf._thinkers
        until = time.monotonic() + 20
        while len(thinkers._idle) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(thinkers._idle) == 2
        with server.client() as client:
            assert client.post("/api/chat", json={"question": QUESTION}).json()["status"] == "answered"


def test_errors_come_back_as_they_were(home: Path, thinkers: Thinkers) -> None:
    from vectorstore.errors import NotFoundError

    with build.open_library(fill(home), "empty") as library, pytest.raises(NotFoundError, match="no documents"):
        Thoughtful(library, thinkers, Place("empty", "")).search("anything")


KILLED = """
import os, sys, time
from pathlib import Path
from assistant.server.thinking import Thinkers
from assistant.settings import Settings
thinkers = Thinkers(Settings(home=Path(sys.argv[1])), 1)
print(thinkers.call(os.getpid), flush=True)
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_the_processes_end_with_a_server_that_is_killed_and_not_at_an_interrupt_to_the_group(home: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as server:
        assert server.stdout is not None
        thinker = int(server.stdout.readline())
        os.kill(thinker, signal.SIGINT)
        time.sleep(0.3)
        assert _alive(thinker)
        server.kill()
        assert _gone(thinker)


def _gone(pid: int) -> bool:
    """Within twenty seconds."""
    until = time.monotonic() + 20
    while _alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
