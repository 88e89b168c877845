"""Questions put into other words by a model, for the search: to stand alone, and in the library's other languages.

Both are a help and never a condition: whatever goes wrong, the search runs with what there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from assistant import wording
from assistant.cancellation import current
from assistant.errors import ModelError
from assistant.exchange import Exchange
from assistant.faults import PASSING
from assistant.history import within
from assistant.labels import NOT_IN_DOCUMENTS
from assistant.markup import visible
from assistant.resilience import Breaker, Limits, Patience
from assistant.types import Turn
from prompts.loader import load

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.pipeline import Standalone

OpenModel = Callable[[], "BaseChatModel"]
Translate = Callable[[str, Sequence[str]], Mapping[str, str]]
"""A query and ISO 639-1 codes, to the query in those languages; what could not be translated is missing."""

Said = TypeVar("Said")

_LIMITS = Limits(connect=2, first_text=3, idle=2, total=5, attempts=1, longest_answer=4_000)
"""A search waits for these: shorter than for an answer, and no second try."""
_HISTORY = 3_000  # code points of earlier turns
_LONGEST = 600  # code points of a rewritten question; more is no question
_LINE = re.compile(r"^\s*([a-z]{2})\s*[:：]\s*(.+?)\s*$", re.MULTILINE)
_QUOTES = "\"'“”«»„ "


def model_standalone(
    open_model: OpenModel,
    fallback: Standalone,
    *,
    name: str = "",
    breaker: Breaker | None = None,
    limits: Limits = _LIMITS,
) -> Standalone:
    """Follow-up questions made to stand alone by a model, each asked once; by ``fallback`` where the model fails."""
    prompt = load("standalone")

    @lru_cache(maxsize=256)
    def rewritten(question: str, history: tuple[Turn, ...]) -> str:
        turns = within(history, question, _HISTORY)
        conversation = "\n".join(f"- Question: {turn.question}\n  Answer: {turn.answer}" for turn in turns)
        text = _said(open_model(), name, prompt.fill(conversation=conversation, question=question), limits)
        return _one_question(text)

    def standalone(question: str, history: Sequence[Turn]) -> str:
        said = _tried(lambda: rewritten(question, tuple(history)), breaker)
        return said or fallback(question, history)

    return standalone


def model_translate(
    open_model: OpenModel, *, name: str = "", breaker: Breaker | None = None, limits: Limits = _LIMITS
) -> Translate:
    """Search queries translated by a model, all languages in one call, each query once; nothing where it fails."""
    prompt = load("translate")

    @lru_cache(maxsize=256)
    def translated(query: str, languages: tuple[str, ...]) -> Mapping[str, str]:
        names = ", ".join(f"{wording.language_name(code, 'en')} ({code})" for code in languages)
        text = _said(open_model(), name, prompt.fill(languages=names, query=query), limits)
        return {code: line[:_LONGEST] for code, line in _LINE.findall(text) if code in languages}

    def translate(query: str, languages: Sequence[str]) -> Mapping[str, str]:
        return _tried(lambda: translated(query, tuple(languages)), breaker) or {}

    return translate


def _tried(call: Callable[[], Said], breaker: Breaker | None) -> Said | None:
    """What the call gives; None where it fails, or where the service failed just now."""
    if breaker is not None and not breaker.trusted:
        return None
    try:
        return call()
    except ModelError as error:
        if breaker is not None and error.reason in PASSING:
            breaker.report(failed=True)
        return None


def _said(model: BaseChatModel, name: str, prompt: str, limits: Limits) -> str:
    """What the model answers. Raises `ModelError`, so that a failure is not remembered as an answer."""
    from langchain_core.messages import HumanMessage

    exchange = Exchange(model, [HumanMessage(prompt)], Patience(limits, current()), limits, name=name)
    text = "".join(exchange.pieces())
    if exchange.fault:
        raise exchange.fault.error("that rewrites questions")
    return visible(text)


def _one_question(text: str) -> str:
    """The text, if it can be the question. Raises `ModelError` if the model did something else."""
    line = text.strip().strip(_QUOTES)
    if not line or "\n" in line or len(line) > _LONGEST or NOT_IN_DOCUMENTS in line:
        raise ModelError("The model did not rewrite the question.", reason="failed")
    return line
