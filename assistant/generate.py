"""The answerer with a model: asks it for labels, and makes of what it writes an answer that can be checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assistant import wording
from assistant.cancellation import current
from assistant.composition import Composition
from assistant.context import Context, context
from assistant.contradictions import hint, notice, told
from assistant.differing import Contradiction
from assistant.exchange import Exchange
from assistant.faults import Fault
from assistant.history import within
from assistant.labels import NOT_IN_DOCUMENTS
from assistant.remarks import remarks
from assistant.resilience import Breaker, Limits, Patience
from assistant.statements import Supports, statements
from assistant.strictness import Checked, strict
from assistant.types import (
    Answer,
    Answerer,
    CitationFound,
    Closest,
    Delta,
    Event,
    Foresee,
    Outlook,
    Question,
    Read,
    Usage,
    unanswered,
)
from prompts.loader import Prompt, load
from vectorstore.types import Retrieval

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_MARKER = re.compile(r"\s?\[\d+\]")
_HISTORY = 4_500  # code points of earlier turns: enough to understand a follow-up
_CLOSEST = 3
_TOO_LONG = frozenset({"length", "max_tokens", "max_output_tokens"})  # as different services say it


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens."""

    input: float
    output: float
    cached: float | None = None

    def cost(self, usage: Usage) -> float:
        cached = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at answering: what was asked, what the model was shown of it, and what it wrote."""

    question: Question
    retrieval: Retrieval
    outlook: Outlook
    shown: Context
    composition: Composition
    exchange: Exchange


@dataclass(slots=True)
class Generated:
    """Answers with a model, and with ``fallback`` while the model's service fails.

    ``open_model`` is called once, at the first question, because clients take their time to import.
    Below the ``threshold`` of confidence the model is not asked. Without a ``fallback``, or where asking again
    is no use (a wrong key), a failing service raises `assistant.errors.ModelError`.
    """

    open_model: Callable[[], BaseChatModel]
    name: str
    foresee: Foresee
    supports: Supports
    fallback: Answerer | None = None
    threshold: float = 0.1
    context_tokens: int = 8_000
    limits: Limits = field(default_factory=Limits)
    strict: bool = False
    streaming: bool = True
    prices: Prices | None = None
    place: str = ""
    """The service's address, for messages."""
    told: Callable[[], str] = str
    """Said in the first answer: where the question went (see `assistant.announcement`)."""
    instructions: Prompt = field(default_factory=lambda: load("answer"))
    request: Prompt = field(default_factory=lambda: load("question"))
    breaker: Breaker = field(default_factory=Breaker)
    _model: BaseChatModel | None = None

    def __call__(self, question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        outlook = self.foresee(question, retrieval) if retrieval.hits else Outlook(0.0)
        if not retrieval.hits or outlook.confidence < self.threshold:
            yield from self._refuse(question, retrieval, outlook.confidence)
        elif not self.breaker.allows():
            yield from self._fall_back(Fault("resting"), question, retrieval, read)
        else:
            yield from self._ask(question, retrieval, read, outlook)

    @property
    def prompt_version(self) -> str:
        return Prompt("answer", self.instructions.text + self.request.text).version

    def _ask(
        self, question: Question, retrieval: Retrieval, read: Read, outlook: Outlook, budget: int | None = None
    ) -> Iterator[Event]:
        shown = context(retrieval.hits, budget=budget or self.context_tokens)
        known = [question.asked, question.text, *(hit.document.title for hit in retrieval.hits)]
        composition = Composition(shown.passages, read, known=known)
        exchange = self._exchange(self._messages(question, shown, outlook.contradiction))
        pieces = exchange.pieces()
        try:
            for piece in pieces:
                yield from self._passed_on(composition.feed(piece))
        finally:
            pieces.close()  # at once, not when the garbage collector comes round
        fault = exchange.fault
        self.breaker.report(failed=fault is not None and fault.passing)
        if fault and fault.reason == "context_too_small" and budget is None:
            yield from self._ask(question, retrieval, read, outlook, budget=self.context_tokens // 3)
            return
        if fault and not exchange.begun and fault.reason != "interrupted":
            if self.fallback is None or not fault.passing:
                raise fault.error(self.name, self.place) from exchange.error
            yield from self._fall_back(fault, question, retrieval, read)
            return
        yield from self._passed_on(composition.finish())
        yield from self._conclude(_Attempt(question, retrieval, outlook, shown, composition, exchange))

    def _passed_on(self, events: Iterator[Delta | CitationFound]) -> Iterator[Event]:
        """Nothing is shown early of a strict answer: what is written may be left out at the end."""
        if self.strict:
            for _ in events:
                pass
        else:
            yield from events

    def _exchange(self, messages: Sequence[BaseMessage]) -> Exchange:
        if self._model is None:
            self._model = self.open_model()
        limits = self.limits if self.streaming else replace(self.limits, first_text=self.limits.total)
        patience = Patience(limits, current())
        return Exchange(self._model, messages, patience, limits, streaming=self.streaming, name=self.name)

    def _messages(
        self, question: Question, shown: Context, contradiction: Contradiction | None = None
    ) -> list[BaseMessage]:
        """What never changes first: services keep the beginning of a prompt in their cache."""
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        messages: list[BaseMessage] = [SystemMessage(self.instructions.fill(sentinel=NOT_IN_DOCUMENTS))]
        for turn in within(question.history, question.text, _HISTORY):
            messages += [HumanMessage(turn.question or "(earlier)"), AIMessage(_MARKER.sub("", turn.answer))]
        language = wording.language_name(question.language, "en") if question.language else "as it is written"
        warning = hint(contradiction, shown.passages) if contradiction else ""
        passages = f"{shown.text}\n\n{warning}" if warning else shown.text
        messages.append(HumanMessage(self.request.fill(passages=passages, question=question.text, language=language)))
        return messages

    def _conclude(self, attempt: _Attempt) -> Iterator[Event]:
        """The record, once the model has ended or was given up."""
        question, composition = attempt.question, attempt.composition
        checked, unfamiliar = self._checked(question, composition)
        if self.strict:
            yield Delta(checked.text)
            yield from map(CitationFound, checked.citations)
        says_something = any(map(str.isalnum, checked.text))
        held = bool(checked.citations) or (says_something and not composition.gaps)
        if not held:
            attempt = replace(attempt, outlook=replace(attempt.outlook, contradiction=None))
        notices = [
            *self._notices(attempt, checked),
            *remarks(composition, checked, unfamiliar, language=question.language),
        ]
        if not says_something:
            checked = Checked(wording.not_held(question.language), (), ())
            yield Delta(checked.text)
        found = attempt.outlook.contradiction
        yield replace(
            unanswered(question),
            status="answered" if held else "not_in_documents",
            confidence=round(attempt.outlook.confidence, 3),
            text=checked.text,
            citations=checked.citations,
            statements=checked.statements,
            rejected=tuple(composition.rejected),
            closest=() if held else _closest(attempt.retrieval),
            notices=tuple(notices),
            disagreements=(told(found, checked.citations),) if found else (),
            model=self.name,
            prompt_version=self.prompt_version,
            usage=self._usage(attempt.exchange),
            timings_ms=attempt.exchange.timings_ms,
        )

    def _checked(self, question: Question, composition: Composition) -> tuple[Checked, tuple[str, ...]]:
        """The text with its statements judged (where ``strict``, the supported ones), and what no quote holds."""
        text, citations = composition.text, composition.citations()
        found, unfamiliar = statements(
            text,
            citations,
            composition.quotations,
            language=question.language,
            question=question.text,
            supports=self.supports,
        )
        checked = Checked(text, citations, found)
        return strict(checked) if self.strict else checked, unfamiliar

    def _notices(self, attempt: _Attempt, checked: Checked) -> Iterator[str]:
        """Where the question went, and what kept the answer from being whole or of one mind."""
        exchange, shown = attempt.exchange, attempt.shown
        if announcement := self.told():
            yield announcement
        if exchange.fault:
            yield f"The answer is not complete. {exchange.fault.message(self.name, self.place)}"
        elif exchange.stopped in _TOO_LONG:
            yield "The answer is not complete: it reached ASSISTANT_ANSWER_TOKENS. Set it to more."
        if shown.left_out:
            yield (
                f"{shown.left_out} of {shown.left_out + len(shown.passages)} passages were left out, "
                f"to stay within {self.context_tokens:,} tokens (ASSISTANT_CONTEXT_TOKENS)."
            )
        if found := attempt.outlook.contradiction:
            yield notice(found, checked.citations, attempt.question.language)

    def _usage(self, exchange: Exchange) -> Usage:
        usage = Usage(exchange.input_tokens, exchange.output_tokens, exchange.cached_tokens)
        return replace(usage, cost=round(self.prices.cost(usage), 6)) if self.prices else usage

    def _refuse(self, question: Question, retrieval: Retrieval, sure: float) -> Iterator[Event]:
        """Said without asking the model: nothing that was found is likely to answer."""
        text = wording.not_held(question.language)
        yield Delta(text)
        yield replace(
            unanswered(question),
            confidence=round(sure, 3),
            text=text,
            closest=_closest(retrieval),
            model=self.name,
            prompt_version=self.prompt_version,
        )

    def _fall_back(self, fault: Fault, question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        """The same question to the other answerer, and a word about why."""
        if self.fallback is None:
            raise fault.error(self.name, self.place)
        notice = f"{fault.message(self.name, self.place)} This answer quotes the documents instead."
        for event in self.fallback(question, retrieval, read):
            yield replace(event, notices=(notice, *event.notices)) if isinstance(event, Answer) else event


def _closest(retrieval: Retrieval) -> tuple[Closest, ...]:
    return tuple(
        Closest(hit.document, hit.chunk.start, hit.chunk.end, hit.chunk.text) for hit in retrieval.hits[:_CLOSEST]
    )
