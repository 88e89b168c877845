"""Which sentences answer the question: candidates, what speaks for each, and the choice."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.questions import Kind, question_kind, topic
from assistant.types import Question
from vectorstore.ngrams import grams, words
from vectorstore.retrieve import Embed
from vectorstore.sentences import sentences
from vectorstore.types import Hit, Retrieval

PASSAGES = 10  # beyond these a passage holds the answer in fewer than one question of a hundred
EMBEDDED = 15  # sentences a question: about 15 ms on one core
EMBEDDED_LANGUAGES = frozenset({"en"})  # of questions: elsewhere the local model costs more than it tells

_NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")
_YEAR = re.compile(r"(?<!\d)(?:1\d{3}|20\d{2})(?!\d)")
_NAME = re.compile(r"(?<![^\W_])[^\W\d_a-z][\w’'-]*")
_SPOKEN = re.compile(r"[^\W_]+")
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
    r"ya que|puesto que|a causa|para|razón|gracias a|поскольку|потому|из-за|чтобы|поэтому|так как|благодаря|vì|do|bởi|để|"
    r"çünkü|için|nedeniyle|dolayı|επειδή|λόγω|γιατί|για να|deoarece|pentru|datorită|din cauza)(?!\w)|"
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

    @cached_property
    def grams(self) -> frozenset[str]:
        return frozenset(grams(self.text))

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(words(self.text))


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as the features see it."""

    kind: Kind
    language: str
    weights: Mapping[str, float]
    """Each 4-gram of the question, and how much it tells."""
    words: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    """Folded capitalised words after the first, so that nobody counts "Why"."""

    def coverage(self, held: frozenset[str] | set[str]) -> float:
        """The weighted share of the question's 4-grams that are held, 0 to 1."""
        total = sum(self.weights.values())
        return sum(weight for gram, weight in self.weights.items() if gram in held) / total if total else 0.0


def read_question(question: Question, retrieval: Retrieval, held: Sequence[Sentence]) -> Asked:
    """What the question asks for and how rare its parts are.

    Weights come from the whole collection where the retrieval knows them, else from the retrieved sentences.
    """
    own = dict.fromkeys(grams(topic(question.text, question.language)))
    weights = {gram: retrieval.weights[gram] for gram in own if gram in retrieval.weights}
    if not weights:
        counts = Counter(gram for sentence in held for gram in sentence.grams if gram in own)
        weights = {gram: math.log(1 + (len(held) + 1) / (counts[gram] + 0.5)) for gram in own}
    return Asked(
        kind=question_kind(question.text, question.language),
        language=question.language,
        weights=weights,
        words=tuple(words(question.text)),
        numbers=frozenset(_NUMBER.findall(question.text)),
        names=frozenset(names(question.text)),
    )


def names(text: str) -> list[str]:
    """The folded capitalised words of a text, the one that opens it left out.

    >>> names("Why did Russia call the G20?")
    ['russia', 'g20']
    """
    opening = _SPOKEN.search(text)
    first = opening.start() if opening else 0
    found = (match for match in _NAME.finditer(text) if match.start() > first and match.group()[0].isupper())
    return [word for match in found for word in words(match.group())]


def candidates(retrieval: Retrieval, *, passages: int = PASSAGES) -> list[Sentence]:
    """The sentences of the best chunks, best chunk first, each place in a document once."""
    found: list[Sentence] = []
    seen: set[tuple[str, int]] = set()
    for rank, hit in enumerate(retrieval.hits[:passages]):
        chunk = hit.chunk
        for place, span in enumerate(sentences(chunk.text, hit.document.language)):
            start, end = chunk.start + span.start, chunk.start + span.end
            if (chunk.document_id, start) in seen:
                continue
            seen.add((chunk.document_id, start))
            found.append(Sentence(hit, rank, place, start, end, chunk.text[span.start : span.end]))
    return found


FEATURES = (
    "coverage",
    "coverage_around",
    "coverage_passage",
    "coverage_local",
    "words",
    "pairs",
    "score",
    "first",
    "rank",
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
    "what_name",
    "definition_first",
    "names_missing",
    "numbers_missing",
    "cosine",
    "cosine_foreign",
)


def features(asked: Asked, held: Sequence[Sentence], embed: Embed | None, text: str) -> NDArray[np.float64]:
    """One row a sentence, one column a feature, in the order of `FEATURES`."""
    counts = Counter(gram for sentence in held for gram in sentence.grams if gram in asked.weights)
    local = {gram: math.log(1 + len(held) / (counts[gram] or len(held))) for gram in asked.weights}
    local_total = sum(local.values()) or 1.0
    top = max((sentence.hit.score for sentence in held), default=1.0) or 1.0
    passages = {
        sentence.hit.chunk.id: frozenset(grams(sentence.hit.chunk.indexed_text(sentence.hit.document.title)))
        for sentence in held
        if sentence.place == 0
    }
    rows = []
    for i, sentence in enumerate(held):
        before = held[i - 1].grams if i and held[i - 1].rank == sentence.rank else frozenset()
        after = held[i + 1].grams if i + 1 < len(held) and held[i + 1].rank == sentence.rank else frozenset()
        passage = passages.get(sentence.hit.chunk.id, sentence.grams)
        rows.append(
            [
                asked.coverage(sentence.grams),
                asked.coverage(sentence.grams | before | after),
                asked.coverage(passage),
                sum(weight for gram, weight in local.items() if gram in sentence.grams) / local_total,
                *_overlap(asked, sentence),
                sentence.hit.score / top,
                float(sentence.rank == 0),
                1 / (1 + sentence.rank),
                *_shape(asked, sentence),
                *_fits(asked, sentence),
                *_missing(asked, sentence.grams | before | after, sentence.text),
            ]
        )
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
    return np.hstack([table, _cosines(asked, held, table, embed, text)]) if rows else np.zeros((0, len(FEATURES)))


def _overlap(asked: Asked, sentence: Sentence) -> list[float]:
    """Whole words held, by the weight of their 4-grams, and neighbouring pairs of them kept."""
    held = set(sentence.words)
    weights = {word: sum(asked.weights.get(gram, 0.0) for gram in grams(word)) for word in set(asked.words)}
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
    numbers = set(_NUMBER.findall(sentence.text)) - asked.numbers
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
        float(kind in ("what", "how") and bool(fresh)),
        float(kind == "definition" and sentence.place == 0),
    ]


def _missing(asked: Asked, around: frozenset[str], text: str) -> list[float]:
    """The shares of the question's names and numbers that neither the sentence nor its neighbours hold."""
    lost = [name for name in asked.names if not any(gram in around for gram in grams(name)[:2])]
    unnumbered = [number for number in asked.numbers if f"_{number}_"[:4] not in around]
    return [len(lost) / (len(asked.names) or 1), len(unnumbered) / (len(asked.numbers) or 1)]


def _cosines(
    asked: Asked, held: Sequence[Sentence], table: NDArray[np.float64], embed: Embed | None, text: str
) -> NDArray[np.float64]:
    """The cosine with the question for the likeliest sentences, less their mean: 0 for the rest and without a model.

    The second column is that of sentences in other languages, where the model recognises little but names.
    """
    out = np.zeros((len(held), 2))
    if embed is None or asked.language not in EMBEDDED_LANGUAGES or not held:
        return out
    likely = np.argsort(-(table[:, 0] + table[:, 6]), kind="stable")[:EMBEDDED]
    vectors = np.asarray(embed([text, *(held[i].text for i in likely)]), dtype=np.float64)
    cosines = vectors[1:] @ vectors[0]
    own = np.array([held[i].hit.document.language == asked.language for i in likely])
    out[likely, 0] = np.where(own, cosines - cosines.mean(), 0.0)
    out[likely, 1] = np.where(own, 0.0, cosines - cosines.mean())
    return out


def probabilities(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely each sentence is the one that answers, given that one does; they sum to 1."""
    scores = table @ np.array([WEIGHTS[name] for name in FEATURES])
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum(), dtype=np.float64)


ENOUGH = 0.95  # further sentences are quoted until one of them is the answer with this probability
SAME = 0.8  # of the smaller sentence's words: two sentences that share more say the same


def choose(held: Sequence[Sentence], shares: NDArray[np.float64], most: int) -> list[list[Sentence]]:
    """The sentences to quote, in groups that stand together; the likeliest group first, each in reading order."""
    picked: list[int] = []
    told = 0.0
    for i in map(int, np.argsort(-shares, kind="stable")):
        if len(picked) >= most or told >= ENOUGH:
            break
        told += float(shares[i])
        if i in picked or any(_same(held[i], held[j]) for j in picked):
            continue
        before = _needed_before(held, i) if not picked and most > 1 else None
        picked += [i] if before is None else [i, before]
    return [[held[i] for i in group] for group in _grouped(held, picked)]


def _grouped(held: Sequence[Sentence], picked: Sequence[int]) -> list[list[int]]:
    """Neighbours join; groups keep the order of their likeliest member (``picked`` is in that order)."""
    groups: list[list[int]] = []
    place = {i: n for n, i in enumerate(picked)}
    for i in sorted(picked, key=lambda i: (held[i].hit.chunk.document_id, held[i].start)):
        if groups and _neighbours(held[groups[-1][-1]], held[i]):
            groups[-1].append(i)
        else:
            groups.append([i])
    return sorted(groups, key=lambda group: min(place[i] for i in group))


def _neighbours(left: Sentence, right: Sentence) -> bool:
    """Whether nothing but white space can stand between two sentences of one document."""
    same = left.hit.chunk.document_id == right.hit.chunk.document_id
    return same and 0 <= right.start - left.end <= _WHITE


_WHITE = 3  # code points between the sentences of one paragraph, or of two


def _same(left: Sentence, right: Sentence) -> bool:
    one, other = set(left.words), set(right.words)
    return len(one & other) >= SAME * min(len(one), len(other))


_LEANS = re.compile(
    r"(?:he|she|it|they|this|that|these|those|his|her|its|their|such|however|therefore|thus|but|and|also|moreover|"
    r"il|elle|ils|elles|ce|cet|cette|ces|celui-ci|celle-ci|ceux-ci|ces derniers|cela|ceci|néanmoins|cependant|"
    r"toutefois|mais|et|"
    r"er|sie|es|dies|diese|dieser|dieses|jedoch|aber|und|außerdem|daher|deshalb|"
    r"él|ella|ellos|ellas|esto|este|esta|estos|estas|ese|esa|sin embargo|pero|y|además|"
    r"он|она|оно|они|это|этот|эта|эти|однако|но|и)(?!\w)",
    re.IGNORECASE,
)


def _needed_before(held: Sequence[Sentence], i: int) -> int | None:
    """The sentence before, where this one opens with a word that points back to it and both were retrieved."""
    if not _LEANS.match(held[i].text):
        return None
    return next((j for j in range(len(held)) if _neighbours(held[j], held[i])), None)


WEIGHTS = {
    "coverage": -2.41,
    "coverage_around": 2.14,
    "coverage_passage": 3.66,
    "coverage_local": 7.71,
    "words": -0.31,
    "pairs": 1.74,
    "score": 4.15,
    "first": 0.15,
    "rank": -0.16,
    "length": -0.24,
    "new": 0.22,
    "opens": 0.27,
    "short": -0.56,
    "question": -1.48,
    "when_year": 1.16,
    "when_time": 0.91,
    "number_digits": 3.37,
    "number_words": 1.60,
    "who_name": 0.53,
    "where_name": 0.88,
    "why_cause": 0.98,
    "what_name": -0.10,
    "definition_first": 0.94,
    "names_missing": -0.91,
    "numbers_missing": -1.91,
    "cosine": 6.00,
    "cosine_foreign": 4.00,
}
"""Fitted by ``benchmarks/answering.py --fit``; docs/evaluation.md says on what."""
