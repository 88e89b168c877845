"""Generated answers measured with a scripted model over real HTTP: no key, no network but loopback.

    python benchmarks/generation.py parser
    python benchmarks/generation.py faults            # with the real time limits: some minutes
    python benchmarks/generation.py overhead --home HOME --embeddings minilm   # a library of benchmarks/library.py
    python benchmarks/generation.py lies
    python benchmarks/generation.py judging           # needs the evaluation packs beside the checkout

Run from the checkout: the scripted server and the planted lies are those of the tests.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from assistant import build  # noqa: E402  (the checkout first)
from assistant.composition import Composition  # noqa: E402
from assistant.context import context  # noqa: E402
from assistant.errors import ModelError  # noqa: E402
from assistant.generate import Generated  # noqa: E402
from assistant.judging import supports  # noqa: E402
from assistant.labels import Scanner  # noqa: E402
from assistant.models import chat_model  # noqa: E402
from assistant.resilience import Limits  # noqa: E402
from assistant.settings import Settings  # noqa: E402
from assistant.statements import statements  # noqa: E402
from assistant.types import Answer, Citation, Delta, Event, Outlook, Passage, Question, Read  # noqa: E402
from tests.assistant.library import CALL, SHOP, Reader, hits, retrieval  # noqa: E402
from tests.assistant.planted import LIBRARY, PLANTED, UNSEEN, UNSEEN_LIBRARY, Planted  # noqa: E402
from tests.assistant.planted_abroad import (  # noqa: E402
    ABROAD,
    ABROAD_LIBRARY,
    ABROAD_UNSEEN,
    ABROAD_UNSEEN_LIBRARY,
)
from tests.fakes.openai_server import END, LEAVE, OpenAIServer, Reply, Status  # noqa: E402
from vectorstore.ngrams import grams  # noqa: E402
from vectorstore.sentences import sentences  # noqa: E402
from vectorstore.types import Document, DocumentRef, Retrieval  # noqa: E402

PACKS = ROOT.parent / "shared" / "data" / "packs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["parser", "faults", "overhead", "lies", "judging"])
    parser.add_argument("--home", type=Path, help="the folder of a library, for overhead")
    parser.add_argument("--embeddings", default="auto")
    parser.add_argument("--questions", type=int, default=100)
    options = parser.parse_args()
    match options.what:
        case "parser":
            measure_parser()
        case "faults":
            measure_faults()
        case "overhead":
            measure_overhead(options.home, options.embeddings, options.questions)
        case "lies":
            measure_lies()
        case "judging":
            measure_judging()


# The parser

DENSE = (
    "Russia, backed by Iran, condemned it as an “agression” [1.2]. The refunds take 14 days, says the handbook, and "
    "shipping is free for everybody who asks [2.1, 2.2]. That is all there is to say about the matter.\n\n"
    "- **First** of all, a list with `code` and more words in it to make it long [1.1-2].\n"
)


def measure_parser(size: int = 2_000_000) -> None:
    """Processor time, since other programs share the machine; a label every 70 bytes, as in a dense answer."""
    passages = context(hits(CALL, SHOP), budget=4_000).passages
    makers: dict[str, Callable[[], Scanner | Composition]] = {
        "labels.Scanner": Scanner,
        "with citations and quotations": lambda: Composition(passages, Reader([CALL, SHOP])),
    }
    text = DENSE * (size // len(DENSE))
    print("| | in one piece | pieces of 64 | pieces of 16 |\n|---|---|---|---|")
    for name, make in makers.items():
        speeds = []
        for length in (len(text), 64, 16):
            reader = make()
            started = time.process_time()
            for at in range(0, len(text), length):
                for _ in reader.feed(text[at : at + length]):
                    pass
            for _ in reader.finish():
                pass
            speeds.append(len(text.encode()) / 1e6 / (time.process_time() - started))
        print(f"| {name} | " + " | ".join(f"{speed:.1f} MB/s" for speed in speeds) + " |")


# Faults

ANSWER = "Shipping is free [2.2]. Refunds take 14 days [2.1]."
FAULTS: dict[str, list[Reply | Status]] = {
    "none": [Reply(ANSWER)],
    "429, then well": [Status(429, headers={"retry-after": "1"}), Reply(ANSWER)],
    "429 without Retry-After": [Status(429)],
    "429, Retry-After 60": [Status(429, headers={"retry-after": "60"})],
    "500": [Status(500)],
    "502 with HTML": [Status(502, "<html><h1>Bad Gateway</h1></html>", media_type="text/html")],
    "reset before the first byte": [Reply([LEAVE])],
    "silence before the head": [Reply(ANSWER, wait=300)],
    "silence before the first text": [Reply([300.0])],
    "comments and no text": [Reply([b": wait\n\n", 1.0] * 300)],
    "bad first chunk": [Reply([b"data: {not json\n\n"])],
    "empty answer": [Reply("")],
    "reset inside the stream": [Reply(["Shipping is free [2.2]. Ref", LEAVE])],
    "stream ended early": [Reply(["Shipping is free [2.2]. Ref", END])],
    "bad chunk inside the stream": [Reply(["Shipping is free [2.2]. Ref", b"data: {not json\n\n"])],
    "silence inside the stream": [Reply(["Shipping is free [2.2]. Ref", 300.0])],
    "slow drip of text": [Reply(["Shipping is free [2.2]. Ref", *["u", 5.0] * 300])],
    "endless answer": [Reply(["Shipping is free [2.2]. " * 20] * 100_000)],
    "401": [Status(401)],
    "404": [Status(404)],
    "quota": [Status(429, '{"error": {"message": "quota", "code": "insufficient_quota"}}')],
}


def quote(question: Question, found: Retrieval, read: Read) -> Iterator[Event]:
    yield Delta("“Shipping is free.”")
    yield Answer("", None, question.asked, question.text, "en", "answered", 0.5, "“Shipping is free.”")


def measure_faults() -> None:
    print("| fault | tries | seconds | what the user gets |\n|---|---|---|---|")
    with OpenAIServer() as server:
        for name, script in FAULTS.items():
            server.play(script)
            print(f"| {name} | {outcome(server.base_url, server)} |", flush=True)
        server.play(FAULTS["500"])
        answerer = scripted(server.base_url)
        for _ in range(3):
            last(answerer)
        print(f"| after three failures | {outcome(server.play(FAULTS['500']).base_url, server, answerer)} |")
    print(f"| nobody at the address | {outcome('http://127.0.0.1:9/v1', None)} |")


def outcome(base_url: str, server: OpenAIServer | None, answerer: Generated | None = None) -> str:
    answerer = answerer or scripted(base_url)
    answerer.open_model()  # importing the client is not the fault's time
    started = time.perf_counter()
    try:
        record = last(answerer)
    except ModelError as error:
        got = f"error `{error.reason}`, exit code 5: {error}"
    else:
        text = record.text if len(record.text) < 60 else f"{record.text[:40]}… ({len(record.text):,} characters)"
        got = f"“{text}”" + "".join(f" — {notice}" for notice in record.notices)
    took = time.perf_counter() - started
    return f"{len(server.requests) if server else '-'} | {took:.1f} | {got.replace(base_url, 'ADDRESS')}"


def scripted(base_url: str, limits: Limits | None = None) -> Generated:
    model = chat_model("openai:scripted", api_key="sk-test", base_url=base_url, limits=limits or Limits())
    return Generated(
        lambda: model,
        "openai:scripted",
        foresee=lambda question, found: Outlook(0.9),
        supports=supports,
        fallback=quote,
        limits=limits or Limits(),
        place=base_url,
    )


def last(answerer: Generated) -> Answer:
    asked = Question("is shipping free?", "is shipping free?", "en")
    *_, record = answerer(asked, retrieval(CALL, SHOP), Reader([CALL, SHOP]))
    assert isinstance(record, Answer)
    return record


# Overhead

QUESTIONS = [
    "When was the company founded?", "Who signed the treaty?", "How many people live in the city?",
    "Why did the king leave the country?", "What is the largest river of the region?", "Where was the battle fought?",
    "Welche Stadt ist die Hauptstadt?", "Qui a écrit ce livre ?", "¿Cuándo empezó la guerra?", "What causes it?",
]  # fmt: skip


def measure_overhead(home: Path, embeddings: str, count: int) -> None:
    """From the question to the first text, less what the same server takes for its first text by itself."""
    with OpenAIServer([Reply("The passages say so [1.1].")]) as server:
        settings = Settings(
            home=home,
            embeddings=embeddings,
            model="openai:scripted",
            openai_api_key="sk-test",
            openai_base_url=server.base_url,
        )
        with build.open_library(settings) as library:
            assistant = build.assistant_over(library, settings)
            model = chat_model("openai:scripted", api_key="sk-test", base_url=server.base_url)
            for text in QUESTIONS:
                assistant.ask(text)
            ours, alone = [], []
            for number in range(count):
                server.play([Reply("The passages say so [1.1].")])
                text = f"{QUESTIONS[number % len(QUESTIONS)]} {number}"
                ours.append(first_text(assistant.stream(text)))
                prompt = server.requests[-1]["messages"] if server.requests else text
                alone.append(first_chunk(model, prompt))
            print(f"{library.status().chunks:,} chunks, {count} questions")
    for unit, name in enumerate(("time", "processor time of all threads, the scripted server's included")):
        print(f"{name}:")
        report("  to the first text", [took[unit] for took in ours])
        report("  of which the model's own", [took[unit] for took in alone])
        report("  overhead", [mine[unit] - its[unit] for mine, its in zip(ours, alone, strict=True)])


Took = tuple[float, float]
"""Seconds on the clock, and of the processor: the second hardly changes where other programs share the machine."""


def first_text(events: Iterator[Event]) -> Took:
    return until(event for event in events if isinstance(event, Delta))


def first_chunk(model: Any, prompt: Any) -> Took:
    return until(chunk for chunk in model.stream(prompt) if chunk.text)


def until(texts: Iterator[Any]) -> Took:
    """To the first of them; the others are read afterwards, so that connections are kept."""
    started, spent = time.perf_counter(), time.process_time()
    next(texts, None)
    took = time.perf_counter() - started, time.process_time() - spent
    for _ in texts:
        pass
    return took


def report(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    print(
        f"{name}: p50 {statistics.median(ordered) * 1000:.0f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:.0f} ms"
    )


# Lies


def measure_lies() -> None:
    sets = {
        "mostly English": flagged(PLANTED, LIBRARY),
        "the same, later": flagged(UNSEEN, UNSEEN_LIBRARY),
        "across languages": flagged(ABROAD, ABROAD_LIBRARY),
        "across languages, after the rules": flagged(ABROAD_UNSEEN, ABROAD_UNSEEN_LIBRARY),
    }
    print("| flagged | " + " | ".join(sets) + " |\n|---|" + "---|" * len(sets))
    for kind in dict.fromkeys(planted.kind for planted in [*PLANTED, *ABROAD]):
        print(f"| {kind} | " + " | ".join(f"{counts[kind]} of {counts.total(kind)}" for counts in sets.values()) + " |")


class Counts(Counter[str]):
    """How many of a kind were flagged, and how many there are."""

    def __init__(self, kinds: list[str]) -> None:
        super().__init__()
        self._kinds = kinds

    def total(self, kind: str = "") -> int:
        return self._kinds.count(kind)


def flagged(lies: list[Planted], library: list[Document]) -> Counts:
    shown = context(hits(*library), budget=100_000)
    counts = Counts([planted.kind for planted in lies])
    for planted in lies:
        composition = Composition(shown.passages, Reader(library))
        list(composition.feed(planted.text))
        list(composition.finish())
        found, unfamiliar = statements(
            composition.text,
            composition.citations(),
            composition.quotations,
            language="en",
            question="what do the documents say?",
            supports=supports,
        )
        told = unfamiliar or composition.rejected or any(held.support == "unsupported" for held in found)
        counts[planted.kind] += bool(told)
    return counts


# Agreement with people


def measure_judging() -> None:
    """Sentences of real models' answers, judged by people, each against the three source sentences nearest to it."""
    total: Counter[tuple[str, bool]] = Counter()
    flagged: Counter[tuple[str, bool]] = Counter()
    for origin, supported, said, source, question in judged():
        cited = nearest(source, said)
        total[origin, supported] += 1
        flagged[origin, supported] += not supports(said, cited, question).supported
    print("| answers | people say | sentences | flagged |\n|---|---|---|---|")
    for (origin, supported), count in total.items():
        share = flagged[origin, supported] / count
        print(f"| {origin} | {'supported' if supported else 'not supported'} | {count} | {share:.1%} |")


def judged() -> Iterator[tuple[str, bool, str, str, str]]:
    for row in records("faithbench"):
        for start, end in sentences(row["answer"], "en"):
            labels = {span["label"] for span in row["spans"] if span["start"] < end and span["end"] > start}
            unwanted = any(label.startswith("Unwanted") for label in labels)
            if unwanted or not labels:
                yield "FaithBench", not unwanted, row["answer"][start:end], row["source_text"], ""
    for row in records("mtrag_faithfulness"):
        if row["faithfulness_median"] == 4 and len(row["source_text"]) < 20_000:
            question = row["question"] if isinstance(row["question"], str) else ""
            for start, end in sentences(row["answer"], "en"):
                yield "MTRAG, faithful", True, row["answer"][start:end], row["source_text"], question


def records(name: str) -> Iterator[dict[str, Any]]:
    path = PACKS / "groundedness" / f"{name}.jsonl"
    if not path.is_file():
        raise SystemExit(f"{path.name} is missing: this benchmark needs the evaluation packs.")
    yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def nearest(source: str, said: str, count: int = 3) -> list[Citation]:
    own = set(grams(said))
    parts = sorted(
        (source[start:end] for start, end in sentences(source, "en")), key=lambda part: -len(own & set(grams(part)))
    )
    ref = DocumentRef("doc", "", "", "text/plain", "en", "")
    return [
        Citation(number, (), ref, part, 0, len(part), None, (), Passage(0, len(part), part), "exact", 1.0)
        for number, part in enumerate(parts[:count], start=1)
    ]


if __name__ == "__main__":
    main()
