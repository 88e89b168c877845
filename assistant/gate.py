"""How likely the library holds an answer, asked before a model is: the figure the quoting answerer goes by."""

from __future__ import annotations

from assistant.generate import Confidence
from assistant.types import Answer, Answerer, Question, Read
from vectorstore.types import Retrieval


def gate(quoting: Answerer, read: Read) -> Confidence:
    """The confidence of another answerer over the same passages; a few milliseconds without a model."""

    def likelihood(question: Question, retrieval: Retrieval) -> float:
        events = quoting(question, retrieval, read)
        return next((event.confidence for event in events if isinstance(event, Answer)), 0.0)

    return likelihood
