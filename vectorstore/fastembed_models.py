"""Other local models through FastEmbed, an optional dependency: one of its list by name, or a folder with an ONNX file.

A folder holds ``model.onnx`` (or ``onnx/model.onnx``), ``tokenizer.json``, ``tokenizer_config.json`` and
``config.json``, as sentence-transformers models on the usual hubs do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .cached import file_sha256, read_json, write_json
from .errors import EmbeddingUnavailableError

if TYPE_CHECKING:
    from fastembed import TextEmbedding

INSTALL = "pip install 'document-assistant[fastembed]'"
BATCH = 16  # texts of about one length; FastEmbed's own 256 pads each to the longest of them
LANGUAGES = {"English": "en", "Chinese": "zh", "German": "de", "Spanish": "es"}
"""The languages FastEmbed's descriptions name; a model whose description names none is for all."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model lies on this machine, and what is known of it without loading it."""

    folder: Path
    model_file: str
    others: tuple[str, ...]
    """Whatever else the vectors depend on."""
    dimensions: int
    languages: frozenset[str] = frozenset()
    pooling: str | None = None
    """For a folder of the user's: ``MEAN``, ``CLS`` or ``LAST_TOKEN``. None where FastEmbed knows."""

    @property
    def complete(self) -> bool:
        return all((self.folder / name).is_file() for name in (self.model_file, *self.others))


class FastembedModel:
    """Texts to unit vectors. Opening reads no model and, after the first time, asks no network."""

    def __init__(self, name: str, *, cache: Path) -> None:
        """``name`` as FastEmbed lists it, or a folder. A model not yet on this machine is downloaded."""
        if find_spec("fastembed") is None:
            raise EmbeddingUnavailableError(f"fastembed:{name} needs the package fastembed. Run: {INSTALL}")
        folder = Path(name).expanduser()
        self.name = str(folder.resolve()) if folder.is_dir() else name
        self.files = _own_folder(folder.resolve()) if folder.is_dir() else _listed(name, cache)
        # Hashes change with the files and the texts' way through them, not with where they lie.
        parts = [file_sha256(self.files.folder / part, cache) for part in (self.files.model_file, *self.files.others)]
        self.fingerprint = sha256(" ".join([*parts, str(self.files.pooling)]).encode()).hexdigest()[:12]
        self._loading = RLock()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._loading:
            model = self._model
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        # A lone surrogate has no UTF-8, and the tokenizer takes nothing else.
        clean = [texts[i].encode("utf-8", "replace").decode() for i in order]
        try:
            rows = np.stack(list(model.embed(clean, batch_size=BATCH))).astype(np.float32)
        except Exception as error:  # ONNX Runtime has no base class for what a model may fail with
            raise EmbeddingUnavailableError(f"fastembed:{self.name} cannot embed: {error}") from error
        if rows.shape != (len(texts), self.files.dimensions) or not np.isfinite(rows).all():
            raise EmbeddingUnavailableError(
                f"fastembed:{self.name} gave vectors of shape {rows.shape[1:]}, or not finite, where "
                f"{self.files.dimensions} dimensions were expected. Is it a text embedding model?"
            )
        # A text in which a model finds no known word still needs a direction, or cosine distance has none.
        rows[~rows.any(axis=1), 0] = 1
        vectors = np.empty_like(rows)
        vectors[order] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors

    @cached_property
    def _model(self) -> TextEmbedding:
        from fastembed import TextEmbedding

        # A name of its own for every state of a folder: FastEmbed's list is for the whole process and only grows.
        name = self.name if self.files.pooling is None else f"{self.name}#{self.fingerprint}"
        try:
            if self.files.pooling is not None:
                _register(name, self.files)
            return TextEmbedding(name, specific_model_path=str(self.files.folder))
        except Exception as error:  # a damaged file, which is reported in many ways
            raise EmbeddingUnavailableError(
                f"fastembed:{self.name} cannot be loaded from {self.files.folder}: {error}. "
                "Remove that folder to have it downloaded again, or choose another model."
            ) from error


def _own_folder(folder: Path) -> ModelFiles:
    """Read what the files beside the model say of it."""
    model_file = next((name for name in ("model.onnx", "onnx/model.onnx") if (folder / name).is_file()), None)
    if model_file is None:
        raise EmbeddingUnavailableError(f"{folder} holds neither model.onnx nor onnx/model.onnx.")
    config = read_json(folder / "config.json")
    match config.get("hidden_size"):
        case int(dimensions):
            pass
        case other:
            raise EmbeddingUnavailableError(f"{folder / 'config.json'} must say hidden_size, a number, not {other!r}.")
    beside = (folder / model_file).parent.glob("model.onnx?*")  # weights too large for the graph's own file
    others = ["tokenizer.json", "tokenizer_config.json", *(str(path.relative_to(folder)) for path in sorted(beside))]
    files = ModelFiles(folder, model_file, tuple(others), dimensions, pooling=_pooling(folder))
    if not files.complete:
        raise EmbeddingUnavailableError(f"{folder} must hold tokenizer.json and tokenizer_config.json as well.")
    return files


def _pooling(folder: Path) -> str:
    modes = read_json(folder / "1_Pooling" / "config.json")
    if modes.get("pooling_mode_cls_token"):
        return "CLS"
    return "LAST_TOKEN" if modes.get("pooling_mode_lasttoken") else "MEAN"


def _register(name: str, files: ModelFiles) -> None:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    if any(model["model"].lower() == name.lower() for model in TextEmbedding.list_supported_models()):
        return
    TextEmbedding.add_custom_model(
        name,
        pooling=PoolingType[str(files.pooling)],
        normalization=False,  # done here, for every model alike
        sources=ModelSource(url=files.folder.as_uri()),  # some source is required; none is asked
        dim=files.dimensions,
        model_file=files.model_file,
    )


def _listed(name: str, cache: Path) -> ModelFiles:
    """A model of FastEmbed's list, downloaded where it is not here. What was learnt is kept: the import is slow."""
    memory = cache / "fastembed-models.json"
    known = read_json(memory)
    match known.get(name):
        case [str(folder), str(model_file), [*others], int(dimensions), [*languages]]:
            files = ModelFiles(
                Path(folder), model_file, tuple(map(str, others)), dimensions, frozenset(map(str, languages))
            )
            if files.complete:
                return files
    files = _download(name, cache)
    entry = [str(files.folder), files.model_file, files.others, files.dimensions, sorted(files.languages)]
    write_json(memory, {**known, name: entry})
    return files


def _download(name: str, cache: Path) -> ModelFiles:
    from fastembed import TextEmbedding
    from loguru import logger

    logger.disable("fastembed")  # it writes to stderr what the errors below say
    models = TextEmbedding.list_supported_models()
    model = next((model for model in models if model["model"].lower() == name.lower()), None)
    if model is None:
        names = ", ".join(sorted(str(model["model"]) for model in models))
        raise EmbeddingUnavailableError(f"fastembed:{name} is neither a folder nor one of FastEmbed's models: {names}")
    home = cache / "fastembed" / re.sub(r"[^\w.-]+", "--", name.lower())
    found = _in_folder(home, model)
    if found is None:
        try:
            TextEmbedding(model["model"], cache_dir=str(home), lazy_load=True)
        except Exception as error:  # HTTP libraries come and go, and each has its own
            raise EmbeddingUnavailableError(
                f"fastembed:{name} could not be downloaded: {error} Connect to the network and try again, or bring the "
                "model's folder and use fastembed:FOLDER."
            ) from error
        found = _in_folder(home, model)
    if found is None:
        raise EmbeddingUnavailableError(
            f"fastembed:{name} was downloaded to {home}, but {model['model_file']} is not there."
        )
    return found


def _in_folder(home: Path, model: dict[str, Any]) -> ModelFiles | None:
    """The newest complete download below ``home``."""
    depth = len(Path(model["model_file"]).parts)
    paths = sorted(home.glob(f"**/{model['model_file']}"), key=lambda path: path.stat().st_mtime, reverse=True)
    languages = frozenset(code for name, code in LANGUAGES.items() if name in model["description"])
    others = ("tokenizer.json", *model["additional_files"])
    for path in paths:
        files = ModelFiles(path.parents[depth - 1], model["model_file"], others, int(model["dim"]), languages)
        if files.complete:
            return files
    return None
