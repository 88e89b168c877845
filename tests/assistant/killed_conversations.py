"""Kills writers of conversations at random moments and looks at what is left. Run by `test_killed_conversations`.

    python killed_conversations.py FOLDER KILLS

A child says through a pipe when a turn is kept; what was said must be there afterwards. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import sys
import time
from pathlib import Path

from assistant.conversations import open_conversations
from tests.assistant.answers import answered

LONG = "Within 14 days, from the day on which the parcel is back. " * 60  # a turn of several database pages


def write(path: Path, said: int, first: int) -> None:
    """Ask and answer until killed; each kept turn is said."""
    store = open_conversations(path)
    conversation = store.list()[0].id if store.list() else store.create()
    for number in range(first, first + 10_000):
        question = f"Question {number}?"
        store.begin(conversation, question)
        store.append(conversation, answered(question, f"{LONG}{number} [1].", id=f"ans_{number}"))
        os.write(said, f"{number}\n".encode())


def kill_one(path: Path, first: int, chance: random.Random) -> list[int]:
    """Start a writer, kill it somewhere between its opening and a few turns on; the numbers it said were kept."""
    hear, said = os.pipe()
    child = os.fork()
    if not child:
        os.close(hear)
        write(path, said, first)
        os._exit(0)
    os.close(said)
    if chance.random() < 0.8:  # the others are struck while they open the database
        select.select([hear], [], [], 10)
    time.sleep(chance.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(hear, "rb") as heard:
        return [int(line) for line in heard.read().splitlines()]


def look(path: Path) -> dict[str, object]:
    """What the database holds: whether it is sound, the complete turns, and how many were interrupted."""
    if not path.exists():
        return {"sound": True, "complete": {}, "interrupted": 0}
    store = open_conversations(path)
    listed = store.list()
    turns = store.show(listed[0].id).turns if listed else ()
    store.close()
    check = sqlite3.connect(path)
    sound = check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()
    complete = {turn.answer.question: turn.answer.text for turn in turns if turn.state == "complete"}
    numbered = [turn.number for turn in turns] == list(range(1, len(turns) + 1))
    return {"sound": sound and numbered, "complete": complete, "interrupted": len(turns) - len(complete)}


def main(folder: Path, kills: int) -> None:
    path, chance = folder / "conversations.db", random.Random(7)
    kept: set[int] = set()
    unsound = lost = 0
    for kill in range(kills):
        kept.update(kill_one(path, kill * 10_000, chance))
        if kill % 10 == 9 or kill == kills - 1:
            left = look(path)
            unsound += not left["sound"]
            complete = left["complete"]
            assert isinstance(complete, dict)
            lost = sum(complete.get(f"Question {number}?") != f"{LONG}{number} [1]." for number in kept)
    left = look(path)
    print(json.dumps({"kept": len(kept), "lost": lost, "unsound": unsound, "interrupted": left["interrupted"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
