"""What the tests of this package share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assistant import postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the tests' own; skipped, with the reason, where none can be started."""
    if reason := postgres.missing():
        pytest.skip(reason)
    pytest.importorskip("psycopg")
    with postgres.server() as url:
        yield url
