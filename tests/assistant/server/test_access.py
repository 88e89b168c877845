"""Who may come in, from where, and what they see: every route, every role, other people's ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from assistant.errors import UsageError
from assistant.server.access import OPEN
from assistant.server.callers import scope_of
from assistant.server.keys import Keys
from assistant.server.store import open_store
from tests.assistant.server.running import Running

PAGE = "https://example.org"
ROLES: dict[str, dict[str, Any]] = {
    "ask": {"scopes": ["ask"]},
    "ingest": {"scopes": ["ingest"]},
    "admin": {"scopes": ["admin"]},
    "widget": {"kind": "widget", "collections": ["default"], "origins": [PAGE]},
}
BODIES: dict[str, dict[str, Any]] = {
    "/api/chat": {"question": "Refunds?"},
    "/api/chat/stream": {"question": "Refunds?"},
    "/api/search": {"query": "Refunds?"},
    "/api/conversations": {"title": "Mine"},
    "/api/conversations/{conversation_id}": {"title": "Mine"},
    "/api/conversations/{conversation_id}/turns/{number}/feedback": {"verdict": "up"},
    "/v1/chat/completions": {"model": "default", "messages": [{"role": "user", "content": "Refunds?"}]},
    "/v1/responses": {"model": "default", "input": "Refunds?"},
    "/api/ai-sdk": {"messages": [{"role": "user", "parts": [{"type": "text", "text": "Refunds?"}]}]},
}


def routes(server: Running) -> list[tuple[str, APIRoute]]:
    inner = server.app
    while not hasattr(inner, "router"):
        inner = inner._app
    found = [route for route in _flat(inner.router.routes) if isinstance(route, APIRoute)]
    return [(method, route) for route in found for method in sorted(route.methods)]


def _flat(routes: Any) -> list[Any]:
    out: list[Any] = []
    for route in routes:
        nested = getattr(route, "effective_candidates", None)
        if callable(nested):
            out += [getattr(context, "original_route", context) for context in nested()]
        else:
            out.append(route)
    return out


def request(client: httpx.Client, method: str, path: str, ids: dict[str, str]) -> httpx.Response:
    address = re.sub(r"\{(\w+)(?::path)?\}", lambda found: ids.get(found[1], "x"), path)
    if method == "POST" and path == "/api/documents":
        return client.post(address, files={"file": ("a.txt", b"Some words.")})
    return client.request(method, address, json=BODIES.get(path) if method != "GET" else None)


def test_every_route_says_which_scope_it_needs(guarded: Running) -> None:
    found = routes(guarded)
    assert len(found) > 20
    assert {route.path for _, route in found if scope_of(route) is None} <= OPEN


@pytest.mark.slow
def test_nobody_comes_in_without_a_key_and_nobody_without_the_scope(guarded: Running) -> None:
    secrets = {role: guarded.keys.create(role, **options)[1] for role, options in ROLES.items()}
    revoked, revoked_secret = guarded.keys.create("revoked", scopes=["ask", "ingest", "admin"])
    guarded.keys.revoke(revoked.id)
    wrong: list[tuple[str, str, str, int]] = []
    for method, route in routes(guarded):
        scope = scope_of(route)
        if scope is None:
            continue
        for role, secret in {"nobody": None, "made up": "dak_" + "x" * 43, "revoked": revoked_secret}.items():
            with guarded.client(secret) as client:
                status = request(client, method, route.path, {}).status_code
                if status != 401:
                    wrong.append((role, method, route.path, status))
        for role, secret in secrets.items():
            with guarded.client(secret, Origin=PAGE) as client:
                status = request(client, method, route.path, {}).status_code
            allowed = scope in ROLES[role].get("scopes", ["ask"])
            if (status == 403) == allowed or status >= 500 or status == 401:
                wrong.append((role, method, route.path, status))
    assert wrong == []


@pytest.mark.slow
def test_other_peoples_things_are_not_there(guarded: Running) -> None:
    everything = ["ask", "ingest", "admin"]
    _, mine = guarded.keys.create("mine", scopes=everything)
    _, other = guarded.keys.create("other", scopes=everything)
    with guarded.client(mine) as client:
        asked = client.post("/api/chat", json={"question": "How long do refunds take?", "save": True}).json()
        job = client.post("/api/documents", files={"file": ("mine.txt", b"My own words.")}).json()
        stored = client.post("/v1/responses", json={**BODIES["/v1/responses"], "store": True}).json()
    ids = {"conversation_id": asked["conversation_id"], "number": "1", "job_id": job["id"]}
    wrong: list[tuple[str, str, int]] = []
    for secret, expected in ((other, {404}), (mine, {200, 204})):
        for method, route in routes(guarded):
            if "{conversation_id}" in route.path or "{job_id}" in route.path:
                if method == "DELETE" and secret == mine:
                    continue
                with guarded.client(secret) as client:
                    status = request(client, method, route.path, ids).status_code
                if status not in expected:
                    wrong.append((method, route.path, status))
    with guarded.client(other) as client:
        listed = client.get("/api/conversations").json()
        found = client.get("/api/conversations/search", params={"words": "refunds"}).json()
        continued = client.post("/v1/responses", json={**BODIES["/v1/responses"], "previous_response_id": stored["id"]})
        said = client.post("/api/chat", json={"question": "And?", "conversation_id": asked["conversation_id"]})
    assert wrong == []
    assert (listed, found, continued.status_code, said.status_code) == ([], [], 404, 404)


def test_a_key_for_one_collection_does_not_see_another(guarded: Running) -> None:
    _, secret = guarded.keys.create("one", scopes=["ask", "ingest"], collections=["default"])
    question = {"question": "What is the canary called?", "collection": "private"}
    completion = {**BODIES["/v1/chat/completions"], "model": "private"}
    with guarded.client(secret) as client:
        replies = [
            client.post("/api/chat", json=question),
            client.post("/api/chat/stream", json=question),
            client.post("/api/search", json={"query": "canary", "collection": "private"}),
            client.get("/api/documents", params={"collection": "private"}),
            client.post("/api/documents", data={"collection": "private"}, files={"file": ("a.txt", b"words")}),
            client.post("/api/conversations", json={"collection": "private"}),
            client.post("/v1/chat/completions", json=completion),
            client.post("/v1/responses", json={"model": "private", "input": "canary?"}),
            client.get("/v1/models/private"),
            client.post("/api/ai-sdk", json={**BODIES["/api/ai-sdk"], "collection": "private"}),
        ]
        models = client.get("/v1/models").json()["data"]
        collections = client.get("/api/collections").json()
    assert {reply.status_code for reply in replies} == {404}
    assert not any("Zebra42" in reply.text for reply in replies)
    assert [model["id"] for model in models] == ["default"]
    assert [collection["name"] for collection in collections] == ["default"]


def test_a_widgets_visitors_have_their_own_conversations_and_only_on_its_pages(guarded: Running) -> None:
    _, secret = guarded.keys.create("widget", **ROLES["widget"])
    ask = {"question": "How long do refunds take?", "save": True}
    with guarded.client(secret) as client:
        nowhere = client.post("/api/chat", json=ask)
        elsewhere = client.post("/api/chat", json=ask, headers={"Origin": "https://example.org.evil.com"})
        first = client.post("/api/chat", json=ask, headers={"Origin": PAGE})
        visitor = first.headers["x-visitor"]
        address = f"/api/conversations/{first.json()['conversation_id']}"
        same = client.get(address, headers={"Origin": PAGE, "X-Visitor": visitor})
        another = client.get(address, headers={"Origin": PAGE})
        guessed = client.get(address, headers={"Origin": PAGE, "X-Visitor": "1"})
    assert (nowhere.status_code, elsewhere.status_code) == (403, 403)
    assert first.headers["access-control-allow-origin"] == PAGE
    assert (same.status_code, another.status_code, guessed.status_code) == (200, 404, 400)


@pytest.mark.slow
def test_preflights_are_answered_for_known_pages_alone(guarded: Running) -> None:
    guarded.keys.create("page", **{**ROLES["widget"], "origins": ["https://known.example"]})
    asks = {"Access-Control-Request-Method": "POST"}
    with guarded.client() as client:
        import time

        time.sleep(1.1)  # the list of pages is read once a second
        known = client.options("/api/chat", headers={"Origin": "https://known.example", **asks})
        unknown = client.options("/api/chat", headers={"Origin": "https://evil.example", **asks})
        null = client.options("/api/chat", headers={"Origin": "null", **asks})
    assert (known.status_code, unknown.status_code, null.status_code) == (204, 403, 403)
    assert known.headers["access-control-allow-origin"] == "https://known.example"
    assert "access-control-allow-credentials" not in known.headers
    assert "access-control-allow-origin" not in unknown.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_without_a_key_web_pages_elsewhere_cannot_use_the_readers_browser(
    server: Running, headers: dict[str, str]
) -> None:
    with server.client() as client:
        asked = client.post("/api/chat", json={"question": "Refunds?"}, headers=headers)
        sent = client.post("/api/documents", files={"file": ("a.txt", b"words")}, headers=headers)
    assert (asked.status_code, sent.status_code) == (403, 403)


def test_budgets_and_rates_say_when_to_come_back(guarded: Running) -> None:
    key, secret = guarded.keys.create("poor", requests_per_day=2)
    with guarded.client(secret) as client:
        statuses = [client.post("/api/chat", json={"question": "Refunds?"}).status_code for _ in range(3)]
        last = client.post("/api/chat", json={"question": "Refunds?"})
    assert statuses == [200, 200, 429]
    assert last.json()["type"] == "urn:problem:budget-spent"
    assert 0 < int(last.headers["retry-after"]) <= 86_400
    assert guarded.keys.spent(key.id).requests == 2


def test_every_reply_has_a_request_id_and_security_headers(guarded: Running) -> None:
    with guarded.client() as client:
        for path in ("/healthz", "/readyz", "/api/chat", "/nothing", "/metrics"):
            reply = client.get(path, headers={"X-Request-Id": "trace-12345678"})
            assert reply.headers["x-request-id"] == "trace-12345678"
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in reply.headers["content-security-policy"]
            assert "server" not in reply.headers


def test_a_secret_is_kept_as_a_hash_and_found_again(tmp_path: Path) -> None:
    engine = open_store(tmp_path)
    keys = Keys(engine)
    key, secret = keys.create("one")
    stored = (tmp_path / "server.db").read_bytes() + (tmp_path / "server.db-wal").read_bytes()
    assert keys.find(secret) == key
    assert keys.find(secret[:-1] + ("a" if secret[-1] != "a" else "b")) is None
    assert secret.encode() not in stored
    keys.revoke(key.id)
    assert keys.find(secret) is None
    engine.dispose()


@pytest.mark.parametrize(
    "options",
    [
        {"scopes": ["root"]},
        {"scopes": []},
        {"kind": "widget", "collections": ["default"]},
        {"kind": "widget", "origins": [PAGE]},
        {"kind": "widget", "origins": [PAGE], "collections": ["default"], "scopes": ["ingest"]},
        {"origins": ["example.org"]},
        {"origins": ["https://example.org/path"]},
    ],
)
def test_keys_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    engine = open_store(tmp_path)
    with pytest.raises(UsageError):
        Keys(engine).create("wrong", **options)
    engine.dispose()
