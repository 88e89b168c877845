"""A run in figures: every metric with its interval, over all questions and over slices of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from assistant.evaluation.intervals import Estimate, auroc, mean, quantile
from assistant.evaluation.metrics import METRICS, PER_QUESTION
from assistant.evaluation.records import Record

Figures = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Summary:
    """``slices`` are named ``en->fr`` (question and document language), ``category:…`` and ``type:…`` (media type)."""

    metrics: Figures
    slices: dict[str, Figures] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Summary:
        slices = {name: _figures(figures) for name, figures in values.get("slices", {}).items()}
        return cls(_figures(values["metrics"]), slices, values.get("settings", {}))


def _figures(values: Mapping[str, Any]) -> Figures:
    return {
        name: Estimate(**{key: given[key] for key in ("value", "low", "high", "n")}) for name, given in values.items()
    }


def summarise(records: Sequence[Record], settings: Mapping[str, Any], *, seed: int) -> Summary:
    """Questions are what is resampled: a question asked several times counts once, with the mean of its scores."""
    slices: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for name in slice_names(record):
            slices[name].append(record)
    told = {name: figures(part, seed=seed) for name, part in sorted(slices.items())}
    return Summary(figures(records, seed=seed), told, settings)


def slice_names(record: Record) -> Iterator[str]:
    if record.pair:
        yield record.pair
    if record.category:
        yield f"category:{record.category}"
    for media_type in sorted(set(record.expected.get("media_types", ()))):
        yield f"type:{media_type}"


def figures(records: Sequence[Record], *, seed: int) -> Figures:
    """Every metric over these records, in the order of `METRICS`."""
    out: Figures = {name: mean(list(values(records, name).values()), seed=seed) for name in PER_QUESTION}
    sure, unsure = (confidences([each for each in records if each.answerable == kind]) for kind in (True, False))
    out["abstain.auroc"] = auroc(list(sure.values()), list(unsure.values()), seed=seed)
    waited = list(latencies(records).values())
    out["latency.p50_ms"], out["latency.p95_ms"] = (quantile(waited, q, seed=seed) for q in (0.5, 0.95))
    return {name: out[name] for name in METRICS}


def values(records: Iterable[Record], metric: str) -> dict[str, float]:
    """The scores of a metric by question, without those that could not be scored."""
    return _by_question((record.id, record.scores.get(metric)) for record in records)


def confidences(records: Iterable[Record]) -> dict[str, float]:
    return _by_question((record.id, (record.answer or {}).get("confidence")) for record in records)


def latencies(records: Iterable[Record]) -> dict[str, float]:
    """Milliseconds to the whole answer."""
    return _by_question((record.id, (record.answer or {}).get("timings_ms", {}).get("total")) for record in records)


def _by_question(scores: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    several: dict[str, list[float]] = defaultdict(list)
    for id, score in scores:
        if score is not None:
            several[id].append(score)
    return {id: fmean(given) for id, given in several.items()}
