"""How the server bears load: questions, ten times too many of them, streams while documents come in, readers who
leave, and being told to stop with streams open.

    python -m benchmarks.server --chunks 5000                      # over a library made for it
    python -m benchmarks.server --home FOLDER --added 10000        # over a copy of one that is there

The generator runs beside the server on the same machine and takes its share of the cores: read ratios, not peaks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.served import ROOT, Connection, Server, at, corpus, get, quantiles, ready, served

PLACES = 34  # questions computed and waiting at once, with the server's own settings on two cores


# -- questions --------------------------------------------------------------------------------------------------------


def questions(home: Path, count: int = 400) -> list[str]:
    """A few words in a row out of documents taken at random: each finds something, and none was asked before."""
    from assistant import build
    from assistant.settings import Settings

    pick = random.Random(7)
    with build.open_library(Settings(home=home)) as library:
        ids = [info.ref.id for info in library.documents()]
        texts = [library.document(id).text.split() for id in pick.sample(ids, min(count, len(ids)))]
    starts = [pick.randrange(max(1, len(words) - 6)) for words in texts]
    return [" ".join(words[start : start + 6]) for words, start in zip(texts, starts, strict=True)]


async def closed_loop(
    server: Server, path: str, bodies: list[bytes], readers: int, seconds: float, pause: float = 0.0
) -> dict[str, Any]:
    """``readers`` who each ask again as soon as they are answered, and ``pause`` seconds after they were refused."""
    times: list[float] = []
    refused: list[float] = []
    failed = 0
    pick = random.Random(1)
    await server.begin()
    cpu = server.cpu_seconds()
    until = time.perf_counter() + seconds

    async def reader() -> None:
        nonlocal failed
        connection = await Connection.to(server.port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, _ = await connection.ask("POST", path, pick.choice(bodies))
            took = time.perf_counter() - began
            if status == 200:
                times.append(took)
            elif status in (429, 503):
                refused.append(took)
                await asyncio.sleep(pause * (0.5 + pick.random()))
            else:
                failed += 1
        connection.close()

    await asyncio.gather(*(reader() for _ in range(readers)))
    seen = {
        "readers": readers,
        "per_second": round(len(times) / seconds, 1),
        **quantiles("answer", times),
        "failed": failed,
        "server_cpu_ms_each": round((server.cpu_seconds() - cpu) / max(1, len(times) + len(refused)) * 1000, 1),
        "loop_lag_p99_ms_under": await server.since("assistant_loop_lag_seconds", 0.99),
        "memory_mb": server.memory_mb(),
    }
    if refused:
        inside = await server.since("assistant_refusal_seconds", 0.99)
        seen |= {"refused_per_second": round(len(refused) / seconds, 1), **quantiles("refusal", refused)}
        seen |= {"refusal_inside_server_p99_ms_under": inside}
    return seen


# -- streams ----------------------------------------------------------------------------------------------------------


async def stream(server: Server, gaps: list[float], ends: list[str], question: bytes) -> None:
    """One reader of one stream: the time between its events, and how it ended."""
    connection = await Connection.to(server.port)
    last, end = 0.0, "cut"
    try:
        connection.send("POST", "/api/chat/stream", question)
        status, _ = await connection.head()
        if status != 200:
            end = f"status {status}"
            return
        while line := await connection.reader.readline():
            if line.startswith(b"event: answer.delta"):
                now = time.perf_counter()
                if last:
                    gaps.append(now - last)
                last = now
            elif line.startswith((b"event: answer.completed", b"event: answer.failed")):
                end = line[7:].decode().strip()
            elif line == b"0\r\n":
                return
    except (ConnectionError, asyncio.IncompleteReadError):
        end = "broken"
    finally:
        ends.append(end)
        connection.close()


async def stream_briefly(server: Server, question: bytes) -> None:
    """A reader who leaves after the first event."""
    connection = await Connection.to(server.port)
    connection.send("POST", "/api/chat/stream", question)
    await connection.head()
    connection.close()


async def streams(server: Server, count: int, question: bytes) -> tuple[dict[str, Any], list[float]]:
    gaps: list[float] = []
    ends: list[str] = []
    await server.begin()

    async def later(delay: float) -> None:
        await asyncio.sleep(delay)
        await stream(server, gaps, ends, question)

    await asyncio.gather(*(later(number / count) for number in range(count)))
    seen = {
        "streams": count,
        "completed": ends.count("answer.completed"),
        **quantiles("between_events", gaps),
        "loop_lag_p99_ms_under": await server.since("assistant_loop_lag_seconds", 0.99),
        "memory_mb": server.memory_mb(),
    }
    return seen, gaps


async def bring_in(server: Server, chunks: int) -> str:
    """Upload that many passages; gives the job's address at once."""
    body = (
        b'--border\r\nContent-Disposition: form-data; name="file"; filename="more.jsonl"\r\n\r\n'
        + corpus(chunks, seed=random.randrange(1 << 30)).encode()
        + b"\r\n--border--\r\n"
    )
    connection = await Connection.to(server.port)
    status, reply = await connection.ask("POST", "/api/documents", body, "multipart/form-data; boundary=border")
    assert status == 202, reply
    connection.close()
    return f"/api/jobs/{json.loads(reply)['id']}"


async def leave(server: Server, count: int, question: bytes) -> dict[str, Any]:
    """Readers who go after a random time; how long until the server writes none of their answers."""
    pick = random.Random(1)
    took: list[float] = []
    for _ in range(count // 50):

        async def reader() -> None:
            connection = await Connection.to(server.port)
            connection.send("POST", "/api/chat/stream", question)
            await asyncio.sleep(pick.random() * 0.3)
            connection.close()

        await asyncio.gather(*(reader() for _ in range(50)))
        began = time.perf_counter()
        while (await server.metrics())["assistant_answers_open"]:
            await asyncio.sleep(0.01)
        took.append(time.perf_counter() - began)
    return {"readers": count, "groups_of_50_over_500_ms": sum(each > 0.5 for each in took), **quantiles("stop", took)}


async def stop(server: Server, count: int, question: bytes) -> dict[str, Any]:
    """SIGTERM with ``count`` open streams that would go on for minutes."""
    gaps: list[float] = []
    ends: list[str] = []
    reading = [asyncio.create_task(stream(server, gaps, ends, question)) for _ in range(count)]
    while (await server.metrics())["assistant_answers_open"] < count:
        await asyncio.sleep(0.05)
    told = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.1)
    refused = []
    for _ in range(20):
        connection = await Connection.to(server.port)
        began = time.perf_counter()
        status, _ = await connection.ask("POST", "/api/chat", question)
        refused.append(time.perf_counter() - began)
        assert status == 503, status
        connection.close()
    await asyncio.gather(*reading)
    last = time.perf_counter() - told
    code = await asyncio.to_thread(server.process.wait, 30)
    return {
        "streams": count,
        "ends": {end: ends.count(end) for end in sorted(set(ends))},
        "last_reader_told_s": round(last, 1),
        "exit_code": code,
        "exit_s": round(time.perf_counter() - told, 1),
        **quantiles("refusal", refused),
    }


# -- all of it --------------------------------------------------------------------------------------------------------


async def questions_part(home: Path, options: argparse.Namespace, say: Any) -> None:
    asked = questions(home)
    chats = [json.dumps({"question": f"{words}?"}).encode() for words in asked]
    with served(home, 0) as server:
        await ready(server)
        searches = [json.dumps({"query": words}).encode() for words in asked]
        for path, bodies in (("/api/search", searches), ("/api/chat", chats)):  # the first ones open things
            await closed_loop(server, path, bodies, 2, min(3.0, options.seconds))
        say("retrieval", await closed_loop(server, "/api/search", searches, 1, options.seconds))
        say("retrieval", await closed_loop(server, "/api/search", searches, 4, options.seconds))
        say("answers", await closed_loop(server, "/api/chat", chats, 1, options.seconds))
        peak = await closed_loop(server, "/api/chat", chats, 8, options.seconds)
        say("answers", peak)
        readers = 10 * PLACES
        pause = readers / (10 * max(1.0, peak["per_second"]))
        probe = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.served", str(server.port), str(options.seconds)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        flood = await closed_loop(server, "/api/chat", chats, readers, options.seconds, pause)
        flood |= json.loads(probe.communicate()[0])
        say("ten times", {**flood, "of_the_peak": round(flood["per_second"] / max(1e-9, peak["per_second"]), 2)})


async def streams_part(home: Path, options: argparse.Namespace, say: Any) -> None:
    question = json.dumps({"question": f"{questions(home, 1)[0]}?"}).encode()
    with served(home, 30 * options.stream_seconds) as server:
        await ready(server)
        for _ in range(2):  # the first ones open things
            await asyncio.gather(*(stream_briefly(server, question) for _ in range(4)))
        say("calm", (calm := await streams(server, options.streams, question))[0])
        job = await bring_in(server, options.added)
        busy, gaps = await streams(server, options.streams, question)
        state = json.loads(await get(server.port, job))
        added = round(at(gaps, 0.99) - at(calm[1], 0.99), 1)
        passages = state["progress"].get("passages")
        say("ingesting", {**busy, "added_p99_ms": added, "job": state["state"], "passages": passages})
        while json.loads(await get(server.port, job))["state"] in ("queued", "running") and options.wait:
            await asyncio.sleep(1)
        say("leaving", await leave(server, options.leavers, question))
    with served(home, 30 * 600) as server:
        await ready(server)
        say("stopping", await stop(server, options.open, question))


async def main(options: argparse.Namespace, home: Path) -> None:
    seen: list[dict[str, Any]] = []

    def say(name: str, figures: dict[str, Any]) -> None:
        seen.append({"part": name, **figures})
        print(f"{name:10}", ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)

    if "questions" in options.parts:
        await questions_part(home, options, say)
    if "streams" in options.parts:
        await streams_part(home, options, say)
    if options.json:
        options.json.write_text(json.dumps(seen, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, help="a library that is there; a copy of it is used")
    parser.add_argument("--chunks", type=int, default=5_000, help="passages of the library that is made otherwise")
    parser.add_argument("--added", type=int, default=1_000, help="passages brought in while streams run")
    parser.add_argument("--seconds", type=float, default=10, help="of each part that asks questions")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--stream-seconds", type=int, default=10, help="how long each stream is written, 30 words/s")
    parser.add_argument("--leavers", type=int, default=500)
    parser.add_argument("--open", type=int, default=200, help="streams open when the server is told to stop")
    parser.add_argument("--wait", action="store_true", help="let the ingest end before going on")
    parser.add_argument("--parts", nargs="+", default=["questions", "streams"], choices=["questions", "streams"])
    parser.add_argument("--json", type=Path, help="write the figures there too")
    chosen = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "home"
        if chosen.home:
            shutil.copytree(chosen.home, place, ignore=shutil.ignore_patterns("owner.*", "server.db*"))
        else:
            from assistant import build
            from assistant.settings import Settings

            file = Path(folder) / "corpus.jsonl"
            file.write_text(corpus(chosen.chunks, seed=1))
            settings = Settings(home=place, embeddings="hashing", model="extractive")
            with build.open_library(settings) as library:
                build.ingest(library, [file], settings)
        asyncio.run(main(chosen, place))
