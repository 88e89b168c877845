"""Which model writes the answers, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from assistant.errors import ModelError, UsageError
from assistant.faults import Fault
from assistant.resilience import Limits

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRACTIVE = "extractive"
DEFAULT_OPENAI_MODEL = "gpt-4.1-mini"  # what `auto` takes: quick to begin, cheap, follows the labels
_OPENAI_ADDRESS = "https://api.openai.com/v1"
_ON_THIS_MACHINE = frozenset({"ollama", "llamacpp", "huggingface", "fake"})


@dataclass(frozen=True, slots=True)
class Choice:
    """The model in force. ``place`` is where questions and passages are sent; "" where they stay on this machine."""

    name: str
    why: str
    place: str = ""
    address: str = ""
    """Of the service, for messages; "" where its client knows best."""

    @property
    def extractive(self) -> bool:
        return self.name == EXTRACTIVE

    @property
    def told(self) -> str:
        """What the first answer says about where the question went; "" where it stayed here."""
        if not self.place:
            return ""
        return f"The question and the passages found for it are sent to {self.place} ({self.name})."


def choose(setting: str, *, api_key: str | None = None, base_url: str | None = None) -> Choice:
    """The model a setting stands for, and why.

    Raises `UsageError` for a setting that names none.

    >>> choose("auto").name, choose("auto", api_key="sk-…").name, choose("openai:gpt-4.1").place
    ('extractive', 'openai:gpt-4.1-mini', 'api.openai.com')
    """
    provider, colon, name = setting.strip().partition(":")
    if setting == EXTRACTIVE:
        return Choice(EXTRACTIVE, "ASSISTANT_MODEL is extractive")
    if setting == "auto":
        if not api_key:
            return Choice(EXTRACTIVE, "no OPENAI_API_KEY is set; nothing leaves this machine")
        name = f"openai:{DEFAULT_OPENAI_MODEL}"
        why = "OPENAI_API_KEY is set; choose another with ASSISTANT_MODEL"
        return Choice(name, why, _place("openai", base_url), base_url or _OPENAI_ADDRESS)
    if not colon or not provider or not name:
        raise UsageError(
            f"ASSISTANT_MODEL is {setting!r}, which names no model. "
            "Use auto, extractive, openai:NAME, or PROVIDER:NAME, for example ollama:llama3.2"
        )
    address = (base_url or _OPENAI_ADDRESS) if provider == "openai" else ""
    return Choice(f"{provider}:{name}", f"ASSISTANT_MODEL is {setting}", _place(provider, base_url), address)


def chat_model(
    name: str,
    *,
    api_key: str | None = None,
    base_url: str | None = None,
    api: Literal["chat", "responses"] = "chat",
    limits: Limits | None = None,
    answer_tokens: int = 1_500,
) -> BaseChatModel:
    """A model by ``PROVIDER:NAME``, through LangChain's `init_chat_model`.

    Retries and time limits are the caller's business (`assistant.generate`), so the client's own are off.
    Raises `ModelError` where the key or the provider's package is missing.
    """
    provider, _, model = name.partition(":")
    options: dict[str, Any] = {"max_tokens": answer_tokens}
    if provider == "openai":
        if not api_key and not base_url:
            raise Fault("no_key").error(name)
        from assistant.wire import http_client

        options |= {
            "api_key": api_key or "none",  # a server of one's own asks for none, the client insists on one
            "base_url": base_url or _OPENAI_ADDRESS,
            "http_client": http_client(limits or Limits()),
            "max_retries": 0,
            "stream_usage": True,
            "use_responses_api": api == "responses",
        }
        if base_url and api == "chat":
            # The client sends OpenAI's newer name for it, which other servers pass over: they would write without end.
            options["extra_body"] = {"max_tokens": options.pop("max_tokens")}
        if not model.startswith(("o1", "o3", "o4", "gpt-5")):  # models that reason take no temperature
            options["temperature"] = 0
    from langchain.chat_models import init_chat_model

    try:
        opened: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except ImportError as error:
        raise ModelError(f"The model {name} needs a package that is not installed. {error}", reason="failed") from None
    except ValueError as error:
        raise UsageError(f"ASSISTANT_MODEL is {name!r}, and LangChain knows no such provider: {error}") from None
    return opened


def _place(provider: str, base_url: str | None) -> str:
    """The host questions go to; "" for this machine."""
    if provider in _ON_THIS_MACHINE:
        return ""
    if provider != "openai":
        return f"{provider}'s service"
    host = urlsplit(base_url or _OPENAI_ADDRESS).hostname or ""
    try:
        return "" if ip_address(host).is_loopback else host
    except ValueError:
        return "" if host == "localhost" else host
