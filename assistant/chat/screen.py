"""What a chat shows: answers while they are written, sources, conversations. Nothing reaches the terminal raw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from assistant import terminal
from assistant.conversations import Conversation, Found, SavedTurn, Summary
from assistant.exports import INTERRUPTED
from assistant.marking import LEGEND, MARK, doubted, marked
from assistant.markup import visible
from assistant.models import EXTRACTIVE
from assistant.standing import Standing, standing
from assistant.terminal import printable
from assistant.types import Answer, CitationFound, Delta, Event, Read, Retrieved

ECHOED = 1_000  # code points of a question from a pipe
REFRESHES = 12  # a second, while an answer is written
DRAWN = 4_000  # code points that are redrawn, and the paragraph they end in


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

    def answer(self, events: Iterator[Event], read: Read, *, generated: bool) -> Answer | None:
        """Show an answer while it is written, then its sources. None where the stream ended without one.

        ``generated`` by a model it is Markdown, and some of its statements may have to be marked as unsupported.
        """
        answer: Answer | None = None
        with self._writer(generated) as write:
            for event in events:
                match event:
                    case Retrieved(question=understood) if understood.text != understood.asked:
                        self.say(f"Understood as: {understood.text}")
                    case Delta(text):
                        write.feed(text)
                    case Answer():
                        answer = event
                        write.conclude(event)
                    case Retrieved() | CitationFound():
                        pass
        if answer:
            self.after(answer, read)
        return answer

    @contextmanager
    def _writer(self, generated: bool) -> Iterator[_Writer]:
        writer: _Writer
        if self.live:
            writer = _LiveWriter(self.out, _markdown if generated else Text)
        elif self.out.is_terminal:
            writer = _WordWriter(self.out)
        else:
            writer = _WholeWriter(self.out) if generated else _Writer(self.out)
        try:
            yield writer
        finally:
            writer.close()

    def after(self, answer: Answer, read: Read) -> None:
        """What stands below an answer: sources, or what came closest, and notices."""
        self.sources(answer, read)
        terminal.show_closest(self.out, answer, read)
        if doubted(answer):
            self.say(LEGEND, "yellow")
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
        text = shown(marked(turn.answer))
        self.out.print(_markdown(text) if markdown else Text(text))
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

    def conclude(self, answer: Answer) -> None:
        """The answer as it stands in the end, with what is known of its statements only then."""

    def close(self) -> None:
        if self._wrote:
            self._out.print()


class _WholeWriter(_Writer):
    """Writes an answer once it is whole, its marks where they belong: for pipes, where nobody watches."""

    def __init__(self, out: Console) -> None:
        super().__init__(out)
        self._text = ""

    def feed(self, text: str) -> None:
        self._text += text

    def conclude(self, answer: Answer) -> None:
        self._text = marked(answer)

    def close(self) -> None:
        if self._text:
            super().feed(self._text)
        super().close()


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

    def conclude(self, answer: Answer) -> None:
        """What is written cannot be marked any more: the statements are repeated with their sign."""
        for statement in doubted(answer):
            line = " ".join(shown(answer.text[statement.start : statement.end]).split())
            self.feed(f"\n{MARK} {line}")

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
    """Draws the end of an answer again and again while it is written, and the whole of it, with its marks, at last.

    Only what fits the screen can be redrawn: of a long answer its latest lines are seen until it is finished.
    """

    def __init__(self, out: Console, drawn: Callable[[str], RenderableType]) -> None:
        super().__init__(out)
        self._drawn = drawn
        self._text = ""
        self._from = 0  # where the paragraphs begin that are drawn
        self._live = Live(console=out, refresh_per_second=REFRESHES, transient=True, vertical_overflow="crop")
        self._live.start()

    def feed(self, text: str) -> None:
        self._text += shown(text)
        while len(self._text) - self._from > DRAWN and (cut := _finished(self._text[self._from :])) > 0:
            self._from += cut
        self._live.update(_Latest(self._drawn(self._text[self._from :])))

    def conclude(self, answer: Answer) -> None:
        self._text = shown(marked(answer))
        if answer.model == EXTRACTIVE:  # the model failed, and the documents are quoted
            self._drawn = Text

    def close(self) -> None:
        self._live.stop()
        if self._text.strip():
            self._out.print(self._drawn(self._text.rstrip()))


@dataclass(frozen=True, slots=True)
class _Latest:
    """As many of the last lines as the screen has room for."""

    whole: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self.whole, options.update(height=None), pad=False)
        for line in lines[-max(1, console.height - 1) :]:
            yield from line
            yield Segment.line()


def _markdown(text: str) -> RenderableType:
    from rich.markdown import Markdown  # its parser is a tenth of a second, and quotes are no Markdown

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
