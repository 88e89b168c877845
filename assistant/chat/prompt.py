"""Where questions come from: a terminal with history and completion, a dumb one, or a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from assistant.pipeline import MAX_QUESTION

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings

SIGN = "> "
CONTINUED = "\\"

Complete = Callable[[str], Iterable[tuple[str, str]]]
"""A line up to the cursor to what its last word may become, each with a word of explanation."""


class Prompt(Protocol):
    def read(self) -> str | None:
        """The next question or command; None when there are no more. Raises ``KeyboardInterrupt`` on Ctrl-C."""
        ...


class PipePrompt:
    """One question a line; a backslash at its end carries it on. Each is echoed, and the output reads as a dialogue."""

    def __init__(self, lines: TextIO, echo: Callable[[str], None]) -> None:
        self._lines = lines
        self._echo = echo

    def read(self) -> str | None:
        for question in _joined(iter(self._lines.readline, "")):
            if question.strip():
                self._echo(question)
                return question
        return None


class PlainPrompt:
    """For terminals that cannot move their cursor."""

    def read(self) -> str | None:
        lines: list[str] = []
        while True:
            try:
                lines.append(input("… " if lines else SIGN))
            except EOFError:
                return None
            if not lines[-1].endswith(CONTINUED):
                return "\n".join(line.removesuffix(CONTINUED) for line in lines)


class TerminalPrompt:
    """Enter sends; Alt-Enter or a backslash at the end begins another line. The history outlives the chat."""

    def __init__(self, history: Path, complete: Complete) -> None:
        from prompt_toolkit import PromptSession

        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=_completer(complete),
            complete_while_typing=False,
            key_bindings=_keys(),
            multiline=True,
            prompt_continuation=lambda width, *_: "… ".rjust(width),
            enable_open_in_editor=False,
        )

    def read(self) -> str | None:
        try:
            return self._session.prompt(SIGN)
        except EOFError:
            return None


def open_prompt(history: Path, complete: Complete, echo: Callable[[str], None], *, capable: bool) -> Prompt:
    """The prompt that fits what stdin is; ``capable`` says whether the terminal can redraw."""
    if not sys.stdin.isatty():
        if hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(errors="replace")
        return PipePrompt(sys.stdin, echo)
    return TerminalPrompt(history, complete) if capable else PlainPrompt()


@contextmanager
def silent_keyboard() -> Iterator[None]:
    """What is typed while an answer is drawn is not echoed into it; it waits for the next prompt."""
    try:
        import termios
    except ImportError:  # Windows has other terminals
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSANOW, silent)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def _joined(lines: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        held.append(text.removesuffix(CONTINUED))
        if not text.endswith(CONTINUED):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _keys() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter")
    @keys.add("c-j")  # what Enter sends that was pressed before the prompt was there
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith(CONTINUED):
            buffer.delete_before_cursor()
            buffer.newline()
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def another_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline()

    return keys


def _completer(complete: Complete) -> Completer:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Ours(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            line = document.text_before_cursor
            typed = line.rpartition(" ")[2]
            for text, explanation in complete(line):
                yield Completion(text, start_position=-len(typed), display_meta=explanation)

    return Ours()


def _history(path: Path) -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Ours(FileHistory):
        def store_string(self, string: str) -> None:
            if len(string) <= MAX_QUESTION:
                super().store_string(string)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))  # questions are private
    except OSError:
        return InMemoryHistory()
    return Ours(str(path))
