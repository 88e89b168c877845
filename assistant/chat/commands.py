"""What a line that begins with a slash does."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from assistant import terminal
from assistant.chat import opening
from assistant.chat.screen import Screen
from assistant.chat.session import Session, find
from assistant.errors import UsageError
from assistant.exports import WRITERS, export
from assistant.filters import parse
from assistant.types import Answer
from vectorstore.types import DocumentRef, Filters

EXPLAINED = 10  # passages that /explain lists


class Leave(Exception):
    """The chat is over."""


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    takes: str
    does: str
    run: Callable[[Session, Screen, str], None]


def run(line: str, session: Session, screen: Screen) -> None:
    """Do what the line says. Raises `UsageError` for no command, `Leave` to end, and what the command raises."""
    name, _, rest = line.strip().partition(" ")
    command = COMMANDS.get(name.lower()) or _abbreviated(name.lower())
    command.run(session, screen, rest.strip())


def _abbreviated(name: str) -> Command:
    """``/exp`` is /explain or /export: only what is unmistakable is done."""
    fitting = [command for known, command in COMMANDS.items() if known.startswith(name)]
    if len(fitting) == 1 and len(name) > 1:
        return fitting[0]
    others = ", ".join(command.name for command in fitting)
    raise UsageError(
        f"{name[:40]!r} could be {others}." if others else f"{name[:40]!r} is no command. /help lists them."
    )


def _sources(session: Session, screen: Screen, _: str) -> None:
    answer = _answered(session)
    if not answer.citations:
        screen.say("The last answer cites nothing.")
    screen.sources(answer, session.read)


def _open(session: Session, screen: Screen, rest: str) -> None:
    number, _, where = rest.strip("[]").partition(" ")
    if not number.isdecimal() or where.strip(" ]") not in ("", "browser"):
        raise UsageError("Say which source: /open 1, or in the browser: /open 1 browser")
    citation = session.citation(int(number))
    if where:
        screen.say(f"Opened {opening.browse(citation, session.read)}")
    else:
        opening.show(screen, citation, session.read)


def _explain(session: Session, screen: Screen, _: str) -> None:
    answer = _answered(session)
    if session.retrieved is None:
        raise UsageError("How an answer was found is not kept with the conversation. Ask again, then /explain.")
    question, retrieval = session.retrieved.question, session.retrieved.retrieval
    screen.say(f"Asked:         {question.asked}")
    screen.say(f"Understood as: {question.text}")
    screen.say(
        f"Confidence:    {answer.confidence:.2f} ({answer.status.replace('_', ' ')}), answered by {answer.model}"
    )
    total = answer.timings_ms.get("total", 0)
    screen.say(f"Time:          {answer.timings_ms.get('retrieve', 0):.0f} ms to find, {total:.0f} ms in all")
    shown = type(retrieval)(
        retrieval.query, retrieval.language, retrieval.hits[:EXPLAINED], retrieval.notes, retrieval.timings_ms
    )
    terminal.show_hits(screen.out, shown, session.read, explain=True)
    if len(retrieval.hits) > EXPLAINED:
        screen.say(f"… and {len(retrieval.hits) - EXPLAINED} more passages")


def _model(session: Session, screen: Screen, rest: str) -> None:
    if rest:
        session.use_model(rest)
    screen.say(f"Answers come from: {session.model}")


def _only(session: Session, screen: Screen, rest: str) -> None:
    if rest in ("all", "everything", "-"):
        session.filters = Filters()
    elif rest:
        session.filters = parse(_words(rest))
    filters = session.filters
    kinds = (("language", filters.languages), ("source", filters.sources), ("document", filters.documents))
    told = [f"{kind}={value}" for kind, values in kinds for value in sorted(values)]
    screen.say(f"Searching only: {' '.join(told)}. /only all searches everything." if told else "Searching everything.")


def _new(session: Session, screen: Screen, _: str) -> None:
    session.begin_anew()
    screen.say("A new conversation. The one before is kept: /list")


def _list(session: Session, screen: Screen, _: str) -> None:
    listed = session.conversations.list(collection=session.conversations.collection)
    screen.conversations(listed, current=session.conversation_id)
    screen.say("/resume NUMBER carries on with one." if listed else "No conversations yet.")


def _resume(session: Session, screen: Screen, rest: str) -> None:
    if not rest:
        raise UsageError("Say which: /resume NUMBER of /list, an id, or a word of it.")
    screen.conversation(session.resume(find(session.conversations, rest)), session.read, last=1)


def _export(session: Session, screen: Screen, rest: str) -> None:
    words = _words(rest)
    force = "--force" in words
    names = [word for word in words if word != "--force"]
    if len(names) != 1:
        raise UsageError(f"Say into which file: /export FILE, ending in {', '.join(WRITERS)}. --force overwrites.")
    path = Path(names[0]).expanduser()
    export(session.here(), path, session.read, force=force)
    screen.say(f"Written: {path}")


def _good(session: Session, screen: Screen, rest: str) -> None:
    session.rate("up", rest)
    screen.say("Noted: a good answer.")


def _bad(session: Session, screen: Screen, rest: str) -> None:
    session.rate("down", rest)
    screen.say("Noted: a bad answer." + ("" if rest else " /bad WORDS says why."))


def _help(session: Session, screen: Screen, _: str) -> None:
    width = max(len(f"{command.name} {command.takes}") for command in COMMANDS.values()) + 2
    for command in COMMANDS.values():
        usage = f"{command.name} {command.takes}"
        if screen.out.width < 2 * width:
            screen.out.print(Text(usage, "bold"))
            terminal.indented(screen.out, Text(command.does))
        else:
            screen.out.print(Text.assemble((usage.ljust(width), "bold"), command.does))
    screen.say("Anything else is a question. Alt-Enter begins a new line; Ctrl-C stops an answer; Ctrl-D leaves.")


def _quit(session: Session, screen: Screen, _: str) -> None:
    raise Leave


COMMANDS = {
    command.name: command
    for command in (
        Command("/sources", "", "the sources of the last answer", _sources),
        Command("/open", "N [browser]", "source N in its document, the quote highlighted", _open),
        Command("/explain", "", "how the last question was understood, and what each index found", _explain),
        Command("/model", "[NAME]", "who answers; with a name, change it", _model),
        Command("/only", "[KIND=VALUE… | all]", "search only language=fr, source=PATH, document=ID", _only),
        Command("/new", "", "begin another conversation", _new),
        Command("/list", "", "the conversations", _list),
        Command("/resume", "N | ID | WORDS", "carry on with one of them", _resume),
        Command("/export", "FILE [--force]", "this conversation as .md, .html or .json", _export),
        Command("/good", "[WORDS]", "the last answer was good", _good),
        Command("/bad", "[WORDS]", "the last answer was bad, and why", _bad),
        Command("/help", "", "this list", _help),
        Command("/quit", "", "leave", _quit),
    )
}


def complete(line: str, documents: Sequence[DocumentRef]) -> Iterator[tuple[str, str]]:
    """What the last word of a line may become, and what that is: commands, conditions, documents."""
    first, _, rest = line.lstrip().partition(" ")
    typed = line.rpartition(" ")[2]
    if not rest and not line.endswith(" "):
        for command in COMMANDS.values():
            if line.startswith("/") and command.name.startswith(line):
                yield command.name, command.does
    elif first == "/only":
        yield from _conditions(typed, documents)
    elif first == "/open" and "browser".startswith(typed) and rest.count(" "):
        yield "browser", "as a page"
    elif not first.startswith("/") and len(typed) > 1:
        for document in documents:
            if typed.casefold() in document.title.casefold():
                yield document.title, "document"


def _conditions(typed: str, documents: Sequence[DocumentRef]) -> Iterator[tuple[str, str]]:
    kind, equals, value = typed.partition("=")
    if not equals:
        yield from ((f"{name}=", "") for name in ("language", "source", "document") if name.startswith(kind))
        return
    read: dict[str, Callable[[DocumentRef], tuple[str, str]]] = {
        "language": lambda document: (document.language, ""),
        "source": lambda document: (document.source, document.title),
        "document": lambda document: (document.id, document.title),
    }
    if kind in read:
        choices = dict(read[kind](document) for document in documents)
        for choice, title in sorted(choices.items()):
            if value.casefold() in f"{choice} {title}".casefold():
                yield f"{kind}={shlex.quote(choice) if ' ' in choice else choice}", title


def _answered(session: Session) -> Answer:
    if session.answer is None:
        raise UsageError("There is no answer yet. Ask something first.")
    return session.answer


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError:
        raise UsageError(f"A quotation mark is not closed: {rest[:40]!r}") from None
