"""Questions that need two documents: the sentence of the second one is quoted beside the first one's.

"Which of X and Y is older?" names both. "Who directed the film that won?" names neither the film nor its article, but a
passage about the prize does; retrieval has brought the article along for that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.asked import Asked
from assistant.signals import Sentence, passage_terms
from vectorstore.ngrams import words
from vectorstore.titles import title_phrase

ADDS = 0.05  # of the question, held by the second document's sentence and nowhere in the passages of the first
ADDS_MORE = 0.15  # the same where two documents are quoted already
SPECIFIC = 2  # words of a title: questions name a document of one word by chance


def completed(
    asked: Asked,
    held: Sequence[Sentence],
    shares: NDArray[np.float64],
    groups: Sequence[Sequence[Sentence]],
    most: int,
) -> list[Sequence[Sentence]]:
    """The groups to quote, with a sentence of the second document where the question needs one and none has it.

    At most ``most`` groups: the last of them makes room. ``shares`` says how likely each of ``held`` answers.
    """
    if not groups or most < 2:
        return list(groups)
    cited = {group[0].hit.chunk.document_id for group in groups}
    others = [i for i, one in enumerate(held) if one.hit.chunk.document_id not in cited and not one.foreign]
    added = _named_in_question(asked, held, shares, groups, others)
    if added is None:
        added = _led_to(asked, held, shares, groups, others)
    return list(groups) if added is None else [*groups[: most - 1], [held[added]]]


def _named_in_question(
    asked: Asked,
    held: Sequence[Sentence],
    shares: NDArray[np.float64],
    groups: Sequence[Sequence[Sentence]],
    others: Sequence[int],
) -> int | None:
    """The likeliest sentence of a document that the question names by its title, as it may name the cited ones."""
    question = _spaced(asked.text)
    quoted = [title for group in groups if (title := _title(group[0])) and title in question]
    fitting = [
        i
        for i in others
        if (title := _title(held[i])) in question
        and len(title.split()) >= (1 if quoted else SPECIFIC)
        and not any(title in one or one in title for one in quoted)
    ]
    return max(fitting, key=lambda i: shares[i], default=None)


def _led_to(
    asked: Asked,
    held: Sequence[Sentence],
    shares: NDArray[np.float64],
    groups: Sequence[Sequence[Sentence]],
    others: Sequence[int],
) -> int | None:
    """The sentence that adds most to what the question asks, of the documents that a quoted passage names."""
    passages = {sentence.hit.chunk.id: sentence.hit for group in groups for sentence in group}
    text = _spaced(" ".join(hit.chunk.text for hit in passages.values()))
    said = frozenset().union(*(passage_terms(hit, foreign=False) for hit in passages.values()))
    before = asked.coverage(said, asked.language)
    best, most = None, ADDS if len({hit.chunk.document_id for hit in passages.values()}) == 1 else ADDS_MORE
    for i in others:
        if "named" in held[i].hit.legs and _title(held[i]) in text:
            adds = asked.coverage(said | held[i].terms, asked.language) - before
            if adds > most:
                best, most = i, adds
    return best


def _title(sentence: Sentence) -> str:
    """As it stands in `_spaced` text; what no text holds where it is too long to be looked for."""
    return f" {title_phrase(sentence.hit.document.title) or chr(0)} "


def _spaced(text: str) -> str:
    return f" {' '.join(words(text))} "
