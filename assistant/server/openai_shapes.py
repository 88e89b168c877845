"""What OpenAI's two protocols share: messages in, annotations out, and what they ask for that is not to be had here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from assistant.server.problems import Problem
from assistant.types import Citation, Usage

MAX_MESSAGES = 400
_TEXT_PARTS = ("text", "input_text", "output_text")


def refuse(name: str, why: str) -> Problem:
    return Problem(400, "unsupported-parameter", f"{name}: {why}", param=name, code="unsupported_parameter")


def invalid(name: str, why: str) -> Problem:
    return Problem(400, "invalid", f"{name}: {why}", param=name, code="invalid_value")


def messages(items: Sequence[Mapping[str, Any]], name: str) -> list[tuple[str, str]]:
    """(role, text) of what was said; the instructions of clients are left out, since the answer's rules are ours.

    Raises `Problem` for content that is not text, and where the last message is not the user's.
    """
    if len(items) > MAX_MESSAGES:
        raise invalid(name, f"There are {len(items):,} messages, the limit is {MAX_MESSAGES}. Send the last ones.")
    said: list[tuple[str, str]] = []
    for number, item in enumerate(items):
        role = item.get("role")
        if role in ("user", "assistant"):
            said.append((role, _text(item.get("content"), f"{name}[{number}].content")))
        elif role not in ("system", "developer"):
            raise invalid(f"{name}[{number}]", "Only messages of user, assistant, system and developer are understood.")
    if not said or said[-1][0] != "user":
        raise invalid(name, "The last message must be the user's question.")
    return said


def _text(content: Any, name: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise invalid(name, "Content is a text or a list of parts.")
    out = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in (*_TEXT_PARTS, "refusal"):
            raise invalid(name, "Only parts of text are understood.")
        text = part.get("text", part.get("refusal"))
        if not isinstance(text, str):
            raise invalid(name, "A part of text needs a text.")
        out.append(text)
    return "\n".join(out)


def link(citation: Citation, collection: str) -> str:
    """Where the cited document can be read: its own address, or its text here with the quote highlighted."""
    source = citation.document.source
    if source.startswith(("https://", "http://")):
        return source
    document = quote(citation.document.id, safe="")
    span = f"{citation.start}-{citation.end}"
    return f"/api/documents/{document}/text?collection={quote(collection)}&highlight={span}"


def tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens
