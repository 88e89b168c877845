"""What speaks for a sentence: one row of numbers for each sentence of the best passages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.asked import NUMBER, Asked, names, terms
from vectorstore.lines import lines
from vectorstore.ngrams import words
from vectorstore.sentences import sentences
from vectorstore.types import Hit, Retrieval, Span

if TYPE_CHECKING:
    from vectorstore.embeddings import Embedding

PASSAGES = 10  # beyond these a passage holds the answer in fewer than one question of a hundred
EMBEDDED = 3  # sentences a question, as many as are quoted: some 5 ms each; six or twelve hold the answer no more often

_TABLES = frozenset({"text/csv", "text/tab-separated-values"})
_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d{2})(?!\d)")
_NUMERALS = re.compile(
    r"(?<!\w)(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|twice|"
    r"deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|vingt|trente|cent|mille|millions?|milliards?|moitié|"
    r"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|tausend|millionen|milliarden|hälfte|"
    r"dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|ciento|mil|millones|mitad)(?!\w)|"
    r"[二三四五六七八九十百千万亿两]",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"(?<!\w)(?:century|decade|january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|siècle|janvier|février|mars|avril|mai|juin|juillet|août|"
    r"septembre|octobre|novembre|décembre|jahrhunderts?|januar|februar|märz|juni|juli|oktober|dezember|siglo|enero|"
    r"febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)(?!\w)|[年月日]|世纪",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"(?<!\w)(?:because|since|due to|owing to|as a result|so that|in order to|caused? by|led to|leads? to|therefore|"
    r"thus|reason|after|for fear|thanks to|to avoid|to prevent|qualif\w+|parce qu|car|puisque|en raison|à cause|afin|"
    r"grâce|suite à|en réponse|raison|permet|weil|da|denn|wegen|aufgrund|damit|um|deshalb|daher|grund|porque|debido|"
    r"ya que|puesto que|a causa|para|razón|gracias a|поскольку|потому|из-за|чтобы|поэтому|так как|благодаря|"
    r"vì|do|bởi|để|çünkü|için|nedeniyle|dolayı|επειδή|λόγω|γιατί|για να|deoarece|pentru|datorită|din cauza)(?!\w)|"
    r"因为|由于|因此|所以|为了|导致|لأن|بسبب|क्योंकि|कारण|เพราะ|เนื่องจาก",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """One sentence of a retrieved chunk, ``document.text[start:end] == text``, and its place among its neighbours."""

    hit: Hit
    rank: int
    """Of its chunk, counted from 0."""
    place: int
    """In its chunk, counted from 0."""
    start: int
    end: int
    text: str
    foreign: bool
    """Whether its document is in another language than the question."""

    @property
    def language(self) -> str:
        return self.hit.document.language

    @cached_property
    def terms(self) -> frozenset[str]:
        return terms(self.text, skeletons=self.foreign)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(words(self.text))


def candidates(retrieval: Retrieval, *, passages: int = PASSAGES) -> list[Sentence]:
    """The sentences of the best chunks, best chunk first, each place in a document once."""
    found: list[Sentence] = []
    seen: set[tuple[str, int]] = set()
    for rank, hit in enumerate(retrieval.hits[:passages]):
        chunk, foreign = hit.chunk, hit.document.language != retrieval.language
        headings = {_bare(title) for title in (hit.document.title, *chunk.heading)}
        for place, span in enumerate(_statements(hit)):
            start, end = chunk.start + span.start, chunk.start + span.end
            if (chunk.document_id, start) in seen or _bare(chunk.text[span.start : span.end]) in headings:
                continue  # a heading says what follows is about, and answers nothing itself
            seen.add((chunk.document_id, start))
            found.append(Sentence(hit, rank, place, start, end, chunk.text[span.start : span.end], foreign))
    return found


def _statements(hit: Hit) -> list[Span]:
    """The chunk's sentences; of a table in a text file, its rows."""
    if hit.document.media_type in _TABLES:
        return [span for span in lines(hit.chunk.text) if not hit.chunk.text[span.start : span.end].isspace()]
    return sentences(hit.chunk.text, hit.document.language)


def _bare(text: str) -> str:
    """A heading without what marks it as one."""
    return text.strip(" \t\n#*_=-").casefold()


def passage_terms(hit: Hit, *, foreign: bool) -> frozenset[str]:
    """What the whole chunk holds, its title and headings included."""
    return terms(hit.chunk.indexed_text(hit.document.title), skeletons=foreign)


FEATURES = (
    "coverage",
    "coverage_around",
    "coverage_passage",
    "coverage_local",
    "words",
    "pairs",
    "score",
    "grams_leg",
    "words_leg",
    "dense_leg",
    "length",
    "new",
    "opens",
    "short",
    "question",
    "when_year",
    "when_time",
    "number_digits",
    "number_words",
    "who_name",
    "where_name",
    "why_cause",
    "definition_first",
    "names_missing",
    "numbers_missing",
    "cosine",
    "cosine_mean",
)


def features(asked: Asked, held: Sequence[Sentence], embedding: Embedding | None) -> NDArray[np.float64]:
    """One row a sentence, one column a feature, in the order of `FEATURES`."""
    if not held:
        return np.zeros((0, len(FEATURES)))
    covered = [asked.coverage(sentence.terms, sentence.language) for sentence in held]
    top = max(sentence.hit.score for sentence in held) or 1.0
    likely = _likeliest(asked, held, [share + held[i].hit.score / top for i, share in enumerate(covered)], embedding)
    with ThreadPoolExecutor(1, "cosines") as beside:  # the model leaves the interpreter's lock while it computes
        cosines = beside.submit(_cosines, asked, held, likely, embedding)
        return np.hstack([_without_model(asked, held, covered, top), cosines.result()])


def _without_model(asked: Asked, held: Sequence[Sentence], covered: Sequence[float], top: float) -> NDArray[np.float64]:
    local = _local_weights(asked, held)
    legs = _legs(held)
    passages = {
        rank: asked.coverage(passage_terms(one.hit, foreign=one.foreign), one.language)
        for rank, one in {one.rank: one for one in held}.items()
    }
    spoken = asked.word_weights()
    rows = []
    for i, sentence in enumerate(held):
        near = around(held, i)
        rows.append(
            [
                covered[i],
                asked.coverage(near, sentence.language),
                passages[sentence.rank],
                sum(weight for gram, weight in local.items() if gram in sentence.terms),
                *_overlap(asked, spoken, sentence),
                sentence.hit.score / top,
                *legs[sentence.rank],
                *_shape(asked, sentence),
                *_fits(asked, sentence),
                asked.names_missing(near, sentence.language),
                asked.numbers_missing(near),
            ]
        )
    return np.array(rows, dtype=np.float64)


def around(held: Sequence[Sentence], i: int) -> frozenset[str]:
    """What a sentence and its neighbours in the same chunk hold."""
    near = (held[j].terms for j in (i - 1, i, i + 1) if 0 <= j < len(held) and held[j].rank == held[i].rank)
    return frozenset().union(*near)


def _local_weights(asked: Asked, held: Sequence[Sentence]) -> dict[str, float]:
    """How rare each 4-gram of the question is among the sentences at hand; they sum to 1."""
    counts = Counter(gram for sentence in held for gram in sentence.terms if gram in asked.weights)
    local = {gram: math.log(1 + len(held) / (counts[gram] or len(held))) for gram in asked.weights}
    total = sum(local.values()) or 1.0
    return {gram: weight / total for gram, weight in local.items()}


def _legs(held: Sequence[Sentence]) -> dict[int, list[float]]:
    """What each index says of each chunk: keywords as shares of the best, cosines less their mean."""
    hits = {sentence.rank: sentence.hit for sentence in held}
    out: dict[int, list[float]] = {rank: [] for rank in hits}
    for leg in ("grams", "words", "dense"):
        scores = {rank: hit.legs[leg].score for rank, hit in hits.items() if leg in hit.legs}
        best, mean = max(scores.values(), default=0.0) or 1.0, sum(scores.values()) / (len(scores) or 1)
        for rank in hits:
            score = scores.get(rank, mean if leg == "dense" else 0.0)
            out[rank].append(score - mean if leg == "dense" else score / best)
    return out


def _overlap(asked: Asked, weights: Mapping[str, float], sentence: Sentence) -> list[float]:
    """Whole words held, by their ``weights``, and neighbouring pairs of them kept."""
    held = set(sentence.words)
    total = sum(weights.values()) or 1.0
    pairs = set(zip(asked.words, asked.words[1:], strict=False))
    kept = pairs & set(zip(sentence.words, sentence.words[1:], strict=False))
    return [sum(weight for word, weight in weights.items() if word in held) / total, len(kept) / (len(pairs) or 1)]


def _shape(asked: Asked, sentence: Sentence) -> list[float]:
    fresh = set(sentence.words) - set(asked.words)
    return [
        math.log1p(len(sentence.text)),
        math.log1p(len(fresh)),
        float(sentence.place == 0),
        float(len(sentence.words) < 5),
        float(sentence.text.rstrip("»”\"'’) ").endswith(("?", "？", "؟"))),
    ]


def _fits(asked: Asked, sentence: Sentence) -> list[float]:
    """What a sentence must bring for the kind of question, and does not merely repeat from it."""
    numbers = set(NUMBER.findall(sentence.text)) - asked.numbers
    fresh = [name for name in names(sentence.text) if name not in asked.words]
    kind = asked.kind
    return [
        float(kind == "when" and any(_YEAR.search(number) for number in numbers)),
        float(kind == "when" and bool(numbers or _TIMES.search(sentence.text))),
        float(kind == "number" and bool(numbers)),
        float(kind == "number" and not numbers and bool(_NUMERALS.search(sentence.text))),
        float(kind == "who" and bool(fresh)),
        float(kind == "where" and bool(fresh)),
        float(kind == "why" and bool(_CAUSE.search(sentence.text))),
        float(kind == "definition" and sentence.place == 0),
    ]


def _likeliest(
    asked: Asked, held: Sequence[Sentence], scores: Sequence[float], embedding: Embedding | None
) -> list[int]:
    """The sentences that are worth comparing with the question; none where the model does not know its language."""
    if embedding is None or asked.language not in embedding.languages:
        return []
    ranked = np.argsort(-np.array(scores), kind="stable")
    return [i for i in map(int, ranked) if held[i].language in embedding.languages][:EMBEDDED]


def _cosines(
    asked: Asked, held: Sequence[Sentence], likely: Sequence[int], embedding: Embedding | None
) -> NDArray[np.float64]:
    """The cosine with the question for the likeliest sentences, less their mean: 0 for the rest and without a model.

    The second column is the mean, which tells no sentence from another but says how near they all are.
    """
    out = np.zeros((len(held), 2))
    if embedding is None or not likely:
        return out
    texts = [f"{held[i].hit.document.title}: {held[i].text}" for i in likely]  # "he" and "it" are in the title
    # By itself, as the search asked: it is remembered.
    question = np.asarray(embedding([asked.text], [asked.language]), dtype=np.float64)[0]
    cosines = np.asarray(embedding(texts, [held[i].language for i in likely]), dtype=np.float64) @ question
    out[likely, 0] = cosines - cosines.mean()
    out[:, 1] = cosines.mean()
    return out
