import json
from pathlib import Path

import numpy as np
import pytest

from vectorstore import minilm
from vectorstore.embeddings import Embedding, open_embedding

REFERENCE = Path(__file__).parents[3] / "shared/data/minilm-reference.json"

pytestmark = pytest.mark.skipif(minilm.find_weights() is None, reason=f"needs the weights: {minilm.INSTALL}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(cache) -> Embedding:
    return open_embedding("minilm", cache=cache)


def cosines(embedding, items):
    expected = np.array([item["vector"] for item in items])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    return (embedding([item["text"] for item in items]) * expected).sum(axis=1)


@pytest.mark.skipif(not REFERENCE.is_file(), reason=f"needs {REFERENCE.name} from the shared data")
def test_float32_vectors_are_those_of_sentence_transformers(cache):
    items = json.loads(REFERENCE.read_text(encoding="utf-8"))["items"]
    assert cosines(open_embedding("minilm-f32", cache=cache), items).min() >= 0.9999
