"""How a server is run: what `assistant serve` is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from vectorstore.cores import usable_cores

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Options:
    """Everything has a value that suits one small machine."""

    host: str = "127.0.0.1"
    port: int = 8000
    require_key: bool = False
    """Ask for a key even on loopback: needed behind a proxy, where every request comes from this machine."""
    origins: frozenset[str] = frozenset()
    """Web pages, besides those named by widget keys, that may call from a browser: ``https://example.org``."""
    hosts: frozenset[str] = frozenset()
    """Names a request may call this server by when no key is asked for, besides those of loopback."""
    workers: int = 1
    siblings: str = ""
    """A folder with a socket for each worker, where there are several."""

    answers: int = 512
    """Answers being written at once; each has a thread, most of which wait for a model."""
    thinking: int = field(default_factory=usable_cores)
    """Processes that compute searches, and answers without a model: so many at once, more take turns."""
    warm: bool = False
    """Begin these with the server, and open the default collection in them, not with the first question."""
    waiting: int = 32
    """Questions that may wait for one of these; the next is told to come back."""
    requests_per_minute: int = 600
    """Of one key. Requests from this machine without a key are not counted."""
    visitor_requests_per_minute: int = 30
    """Of one visitor of a widget."""

    upload_bytes: int = 50_000_000
    body_bytes: int = 1_000_000
    """Of any other request."""
    body_seconds: float = 20.0
    """Between two pieces of a request's body, before the sender is given up."""
    write_seconds: float = 60.0
    """Until a reader takes what was sent, before it is given up."""

    heartbeat_seconds: float = 15.0
    resume_seconds: float = 60.0
    """How long the events of an answer are kept for a reader whose connection broke."""
    drain_seconds: float = 9.0
    """After SIGTERM: how long open answers may go on before they are told; under ten seconds in all."""

    job_memory_bytes: int = 1_500_000_000
    job_stall_seconds: float = 120.0
    """Without a sign of progress, before the process that reads a file is ended."""

    @property
    def on_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def keyless(self) -> bool:
        """Whether who comes without a key is the owner of this machine."""
        return self.on_loopback and not self.require_key
