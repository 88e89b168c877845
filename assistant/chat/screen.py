"""What a chat shows: answers while they are written, sources, conversations. Nothing reaches the terminal raw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from assistant import terminal
from assistant.conversations import Conversation, Found, SavedTurn, Summary
from assistant.exports import INTERRUPTED
from assistant.markup import visible
from assistant.models import EXTRACTIVE
from assistant.standing import Standing, standing
from assistant.terminal import printable
from assistant.types import Answer, CitationFound, Delta, Event, Read, Retrieved

ECHOED = 1_000  # code points of a question from a pipe
REFRESHES = 12  # a second, while an answer is written


@dataclass(frozen=True, slots=True)
class Screen:
    """Answers go to ``out``; what is about them goes to ``err``."""

    out: Console
    err: Console

    @property
    def live(self) -> bool:
        """Whether what was written can be written over."""
        return self.out.is_terminal and not self.out.is_dumb_terminal

    def say(self, text: str, style: str = "dim") -> None:
        """A line about the chat itself."""
        self.err.print(Text(printable(text), style))

    def gap(self) -> None:
        """An empty line around what is answered, where questions and answers share a screen."""
        if self.live:
            self.out.print()

    def echo(self, line: str) -> None:
        """A question that came from a pipe, so that the output reads as a dialogue."""
        shown_line = line if len(line) <= ECHOED else line[:ECHOED] + "…"
        self.out.print(Text(f"> {printable(shown_line)}", "bold"))

    def fail(self, error: Exception) -> None:
        self.err.print(Text(f"Error: {printable(str(error))}", "red"))

    def answer(self, events: Iterator[Event], read: Read, *, markdown: bool) -> Answer | None:
        """Show an answer while it is written, then its sources. None where the stream ended without one."""
        answer: Answer | None = None
        with self._writer(markdown) as write:
            for event in events:
                match event:
                    case Retrieved(question=understood) if understood.text != understood.asked:
                        self.say(f"Understood as: {understood.text}")
                    case Delta(text):
                        write.feed(text)
                    case Answer():
                        answer = event
                    case Retrieved() | CitationFound():
                        pass
        if answer:
            self.after(answer, read)
        return answer

    @contextmanager
    def _writer(self, markdown: bool) -> Iterator[_Writer]:
        if self.live:
            writer: _Writer = _LiveWriter(self.out, _markdown if markdown else Text)
        else:
            writer = _WordWriter(self.out) if self.out.is_terminal else _Writer(self.out)
        try:
            yield writer
        finally:
            writer.close()

    def after(self, answer: Answer, read: Read) -> None:
        """What stands below an answer: sources, or what came closest, and notices."""
        self.sources(answer, read)
        terminal.show_closest(self.out, answer, read)
        for notice in answer.notices:
            self.say(notice, "yellow")

    def sources(self, answer: Answer, read: Read) -> None:
        """The numbered sources; those whose document changed or went since say so."""
        terminal.show_sources(self.out, answer, read)
        for citation in answer.citations:
            if (now := standing(citation, read)) is not Standing.SAME:
                self.say(f"[{citation.marker}] {now.value}", "yellow")

    def conversation(self, conversation: Conversation, read: Read, *, last: int | None = None) -> None:
        """Questions, answers and sources; only the ``last`` turns where a number is given."""
        self.out.print(Text(printable(conversation.summary.title), "bold"))
        turns = conversation.turns if last is None else conversation.turns[-last:]
        if len(turns) < len(conversation.turns):
            self.say(f"… {len(conversation.turns) - len(turns)} earlier turns")
        for turn in turns:
            self.turn(turn, read)

    def turn(self, turn: SavedTurn, read: Read) -> None:
        self.out.print()
        self.out.print(Text(f"> {printable(turn.answer.question)}", "bold"))
        if turn.answer.standalone_question != turn.answer.question:
            self.say(f"Understood as: {turn.answer.standalone_question}")
        markdown = self.live and turn.answer.model != EXTRACTIVE
        self.out.print(_markdown(shown(turn.answer.text)) if markdown else Text(shown(turn.answer.text)))
        if turn.state == "interrupted":
            self.say(INTERRUPTED, "yellow")
        self.after(turn.answer, read)
        if turn.feedback:
            self.say(f"Rated {turn.feedback.verdict}. {turn.feedback.words}".strip())

    def conversations(self, summaries: Sequence[Summary], *, current: str | None = None) -> None:
        """A numbered list."""
        for number, summary in enumerate(summaries, start=1):
            mark = "*" if summary.id == current else " "
            turns = f"{summary.turns} turn{'s' if summary.turns != 1 else ''}"
            head = Text.assemble((f"{number:>3}{mark} ", "bold cyan"), printable(summary.title) or "(no question yet)")
            self.out.print(head)
            terminal.indented(self.out, Text(f"{summary.id} · {turns} · {when(summary.updated_at)}", "dim"), 5)

    def found(self, found: Iterable[Found]) -> None:
        for each in found:
            self.out.print(Text.assemble((each.conversation.id, "cyan"), f"  {printable(each.conversation.title)}"))
            terminal.indented(self.out, Text(f"{each.number}. {printable(each.question)}", "bold"), 2)
            terminal.indented(self.out, Text(printable(each.excerpt), "dim"), 4)


class _Writer:
    """Writes an answer straight on: for pipes."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._wrote = False

    def feed(self, text: str) -> None:
        self._out.print(Text(shown(text)), end="", soft_wrap=True)
        self._out.file.flush()
        self._wrote = True

    def close(self) -> None:
        if self._wrote:
            self._out.print()


class _WordWriter(_Writer):
    """Writes word after word, each where it fits: for terminals that cannot redraw."""

    def __init__(self, out: Console) -> None:
        super().__init__(out)
        self._column = 0
        self._blank = ""  # not written before it is known that the next word fits behind it
        self._word = ""

    def feed(self, text: str) -> None:
        self._word += shown(text)
        *whole, self._word = re.split(r"(?<=\s)(?=\S)", self._word)
        for word in whole:
            self._put(word)

    def close(self) -> None:
        self._put(self._word)
        super().close()

    def _put(self, word: str) -> None:
        body, width = word.rstrip(), self._out.width
        if self._column and self._column + cell_len(self._blank + body) > width:
            super().feed("\n")
            self._column, self._blank = 0, ""
        super().feed(self._blank + body)
        self._column += cell_len(self._blank + body)
        breaks = word[len(body) :].count("\n")
        super().feed("\n" * breaks)
        self._column, self._blank = (0, "") if breaks else (self._column, " " if body != word else "")


class _LiveWriter(_Writer):
    """Draws the block that is being written again and again; finished blocks are printed once and stay.

    Only the last block can be redrawn, so that an answer longer than the screen scrolls as text does.
    """

    def __init__(self, out: Console, drawn: Callable[[str], RenderableType]) -> None:
        super().__init__(out)
        self._drawn = drawn
        self._block = ""
        self._live = Live(console=out, refresh_per_second=REFRESHES, transient=True, vertical_overflow="crop")
        self._live.start()

    def feed(self, text: str) -> None:
        self._block += shown(text)
        while (cut := _finished(self._block)) > 0:
            self._out.print(self._drawn(self._block[:cut]))
            self._block = self._block[cut:]
        self._live.update(self._drawn(self._block))

    def close(self) -> None:
        self._live.stop()
        if self._block.strip():
            self._out.print(self._drawn(self._block.rstrip()))


def _markdown(text: str) -> Markdown:
    return Markdown(text, hyperlinks=False)


def _finished(text: str) -> int:
    """Where the first paragraph ends, once it has; 0 while it may go on, as a list, a table or code may."""
    end = text.find("\n\n")
    if end < 0 or not text[end:].strip() or text[:end].count("```") % 2:
        return 0
    following = text[end:].lstrip("\n")[:1]
    return 0 if following in " \t-*+|>" or following.isdigit() else end + 2


def shown(text: str) -> str:
    """A piece of an answer as it may be sent to a terminal.

    >>> shown("a\\x1b[2Jb")
    'a�[2Jb'
    """
    return visible(printable(text))


def when(timestamp: str) -> str:
    """An ISO time in UTC as the local minute."""
    from datetime import datetime

    return datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d %H:%M")
