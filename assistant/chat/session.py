"""One chat: which conversation it is in, what it may search, and what was said last. Reads and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Event as Flag

from assistant.cancellation import cancellable
from assistant.conversations import Conversation, Conversations, Feedback, Verdict
from assistant.errors import NotFoundError, UsageError
from assistant.pipeline import Assistant, checked
from assistant.types import Answer, Citation, CitationFound, Delta, Event, Read, Retrieved
from vectorstore.types import Filters

OpenModel = Callable[[str], Assistant]
"""An assistant over the same library that answers with the named model. Raises `UsageError` or `ModelError`."""


@dataclass(slots=True)
class Session:
    """The conversation begins with its first question; before that there is nothing to keep."""

    assistant: Assistant
    conversations: Conversations
    model: str
    open_model: OpenModel
    name_model: Callable[[str], str] = str
    """What a name such as ``auto`` stands for. Raises `UsageError` for one that names no model."""
    filters: Filters = field(default_factory=Filters)
    conversation_id: str | None = None
    answer: Answer | None = None
    """The last one, of an earlier session too."""
    retrieved: Retrieved | None = None
    """What the last answer was made from; None after resuming, because it is not kept."""

    def __post_init__(self) -> None:
        self.assistant = replace(self.assistant, log=self.conversations)

    @property
    def read(self) -> Read:
        return self.assistant.library.document

    def ask(self, question: str, stop: Flag) -> Iterator[Event]:
        """Answer, and keep the turn: when it is complete, or marked as interrupted with what had arrived.

        Once ``stop`` is set no more text is given, and the answer that comes last ends where the text did.
        Raises what the pipeline raises.
        """
        asked = checked(question)
        if self.conversation_id is None:
            self.conversation_id = self.conversations.create()
        self.conversations.begin(self.conversation_id, asked)
        partial = _Partial(asked)
        try:
            with cancellable(stop):
                for event in self.assistant.stream(asked, filters=self.filters, conversation_id=self.conversation_id):
                    if isinstance(event, Answer):
                        event = partial.cut(event) if stop.is_set() else event
                        self._took(event, interrupted=stop.is_set())
                    elif stop.is_set():
                        continue
                    partial.take(event)
                    yield event
        except GeneratorExit:
            self._took(partial.answer(), interrupted=True)
            raise
        except BaseException as error:
            self._took(partial.answer(f"{error}"), interrupted=True)
            raise
        self.retrieved = partial.retrieved

    def _took(self, answer: Answer, *, interrupted: bool) -> None:
        self.answer = answer
        if interrupted and self.conversation_id:
            self.conversations.interrupt(self.conversation_id, answer)

    def begin_anew(self) -> None:
        """Leave the conversation; the next question begins another."""
        self.conversation_id = self.answer = self.retrieved = None

    def resume(self, conversation_id: str) -> Conversation:
        """Carry on with an earlier conversation. Raises `NotFoundError`."""
        conversation = self.conversations.show(conversation_id)
        if conversation.summary.collection != self.conversations.collection:
            raise UsageError(
                f"That conversation is about the collection {conversation.summary.collection!r}. "
                f"Open it with: assistant chat -c {conversation.summary.collection} --conversation {conversation.id}"
            )
        self.conversation_id, self.retrieved = conversation.id, None
        self.answer = conversation.turns[-1].answer if conversation.turns else None
        return conversation

    def citation(self, marker: int) -> Citation:
        """A source of the last answer, or of the latest one before it that has this number. Raises `UsageError`."""
        answers = [self.answer] if self.answer else []
        if self.conversation_id:
            answers += [turn.answer for turn in reversed(self.conversations.show(self.conversation_id).turns)]
        for answer in answers:
            for citation in answer.citations:
                if citation.marker == marker:
                    return citation
        raise UsageError(
            f"There is no source [{marker}] in this conversation. /sources lists those of the last answer."
        )

    def rate(self, verdict: Verdict, words: str) -> None:
        """Say what the last answer was worth. Raises `UsageError` before the first."""
        turns = self.conversations.show(self.conversation_id).turns if self.conversation_id else ()
        if not turns or self.conversation_id is None:
            raise UsageError("There is no answer to rate yet. Ask something first.")
        self.conversations.rate(self.conversation_id, turns[-1].number, Feedback(verdict, words))

    def use_model(self, name: str) -> None:
        """Answer with another model from now on."""
        chosen = self.name_model(name)
        self.assistant = replace(self.open_model(name), log=self.conversations)
        self.model = chosen

    def here(self) -> Conversation:
        """The conversation as kept so far. Raises `UsageError` before its first question."""
        if self.conversation_id is None:
            raise UsageError("This conversation has not begun. Ask something first.")
        return self.conversations.show(self.conversation_id)


def find(conversations: Conversations, wanted: str) -> str:
    """The id of a conversation named by its place in the list (from 1), its id or the beginning of it, or words in it.

    Raises `NotFoundError`.
    """
    listed = conversations.list(collection=conversations.collection)
    if wanted.isdecimal() and 0 < int(wanted) <= len(listed):
        return listed[int(wanted) - 1].id
    if wanted.startswith("cnv_"):
        known = [summary.id for summary in listed if summary.id.startswith(wanted)]
        return known[0] if len(known) == 1 else conversations.show(wanted).id
    for summary in listed:
        if wanted.casefold() in summary.title.casefold():
            return summary.id
    for found in conversations.search(wanted) if any(map(str.isalnum, wanted)) else ():
        if found.conversation.collection == conversations.collection:
            return found.conversation.id
    raise NotFoundError(f"No conversation is number, id or about {wanted[:40]!r}. /list shows them.")


@dataclass(slots=True)
class _Partial:
    """What has arrived of an answer."""

    asked: str
    retrieved: Retrieved | None = None
    text: str = ""
    citations: tuple[Citation, ...] = ()

    def take(self, event: Event) -> None:
        match event:
            case Retrieved():
                self.retrieved = event
            case Delta(text):
                self.text += text
            case CitationFound(citation):
                self.citations += (citation,)

    def cut(self, answer: Answer) -> Answer:
        """The answer as far as it was shown."""
        if not answer.text.startswith(self.text):
            return replace(self.answer(), id=answer.id, model=answer.model, citations=())
        shown = len(self.text)
        cited = tuple(c for c in answer.citations if any(span.end <= shown for span in c.answer_spans))
        return replace(
            answer,
            text=self.text,
            citations=cited,
            statements=tuple(statement for statement in answer.statements if statement.end <= shown),
            closest=(),
            notices=answer.notices if cited == answer.citations else (),  # they speak of the whole answer
        )

    def answer(self, notice: str = "") -> Answer:
        understood = self.retrieved.question if self.retrieved else None
        return Answer(
            id="",
            conversation_id=None,
            question=self.asked,
            standalone_question=understood.text if understood else self.asked,
            language=understood.language if understood else "",
            status="answered",
            confidence=0.0,
            text=self.text,
            citations=self.citations,
            notices=(notice,) if notice else (),
        )
