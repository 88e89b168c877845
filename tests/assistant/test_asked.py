"""The question as documents in its own and in other languages may put it."""

from __future__ import annotations

from assistant.asked import Asked, read_question, terms
from assistant.types import Question
from vectorstore.types import Retrieval


def ask(text: str, language: str = "en") -> Asked:
    return read_question(Question(text, text, language), Retrieval(text, language, ()), [])


def french(text: str) -> frozenset[str]:
    return terms(text, skeletons=True)


def test_another_language_holds_the_question_by_names_and_dictionaries() -> None:
    asked = ask("why did Russia condemn the strike?")
    near = asked.coverage(french("La Russie a condamné cette frappe."), "fr")
    assert near > asked.coverage(french("Le cours de yoga a lieu le mardi."), "fr")
    assert near > 0.6


def test_the_wrong_country_is_amiss_and_the_right_one_is_not() -> None:
    told = french("La Russie a condamné cette frappe.")
    assert ask("why did Germany condemn the strike?").country_amiss(told, "fr") == 1
    assert ask("why did Russia condemn the strike?").country_amiss(told, "fr") == 0


def test_a_syllable_of_a_vietnamese_country_is_not_the_country() -> None:
    asked = ask("What is the capital of Japan?")
    assert asked.country_amiss(terms("Thủ đô mở cửa, trừ ngày chủ nhật.", skeletons=True), "vi") == 1
    assert asked.country_amiss(terms("Thủ đô của Nhật Bản là Tokyo.", skeletons=True), "vi") == 0


def test_a_number_inside_a_name_is_no_number() -> None:
    assert ask("When is the G20 summit of 2017?").numbers == frozenset({"2017"})


def test_a_missing_number_is_noticed() -> None:
    assert ask("Who won in 2018?").numbers_missing(terms("It was won in 2014.")) == 1
    assert ask("Who won in 2018?").numbers_missing(terms("It was won in 2018.")) == 0
