"""Thresholds for continuous integration: the worst value that is still good enough."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.errors import UsageError
from assistant.evaluation.dataset import Dataset
from assistant.evaluation.metrics import METRICS
from assistant.evaluation.summary import Figures


@dataclass(frozen=True, slots=True)
class Threshold:
    """A floor, or a ceiling for a metric of which less is better."""

    metric: str
    value: float

    def kept(self, figures: Figures) -> bool | None:
        """None where no question was scored for the metric."""
        got = figures[self.metric].value
        if got is None:
            return None
        return got >= self.value if METRICS[self.metric].more_is_better else got <= self.value

    def __str__(self) -> str:
        return f"{self.metric}={self.value:g}"


def parse(given: Iterable[str]) -> list[Threshold]:
    """``METRIC=VALUE`` each. Raises `UsageError` for an unknown metric or something that is no number."""
    out: list[Threshold] = []
    for text in given:
        name, _, value = text.partition("=")
        if name.strip() not in METRICS:
            close = difflib.get_close_matches(name, METRICS, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]!r}?" if close else ""
            raise UsageError(f"--fail-under {text}: no metric {name!r}; {hint} There are {', '.join(METRICS)}.")
        try:
            number = float(value)
        except ValueError:
            raise UsageError(
                f"--fail-under {text}: {value!r} is no number. Write METRIC=VALUE, as in answer.f1=0.5"
            ) from None
        if number != number:
            raise UsageError(f"--fail-under {text}: {value!r} is no threshold.")
        out.append(Threshold(name.strip(), number))
    return out


def check(thresholds: Sequence[Threshold], dataset: Dataset, *, judged: bool, hidden: frozenset[str]) -> None:
    """Raises `UsageError` for a threshold that these questions, or this target, can never give a value for.

    ``hidden`` are the metrics that the target does not show enough for.
    """
    has = {
        "doc_ids": any(case.doc_ids for case in dataset.cases),
        "answers": any(case.answers for case in dataset.cases),
        "evidence": any(case.evidence for case in dataset.cases),
        "answerable": any(case.answerable for case in dataset.cases),
        "unanswerable": not all(case.answerable for case in dataset.cases),
        "judge": judged,
        "anything": True,
    }
    has["both"] = has["answerable"] and has["unanswerable"]
    lacks = {
        "judge": "there is no judge; name one with --judge",
        "both": "it takes both answerable and unanswerable questions",
    }
    for threshold in thresholds:
        needs = METRICS[threshold.metric].needs
        if threshold.metric in hidden:
            raise UsageError(
                f"--fail-under {threshold}: the endpoint does not show what {threshold.metric} is computed from."
            )
        if not has[needs]:
            why = lacks.get(needs, f"no question of {dataset.path} has {needs}")
            why = why.replace("has answerable", "is answerable").replace("has unanswerable", "is unanswerable")
            raise UsageError(f"--fail-under {threshold}: {threshold.metric} cannot be computed: {why}.")
