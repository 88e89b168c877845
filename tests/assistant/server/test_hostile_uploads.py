"""Uploads that mean harm: the server stays small, says no in time, and goes on answering."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest

from tests.assistant.server.running import fill

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import sys
from pathlib import Path
from assistant.server import serving
from assistant.server.options import Options
from tests.assistant.server.running import settings_in

options = Options(port=0, body_seconds=2.0, job_memory_bytes=400_000_000, job_stall_seconds=20.0)
listener = serving.bind(options)
print(listener.getsockname()[1], flush=True)
serving.run(settings_in(Path(sys.argv[1])), options, listener)
"""
MB = 1_000_000
BORDER = b"border"
HEAD = b'--border\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n'
TAIL = b"\r\n--border--\r\n"


@dataclass
class Server:
    """A server in a process of its own, so that its memory is its own."""

    url: str
    pid: int
    home: Path

    @property
    def memory(self) -> int:
        """The most it has taken so far, in bytes."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024

    def connect(self) -> socket.socket:
        host, port = self.url.removeprefix("http://").split(":")
        connection = socket.create_connection((host, int(port)))
        connection.settimeout(30)
        return connection

    def head(self, *lines: str) -> bytes:
        fixed = (
            "POST /api/documents HTTP/1.1",
            "Host: localhost",
            "Content-Type: multipart/form-data; boundary=border",
        )
        return "\r\n".join((*fixed, *lines, "", "")).encode()

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """Send a file, and give its job when it has ended."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            posted = client.post("/api/documents", files={"file": (name, data)})
            assert posted.status_code == 202, posted.text
            until = time.monotonic() + 90
            while time.monotonic() < until:
                job: dict[str, Any] = client.get(posted.headers["location"]).json()
                if job["state"] in ("done", "failed"):
                    return job
                time.sleep(0.1)
        raise AssertionError("the job did not end")

    def check_unharmed(self) -> None:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=30) as client:
            answer = client.post("/api/chat", json={"question": "How long do refunds take?"}).json()
        assert "14 days" in answer["text"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("hostile") / "home") as found:
        found.check_unharmed()
        yield found


@contextmanager
def served(home: Path) -> Iterator[Server]:
    fill(home)
    command = [sys.executable, "-c", SERVE, str(home)]
    environment = {**os.environ, "TMPDIR": str(home.parent)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment
    ) as process:
        assert process.stdout is not None
        server = Server(f"http://127.0.0.1:{process.stdout.readline().strip()}", process.pid, home)
        try:
            for _ in range(400):
                try:
                    if httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield server
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def little_memory(server: Server) -> Iterator[None]:
    """What happens inside costs the server 64 MB at most, and it answers afterwards."""
    before = server.memory
    yield
    assert server.memory - before < 64 * MB
    server.check_unharmed()
    left = [path for path in (server.home / "uploads").rglob(".*") if path.is_file()]
    assert left == []  # no drafts


def status_of(connection: socket.socket) -> int:
    reply = connection.recv(4_000)
    return int(reply.split(b" ")[1]) if reply else 0


def test_an_upload_that_says_it_is_huge_is_refused_before_it_is_sent(server: Server) -> None:
    with little_memory(server), server.connect() as connection:
        connection.sendall(server.head("Content-Length: 50000000000"))
        began = time.monotonic()
        assert status_of(connection) == 413
        assert time.monotonic() - began < 10  # nothing of it was sent


def test_an_upload_without_a_length_is_refused_soon_after_the_limit(server: Server) -> None:
    piece = b"x" * MB
    sent = 0
    refused: int | None = None
    with little_memory(server), server.connect() as connection:
        connection.sendall(server.head("Transfer-Encoding: chunked"))
        try:
            connection.sendall(b"%x\r\n%s\r\n" % (len(HEAD % b"a.txt"), HEAD % b"a.txt"))
            while sent < 500 * MB:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                sent += len(piece)
                connection.setblocking(False)
                try:
                    refused = status_of(connection)
                    break
                except BlockingIOError:
                    connection.setblocking(True)
        except (BrokenPipeError, ConnectionResetError):
            refused = 413
    assert refused == 413
    assert sent < 80 * MB  # 50 MB, and what was on its way


def test_an_upload_that_drips_or_stops_half_way_is_given_up(server: Server) -> None:
    with little_memory(server), server.connect() as drip, server.connect() as left:
        left.sendall(server.head("Content-Length: 1000000") + HEAD % b"a.txt" + b"x" * 100_000)
        left.close()
        drip.sendall(server.head("Content-Length: 1000000") + HEAD % b"a.txt" + b"x")
        began = time.monotonic()
        assert status_of(drip) == 408
        assert time.monotonic() - began < 20


def test_a_million_fields_are_refused(server: Server) -> None:
    fields = b"".join(
        b'--border\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(500_000)
    )
    with little_memory(server), server.connect() as connection:
        began = time.monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):  # it had heard enough
            connection.sendall(server.head(f"Content-Length: {len(fields) + len(TAIL)}") + fields + TAIL)
        assert status_of(connection) == 400
        assert time.monotonic() - began < 30


def test_a_field_or_a_header_without_an_end_is_refused(server: Server) -> None:
    name = b'--border\r\nContent-Disposition: form-data; name="%s"\r\n\r\nx\r\n' % (b"n" * 2 * MB)
    text = b'--border\r\nContent-Disposition: form-data; name="collection"\r\n\r\n%s\r\n' % (b"d" * 2 * MB)
    with little_memory(server):
        for form in (name, text):
            with server.connect() as connection:
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(server.head(f"Content-Length: {len(form) + len(TAIL)}") + form + TAIL)
                assert status_of(connection) in (400, 422)


def archive(**parts: bytes) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=9) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


NAMESPACE = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def document(body: bytes, before: bytes = b"") -> bytes:
    return before + b"<w:document " + NAMESPACE + b"><w:body>" + body + b"</w:body></w:document>"


def pdf_bomb() -> bytes:
    """A page whose content expands a thousandfold, and again."""
    inner = zlib.compress(zlib.compress(b"BT (x) Tj ET " * 40_000_000, 9), 9)
    stream = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(inner), inner)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        stream,
    )
    out = b"%PDF-1.4\n"
    places = []
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(out),
    )


def test_a_zip_bomb_fails_its_job_and_nothing_else(server: Server) -> None:
    paragraph = b"<w:p><w:r><w:t>" + b"x" * (600 * MB) + b"</w:t></w:r></w:p>"
    data = archive(word__document_xml=document(paragraph))
    assert len(data) < MB
    with little_memory(server):
        job = server.upload("bomb.docx", data)
    assert job["state"] == "failed"
    assert "bomb.docx" in job["progress"]["error"] or "memory" in job["progress"]["error"]


def test_a_pdf_bomb_fails_or_is_read_within_its_limits(server: Server) -> None:
    with little_memory(server):
        job = server.upload("bomb.pdf", pdf_bomb())
    assert job["state"] == "failed"


@pytest.mark.parametrize(
    "entity",
    [
        b'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE d [<!ENTITY e SYSTEM "http://127.0.0.1:9/">]>',
        b"<!DOCTYPE d [<!ENTITY a 'ha'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(3))
        + b"<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>]>",
    ],
    ids=["a file", "an address", "a billion laughs"],
)
def test_entities_of_xml_are_not_followed(server: Server, entity: bytes) -> None:
    body = b"<w:p><w:r><w:t>Ostrich words &e; end.</w:t></w:r></w:p>"
    with little_memory(server):
        job = server.upload("entity.docx", archive(word__document_xml=document(body, entity)))
        if job["state"] == "done":
            id = job["progress"]["report"]["document_id"]
            text = httpx.get(f"{server.url}/api/documents/{id}/text", trust_env=False).text
            assert "root:" not in text
            assert len(text) < 10_000


def test_truncated_json_and_wrong_types_are_told_as_such(server: Server) -> None:
    kinds = {
        "application/json": b'{"question": "Ref',
        "text/plain": b"question=refunds",
        "application/x-www-form-urlencoded": b"question=refunds",
        "application/octet-stream": os.urandom(2_000),
        "multipart/form-data; boundary=x": b"--x\r\n",
    }
    history = [{"role": "user", "content": "And then?"}] * 10_000
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        statuses = [
            client.post("/api/chat", content=body, headers={"Content-Type": kind}).status_code
            for kind, body in kinds.items()
        ]
        deep = client.post("/api/chat", content=b"[" * 100_000, headers={"Content-Type": "application/json"})
        surrogate = client.post(
            "/api/chat", content=b'{"question": "refunds \\ud800"}', headers={"Content-Type": "application/json"}
        )
        nan = client.post(
            "/api/search", content=b'{"query": "x", "limit": NaN}', headers={"Content-Type": "application/json"}
        )
        long = [
            client.post("/api/chat", json={"question": "Refunds?", "history": history}),
            client.post("/v1/chat/completions", json={"model": "default", "messages": history}),
            client.post("/v1/responses", json={"model": "default", "input": history}),
            client.post(
                "/api/ai-sdk",
                json={"messages": [{"role": "user", "parts": [{"type": "text", "text": "And?"}]}] * 10_000},
            ),
        ]
        models = [
            client.post("/v1/chat/completions", json={"model": "gpt-5", "messages": history[:1]}),
            client.post("/v1/responses", json={"model": "../../etc/passwd", "input": "refunds"}),
        ]
    assert statuses == [400, 422, 422, 422, 422]
    assert deep.status_code in (400, 413, 422)
    assert surrogate.status_code < 500
    assert nan.status_code in (400, 422)
    assert [reply.status_code for reply in long] == [422, 400, 400, 422]
    assert [reply.status_code for reply in models] == [404, 404]
    assert {json.loads(reply.text)["error"]["code"] for reply in models} == {"model_not_found"}
    server.check_unharmed()
