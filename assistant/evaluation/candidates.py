"""Candidate questions out of one's own documents, to be pruned by hand: a start, not a test."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence

from assistant.evaluation.dataset import Case
from vectorstore.sentences import sentences
from vectorstore.types import Document, Heading, Span

# What is asked of a heading, and of a sentence with its most telling part left out.
_ASKED = {
    "en": ("What do the documents say about “{}”?", "Which words are missing: “{}”?"),
    "fr": ("Que disent les documents à propos de « {} » ?", "Quels mots manquent : « {} » ?"),
    "de": ("Was sagen die Dokumente zu „{}“?", "Welche Wörter fehlen: „{}“?"),
    "es": ("¿Qué dicen los documentos sobre «{}»?", "¿Qué palabras faltan: «{}»?"),
    "it": ("Che cosa dicono i documenti su «{}»?", "Quali parole mancano: «{}»?"),
    "pt": ("O que dizem os documentos sobre «{}»?", "Que palavras faltam: «{}»?"),
    "nl": ("Wat zeggen de documenten over “{}”?", "Welke woorden ontbreken: “{}”?"),
    "ru": ("Что говорится в документах о «{}»?", "Каких слов не хватает: «{}»?"),
    "zh": ("文档中关于“{}”是怎么说的？", "缺少哪些词：“{}”？"),
    "ja": ("文書には「{}」について何と書かれていますか。", "欠けている言葉は何ですか：「{}」"),
}
_NUMBER = re.compile(
    r"(?<![\w.,])\d(?:[\d.,\u00a0\u202f]*\d)?(?![\d.,]*\d)(?![a-zA-Z])|(?<=[^\x00-\x7f])\d+(?=[^\x00-\x7f])"
)
_NAME = re.compile(r"(?<=[a-zà-ÿа-я,;] )(?:[A-ZÀ-ÞА-Я][\w’'-]+)(?: [A-ZÀ-ÞА-Я][\w’'-]+)*")
_GAP = "____"
_SHORT, _LONG = 30, 280  # a sentence that says enough to ask about, and can be read at a glance
_OF_A_SENTENCE = 0.6  # headings ask how people ask, sentences test whether the words are found


def candidates(documents: Iterable[Document], *, count: int, seed: int) -> list[Case]:
    """``count`` questions at most, drawn over the documents in turn, each with its evidence."""
    generator = random.Random(seed)
    per_document = []
    for document in sorted(documents, key=lambda each: each.id):
        found = list(_of_headings(document)) + list(_of_sentences(document))
        generator.shuffle(found)
        found.sort(key=lambda case: generator.random() - _OF_A_SENTENCE * bool(not case.answers))
        per_document.append(found)
    generator.shuffle(per_document)
    drawn: list[Case] = []
    while len(drawn) < count and any(per_document):
        drawn += [found.pop(0) for found in per_document if found]
    return drawn[:count]


def _of_headings(document: Document) -> Iterator[Case]:
    for place, heading in enumerate(document.headings):
        body = _under(document, place)
        first = next((span for span in sentences(body, document.ref.language) if span.end - span.start >= _SHORT), None)
        if first is None:
            continue
        title = " ".join(heading.title.split())
        question = title if title.endswith(("?", "？", "؟")) else _phrases(document)[0].format(title)
        yield _case(document, f"h{heading.start}", question, (), body[first.start : first.end])


def _under(document: Document, place: int) -> str:
    """The text between a heading's own line and the next heading."""
    heading: Heading = document.headings[place]
    end = document.headings[place + 1].start if place + 1 < len(document.headings) else len(document.text)
    own_line = document.text.find("\n", heading.start, end)
    return document.text[own_line + 1 : end] if own_line >= 0 else ""


def _of_sentences(document: Document) -> Iterator[Case]:
    for span in sentences(document.text, document.ref.language):
        sentence = document.text[span.start : span.end]
        telling = _telling(sentence)
        if telling and _SHORT <= len(sentence) <= _LONG and "\n" not in sentence:
            gap = sentence[: telling.start] + _GAP + sentence[telling.end :]
            answer = sentence[telling.start : telling.end]
            yield _case(document, f"s{span.start}", _phrases(document)[1].format(gap), (answer,), sentence)


def _telling(sentence: str) -> Span | None:
    """The first number of a sentence, or else its first name that does not open it."""
    for pattern in (_NUMBER, _NAME):
        if match := pattern.search(sentence):
            return Span(*match.span())
    return None


def _phrases(document: Document) -> tuple[str, str]:
    return _ASKED.get(document.ref.language, _ASKED["en"])


def _case(document: Document, place: str, question: str, answers: Sequence[str], evidence: str) -> Case:
    language = document.ref.language
    return Case(
        id=f"{document.id}-{place}",
        question=question,
        lang=language if language in _ASKED else "en",
        answers=tuple(answers),
        doc_ids=(document.id,),
        evidence=(evidence,),
        category="heading" if place.startswith("h") else "gap",
    )
