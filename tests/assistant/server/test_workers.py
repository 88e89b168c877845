"""`assistant serve --workers 3` as a user runs it: one server to everybody outside, whichever process answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.assistant.server.running import events, fill
from tests.fakes.openai_server import OpenAIServer, Reply

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
QUESTION = {"question": "How long do refunds take?"}
SENTENCE = "Refunds take 14 days [1.1]. "
SLOW = Reply([part for _ in range(30) for part in (SENTENCE, 0.1)])


@dataclass
class Served:
    url: str
    process: subprocess.Popen[str]
    home: Path
    log: list[str] = field(default_factory=list)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """By a connection of its own: any of the workers may take it."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            return client.post(path, json=body, headers=headers)

    def get(self, path: str, **headers: str) -> httpx.Response:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            return client.get(path, headers=headers)

    @property
    def pids(self) -> set[int]:
        """The workers that have answered something."""
        return {json.loads(line)["pid"] for line in list(self.log) if '"event": "request"' in line}


@contextmanager
def serving(home: Path, *arguments: str, model: str = "") -> Iterator[Served]:
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "ASSISTANT_EMBEDDINGS": "hashing"}
    if model:
        environment |= {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none", "ASSISTANT_MODEL": "openai:scripted"}
    else:
        environment["ASSISTANT_MODEL"] = "extractive"
    command = [sys.executable, str(ROOT / "cli.py"), "serve", "--port", "0", "--workers", "3", *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT, start_new_session=True
    ) as process:
        assert process.stderr is not None
        found = re.search(r"http://[0-9.:]+", process.stderr.readline())
        assert found, process.stderr.read()
        served = Served(found[0], process, home)
        reader = threading.Thread(target=lambda: served.log.extend(process.stderr or ()), daemon=True)
        reader.start()
        try:
            until = time.monotonic() + 60
            while len(served.pids) < 3 and time.monotonic() < until:
                with ThreadPoolExecutor(12) as pool:  # all of them are there once each has answered
                    list(pool.map(lambda _: _ready(served), range(12)))
            yield served
        finally:
            try:
                if process.poll() is None:
                    process.terminate()
                    process.wait(20)
            finally:
                _kill_group(process.pid)
                reader.join(5)


def _ready(served: Served) -> None:
    try:
        served.get("/readyz")
    except httpx.TransportError:
        time.sleep(0.1)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def processes_of(leader: int) -> set[int]:
    """The processes of a group that still run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.add(int(stat.parent.name))
    return found


def gone(leader: int, seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while processes_of(leader) and time.monotonic() < until:
        time.sleep(0.1)
    return not processes_of(leader)


def test_workers_share_answers_streams_and_keys(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    once = {"Idempotency-Key": "one"}
    with OpenAIServer([SLOW]) as model, serving(tmp_path / "home", model=model.base_url) as served:
        with ThreadPoolExecutor(30) as pool:
            replies = list(pool.map(lambda _: served.post("/api/chat", {**QUESTION, "save": True}, **once), range(100)))
        other = served.post("/api/chat", {"question": "Is shipping free?"}, **once)
        asked = len(model.requests)
        conversations = [len(served.get("/api/conversations").json()) for _ in range(9)]

        again = {"Idempotency-Key": "two"}
        with (
            httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client,
            client.stream("POST", "/api/chat/stream", json=QUESTION, headers=again) as reply,
        ):
            lines = events(reply.iter_lines())
            first = [next(lines) for _ in range(4)]
        stream = json.loads(first[0][2])["stream_id"]
        after = {"Last-Event-ID": str(first[-1][0])}
        with ThreadPoolExecutor(9) as pool:
            posted = list(pool.map(lambda _: served.post("/api/chat/stream", QUESTION, **again, **after), range(9)))
        fetched = [served.get(f"/api/chat/stream/{stream}", **after) for _ in range(9)]
        kept = [served.post("/api/chat/stream", QUESTION, **again, **after) for _ in range(9)]
        nowhere = served.get("/api/chat/stream/str_none")
        asked_in_all = len(model.requests)
        workers = served.pids
    assert len(workers) == 3
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
    assert (other.status_code, asked, set(conversations)) == (409, 1, {1})
    rests = [list(events(iter(reply.text.split("\n")))) for reply in (*posted, *fetched, *kept)]
    assert all(rest == rests[0] for rest in rests)
    assert [number for number, _, _ in [*first, *rests[0]]] == list(range(1, len(first) + len(rests[0]) + 1))
    record = json.loads(rests[0][-1][2])
    texts = [json.loads(data)["text"] for _, name, data in [*first, *rests[0]] if name == "answer.delta"]
    assert "".join(texts) == record["text"]
    assert (nowhere.status_code, asked_in_all) == (404, 2)


def test_workers_share_uploads_jobs_documents_and_keys(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    environment = {**os.environ, "ASSISTANT_HOME": str(tmp_path / "home")}
    command = [sys.executable, str(ROOT / "cli.py"), "keys"]

    def keys(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, check=True)
        return done.stdout.strip()

    keys("create", "first")
    with serving(tmp_path / "home", "--require-key") as served:
        secret = keys("create", "bot", "--scope", "ask", "--scope", "ingest")
        key = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
            files = {"file": ("parking.md", b"# Parking\n\nThe garage is in Elm Street.\n")}
            posted = client.post("/api/documents", files=files, headers=key)
            told = client.get(f"{posted.headers['location']}/events", headers=key).text
        seen = {served.get(posted.headers["location"], **key).json()["state"] for _ in range(9)}
        found = [served.post("/api/search", {"query": "garage"}, **key).json()["hits"] for _ in range(9)]
        nobody = {served.get("/api/documents").status_code for _ in range(9)}
        keys("revoke", json.loads(keys("list", "--json"))[0]["id"])
        time.sleep(1.1)  # what a worker knows of a key it knows for a second
        revoked = {served.get("/api/documents", **key).status_code for _ in range(9)}
    assert "job.done" in told
    assert seen == {"done"}
    assert all("Elm Street" in hits[0]["text"] for hits in found)
    assert (nobody, revoked) == ({401}, {401})


def test_a_worker_that_is_killed_is_begun_anew_and_its_requests_can_be_sent_again(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    once = {"Idempotency-Key": "one"}
    with OpenAIServer([SLOW, Reply(SENTENCE)]) as model, serving(tmp_path / "home", model=model.base_url) as served:
        victims = served.pids
        with (
            httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client,
            client.stream("POST", "/api/chat/stream", json=QUESTION, headers=once) as reply,
        ):
            lines = events(reply.iter_lines())
            next(lines)
            for pid in victims:  # whichever of them writes it
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                list(lines)
        until = time.monotonic() + 60
        while len(served.pids - victims) < 1 and time.monotonic() < until:
            _ready(served)
        repeated = served.post("/api/chat/stream", QUESTION, **once)
        after = served.pids - victims
    assert after
    assert repeated.status_code == 200
    assert "answer.completed" in repeated.text
    assert sum('"event": "a worker ended"' in line for line in served.log) == 3


@pytest.mark.parametrize("how", ["terminate", "interrupt"])
def test_told_to_stop_all_workers_let_their_streams_end(tmp_path: Path, how: str) -> None:
    fill(tmp_path / "home")
    with OpenAIServer([SLOW]) as model, serving(tmp_path / "home", model=model.base_url) as served:
        with ThreadPoolExecutor(12) as pool:
            replies = [pool.submit(served.post, "/api/chat/stream", QUESTION) for _ in range(12)]
            while len(model.requests) < 12:
                time.sleep(0.05)
            if how == "terminate":
                served.process.terminate()
            else:
                os.killpg(served.process.pid, signal.SIGINT)  # as Ctrl-C does: every process of the group gets it
            texts = [reply.result(30).text for reply in replies]
        code = served.process.wait(20)
        assert gone(served.process.pid)
    assert all("event: answer.completed" in text for text in texts)
    assert code == 0


def test_workers_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    fill(tmp_path / "home")
    with serving(tmp_path / "home") as served:
        workers = served.pids
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait(10)
        assert len(workers) == 3
        assert gone(served.process.pid)


def test_a_library_that_cannot_be_opened_is_told_once(tmp_path: Path) -> None:
    home = fill(tmp_path / "home").home
    environment = {**os.environ, "ASSISTANT_HOME": str(home), "ASSISTANT_EMBEDDINGS": "minilm"}
    command = [sys.executable, str(ROOT / "cli.py"), "serve", "--port", "0", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("reindex") == 1
