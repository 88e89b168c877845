"""A real server on loopback, in a thread, over a small library; and a model that says what the question tells it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from assistant import build
from assistant.cancellation import current
from assistant.errors import ModelError
from assistant.pipeline import Assistant
from assistant.server.app import create_app
from assistant.server.entrance import Door
from assistant.server.keys import Keys
from assistant.server.options import Options
from assistant.server.serving import bind
from assistant.server.store import open_store
from assistant.settings import Settings
from assistant.types import Answer, Citation, CitationFound, Delta, Event, Passage, Question, Quoting, Read
from vectorstore.library import Library
from vectorstore.types import Retrieval, Span

HANDBOOK = "# Handbook\n\nRefunds take 14 days. Shipping is free.\n\nWe never share your data with anybody.\n"
OBSERVATORY = "# Observatory\n\nThe great telescope was built in 1926. It still opens every Friday night.\n"


def settings_in(home: Path) -> Settings:
    return Settings(home=home, embeddings="hashing", model="extractive")


def fill(home: Path, collection: str = "default", **texts: str) -> Settings:
    """A library with these documents, each under its name."""
    settings = settings_in(home)
    folder = home.parent / f"{collection}-files"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (texts or {"handbook": HANDBOOK, "observatory": OBSERVATORY}).items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    with build.open_library(settings, collection) as library:
        build.ingest(library, [folder], settings)
    return settings


@dataclass
class Script:
    """An answerer that writes words slowly, and notices when nobody wants them any more.

    A question with ``fail`` breaks off after three words, one with ``broken`` before the first.
    """

    words: int = 30
    pause: float = 0.02
    asked: int = 0
    begun: list[float] = field(default_factory=list)
    stopped: list[float] = field(default_factory=list)

    def over(self, library: Library, settings: Settings, quoting: Quoting) -> Assistant:
        return Assistant(library, self, lambda question, history: question)

    def __call__(self, question: Question, retrieval: Retrieval, read: Read) -> Iterator[Event]:
        self.asked += 1
        self.begun.append(time.monotonic())
        cancelled = current()
        assert cancelled is not None
        hit = retrieval.hits[0]
        if "broken" in question.asked:
            raise ModelError("The model is broken. Repair it.", reason="failed")
        written = ""
        for number in range(self.words):
            if cancelled.wait(self.pause) if self.pause else cancelled.is_set():
                self.stopped.append(time.monotonic())
                return
            if "fail" in question.asked and number == 3:
                raise ModelError("The model broke off. Ask again.", reason="cut")
            written += f"word{number} "
            yield Delta(f"word{number} ")
        marker = Span(len(written), len(written) + 3)
        yield Delta("[1]")
        chunk = hit.chunk
        citation = Citation(
            1,
            (marker,),
            hit.document,
            chunk.text,
            chunk.start,
            chunk.end,
            chunk.page,
            chunk.heading,
            Passage(chunk.start, chunk.end, chunk.text),
            "exact",
            hit.score,
        )
        yield CitationFound(citation)
        asked, text, language = question.asked, question.text, question.language
        yield Answer("", None, asked, text, language, "answered", 0.9, written + "[1]", (citation,), model="scripted")


@dataclass
class Running:
    url: str
    settings: Settings
    app: Any
    door: Door
    script: Script

    @property
    def house(self) -> Any:
        """What the routes share, for looking at it from the test."""
        inner = self.app
        while not hasattr(inner, "state"):
            inner = inner._app
        return inner.state.house

    @property
    def keys(self) -> Keys:
        return Keys(open_store(self.settings.home))

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        if key:
            headers["Authorization"] = f"Bearer {key}"
        # No certificates: nothing here is encrypted, and reading them takes longer than most of the requests.
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=False)


@contextmanager
def running(settings: Settings, script: Script | None = None, **options: Any) -> Iterator[Running]:
    """Serve until the block ends; the script writes the answers."""
    script = script or Script()
    chosen = Options(port=0, **options)
    door = Door()

    app = create_app(settings, chosen, door=door, assistant_over=script.over)
    with _served(app, chosen) as url:
        yield Running(url, settings, app, door, script)


@contextmanager
def quoting(settings: Settings, **options: Any) -> Iterator[Running]:
    """The same with the product's own answers."""
    chosen = Options(port=0, **options)
    door = Door()
    app = create_app(settings, chosen, door=door)
    with _served(app, chosen) as url:
        yield Running(url, settings, app, door, Script())


@contextmanager
def _served(app: Any, options: Options) -> Iterator[str]:
    listener = bind(options)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()


def events(lines: Iterator[str]) -> Iterator[tuple[int, str, str]]:
    """(id, name, data) of each server-sent event; heartbeats are passed over."""
    number, name, data = 0, "", ""
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and data:
            yield number, name, data
            name, data = "", ""
