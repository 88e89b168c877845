"""Canned questions, read from JSON lines, YAML or CSV. A bad line is named by file and line, and nothing runs."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant.errors import UsageError
from assistant.evaluation.rows import Row, read_rows
from assistant.types import Turn

FIELDS = (
    "id", "question", "lang", "answers", "doc_ids", "evidence", "answerable", "history", "corpus_lang", "category",
)  # fmt: skip

# What published question sets say about their questions, and what people note in their own. Read over, never scored.
NOTES = frozenset({
    "meta", "note", "notes", "source", "type", "level", "domain", "turn", "title", "url", "label", "context",
    "cited", "company", "reasoning", "justification", "written_against", "evidence_raw", "doc_name", "is_title",
    "answerability", "question_type", "multi_turn", "doc_groups", "answer_parts", "answers_question_lang",
})  # fmt: skip
_COLUMN = 10  # an unknown field on as many lines is a column of somebody's own, on fewer a slip
_SHOWN = 10


class _Bad(ValueError):
    """What is wrong with one row."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question and what is expected of its answer."""

    id: str
    question: str
    lang: str | None = None
    """ISO 639-1, of the question."""
    answers: tuple[str, ...] = ()
    """Any of them is right."""
    doc_ids: tuple[str, ...] = ()
    """The documents that hold the answer: ids, or the names of their files."""
    evidence: tuple[str, ...] = ()
    """Verbatim from those documents."""
    answerable: bool = True
    history: tuple[Turn, ...] = ()
    corpus_lang: str | None = None
    """Search documents of this language only."""
    category: str | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file of questions."""

    path: Path
    cases: tuple[Case, ...]
    unread: tuple[str, ...] = ()
    """Columns of the file's own, which nothing here reads."""

    @property
    def fingerprint(self) -> str:
        """The same for the same questions and expectations, whatever the format, the order of fields, the notes."""
        facts = [{**asdict(case), "line": 0} for case in self.cases]
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def where(self, case: Case) -> str:
        return f"{self.path}:{case.line}"

    def sample(self, limit: int | None, *, seed: int) -> Dataset:
        """``limit`` questions drawn at random, in the file's order: files are often sorted by topic or language."""
        if limit is None or limit >= len(self.cases):
            return self
        from random import Random

        drawn = sorted(Random(seed).sample(range(len(self.cases)), limit))
        return replace(self, cases=tuple(self.cases[i] for i in drawn))


def load(path: Path) -> Dataset:
    """Read a file of questions. Raises `UsageError` that names every bad line, ten at most."""
    rows = read_rows(path)
    if not rows:
        raise UsageError(f"{path}: no questions in it. Write one per line; docs/evaluation.md shows the fields.")
    columns = Counter(name for row in rows for name in row.values)
    own = {name for name, count in columns.items() if count >= _COLUMN and not _slip(name)}
    cases: list[Case] = []
    problems: list[str] = []
    for row in rows:
        try:
            cases.append(_case(row, own | NOTES))
        except _Bad as bad:
            problems.append(f"{path}:{row.line}: {bad}")
    problems += _repeated(path, cases)
    if problems:
        raise UsageError(listed(problems))
    return Dataset(path, tuple(cases), tuple(sorted(own - {*FIELDS} - NOTES)))


def listed(problems: Sequence[str]) -> str:
    """The first ten problems, a line each, and how many more there are."""
    more = len(problems) - _SHOWN
    return "\n".join([*problems[:_SHOWN], *([f"… and {more} more"] if more > 0 else [])])


def _case(row: Row, allowed: frozenset[str] | set[str]) -> Case:
    values = row.values
    for name in values:
        if name not in FIELDS and name not in allowed:
            raise _Bad(_unknown(name))
    return Case(
        id=_needed(values, "id"),
        question=_needed(values, "question"),
        lang=_word(values, "lang"),
        answers=_texts(values, "answers"),
        doc_ids=_texts(values, "doc_ids"),
        evidence=_texts(values, "evidence"),
        answerable=_flag(values, "answerable", default=True),
        history=turns(_messages(values)),
        corpus_lang=_word(values, "corpus_lang"),
        category=_word(values, "category"),
        line=row.line,
    )


def _slip(name: str) -> str | None:
    """The field that an unknown name was probably meant to be."""
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    if name in FIELDS or name in NOTES:
        return None
    if plain in FIELDS:
        return plain
    close = difflib.get_close_matches(plain, FIELDS, n=1, cutoff=0.8)
    return close[0] if close else None


def _unknown(name: str) -> str:
    meant = _slip(name)
    hint = f"did you mean {meant!r}?" if meant else "put notes of your own under 'meta'."
    return f"unknown field {name!r}; {hint} The fields are {', '.join(FIELDS)}."


def _needed(values: Mapping[str, Any], name: str) -> str:
    text = _word(values, name)
    if not text:
        raise _Bad(f"the field {name!r} is missing or empty")
    return text


def _word(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    return _scalar(value, name).strip() or None


def _scalar(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Bad(f"{name!r} must be text, not {json.dumps(value, ensure_ascii=False, default=str)[:60]}")
    return str(value)


def _texts(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = values.get(name)
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(text for item in items if (text := _scalar(item, name)).strip())


def _flag(values: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = values.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "yes", "1"}:
        return True
    if word in {"false", "no", "0"}:
        return False
    raise _Bad(f"{name!r} must be true or false, not {value!r}")


def _messages(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    history = values.get("history") or []
    if not isinstance(history, list):
        raise _Bad("'history' must be a list of {role, content}")
    messages: list[tuple[str, str]] = []
    for item in history:
        if not isinstance(item, dict) or item.get("role") not in {"user", "assistant"} or "content" not in item:
            raise _Bad("every item of 'history' needs a role ('user' or 'assistant') and a content")
        messages.append((item["role"], _scalar(item["content"], "content")))
    return messages


def turns(messages: Sequence[tuple[str, str]]) -> tuple[Turn, ...]:
    """Messages as exchanges. What the assistant says before the first question is a greeting, and left out.

    >>> [(turn.question, turn.answer) for turn in turns([("user", "Who?"), ("assistant", "Trump."), ("user", "When?")])]
    [('Who?', 'Trump.'), ('When?', '')]
    """
    out: list[Turn] = []
    for role, content in messages:
        if role == "user":
            out.append(Turn(content, ""))
        elif out:
            out[-1] = replace(out[-1], answer=f"{out[-1].answer}\n{content}".strip())
    return tuple(out)


def _repeated(path: Path, cases: Sequence[Case]) -> Iterator[str]:
    first: dict[str, int] = {}
    for case in cases:
        if case.id in first:
            yield f"{path}:{case.line}: the id {case.id!r} is taken by line {first[case.id]}"
        first.setdefault(case.id, case.line)
