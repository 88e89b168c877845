"""An optional second opinion: a chat model that says whether an answer is right and follows from what it cites.

The prompt is `prompts/judge.md`; it is in English and the model is asked to look past languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from assistant.evaluation.dataset import Case
from assistant.evaluation.text import without_markers
from prompts.loader import Prompt, load

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_GRADES = {"yes": 1.0, "partly": 0.5, "no": 0.0}
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
NOTHING_EXPECTED = "no answer in the documents"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``correct`` and ``faithful`` are 1, 0.5 or 0; None where the judge was not asked or did not say."""

    declined: bool | None = None
    correct: float | None = None
    faithful: float | None = None
    reason: str = ""
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks ``model``. What it cannot grade is not scored; a failing model fails the verdict, never the run."""

    model: BaseChatModel
    prompt: Prompt

    @classmethod
    def of(cls, model: BaseChatModel) -> Judge:
        return cls(model, load("judge"))

    def verdict(self, case: Case, answer: Mapping[str, Any]) -> Verdict:
        try:
            reply = self.model.invoke(self.question(case, answer))
        except Exception as error:  # a provider's failures have no common base
            return Verdict(error=f"{type(error).__name__}: {error}")
        return _read(
            str(reply.text), cited=bool(answer.get("citations")), expected=bool(case.answers) or not case.answerable
        )

    def question(self, case: Case, answer: Mapping[str, Any]) -> str:
        """The filled prompt."""
        expected = "\n".join(case.answers) if case.answerable else NOTHING_EXPECTED
        passages = "\n\n".join(citation["passage"]["text"] for citation in answer.get("citations") or ())
        parts = {
            "question": case.question,
            "expected": expected or "(nobody wrote it down)",
            "answer": without_markers(answer["text"]),
            "passages": passages or "(none)",
        }
        return self.prompt.fill(**parts, fence=_fence("".join(parts.values())))


def judge_scores(case: Case, verdict: Verdict, scores: Mapping[str, float | None]) -> dict[str, float | None]:
    """The verdict as metrics. Where the endpoint does not say whether it declined, the judge's word is taken."""
    found: dict[str, float | None] = {"judge.correctness": verdict.correct, "judge.faithfulness": verdict.faithful}
    name = "abstain.refused_answerable" if case.answerable else "abstain.refused_unanswerable"
    if scores.get(name) is None and verdict.declined is not None:
        found[name] = float(verdict.declined)
    return found


def _fence(text: str) -> str:
    """A line that does not occur in ``text``, so that no document can end its own quotation."""
    length = 8
    while "=" * length in text:
        length += 1
    return "=" * length


def _read(reply: str, *, cited: bool, expected: bool) -> Verdict:
    match = _OBJECT.search(reply)
    try:
        said = json.loads(match.group()) if match else None
    except json.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        return Verdict(error=f"not a verdict: {reply[:200]!r}")
    declined = said.get("declined")
    return Verdict(
        declined=declined if isinstance(declined, bool) else None,
        correct=_GRADES.get(str(said.get("correct")).lower()) if expected else None,
        faithful=_GRADES.get(str(said.get("faithful")).lower()) if cited and declined is not True else None,
        reason=str(said.get("reason", ""))[:500],
    )
