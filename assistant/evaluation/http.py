"""JSON over HTTP, with failures in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from assistant.errors import ModelError

_TRIES = 4
_LONGEST_PAUSE = 60.0  # seconds; a server that wants longer is not measured but waited for


class Http:
    """One client for all threads. ``key`` is sent as a bearer token."""

    def __init__(self, url: str, *, key: str | None = None, timeout: float = 120) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.url = url
        # As many connections are kept as were opened: where httpx's pool closes those beyond a limit, it may close
        # one that another thread was given a moment ago (httpcore's issue 1110).
        open_ended = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(timeout, connect=5), limits=open_ended)

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def reach(self) -> None:
        """Raises `ModelError` where nobody listens: better now than once for every question."""
        import httpx

        try:
            self._client.get(self.url)
        except httpx.TransportError as error:
            raise ModelError(f"{self.url} cannot be reached: {error}. Is the server running?") from None

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._send("GET", path, query=query)[0]

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        """The reply, and the milliseconds it took. A server that says when to come back is come back to."""
        return self._send("POST", path, body=body)

    def _send(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], float]:
        import httpx

        where = self.url + path
        try:
            for left in reversed(range(_TRIES)):
                started = time.perf_counter()
                reply = self._client.request(method, where, params=query, json=body)
                waited = round((time.perf_counter() - started) * 1000, 1)
                pause = _pause(reply)
                if pause is None or not left:
                    break
                time.sleep(pause)
            reply.raise_for_status()
            told = reply.json()
        except httpx.HTTPStatusError as error:
            raise ModelError(f"{where} said {error.response.status_code}: {error.response.text[:200]}") from None
        except httpx.HTTPError as error:
            raise ModelError(f"{where} cannot be reached: {type(error).__name__} {error}".strip()) from None
        except ValueError:
            raise ModelError(f"{where} answered with something that is no JSON: {reply.text[:200]!r}") from None
        if not isinstance(told, dict):
            raise ModelError(f"{where} answered with JSON that is no object: {reply.text[:200]!r}")
        return told, waited


def _pause(reply: Any) -> float | None:
    """Seconds until the server wants to be asked again; None where it has answered, or does not say."""
    wanted = reply.headers.get("Retry-After", "")
    if reply.status_code not in {429, 503} or not wanted.isdecimal() or int(wanted) > _LONGEST_PAUSE:
        return None
    return float(wanted)
