"""What `assistant status` notes: a model that does not know the documents' languages, and what would."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import build
from assistant.settings import Settings
from vectorstore import minilm

TEXTS = {
    "en": "The museum opens at ten in the morning.",
    "sv": "Museet öppnar klockan tio på morgonen och stänger på kvällen.",
}
TEXTS["fr"] = "Le musée de la ville ouvre ses portes à dix heures."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    docs = tmp_path / "docs"
    docs.mkdir()
    for language, text in TEXTS.items():
        (docs / f"{language}.txt").write_text(text, encoding="utf-8")
    settings = Settings(home=tmp_path / "home", embeddings="minilm")
    with build.open_library(settings) as library:
        build.ingest(library, [docs], settings)
    return settings


@pytest.mark.skipif(minilm.find_weights() is None, reason=f"needs the weights: {minilm.INSTALL}")
def test_languages_that_the_model_does_not_know_are_named_with_the_way_out(settings: Settings) -> None:
    with build.open_library(settings) as library:
        [note] = build.advice(library, settings)
        assert "does not know sv:" in note
        assert "reindex --embeddings NAME" in note
        library._embedding = library.embedding.formerly[0]  # as in a collection that an earlier release has made
        [note] = build.advice(library, settings)
        assert "does not know fr, sv:" in note
        assert note.endswith("assistant reindex --embeddings minilm")
