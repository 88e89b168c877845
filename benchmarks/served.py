"""A server to be measured, and a client that speaks HTTP by hand: a library would take more of the machine than that.

python -m benchmarks.served PORT SECONDS     # how soon a busy server refuses, as another process sees it
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from assistant.server import serving
from assistant.server.app import create_app
from assistant.server.options import Options
from assistant.settings import Settings
from tests.assistant.server.running import Script

words = int(sys.argv[3])
if words:
    script = Script(words=words, pause=1 / 30)
    serving.create_app = lambda settings, options, door: create_app(
        settings, options, door=door, assistant_over=script.over)
listener = serving.bind(Options(port=0))
print(listener.getsockname()[1], flush=True)
settings = Settings(home=Path(sys.argv[2]), model="extractive")
serving.run(settings, Options(port=0, answers=2_000, upload_bytes=500_000_000, warm=True), listener)
"""
WORDS = [
    f"{a}{b}" for a in ("tele", "micro", "photo", "hydro", "aero", "geo") for b in ("scope", "graph", "meter", "logy")
]


def corpus(chunks: int, seed: int) -> str:
    """Records of one passage each, no two alike."""
    pick = random.Random(seed)
    rows = (
        {"id": f"r{seed}-{n}", "title": f"Note {n}", "text": f"Note {n}. " + " ".join(pick.choices(WORDS, k=60)) + "."}
        for n in range(chunks)
    )
    return "\n".join(map(json.dumps, rows))


# -- a client ---------------------------------------------------------------------------------------------------------


class Connection:
    """One connection that is kept open: a request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 22))

    def send(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
        lines = (
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
        )
        self.writer.write("\r\n".join((*lines, "", "")).encode() + body)

    async def head(self) -> tuple[int, int]:
        """Status, and the body's length; -1 where it comes in pieces."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        return int(head[9:12]), int(length[1]) if length else -1

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
        self.send(method, path, body, kind)
        status, length = await self.head()
        return status, await self.reader.readexactly(length)

    def close(self) -> None:
        self.writer.close()


async def get(port: int, path: str) -> str:
    connection = await Connection.to(port)
    try:
        return (await connection.ask("GET", path))[1].decode()
    finally:
        connection.close()


def at(values: list[float], q: float) -> float:
    """The quantile of seconds, in milliseconds."""
    ordered = sorted(values) or [0.0]
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000, 1)


def quantiles(name: str, values: list[float]) -> dict[str, float]:
    return {f"{name}_p50_ms": at(values, 0.5), f"{name}_p99_ms": at(values, 0.99)}


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    before: dict[str, float] = field(default_factory=dict)

    def memory_mb(self) -> int:
        """Of all its processes, what they share counted once."""
        pages = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._family())
        return sum(int(re.findall(r"^Pss: +(\d+)", page, re.M)[0]) for page in pages) // 1_000

    def cpu_seconds(self) -> float:
        """Of all its processes."""
        stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._family())
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")

    def _family(self) -> list[int]:
        parents = {
            int(path.name): int((path / "stat").read_text().rpartition(")")[2].split()[1])
            for path in Path("/proc").iterdir()
            if path.name.isdigit()
        }
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    async def metrics(self) -> dict[str, float]:
        lines = [line.rsplit(" ", 1) for line in (await get(self.port, "/metrics")).splitlines() if line[:1] != "#"]
        return {name: float(value) for name, value in lines}

    async def begin(self) -> None:
        """From here on `since` counts."""
        self.before = await self.metrics()

    async def since(self, histogram: str, q: float) -> float:
        """The upper edge, in milliseconds, of the bucket that holds the quantile of what was observed since `begin`."""
        now = await self.metrics()
        buckets = [
            (float(edge[1]), value - self.before.get(name, 0.0))
            for name, value in now.items()
            if (edge := re.fullmatch(rf'{histogram}_bucket{{le="(.+)"}}', name))
        ]
        total = max((count for _, count in buckets), default=0.0)
        return next((edge * 1000 for edge, count in sorted(buckets) if total and count >= q * total), 0.0)


@contextmanager
def served(home: Path, words: int) -> Iterator[Server]:
    command = [sys.executable, "-c", SERVE, str(ROOT), str(home), str(words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        server = Server(process, int(process.stdout.readline()))
        try:
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


async def ready(server: Server) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if "ready" in await get(server.port, "/readyz"):
                return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the server did not begin")


async def refusals(port: int, seconds: float) -> dict[str, float]:
    """Ask a server that has no room, with a pause between; what it says when it has room is not counted."""
    connection = await Connection.to(port)
    took: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        status, _ = await connection.ask("POST", "/api/chat", b'{"question": "What is asked of a busy server?"}')
        if status == 429:
            took.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    connection.close()
    return {"refusals_seen_elsewhere": len(took), **quantiles("refusal_seen_elsewhere", took)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(refusals(int(sys.argv[1]), float(sys.argv[2])))))
