"""Whether a citation is what it says, checked against the stored text by code that shares nothing with what made it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import regex

Text = Callable[[str], str | None]
"""The stored text of a document by its id; None where there is none."""

_DASHES = regex.compile(r"\s*[\p{Pd}\u2212\u2043]+\s*")
_QUOTATION_MARKS = regex.compile(r"\s*[\p{Pi}\p{Pf}\"'`´‚„′″「」『』]+\s*")
_SPACE = regex.compile(r"\s+")


def plain(text: str) -> str:
    """What a normalised quote and its source must agree in: NFKC, folded case, one kind of space, quote and dash.

    >>> plain("« La Russie – hier »") == plain('"la russie - hier"')
    True
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = _QUOTATION_MARKS.sub('"', _DASHES.sub("-", folded))
    return _SPACE.sub(" ", folded).strip()


def valid(citation: Mapping[str, Any], text: Text) -> bool:
    """Whether the quote stands at its offsets in the document it names, as strictly as it claims to.

    A quote marked ``exact`` that agrees only after normalisation is not what it says, and so is one whose passage is
    not the document's.
    """
    stored = text(citation["document"]["id"])
    start, end, quote, passage = citation["start"], citation["end"], citation["quote"], citation["passage"]
    if stored is None or not 0 <= start < end <= len(stored):
        return False
    if stored[passage["start"] : passage["end"]] != passage["text"]:
        return False
    cut = stored[start:end]
    if citation["verification"] == "exact":
        return bool(cut == quote)
    return bool(plain(quote)) and plain(cut) == plain(quote)


def places(evidence: str, text: str) -> list[tuple[int, int]]:
    """Every place of ``evidence`` in ``text``; whole words only, where it stands as whole words at all.

    >>> places("war", "After the war, towards peace")
    [(10, 13)]
    """
    if not evidence.strip():
        return []
    found = [match.span() for match in regex.finditer(regex.escape(evidence), text, overlapped=True)]
    whole = [(start, end) for start, end in found if _at_word_borders(text, start, end)]
    return whole or found


def _at_word_borders(text: str, start: int, end: int) -> bool:
    opens = start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    closes = end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum())
    return opens and closes


def stands_in(evidence: str, text: str) -> bool:
    """Whether ``evidence`` is in ``text``, letter by letter or normalised."""
    return evidence in text or plain(evidence) in plain(text)


def touches_evidence(
    citations: Sequence[Mapping[str, Any]], evidence: Iterable[str], doc_ids: Sequence[str], text: Text
) -> bool:
    """Whether any quote overlaps any piece of evidence, in a relevant document where these are known.

    By offsets where the evidence stands in the text letter by letter; otherwise one must contain the other, normalised.
    """
    pieces = list(evidence)
    return any(
        _touches(citation, piece, text(citation["document"]["id"]) or "")
        for citation in citations
        if not doc_ids or citation["document"]["id"] in doc_ids
        for piece in pieces
    )


def _touches(citation: Mapping[str, Any], evidence: str, text: str) -> bool:
    spans = places(evidence, text)
    if spans:
        return any(start < citation["end"] and citation["start"] < end for start, end in spans)
    quote, wanted = plain(citation["quote"]), plain(evidence)
    return bool(quote) and bool(wanted) and (quote in wanted or wanted in quote)
