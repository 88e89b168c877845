"""A library: searching, filtering, and mending what a crash left behind."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import chromadb
import numpy as np
import pytest

from tests.vectorstore.conftest import OpenLibrary
from vectorstore.embeddings import open_embedding
from vectorstore.errors import (
    EmbeddingMismatchError,
    EmbeddingUnavailableError,
    LibraryError,
    LibraryVersionError,
    NotFoundError,
    StorageError,
)
from vectorstore.ingest import ingest
from vectorstore.library import Library
from vectorstore.owner import Owner
from vectorstore.report import Progress
from vectorstore.types import Filters


def test_an_empty_library_says_what_to_do(library: Library) -> None:
    with pytest.raises(NotFoundError, match="assistant ingest PATH"):
        library.search("anything")


def test_a_hit_is_a_piece_of_its_document(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    hits = library.search("parcels and the help desk").hits
    assert hits
    for hit in hits:
        text = library.document(hit.document.id).text
        assert text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


@pytest.fixture
def mixed_rows(tmp_path: Path) -> Path:
    rows = [
        {"id": "en", "lang": "en", "text": "The museum opens at ten.", "source": "https://example.org/en"},
        {"id": "fr", "lang": "fr", "text": "Le musée ouvre à dix heures.", "source": "https://example.org/fr"},
        {"id": "de", "lang": "de", "text": "Das Museum öffnet um zehn.", "source": "https://example.net/de"},
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def mixed(library: Library, mixed_rows: Path) -> Library:
    ingest(library, [mixed_rows])
    return library


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(languages=frozenset({"fr"})), {"fr"}),
        (Filters(languages=frozenset({"fr", "de"})), {"fr", "de"}),
        (Filters(documents=frozenset({"en"})), {"en"}),
        (Filters(sources=frozenset({"https://example.org"})), {"en", "fr"}),
        (Filters(languages=frozenset({"de"}), sources=frozenset({"https://example.org"})), set()),
    ],
)
def test_filters_decide_what_is_searched(mixed: Library, filters: Filters, expected: set[str]) -> None:
    retrieval = mixed.search("museum musée Museum", filters=filters)
    assert {hit.document.id for hit in retrieval.hits} == expected
    assert retrieval.notes


def test_collections_do_not_see_each_other(open_library: OpenLibrary, folder: Path) -> None:
    ingest(open_library("first"), [folder])
    with pytest.raises(NotFoundError):
        open_library("second").search("refunds")


@pytest.mark.parametrize("name", ["", "a", "../up", "has space", "x" * 64, "-dash"])
def test_a_collection_name_that_chroma_refuses_is_refused_here(open_library: OpenLibrary, name: str) -> None:
    with pytest.raises(LibraryError, match="cannot be called"):
        open_library(name)


def test_any_chroma_client_can_read_the_collection(library: Library, folder: Path, home: Path) -> None:
    ingest(library, [folder])
    library.close()
    client = chromadb.PersistentClient(str(home / "collections" / "default" / "chroma"))
    try:
        rows = client.get_collection("default", embedding_function=None).get(include=["documents", "metadatas"])
    finally:
        client.close()
    texts = rows["documents"] or []
    assert len(texts) == 3
    assert any("Refunds take fourteen days." in text for text in texts)
    assert all(metadata["source"] for metadata in rows["metadatas"] or [])


def test_chroma_and_the_stored_vectors_give_the_same_passages(open_library: OpenLibrary, tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    rows = [{"id": f"d{n}", "text": f"Report {n}: the {['red', 'blue', 'green'][n % 3]} valve {n}."} for n in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(open_library(), [path])
    exact = open_library().search("which report speaks of the blue valve?")
    approximate = open_library(scan_limit=10).search("which report speaks of the blue valve?")
    assert [(hit.chunk.id, hit.score) for hit in approximate.hits] == [(hit.chunk.id, hit.score) for hit in exact.hits]


# -- after a crash -----------------------------------------------------------------------------


def reopened_after(damage: str, open_library: OpenLibrary, folder: Path, home: Path) -> Library:
    first = open_library()
    ingest(first, [folder])
    first.close()
    where = home / "collections" / "default"
    state = json.loads((where / "state.json").read_text())
    match damage:
        case "keyword index deleted":
            shutil.rmtree(where / "keywords")
        case "keyword index damaged":
            for path in (where / "keywords").iterdir():
                if path.suffix not in (".lock", ".json"):
                    path.write_bytes(b"\0" * 100)
        case "killed while writing vectors":
            (where / "state.json").write_text(json.dumps({**state, "writing": True}))
        case "vectors deleted":
            shutil.rmtree(where / "chroma")
            (where / "state.json").write_text(json.dumps({**state, "writing": True}))
        case "state unreadable":
            (where / "state.json").write_text("{")
        case "killed before indexing":
            shutil.rmtree(where)
        case "another catalog's indexes":
            (where / "state.json").write_text(json.dumps({**state, "library": "f" * 32}))
    return open_library()


DAMAGES = [
    "keyword index deleted",
    "keyword index damaged",
    "killed while writing vectors",
    "vectors deleted",
    "state unreadable",
    "killed before indexing",
    "another catalog's indexes",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_search_finds_everything_again(
    damage: str, open_library: OpenLibrary, folder: Path, home: Path
) -> None:
    library = reopened_after(damage, open_library, folder, home)
    assert Path(library.search("how long do refunds take?").hits[0].document.source).name == "refunds.txt"


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_ingest_mends_both_indexes(damage: str, open_library: OpenLibrary, folder: Path, home: Path) -> None:
    library = reopened_after(damage, open_library, folder, home)
    ingest(library, [folder])
    status = library.status()
    assert (status.keyword_index_current, status.vector_index_current) == (True, True)
    assert library.indexes.chroma_trusted()


def test_a_repair_is_told_in_one_line(open_library: OpenLibrary, folder: Path, home: Path) -> None:
    library = reopened_after("killed while writing vectors", open_library, folder, home)
    assert ingest(library, [folder]).repairs == (
        "The vector index was left half-written and was rebuilt from the catalog.",
    )


def test_after_a_search_through_chroma_the_library_is_still_its_processs_own(
    open_library: OpenLibrary, folder: Path, home: Path
) -> None:
    library = open_library(scan_limit=1)
    ingest(library, [folder])
    assert library.search("refunds").hits
    library.remove(library.documents()[0].ref.id)
    assert len(library.documents()) == 2
    library.close()
    with Owner(home).held(wait=0):
        pass


def test_a_search_while_another_process_owns_the_library_still_answers(
    open_library: OpenLibrary, folder: Path, home: Path
) -> None:
    ingest(open_library(), [folder])
    with Owner(home).held():
        assert open_library(scan_limit=1).search("refunds").hits


# -- what does not fit -------------------------------------------------------------------------


def test_another_embedding_is_refused_with_the_command_that_changes_it(open_library: OpenLibrary, folder: Path) -> None:
    ingest(open_library(), [folder])
    with pytest.raises(EmbeddingMismatchError, match="assistant reindex --embeddings minilm"):
        open_library(wanted="minilm")


def test_a_model_whose_files_changed_is_refused(library: Library, folder: Path, open_library: OpenLibrary) -> None:
    ingest(library, [folder])
    info = library.info
    assert info
    library.catalog.set_collection(type(info)(info.name, info.embedding, "of before", info.dimensions))
    with pytest.raises(EmbeddingMismatchError, match="its files changed"):
        open_library().search("refunds")


def test_a_collection_keeps_the_model_of_the_release_that_made_it_until_it_is_embedded_again(
    home: Path, folder: Path
) -> None:
    former = replace(open_embedding("hashing", cache=home), fingerprint="of before", current=False)
    newer = replace(former, fingerprint="of today", current=True, formerly=(former,))
    with Library(home, open_embedding=lambda name: former) as library:
        ingest(library, [folder])
    with Library(home, open_embedding=lambda name: newer) as library:
        assert library.search("refunds").hits
        assert not library.embedding.current
        library.reindex("hashing", Progress())
        assert library.embedding.current
        assert library.info
        assert library.info.fingerprint == "of today"


def test_texts_are_embedded_with_their_languages(home: Path, mixed_rows: Path) -> None:
    told: list[tuple[str, str]] = []

    def word(text: str, language: str) -> str:
        told.append((language, text))
        return text

    embedding = replace(open_embedding("hashing", cache=home), word=word)
    with Library(home, open_embedding=lambda name: embedding) as library:
        ingest(library, [mixed_rows])
        library.search("Quand ouvre le musée de la ville ?")
    assert [language for language, _ in told] == ["en", "fr", "de", "fr"]
    assert told[1][1].endswith("Le musée ouvre à dix heures.")


def test_a_collection_can_be_embedded_again(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    before = library.search("refunds").hits[0].chunk.id
    assert library.reindex("hashing", Progress()) == 3
    assert library.search("refunds").hits[0].chunk.id == before
    assert library.status().vector_index_current


def test_without_its_model_a_collection_is_searched_by_keywords_and_says_so(home: Path, folder: Path) -> None:
    def unavailable(name: str) -> None:
        raise EmbeddingUnavailableError(f"{name} is not installed.")

    with Library(home, open_embedding=lambda name: open_embedding("hashing", cache=home)) as library:
        ingest(library, [folder])
    with Library(home, open_embedding=unavailable) as library:  # type: ignore[arg-type]
        retrieval = library.search("refunds")
    assert Path(retrieval.hits[0].document.source).name == "refunds.txt"
    assert "keywords alone" in retrieval.notes[0]


def test_a_library_of_a_newer_release_is_refused(open_library: OpenLibrary, home: Path) -> None:
    open_library().close()
    with sqlite3.connect(home / "catalog.db") as db:
        db.execute("UPDATE library SET value = '999' WHERE key = 'schema_version'")
    db.close()
    with pytest.raises(LibraryVersionError, match="format 999"):
        open_library()


def test_a_file_that_is_no_catalog_is_named(open_library: OpenLibrary, home: Path) -> None:
    home.mkdir()
    (home / "catalog.db").write_text("this is not a database, " * 100)
    with pytest.raises(StorageError, match=r"catalog\.db"):
        open_library()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="ASSISTANT_HOME"):
        Library(tmp_path / "file" / "home", open_embedding=lambda _: None)  # type: ignore[arg-type,return-value]


def test_stored_vectors_are_those_that_were_computed(library: Library, folder: Path) -> None:
    ingest(library, [folder])
    for entry in library.catalog.indexed("default", [info.ref.id for info in library.documents()]):
        texts = [chunk.indexed_text(entry.ref.title) for chunk in entry.chunks]
        assert np.allclose(entry.vectors, library.embedding(texts), atol=1e-3)


def test_a_model_of_ones_own_is_loaded_refused_when_it_changes_and_embedded_again(
    open_library: OpenLibrary, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("fastembed")
    from tests.vectorstore.test_fastembed_models import write_model

    model = write_model(tmp_path / "model")
    library = open_library(wanted=f"fastembed:{model}")
    ingest(library, [folder])
    assert library.search("refunds").hits[0].legs["dense"]
    write_model(model, turn=1.0)
    with pytest.raises(EmbeddingMismatchError, match="assistant reindex --embeddings fastembed:"):
        open_library(wanted="auto").search("refunds")
    assert open_library(wanted="auto").reindex(f"fastembed:{model}", Progress()) == 3
    assert open_library(wanted="auto").search("refunds").hits[0].legs["dense"]
