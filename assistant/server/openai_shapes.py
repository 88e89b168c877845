"""What OpenAI's two protocols share: messages in, annotations out, and what they ask for that is not to be had here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import WithJsonSchema

from assistant.marking import LEGEND, footnote
from assistant.server.problems import Problem
from assistant.types import Answer, Citation, Usage

MAX_MESSAGES = 400
_REMARK = f"\n\n{LEGEND}"
_TEXT_PARTS = ("text", "input_text", "output_text")
_ROLES = ("user", "assistant", "system", "developer")

# What would change the reply's shape, as the OpenAPI document tells it: each is refused by the route, in words that
# say why.
_NULL = {"type": "null"}
_PART = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": [*_TEXT_PARTS, "refusal"]}, "text": {"type": "string"}},
}
_MESSAGE = {
    "type": "object",
    "required": ["role"],
    "properties": {
        "role": {"enum": list(_ROLES)},
        "content": {"anyOf": [{"type": "string"}, _NULL, {"type": "array", "items": _PART}]},
    },
}
Messages = Annotated[
    list[dict[str, Any]],
    WithJsonSchema(
        {
            "type": "array",
            "description": "What was said, the oldest first; the last is the user's question.",
            "minItems": 1,
            "maxItems": MAX_MESSAGES,
            "items": _MESSAGE,
            "contains": {"properties": {"role": {"const": "user"}}},
        }
    ),
]
NoneOf = Annotated[list[Any] | None, WithJsonSchema({"anyOf": [{"type": "array", "maxItems": 0}, _NULL]})]
Never = Annotated[bool | None, WithJsonSchema({"enum": [False, None]})]
OnlyOne = Annotated[int | None, WithJsonSchema({"enum": [1, None]})]
OnlyText = Annotated[list[str] | None, WithJsonSchema({"enum": [[], ["text"], None]})]
_TEXT = {"type": "object", "required": ["type"], "properties": {"type": {"const": "text"}}}
TextFormat = Annotated[dict[str, Any] | None, WithJsonSchema({"anyOf": [_TEXT, _NULL]})]
TextOptions = Annotated[
    dict[str, Any] | None,
    WithJsonSchema({"anyOf": [{"type": "object", "properties": {"format": {"anyOf": [_TEXT, _NULL]}}}, _NULL]}),
]


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
        if role not in _ROLES:
            raise invalid(f"{name}[{number}]", "Only messages of user, assistant, system and developer are understood.")
        text = _text(item.get("content"), f"{name}[{number}].content")
        if role == "assistant":
            text = text.partition(_REMARK)[0]  # clients send back what they were sent
        if role in ("user", "assistant"):
            said.append((role, text))
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


def content(answer: Answer) -> str:
    """The answer's text, and behind it what of it nothing supports: clients of OpenAI's show their users no more."""
    return answer.text + remark(answer)


def remark(answer: Answer) -> str:
    """What `content` adds to the text, so that no offset into the text changes; "" where all is supported."""
    note = footnote(answer)
    return f"{_REMARK}: {note}" if note else ""


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
