"""What makes a citation checkable: comparing quotes with documents, and numbering what is cited. Pure.

A quote is compared sign by sign, or after `normalize`; nothing in between counts. No share of a phrase is enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.types import Citation, Passage, Read, Verification
from vectorstore.errors import NotFoundError
from vectorstore.types import Hit, Span

_QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»‹›「」『』〝〞〟＂＇「」ʼʹ′″")
_MINUS = "−"  # the only dash that is not in Unicode's category Pd
# What composes with the sign before it under NFKC: marks, conjoining Hangul, half-width voicing marks.
_JOINING = frozenset({*map(chr, range(0x1160, 0x1200)), "ﾞ", "ﾟ"})
_SPACE, _MARK, _DASH = " ", '"', "-"
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|\(\s*(?:…|\.{3})\s*\)|…|\.{3,})\s*")
_EDGES = " \t\n.,;:!?…。、，；：！？"


@dataclass(frozen=True, slots=True)
class Normal:
    """A text in normal form, and where each of its signs comes from: ``text[i]`` is made of ``source[origins[i]]``."""

    text: str
    origins: tuple[Span, ...]


def normalize(text: str) -> str:
    """The form in which quotes are compared: NFKC, case-folded, with one sort of white space, quotation mark and dash.

    Runs of these become one, white space beside a mark or a dash goes, and so do invisible signs (soft hyphens,
    zero-width spaces).

    >>> normalize("« L’AGRESSION » —  dit-il"), normalize("ﬁn\u00a0 de phrase")
    ('"l"agression"-dit-il', 'fin de phrase')
    """
    return normal(text).text


@lru_cache(maxsize=256)
def normal(text: str) -> Normal:
    """`normalize`, with the way back to the text's own offsets."""
    signs: list[str] = []
    origins: list[Span] = []
    for sign, origin in _folded(text):
        last = signs[-1] if signs else _SPACE
        if sign == _SPACE:
            if last in (_SPACE, _MARK, _DASH):
                continue
        elif sign in (_MARK, _DASH):
            if last == _SPACE and signs:
                signs.pop()
                origins.pop()
                last = signs[-1] if signs else _SPACE
            if last == sign:
                continue
        signs.append(sign)
        origins.append(origin)
    if signs and signs[-1] == _SPACE:
        signs.pop()
        origins.pop()
    return Normal("".join(signs), tuple(origins))


def _folded(text: str) -> Iterator[tuple[str, Span]]:
    """The signs of the folded text, each with the stretch of the text it was made of."""
    for origin in _clusters(text):
        piece = text[origin.start : origin.end]
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", piece).casefold())
        for sign in folded:
            if sign in _QUOTES:
                yield _MARK, origin
            elif sign == _MINUS or unicodedata.category(sign) == "Pd":
                yield _DASH, origin
            elif sign.isspace():
                yield _SPACE, origin
            elif unicodedata.category(sign) not in ("Cf", "Cc"):
                yield sign, origin


def _clusters(text: str) -> Iterator[Span]:
    """Stretches that can be normalised apart from each other: a sign and what composes with it."""
    start = 0
    for i in range(1, len(text) + 1):
        if i < len(text) and not text[i].isascii() and (text[i] in _JOINING or unicodedata.category(text[i])[0] == "M"):
            continue
        if start < i:
            yield Span(start, i)
        start = i


@dataclass(frozen=True, slots=True)
class Found:
    """Where a quotation stands in a text, and whether to the letter or after `normalize`."""

    start: int
    end: int
    verification: Verification


def verify(text: str, start: int, end: int, quote: str) -> Verification | None:
    """Whether ``quote`` stands at ``text[start:end]``: to the letter, after `normalize`, or not (None).

    >>> verify("the “cruel” strike", 4, 11, '"Cruel"'), verify("the “cruel” strike", 5, 11, "cruel")
    ('normalized', None)
    """
    if not 0 <= start < end <= len(text) or not quote:
        return None
    piece = text[start:end]
    if piece == quote:
        return "exact"
    return "normalized" if normalize(piece) == normalize(quote) != "" else None


def locate(quotation: str, text: str) -> Found | None:
    """The first place of a quotation in a text, whole words only; None where it does not stand there.

    Punctuation at the quotation's ends may be the quoter's own. Parts around an ellipsis must follow each other.

    >>> locate("L'AGRESSION", "Il condamne l’agression."), locate("ran", "Iran")
    (Found(start=12, end=23, verification='normalized'), None)
    """
    wanted = quotation.strip()
    if any(sign.isalnum() for sign in wanted):
        for form in (wanted, wanted.strip(_EDGES)):
            exact = _find(form, text, 0)
            if exact is not None:
                return Found(exact.start, exact.end, "exact")
        return _locate_normalized(wanted, text)
    return None


def _locate_normalized(quotation: str, text: str) -> Found | None:
    held = normal(text)
    parts = [normalize(part).strip(_EDGES + _MARK + _DASH) for part in _ELLIPSIS.split(quotation)]
    parts = [part for part in parts if part]
    first: Span | None = None
    after = 0
    for part in parts:
        place = _find(part, held.text, after)
        if place is None:
            return None
        first, after = first or place, place.end
    if first is None:
        return None
    return Found(held.origins[first.start].start, held.origins[after - 1].end, "normalized")


def _find(wanted: str, text: str, after: int) -> Span | None:
    """The first place where ``wanted`` does not begin or end inside a word."""
    while (start := text.find(wanted, after)) >= 0:
        end = start + len(wanted)
        if not _one_word(text[start - 1 : start], wanted[:1]) and not _one_word(wanted[-1:], text[end : end + 1]):
            return Span(start, end)
        after = start + 1
    return None


def _one_word(left: str, right: str) -> bool:
    """Whether two neighbouring signs belong to one word; scripts that do not part words by blanks are let through."""
    return all(sign.isalnum() and unicodedata.category(sign) != "Lo" for sign in (left, right) if sign) and bool(
        left and right
    )


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of a retrieved document that is offered as evidence: ``document.text[start:end]``."""

    hit: Hit
    start: int
    end: int
    verification: Verification = "exact"

    @property
    def text(self) -> str:
        chunk = self.hit.chunk
        return chunk.text[self.start - chunk.start : self.end - chunk.start]


class Numbering:
    """Gives quotes their markers, in order of first appearance, without gaps; the same stretch keeps its number."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._citations: dict[tuple[str, int, int], Citation] = {}
        self._places: dict[int, list[Span]] = {}

    def marker(self, quote: Quote) -> int:
        """The number this quote has, or would get now."""
        known = self._citations.get(_key(quote))
        return known.marker if known else len(self._citations) + 1

    def mark(self, quote: Quote, at: int) -> Citation | None:
        """Note that a quote's marker is written at offset ``at`` of the answer; the citation where it is the first."""
        marker = self.marker(quote)
        place = Span(at, at + len(f"[{marker}]"))
        self._places.setdefault(marker, []).append(place)
        if marker <= len(self._citations):
            return None
        citation = self._citation(quote, marker)
        self._citations[_key(quote)] = citation
        return replace(citation, answer_spans=(place,))

    def citations(self) -> tuple[Citation, ...]:
        """All of them with all their places, by marker."""
        return tuple(
            replace(citation, answer_spans=tuple(self._places[citation.marker]))
            for citation in self._citations.values()
        )

    def _citation(self, quote: Quote, marker: int) -> Citation:
        chunk, page, heading, document = (
            quote.hit.chunk,
            quote.hit.chunk.page,
            quote.hit.chunk.heading,
            quote.hit.document,
        )
        try:
            whole = self._read(chunk.document_id)
        except NotFoundError:  # removed since it was found: the chunk still holds what was read
            pass
        else:
            if whole.text[quote.start : quote.end] == quote.text:
                page, heading, document = whole.page_at(quote.start), whole.heading_at(quote.start), whole.ref
        return Citation(
            marker=marker,
            answer_spans=(),
            document=document,
            quote=quote.text,
            start=quote.start,
            end=quote.end,
            page=page,
            heading=heading,
            passage=Passage(chunk.start, chunk.end, chunk.text),
            verification=quote.verification,
            score=round(quote.hit.score, 4),
        )


def _key(quote: Quote) -> tuple[str, int, int]:
    return quote.hit.chunk.document_id, quote.start, quote.end
