"""A turn of a saved conversation as a case: what went wrong once is asked for ever after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.errors import UsageError
from assistant.evaluation.dataset import Case
from assistant.types import Turn


def from_turn(conversation: Mapping[str, Any], number: int, *, right: bool | None = None) -> Case:
    """The case of turn ``number``, from 1, of a conversation as ``conversations show --json`` prints it.

    A right answer is expected again: its documents and its quotes as evidence, or its refusal. Of a wrong one only the
    question and what led to it are kept, for somebody to write down what is right. ``right`` is by default what the
    reader said of the answer, and right where he said nothing. Raises `UsageError` where there is no such turn.
    """
    turns: Sequence[Mapping[str, Any]] = conversation["turns"]
    if not 1 <= number <= len(turns):
        raise UsageError(f"Conversation {conversation['id']} has {len(turns)} turns; there is no turn {number}.")
    turn = turns[number - 1]
    answer = turn["answer"]
    if right is None:
        right = (turn.get("feedback") or {}).get("verdict") != "down"
    citations = answer.get("citations", ()) if right else ()
    return Case(
        id=f"{conversation['id']}-{number}",
        question=turn["question"],
        lang=answer.get("language") or None,
        doc_ids=tuple(dict.fromkeys(citation["document"]["id"] for citation in citations)),
        evidence=tuple(dict.fromkeys(citation["quote"] for citation in citations)),
        answerable=not right or answer.get("status") != "not_in_documents",
        history=tuple(Turn(earlier["question"], earlier["answer"]["text"]) for earlier in turns[: number - 1]),
        category="was right" if right else "was wrong",
    )
