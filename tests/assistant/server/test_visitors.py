"""What a widget's visitor is told of the server's own files: names, and no folders, whichever door they come to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import build
from assistant.errors import ModelError, StorageError
from assistant.server.callers import Caller, scope_of
from assistant.server.discretion import shown_problem
from assistant.server.problems import problem_of
from tests.assistant.server.running import HANDBOOK, Running, fill, quoting, settings_in
from tests.assistant.server.test_access import BODIES, PAGE, request, routes

CANARY = "Quokka77"
WIDGET: dict[str, Any] = {"kind": "widget", "collections": ["default"], "origins": [PAGE]}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Every document lies below a folder called like the canary; one has an address on the web."""
    root = tmp_path_factory.mktemp("visitors")
    folder = root / CANARY / "deeper"
    folder.mkdir(parents=True)
    (folder / "handbook.md").write_text(HANDBOOK, encoding="utf-8")
    row = {"id": "far", "title": "Tides", "text": "The tide is high at noon.", "source": "https://example.org/tides"}
    windows = {"id": "near", "title": "Boats", "text": "Boats leave at six.", "source": f"C:\\{CANARY}\\boats.txt"}
    (folder / "rows.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(windows)}\n", encoding="utf-8")
    settings = settings_in(root / f"home-{CANARY}")
    with build.open_library(settings) as library:
        build.ingest(library, [folder], settings)
    with quoting(settings, require_key=True, visitor_requests_per_minute=10_000) as server:
        yield server


def bodies(path: str) -> list[dict[str, Any] | None]:
    """The route's body, and its variants that answer in another form."""
    body = BODIES.get(path)
    if body is None:
        return [None]
    extras: dict[str, list[dict[str, Any]]] = {
        "/api/chat": [{"save": True}, {"question": "Who was Napoleon's cook?"}],
        "/api/chat/stream": [{"save": True}, {"question": "Who was Napoleon's cook?"}],
        "/api/search": [{"explain": True, "query": "boats tide refunds"}],
        "/v1/chat/completions": [{"stream": True}],
        "/v1/responses": [{"stream": True}, {"store": True}],
    }
    return [body, *({**body, **extra} for extra in extras.get(path, []))]


def test_no_route_tells_a_visitor_where_files_are(planted: Running) -> None:
    secret = planted.keys.create("page", **WIDGET)[1]
    told: list[tuple[str, str, int]] = []
    refused: list[tuple[str, str, int]] = []
    with planted.client(secret, Origin=PAGE) as client:
        first = client.post("/api/chat", json={"question": "How long do refunds take?", "save": True})
        client.headers["X-Visitor"] = first.headers["x-visitor"]
        answer = first.json()
        once = {"Idempotency-Key": "again"}
        stream = client.post("/api/chat/stream", json=BODIES["/api/chat"], headers=once).text
        replayed = client.post("/api/chat/stream", json=BODIES["/api/chat"], headers=once).text
        ids = {
            "conversation_id": answer["conversation_id"],
            "number": "1",
            "document_id": answer["citations"][0]["document"]["id"],
            "stream_id": json.loads(stream.split("data: ")[1].split("\n")[0])["stream_id"],
            "model": "default",
        }
        found = sorted(routes(planted), key=lambda pair: pair[0] == "DELETE")  # what is deleted is not there for others
        for method, route in found:
            for body in bodies(route.path):
                path = route.path
                for name, id in ids.items():
                    path = path.replace(f"{{{name}}}", id).replace(f"{{{name}:path}}", id)
                if body is None:
                    params = {"words": "refunds"} if path.endswith("/search") else None
                    reply = client.get(path, params=params) if method == "GET" else request(client, method, path, {})
                else:
                    reply = client.request(method, path, json=body)
                everything = reply.text + str(reply.headers)
                if CANARY in everything:
                    told.append((method, route.path, reply.status_code))
                if scope_of(route) in ("ask", None) and reply.status_code >= 400:
                    refused.append((method, route.path, reply.status_code))
    assert told == []
    assert refused == []  # or the walk would have looked at refusals alone
    assert CANARY not in stream + replayed
    assert answer["citations"][0]["document"]["source"] == "handbook.md"


def test_a_visitor_sees_names_and_web_addresses_and_the_owner_whole_paths(planted: Running) -> None:
    visitor, owner = planted.keys.create("page", **WIDGET)[1], planted.keys.create("owner")[1]
    with planted.client(visitor, Origin=PAGE) as client:
        seen = {row["id"]: row["source"] for row in client.get("/api/documents").json()["documents"]}
    with planted.client(owner) as client:
        whole = {row["source"] for row in client.get("/api/documents").json()["documents"]}
    assert set(seen.values()) == {"handbook.md", "https://example.org/tides", "boats.txt"}
    assert any(CANARY in source and source.endswith("/handbook.md") for source in whole)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", {"question": "Refunds?"}),
        ("/api/chat/stream", {"question": "Refunds?"}),
        ("/api/search", {"query": "Refunds?"}),
        ("/api/ai-sdk", BODIES["/api/ai-sdk"]),
    ],
)
def test_a_visitor_cannot_find_out_folders_by_filtering(planted: Running, path: str, body: dict[str, Any]) -> None:
    secret = planted.keys.create("page", **WIDGET)[1]
    with planted.client(secret, Origin=PAGE) as client:
        reply = client.post(path, json={**body, "filters": {"sources": ["/srv"]}})
    assert (reply.status_code, reply.json()["type"]) == (403, "urn:problem:not-for-widgets")


@pytest.mark.parametrize(
    "error",
    [
        StorageError(f"/srv/{CANARY}/catalog.db cannot be used: disk full."),
        ModelError(f"The model at http://{CANARY}.internal does not answer.", reason="failed"),
    ],
)
def test_errors_tell_a_visitor_nothing_of_files_and_services(planted: Running, error: Exception) -> None:
    key = planted.keys.create("page", **WIDGET)[0]
    problem = problem_of(error)
    visitor, program = Caller.with_key(key, "vis_x"), Caller()
    assert CANARY not in json.dumps(shown_problem(problem, visitor).as_dict())
    assert shown_problem(problem, visitor).status == problem.status
    assert CANARY in json.dumps(shown_problem(problem, program).as_dict())


def test_a_library_that_cannot_be_read_is_not_ready_and_nobody_is_told_where_it_is(tmp_path: Path) -> None:
    settings = fill(tmp_path / CANARY / "home")
    with quoting(settings) as server, server.client() as client:
        ready = client.get("/readyz")
        server.house.shelf._catalog.catalog.close()  # drops its open connections, as a restart would
        for path in settings.home.glob("*.db*"):
            path.write_bytes(b"no database " * 1_000)
        broken = client.get("/readyz")
    assert (ready.status_code, broken.status_code) == (200, 503)
    assert CANARY not in broken.text
