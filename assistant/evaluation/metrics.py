"""The metrics: what each says, and the scores of one question. What cannot be scored is None, and not counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assistant.evaluation import quotes, ranking
from assistant.evaluation.dataset import Case
from assistant.evaluation.targets import Reply
from assistant.evaluation.text import contains, f1, own_words, without_markers

Scores = dict[str, float | None]
Detect = Callable[[str], str]
"""The language of a text, ISO 639-1; empty where it cannot be told (`vectorstore.language.detect` is one)."""

Needs = Literal["doc_ids", "answers", "evidence", "unanswerable", "answerable", "both", "judge", "anything"]


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    says: str
    needs: Needs = "anything"
    """What a file of questions must have for it."""
    more_is_better: bool = True
    share: bool = True
    """Between 0 and 1; otherwise in the unit that the name ends with."""


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("retrieval.recall@1", "relevant documents found first", "doc_ids"),
        Metric("retrieval.recall@5", "relevant documents among the first 5", "doc_ids"),
        Metric("retrieval.recall@10", "relevant documents among the first 10", "doc_ids"),
        Metric("retrieval.mrr", "1 over the rank of the first relevant document", "doc_ids"),
        Metric("retrieval.ndcg@10", "how near the first 10 documents come to the best order", "doc_ids"),
        Metric("answer.contains", "answers that hold an expected answer", "answers"),
        Metric("answer.f1", "words shared with the expected answer", "answers"),
        Metric("answer.language", "answers whose own words are in the question's language"),
        Metric("citation.present", "answers with a citation"),
        Metric("citation.valid", "quotes that stand at their offsets, word for word"),
        Metric("citation.document", "citations of a relevant document", "doc_ids"),
        Metric("citation.evidence", "answers with a quote that overlaps the evidence", "evidence"),
        Metric("abstain.refused_unanswerable", "unanswerable questions refused, as they should be", "unanswerable"),
        Metric("abstain.refused_answerable", "answerable questions refused", "answerable", more_is_better=False),
        Metric("abstain.auroc", "how well confidence tells the two apart", "both"),
        Metric("judge.correctness", "answers the judge holds to be right", "judge"),
        Metric("judge.faithfulness", "answers the judge holds to follow from their quotes", "judge"),
        Metric("latency.p50_ms", "time to the whole answer, median", more_is_better=False, share=False),
        Metric("latency.p95_ms", "time to the whole answer, 95th percentile", more_is_better=False, share=False),
        Metric("usage.input_tokens", "tokens read by the model, per question", more_is_better=False, share=False),
        Metric("usage.output_tokens", "tokens written by the model, per question", more_is_better=False, share=False),
        Metric("run.errors", "questions that failed", more_is_better=False),
    )
}

PER_QUESTION = tuple(name for name in METRICS if name not in {"abstain.auroc", "latency.p50_ms", "latency.p95_ms"})


def score(case: Case, reply: Reply | None, *, text: quotes.Text, detect: Detect) -> Scores:
    """Every metric of one question, but for the judge's; all None but ``run.errors`` where the question failed."""
    scores: Scores = dict.fromkeys(PER_QUESTION)
    scores["run.errors"] = float(reply is None)
    if reply is None:
        return scores
    return {
        **scores,
        **_retrieval(case, reply),
        **_answer(case, reply.answer, detect),
        **_citation(case, reply.answer, text),
        **_abstain(case, reply.answer),
        **_usage(reply.answer),
    }


def refused(answer: Mapping[str, Any]) -> bool | None:
    """Whether the assistant said that the documents do not hold it; None where the endpoint does not say."""
    status = answer.get("status")
    return None if status is None else status == "not_in_documents"


def _retrieval(case: Case, reply: Reply) -> Scores:
    if not case.doc_ids or reply.retrieved is None:
        return {}
    found = ranking.by_document([place.document_id for place in reply.retrieved])
    recalls = {f"retrieval.recall@{k}": ranking.recall(found, case.doc_ids, k) for k in (1, 5, 10)}
    return {
        **recalls,
        "retrieval.mrr": ranking.reciprocal_rank(found, case.doc_ids),
        "retrieval.ndcg@10": ranking.ndcg(found, case.doc_ids, 10),
    }


def _answer(case: Case, answer: Mapping[str, Any], detect: Detect) -> Scores:
    scores: Scores = {}
    if case.answers:
        said = "" if refused(answer) else without_markers(answer["text"])
        language = case.corpus_lang or case.lang
        scores["answer.contains"] = float(contains(said, case.answers, language))
        scores["answer.f1"] = f1(said, case.answers, language)
    own = own_words(answer["text"])
    if case.lang and own and (spoken := detect(own)):
        scores["answer.language"] = float(spoken == case.lang)
    return scores


def _citation(case: Case, answer: Mapping[str, Any], text: quotes.Text) -> Scores:
    citations = answer.get("citations")
    if citations is None or refused(answer):
        return {}
    scores: Scores = {"citation.present": float(bool(citations))}
    if not citations:
        return scores
    scores["citation.valid"] = sum(quotes.valid(citation, text) for citation in citations) / len(citations)
    if case.doc_ids:
        relevant = [citation["document"]["id"] in case.doc_ids for citation in citations]
        scores["citation.document"] = sum(relevant) / len(relevant)
    if case.evidence:
        scores["citation.evidence"] = float(quotes.touches_evidence(citations, case.evidence, case.doc_ids, text))
    return scores


def _abstain(case: Case, answer: Mapping[str, Any]) -> Scores:
    declined = refused(answer)
    if declined is None:
        return {}
    return {"abstain.refused_answerable" if case.answerable else "abstain.refused_unanswerable": float(declined)}


def _usage(answer: Mapping[str, Any]) -> Scores:
    usage = answer.get("usage") or {}
    return {f"usage.{name}": usage.get(name) for name in ("input_tokens", "output_tokens")}
