"""The answerer without a model: quotes the sentences that answer, or says that none does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant import wording
from assistant.asked import Asked, read_question
from assistant.bridging import completed
from assistant.choosing import choose, probabilities
from assistant.confidence import THRESHOLD, confidence, evidence
from assistant.contradictions import both_sides, contradiction, notice, told
from assistant.differing import Contradiction
from assistant.markup import inert, visible
from assistant.signals import Sentence, candidates, features
from assistant.types import (
    Citation,
    CitationFound,
    Closest,
    Delta,
    Event,
    Outlook,
    Passage,
    Question,
    Read,
    Statement,
    unanswered,
)
from vectorstore.types import Document, Retrieval, Span

if TYPE_CHECKING:
    from vectorstore.embeddings import Embedding

CLOSEST = 3
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The sentences at hand, each one's share in being the answer, and how likely any of them is."""

    asked: Asked | None
    held: Sequence[Sentence]
    shares: NDArray[np.float64]
    confidence: float


@dataclass(frozen=True, slots=True)
class Extractive:
    """Answers with up to ``max_sentences`` whole sentences; refuses below the confidence ``threshold``.

    ``embedding`` is the local model the choice was fitted with; without one, keywords decide alone.
    """

    embedding: Embedding | None = None
    threshold: float = THRESHOLD
    max_sentences: int = 3

    def __call__(self, question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        weighed = self._weigh(question, retrieval)
        if weighed.confidence < self.threshold or not weighed.held:
            order = np.argsort(-weighed.shares, kind="stable")
            yield from _refuse(question, weighed.confidence, [weighed.held[i] for i in order])
        else:
            groups = self._chosen(weighed)
            found = _contradiction(weighed, groups)
            quoted = both_sides(groups, found, self.max_sentences) if found else groups
            yield from _quote(question, weighed.confidence, quoted, read, found)

    def outlook(self, question: Question, retrieval: Retrieval) -> Outlook:
        """What any answerer may decide by before it asks a model."""
        weighed = self._weigh(question, retrieval)
        return Outlook(weighed.confidence, _contradiction(weighed, self._chosen(weighed)))

    def _chosen(self, weighed: _Weighed) -> Sequence[Sequence[Sentence]]:
        if weighed.asked is None:
            return []
        groups = choose(weighed.held, weighed.shares, self.max_sentences)
        return completed(weighed.asked, weighed.held, weighed.shares, groups, self.max_sentences)

    def _weigh(self, question: Question, retrieval: Retrieval) -> _Weighed:
        held = candidates(retrieval)
        if not held:
            return _Weighed(None, held, np.empty(0), 0.0)
        asked = read_question(question, retrieval, [sentence.terms for sentence in held])
        table = features(asked, held, self.embedding)
        shares = probabilities(table)
        sure = confidence(evidence(asked, retrieval, held, table, shares))
        return _Weighed(asked, held, shares, sure)


def _contradiction(weighed: _Weighed, groups: Sequence[Sequence[Sentence]]) -> Contradiction | None:
    if weighed.asked is None:
        return None
    quoted = [sentence for group in groups for sentence in group]
    return contradiction(weighed.asked, weighed.held, weighed.shares, quoted)


def _refuse(question: Question, sure: float, ranked: Sequence[Sentence]) -> Iterator[Event]:
    text = wording.not_held(question.language)
    yield Delta(text)
    nearest: dict[str, Closest] = {}
    for sentence in ranked:
        chunk = sentence.hit.chunk
        nearest.setdefault(chunk.id, Closest(sentence.hit.document, sentence.start, sentence.end, sentence.text))
    yield replace(
        unanswered(question),
        confidence=round(sure, 3),
        text=text,
        closest=tuple(nearest.values())[:CLOSEST],
    )


def _quote(
    question: Question,
    sure: float,
    groups: Sequence[Sequence[Sentence]],
    read: Read,
    found: Contradiction | None = None,
) -> Iterator[Event]:
    """One line a group: the quote in its marks, and its marker."""
    text = ""
    citations: list[Citation] = []
    statements: list[Statement] = []
    for marker, group in enumerate(groups, start=1):
        document = read(group[0].hit.chunk.document_id)
        start, end = group[0].start, group[-1].end
        quote = document.text[start:end]
        lead = "\n" if text else ""
        said = wording.quoted(_shown(quote), question.language)
        at = len(text) + len(lead)
        place = Span(at + len(said) + 1, at + len(said) + 1 + len(f"[{marker}]"))
        citation = Citation(
            marker=marker,
            answer_spans=(place,),
            document=document.ref,
            quote=quote,
            start=start,
            end=end,
            page=document.page_at(start),
            heading=document.heading_at(start),
            passage=_surroundings(document, group),
            verification="exact",
            score=round(max(sentence.hit.score for sentence in group), 4),
        )
        piece = f"{lead}{said} [{marker}]"
        text += piece
        citations.append(citation)
        statements.append(Statement(at, place.end, (marker,), "quoted"))
        yield Delta(piece)
        yield CitationFound(citation)
    yield replace(
        unanswered(question),
        status="answered",
        confidence=round(sure, 3),
        text=text,
        citations=tuple(citations),
        statements=tuple(statements),
        notices=(
            *((notice(found, citations, question.language),) if found else ()),
            *_notices(question, citations),
        ),
        disagreements=(told(found, citations),) if found else (),
    )


def _shown(quote: str) -> str:
    """The quote on one line, without what a renderer could make a link, an image or a tag of."""
    return inert(visible(_SPACES.sub(" ", quote)))


def _surroundings(document: Document, group: Sequence[Sentence]) -> Passage:
    """The chunks the quote was found in."""
    start = min(sentence.hit.chunk.start for sentence in group)
    end = max(sentence.hit.chunk.end for sentence in group)
    return Passage(start, end, document.text[start:end])


def _notices(question: Question, citations: Sequence[Citation]) -> tuple[str, ...]:
    foreign: dict[str, tuple[int, ...]] = {}
    for citation in citations:
        spoken = citation.document.language
        if spoken and spoken != question.language:
            foreign[spoken] = (*foreign.get(spoken, ()), citation.marker)
    return tuple(wording.foreign(spoken, markers, question.language) for spoken, markers in foreign.items())
