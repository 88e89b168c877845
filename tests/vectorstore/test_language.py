"""Language detection."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("why did Russia condemn the strike?", "en"),
        ("pourquoi la Russie a-t-elle condamné la frappe ?", "fr"),
        ("Warum hat Russland den Angriff verurteilt?", "de"),
        ("¿Por qué condenó Rusia el ataque?", "es"),
        ("Почему Россия осудила удар?", "ru"),
        ("为什么俄罗斯谴责这次袭击？", "zh"),
        ("ロシアはなぜ攻撃を非難したのか", "ja"),
        ("러시아는 왜 공습을 규탄했습니까?", "ko"),
        ("ทำไมรัสเซียจึงประณามการโจมตี", "th"),
        ("لماذا أدانت روسيا الضربة؟", "ar"),
        ("چرا روسیه این حمله را محکوم کرد؟", "fa"),
        ("روس نے حملے کی مذمت کیوں کی؟", "ur"),
        ("מדוע גינתה רוסיה את התקיפה?", "he"),
        ("Γιατί η Ρωσία καταδίκασε την επίθεση;", "el"),
        ("रूस ने हमले की निंदा क्यों की?", "hi"),
        ("ANNUAL REPORT OF THE COMPANY", "en"),
    ],
)
def test_a_short_question_is_enough(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", " \n", "42", "😀🎉", "3.14 + 2 = ?", "https://example.org/en/page"])
def test_without_letters_nothing_is_said(text: str) -> None:
    assert detect(text) == ""


def test_names_in_latin_letters_do_not_make_a_russian_question_english() -> None:
    assert detect("Кто был основателем Oracle Corporation?") == "ru"


def test_a_long_text_is_judged_by_more_than_its_beginning() -> None:
    english_imprint = "All rights reserved. No part of this book may be reproduced in any form. " * 3
    french = "La Russie avait fermement condamné cette attaque, qualifiée d'agression par Moscou. " * 200
    assert detect(english_imprint + french) == "fr"


def test_nothing_is_printed_or_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    detect("Nothing to see here, and a text long enough to be cut into a sample. " * 100)
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


@given(st.text())
def test_any_text_gets_a_two_letter_code_or_none(text: str) -> None:
    assert len(detect(text)) in {0, 2}
    assert detect(text) == detect(text)


@pytest.mark.slow
@pytest.mark.parametrize("pack", ["xquad-mono", "french-fquad", "french-cnil", "french-spf"])
def test_questions_of_every_language_are_recognised(data: Path, pack: str) -> None:
    right, asked = Counter[str](), Counter[str]()
    for line in (data / "packs" / pack / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        language = question.get("lang", "fr")
        asked[language] += 1
        right[language] += detect(question["question"]) == language
    assert {
        language: right[language] / asked[language] for language in asked if right[language] < 0.98 * asked[language]
    } == {}
