"""The HTTP client for OpenAI-compatible services, whose reads end when the answer's patience does.

A read timeout alone does not do it: a service that sends a byte now and then resets it for ever, and a thread that
waits for bytes cannot be told that the reader has left. So bytes are waited for in short turns. Any HTTP library the
OpenAI client was built on (httpx, or httpx2) offers the place for that: the network backend of its pool.
"""

from __future__ import annotations

import weakref
from importlib import import_module
from typing import Any

from assistant.resilience import Limits, watching

_CONNECTIONS = 1_000  # more than answers are written at once
_TURN = 0.05  # seconds between two looks at the patience: what a reader who left may cost


def http_client(limits: Limits) -> Any:
    """A client for one service, with connections kept open. Proxies named in the environment are used as usual."""
    import openai

    http = import_module("httpx" if _built_on("httpx") else "httpx2")
    core = import_module("httpcore" if _built_on("httpx") else "httpcore2")
    timeout = openai.Timeout(limits.first_text, connect=limits.connect, write=limits.first_text, pool=limits.connect)
    certificates = http.create_ssl_context()  # read once: that takes 50 ms
    transport = _transport(http, core, certificates)
    # Proxies from the environment are mounted for http:// and https:// and so go before this one.
    client = openai.DefaultHttpxClient(mounts={"all://": transport}, timeout=timeout, verify=certificates)
    weakref.finalize(client, transport.close)  # a model that is dropped leaves no connection open
    return client


def _built_on(library: str) -> bool:
    import openai

    return any(base.__module__.split(".")[0] == library for base in openai.DefaultHttpxClient.__mro__)


def _transport(http: Any, core: Any, certificates: Any) -> Any:
    """The library's own transport, over a pool whose reads are patient."""

    class PatientStream(core.NetworkStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            patience = watching()
            if patience is None:
                return bytes(self._stream.read(max_bytes, timeout))
            while True:
                phase = patience.spent()
                if phase:
                    raise core.ReadTimeout(phase)
                try:
                    return bytes(self._stream.read(max_bytes, min(_TURN, patience.left() + 0.001)))
                except core.ReadTimeout:
                    continue

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._stream.write(buffer, timeout)

        def close(self) -> None:
            self._stream.close()

        def start_tls(self, *args: Any, **kwargs: Any) -> Any:
            return PatientStream(self._stream.start_tls(*args, **kwargs))

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    class PatientBackend(core.NetworkBackend):  # type: ignore[misc]
        def __init__(self) -> None:
            self._backend = core.SyncBackend()

        def connect_tcp(self, *args: Any, **kwargs: Any) -> Any:
            return PatientStream(self._backend.connect_tcp(*args, **kwargs))

        def sleep(self, seconds: float) -> None:
            self._backend.sleep(seconds)

    class PatientTransport(http.HTTPTransport):  # type: ignore[misc]
        """As its base, but for the pool (which both libraries keep under this name)."""

        def __init__(self) -> None:
            self._pool = core.ConnectionPool(
                ssl_context=certificates,
                max_connections=_CONNECTIONS,
                # No fewer: httpcore closes those beyond it though a thread was given one a moment ago (its issue 1110).
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=30.0,
                network_backend=PatientBackend(),
            )

    return PatientTransport()
