"""Cases written to a file of questions, in YAML for people or JSON lines for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import UsageError
from assistant.evaluation.dataset import Case, load
from assistant.evaluation.records import replace_text

HEAD = """\
# Questions for: assistant eval run {name}
# Prune by hand: throw out what nobody would ask, reword what is left, and correct what is expected.
# A case lives from what it expects: answers (any of them is right), doc_ids (id or file name), evidence (verbatim).
# Add questions that your documents do not answer, or nothing measures refusals:
#
# - id: unrelated
#   question: Something your documents have nothing to do with?
#   lang: en
#   answerable: false
#   category: unrelated        # others worth having: nearly related, false premise, nonsense
"""


def write_new(path: Path, cases: Sequence[Case]) -> None:
    """A new file of questions. Raises `UsageError` where there is one already: somebody may have pruned it."""
    if path.exists():
        raise UsageError(f"{path} is there already. Name another file, or delete it.")
    _check_suffix(path)
    head = HEAD.format(name=path.name) + "\n" if _yaml(path) else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, head + "".join(_written(path, case) for case in cases))


def append(path: Path, case: Case) -> None:
    """Add a case to a file of questions, which is made if need be.

    Raises `UsageError` where the file cannot be read as one, or has the case already.
    """
    _check_suffix(path)
    before = ""
    if path.exists():
        before = path.read_text(encoding="utf-8-sig")
        if any(other.id == case.id for other in load(path).cases):
            raise UsageError(f"{path} has the case {case.id!r} already.")
    if before and not before.endswith("\n"):
        before += "\n"
    replace_text(path, before + _written(path, case))


def fields_of(case: Case) -> dict[str, Any]:
    """The case as its file would have it, without what is empty or goes without saying."""
    history = [
        {"role": role, "content": content}
        for turn in case.history
        for role, content in (("user", turn.question), ("assistant", turn.answer))
        if content
    ]
    every = {
        "id": case.id,
        "question": case.question,
        "lang": case.lang,
        "answers": list(case.answers),
        "doc_ids": list(case.doc_ids),
        "evidence": list(case.evidence),
        "answerable": None if case.answerable else False,
        "history": history,
        "corpus_lang": case.corpus_lang,
        "category": case.category,
    }
    return {name: value for name, value in every.items() if value is not None and value != []}


def _written(path: Path, case: Case) -> str:
    if _yaml(path):
        text: str = yaml.safe_dump([fields_of(case)], allow_unicode=True, sort_keys=False, width=110)
        return text
    return json.dumps(fields_of(case), ensure_ascii=False) + "\n"


def _yaml(path: Path) -> bool:
    return path.suffix.lower() in {".yaml", ".yml"}


def _check_suffix(path: Path) -> None:
    if not _yaml(path) and path.suffix.lower() not in {".jsonl", ".ndjson"}:
        raise UsageError(f"{path}: questions are written to .yaml or .jsonl files.")
