"""``kill -9`` at any moment loses no complete turn and breaks no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked, and this system cannot fork")
@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_a_killed_writer_loses_no_complete_turn(tmp_path: Path, kills: int) -> None:
    command = [sys.executable, str(Path(__file__).with_name("killed_conversations.py")), str(tmp_path), str(kills)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert found["kept"] > kills / 2, "the writers were killed before they wrote anything"
    assert (found["lost"], found["unsound"]) == (0, 0)
    assert kills < 100 or found["interrupted"] > 0, "no kill struck in the middle of a turn"
