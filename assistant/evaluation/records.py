"""A run on disk: ``run.json`` with what it depends on, ``records.jsonl`` with a question a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from assistant.errors import UsageError
from assistant.evaluation.targets import Place

RECORDS, SETTINGS, SUMMARY = "records.jsonl", "run.json", "summary.json"


@dataclass(frozen=True, slots=True)
class Record:
    """One question asked once: what came back and how it scored. Field names are promises (docs/evaluation.md)."""

    id: str
    question: str
    lang: str | None
    corpus_lang: str | None
    category: str | None
    answerable: bool
    retrieved: tuple[Place, ...] | None
    answer: Mapping[str, Any] | None
    """The answer record; None where the question failed."""
    scores: Mapping[str, float | None]
    expected: Mapping[str, Any]
    """``answers``, ``doc_ids`` and ``evidence`` as asked for, ``languages`` and ``media_types`` of those documents."""
    repeat: int = 1
    error: str | None = None
    failure: str | None = None
    """Why it went wrong, in one of `assistant.evaluation.failures`' words; None where it did not."""
    judge: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.repeat

    @property
    def pair(self) -> str | None:
        """Question language and document language, such as ``en->fr``."""
        languages = [self.corpus_lang] if self.corpus_lang else self.expected.get("languages", [])
        return f"{self.lang}->{languages[0]}" if self.lang and languages and languages[0] else None

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def comparable(self) -> dict[str, Any]:
        """The record as JSON values, without what no two runs share: random ids and the clock."""
        values: dict[str, Any] = json.loads(self.as_json())
        for name in ("id", "conversation_id", "timings_ms"):
            (values["answer"] or {}).pop(name, None)
        return values

    @classmethod
    def from_json(cls, line: str) -> Record:
        values = json.loads(line)
        known = {field.name for field in fields(cls)}
        places = values.get("retrieved")
        values["retrieved"] = None if places is None else tuple(Place(**place) for place in places)
        return cls(**{name: value for name, value in values.items() if name in known})


class Journal:
    """The records of a run, written as they come, so that a run that was stopped goes on where it was."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Raises `UsageError` where the folder holds an unfinished run with other settings."""
        self.folder = folder
        self.done: dict[tuple[str, int], Record] = {}
        folder.mkdir(parents=True, exist_ok=True)
        plain = json.loads(json.dumps(settings))
        if (folder / SETTINGS).exists() and not (folder / SUMMARY).exists():
            self._resume(plain)
        else:
            for name in (SUMMARY, RECORDS):
                (folder / name).unlink(missing_ok=True)
            replace_text(folder / SETTINGS, json.dumps(plain, ensure_ascii=False, indent=2))
        self._file: TextIO = (folder / RECORDS).open("a", encoding="utf-8", newline="\n")

    def _resume(self, settings: Mapping[str, Any]) -> None:
        before = json.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))
        if before != settings:
            changed = sorted(name for name in {*before, *settings} if before.get(name) != settings.get(name))
            raise UsageError(
                f"{self.folder} holds an unfinished run with another {', '.join(changed)}. "
                "Finish that one with its own options, choose another --out, or delete the folder."
            )
        path = self.folder / RECORDS
        if not path.exists():
            return
        whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
        self.done = {record.key: record for record in map(Record.from_json, whole)}
        # A process that was killed may have left half a line.
        replace_text(path, "".join(whole))

    def add(self, record: Record) -> None:
        self._file.write(record.as_json() + "\n")
        self._file.flush()
        self.done[record.key] = record

    def close(self) -> None:
        self._file.close()

    def finish(self, records: Iterable[Record]) -> None:
        """Put the records into the questions' order, whoever was answered first."""
        self.close()
        replace_text(self.folder / RECORDS, "".join(f"{record.as_json()}\n" for record in records))


def read_records(folder: Path) -> list[Record]:
    """The records of a run. Raises `UsageError` where the folder holds none."""
    path = folder / RECORDS
    if not path.is_file():
        raise UsageError(
            f"{folder} holds no run: {RECORDS} is missing. Make one: assistant eval run QUESTIONS --out {folder}"
        )
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            return [Record.from_json(line) for line in lines if line.strip()]
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is not what an evaluation writes ({error}). Run it again.") from None


def replace_text(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, meets the old one or the new one."""
    half = path.with_name(f"{path.name}.part")
    half.write_text(text, encoding="utf-8", newline="\n")
    half.replace(path)
