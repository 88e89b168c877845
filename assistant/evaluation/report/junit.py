"""A run as JUnit XML: a suite per category, a test case per question, so that CI shows what broke by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from xml.etree import ElementTree

from assistant.evaluation.failures import EXPLAINED
from assistant.evaluation.records import Record

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(records: Sequence[Record], *, name: str) -> str:
    """An answer that is wrong is a failure, a question that raised is an error."""
    suites: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        suites[record.category or "questions"].append(record)
    root = ElementTree.Element("testsuites", {"name": _clean(name), **_counts(records)})
    for category, part in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(category), **_counts(part)})
        for record in part:
            _case(suite, record, category)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, record: Record, category: str) -> None:
    title = f"{record.id}: {record.question}" + (f" (time {record.repeat})" if record.repeat > 1 else "")
    named = {"classname": _clean(category), "name": _clean(title), "time": f"{_seconds(record):.3f}"}
    case = ElementTree.SubElement(suite, "testcase", named)
    if record.failure == "error":
        ElementTree.SubElement(case, "error", {"message": _clean(record.error or "")})
    elif record.failure:
        failure = ElementTree.SubElement(
            case, "failure", {"type": record.failure, "message": EXPLAINED[record.failure]}
        )
        expected = " | ".join(record.expected.get("answers", ())) or "no answer"
        failure.text = _clean(f"expected: {expected}\nanswered: {(record.answer or {}).get('text', '')}")


def _counts(records: Sequence[Record]) -> dict[str, str]:
    errors = sum(record.failure == "error" for record in records)
    return {
        "tests": str(len(records)),
        "failures": str(sum(bool(record.failure) for record in records) - errors),
        "errors": str(errors),
        "time": f"{sum(map(_seconds, records)):.3f}",
    }


def _seconds(record: Record) -> float:
    return float((record.answer or {}).get("timings_ms", {}).get("total") or 0) / 1000


def _clean(text: str) -> str:
    """XML 1.0 cannot hold control characters, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
