"""An old conversation shows its quotes whatever became of the library: the whole way, by the command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUOTE = "Refunds take 14 days, counted from the day the parcel is back."
HANDBOOK = f"# Handbook\n\nShipping is free within the country. {QUOTE} Gift cards are not refunded.\n"


def assistant(*arguments: str | Path, stdin: str = "") -> str:
    """What the command prints on stdout; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "ASSISTANT_EMBEDDINGS": "hashing"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_quotes_outlive_a_changed_document_a_removed_one_and_a_rebuilt_library(tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "handbook.md").write_text(HANDBOOK)
    assistant("ingest", folder)
    said = assistant("chat", stdin="How long do refunds take?\nand are gift cards refunded?\n")
    assert QUOTE in said
    [listed] = json.loads(assistant("conversations", "list", "--json"))
    id = listed["id"]
    assert (listed["title"], listed["turns"]) == ("How long do refunds take?", 2)
    records = json.loads(assistant("conversations", "show", id, "--json"))

    def everywhere() -> str:
        """The conversation as shown and as exported, in one text; the records must never change."""
        assert json.loads(assistant("conversations", "show", id, "--json")) == records
        shown = assistant("conversations", "show", id)
        for ending in ("md", "html"):
            path = tmp_path / f"talk.{ending}"
            assistant("conversations", "export", id, path, "--force")
            exported = path.read_text()
            assert QUOTE in exported
            shown += exported
        opened = assistant("chat", "--conversation", id, stdin="/sources\n/open 1\n")
        assert "Error" not in opened
        assert QUOTE in " ".join(shown.split())
        assert QUOTE in " ".join(opened.split()) or "Gift cards" in opened
        return shown + opened

    assert "since" not in everywhere()

    (folder / "handbook.md").write_text(HANDBOOK.replace("# Handbook", "# Handbook of 2031"))
    assistant("ingest", folder)
    assert "The document has changed since; the quote still stands in it." in everywhere()

    (folder / "handbook.md").write_text("# Handbook\n\nThere are no refunds any more, nor any gift cards.\n")
    assistant("ingest", folder)
    assert "The document has changed since; the quote is no longer in it." in everywhere()

    (folder / "handbook.md").unlink()
    (folder / "other.md").write_text("# Other\n\nThe garden opens at eight.\n")
    assistant("ingest", folder, "--prune")
    assert "The document is no longer in the library." in everywhere()

    assistant("reindex")
    assert "The document is no longer in the library." in everywhere()

    for path in home.iterdir():
        if not path.name.startswith("conversations"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assistant("ingest", folder)
    assert "The document is no longer in the library." in everywhere()

    (folder / "handbook.md").write_text(HANDBOOK)
    assistant("ingest", folder)
    again = everywhere()
    assert not re.search("changed since|no longer", again)

    assistant("conversations", "remove", id)
    assert json.loads(assistant("conversations", "list", "--json")) == []
