"""What a model is shown of the documents: passages with numbered sentences, within a budget, behind a fence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from assistant.markup import visible
from vectorstore.sentences import sentences
from vectorstore.types import Hit, Span

_BYTES_PER_TOKEN = 3  # English has four and more, Chinese three: no tokenizer needed, and never too few tokens
_LABEL_LIKE = re.compile(r"[\[［【〔](\s*\d{1,4}(?:\s*[.．·,;–-]\s*\d{1,4})*\s*)[\]］】〕]")
_TEMPLATE_SIGN = re.compile(r"<(?=[|/]?(?:im_|start_|end_|begin_|eot|s>|\||system|user|assistant))|\[(?=/?INST\])")
_SUSPICIOUS = re.compile(r"[<\[［【〔]")  # how all of the above begin: most sentences hold none of it


@dataclass(frozen=True, slots=True)
class NumberedPassage:
    """A retrieved chunk and its sentences as offsets into the document; ``[2.3]`` is ``sentences[2]`` of the second."""

    hit: Hit
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The passages as a model reads them, and what its labels stand for."""

    text: str
    passages: tuple[NumberedPassage, ...]
    left_out: int
    """How many hits did not fit into the budget, the last ones first."""


def tokens(text: str) -> int:
    """An upper estimate of a text's tokens, for any model and language.

    >>> tokens("Why did Russia condemn the strike?")
    12
    """
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def numbered(hit: Hit) -> NumberedPassage:
    """A passage with its sentences counted."""
    chunk = hit.chunk
    spans = sentences(chunk.text, hit.document.language)
    return NumberedPassage(hit, tuple(Span(chunk.start + start, chunk.start + end) for start, end in spans))


def context(hits: Sequence[Hit], *, budget: int) -> Context:
    """As many passages as ``budget`` tokens hold, best first; a first one that is too long is cut by sentences."""
    shown: list[str] = []
    kept: list[NumberedPassage] = []
    room = budget
    for hit in hits:
        passage = numbered(hit)
        text = _shown(len(kept) + 1, passage)
        while tokens(text) > room and not kept and len(passage.sentences) > 1:
            passage = NumberedPassage(hit, passage.sentences[: len(passage.sentences) // 2])
            text = _shown(1, passage)
        if tokens(text) > room and kept:
            break
        kept.append(passage)
        shown.append(text)
        room -= tokens(text)
    body = "\n\n".join(shown)
    name = _fence(body)
    return Context(f"<{name}>\n{body}\n</{name}>", tuple(kept), len(hits) - len(kept))


def _shown(number: int, passage: NumberedPassage) -> str:
    hit = passage.hit
    heading = " › ".join([hit.document.title, *hit.chunk.heading])
    lines = [f"Passage {number}: {_harmless(heading)}"]
    for count, span in enumerate(passage.sentences, start=1):
        sentence = hit.chunk.text[span.start - hit.chunk.start : span.end - hit.chunk.start]
        lines.append(f"[{number}.{count}] {_harmless(sentence)}")
    return "\n".join(lines)


def _harmless(text: str) -> str:
    """A document's words on one line, without hidden signs, forged labels or the signs of chat templates."""
    line = " ".join(visible(text).split())
    if not _SUSPICIOUS.search(line):
        return line
    return _TEMPLATE_SIGN.sub(r"\g<0> ", _LABEL_LIKE.sub(r"(\1)", line))


def _fence(body: str) -> str:
    """A name that does not occur in what it fences; the same text gets the same one."""
    attempt = 0
    while True:
        digest = sha256(f"{attempt}\n{body}".encode("utf-8", "replace")).hexdigest()
        name = f"passages-{digest[:16]}"
        if name not in body:
            return name
        attempt += 1
