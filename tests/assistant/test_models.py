import pytest

from assistant.errors import ModelError, UsageError
from assistant.models import Choice, chat_model, choose


def test_without_a_key_nothing_leaves_the_machine():
    choice = choose("auto")
    assert choice.extractive
    assert choice.told == ""
    assert "nothing leaves this machine" in choice.why


def test_with_a_key_the_first_answer_says_where_the_question_goes():
    choice = choose("auto", api_key="sk-…")
    assert choice.told == (
        "The question and the passages found for it are sent to api.openai.com (openai:gpt-4.1-mini)."
    )


def test_a_model_on_this_machine_is_not_said_to_be_elsewhere():
    for local in ("http://127.0.0.1:8080/v1", "http://localhost:11434/v1", "http://[::1]:1/v1"):
        assert choose("openai:any", base_url=local).told == ""
    assert choose("ollama:llama3.2").told == ""
    assert "192.168.0.7" in choose("openai:any", base_url="http://192.168.0.7/v1").told


def test_a_setting_that_names_no_model_is_refused_with_examples():
    for wrong in ("gpt-4.1", "openai:", ":x", ""):
        with pytest.raises(UsageError, match="PROVIDER:NAME"):
            choose(wrong)


def test_extractive_stays_extractive_whatever_keys_are_set():
    assert choose("extractive", api_key="sk-…") == Choice("extractive", "ASSISTANT_MODEL is extractive")


def test_a_model_without_a_key_says_which_key():
    with pytest.raises(ModelError, match="Set OPENAI_API_KEY") as raised:
        chat_model("openai:gpt-4.1")
    assert raised.value.reason == "no_key"


def test_a_server_of_ones_own_needs_no_key():
    assert chat_model("openai:any", base_url="http://127.0.0.1:9/v1") is not None


def test_a_provider_whose_package_is_missing_is_told_how_to_get_it():
    with pytest.raises(ModelError, match="pip install"):
        chat_model("ollama:llama3.2")


def test_a_provider_nobody_knows_is_refused():
    with pytest.raises(UsageError, match="nosuch"):
        chat_model("nosuch:model")
