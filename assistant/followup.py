"""A follow-up question made to stand alone, without a model: what it leaves out is added from the turns before it.

The question keeps its own words; what was meant is set behind it in parentheses, ``and in 2016? (Putin, Trump, phone
call)``, so that a reader sees at once what was understood, and a search finds both.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from assistant.followup_words import SmallWords, small_words
from assistant.terms import OPENING, RUN, UNSPACED, WORD, Term, phrased, terms
from assistant.types import Turn
from vectorstore.language import detect

MOST_TERMS = 5  # more of the old question than that drowns the new one
TURNS_BACK = 3  # how far back a subject is looked for
FRAGMENT = 1  # a question with no more content words than this is a fragment, unless it defines or names something
BARE = 3  # … and so is one of up to so many words that are all content: no verb of everyday, no question word
OLDER = 0.3  # what a turn counts for, compared to the one after it
INHERITED = 0.5  # what a word counts for that an earlier question had itself been given
NAMED = 1.5  # what a name counts for, compared to another word
ASKED = 3.0  # being asked about, compared to being mentioned in the answers
KEPT = 0.5  # a word is taken along when it weighs at least this part of the heaviest

_SENTENCE_END = re.compile(r"[.!?。！？؟]\s+(?=\S)")
_CLAUSE_END = re.compile(r"[,;:.!?—–]|\s-\s")


class Gap(Enum):
    """What a question leaves out."""

    NONE = "none"
    PERSON = "person"
    THING = "thing"
    SUBJECT = "subject"
    SENTENCE = "sentence"
    """It is a few words, which may say enough when they name what is spoken of."""


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question as it reads on its own. One that leaves nothing out, or opens another subject, stays as it is.

    ``history`` is oldest first. Deterministic; a millisecond or two.
    """
    if not history:
        return question
    recent = history[-TURNS_BACK:]
    words = small_words(detect("\n".join([*(turn.question for turn in recent), question])))
    own = terms(question, words)
    gap = what_is_missing(question, own, words)
    if gap is Gap.NONE:
        return question
    if gap is Gap.SENTENCE and _shares(own, recent[-1], words):
        return question
    found = _like_for_like(own, subject(own, recent, words, gap), gap)
    return f"{question} ({phrased(found)})" if found else question


def what_is_missing(question: str, own: Sequence[Term], words: SmallWords) -> Gap:
    """What the question leaves out, judged by its own words; ``own`` are its content words."""
    lowered = question.lower().lstrip(OPENING)
    if any(_opens(lowered, phrase) for phrase in words.turns):
        return Gap.NONE
    if any(_opens(lowered, phrase) for phrase in words.corrects):
        return Gap.SUBJECT
    if back := _pointers(question, own, words):
        return Gap.PERSON if back & words.persons else Gap.THING
    tokens = [match.group().lower() for match in WORD.finditer(question)]
    carries_on = any(_opens(lowered, phrase) for phrase in words.openers) or bool(words.rest.intersection(tokens))
    if carries_on and len(own) <= FRAGMENT + 1:
        return Gap.SUBJECT
    if any(term.name and not term.text[0].isdigit() for term in own):
        return Gap.NONE
    if len(own) > FRAGMENT:
        bare = len(own) == len(tokens) <= BARE and not UNSPACED.search(question)
        return Gap.SENTENCE if bare else Gap.NONE
    defines = own and any(_opens(lowered, f"{phrase} {own[0].text.lower()}") for phrase in words.defines)
    return Gap.NONE if defines else Gap.SUBJECT


def subject(own: Sequence[Term], history: Sequence[Turn], words: SmallWords, gap: Gap) -> list[Term]:
    """What the turns before are about, less what the question says itself; the latest turn first.

    A word weighs by how late it was asked about, whether it is a name, and how often the answers mention it.
    """
    known = {term.key for term in own}
    weights: dict[str, float] = {}
    places: dict[str, tuple[int, Term]] = {}
    mentions: Counter[str] = Counter()
    for age, turn in enumerate(reversed(history)):
        mentions.update(term.key for term in terms(turn.answer, words))
        candidates = terms(turn.standalone_question or turn.question, words)
        if gap is Gap.PERSON and age == 0 and not any(term.name for term in candidates):
            candidates = first_name(turn.answer, words) or candidates
        for term in candidates:
            if term.key in known:
                continue
            weight = OLDER**age * (ASKED + math.log1p(mentions[term.key])) * (NAMED if term.name else 1)
            if term.start >= len(turn.question):
                weight *= INHERITED
            weights[term.key] = max(weight, weights.get(term.key, 0))
            places.setdefault(term.key, (age, term))
    heaviest = sorted(weights, key=lambda key: (-weights[key], places[key][0], places[key][1].start))[:MOST_TERMS]
    kept = [places[key] for key in heaviest if weights[key] >= KEPT * weights[heaviest[0]]]
    return [term for _, term in sorted(kept, key=lambda place: (place[0], place[1].start))]


def _shares(own: Sequence[Term], turn: Turn, words: SmallWords) -> bool:
    """Whether a fragment names what the turn was about itself."""
    asked = {term.key for term in terms(turn.question, words)}
    return any(term.key in asked for term in own)


def _like_for_like(own: Sequence[Term], found: Sequence[Term], gap: Gap) -> Sequence[Term]:
    """Without what a fragment puts something else in the place of: a number for a number, a name for the only name."""
    if gap not in (Gap.SUBJECT, Gap.SENTENCE):
        return found
    for number in (True, False):
        new = any(term.name and term.text[0].isdigit() == number for term in own)
        old = [term for term in found if term.name and term.text[0].isdigit() == number]
        if new and len(old) == 1 and len(found) > 1:
            found = [term for term in found if term not in old]
    return found


def first_name(answer: str, words: SmallWords) -> list[Term]:
    """The first name in a text, whole: all the words it consists of."""
    out: list[Term] = []
    for term in terms(answer, words):
        belongs = term.name and not term.text[0].isdigit() and (not out or term.start - out[-1].end <= 1)
        if belongs:
            out.append(term)
        elif out:
            break
    return out


def _opens(lowered: str, phrase: str) -> bool:
    rest = lowered.removeprefix(phrase)
    return rest != lowered and (not rest[:1].isalnum() or bool(UNSPACED.match(phrase[-1])))


def _pointers(question: str, own: Sequence[Term], words: SmallWords) -> set[str]:
    """The words of the question that point at something outside of it."""
    if UNSPACED.search(question):
        return {word for word in words.back if word in question}
    # Of several sentences the last one asks; the others are what it may point at.
    last = max((match.end() for match in _SENTENCE_END.finditer(question)), default=0)
    if not any(term.start >= last for term in own):
        last = 0
    lowered = question.lower()
    defined = max((len(phrase) for phrase in words.defines if _opens(lowered, phrase)), default=0)
    found = [match for match in RUN.finditer(question) if match.start() >= last]
    tokens = [match.group().lower() for match in found]
    return {
        token
        for index, (token, match) in enumerate(zip(tokens, found, strict=True))
        if token in words.back
        and match.start() >= defined
        and words.points(tokens, index)
        and not _has_antecedent(question[: match.start()], own, words)
        and not _is_described(match, own, words)
    }


def _has_antecedent(before: str, own: Sequence[Term], words: SmallWords) -> bool:
    """Whether an earlier clause of the same question names what a pronoun after ``before`` may stand for."""
    borders = [match.start() for match in _CLAUSE_END.finditer(before)]
    borders += [match.start() for match in WORD.finditer(before) if match.group().lower() in words.joins]
    named = [term for term in own if borders and term.end <= max(borders)]
    return len(named) > 1 or any(term.name for term in named)


def _is_described(match: re.Match[str], own: Sequence[Term], words: SmallWords) -> bool:
    """Whether a demonstrative brings its own description along: "those storms on Jupiter"."""
    after = [term for term in own if term.start >= match.end()]
    return match.group().lower() in words.demonstrative and len(after) > 1 and after[0].start - match.end() == 1
