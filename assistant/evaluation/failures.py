"""Why an answer went wrong: the first step at which what was needed got lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from assistant.evaluation import quotes
from assistant.evaluation.dataset import Case
from assistant.evaluation.metrics import Scores, refused
from assistant.evaluation.targets import Place, Reply

Failure = Literal["error", "answered though unanswerable", "refused", "not retrieved", "not chosen", "wrong sentence"]

FAILURES: tuple[Failure, ...] = get_args(Failure)
EXPLAINED: dict[str, str] = {
    "error": "the question raised an error",
    "answered though unanswerable": "the documents do not hold the answer, and one was given",
    "refused": "what was needed had been retrieved, and the answer was refused",
    "not retrieved": "no passage of a relevant document, or none with the evidence, was found",
    "not chosen": "a relevant document was retrieved, and another one was cited",
    "wrong sentence": "the right document was cited, in the wrong place",
}


def failure(case: Case, reply: Reply, scores: Scores, text: quotes.Text) -> Failure | None:
    """Why the answer is wrong; None where it is right, or where nothing tells."""
    declined = refused(reply.answer)
    if not case.answerable:
        return "answered though unanswerable" if declined is False else None
    if declined is not True and not _wrong(scores):
        return None
    if reply.retrieved is not None and case.doc_ids and not _found(case, reply.retrieved, text):
        return "not retrieved"
    if declined:
        return "refused"
    return "not chosen" if _elsewhere(case, reply.answer) else "wrong sentence"


def _wrong(scores: Scores) -> bool:
    """Right by the words or by the evidence is right: a paraphrase has the one, a long quotation the other."""
    verdicts = [scores.get(name) for name in ("answer.contains", "citation.evidence", "judge.correctness")]
    known = [verdict for verdict in verdicts if verdict is not None]
    if not known and scores.get("citation.document") is not None:
        return scores["citation.document"] == 0
    return bool(known) and max(known) < 0.5


def _found(case: Case, retrieved: Sequence[Place], text: quotes.Text) -> bool:
    relevant = [place for place in retrieved if place.document_id in case.doc_ids]
    if not relevant or not case.evidence:
        return bool(relevant)
    return any(_holds(place, piece, text(place.document_id) or "") for place in relevant for piece in case.evidence)


def _holds(place: Place, evidence: str, text: str) -> bool:
    spans = quotes.places(evidence, text)
    if spans:
        return any(start < place.end and place.start < end for start, end in spans)
    passage, wanted = quotes.plain(text[place.start : place.end]), quotes.plain(evidence)
    return bool(passage) and (wanted in passage or passage in wanted)


def _elsewhere(case: Case, answer: Mapping[str, Any]) -> bool:
    cited = {citation["document"]["id"] for citation in answer.get("citations") or ()}
    return bool(case.doc_ids) and not cited & set(case.doc_ids)
