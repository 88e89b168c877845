"""How the server bears load: questions, streams while documents come in, ten times too much, readers who leave.

    python benchmarks/server.py --chunks 5000 --seconds 10 --streams 200

The generator runs beside the server on the same machine and takes its share of the cores: read ratios, not peaks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

SERVE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from assistant.server import serving
from assistant.server.app import create_app
from assistant.server.options import Options
from tests.assistant.server.running import Script, settings_in

words = int(sys.argv[3])
if words:
    script = Script(words=words, pause=1 / 30)
    serving.create_app = lambda settings, options, door: create_app(
        settings, options, door=door, assistant_over=script.over)
listener = serving.bind(Options(port=0))
print(listener.getsockname()[1], flush=True)
serving.run(settings_in(Path(sys.argv[2])), Options(port=0, answers=2_000), listener)
"""
ROOT = Path(__file__).resolve().parents[1]
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


def quantiles(values: list[float]) -> str:
    ordered = sorted(values)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * q))] for name, q in (("p50", 0.5), ("p99", 0.99))}
    return " ".join(f"{name} {value * 1000:.0f} ms" for name, value in at.items())


async def closed_loop(
    client: httpx.AsyncClient, path: str, body: dict[str, object], readers: int, seconds: float
) -> str:
    """``readers`` who each ask again as soon as they are answered."""
    times: list[float] = []
    refused: list[float] = []
    until = time.perf_counter() + seconds

    async def reader() -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            reply = await client.post(path, json=body)
            (times if reply.status_code == 200 else refused).append(time.perf_counter() - began)
            assert reply.status_code in (200, 429), reply.text
            if reply.status_code == 429:
                await asyncio.sleep(0.05)

    await asyncio.gather(*(reader() for _ in range(readers)))
    told = f"; {len(refused) / seconds:.0f}/s refused, {quantiles(refused)}" if refused else ""
    return f"{len(times) / seconds:.0f}/s, {quantiles(times)}{told}"


async def streams(client: httpx.AsyncClient, count: int, words: int) -> tuple[str, list[float]]:
    """Gaps between events beyond what the joining of tokens explains."""
    gaps: list[float] = []
    failed = 0

    async def reader() -> None:
        nonlocal failed
        last, ended = 0.0, False
        async with client.stream("POST", "/api/chat/stream", json={"question": "telescope"}) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("event: answer.delta"):
                    now = time.perf_counter()
                    if last:
                        gaps.append(now - last)
                    last = now
                ended = ended or line == "event: answer.completed"
        failed += not ended

    await asyncio.gather(*(reader() for _ in range(count)))
    return f"{count} streams of {words} words, {failed} failed, between events {quantiles(gaps)}", gaps


async def leave(client: httpx.AsyncClient, count: int) -> str:
    """Readers who go after a random time; how long until the server writes none of their answers."""
    pick = random.Random(1)
    slow = 0
    for _ in range(count // 50):

        async def reader() -> None:
            async with client.stream("POST", "/api/chat/stream", json={"question": "telescope"}):
                await asyncio.sleep(pick.random() * 0.3)

        await asyncio.gather(*(reader() for _ in range(50)))
        began = time.perf_counter()
        while "assistant_answers_open 0.0" not in (await client.get("/metrics")).text:
            await asyncio.sleep(0.01)
        slow += time.perf_counter() - began > 0.5
    return (
        f"{count} readers left in groups of 50; {slow} groups took over 500 ms until none of their answers was written"
    )


async def spent(client: httpx.AsyncClient, path: str) -> tuple[float, float]:
    """Requests of a route and their seconds, as the server counts them: without the generator's own waiting."""
    lines = (await client.get("/metrics")).text.splitlines()
    label = f'{{route="{path}"}}'
    found = {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if label in line}
    names = (f"assistant_request_seconds_{part}{label}" for part in ("count", "sum"))
    count, seconds = (found.get(name, 0.0) for name in names)
    return count, seconds


def served(home: Path, words: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-c", SERVE, str(ROOT), str(home), str(words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
    for _ in range(200):
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    return process, url


def memory(process: subprocess.Popen[str]) -> str:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return f"{pages * 4096 / 1e6:.0f} MB"


def client(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=120, limits=limits)


async def main(options: argparse.Namespace, home: Path) -> None:
    process, url = served(home, 0)
    async with client(url) as session:
        search, ask = {"query": "telescope photometer 17"}, {"question": "telescope photometer 17?"}
        await session.post("/api/chat", json=ask)
        for name, path, body, readers in (
            ("retrieval", "/api/search", search, 4),
            ("answers", "/api/chat", ask, 4),
            ("ten times", "/api/chat", ask, 340),
        ):
            before = await spent(session, path)
            told = await closed_loop(session, path, body, readers, options.seconds)
            count, seconds = (after - first for after, first in zip(await spent(session, path), before, strict=True))
            inside = f"inside the server {seconds / count * 1000:.0f} ms on average, refusals included"
            print(f"{name:10} {told}; {inside}; {memory(process)}")
    process.terminate()
    print(f"exit {process.wait(20)}")

    words = 120
    process, url = served(home, words)
    async with client(url) as session:
        print("calm      ", (told := await streams(session, options.streams, words))[0], memory(process))
        upload = corpus(options.added, seed=2).encode()
        await session.post("/api/documents", files={"file": ("more.jsonl", upload)})
        print("ingesting ", (busy := await streams(session, options.streams, words))[0], memory(process))
        added = statistics.quantiles(busy[1], n=100)[98] - statistics.quantiles(told[1], n=100)[98]
        print(f"           added at p99: {added * 1000:.0f} ms; {(await session.get('/api/jobs')).json()[0]['state']}")
        print("leaving   ", await leave(session, options.leavers))
    process.terminate()
    print(f"exit {process.wait(20)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--chunks", type=int, default=5_000)
    parser.add_argument("--added", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--leavers", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(ROOT))
        from assistant import build
        from tests.assistant.server.running import settings_in

        file = Path(folder) / "corpus.jsonl"
        file.write_text(corpus(chosen.chunks, seed=1))
        settings = settings_in(Path(folder) / "home")
        with build.open_library(settings) as library:
            build.ingest(library, [file], settings)
        asyncio.run(main(chosen, settings.home))
