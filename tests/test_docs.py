"""The pages promise what the program has: every command, option, setting and linked file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from assistant.settings import Settings
from cli import app

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ROOT / "docs" / "commands.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

pytestmark = pytest.mark.skipif(not COMMANDS.is_file(), reason="the pages are not beside these tests")


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by the words that call it."""
    pending: list[tuple[str, Any]] = [("assistant", typer.main.get_command(app))]
    while pending:
        words, command = pending.pop()
        below = getattr(command, "commands", None)
        if below is None:
            yield words, command
        else:
            pending += [(f"{words} {name}", each) for name, each in below.items()]


def section(page: str, words: str) -> str:
    """From the entry of a command to the next entry or heading."""
    entries = re.split(r"^(?=\*\*`|## )", page, flags=re.MULTILINE)
    return next((entry for entry in entries if re.match(rf"\*\*`{words}[` ]", entry)), "")


@pytest.mark.parametrize(
    ("words", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_and_each_of_its_options_is_described(words: str, command: Any) -> None:
    entry = section(COMMANDS.read_text(encoding="utf-8"), words)
    assert entry, f"docs/commands.md has no entry for {words}"
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", entry))
    for option in options:
        assert named & {*option.opts}, f"{words}: {option.opts} is not described"
        assert named >= {*option.secondary_opts}, f"{words}: {option.secondary_opts} is not described"


@pytest.mark.parametrize("words", [words for words, _ in commands()])
def test_no_entry_describes_an_option_that_is_not_there(words: str) -> None:
    command = dict(commands())[words]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    head = section(COMMANDS.read_text(encoding="utf-8"), words).split("—")[0]
    assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", head)) <= known


def test_every_setting_is_described_and_no_other() -> None:
    fields = Settings.model_fields.items()
    settings = {str(field.validation_alias or f"ASSISTANT_{name.upper()}") for name, field in fields}
    table = COMMANDS.read_text(encoding="utf-8").split("\n## Settings\n")[1]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == settings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [link.split("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [link for link in relative if not (page.parent / link).exists()] == []
