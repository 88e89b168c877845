"""Files into a library, and what is said of each."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vectorstore.errors import LibraryBusyError, PathError
from vectorstore.ingest import ingest
from vectorstore.library import Library
from vectorstore.owner import Owner
from vectorstore.report import FileReport, Progress


def statuses(library: Library, *paths: Path, **options: bool) -> dict[str, str]:
    report = ingest(library, list(paths), **options)
    return {Path(file.path).name: file.status for file in report.files}


def found(library: Library, query: str) -> list[str]:
    return [Path(hit.document.source).name for hit in library.search(query).hits]


def test_a_folder_becomes_documents_that_are_found(library: Library, folder: Path) -> None:
    assert statuses(library, folder) == {"refunds.txt": "added", "shipping.txt": "added", "support.md": "added"}
    assert found(library, "how long do refunds take?")[0] == "refunds.txt"


def test_an_unchanged_folder_is_left_alone(library: Library, folder: Path) -> None:
    before = ingest(library, [folder]).files[0].document_id
    sequence = library.catalog.sequence("default")
    assert set(statuses(library, folder).values()) == {"unchanged"}
    assert library.catalog.sequence("default") == sequence
    assert ingest(library, [folder]).files[0].document_id == before


def test_a_changed_file_is_replaced_and_its_old_words_are_gone(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    (folder / "refunds.txt").write_text("Returns are accepted at every counter.")
    assert statuses(library, folder)["refunds.txt"] == "updated"
    assert found(library, "fourteen days")[:1] != ["refunds.txt"]
    assert len(library.documents()) == 3


def test_an_unchanged_chunk_keeps_its_vector(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    paragraphs = [f"Paragraph {n} speaks of matter number {n}. " * 20 for n in range(4)]
    path.write_text("\n\n".join(paragraphs))
    ingest(library, [path])
    counted = Counting()
    path.write_text("\n\n".join([*paragraphs, "And a last one about quite another thing. " * 20]))
    ingest(library, [path], progress=counted)
    total = library.catalog.count_chunks("default")
    assert 0 < counted.chunks < total


class Counting(Progress):
    def __init__(self) -> None:
        self.chunks = 0

    def embedded(self, chunks: int) -> None:
        self.chunks += chunks


def test_what_is_gone_is_forgotten_only_when_asked(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    gone = folder / "shipping.txt"
    gone.unlink()
    assert ingest(library, [folder]).gone == (str(gone),)
    assert len(library.documents()) == 3
    assert statuses(library, folder, prune=True)["shipping.txt"] == "removed"
    assert "shipping.txt" not in found(library, "free shipping")


def test_prune_leaves_other_folders_alone(library: Library, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("A note kept in another place.")
    ingest(library, [folder, elsewhere])
    elsewhere.unlink()
    ingest(library, [folder], prune=True)
    assert len(library.documents()) == 4


def test_a_dry_run_says_and_does_nothing(library: Library, folder: Path) -> None:
    assert set(statuses(library, folder, dry_run=True).values()) == {"added"}
    assert library.documents() == []


def test_one_bad_file_does_not_stop_the_others(library: Library, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"\0" * 512)
    (folder / "empty.txt").write_text("")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    assert statuses(library, folder) == {
        "broken.pdf": "failed",
        "empty.txt": "skipped",
        "picture.png": "skipped",
        "refunds.txt": "added",
        "shipping.txt": "added",
        "support.md": "added",
    }


def test_a_file_that_can_no_longer_be_read_keeps_what_was_known_of_it(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    (folder / "refunds.txt").write_bytes(bytes(range(256)) * 40)
    assert statuses(library, folder)["refunds.txt"] == "failed"
    assert "refunds.txt" in found(library, "refunds")


def test_an_unsupported_file_that_was_named_has_failed(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    assert statuses(library, path) == {"picture.png": "failed"}


def test_a_missing_path_is_named_before_anything_is_done(library: Library, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PathError, match="nowhere"):
        ingest(library, [folder, tmp_path / "nowhere"])
    assert library.documents() == []


def test_a_file_over_the_limit_is_refused_with_both_numbers(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_text("word " * 1_000_000)
    report = ingest(library, [path], max_bytes=2_000_000)
    assert report.files[0].status == "failed"
    assert "5 MB" in report.files[0].message
    assert "2 MB" in report.files[0].message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(library: Library, folder: Path) -> None:
    (folder / "refunds.txt").chmod(0)
    assert statuses(library, folder)["refunds.txt"] == "failed"


def test_a_file_name_that_is_no_text_is_reported(library: Library, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("Coffee is served at ten.")
    report = ingest(library, [folder])
    assert [file.status for file in report.files].count("failed") == 1
    assert report.totals["added"] == 3


def corpus(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_each_line_of_a_corpus_is_a_document_with_its_own_id_and_text(library: Library, tmp_path: Path) -> None:
    text = "  Kept as it is:  two  blanks. "
    path = corpus(
        tmp_path / "corpus.jsonl", {"id": "a/1", "title": "One", "text": text}, {"id": "b", "text": "Another one."}
    )
    ingest(library, [path])
    assert library.document("a/1").text == text
    assert [info.ref.id for info in library.documents()] == ["a/1", "b"]


def test_a_line_that_left_the_corpus_is_forgotten(library: Library, tmp_path: Path) -> None:
    path = corpus(tmp_path / "corpus.jsonl", {"id": "a", "text": "First."}, {"id": "b", "text": "Second."})
    ingest(library, [path])
    corpus(path, {"id": "b", "text": "Second."})
    ingest(library, [path])
    assert [info.ref.id for info in library.documents()] == ["b"]


def test_an_id_of_another_file_is_refused_and_both_are_named(library: Library, tmp_path: Path) -> None:
    first = corpus(tmp_path / "first.jsonl", {"id": "same", "text": "First."})
    second = corpus(tmp_path / "second.jsonl", {"id": "same", "text": "Second."})
    ingest(library, [first])
    report = ingest(library, [second])
    assert report.files[0].status == "failed"
    assert "'same'" in report.files[0].message
    assert str(first) in report.files[0].message
    assert library.document("same").text == "First."


@pytest.mark.slow
def test_a_corpus_larger_than_a_batch_is_kept_whole(library: Library, tmp_path: Path) -> None:
    rows = [{"id": f"d{n}", "text": f"Document number {n} is about {n * 7}."} for n in range(700)]
    ingest(library, [corpus(tmp_path / "many.jsonl", *rows)])
    assert len(library.documents()) == 700
    assert library.status().keyword_index_current
    assert library.status().vector_index_current


def test_what_is_reported_as_done_is_in_the_catalog(library: Library, folder: Path) -> None:
    class Checking(Progress):
        def file(self, report: FileReport) -> None:
            assert library.document(report.document_id or "").text

    assert ingest(library, [folder], progress=Checking()).totals["added"] == 3


def test_a_second_owner_is_told_whose_the_library_is(library: Library, folder: Path, home: Path) -> None:
    with Owner(home).held(), pytest.raises(LibraryBusyError, match=f"process {os.getpid()}"):
        ingest(library, [folder])


def test_removing_a_document_forgets_its_file_so_that_it_can_come_back(library: Library, folder: Path) -> None:
    report = ingest(library, [folder])
    refunds = next(file for file in report.files if file.path.endswith("refunds.txt"))
    assert refunds.document_id
    library.remove(refunds.document_id)
    assert "refunds.txt" not in found(library, "refunds")
    assert statuses(library, folder)["refunds.txt"] == "added"
