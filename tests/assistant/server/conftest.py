"""One library and one server with a scripted model for all quick tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assistant.server.running import Running, Script, fill, quoting, running


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("server") / "home"
    settings = fill(home)
    fill(home, "private", plans="# Plans\n\nThe secret canary is called Zebra42.\n")
    with running(settings, Script(words=12, pause=0.005), heartbeat_seconds=0.3) as server:
        yield server


@pytest.fixture
def server(_shared: Running) -> Running:
    """Keyless, on loopback, with a scripted model."""
    return _shared


@pytest.fixture(scope="session")
def guarded(_shared: Running) -> Iterator[Running]:
    """The same library behind keys, quoting the documents."""
    with quoting(_shared.settings, require_key=True) as server:
        yield server
