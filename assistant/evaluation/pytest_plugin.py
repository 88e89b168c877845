"""Canned questions as a part of anybody's pytest suite. Nothing but pytest is imported until a test asks for it.

A test for every question::

    @pytest.mark.canned_questions("questions.yaml", docs=["handbook"])
    def test_the_handbook_answers(canned_record):
        assert canned_record.failure is None

Or one for the figures::

    def test_the_handbook_is_quoted_well(canned_questions):
        canned_questions("questions.yaml", docs=["handbook"]).require("citation.valid=1", "answer.contains=0.8")

Paths are relative to the test's own file. Documents are brought into a library of their own; with ``collection=NAME``
in place of ``docs`` the questions go to a collection of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from assistant.evaluation.records import Record
    from assistant.evaluation.session import Outcome

MARKER = "canned_questions"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARKER}(file, docs=(), collection=None): run a test for every question.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None or "canned_record" not in metafunc.fixturenames:
        return
    from assistant.errors import UsageError
    from assistant.evaluation.dataset import load

    try:
        cases = load(_beside(metafunc.definition.path, marker.args[0])).cases
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    metafunc.parametrize("canned_record", [case.id for case in cases], indirect=True)


@pytest.fixture
def canned_record(request: pytest.FixtureRequest, _canned_runs: Callable[..., Outcome]) -> Record:
    """The record of one question of the file in the test's ``canned_questions`` mark."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        raise pytest.UsageError(f'canned_record needs a mark: @pytest.mark.{MARKER}("questions.yaml", docs=[…])')
    outcome = _canned_runs(request.path, *marker.args, **marker.kwargs)
    return next(record for record in outcome.records if record.id == request.param)


@pytest.fixture
def canned_questions(request: pytest.FixtureRequest, _canned_runs: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Run a file of questions: ``canned_questions(file, docs=(), collection=None) -> Outcome``."""
    return lambda *args, **options: _canned_runs(request.path, *args, **options)


@pytest.fixture(scope="session")
def _canned_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """Runs by what was asked, each made once a session."""
    made: dict[Any, Outcome] = {}

    def run(test: Path, file: str | Path, *, docs: Sequence[str | Path] = (), collection: str | None = None) -> Outcome:
        from assistant.evaluation.session import evaluate_file
        from assistant.settings import read_settings

        questions, paths = _beside(test, file), tuple(_beside(test, path) for path in docs)
        key = (questions, paths, collection)
        if key not in made:
            folder = tmp_path_factory.mktemp("canned-questions")
            made[key] = evaluate_file(questions, read_settings(), folder, docs=paths, collection=collection)
        return made[key]

    return run


def _beside(test: Path, path: str | Path) -> Path:
    return test.parent / path
