"""A run as one HTML file: no network, no need of JavaScript, everything in it escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from assistant.evaluation.compare import Change
from assistant.evaluation.records import Record
from assistant.evaluation.report import view
from assistant.evaluation.report.markdown import shown, signed
from assistant.evaluation.summary import Summary
from assistant.evaluation.thresholds import Threshold


def html(
    summary: Summary,
    records: Sequence[Record],
    *,
    changes: Sequence[Change] = (),
    thresholds: Sequence[Threshold] = (),
) -> str:
    """The whole page."""
    slice_metrics, slices = view.slices(summary)
    wrong = sum(bool(record.failure) for record in records)
    return _template().render(
        settings=summary.settings,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        count=len(records),
        wrong=wrong,
        tiles=view.tiles(summary),
        layers=view.layers(summary),
        thresholds=[(each, summary.metrics[each.metric].value, each.kept(summary.metrics)) for each in thresholds],
        changes=[change for change in changes if change.verdict in {"better", "worse"}],
        changes_within_noise=sum(change.verdict in {"noise", "same"} for change in changes),
        matrices=view.matrices(summary),
        slice_metrics=slice_metrics,
        slices=slices,
        refusals=view.refusals(records),
        auroc=summary.metrics["abstain.auroc"],
        calibration=view.calibration(records),
        curve=view.refusal_curve(records),
        reasons=view.reasons(records),
        worst=view.worst(records),
        style=_part("report.css"),
        script=_part("report.js"),
    )


def _part(name: str) -> Markup:
    """Our own style or script: the only text that goes in as it is."""
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = lambda value, metric: shown(metric, value)
    environment.filters["signed"] = lambda value, metric: signed(metric, value)
    return environment.from_string(files(__package__).joinpath("report.html.jinja").read_text(encoding="utf-8"))
