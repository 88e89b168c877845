"""Whether two sentences give different values for what is asked, and are about the same thing otherwise.

Caution comes first: they do only if nothing but the value tells them apart, so that sentences about different years,
products or places do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.alignment import Pair, sentence_tokens, trimmed
from assistant.asked import Asked
from assistant.choosing import leans
from assistant.signals import Sentence
from assistant.support import denies
from assistant.values import Token, same_amount, same_date
from assistant.views import View, asks
from vectorstore.ngrams import fold, pieces, signs, words
from vectorstore.types import Span

Slot = Literal["date", "number", "name", "denial"]

RELATED = 0.35  # of the 4-grams of one: less, and it is not worth while to align them
STRICT = 0.75  # the same where no digit or capital shows what was exchanged
_COUNTED = re.compile(r"(?<=\d) [^\W\d_]{2,}")
_MARKED = re.compile(r"[^\w\s·・.]")
_DATE_ASKED = re.compile(
    r"(?<!\w)(?:date|dates|datum|termin|fecha|data|дата|даты|tarih|tarihi|ημερομηνία|ngày|تاريخ|तारीख)(?!\w)|日期|时间|時間|日時",
    re.I,
)
"""Questions that ask when without asking so: "What is the release date?"."""
LONGEST = 5  # words of a name; of scripts without blanks, signs twice as many
ASIDE = 3  # content words beside the question's and the value, where they are worded differently
EXCERPT = 90  # code points shown of a sentence that stands for its value

_EDITIONS = frozenset(
    words(
        "v version versions old new draft final update updated revised revision edition copy current latest previous "
        "archive archived superseded ancien ancienne nouveau nouvelle brouillon alt neu entwurf antiguo nuevo borrador "
        "january february march april may june july august september october november december"
    )
)
"""What tells versions of one document apart, and not their subjects."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one document says: ``sentence.text[start:end]`` is the value."""

    sentence: Sentence
    start: int
    end: int

    @property
    def value(self) -> str:
        return self.sentence.text[self.start : self.end]

    @property
    def document_id(self) -> str:
        return self.sentence.hit.chunk.document_id

    @property
    def place(self) -> Span:
        """The value's offsets in its document's text."""
        return Span(self.sentence.start + self.start, self.sentence.start + self.end)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two or three documents that give different values for what is asked; the likeliest first."""

    slot: Slot
    claims: tuple[Claim, ...]


def differ(left: View, right: View) -> Contradiction | None:
    """Whether two sentences of different documents give different values for what is asked, and which."""
    one, other = left.sentence, right.sentence
    if left.bounds != right.bounds:
        return None
    if one.language == other.language and len(one.terms & other.terms) >= RELATED * min(
        len(one.terms), len(other.terms)
    ):
        versions = Pair.aligned(one, other)
        if versions is not None:
            return None if _apart(left, right) else _exchanged(left.asked, versions)
    return _reworded(left, right)


# Two versions of one sentence


def _exchanged(asked: Asked, pair: Pair) -> Contradiction | None:
    """The one value that was exchanged, if it is of the kind asked for and nothing else tells the sentences apart."""
    if _other_subject(asked, pair):
        return None
    dates = _distinct(pair, "date")
    numbers = _distinct(pair, "number")
    names, rest = _names(pair)
    if rest:
        return None
    slots: dict[Slot, Sequence[tuple[Sequence[Token], Sequence[Token]]]] = {
        "date": dates,
        "number": numbers,
        "name": names,
    }
    found: list[Slot] = [slot for slot, pairs in slots.items() if pairs]
    if not found:
        denied = denies(pair.left.text) != denies(pair.right.text)
        whole = not any(any(one) and any(other) for one, other in pair.exchanged)
        if asked.kind == "yesno" and denied and whole and pair.alike >= STRICT:
            return Contradiction("denial", (_excerpt(pair.left), _excerpt(pair.right)))
        return None
    if len(found) > 1 or len(slots[found[0]]) > 1 or found[0] not in _slots(asked):
        return None
    slot = found[0]
    if slot == "number" and _lone_date(pair):
        return None
    one, other = slots[slot][0]
    return Contradiction(slot, (_claim(pair.left, one), _claim(pair.right, other)))


_ANY: frozenset[Slot] = frozenset({"date", "number", "name"})
_SLOTS: dict[str, frozenset[Slot]] = {
    "when": frozenset({"date", "number"}),
    "number": frozenset({"number"}),
    "who": frozenset({"name"}),
    "where": frozenset({"name"}),
    "how": frozenset({"date", "number"}),
    "why": frozenset({"date", "number"}),
}
"""What a question of a kind may ask for; any value where it is not said."""

_Stretch = Sequence[Token]


def _slots(asked: Asked) -> frozenset[Slot]:
    if asked.kind == "what" and _DATE_ASKED.search(asked.text):
        return _SLOTS["when"]
    return _SLOTS.get(asked.kind, _ANY)


def _distinct(pair: Pair, kind: Literal["date", "number"]) -> list[tuple[_Stretch, _Stretch]]:
    """The dates, or numbers, that were exchanged for others, each two of them once."""
    ours, theirs = (sentence_tokens(one.text, one.language) for one in (pair.left, pair.right))
    found: dict[tuple[str, ...], tuple[_Stretch, _Stretch]] = {}
    for one, other in pair.exchanged:
        mine = [token for token in one if token.kind == kind and not any(_same(token, held) for held in theirs)]
        their = [token for token in other if token.kind == kind and not any(_same(token, held) for held in ours)]
        for left, right in zip(mine, their, strict=False):
            if left.unit == right.unit:  # "30 days" and "5 %" answer different questions
                found[left.key, right.key] = ([left], [right])
    return list(found.values())


def _same(one: Token, other: Token) -> bool:
    if one.kind != other.kind:
        return False
    if one.date and other.date:
        return same_date(one.date, other.date)
    return one.unit == other.unit and same_amount(one, other)


def _names(pair: Pair) -> tuple[list[tuple[_Stretch, _Stretch]], bool]:
    """The names that were exchanged, each pair once, and whether other words were."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[_Stretch, _Stretch]] = {}
    rest = False
    for one, other in pair.exchanged:
        left, right = _worded(one), _worded(other)
        if not left or not right:
            continue
        if (
            _is_name(left, pair, pair.left.text)
            and _is_name(right, pair, pair.right.text)
            and not _one_name(left, right)
        ):
            found[tuple(token.key for token in left), tuple(token.key for token in right)] = (left, right)
        elif not _one_name(left, right):
            rest = True
    return list(found.values()), rest


def _worded(stretch: _Stretch) -> tuple[Token, ...]:
    return trimmed([token for token in stretch if token.kind not in ("date", "number")])


def _is_name(stretch: _Stretch, pair: Pair, text: str) -> bool:
    """Capitals tell; in scripts without them, that everything else is the same."""
    written = text[stretch[0].start : stretch[-1].end]
    if any(token.kind == "sign" for token in stretch):
        short = 1 < len(stretch) <= 2 * LONGEST and all(token.kind in ("sign", "word") for token in stretch)
        return short and len(_once(pair)) == 1 and pair.alike >= STRICT and not _MARKED.search(written)
    if len(stretch) > LONGEST:
        return False
    if all(token.kind in ("name", "opener", "small") for token in stretch):
        return True
    return written.lower() == written.upper() and len(_once(pair)) == 1 and pair.alike >= STRICT


def _once(pair: Pair) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What was exchanged, by its words: one name may stand in a sentence several times."""
    return {(tuple(t.key for t in one), tuple(t.key for t in other)) for one, other in pair.exchanged}


def _one_name(left: _Stretch, right: _Stretch) -> bool:
    """Whether two stretches may name the same: a word in common, or one is the initials of the other."""
    if all(token.kind == "sign" for token in (*left, *right)):
        return fold("".join(token.key for token in left)) == fold("".join(token.key for token in right))
    ours, theirs = (
        {token.key for token in stretch if token.kind in ("name", "opener", "word")} for stretch in (left, right)
    )
    if ours & theirs or any(_one_word(one, other) for one in ours for other in theirs):
        return True
    return _initials(left) in theirs or _initials(right) in ours


def _one_word(one: str, other: str) -> bool:
    """Whether two words may be forms of one: most of their 4-grams are shared."""
    cut, other_cut = set(pieces(one)), set(pieces(other))
    return len(cut & other_cut) > min(len(cut), len(other_cut)) / 2


def _initials(stretch: _Stretch) -> str:
    return "".join(token.key[:1] for token in stretch if token.kind in ("name", "opener"))


def _lone_date(pair: Pair) -> bool:
    """Whether one of them alone is about a certain time."""
    dated = [
        any(token.kind == "date" for token in stretch) for one, other in pair.exchanged for stretch in (one, other)
    ]
    return any(dated)


def _other_subject(asked: Asked, pair: Pair) -> bool:
    """Whether one of them lacks something of the question that the other holds."""
    for other, side in ((pair.right, 0), (pair.left, 1)):
        for stretches in pair.exchanged:
            for token in stretches[side]:
                if token.kind in ("small", "sign"):
                    continue
                if asked.kind == "yesno" and token.kind in ("date", "number"):
                    continue
                if asks(asked, token) and not _asks_held(token, other):
                    return True
    return _signs_apart(asked, pair)


def _asks_held(token: Token, other: Sentence) -> bool:
    cut = set(pieces(token.key))
    return len(cut & other.terms) > len(cut) / 2


def _signs_apart(asked: Asked, pair: Pair) -> bool:
    """The same for scripts without blanks, by pairs of signs."""
    mine, theirs, question = set(signs(pair.left.text)), set(signs(pair.right.text)), set(signs(asked.text))
    return bool(question & (mine ^ theirs))


# The same thing in other words


def _reworded(left: View, right: View) -> Contradiction | None:
    """Both hold the question and little beside, and one value each, of the kind asked for."""
    slot = _REWORDED.get(left.asked.kind)
    if slot is None or not (left.answers and right.answers) or _apart(left, right):
        return None
    ours, theirs = left.fresh, right.fresh
    mine, other = _only(ours, slot), _only(theirs, slot)
    if not mine or not other:
        return None
    if slot == "name":
        if (
            left.sentence.language != right.sentence.language
            or _one_name(mine, other)
            or len(mine) > LONGEST
            or len(other) > LONGEST
        ):
            return None
    elif _same(mine[0], other[0]) or (slot == "number" and mine[0].unit != other[0].unit):
        return None
    if slot != "date" and any(token.kind == "date" for token in (*ours, *theirs)):
        return None
    aside, other_aside = (_aside(found, value) for found, value in ((ours, mine), (theirs, other)))
    shared = {one for one in aside if any(_one_word(one, two) for two in other_aside)}
    if len(aside - shared) > ASIDE or len(other_aside) - len(shared) > ASIDE:
        return None
    return Contradiction(slot, (_claim(left.sentence, mine), _claim(right.sentence, other)))


_REWORDED: dict[str, Slot] = {"when": "date", "number": "number", "what": "number", "who": "name", "where": "name"}


def _only(found: Sequence[Token], slot: Slot) -> list[Token]:
    """The only value of a kind among tokens: nothing where there are several."""
    if slot in ("date", "number"):
        values = [token for token in found if token.kind == slot]
        return values if len(values) == 1 else []
    names = [i for i, token in enumerate(found) if token.kind in ("name", "opener")]
    if not names or names[-1] - names[0] != len(names) - 1:
        return []
    run = [found[i] for i in names]
    return run if run[-1].end - run[0].start <= sum(token.end - token.start for token in run) + 2 * len(run) else []


def _aside(found: Sequence[Token], value: Sequence[Token]) -> set[str]:
    return {token.key for token in found if token not in value}


# What both need


def _apart(left: View, right: View) -> bool:
    """Whether titles and headings tell the two apart: of one kind ("Office in Lisbon", "Office in Paris"), or at all
    where the sentences leave open whom they are about ("It was released in May")."""
    ours, theirs = left.headed, right.headed
    mine, other = (
        {word for word in found if not word.isdigit() and word not in _EDITIONS}
        for found in (ours - theirs, theirs - ours)
    )
    if not mine or not other:
        return False
    return bool(ours & theirs) or any(leans(one.sentence.text) or one.nameless for one in (left, right))


def _claim(sentence: Sentence, stretch: _Stretch) -> Claim:
    """The value as it is told: a number with the word that follows and counts it."""
    end = stretch[-1].end
    unit, counted = stretch[-1].unit, _COUNTED.match(sentence.text, end)
    if unit and counted and fold(counted.group().strip()).startswith(unit):
        end = counted.end()
    return Claim(sentence, stretch[0].start, end)


def _excerpt(sentence: Sentence) -> Claim:
    return Claim(sentence, 0, min(len(sentence.text), EXCERPT))
