"""A server on loopback that speaks OpenAI's protocol and says what the test tells it to, faults included.

    with OpenAIServer([Reply("Within 14 days [1.1].")]) as server:
        ...  # server.base_url, server.requests

Chat completions and responses, streamed and not, and the list of models. It is real HTTP: chunked bodies, real
sockets, real silence.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

LEAVE = "\0leave"
"""In a reply's parts: the connection is reset here."""
END = "\0end"
"""In a reply's parts: the body ends here, properly, but without the protocol's last words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of 200. ``parts``: a string is a piece of text, a number seconds of silence, bytes go out as they are.

    ``usage`` is prompt, completion and cached tokens.
    """

    parts: str | Sequence[str | float | bytes]
    usage: tuple[int, int, int] = (120, 24, 100)
    finish: str = "stop"
    wait: float = 0.0
    """Seconds before the first byte of the head."""
    chunk: int = 7
    """Code points a piece of text is cut into where ``parts`` is a string."""

    def pieces(self) -> Sequence[str | float | bytes]:
        if not isinstance(self.parts, str):
            return self.parts
        return [self.parts[i : i + self.chunk] for i in range(0, len(self.parts), self.chunk)]

    @property
    def text(self) -> str:
        pieces = (part for part in self.pieces() if isinstance(part, str) and not part.startswith("\0"))
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Status:
    """An answer that is a refusal."""

    code: int
    body: str = '{"error": {"message": "scripted", "type": "scripted", "code": null}}'
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class NoStream:
    """Refuses to stream, as small servers do; answers in one piece."""

    reply: Reply


Behaviour = Reply | Status | NoStream
Script = Callable[[dict[str, Any]], Behaviour]
"""From a request's body to what is done about it."""


class OpenAIServer:
    """Plays a script: one behaviour a request, the last one again and again; or a function of the request."""

    def __init__(self, script: Sequence[Behaviour] | Script = (), *, models: Sequence[str] = ("scripted",)) -> None:
        self.requests: list[dict[str, Any]] = []
        self.arrived: list[float] = []
        self.left: list[float] = []
        """When a client was seen to have left before the end (`time.perf_counter`)."""
        self.models = models
        self.key: str | None = None
        """If set, requests with another one get 401."""
        self._script = script
        self._lock = Lock()
        self._open = 0
        self.stopping = Event()
        self._server = _Server(("127.0.0.1", 0), self)

    def play(self, script: Sequence[Behaviour] | Script) -> OpenAIServer:
        """Another script, from its beginning."""
        with self._lock:
            self._script = script
            self.requests.clear()
            self.arrived.clear()
            self.left.clear()
        return self

    def __enter__(self) -> OpenAIServer:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def open_requests(self) -> int:
        """How many requests are being answered now."""
        return self._open

    def begin(self, body: dict[str, Any]) -> Behaviour:
        with self._lock:
            self._open += 1
            self.requests.append(body)
            self.arrived.append(time.perf_counter())
            if callable(self._script):
                return self._script(body)
            return self._script[min(len(self.requests), len(self._script)) - 1]

    def end(self) -> None:
        with self._lock:
            self._open -= 1

    def note_left(self) -> None:
        with self._lock:
            self.left.append(time.perf_counter())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], owner: OpenAIServer) -> None:
        super().__init__(address, _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what this server is for."""


class _ClientLeft(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        models = [{"id": name, "object": "model", "owned_by": "test"} for name in self.server.owner.models]
        self._send(200, json.dumps({"object": "list", "data": models}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        owner = self.server.owner
        behaviour = owner.begin(body)
        try:
            if owner.key and self.headers.get("authorization") != f"Bearer {owner.key}":
                behaviour = Status(
                    401, '{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
                )
            self._behave(behaviour, body)
        except (_ClientLeft, ConnectionError):
            owner.note_left()
            self.close_connection = True
        finally:
            owner.end()

    def _behave(self, behaviour: Behaviour, body: dict[str, Any]) -> None:
        if isinstance(behaviour, NoStream):
            if body.get("stream"):
                behaviour = Status(400, '{"error": {"message": "stream is not supported"}}')
            else:
                behaviour = behaviour.reply
        if isinstance(behaviour, Status):
            self._send(behaviour.code, behaviour.body, behaviour.media_type, behaviour.headers)
            return
        self._pause(behaviour.wait)
        responses = self.path.endswith("/responses")
        if body.get("stream"):
            self._stream(behaviour, _responses_events if responses else _chat_events, body)
        else:
            for part in behaviour.pieces():
                if isinstance(part, float | int):
                    self._pause(part)
                elif part == LEAVE:
                    self._reset()
            record = _response if responses else _completion
            self._send(200, json.dumps(record(behaviour, body)))

    def _send(
        self, code: int, body: str, media_type: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        data = body.encode()
        self.send_response(code)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply, events: Callable[..., Iterator[str | float | bytes]], body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in events(reply, body):
            if isinstance(part, float | int):
                self._pause(part)
            elif part == LEAVE:
                self._reset()
            elif part == END:
                break
            else:
                data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
                self._pause(0)
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _pause(self, seconds: float) -> None:
        """Wait, with an eye on the client."""
        until = time.perf_counter() + seconds
        while not self.server.owner.stopping.is_set():
            left = until - time.perf_counter()
            readable, _, _ = select.select([self.connection], [], [], max(0.0, min(left, 0.05)))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _ClientLeft
            if left <= 0:
                return

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise ConnectionError


def _chat_events(reply: Reply, body: dict[str, Any]) -> Iterator[str | float | bytes]:
    def event(delta: dict[str, Any] | None, finish: str | None = None, usage: Any = None) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body["model"],
            "choices": choices,
            "usage": usage,
        }
        return f"data: {json.dumps(chunk)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for part in reply.pieces():
        if isinstance(part, str) and not part.startswith("\0"):
            yield event({"content": part})
        else:
            yield part
    yield event({}, reply.finish)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield event(None, usage=_chat_usage(reply))
    yield "data: [DONE]\n\n"


def _completion(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": reply.finish}
        ],
        "usage": _chat_usage(reply),
    }


def _chat_usage(reply: Reply) -> dict[str, Any]:
    prompt, completion, cached = reply.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _responses_events(reply: Reply, body: dict[str, Any]) -> Iterator[str | float | bytes]:
    number = -1

    def event(kind: str, **fields: Any) -> str:
        nonlocal number
        number += 1
        return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n"

    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    empty = {**_response(reply, body), "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=empty)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield event("response.output_item.added", output_index=0, item=message)
    part = {"type": "output_text", "text": "", "annotations": []}
    yield event("response.content_part.added", **place, part=part)
    for piece in reply.pieces():
        if isinstance(piece, str) and not piece.startswith("\0"):
            yield event("response.output_text.delta", **place, delta=piece, logprobs=[])
        else:
            yield piece
    yield event("response.output_text.done", **place, text=reply.text, logprobs=[])
    yield event("response.content_part.done", **place, part={**part, "text": reply.text})
    done = _response(reply, body)
    yield event("response.output_item.done", output_index=0, item=done["output"][0])
    yield event("response.completed", response=done)


def _response(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    prompt, completion, cached = reply.usage
    content = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": body["model"],
        "output": [
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": completion,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + completion,
        },
    }
