"""Running the server: sockets, processes, signals."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import socket
import tempfile
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from types import FrameType

import uvicorn

from assistant import build
from assistant.errors import UsageError
from assistant.server.app import create_app
from assistant.server.entrance import Door, log_to_stderr
from assistant.server.options import Options
from assistant.server.siblings import Siblings
from assistant.server.store import open_store
from assistant.settings import Settings
from assistant.tracing import export_spans

_log = logging.getLogger("assistant.server")

_LOOK_SECONDS = 0.5  # between two looks at whether a process still lives
_LAST_WORDS = 1.0  # seconds for streams that were told to end to be written out


def run(settings: Settings, options: Options, listener: socket.socket) -> None:
    """Serve until told to stop, in this process or in several. Raises what keeps the library from opening."""
    if options.workers > 1:
        with tempfile.TemporaryDirectory(prefix="assistant-") as siblings:  # nobody else can open it
            each = max(1, options.thinking // options.workers)
            supervise(settings, replace(options, siblings=siblings, thinking=each), listener)
    else:
        serve(settings, options, [listener])


def serve(settings: Settings, options: Options, sockets: list[socket.socket]) -> None:
    """Serve in this process."""
    log_to_stderr()
    export_spans(settings.otlp_endpoint, settings.otlp_protocol)  # before the first request, which is a span already
    door = Door()
    app = create_app(settings, options, door=door)
    inner = Siblings(options.siblings).listen()
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on the client's address
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(_LAST_WORDS),
        lifespan="on",
    )
    Server(config, door, options).run([*sockets, inner] if inner else sockets)


class Server(uvicorn.Server):
    """Told to stop, it first closes the door: new requests get 503 while open answers end. Then it exits with 0."""

    def __init__(self, config: uvicorn.Config, door: Door, options: Options) -> None:
        super().__init__(config)
        self._door = door
        self._options = options
        self._closing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        parent = multiprocessing.parent_process()
        if parent is not None:  # a worker whose supervisor was killed would go on unwatched, and hold the port
            self._loop.add_reader(parent.sentinel, self._orphaned, parent.sentinel)

    def _orphaned(self, sentinel: int) -> None:
        assert self._loop is not None
        self._loop.remove_reader(sentinel)
        self.handle_exit(signal.SIGTERM, None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Not kept for later, as the base class does: it would end the process by the signal, not with 0."""
        if sig == signal.SIGINT and self._options.siblings:
            return  # Ctrl-C reaches the whole group: the supervisor says what to do
        if self._loop is None or self._door.closed:
            self.should_exit = self.force_exit = True
        else:
            self._door.closed = True
            self._loop.call_soon_threadsafe(self._begin_closing)

    def _begin_closing(self) -> None:
        self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.drain_seconds
        while self._door.inside and loop.time() < until - _LAST_WORDS:
            await asyncio.sleep(0.05)
        self._door.last_call()
        self.should_exit = True


def supervise(settings: Settings, options: Options, listener: socket.socket) -> None:
    """Several processes on one socket; one that dies is begun anew. They share the library, the keys and the jobs."""
    log_to_stderr()
    spawn = multiprocessing.get_context("spawn")
    stopping = False

    _check_opens(settings)

    def begin() -> SpawnProcess:
        process = spawn.Process(target=serve, args=(settings, options, [listener]))
        process.start()
        return process

    processes = [begin() for _ in range(options.workers)]

    def stop(sig: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for process in processes:
            process.terminate()

    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, stop)
    while not stopping:
        for number, process in enumerate(processes):
            process.join(_LOOK_SECONDS)
            if not process.is_alive() and not stopping:
                _log.error("a worker ended", extra={"facts": {"pid": process.pid, "exit": process.exitcode}})
                Siblings(options.siblings).forget(process.pid or 0)
                processes[number] = begin()
    for process in processes:
        process.join()


def _check_opens(settings: Settings) -> None:
    """Raises what every worker would: told once, instead of workers that are begun for ever."""
    open_store(settings.home).dispose()
    build.open_library(settings).close()
    build.open_conversations(settings).close()


def bind(options: Options) -> socket.socket:
    """The listening socket. Raises `UsageError` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        raise UsageError(
            f"Cannot listen on {options.host}:{options.port}: {error.strerror}. Choose another with --host or --port."
        ) from None
    listener.set_inheritable(True)
    return listener
