"""Contradictions: are both sides quoted where passages disagree, and is nothing said where none do?

    python -m benchmarks.contradictions --work /tmp/contradictions

Detected counts only if the answer says so, names the true and the false value, and quotes both. The passages, true and
falsified, are asked about in a library of their own and among all the pack's news. The other rows are false alarms:
questions of packs whose documents do not contradict each other; a library is made for each in ``--work``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant import build
from assistant.extractive import Extractive
from assistant.settings import Settings
from assistant.types import Answer, Question
from benchmarks.cases import PACKS, answerable_cases, open_collection, records, unanswerable_cases
from vectorstore.ingest import ingest
from vectorstore.library import Library

QUIET = (
    "squad2",
    "clapnq",
    "multihop-wiki",
    "mtrag",
    "news-rgb",
    "french-fquad",
    "french-spf",
    "xquad-mono:es",
    "xquad-mono:de",
    "xquad-mono:zh",
    "xquad-cross:de",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the libraries")
    parser.add_argument("--only", default="", help="collections whose name holds this")
    options = parser.parse_args()
    if not PACKS.is_dir():
        raise SystemExit(f"{PACKS} is missing: this benchmark needs the evaluation packs.")
    options.work.mkdir(parents=True, exist_ok=True)
    print("| passages that disagree | asked | detected | other notice | refused |\n|---|---:|---:|---:|---:|")
    for name, beside in (("conflicts alone", ()), ("conflicts among news", records("news-rgb", "corpus"))):
        if options.only in name:
            print(disagreeing(name, beside, options.work), flush=True)
    print("\n| passages that do not | asked | answered | false alarms |\n|---|---:|---:|---:|")
    for name in QUIET:
        if options.only in name:
            print(agreeing(name, options.work), flush=True)


def disagreeing(name: str, beside: Sequence[dict[str, Any]], work: Path) -> str:
    """A row: the questions about falsified passages."""
    rows = records("news-rgb", "conflicts")
    with _library(name.replace(" ", "-"), [*beside, *_passages(rows)], work) as library:
        answers = [ask(library, row["question"]) for row in rows]
    detected = [both(row, answer) for row, answer in zip(rows, answers, strict=True)]
    other = sum(bool(answer.disagreements) and not found for answer, found in zip(answers, detected, strict=True))
    refused = sum(answer.status == "not_in_documents" for answer in answers)
    return f"| {name} | {len(rows)} | {sum(detected)} ({sum(detected) / len(rows):.0%}) | {other} | {refused} |"


def both(row: dict[str, Any], answer: Answer) -> bool:
    """Whether the notice is about the true and the false value, and a quote holds each."""
    if not answer.disagreements:
        return False
    markers = {claim.marker for claim in answer.disagreements[0].claims}
    quotes = [citation.quote.lower() for citation in answer.citations if citation.marker in markers]
    return all(
        any(value.lower() in quote for value in row[key] for quote in quotes) for key in ("answer", "false_answer")
    )


def agreeing(name: str, work: Path) -> str:
    """A row: the questions of a pack, of which none should raise a notice."""
    cases = [
        case
        for case in (*answerable_cases(), *unanswerable_cases())
        if case.collection == name and not case.group.startswith(("off topic", "name exchanged"))
    ]
    with open_collection(name, work) as library:
        answers = [ask(library, case.question) for case in cases]
    alarms = [answer for answer in answers if answer.disagreements]
    for answer in alarms:
        print(f"# {answer.question} {answer.notices[0]}")
    answered = sum(answer.status == "answered" for answer in answers)
    return f"| {name} | {len(cases)} | {answered} | {len(alarms)} ({len(alarms) / (answered or 1):.1%}) |"


def ask(library: Library, text: str) -> Answer:
    retrieval = library.search(text)
    question = Question(text, text, retrieval.language)
    *_, answer = Extractive(library.embedding)(question, retrieval, library.document)
    assert isinstance(answer, Answer)
    return answer


def _passages(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for kind in ("true", "false"):
            for number, text in enumerate(row[f"{kind}_passages"]):
                yield {"id": f"{kind}/{row['id']}/{number}", "title": "", "text": text, "lang": row["lang"]}


def _library(name: str, documents: Sequence[dict[str, Any]], work: Path) -> Library:
    library = build.open_library(Settings(home=work / "home", embeddings="minilm"), name)
    if not library.documents():
        source = work / f"{name}.jsonl"
        lines = (json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
        source.write_text("".join(lines), encoding="utf-8")
        ingest(library, [source])
    return library


if __name__ == "__main__":
    main()
