"""The rule of the house: imports point downwards, and each foreign library has one door."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"assistant", "prompts", "vectorstore", "cli", "tests", "benchmarks"}
MAY_IMPORT = {
    "vectorstore": {"vectorstore"},
    "prompts": {"prompts"},
    "assistant": {"assistant", "vectorstore", "prompts"},
}
ONE_DOOR = {"chromadb": "vectorstore/chroma.py", "numkong": "vectorstore/flat.py", "tantivy": "vectorstore/lexical.py"}
STRANGERS = [("assistant/server", "assistant.evaluation"), ("assistant/evaluation", "assistant.server")]


def imports(folder: Path) -> Iterator[tuple[str, str]]:
    """File and full name of everything imported below a folder, relative imports included."""
    for path in folder.rglob("*.py"):
        shown = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((shown, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = shown.removesuffix(".py").split("/")[: -node.level] if node.level else []
                base = ".".join([*package, *([node.module] if node.module else [])])
                yield shown, base
                yield from ((shown, f"{base}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_downwards(package: str) -> None:
    wrong = [(path, name) for path, name in imports(ROOT / package) if name.split(".")[0] in OURS - MAY_IMPORT[package]]
    assert wrong == []


@pytest.mark.parametrize(("folder", "stranger"), STRANGERS)
def test_the_server_and_the_evaluation_do_not_know_each_other(folder: str, stranger: str) -> None:
    assert [found for found in imports(ROOT / folder) if found[1].startswith(stranger)] == []


@pytest.mark.parametrize("library", ONE_DOOR)
def test_each_store_has_one_door(library: str) -> None:
    doors = {path for package in MAY_IMPORT for path, name in imports(ROOT / package) if name.split(".")[0] == library}
    assert doors == {ONE_DOOR[library]}


def test_help_imports_nothing_heavy() -> None:
    heavy = {
        "chromadb",
        "langchain",
        "langchain_core",
        "openai",
        "sqlalchemy",
        "onnxruntime",
        "numpy",
        "pydantic",
        "rich",
    }
    code = "import sys, cli\ntry:\n    cli.main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert heavy & set(done.stderr.split()) == set()
