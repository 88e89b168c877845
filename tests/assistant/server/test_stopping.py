"""The real command as a process: stopping it, and refusing to begin."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from assistant.server.options import Options
from tests.assistant.server.running import events, fill

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import sys
from pathlib import Path
from assistant.server import serving
from assistant.server.app import create_app
from assistant.server.options import Options
from tests.assistant.server.running import Script, settings_in

script = Script(words=int(sys.argv[2]), pause=0.05)
serving.create_app = lambda settings, options, door: create_app(
    settings, options, door=door, assistant_over=script.over)
options = Options(port=0, drain_seconds=float(sys.argv[3]))
listener = serving.bind(options)
print(listener.getsockname()[1], flush=True)
serving.run(settings_in(Path(sys.argv[1])), options, listener)
"""


@contextmanager
def process(home: Path, *, words: int, drain: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", SERVE, str(home), str(words), str(drain)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as started:
        assert started.stdout is not None
        url = f"http://127.0.0.1:{started.stdout.readline().strip()}"
        try:
            with httpx.Client(trust_env=False) as client:
                until = time.monotonic() + 20
                while time.monotonic() < until:
                    try:
                        if client.get(f"{url}/readyz").status_code == 200:
                            break
                    except httpx.TransportError:
                        time.sleep(0.05)
            yield started, url
        finally:
            if started.poll() is None:
                started.kill()


def read(url: str, into: list[list[tuple[int, str, str]]]) -> None:
    asked = {"question": "Refunds?"}
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        client.stream("POST", f"{url}/api/chat/stream", json=asked) as reply,
    ):
        got: list[tuple[int, str, str]] = []
        into.append(got)
        for event in events(reply.iter_lines()):
            got.append(event)


@pytest.mark.slow
@pytest.mark.parametrize(("words", "last"), [(60, "answer.completed"), (10_000, "answer.failed")])
def test_told_to_stop_it_lets_open_answers_end_or_tells_them_and_exits_with_0(
    tmp_path: Path, words: int, last: str
) -> None:
    fill(tmp_path / "home")
    streams: list[list[tuple[int, str, str]]] = []
    with process(tmp_path / "home", words=words, drain=6.0) as (started, url):
        readers = [threading.Thread(target=read, args=(url, streams)) for _ in range(200)]
        for reader in readers:
            reader.start()
        while sum(bool(stream) for stream in list(streams)) < len(readers):
            time.sleep(0.02)
        begun = time.monotonic()
        started.send_signal(signal.SIGTERM)
        with httpx.Client(trust_env=False) as client:
            while (ready := client.get(f"{url}/readyz")).status_code == 200:
                time.sleep(0.02)  # the signal is on its way
            refused = client.post(f"{url}/api/chat", json={"question": "Refunds?"})
        for reader in readers:
            reader.join(15)
        code = started.wait(15)
        seconds = time.monotonic() - begun
    assert ready.status_code == 503
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert [stream[-1][1] for stream in streams] == [last] * 200
    if last == "answer.failed":
        assert json.loads(streams[0][-1][2])["type"] == "urn:problem:stopping"
    assert code == 0
    assert seconds < 20  # `benchmarks/server.py` has the figure: ten


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ASSISTANT_HOME": str(home)}
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


@pytest.mark.slow
def test_any_address_but_loopback_is_refused_without_a_key(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "assistant keys create" in done.stderr


@pytest.mark.slow
def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = run(home, "keys", "create", "bot", "--scope", "ask", "--scope", "ingest")
    secret = made.stdout.strip()
    listed = json.loads(run(home, "keys", "list", "--json").stdout)
    revoked = run(home, "keys", "revoke", listed[0]["id"])
    twice = run(home, "keys", "revoke", listed[0]["id"])
    assert secret.startswith("dak_")
    assert len(secret) > 40
    assert listed[0]["scopes"] == ["ask", "ingest"]
    assert secret not in json.dumps(listed)
    assert (revoked.returncode, twice.returncode) == (0, 1)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.168.1.5", False), ("x", False)],
)
def test_only_loopback_goes_without_a_key(host: str, loopback: bool) -> None:
    assert Options(host=host).keyless is loopback
    assert not Options(host=host, require_key=True).keyless
