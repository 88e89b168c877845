"""What the HTML report shows, worked out: numbers in words, places on a chart, the questions worth a look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from assistant.evaluation.failures import EXPLAINED, FAILURES
from assistant.evaluation.intervals import Estimate
from assistant.evaluation.metrics import METRICS, refused
from assistant.evaluation.records import Record
from assistant.evaluation.report.markdown import interval, shown
from assistant.evaluation.summary import Summary

HEADLINES = {
    "retrieval.recall@1": "right documents found first",
    "retrieval.recall@5": "right documents among the first 5",
    "answer.contains": "answers that hold the expected one",
    "citation.evidence": "answers that quote the evidence",
    "citation.valid": "quotes that are word for word",
    "abstain.refused_unanswerable": "unanswerable questions refused",
    "abstain.refused_answerable": "answerable questions refused",
    "latency.p50_ms": "to the whole answer, median",
}
LAYERS = {
    "retrieval": "Retrieval",
    "answer": "Answers",
    "citation": "Citations",
    "abstain": "Refusals",
    "judge": "Judge",
    "latency": "Time",
    "usage": "Tokens",
    "run": "Run",
}
MATRIX_METRICS = ("retrieval.recall@5", "answer.contains", "citation.evidence", "citation.document", "answer.f1")
SLICE_METRICS = (
    "retrieval.recall@5", "answer.contains", "citation.evidence", "citation.valid",
    "abstain.refused_unanswerable", "abstain.refused_answerable",
)  # fmt: skip
WORST = 60
_AROUND = 320  # code points of the passage shown before and behind a quote


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric as a row or a tile. ``low``, ``at`` and ``high`` are places on a track from 0 to 100."""

    metric: str
    says: str
    value: str
    interval: str
    n: int
    track: tuple[float, float, float] | None
    less_is_better: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """``share`` is 0 to 1, for the colour."""

    value: str
    interval: str
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class Matrix:
    """Question languages down, document languages across; a cell is None where no question is."""

    metric: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of about the same confidence; ``true`` is how many of them the documents could answer."""

    low: float
    high: float
    mean: float
    true: float
    n: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A citation with its quote inside its passage."""

    marker: int
    title: str
    source: str
    language: str
    place: str
    before: str
    quote: str
    after: str
    relevant: bool | None


@dataclass(frozen=True, slots=True)
class Card:
    """A question that went wrong."""

    id: str
    question: str
    pair: str
    category: str
    reason: str
    explained: str
    confidence: float | None
    expected: tuple[str, ...]
    evidence: tuple[str, ...]
    documents: tuple[str, ...]
    answer: str
    language: str
    error: str
    quotes: tuple[Quote, ...]
    rank: int | None
    """Of the first relevant document among those retrieved, from 1."""


def figure(metric: str, got: Estimate, says: str | None = None) -> Figure:
    about = METRICS[metric]
    track = None
    if about.share and got.value is not None and got.low is not None and got.high is not None:
        track = (100 * got.low, 100 * got.value, 100 * got.high)
    return Figure(
        metric,
        says or about.says,
        shown(metric, got.value),
        interval(metric, got),
        got.n,
        track,
        not about.more_is_better,
    )


def tiles(summary: Summary) -> list[Figure]:
    known = ((name, summary.metrics.get(name), says) for name, says in HEADLINES.items())
    return [figure(name, got, says) for name, got, says in known if got and got.value is not None]


def layers(summary: Summary) -> list[tuple[str, list[Figure]]]:
    """Every metric that has a value, by layer."""
    found: dict[str, list[Figure]] = defaultdict(list)
    for name, got in summary.metrics.items():
        if got.value is not None:
            found[name.split(".")[0]].append(figure(name, got))
    return [(title, found[layer]) for layer, title in LAYERS.items() if found[layer]]


def matrices(summary: Summary) -> list[Matrix]:
    """A matrix per metric; none where all questions and documents are in one language."""
    pairs = {tuple(name.split("->")): figures for name, figures in summary.slices.items() if "->" in name}
    if len(pairs) < 2:
        return []
    asked, held = (sorted({pair[side] for pair in pairs}) for side in (0, 1))
    out = []
    for metric in MATRIX_METRICS:
        if any(figures[metric].value is not None for figures in pairs.values()):
            rows = tuple((row, tuple(_cell(metric, pairs.get((row, column))) for column in held)) for row in asked)
            out.append(Matrix(metric, METRICS[metric].says, tuple(held), rows))
    return out


def _cell(metric: str, figures: Mapping[str, Estimate] | None) -> Cell | None:
    got = figures.get(metric) if figures else None
    if got is None or got.value is None:
        return None
    return Cell(shown(metric, got.value), interval(metric, got), got.n, got.value)


def slices(summary: Summary) -> tuple[list[str], list[tuple[str, int, list[Cell | None]]]]:
    """The metrics that any slice has, and each slice that is no language pair with its questions and cells."""
    kinds = Counter(name.split(":")[0] for name in summary.slices)  # one slice of a kind is the whole again
    parts = {name: part for name, part in summary.slices.items() if "->" not in name and kinds[name.split(":")[0]] > 1}
    metrics = [metric for metric in SLICE_METRICS if any(part[metric].value is not None for part in parts.values())]
    rows = [(name, part["run.errors"].n, [_cell(metric, part) for metric in metrics]) for name, part in parts.items()]
    return metrics, rows


def refusals(records: Sequence[Record]) -> dict[str, int] | None:
    """The two by two of answerable and refused; None where no question tells."""
    counts = Counter(
        ("answerable" if record.answerable else "unanswerable") + ("_refused" if declined else "_answered")
        for record in records
        if record.answer is not None and (declined := refused(record.answer)) is not None
    )
    kinds = [f"{kind}_{what}" for kind in ("answerable", "unanswerable") for what in ("answered", "refused")]
    return {kind: counts[kind] for kind in kinds} if counts else None


def _known(records: Sequence[Record]) -> list[tuple[float, bool]]:
    given = ((record.answer or {}).get("confidence") for record in records)
    return [(sure, record.answerable) for sure, record in zip(given, records, strict=True) if sure is not None]


def calibration(records: Sequence[Record], *, bins: int = 10) -> list[Bin]:
    """Confidence in tenths against the share of questions that could be answered; needs both kinds of questions."""
    known = _known(records)
    if len({answerable for _, answerable in known}) < 2:
        return []
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for sure, answerable in known:
        groups[min(int(sure * bins), bins - 1)].append((sure, answerable))
    return [_bin(number, bins, groups[number]) for number in sorted(groups)]


def _bin(number: int, bins: int, group: Sequence[tuple[float, bool]]) -> Bin:
    n = len(group)
    return Bin(
        number / bins,
        (number + 1) / bins,
        sum(sure for sure, _ in group) / n,
        sum(answerable for _, answerable in group) / n,
        n,
    )


def refusal_curve(records: Sequence[Record]) -> list[tuple[float, float, float]]:
    """For every threshold on confidence: it, answerable questions then refused, unanswerable ones then refused."""
    known = _known(records)
    yes = [sure for sure, answerable in known if answerable]
    no = [sure for sure, answerable in known if not answerable]
    if not yes or not no:
        return []
    gates = sorted({sure for sure, _ in known})
    steps = gates[:: max(1, len(gates) // 200)]
    return [(0.0, 0.0, 0.0), *((gate, _below(yes, gate), _below(no, gate)) for gate in steps[1:]), (1.0, 1.0, 1.0)]


def _below(values: Sequence[float], gate: float) -> float:
    return sum(value < gate for value in values) / len(values)


def reasons(records: Sequence[Record]) -> list[tuple[str, str, int, float]]:
    """Why answers went wrong: name, explanation, how many, and their share of the commonest."""
    counts = Counter(record.failure for record in records if record.failure)
    most = max(counts.values(), default=1)
    return [(name, EXPLAINED[name], counts[name], counts[name] / most) for name in FAILURES if counts[name]]


def worst(records: Sequence[Record], *, most: int = WORST) -> list[Card]:
    """The wrong answers given with most confidence, every reason in turn so that none hides the others."""
    by_reason: dict[str, list[Record]] = defaultdict(list)
    for record in sorted((record for record in records if record.failure), key=_sure, reverse=True):
        by_reason[record.failure or ""].append(record)
    turns = zip_longest(*(by_reason[name] for name in FAILURES))
    return [card(record) for record in list(filter(None, chain.from_iterable(turns)))[:most]]


def _sure(record: Record) -> float:
    answer = record.answer or {}
    sure = float(answer.get("confidence") or 0)
    return 1 - sure if refused(answer) else sure


def card(record: Record) -> Card:
    answer, expected = record.answer or {}, record.expected
    return Card(
        id=record.id,
        question=record.question,
        pair=record.pair or record.lang or "",
        category=record.category or "",
        reason=record.failure or "",
        explained=EXPLAINED.get(record.failure or "", ""),
        confidence=answer.get("confidence"),
        expected=tuple(expected.get("answers", ())),
        evidence=tuple(expected.get("evidence", ())),
        documents=tuple(expected.get("doc_ids", ())),
        answer=answer.get("text", ""),
        language=answer.get("language") or "",
        error=record.error or "",
        quotes=tuple(_quotes(answer, expected)),
        rank=_rank(record),
    )


def _quotes(answer: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Quote]:
    wanted = expected.get("doc_ids", ())
    for citation in answer.get("citations") or ():
        document, passage = citation["document"], citation["passage"]
        start, end = citation["start"] - passage["start"], citation["end"] - passage["start"]
        before, after = passage["text"][:start], passage["text"][end:]
        yield Quote(
            marker=citation["marker"],
            title=document["title"] or document["id"],
            source=document["source"],
            language=document["language"],
            place=f"page {citation['page']}" if citation.get("page") else f"{citation['start']}–{citation['end']}",
            before=("…" if len(before) > _AROUND else "") + before[-_AROUND:],
            quote=citation["quote"],
            after=after[:_AROUND] + ("…" if len(after) > _AROUND else ""),
            relevant=document["id"] in wanted if wanted else None,
        )


def _rank(record: Record) -> int | None:
    found = dict.fromkeys(place.document_id for place in record.retrieved or ())
    wanted = set(record.expected.get("doc_ids", ()))
    return next((rank for rank, id in enumerate(found, 1) if id in wanted), None)
