"""Turns what a model writes into an answer with markers: labels become citations, quotations are looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.citations import Numbering, Quote, locate, normalize
from assistant.context import NumberedPassage
from assistant.labels import Label, Labels, Scanner, Sentinel, Words
from assistant.markup import inert
from assistant.types import Citation, CitationFound, Delta, Read, Rejected

_CLOSERS = {
    "“": "”",
    "„": "“”",
    "”": "”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "‘": "’",
    '"': '"',
}
_MARKS = re.compile('[“”„«»‹›「」『』‘’"]')
_BOUNDARY = re.compile(r"([.!?…][”»’)\"*_]*)\s+(?=[^\s\[])|([。！？][」』”»）]*)(?=[^\s\[［【」』”»）])|()\n")
"""Where a statement ends; the groups end behind its last sign."""
_LONGEST_QUOTATION = 2_000
_MANY_PIECES = 500
_PUNCTUATION = ".,;:!?…)]}。、，；：！？）"
_ATTACHED = re.compile(r"[\s.,;:!?…。、，；：！？*_)]*")


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words between quotation marks, ``answer.text[start:end]`` with the marks; ``held`` if a passage has them."""

    start: int
    end: int
    text: str
    held: bool


@dataclass(frozen=True, slots=True)
class _Pending:
    start: int
    end: int
    text: str


class Composition:
    """The answer as it grows. What it holds at the end depends on the model's text alone, not on its pieces.

    ``known`` are texts whose words may stand between quotation marks without being evidence: the question, the titles.
    """

    def __init__(self, passages: Sequence[NumberedPassage], read: Read, *, known: Sequence[str] = ()) -> None:
        self.rejected: list[Rejected] = []
        self.quotations: list[Quotation] = []
        self.moved = 0
        """How many quotations the model had attributed to a passage they do not stand in."""
        self.gave_up = False
        """The model began with the sentinel: there is no answer."""
        self.gaps = False
        """The model wrote the sentinel later: part of the question is not answered."""
        self._passages = passages
        self._known = known
        self._numbering = Numbering(read)
        self._scanner = Scanner()
        self._written: list[str] = []
        self._length = 0
        self._tail = ""
        self._blank = ""  # white space at the end, not written before it is known what follows
        self._label_dropped = False
        self._open = ""  # the mark that opened the quotation being written
        self._open_at = 0
        self._quoted: list[str] = []
        self._pending: list[_Pending] = []  # quotations that wait for a label
        self._since_quotation = ""
        self._named: list[Quote] = []  # what the last label stood for
        self._since_label: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._written)

    def citations(self) -> tuple[Citation, ...]:
        return self._numbering.citations()

    def feed(self, text: str) -> Iterator[Delta | CitationFound]:
        """Take a piece of the model's text; give what can be shown now."""
        for token in self._scanner.feed(text):
            yield from self._take(token)

    def finish(self) -> Iterator[Delta | CitationFound]:
        """The rest, once the model has ended."""
        for token in self._scanner.finish():
            yield from self._take(token)
        yield from self._settle()

    def _take(self, token: Words | Labels | Sentinel) -> Iterator[Delta | CitationFound]:
        if self.gave_up:
            return
        match token:
            case Words(text, code):
                yield from self._put(text) if code else self._words(text)
            case Labels():
                yield from self._label(token)
            case Sentinel():
                self._label_dropped = True
                if any(map(str.isalnum, self.text)):
                    self.gaps = True
                else:
                    self.gave_up = True

    # Writing

    def _put(self, text: str) -> Iterator[Delta]:
        """Write text, but for white space at its end."""
        if self._label_dropped and text:
            if text[0].isspace() or text[0] in _PUNCTUATION:
                self._blank = ""
            self._label_dropped = False
        body = text.rstrip()
        if not body:
            self._blank += text
            return
        yield self._wrote(self._blank + body)
        self._blank = text[len(body) :]

    def _wrote(self, text: str) -> Delta:
        if not self._length:
            text = text.lstrip()
        safe = inert(text, self._tail)
        self._written.append(safe)
        self._length += len(safe)
        self._tail = (self._tail + safe)[-3:]
        return Delta(safe)

    def _mark(self, quote: Quote) -> Iterator[Delta | CitationFound]:
        """Write the marker of a quote, once at a place."""
        marker = f"[{self._numbering.marker(quote)}]"
        delta = self._wrote(self._blank + marker)
        self._blank = ""
        first = self._numbering.mark(quote, self._length - len(marker))
        yield delta
        if first:
            yield CitationFound(first)

    # Quotations

    def _words(self, text: str) -> Iterator[Delta | CitationFound]:
        at = 0
        for found in _MARKS.finditer(text):
            yield from self._plain(text[at : found.start()])
            yield from self._quotation_mark(found.group())
            at = found.end()
        yield from self._plain(text[at:])

    def _plain(self, text: str) -> Iterator[Delta | CitationFound]:
        if not text:
            return
        if self._open:
            self._quoted.append(text)
            if "\n" in text:
                self._open = ""  # never closed: it was no quotation
        self._since_label.append(text)
        if len(self._since_label) > _MANY_PIECES:
            self._since_label = ["".join(self._since_label)[-_LONGEST_QUOTATION:]]
        while self._pending and not self._open:
            before = len(self._since_quotation)
            border = _BOUNDARY.search(self._since_quotation + text)
            if border is None:
                self._since_quotation += text
                break
            end = max(0, border.end(border.lastindex or 0) - before)
            yield from self._put(text[:end])
            yield from self._settle()
            text = text[end:]
        yield from self._put(text)

    def _quotation_mark(self, mark: str) -> Iterator[Delta | CitationFound]:
        before = self._blank[-1:] or self._tail[-1:]
        if self._open and mark in _CLOSERS[self._open]:
            yield from self._put(mark)
            text = "".join(self._quoted)
            opened, self._open = self._open_at, ""
            if len(text) <= _LONGEST_QUOTATION and any(map(str.isalnum, text)):
                self._close(_Pending(opened, self._length, text))
        elif not self._open and mark in _CLOSERS and not (mark in '"”‘' and before.isalnum()):
            if self._pending:
                yield from self._plain("")  # keeps the order: what stands before belongs to the earlier quotation
                self._since_quotation += mark
            yield from self._put(mark)
            self._open, self._open_at, self._quoted = mark, self._length - len(mark), []
        else:
            if self._open:
                self._quoted.append(mark)
            yield from self._put(mark)

    def _close(self, quotation: _Pending) -> None:
        """A quotation is complete: a label of the same statement may stand before it, or is still to come."""
        same_statement = self._named and not _BOUNDARY.search("".join(self._since_label))
        if same_statement and any(locate(quotation.text, quote.text) for quote in self._named):
            self._held(quotation)
        else:
            self._pending.append(quotation)
            self._since_quotation = ""

    def _held(self, quotation: _Pending, held: bool = True) -> None:
        self.quotations.append(Quotation(quotation.start, quotation.end, quotation.text, held))

    def _settle(self) -> Iterator[Delta | CitationFound]:
        """A statement ends and its quotations had no label: cite them to where they stand."""
        pending, self._pending, self._since_quotation = self._pending, [], ""
        blank, self._blank = self._blank, " "
        for quotation in pending:
            quote = self._look_up(quotation, ())
            if quote is not None:
                yield from self._mark(quote)
        self._blank = blank

    def _look_up(self, quotation: _Pending, first: Sequence[NumberedPassage]) -> Quote | None:
        """Where a quotation really stands, the named passages first. Notes what became of it."""
        for passage in [*first, *self._passages]:
            chunk = passage.hit.chunk
            found = locate(quotation.text, chunk.text)
            if found:
                self._held(quotation)
                return Quote(passage.hit, chunk.start + found.start, chunk.start + found.end, found.verification)
        if not any(normalize(quotation.text) in normalize(text) for text in self._known):
            self._held(quotation, False)
            self.rejected.append(Rejected("", quotation.text, "quotation_not_found"))
        return None

    # Labels

    def _label(self, token: Labels) -> Iterator[Delta | CitationFound]:
        quotes = self._quotes(token)
        attached = bool(_ATTACHED.fullmatch(self._since_quotation))
        pending, self._pending, self._since_quotation = self._pending, [], ""
        for quotation in pending:
            if any(locate(quotation.text, quote.text) for quote in quotes):
                self._held(quotation)
                continue
            named = [passage for passage in self._passages if any(passage.hit is quote.hit for quote in quotes)]
            quote = self._look_up(quotation, named)
            if quote is None:
                continue
            if quotes and not any(quote.hit is passage.hit for passage in named):
                self.moved += 1
                if attached and len(pending) == 1:
                    quotes = []  # the label was the quotation's, and wrong
            quotes = [*quotes, quote]
        for quote in quotes:
            yield from self._mark(quote)
        self._named, self._since_label = quotes, []
        self._label_dropped = self._label_dropped or not quotes

    def _quotes(self, token: Labels) -> list[Quote]:
        """What the labels stand for: neighbouring sentences of a passage as one quote, made-up ones rejected."""
        quotes: list[Quote] = []
        last: tuple[int, int] | None = None
        for label in token.labels:
            for number in self._sentences(label):
                hit, span = self._passages[number[0] - 1].hit, self._passages[number[0] - 1].sentences[number[1] - 1]
                if last == (number[0], number[1] - 1):  # the next sentence of the same passage
                    quotes[-1] = Quote(hit, quotes[-1].start, span.end)
                else:
                    quotes.append(Quote(hit, span.start, span.end))
                last = number
        return quotes

    def _sentences(self, label: Label) -> list[tuple[int, int]]:
        """The sentences a label names that exist; a label of a passage alone names its only sentence, if it has one."""
        count = len(self._passages[label.passage - 1].sentences) if label.passage <= len(self._passages) else 0
        first = label.sentence if label.sentence is not None else (1 if count == 1 else 0)
        if not 0 < first <= count:
            self._no_such_sentence(str(label))
            return []
        last = label.last or first
        if last > count:
            self._no_such_sentence(f"{label.passage}.{last}")
        return [(label.passage, number) for number in range(first, min(last, count) + 1)]

    def _no_such_sentence(self, label: str) -> None:
        said = [part for part in _BOUNDARY.sub("\n", "".join(self._since_label)).split("\n") if part.strip()]
        self.rejected.append(Rejected(label, said[-1].strip() if said else "", "no_such_sentence"))
