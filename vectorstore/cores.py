"""How many cores there are to use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Those this process may use: a container may have few of a machine's many."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
