"""Contradictions: documents that give different values for what is asked, found, quoted side by side, and told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from assistant import types, wording
from assistant.asked import Asked
from assistant.context import NumberedPassage
from assistant.differing import Claim, Contradiction, Slot, differ
from assistant.markup import inert, visible
from assistant.signals import Sentence
from assistant.types import Citation, Disagreement
from assistant.views import View
from vectorstore.ngrams import signs

CLAIMS = 3  # values shown: more are no help to a reader
PLAUSIBLE = 0.05  # of the quoted sentence's probability: what is less likely speaks of something else
LIKELY = 0.02  # of the likeliest sentence's probability, for two that were not quoted themselves
FURTHER = 8  # of the likeliest sentences


def contradiction(
    asked: Asked, held: Sequence[Sentence], shares: NDArray[np.float64], quoted: Sequence[Sentence]
) -> Contradiction | None:
    """What the documents disagree on in answer to the question, told by ``held``, the sentences at hand.

    ``quoted`` are those of them that answer, the best first; ``shares`` says how likely each of ``held`` does.
    """
    place = {id(sentence): i for i, sentence in enumerate(held)}
    views = {id(sentence): View(asked, sentence) for sentence in (*held, *quoted)}
    order = [held[i] for i in map(int, np.argsort(-shares, kind="stable"))]
    first = shares.max(initial=0.0)
    further = [
        one
        for one in order[:FURTHER]
        if not any(one is mine for mine in quoted) and shares[place[id(one)]] >= LIKELY * first
    ]
    for mine in (*quoted, *further):
        least = PLAUSIBLE * shares[place[id(mine)]]
        others = [one for one in order if _elsewhere(one, mine) and shares[place[id(one)]] >= least]
        claims: list[Claim] = []
        slot: Slot | None = None
        for other in others:
            found = differ(views[id(mine)], views[id(other)])
            if found is None or slot not in (None, found.slot):
                continue
            if not claims:
                slot, claims = found.slot, list(found.claims)
            elif (
                all(differ(views[id(claim.sentence)], views[id(other)]) for claim in claims[1:])
                and len(claims) < CLAIMS
            ):
                claims.append(found.claims[1])
        if slot:
            texts = {one.text for one in held}
            return Contradiction(slot, tuple(_whole(claim, texts) for claim in claims))
    return None


def both_sides(groups: Sequence[Sequence[Sentence]], found: Contradiction, most: int) -> list[Sequence[Sentence]]:
    """The groups to quote, each claim among them and one behind the other: ``most``, or as many as there are claims."""
    claimed = [
        next((group for group in groups if any(one is claim.sentence for one in group)), [claim.sentence])
        for claim in found.claims
    ]
    others = [group for group in groups if not any(group is one for one in claimed)]
    first = [] if any(groups[0] is one for one in claimed) or most <= len(claimed) else others[:1]
    return [*first, *claimed, *others[len(first) :]][: max(most, len(claimed))]


def told(found: Contradiction, citations: Sequence[Citation]) -> Disagreement:
    """The contradiction as the record has it, each claim with the citation it stands in."""
    return Disagreement(
        found.slot,
        tuple(
            types.Claim(_cited(claim, citations), claim.document_id, claim.value, claim.place.start, claim.place.end)
            for claim in found.claims
        ),
    )


def notice(found: Contradiction, citations: Sequence[Citation], language: str) -> str:
    """The sentence that tells readers of it."""
    claims = [
        (_shown(claim.value), _cited(claim, citations), _shown(claim.sentence.hit.document.title))
        for claim in found.claims
    ]
    return wording.disagree(claims, language)


def hint(found: Contradiction, passages: Sequence[NumberedPassage]) -> str:
    """What a model is told: the labels of the sentences, none of their words. Empty where it is shown only one."""
    labels = [label for claim in found.claims if (label := _label(claim, passages))]
    if len(labels) < 2:
        return ""
    return f"{', '.join(labels)} differ in what is asked. Give each of them, and say that the documents disagree."


def _label(claim: Claim, passages: Sequence[NumberedPassage]) -> str:
    for number, passage in enumerate(passages, start=1):
        if passage.hit.chunk.id == claim.sentence.hit.chunk.id:
            for count, span in enumerate(passage.sentences, start=1):
                if span.start <= claim.place.start < span.end:
                    return f"[{number}.{count}]"
    return ""


def _cited(claim: Claim, citations: Sequence[Citation]) -> int | None:
    for citation in citations:
        here = citation.document.id == claim.document_id
        if here and citation.start < claim.place.end and claim.place.start < citation.end:
            return citation.marker
    return None


def _elsewhere(one: Sentence, other: Sentence) -> bool:
    return one.hit.chunk.document_id != other.hit.chunk.document_id


def _whole(claim: Claim, texts: Set[str]) -> Claim:
    """The whole of a name in a script without blanks, of which two names may share the first or last sign.

    A sign belongs to it that stands beside it wherever it occurs, as long as what follows that sign varies.
    """
    if not _unspaced(claim.value):
        return claim
    start, end, text = claim.start, claim.end, claim.sentence.text
    found = [(one, place.start()) for one in sorted(texts) for place in re.finditer(re.escape(claim.value), one)]
    length = len(claim.value)
    after = {one[at + length : at + length + 2] for one, at in found}
    before = {one[max(0, at - 2) : at] for one, at in found}
    if _unspaced(text[end : end + 1]) and len({two[:1] for two in after}) == 1 and _varies(two[1:] for two in after):
        end += 1
    if (
        start
        and _unspaced(text[start - 1])
        and len({two[-1:] for two in before}) == 1
        and _varies(two[:-1] for two in before)
    ):
        start -= 1
    return Claim(claim.sentence, start, end)


def _varies(found: Iterable[str]) -> bool:
    """Whether more than one sign is among them, or one that ends a word."""
    distinct = set(found)
    return len(distinct) > 1 or not all(map(_unspaced, distinct))


def _unspaced(text: str) -> bool:
    """Whether a text begins with a sign of a script without blanks."""
    return bool(signs(text[:1]))


def _shown(text: str) -> str:
    """On one line, without what a renderer could make a link, an image or a tag of."""
    return inert(visible(" ".join(text.split())))
