"""A run as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from assistant.evaluation.compare import Change, flipped
from assistant.evaluation.failures import EXPLAINED, FAILURES
from assistant.evaluation.intervals import Estimate
from assistant.evaluation.metrics import METRICS
from assistant.evaluation.records import Record
from assistant.evaluation.summary import Summary
from assistant.evaluation.thresholds import Threshold

_ARROWS = {"better": "▲ better", "worse": "▼ worse", "noise": "within noise", "same": "the same", "not judged": "–"}


def markdown(
    summary: Summary,
    records: Sequence[Record],
    *,
    changes: Sequence[Change] = (),
    thresholds: Sequence[Threshold] = (),
) -> str:
    """Figures, what missed its threshold, what changed against the baseline, and why answers went wrong."""
    said = summary.settings
    asked, model = cell(str(said.get("questions", "Evaluation"))), cell(str(said.get("model", "the assistant")))
    parts = [f"### {asked}: {len(records):,} questions to {model}"]
    missed = [threshold for threshold in thresholds if not threshold.kept(summary.metrics)]
    if thresholds:
        kept = len(thresholds) - len(missed)
        parts.append(
            f"**{kept} of {len(thresholds)} thresholds kept.**" + "".join(f"\n- missed: `{each}`" for each in missed)
        )
    parts.append(figures_table(summary))
    if changes:
        parts.append(changes_table(changes))
    if reasons := Counter(record.failure for record in records if record.failure):
        rows = [f"| {name} | {reasons[name]} | {EXPLAINED[name]} |" for name in FAILURES if reasons[name]]
        parts.append("\n".join(["| wrong because | questions | |", "|---|---:|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def figures_table(summary: Summary) -> str:
    rows = [
        f"| `{name}` | **{shown(name, got.value)}** | {interval(name, got)} | {got.n} |"
        for name, got in summary.metrics.items()
        if got.value is not None
    ]
    return "\n".join(["| metric | value | 95 % interval | n |", "|---|---:|---:|---:|", *rows])


def changes_table(changes: Sequence[Change]) -> str:
    """The changes that stand out first, and in words."""
    order = {"worse": 0, "better": 1, "noise": 2, "not judged": 3, "same": 4}
    rows = [
        f"| `{each.metric}` | {shown(each.metric, each.before)} | {shown(each.metric, each.after)} | "
        f"{signed(each.metric, each.difference)} | {_between(each)} | {_ARROWS[each.verdict]} |"
        for each in sorted(changes, key=lambda change: order[change.verdict])
    ]
    head = "| against the baseline | before | after | difference | 95 % interval | |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---|", *rows])


def flips_table(before: Sequence[Record], after: Sequence[Record], *, most: int = 20) -> str:
    """The questions that went from right to wrong or back, losses first."""
    texts = {record.id: record.question for record in after}
    moved = [
        (metric, *flip)
        for metric in ("answer.contains", "citation.evidence")
        for flip in flipped(before, after, metric)
    ]
    rows = [f"| `{metric}` | {old:g} → {new:g} | {cell(id)} | {cell(texts[id])} |" for metric, id, old, new in moved]
    more = [f"| | | | … and {len(rows) - most} more |"] if len(rows) > most else []
    return "\n".join(["| metric | score | id | question |", "|---|---|---|---|", *rows[:most], *more])


def cell(text: str) -> str:
    """One line of a table, nothing in it meant as Markdown or HTML.

    >>> cell("a|b <i>")
    'a\\\\|b &lt;i&gt;'
    """
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", flat)


def shown(metric: str, value: float | None) -> str:
    """A share with three decimals, a time or a count without.

    >>> shown("answer.f1", 0.5), shown("latency.p50_ms", 1234.5), shown("answer.f1", None)
    ('0.500', '1,234', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3f}" if METRICS[metric].share else f"{value:,.0f}"


def signed(metric: str, value: float) -> str:
    return f"{value:+.3f}" if METRICS[metric].share else f"{value:+,.0f}"


def interval(metric: str, got: Estimate) -> str:
    return f"{shown(metric, got.low)} – {shown(metric, got.high)}"


def _between(change: Change) -> str:
    if change.low is None or change.high is None:
        return "–"
    return f"{signed(change.metric, change.low)} – {signed(change.metric, change.high)}"
