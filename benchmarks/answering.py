"""Answering without a model: is the answer quoted, and is what the documents do not hold refused?

    python benchmarks/answering.py --work /tmp/answering
    python benchmarks/answering.py --work /tmp/answering --fit

Questions are those of the packs beside the checkout, asked of real libraries which the first run makes in ``--work``.
A question belongs to one of two halves by its text: ``--fit`` fits on one half, reports the other, and prints the
constants of `assistant.choosing` and `assistant.confidence` fitted on both.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from assistant.extractive import Extractive
from assistant.types import Answer, Question
from benchmarks import fitting
from benchmarks.cases import (
    PACKS,
    Case,
    answerable_cases,
    natural_cases,
    open_collection,
    parallel_cases,
    squeezed,
    unanswerable_cases,
)
from vectorstore.library import Library

Seen = TypeVar("Seen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the libraries")
    parser.add_argument("--fit", action="store_true", help="fit the constants instead of measuring what they do")
    parser.add_argument("--only", default="", help="measure groups whose name holds this")
    options = parser.parse_args()
    if not PACKS.is_dir():
        raise SystemExit(f"{PACKS} is missing: this benchmark needs the evaluation packs.")
    options.work.mkdir(parents=True, exist_ok=True)
    fitted, checked = [*answerable_cases(), *unanswerable_cases(), *natural_cases()], [*parallel_cases()]
    cases = [case for case in (fitted if options.fit else fitted + checked) if options.only in case.group]
    if options.fit:
        fitting.fit(asked(cases, options.work, fitting.observe))
    else:
        report(list(asked(cases, options.work, measure)))


def asked(cases: Sequence[Case], work: Path, look: Callable[[Case, Library], Seen | None]) -> Iterator[Seen]:
    """Look at every case, a collection after the other."""
    by_collection: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_collection[case.collection].append(case)
    for name, of_it in by_collection.items():
        with open_collection(name, work) as library:
            started = time.perf_counter()
            yield from (seen for case in of_it if (seen := look(case, library)) is not None)
            print(f"# {name}: {len(of_it)} questions in {time.perf_counter() - started:.0f} s", flush=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    case: Case
    answer: Answer
    milliseconds: float


def measure(case: Case, library: Library) -> Outcome:
    """Search and answer, as `assistant.pipeline` does."""
    extractive = Extractive(library.embedding)
    started = time.perf_counter()
    retrieval = library.search(case.question)
    question = Question(case.question, case.question, retrieval.language)
    *_, answer = extractive(question, retrieval, library.document)
    elapsed = (time.perf_counter() - started) * 1000
    assert isinstance(answer, Answer)
    for citation in answer.citations:
        assert library.document(citation.document.id).text[citation.start : citation.end] == citation.quote
    return Outcome(case, answer, elapsed)


def report(outcomes: Sequence[Outcome]) -> None:
    """A row a group: of the answered, is the answer in the first quote, in any; how many were refused; how long."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.case.group].append(outcome)
    print("| questions | n | first quote | any quote | refused | p50 ms |\n|---|---|---|---|---|---|")
    for group, own in groups.items():
        first, some = (np.nan, np.nan)
        if own[0].case.answerable:
            # Refused or not, a question counts: what is not quoted is not answered.
            first = statistics.fmean(held(one.case, [q.quote for q in one.answer.citations[:1]]) for one in own)
            some = statistics.fmean(held(one.case, [q.quote for q in one.answer.citations]) for one in own)
        refused = statistics.fmean(one.answer.status == "not_in_documents" for one in own)
        middle = statistics.median(one.milliseconds for one in own)
        print(f"| {group} | {len(own)} | {first:.3f} | {some:.3f} | {refused:.3f} | {middle:.0f} |")
    needing_two = [one for one in outcomes if one.case.group == "multihop-wiki"]
    if needing_two:
        cited = statistics.fmean(
            one.case.documents <= {quote.document.id for quote in one.answer.citations} for one in needing_two
        )
        quoted = statistics.fmean(all_evidence(one) for one in needing_two)
        print(f"multihop-wiki: both documents cited {cited:.3f}, the evidence of both quoted {quoted:.3f}")
    for pack in ("squad2", "clapnq", "news-rgb", "natural"):
        sure = [(one.answer.confidence, one.case.answerable) for one in outcomes if one.case.group.split()[0] == pack]
        if len({answerable for _, answerable in sure}) == 2:
            print(f"AUROC of confidence, {pack}: {fitting.auroc(*map(np.array, zip(*sure, strict=True))):.3f}")


def all_evidence(outcome: Outcome) -> bool:
    """Whether every piece of evidence stands in a quote, or a quote in it."""
    quotes = [squeezed(citation.quote) for citation in outcome.answer.citations]
    return all(
        any(evidence in quote or quote in evidence for quote in quotes)
        for evidence in map(squeezed, outcome.case.evidence)
    )


def held(case: Case, quotes: Sequence[str]) -> bool:
    return any(case.answered_by(quote) for quote in quotes)


if __name__ == "__main__":
    main()
