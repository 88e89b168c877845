"""A large library: how fast it is filled, what it weighs, and how fast it answers.

    python benchmarks/library.py --chunks 100000 --embeddings minilm --work /tmp/library-benchmark

The text is that of the evaluation packs beside the checkout (of ``examples/`` where there are none), repeated with
changed words and numbers, as files of about five passages. Run it again with the same ``--work`` and the files and
the library are taken as they are. Whole processes are timed against ``python -c "import chromadb"`` in turn, since
machines are noisy and only ratios hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import build
from assistant.settings import Settings
from vectorstore.language import detect
from vectorstore.library import Library

ROOT = Path(__file__).resolve().parents[1]
PACKS = ROOT.parent / "shared" / "data" / "packs"
CHUNKS_A_FILE = 5
FILE_LENGTH = 3_400  # code points; about five passages
_WORD = re.compile(r"\b\w{6,}\b")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--embeddings", default="minilm")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the files and the library")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument(
        "--drawn-vectors",
        action="store_true",
        help="give the chunks vectors drawn at random: ready in minutes, the same work for a search, worthless answers",
    )
    parser.add_argument("--language", default="", help="of the texts and questions, as ISO 639-1; all without it")
    options = parser.parse_args()
    kind = f"{options.language}-{options.chunks}".removeprefix("-")
    files = options.work / f"files-{kind}"
    if not files.exists():
        write_files(files, options.chunks // CHUNKS_A_FILE, options.language)
    settings = Settings(home=options.work / f"home-{options.embeddings}-{kind}", embeddings=options.embeddings)
    if options.drawn_vectors:
        with drawing(build.open_library(settings)) as library:
            fill(library, files, settings)
    with build.open_library(settings) as library:
        fill(library, files, settings)
        measure_unchanged(library, files, settings)
        measure_answers(library, settings, sample_questions(options.questions, options.language))
    measure_processes(settings)


def drawing(library: Library) -> Library:
    """The library with its model replaced, under the same name, by one that draws a vector for each text."""
    draw = np.random.default_rng(7)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = draw.standard_normal((len(texts), library.embedding.dimensions), np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    library._embedding = replace(library.embedding, embed=embed)
    return library


def texts() -> Iterator[str]:
    """Real paragraphs: of the packs in several languages, or of the examples."""
    for path in sorted(PACKS.glob("*/corpus.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield str(json.loads(line)["text"])
    if not PACKS.is_dir():
        for path in sorted((ROOT / "examples").glob("*.*")):
            yield from path.read_text(encoding="utf-8").split("\n\n")


def write_files(folder: Path, count: int, language: str = "") -> None:
    """``count`` files: paragraphs drawn at random, a tenth of the longer words swapped among themselves."""
    print(f"writing {count:,} files to {folder}")
    draw = random.Random(7)
    paragraphs = [text for text in texts() if len(text) > 200 and language in ("", detect(text))]
    vocabulary = sorted(
        {word for text in draw.sample(paragraphs, min(2_000, len(paragraphs))) for word in _WORD.findall(text)}
    )
    for n in range(count):
        where = folder / f"{n // 500:03}"
        where.mkdir(parents=True, exist_ok=True)
        body = ""
        while len(body) < FILE_LENGTH:
            text = _WORD.sub(
                lambda word: draw.choice(vocabulary) if draw.random() < 0.1 else word[0], draw.choice(paragraphs)
            )
            body += text[:FILE_LENGTH] + "\n\n"
        (where / f"{n:06}.txt").write_text(body[:FILE_LENGTH], encoding="utf-8")


def fill(library: Library, files: Path, settings: Settings) -> None:
    if library.documents():
        print("library taken as it is")
    else:
        started = time.perf_counter()
        report = build.ingest(library, [files], settings)
        elapsed = time.perf_counter() - started
        chunks = report.totals["chunks"]
        print(
            f"ingest: {chunks:,} chunks of {report.totals['files']:,} files in {elapsed:,.0f} s, "
            f"{chunks / elapsed:,.0f} chunks/s"
        )
        for stage, seconds in sorted(report.seconds.items(), key=lambda item: -item[1]):
            print(f"  {stage:<6} {seconds:8.1f} s  {seconds / elapsed:5.1%}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory: {peak:,.0f} MB")
    for name, path in {
        "catalog": settings.home / "catalog.db",
        "keywords": settings.home / "collections" / "default" / "keywords",
        "chroma": settings.home / "collections" / "default" / "chroma",
    }.items():
        print(f"on disk: {name:<8} {size(path) / 1e6:8.0f} MB")


def size(path: Path) -> int:
    return (
        path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    )


def measure_unchanged(library: Library, files: Path, settings: Settings) -> None:
    started = time.perf_counter()
    report = build.ingest(library, [files], settings)
    elapsed = time.perf_counter() - started
    assert report.totals["unchanged"] == report.totals["files"], report.totals
    print(f"unchanged folder again: {report.totals['chunks'] / elapsed:,.0f} chunks/s ({elapsed:.1f} s)")


def measure_answers(library: Library, settings: Settings, questions: Sequence[str]) -> None:
    assistant = build.assistant_over(library, settings)
    library.search(questions[0])
    tell("search, in process", [timed(lambda q=q: library.search(q)) for q in questions])
    assistant.ask(questions[0])
    tell("whole answer, in process", [timed(lambda q=q: assistant.ask(q)) for q in questions])


def sample_questions(count: int, language: str = "") -> list[str]:
    """Questions that people wrote, in one language or in any; the same for every run."""
    found = [
        str(json.loads(line)["question"])
        for path in sorted(PACKS.glob("*/questions.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    found = found or ["why did Russia condemn the strike?", "how long is the guarantee?", "where do people gather?"]
    found = [question for question in found if language in ("", detect(question))]
    return random.Random(3).choices(found, k=count)


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def tell(what: str, milliseconds: list[float]) -> None:
    cuts = statistics.quantiles(milliseconds, n=100)
    print(
        f"{what}: p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms ({len(milliseconds)} questions)"
    )


def measure_processes(settings: Settings, rounds: int = 7) -> None:
    """Whole processes, taken in turn so that a slow moment of the machine hits all of them."""
    assistant = [sys.executable, "-m", "cli"]
    commands = {
        "import chromadb": [sys.executable, "-c", "import chromadb"],
        "assistant --help": [*assistant, "--help"],
        "assistant ask": [*assistant, "ask", "why did Russia condemn the strike?"],
    }
    environment = {**os.environ, "ASSISTANT_HOME": str(settings.home)}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
            times[name].append(time.perf_counter() - started)
    base = statistics.median(times["import chromadb"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name}: {middle:.2f} s, {middle / base:.2f} times import chromadb")


if __name__ == "__main__":
    main()
