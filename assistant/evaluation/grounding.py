"""Questions held against the library before anything is asked: the documents and the evidence must be there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath

from assistant.errors import UsageError
from assistant.evaluation import quotes
from assistant.evaluation.dataset import Case, Dataset, listed
from vectorstore.types import DocumentRef


def ground(dataset: Dataset, documents: Iterable[DocumentRef], text: quotes.Text) -> Dataset:
    """The questions with their documents' ids in place of file names.

    A ``doc_ids`` entry is an id, or the end of a path (``news.txt``, ``2017/news.txt``). Raises `UsageError` that names
    by file and line every document that is not in the library, and all evidence that is in none of its documents.
    """
    refs = {ref.id: ref for ref in documents}
    by_name: dict[str, set[str]] = defaultdict(set)
    for ref in refs.values():
        by_name[PurePath(ref.source).name].add(ref.id)
    problems: list[str] = []
    cases: list[Case] = []
    for case in dataset.cases:
        ids: list[str] = []
        for wanted in case.doc_ids:
            found = (
                [wanted] if wanted in refs else _by_path(wanted, [refs[id] for id in by_name[PurePath(wanted).name]])
            )
            if len(found) != 1:
                problems.append(f"{dataset.where(case)}: {_not_one(wanted, found)}")
            ids += found[:1]
        if case.corpus_lang and not any(ref.language == case.corpus_lang for ref in refs.values()):
            problems.append(
                f"{dataset.where(case)}: no document of the library is in {case.corpus_lang!r} (corpus_lang)"
            )
        cases.append(replace(case, doc_ids=tuple(ids)))
    problems += problems or [problem for case in cases for problem in _astray(dataset, case, text)]
    if problems:
        raise UsageError(listed(problems))
    return replace(dataset, cases=tuple(cases))


def _by_path(wanted: str, named: Sequence[DocumentRef]) -> list[str]:
    parts = PurePath(wanted).parts
    return [ref.id for ref in named if PurePath(ref.source).parts[-len(parts) :] == parts]


def _not_one(wanted: str, found: Sequence[str]) -> str:
    if found:
        ids = ", ".join(found[:3])
        return f"{wanted!r} is the name of {len(found)} documents; write more of the path, or the id ({ids})"
    return f"no document {wanted!r} in the library; name its id or its file, or bring it in with --docs"


def _astray(dataset: Dataset, case: Case, text: quotes.Text) -> Iterable[str]:
    if not case.doc_ids or not case.evidence:
        return
    texts = [text(id) or "" for id in case.doc_ids]
    for piece in case.evidence:
        if not any(quotes.stands_in(piece, text) for text in texts):
            yield f"{dataset.where(case)}: the evidence {piece[:60]!r} is not in {', '.join(case.doc_ids)}"
