import json
from pathlib import Path

import numpy as np
import pytest

from vectorstore import fastembed_models
from vectorstore.embeddings import open_embedding
from vectorstore.errors import EmbeddingUnavailableError

WORDS = ["[PAD]", "[UNK]", "shipping", "livraison", "versand", "free", "bread"]
SHIPPING = {"shipping": 0, "livraison": 0, "versand": 0, "free": 1, "bread": 2}


def write_model(folder: Path, *, turn: float = 0.0) -> Path:
    """A multilingual model of seven words in three dimensions; ``turn`` makes another model of it."""
    from onnx import TensorProto, helper, numpy_helper, save_model
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 16, "pad_token": "[PAD]"}))
    (folder / "config.json").write_text(json.dumps({"hidden_size": 3, "pad_token_id": 0}))

    table = np.full((len(WORDS), 3), 0.1 + turn, np.float32)
    for word, axis in SHIPPING.items():
        table[WORDS.index(word), axis] += 1
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", 3])
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    graph = helper.make_graph(nodes, "words", inputs, [output], [numpy_helper.from_array(table, "table")])
    save_model(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "model.onnx"
    )
    return folder


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("fastembed", reason=f"needs the package fastembed: {fastembed_models.INSTALL}")
    return write_model(tmp_path / "words")


def test_a_folder_with_a_model_embeds_in_its_own_languages(folder, tmp_path):
    embedding = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")
    assert (embedding.dimensions, embedding.languages, embedding.local) == (3, set(), True)
    english, french, bread = embedding(["Shipping free", "livraison free", "bread"])
    assert english == pytest.approx(french)
    assert english @ bread < 0.5
    assert np.linalg.norm(embedding(["", "x" * 5000, "free \ud800"]), axis=1) == pytest.approx(1)


def test_order_is_kept_whatever_the_lengths(folder, tmp_path):
    embedding = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")
    texts = [" ".join(WORDS[2 + (i + j) % 5] for j in range(1 + i * 7 % 11)) for i in range(40)]
    assert embedding(texts) == pytest.approx(np.vstack([embedding([text]) for text in texts]))


def test_the_fingerprint_is_that_of_the_files_wherever_they_lie(folder, tmp_path):
    elsewhere = write_model(tmp_path / "elsewhere")
    first, second = (open_embedding(f"fastembed:{f}", cache=tmp_path / "cache") for f in (folder, elsewhere))
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "tokenizer_config.json"])
def test_another_fingerprint_follows_any_change_of_the_files(folder, tmp_path, name):
    before = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    after = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")
    assert after.name == before.name
    assert after.fingerprint != before.fingerprint


def test_a_changed_model_gives_its_own_vectors_in_the_same_process(folder, tmp_path):
    before = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")(["bread"])
    write_model(folder, turn=2.0)
    after = open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")(["bread"])
    assert not np.allclose(before, after)


def test_a_relative_folder_is_remembered_as_what_it_is(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_embedding("fastembed:words", cache=tmp_path / "cache").name == f"fastembed:{folder.resolve()}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.onnx", None, "holds neither model.onnx nor onnx/model.onnx"),
        ("tokenizer.json", None, "must hold tokenizer.json"),
        ("config.json", b"{}", "must say hidden_size, a number, not None"),
        ("model.onnx", b"not a graph", "cannot be loaded from"),
        ("config.json", b'{"hidden_size": 5, "pad_token_id": 0}', "5 dimensions"),
    ],
)
def test_a_folder_that_is_no_model_says_what_is_wrong(folder, tmp_path, name, content, message):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(EmbeddingUnavailableError, match=message):
        open_embedding(f"fastembed:{folder}", cache=tmp_path / "cache")(["bread"])


def test_an_unknown_name_is_answered_with_fastembeds_list(folder, tmp_path):
    with pytest.raises(EmbeddingUnavailableError, match=r"neither a folder nor one of FastEmbed's models: .*e5"):
        open_embedding("fastembed:no-such-model", cache=tmp_path)


def test_a_listed_model_once_downloaded_is_found_without_the_network(folder, tmp_path):
    name = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
    home = tmp_path / "cache/fastembed/sentence-transformers--paraphrase-multilingual-minilm-l12-v2"
    snapshot = home / "models--q--p/snapshots/1"
    snapshot.parent.mkdir(parents=True)
    write_model(snapshot).joinpath("model.onnx").rename(snapshot / "model_optimized.onnx")
    for _ in range(2):  # found on disk, then remembered
        embedding = open_embedding(f"fastembed:{name}", cache=tmp_path / "cache")
        assert (embedding.dimensions, embedding.languages) == (384, set())
    with pytest.raises(EmbeddingUnavailableError, match="384 dimensions"):  # it is our seven words, after all
        embedding(["bread"])


def test_a_download_that_fails_names_the_way_without_a_network(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EmbeddingUnavailableError, match=r"could not be downloaded.*fastembed:FOLDER"):
        open_embedding("fastembed:intfloat/multilingual-e5-large", cache=tmp_path)


def test_without_the_package_the_message_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(fastembed_models, "find_spec", lambda name: None)
    with pytest.raises(EmbeddingUnavailableError, match=r"pip install 'document-assistant\[fastembed\]'"):
        open_embedding("fastembed:BAAI/bge-small-en", cache=tmp_path)
