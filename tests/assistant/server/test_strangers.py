"""Programs that are not ours against a running server: the AI SDK's transport in Node, nginx, schemathesis."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.assistant.server.running import Running, Script, events, fill, quoting, running

CHAT = """
import { DefaultChatTransport, readUIMessageStream } from "ai";
const transport = new DefaultChatTransport({ api: process.argv[2] + "/api/ai-sdk", body: { collection: "default" } });
async function ask(text) {
  const stream = await transport.sendMessages({
    chatId: "chat-1", trigger: "submit-message", messageId: undefined, abortSignal: undefined,
    messages: [{ id: "m1", role: "user", parts: [{ type: "text", text }] }],
  });
  let last; const errors = [];
  const onError = (error) => errors.push(String(error));
  for await (const message of readUIMessageStream({ stream, onError })) last = message;
  return { last, errors };
}
const answered = await ask("How long do refunds take?");
const failed = await ask("please fail, refunds");
let refused = null;
try { await ask("?"); } catch (error) { refused = String(error); }
console.log(JSON.stringify({ answered, failed, refused }));
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``ai`` package; skips where Node or the registry cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "ai@6"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot install the ai package: {done.stderr[-200:]}")
    return folder


@pytest.mark.slow
def test_the_ai_sdks_own_transport_reads_text_sources_citations_and_errors(server: Running, node: Path) -> None:
    (node / "chat.mjs").write_text(CHAT)
    done = subprocess.run(
        ["node", "chat.mjs", server.url], cwd=node, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    parts = got["answered"]["last"]["parts"]
    kinds = [part["type"] for part in parts]
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    citation = next(part for part in parts if part["type"] == "data-citation")
    assert text.startswith("word0 word1")
    assert text.endswith("[1]")
    assert kinds.count("source-document") == 1
    assert citation["data"]["quote"]
    assert got["answered"]["last"]["metadata"]["status"] == "answered"
    assert got["answered"]["errors"] == []
    assert "The model broke off" in json.dumps(got["failed"])
    assert "urn:problem:unusable" in got["refused"]


@contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    """With no setting but where to listen and where to pass requests on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
            uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; }} }}
        }}
        """
    )
    with subprocess.Popen(
        ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE
    ) as run:
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            run.terminate()


@pytest.mark.slow
def test_a_conversation_streams_through_nginx_with_its_default_settings(tmp_path: Path) -> None:
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    script = Script(words=40, pause=0.05)
    with (
        running(fill(tmp_path / "home"), script) as server,
        nginx(tmp_path, server.url) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        started = time.monotonic()
        with client.stream("POST", "/api/chat/stream", json={"question": "Refunds?"}) as reply:
            arrived = [(time.monotonic() - started, name) for _, name, _ in events(reply.iter_lines())]
        with client.stream("POST", "/api/chat/stream", json={"question": "Refunds?"}) as reply:
            next(events(reply.iter_lines()))
        left = time.monotonic()
        while not script.stopped and time.monotonic() < left + 20:
            time.sleep(0.01)
    deltas = [at for at, name in arrived if name == "answer.delta"]
    assert arrived[-1][1] == "answer.completed"
    assert deltas[-1] - deltas[0] > 1.2  # of the two seconds it was written in: the words came as they were written
    assert script.stopped


# A body over the limit is refused as such, whatever else is wrong with it. That the last message is a user's with a
# word in it cannot be said in JSON Schema, so these three routes may refuse what the schema allows. A form's fields
# have no types: the number 0.0 arrives as the text "0.0", which is as good a name for a collection as any.
CHECKS = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]

[[operations]]
include-path-regex = "^/(api/ai-sdk|v1/chat/completions|v1/responses)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429]

[[operations]]
include-path = "/api/documents"
include-method = "POST"
checks.negative_data_rejection.expected-statuses = [202, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429]

[[operations]]
include-path-regex = "^/api/documents/"
include-method = "GET"
parameters."path.document_id" = "{document}"
"""


@pytest.mark.slow
@pytest.mark.parametrize("keyed", [False, True])
def test_schemathesis_finds_no_fault_with_the_openapi_document(tmp_path: Path, keyed: bool) -> None:
    examples = os.environ.get("SCHEMATHESIS_EXAMPLES", "4")  # of each operation; besides them some 1,200 fixed cases
    with quoting(fill(tmp_path / "home"), require_key=keyed, requests_per_minute=1_000_000_000) as server:
        with server.client(server.keys.create("looks")[1]) as client:
            document = client.get("/api/documents").json()["documents"][0]["id"]
        (tmp_path / "schemathesis.toml").write_text(CHECKS.replace("{document}", document))
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--no-color"]
        command += ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--seed", "1"]
        command += ["--max-examples", examples, "--suppress-health-check", "all"]
        if keyed:
            _, secret = server.keys.create("tester", scopes=["ask", "ingest", "admin"])
            command += ["--header", f"Authorization: Bearer {secret}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=7_200, cwd=tmp_path, check=False)
    print(done.stdout[-1_000:])
    assert done.returncode == 0, done.stdout[-6_000:]
    assert "0 generated" not in done.stdout
