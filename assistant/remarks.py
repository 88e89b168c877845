"""What a reader of a generated answer has to know, in plain sentences that every door shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assistant import wording
from assistant.composition import Composition
from assistant.strictness import Checked
from assistant.types import Citation
from vectorstore.language import detect

_MARKER = re.compile(r"\s?\[\d+\]")
_TELLING_LENGTH = 60  # code points; the language of less is a guess
_NAMED = 3  # statements or quotations; of more, the number is told
_LONGEST = 100  # code points of one of them


def remarks(composition: Composition, checked: Checked, unfamiliar: Sequence[str], *, language: str) -> Iterator[str]:
    """About the answer ``checked`` to a question in ``language``, the gravest first."""
    if composition.gaps:
        yield "The documents answer only a part of the question."
    unsupported = [
        _MARKER.sub("", checked.text[held.start : held.end])
        for held in checked.statements
        if held.support == "unsupported"
    ]
    if unsupported:
        yield f"Not supported by what is cited: {_named(unsupported)}."
    invented = [held.text for held in composition.rejected if held.reason == "quotation_not_found"]
    if invented:
        yield f"Between quotation marks, but in none of the passages: {_named(invented)}."
    if unfamiliar:
        yield f"Not in the quotes: {', '.join(unfamiliar)}."
    if composition.moved:
        yield "A quotation the answer attributes to another passage is cited to where it really stands."
    if len(checked.text) < len(composition.text):
        yield "Statements without support were left out."
    spoken = detect(_MARKER.sub("", checked.text)) if len(checked.text) >= _TELLING_LENGTH else ""
    if spoken and language and spoken != language:
        yield f"The answer is in {wording.language_name(spoken, 'en')}, unlike the question."
    yield from _foreign(checked.citations, language)


def _named(texts: Sequence[str]) -> str:
    """The first few, shortened, between quotation marks."""
    shown = [" ".join(text.split()) for text in texts[:_NAMED]]
    quoted = [wording.quoted(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", "en") for text in shown]
    return "; ".join(quoted) + (f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else "")


def _foreign(citations: Iterable[Citation], language: str) -> Iterator[str]:
    markers: dict[str, tuple[int, ...]] = {}
    for citation in citations:
        spoken = citation.document.language
        if spoken not in ("", language):
            markers[spoken] = (*markers.get(spoken, ()), citation.marker)
    for spoken, marked in markers.items():
        yield wording.foreign(spoken, marked, language)
