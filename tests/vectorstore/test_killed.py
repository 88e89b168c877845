"""SIGKILL at random moments of an ingest: nothing that was reported is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from vectorstore.embeddings import open_embedding
from vectorstore.library import Library

ROOT = Path(__file__).resolve().parents[2]


def documents(folder: Path, count: int) -> Path:
    folder.mkdir()
    words = "harbour lantern ledger orchard printer quarry ribbon saddle timber valley".split()  # noqa: SIM905
    for n in range(count):
        choice = random.Random(n)
        body = " ".join(
            f"The {choice.choice(words)} number {n} stands by the {choice.choice(words)}." for _ in range(3)
        )
        (folder / f"{n:05}.txt").write_text(f"{body} Its mark is code{n}x.")
    return folder


def killed_ingest(home: Path, folder: Path, after: float) -> tuple[set[str], bool]:
    """The ids the process said were done before it was killed, and whether it finished first."""
    command = [sys.executable, "-m", "tests.vectorstore.killed", str(home), str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        killer = threading.Timer(after, lambda: os.killpg(process.pid, signal.SIGKILL))
        killer.start()
        assert process.stdout
        lines = process.stdout.read().splitlines()
        process.wait()
        killer.cancel()
    whole = lines[:-1] if lines and process.returncode else lines  # the last line may be cut
    return {line.split()[1] for line in whole if line.startswith(("added", "unchanged"))}, process.returncode == 0


def check(home: Path, acknowledged: set[str]) -> None:
    """The next command works, and has all that was acknowledged, once, where a search finds it."""
    with Library(
        home, open_embedding=lambda name: open_embedding(name, cache=home / "models"), wanted="hashing"
    ) as library:
        counts = Counter(info.ref.id for info in library.documents())
        assert acknowledged <= counts.keys()
        assert set(counts.values()) <= {1}
        if not counts:
            return
        for id in random.Random(0).sample(sorted(counts), min(3, len(counts))):
            mark = library.document(id).text.split()[-1]
            hits = [hit.document.id for hit in library.search(f"mark {mark}", limit=5).hits]
            assert hits.count(id) == 1
        assert library.indexes.lexical.count() == library.catalog.count_chunks("default")


def kill_many(tmp_path: Path, *, runs: int, files: int) -> None:
    """Kill, look, go on; begin anew whenever an ingest got through."""
    folder = documents(tmp_path / "docs", files)
    home = tmp_path / "library"
    started = time.monotonic()
    killed_ingest(home, folder, after=600)
    whole = time.monotonic() - started
    shutil.rmtree(home)
    moments, acknowledged, kills = random.Random(20), set[str](), 0
    while kills < runs:
        done, finished = killed_ingest(home, folder, after=moments.uniform(0.05, 1.0) * whole)
        acknowledged |= done
        if home.exists():
            check(home, acknowledged)
        kills += not finished
        if finished or moments.random() < 0.3:
            shutil.rmtree(home, ignore_errors=True)
            acknowledged = set()


@pytest.mark.slow
def test_twelve_kills_lose_nothing(tmp_path: Path) -> None:
    kill_many(tmp_path, runs=12, files=300)


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("KILLS") is None, reason="a quarter of an hour; run with KILLS=100")
def test_as_many_kills_as_asked_for_lose_nothing(tmp_path: Path) -> None:
    kill_many(tmp_path, runs=int(os.environ["KILLS"]), files=2000)
