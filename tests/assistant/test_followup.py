"""What a follow-up question leaves out is filled in from the turns before, and a new question is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.followup import standalone
from assistant.types import Turn

RUSSIA = {
    "en": Turn("Why did Russia condemn the strike?", "Russia condemned it as an aggression [1]."),
    "fr": Turn("Pourquoi la Russie a-t-elle condamné la frappe ?", "La Russie y a vu une agression [1]."),
    "de": Turn("Wie lange dauert die Rückerstattung bei Gutscheinen?", "Die Rückerstattung dauert 14 Tage [1]."),
    "es": Turn("¿Cuándo visitó el Papa México?", "El Papa Francisco visitó México en 2016 [1]."),
    "it": Turn("Perché la Russia ha condannato l'attacco?", "La Russia ha condannato l'attacco [1]."),
    "pt": Turn("Por que a Rússia condenou o ataque?", "A Rússia condenou o ataque [1]."),
    "ru": Turn("Почему Россия осудила удар по Сирии?", "Россия осудила удар как агрессию [1]."),
    "zh": Turn("俄罗斯为什么谴责这次袭击？", "俄罗斯谴责袭击是侵略行为 [1]。"),
    "ja": Turn("ロシアはなぜ攻撃を非難したのですか？", "ロシアは攻撃を侵略と非難した [1]。"),
    "ar": Turn("لماذا أدانت روسيا الضربة؟", "أدانت روسيا الضربة ووصفتها بالعدوان [1]."),
    "th": Turn("รัสเซียประณามการโจมตีเพราะอะไร", "รัสเซียประณาม"),
    "ko": Turn("러시아는 왜 공격을 비난했습니까?", "러시아는 공격을 비난했다 [1]."),
    "hi": Turn("रूस ने हमले की निंदा क्यों की?", "रूस ने निंदा की [1]।"),
}


@pytest.mark.parametrize(
    ("language", "question", "understood"),
    [
        ("en", "why?", "why? (Russia condemn, strike)"),
        ("en", "and in 2016?", "and in 2016? (Russia condemn, strike)"),
        ("en", "When did they do that?", "When did they do that? (Russia condemn, strike)"),
        ("fr", "pourquoi ?", "pourquoi ? (Russie, condamné, frappe)"),
        ("fr", "Qu'en pense-t-elle ?", "Qu'en pense-t-elle ? (Russie, condamné, frappe)"),
        ("de", "und in Österreich?", "und in Österreich? (dauert, Rückerstattung, Gutscheinen)"),
        ("es", "¿por qué?", "¿por qué? (visitó, Papa México)"),
        ("it", "Quando è successo questo?", "Quando è successo questo? (Russia, condannato, attacco)"),
        ("pt", "por quê?", "por quê? (Rússia condenou, ataque)"),
        ("ru", "а в 2016?", "а в 2016? (Россия осудила удар, Сирии)"),
        ("zh", "它什么时候发生的？", "它什么时候发生的？ (俄罗斯, 谴责, 袭击)"),
        ("ja", "それはいつですか？", "それはいつですか？ (ロシア, 攻撃 非難)"),
        ("ar", "متى حدث ذلك؟", "متى حدث ذلك؟ (أدانت روسيا الضربة)"),
        ("th", "ทำไม", "ทำไม (รัสเซียประณามการโจมตีเพราะอะไร)"),
        ("ko", "왜?", "왜? (러시아는, 공격을 비난했습니까)"),
        ("hi", "क्यों?", "क्यों? (रूस, हमले, निंदा)"),
    ],
)
def test_what_is_left_out_is_set_behind_the_question(language: str, question: str, understood: str) -> None:
    assert standalone(question, [RUSSIA[language]]) == understood


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "How many employees does Siemens have?"),
        ("en", "What is inflation?"),
        ("en", "Who is Lavrov?"),
        ("en", "By the way, who wrote it?"),
        ("en", "Is it possible to pay by card?"),
        ("en", "How many adaptations of Hamlet are there?"),
        ("en", "What is a catch basin made of, and how is it cleaned?"),
        ("en", "Can those storms on Jupiter affect the planet Earth?"),
        ("fr", "Quelle est la capitale du Portugal ?"),
        ("de", "Wer ist der Geschäftsführer von Siemens?"),
        ("es", "¿Cuál es la capital de Francia?"),
        ("ru", "кто такой Лавров?"),
        ("zh", "葡萄牙的首都是哪里？"),
        ("ja", "ポルトガルの首都はどこですか？"),
        ("ar", "ما هي عاصمة البرتغال؟"),
    ],
)
def test_a_question_that_stands_alone_is_left_alone(language: str, question: str) -> None:
    assert standalone(question, [RUSSIA[language]]) == question


def test_a_first_question_is_left_alone() -> None:
    assert standalone("why?", []) == "why?"


@pytest.mark.parametrize(
    ("question", "understood"),
    [
        ("What about Germany?", "What about Germany? (condemn, strike)"),
        ("Why?", "Why? (Russia condemn, strike)"),
    ],
)
def test_a_name_takes_the_place_of_the_only_name(question: str, understood: str) -> None:
    assert standalone(question, [RUSSIA["en"]]) == understood


def test_a_year_takes_the_place_of_a_year() -> None:
    asked = Turn("Who won the Tour de France in 2014?", "Vincenzo Nibali won it [1].")
    assert standalone("and in 2016?", [asked]) == "and in 2016? (won, Tour, France)"


def test_he_is_looked_for_in_the_answer_when_the_question_names_nobody() -> None:
    asked = Turn("who was the viceroy then?", "The viceroy was Lord Linlithgow, who arrested the leaders [1].")
    assert standalone("what did he do?", [asked]) == "what did he do? (Lord Linlithgow)"


def test_the_subject_is_carried_on_over_several_follow_ups() -> None:
    turns: list[Turn] = []
    for question in ("How does the Penobscot River begin?", "where does it end?", "and why?"):
        turns.append(Turn(question, "", standalone(question, turns)))
    assert "Penobscot River" in turns[1].standalone_question
    assert "Penobscot River" in turns[2].standalone_question


@pytest.mark.parametrize(
    ("question", "understood"),
    [
        ("I meant the planes that carry passengers", "I meant the planes that carry passengers (photos)"),
        ("any awards", "any awards (photos, planes)"),
        ("regional differences", "regional differences (photos, planes)"),
        ("aerial photos", "aerial photos"),
        ("How did the pilot feel?", "How did the pilot feel?"),
    ],
)
def test_a_few_words_are_filled_unless_they_name_the_subject_themselves(question: str, understood: str) -> None:
    asked = Turn("Who takes photos of planes?", "Another pilot takes photos of planes [1].")
    assert standalone(question, [asked]).replace("takes ", "") == understood


def test_a_new_subject_replaces_the_old_one() -> None:
    turns = [RUSSIA["en"], Turn("Who composed the opera Carmen?", "Georges Bizet composed it [1].")]
    assert standalone("when was that?", turns) == "when was that? (composed, opera Carmen)"


TEXT = st.text(max_size=60)


@settings(max_examples=100, deadline=None)
@given(TEXT, st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=4))
def test_the_question_keeps_its_own_words_whatever_came_before(
    question: str, history: list[tuple[str, str, str]]
) -> None:
    turns = [Turn(asked, answer, understood) for asked, answer, understood in history]
    result = standalone(question, turns)
    assert result.startswith(question)
    assert result == standalone(question, turns)
