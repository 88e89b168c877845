"""Documents over HTTP: uploads and their jobs, the exact text, removals, and what is refused."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant.server.jobs import Job
from tests.assistant.server.running import Running, events, fill, quoting


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with quoting(fill(tmp_path_factory.mktemp("documents") / "home"), upload_bytes=1_000_000) as server:
        yield server


def ended(client: httpx.Client, id: str) -> dict[str, object]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        job: dict[str, object] = client.get(f"/api/jobs/{id}").json()
        if job["state"] in ("done", "failed"):
            return job
        time.sleep(0.05)
    raise AssertionError("the job did not end")


@pytest.mark.slow
def test_an_upload_is_read_by_a_process_of_its_own_and_answers_at_once(own: Running) -> None:
    text = b"# Parking\n\nThe garage is in Elm Street and costs 3 euros an hour.\n"
    with own.client() as client:
        posted = client.post("/api/documents", files={"file": ("../../Parking rules.md", text)})
        assert posted.status_code == 202
        with client.stream("GET", f"{posted.headers['location']}/events") as reply:
            told = list(events(reply.iter_lines()))
        report = json.loads(told[-1][2])["progress"]["report"]
        answer = client.post("/api/chat", json={"question": "Where is the garage?"}).json()
        document = client.get(f"/api/documents/{report['document_id']}").json()
        original = client.get(f"/api/documents/{report['document_id']}/original")
        again = client.post("/api/documents", files={"file": ("Parking rules.md", text)}).json()
        unchanged = ended(client, again["id"])
        removed = client.delete(f"/api/documents/{report['document_id']}")
        gone = client.get(f"/api/documents/{report['document_id']}")
        after = client.post("/api/search", json={"query": "garage Elm Street"}).json()
    assert told[-1][1] == "job.done"
    assert "Elm Street" in answer["text"]
    assert document["source"] == "Parking rules.md"
    assert original.content == text
    assert original.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in original.headers["content-security-policy"]
    assert unchanged["progress"]["report"]["status"] == "unchanged"  # type: ignore[index]
    assert removed.status_code == 204
    assert gone.status_code == 404
    assert not any("Elm Street" in hit["text"] for hit in after["hits"])
    assert not list((own.settings.home / "uploads").rglob("*.md"))


@pytest.mark.slow
def test_what_cannot_be_read_fails_with_the_way_out_and_is_not_kept(own: Running) -> None:
    with own.client() as client:
        job = client.post("/api/documents", files={"file": ("figures.xlsx", b"PK\x03\x04 no archive")}).json()
        failed = ended(client, job["id"])
    assert failed["state"] == "failed"
    assert "figures.xlsx" in failed["progress"]["error"]  # type: ignore[index]
    assert not [path for path in (own.settings.home / "uploads").rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_process_that_takes_too_much_memory_is_ended_and_the_next_job_is_done(tmp_path: Path) -> None:
    with quoting(fill(tmp_path / "home"), job_memory_bytes=20_000_000) as server, server.client() as client:
        job = client.post("/api/documents", files={"file": ("a.txt", b"Some words to read.")}).json()
        failed = ended(client, job["id"])
        alive = client.post("/api/search", json={"query": "telescope"})
    assert failed["state"] == "failed"
    assert "memory" in failed["progress"]["error"]  # type: ignore[index]
    assert alive.status_code == 200


@pytest.mark.slow
def test_an_upload_sent_twice_with_one_key_is_one_job(own: Running) -> None:
    headers = {"Idempotency-Key": "upload"}
    with own.client() as client:
        one = client.post("/api/documents", files={"file": ("a.txt", b"Words.")}, headers=headers)
        two = client.post("/api/documents", files={"file": ("a.txt", b"Words.")}, headers=headers)
        other = client.post("/api/documents", files={"file": ("a.txt", b"Others.")}, headers=headers)
        ended(client, one.json()["id"])
    assert one.json() == two.json()
    assert two.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409


def test_uploads_that_are_too_large_or_no_uploads_are_refused(own: Running) -> None:
    with own.client() as client:
        replies = [
            client.post("/api/documents", files={"file": ("a.txt", b"x" * 1_050_000)}),
            client.post("/api/documents", files={"file": ("a.txt", b"x" * 3_000_000)}),
            client.post("/api/documents", files={"file": ("a.txt", b"")}),
            client.post("/api/documents", json={"file": "text"}),
            client.post("/api/documents", data={"file": "not a file"}),
            client.post("/api/documents", data={"name": "x"}, files={"file": ("a.txt", b"words")}),
            client.post("/api/documents", data={"collection": "../x"}, files={"file": ("a.txt", b"words")}),
            client.post("/api/documents", data={"collection": "null"}, files={"file": ("a.txt", b"words")}),
            client.post("/api/documents", data={f"f{n}": "x" for n in range(2_000)}, files={"file": ("a", b"w")}),
            client.post(
                "/api/documents",
                content=b"--x\r\nnonsense",
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            ),
        ]
    assert [reply.status_code for reply in replies] == [413, 413, 422, 415, 415, 422, 422, 422, 400, 422]
    assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}


def test_a_body_that_stops_half_way_does_not_hold_the_server(tmp_path: Path) -> None:
    with quoting(fill(tmp_path / "home"), body_seconds=0.3) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b'Content-Length: 100\r\n\r\n{"question": '
            )
            connection.settimeout(5)
            reply = connection.recv(4_000)
    assert reply.startswith(b"HTTP/1.1 408")


def test_text_comes_in_parts_with_highlights(own: Running) -> None:
    with own.client() as client:
        listed = client.get("/api/documents").json()
        handbook = next(row for row in listed["documents"] if row["title"] == "Handbook")
        address = f"/api/documents/{handbook['id']}/text"
        plain = client.get(address, headers={"Accept": "text/plain"}).text
        start = plain.index("14 days")
        found = client.get(address, params={"highlight": f"{start}-{start + 7}"}).json()
        wrong = client.get(address, params={"highlight": "1:2"})
        missing = client.get("/api/documents/doc_none/text")
    assert listed["total"] >= 2
    assert [part["text"] for part in found["parts"] if part["type"] == "highlight"] == ["14 days"]
    assert "".join(part["text"] for part in found["parts"]) == plain
    assert (wrong.status_code, missing.status_code) == (422, 404)


def test_a_jobs_answer_does_not_tell_where_files_are() -> None:
    job = Job("job_1", "me", "default", "ingest", "done", {"path": "/secret/place"}, {}, "", "")
    assert "/secret/place" not in json.dumps(job.as_dict())
