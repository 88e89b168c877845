"""Reads what a model writes, while it writes: words, sentence labels such as ``[2.3]``, the sentinel.

Every decision rests on the signs alone and never on how they were cut into pieces, so that a streamed answer and the
same answer in one piece are read alike. Text is passed on at once, except an end that may still become something else;
no more than `_LONGEST_TARGET` code points are ever held back, which keeps the time linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from assistant.markup import HTML_TAG, plain_address, visible

NOT_IN_DOCUMENTS = "NOT_IN_DOCUMENTS"
"""What a model writes when the documents do not hold the answer: known to prompt, parser, metric and tests."""

_LONGEST_LABEL = 300
_LONGEST_TARGET = 2_000
_LONGEST_RUN = 40  # of backticks

_OPENERS, _CLOSERS = "[［【〔", "]］】〕"
_NUMBER = r"\d{1,4}"
_POINT = r"\s?[.．·]\s?"
_ITEM = rf"\^?{_NUMBER}(?:{_POINT}{_NUMBER})?(?:\s?[-‐‑‒–—−~〜～]\s?{_NUMBER}(?:{_POINT}{_NUMBER})?)?"
_LIST = re.compile(rf"\s*{_ITEM}(?:(?:\s*[,;、，；&]\s*|\s+){_ITEM})*\s*(?:†.*)?")
_ITEMS = re.compile(rf"({_NUMBER})(?:{_POINT}({_NUMBER}))?(?:\s?[-‐‑‒–—−~〜～]\s?({_NUMBER})(?:{_POINT}({_NUMBER}))?)?")
_LABEL_END = re.compile(f"[{re.escape(_OPENERS + _CLOSERS)}\n]")

_SENTINEL = NOT_IN_DOCUMENTS.replace("_", r"\\?_")  # Markdown escapes the underscores
# The search is four times as fast without flags and optional beginnings.
_SPECIAL = re.compile(
    rf"[<{re.escape(_OPENERS)}]|!\[|`{{1,{_LONGEST_RUN}}}|[hH][tT][tT][pP][sS]?://|[fF][tT][pP][sS]?://|[wW][wW][wW]\."
    rf"|{_SENTINEL}"
)
_SPECIAL_IN_CODE_SPAN = re.compile(rf"\n|{_SPECIAL.pattern}")
_UNFINISHED = ("https://", "http://", "ftps://", "ftp://", "www.", "!")  # in any case
_UNFINISHED_EXACTLY = (NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS.replace("_", r"\_"))


def _starts(words: Iterable[str]) -> list[str]:
    """Every beginning of the words, the longest first."""
    return sorted({word[:length] for word in words for length in range(1, len(word) + 1)}, key=lambda s: (-len(s), s))


def _either_case(signs: str) -> Iterator[str]:
    return map("".join, product(*((sign.lower(), sign.upper()) for sign in signs)))


_LONGEST_UNFINISHED = max(map(len, _UNFINISHED_EXACTLY))
_UNFINISHED_END = re.compile(
    rf"(?:(?i:{'|'.join(map(re.escape, _starts(_UNFINISHED)))})"
    rf"|{'|'.join(map(re.escape, _starts(_UNFINISHED_EXACTLY)))})\Z"
)
_LAST_TWO = frozenset(end for start in _starts(_UNFINISHED) for end in _either_case(start[-2:])) | frozenset(
    start[-2:] for start in _starts(_UNFINISHED_EXACTLY)
)
"""The last two signs of whatever may be unfinished, or its only one: most text ends otherwise, and looking is slow."""

_ADDRESS = re.compile(rf"[^\s<>\"'`«»“”„‘’()\[\]【】「」『』（）、。，；]{{1,{_LONGEST_TARGET}}}")
_AFTER_ADDRESS = ".,;:!?*_~"
_TARGET = re.compile(
    r"\(\s*(?:<[^<>\n]*>|(?:[^\s()]|\([^\s()]*\))*)(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"
)
_LOOKS_LIKE_TARGET = re.compile(r"\(\s*<?(?:[a-zA-Z][\w+.-]*:|/|#|\.{1,2}/|www\.|[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,})")


@dataclass(frozen=True, slots=True)
class Label:
    """A sentence of a passage, both counted from 1; sentence None where only a passage was named."""

    passage: int
    sentence: int | None
    last: int | None = None
    """The last sentence of a range."""

    def __str__(self) -> str:
        start = str(self.passage) if self.sentence is None else f"{self.passage}.{self.sentence}"
        return start if self.last is None else f"{start}-{self.last}"


class Words(NamedTuple):  # made for every piece that arrives: a frozen dataclass takes twice as long
    """Text of the answer, in order. ``code`` where it stands between backticks."""

    text: str
    code: bool = False


class Labels(NamedTuple):
    """One pair of brackets with labels in it, in the order written; ``raw`` as it was written."""

    labels: tuple[Label, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Sentinel:
    """The model says that the documents do not hold the answer."""


Token = Words | Labels | Sentinel


@lru_cache(maxsize=1 << 10)  # an answer names the same few sentences again and again
def parse_labels(content: str) -> tuple[Label, ...] | None:
    """The labels between two brackets, None where it is something else.

    >>> [str(label) for label in parse_labels("1.2, 2.3-4 ； 3.1–3.2")]
    ['1.2', '2.3-4', '3.1-2']
    >>> parse_labels("1999"), parse_labels("0.5, 1.2"), parse_labels("sic")
    (None, None, None)
    """
    if not _LIST.fullmatch(content):
        return None
    labels: list[Label] = []
    for passage, sentence, last, last_sentence in _ITEMS.findall(content.partition("†")[0]):
        if not sentence and len(passage) > 3:
            return None  # a year
        labels += _labels(int(passage), int(sentence or 0), int(last or 0), int(last_sentence or 0))
    # Passages and sentences count from 1: "[0.5, 1.2]" is an interval.
    if not labels or any(label.passage == 0 or label.sentence == 0 for label in labels):
        return None
    return tuple(labels)


def _labels(passage: int, sentence: int, last: int, last_sentence: int) -> list[Label]:
    if not sentence:
        return [Label(number, None) for number in ((passage, last) if last else (passage,))]
    if not last:
        return [Label(passage, sentence)]
    if last_sentence and last != passage:  # a range over passages that are no neighbours: its two ends
        return [Label(passage, sentence), Label(last, last_sentence)]
    low, high = sorted((sentence, last_sentence or last))
    return [Label(passage, low, high if high > low else None)]


class Scanner:
    """Takes the model's text in pieces of any size; gives tokens in order.

    Links and images lose their targets, HTML its tags, addresses their scheme and query; see `assistant.markup`.
    """

    def __init__(self) -> None:
        self._held = ""
        self._code = 0  # length of the run of backticks that opened the code, 0 outside
        self._after_label = False

    def feed(self, text: str) -> Sequence[Token]:
        """The tokens that are certain now."""
        text = self._held + visible(text) if self._held else visible(text)
        if self._after_label or self._code or _SPECIAL.search(text):
            return self._scan(text, final=False)
        end = len(text) - _unfinished(text, 0)
        self._held = text[end:]
        return (Words(text[:end]),) if end else ()

    def finish(self) -> Sequence[Token]:
        """The rest: what was held back is now what it looks like."""
        return self._scan(self._held, final=True)

    def _scan(self, text: str, *, final: bool) -> list[Token]:
        self._held = ""
        out: list[Token] = []
        at = 0
        while at < len(text):
            if self._after_label:
                if text[at] == "(":
                    end = self._target(text, at, final=final)
                    if end < 0:
                        self._held = text[at:]
                        break
                    at = end
                self._after_label = False
                continue
            found = (_SPECIAL_IN_CODE_SPAN if 0 < self._code < 3 else _SPECIAL).search(text, at)
            start = found.start() if found else len(text) - (0 if final else _unfinished(text, at))
            if start > at:
                out.append(Words(text[at:start], bool(self._code)))
            step = self._special(text, found, final=final) if found else None
            if step is None:
                self._held = text[start:]
                break
            if step.token is not None:
                out.append(step.token)
            if step.again:
                out += self._scan(step.again, final=True)
            at = step.end
        return out

    def _special(self, text: str, found: re.Match[str], *, final: bool) -> _Step | None:
        """What begins at a special sign; None where more text is needed to know."""
        sign, start, end = found.group(), found.start(), found.end()
        if sign[0] == "`":
            return self._backticks(text, start, end, final=final)
        if sign == "\n":
            self._code = 0
            return _Step(end, Words(sign))
        if sign == "<":
            return self._tag(text, start, final=final)
        if sign[-1] in _OPENERS:
            return self._bracket(text, start, end, final=final)
        if sign.startswith("NOT"):
            return _Step(end, Sentinel())
        return self._address(text, start, end, final=final)

    def _backticks(self, text: str, start: int, end: int, *, final: bool) -> _Step | None:
        run = end - start
        if end == len(text) and run < _LONGEST_RUN and not final:
            return None
        if not self._code and run == 1 and text[end : end + 1] and text[end] in _OPENERS:
            # Models show a label in backticks because they have seen labels in backticks.
            close = text.find("`", end, end + _LONGEST_LABEL)
            if close < 0 and not final and len(text) - end < _LONGEST_LABEL and "\n" not in text[end:]:
                return None
            labels = parse_labels(text[end + 1 : close - 1]) if close > 0 and text[close - 1] in _CLOSERS else None
            if labels:
                return _Step(close + 1, Labels(labels, text[end:close]))
        if not self._code:
            self._code = run
        elif run == self._code or run >= self._code >= 3:
            self._code = 0
        return _Step(end, Words(text[start:end], True))

    def _tag(self, text: str, start: int, *, final: bool) -> _Step | None:
        rest = text[start : start + _LONGEST_LABEL]
        if len(rest) == 1 and not final:
            return None
        if len(rest) == 1 or not (rest[1].isalpha() or rest[1] in "/!?"):
            return _Step(start + 1, Words("<", bool(self._code)))
        close = rest.find(">")
        stop = min((at for at in (rest.find("<", 1), rest.find("\n\n")) if at >= 0), default=len(rest))
        if close < 0 and stop == len(rest) and len(rest) < _LONGEST_LABEL and not final:
            return None
        if 0 < close < stop:
            inside = rest[1:close]
            if HTML_TAG.fullmatch(inside):
                return _Step(start + close + 1)
            if _SPECIAL.match(inside) and not any(sign.isspace() for sign in inside):
                return _Step(start + close + 1, Words(plain_address(inside), bool(self._code)))
        return _Step(start + 1, Words("<", bool(self._code)))

    def _bracket(self, text: str, start: int, inner: int, *, final: bool) -> _Step | None:
        """A label, a link, an image, or a bracket."""
        found = _LABEL_END.search(text, inner, inner + _LONGEST_LABEL)
        if found is None and len(text) - inner < _LONGEST_LABEL and not final:
            return None
        bracket = _Step(inner, Words(text[start:inner], bool(self._code)))
        if found is None or found.group() not in _CLOSERS:
            return bracket
        content, after, image = text[inner : found.start()], found.end(), inner - start > 1
        labels = None if self._code else parse_labels(content)
        if labels:
            self._after_label = True
            if image:  # an exclamation and a label
                return _Step(start + 1, Words("!"))
            return _Step(after, Labels(labels, text[start:after]))
        if found.group() != "]" or text[inner - 1] != "[":
            return bracket
        if after == len(text) and not final:
            return None
        if text[after : after + 1] == "(":
            end = self._target(text, after, final=final, any_target=True)
            if end < 0:
                return None
            if end > after:
                return _Step(end, again="" if image else content)
        if image and text[after : after + 1] == "[":
            close = _LABEL_END.search(text, after + 1, after + 1 + _LONGEST_LABEL)
            if close is None and len(text) - after - 1 < _LONGEST_LABEL and not final:
                return None
            if close and close.group() == "]" and not parse_labels(text[after + 1 : close.start()]):
                return _Step(close.end())  # an image whose address stands elsewhere
        return bracket

    def _target(self, text: str, start: int, *, final: bool, any_target: bool = False) -> int:
        """Where a link's target in parentheses ends; ``start`` if it is none, -1 if more text is needed."""
        found = _TARGET.match(text, start, start + _LONGEST_TARGET)
        if found:
            return found.end() if any_target or _LOOKS_LIKE_TARGET.match(text, start) else start
        rest = text[start : start + _LONGEST_TARGET]
        open_yet = len(rest) < _LONGEST_TARGET and not final and ")" not in rest and "\n" not in rest
        return -1 if open_yet else start

    def _address(self, text: str, start: int, inner: int, *, final: bool) -> _Step | None:
        found = _ADDRESS.match(text, inner)
        if found is None:
            if inner == len(text) and not final:
                return None
            return _Step(inner, Words(text[start:inner], bool(self._code)))
        if found.end() == len(text) and found.end() - inner < _LONGEST_TARGET and not final:
            return None
        address = text[start : found.end()]
        kept = address.rstrip(_AFTER_ADDRESS)
        return _Step(start + len(kept), Words(plain_address(kept), bool(self._code)))


class _Step(NamedTuple):
    """Reading goes on at ``end``."""

    end: int
    token: Token | None = None
    again: str = ""
    """The words of a link, to be read first: they may hold an address themselves."""


def _unfinished(text: str, after: int) -> int:
    """How many signs at the end may be the beginning of something special."""
    if text[-2:] not in _LAST_TWO and text[-1:] not in _LAST_TWO:  # the usual case, and quicker told than searched
        return 0
    found = _UNFINISHED_END.search(text, max(after, len(text) - _LONGEST_UNFINISHED))
    return found.end() - found.start() if found else 0
