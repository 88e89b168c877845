"""The chat's loop: read a line, do what it says, until there are no more."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import ConsoleDimensions

from assistant import terminal
from assistant.chat import commands
from assistant.chat.prompt import Prompt, open_prompt, silent_keyboard
from assistant.chat.screen import Screen
from assistant.chat.session import Session
from assistant.errors import AssistantError
from assistant.models import EXTRACTIVE
from vectorstore.errors import LibraryError
from vectorstore.types import Filters

if TYPE_CHECKING:
    from assistant.settings import Settings
    from vectorstore.library import Library

EXPECTED = (AssistantError, LibraryError)


def run_chat(
    settings: Settings,
    library: Library,
    *,
    collection: str = "default",
    conversation_id: str | None = None,
    carry_on: bool = False,
    filters: Filters | None = None,
) -> None:
    """Chat until the user leaves. ``carry_on`` takes up the collection's last conversation, if there is one.

    Raises `NotFoundError` for a conversation that does not exist, `StorageError` where none can be kept.
    """
    from assistant import build

    out, err = terminal.consoles()
    for console in (out, err):
        if console.is_dumb_terminal:  # rich takes 80 columns for granted there
            console.size = ConsoleDimensions(*shutil.get_terminal_size())
    screen = Screen(out, err)
    conversations = build.open_conversations(settings, collection)
    try:
        session = Session(
            assistant=build.assistant_over(library, settings),
            conversations=conversations,
            model=build.model_choice(settings).name,
            open_model=lambda name: build.assistant_over(library, settings.model_copy(update={"model": name})),
            name_model=lambda name: build.model_choice(settings.model_copy(update={"model": name})).name,
            filters=filters or Filters(),
        )
        begin(session, screen, conversation_id=conversation_id, carry_on=carry_on)
        documents = [info.ref for info in library.documents()]
        prompt = open_prompt(
            settings.home / "chat_history",
            lambda line: commands.complete(line, documents),
            screen.echo,
            capable=screen.live,
        )
        if screen.live:
            screen.say(f"{len(documents)} documents, answers from {session.model}. /help lists the commands.")
        chat(session, screen, prompt)
    finally:
        conversations.close()


def begin(session: Session, screen: Screen, *, conversation_id: str | None, carry_on: bool) -> None:
    """Take up the conversation that was asked for, and show its last turn."""
    if carry_on and conversation_id is None:
        last = session.conversations.list(collection=session.conversations.collection, limit=1)
        conversation_id = last[0].id if last else None
        if not last:
            screen.say("No conversation to continue: this is the first.")
    if conversation_id:
        screen.conversation(session.resume(conversation_id), session.read, last=1)


def chat(session: Session, screen: Screen, prompt: Prompt) -> None:
    """The loop. Errors that are to be expected are told, and it goes on."""
    while True:
        try:
            line = prompt.read()
        except KeyboardInterrupt:
            screen.say("Ctrl-D leaves.")
            continue
        if line is None:
            return
        if not line.strip():
            continue
        try:
            _do(line, session, screen)
        except commands.Leave:
            return
        except KeyboardInterrupt:
            screen.say("Stopped.")
        except EXPECTED as error:
            screen.fail(error)
        screen.gap()


def _do(line: str, session: Session, screen: Screen) -> None:
    if line.lstrip().startswith("/") and "\n" not in line.strip():
        commands.run(line, session, screen)
        return
    with silent_keyboard(), _stoppable() as stop:
        screen.answer(session.ask(line, stop), session.read, generated=session.model != EXTRACTIVE)
    if stop.is_set():
        screen.say("Stopped. What had arrived is kept, marked as interrupted.")


@contextmanager
def _stoppable() -> Iterator[Flag]:
    """Ctrl-C sets the flag instead of breaking off wherever the program happens to be; a second one breaks off."""
    stop = Flag()
    if current_thread() is not main_thread():
        yield stop
        return

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask_to_stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
