"""Ask every question, score every answer, keep every record."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from assistant.evaluation.dataset import Case, Dataset
from assistant.evaluation.failures import failure
from assistant.evaluation.judge import Judge, judge_scores
from assistant.evaluation.metrics import Detect, Scores, score
from assistant.evaluation.records import Journal, Record
from assistant.evaluation.targets import Reply, Target
from vectorstore.types import Document

Progress = Callable[[int, int], None]
"""Called with the questions done and all of them."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked of whom, and how the answers are looked at."""

    dataset: Dataset
    target: Target
    detect: Detect
    judge: Judge | None = None
    repeat: int = 1
    jobs: int = 1

    def to(
        self, folder: Path, settings: Mapping[str, Any], progress: Progress = lambda done, all: None
    ) -> list[Record]:
        """The records, in the questions' order; those of an unfinished run in ``folder`` are not asked for again."""
        journal = Journal(folder, settings)
        wanted = [(case, number) for number in range(1, self.repeat + 1) for case in self.dataset.cases]
        try:
            missing = [(case, number) for case, number in wanted if (case.id, number) not in journal.done]
            progress(len(wanted) - len(missing), len(wanted))
            for record in self._answered(iter(missing)):
                journal.add(record)
                progress(len(journal.done), len(wanted))
        finally:
            journal.close()
        records = [journal.done[case.id, number] for case, number in wanted]
        journal.finish(records)
        return records

    def _answered(self, missing: Iterator[tuple[Case, int]]) -> Iterator[Record]:
        """In the order they are ready, a few at a time: a run that is stopped has nothing waiting."""
        if self.jobs == 1:  # no thread: an interrupt reaches the question itself
            yield from (self.record(case, number) for case, number in missing)
            return
        with ThreadPoolExecutor(self.jobs) as pool:
            running: set[Future[Record]] = set()
            while True:
                for case, number in islice(missing, self.jobs * 2 - len(running)):
                    running.add(pool.submit(self.record, case, number))
                if not running:
                    return
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)

    def record(self, case: Case, number: int = 1) -> Record:
        """Ask once. Whatever goes wrong is the record's ``error``."""
        try:
            reply = self.target.ask(case)
            scores = self._scores(case, reply)
            verdict = self._judged(case, reply, scores)
            why = failure(case, reply, scores, self._text)
            documents = [document for id in case.doc_ids if (document := self.target.document(id))]
            return _record(case, number, reply, scores, documents, failure=why, judge=verdict)
        except Exception as error:  # a crash is this question's result, not the run's end
            return _record(case, number, None, self._scores(case, None), (), failure="error", error=_told(error))

    def _scores(self, case: Case, reply: Reply | None) -> Scores:
        scores = score(case, reply, text=self._text, detect=self.detect)
        return {name: None if name in self.target.hidden else value for name, value in scores.items()}

    def _judged(self, case: Case, reply: Reply, scores: Scores) -> Mapping[str, Any] | None:
        if self.judge is None:
            return None
        verdict = self.judge.verdict(case, reply.answer)
        scores.update(judge_scores(case, verdict, scores))
        return verdict.as_dict()

    def _text(self, document_id: str) -> str | None:
        document = self.target.document(document_id)
        return document.text if document else None


def _record(
    case: Case, number: int, reply: Reply | None, scores: Scores, documents: Sequence[Document], **results: Any
) -> Record:
    return Record(
        id=case.id,
        question=case.question,
        lang=case.lang,
        corpus_lang=case.corpus_lang,
        category=case.category,
        answerable=case.answerable,
        retrieved=reply.retrieved if reply else None,
        answer=reply.answer if reply else None,
        scores=scores,
        expected={
            "answers": list(case.answers),
            "doc_ids": list(case.doc_ids),
            "evidence": list(case.evidence),
            "languages": list(dict.fromkeys(document.ref.language for document in documents)),
            "media_types": list(dict.fromkeys(document.ref.media_type for document in documents)),
        },
        repeat=number,
        **results,
    )


def _told(error: Exception) -> str:
    """The error and our last line before it: in a report there is no traceback to look at."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not {"site-packages", "lib"} & set(Path(frame.filename).parts)]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
