"""``--only language=fr`` and its like, as a `Filters`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from assistant.errors import UsageError
from vectorstore.types import Filters

_KINDS = {"language": "languages", "source": "sources", "document": "documents"}
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")


def parse(conditions: Iterable[str]) -> Filters:
    """Conditions of one kind are alternatives, kinds are combined. Raises `UsageError`.

    >>> sorted(parse(["language=fr", "language=de"]).languages)
    ['de', 'fr']
    """
    values: dict[str, set[str]] = {}
    for condition in conditions:
        kind, _, value = condition.partition("=")
        if kind not in _KINDS or not value:
            raise UsageError(
                f"--only {condition!r} is not understood. Write language=fr, source=PATH or document=ID; "
                "give --only several times for several conditions."
            )
        if kind == "source" and not _ADDRESS.match(value):
            value = os.path.abspath(os.path.expanduser(value))
        values.setdefault(_KINDS[kind], set()).add(value.lower() if kind == "language" else value)
    return Filters(**{field: frozenset(found) for field, found in values.items()})
