"""Answers compared in every language."""

from __future__ import annotations

import pytest

from assistant.evaluation import text


@pytest.mark.parametrize(
    ("answer", "gold", "language", "held"),
    [
        ("They met in Hamburg.", "hamburg", "en", True),
        ("The Kremlin’s statement", "Kremlin's statement", "en", True),
        ("in the year 1912", "12", "en", False),
        ("12, or 1912", "12", "en", True),
        ("I do not know", "no", "en", False),
        ("No.", "no", "en", True),
        ("les 7 et 8 juillet à Hambourg", "à Hambourg", "fr", True),
        ("d’une «coordination des actions»", "coordination des actions", "fr", True),
        ("in Hamburgs Rathaus", "Hamburg", "de", True),
        ("der Bundestag", "Der Bundestag", "de", True),
        ("la Cámara de los Comunes", "Cámara de los comunes", "es", True),
        ("口径105センチの反射望遠鏡です。", "105センチ", "ja", True),
        ("俄罗斯谴责了这次袭击。", "俄罗斯", "zh", True),
        ("俄国谴责了这次袭击。", "俄罗斯", "zh", False),
        ("ในกรุงเทพมหานคร", "กรุงเทพ", "th", True),
        ("في عام ١٩١٢", "1912", "ar", True),
        ("Ολλανδία και Βέλγιο", "Βέλγιο", "el", True),
        ("anything", "...", "en", False),
    ],
)
def test_contains(answer: str, gold: str, language: str, held: bool):
    assert text.contains(answer, [gold], language) is held


def test_f1_takes_the_best_gold_and_leaves_articles_out():
    assert text.f1("the red house", ["a house", "red house"], "en") == 1.0
    assert text.f1("东京都", ["东京"], "zh") == pytest.approx(0.8)
    assert text.f1("กรุงเทพ", ["กรุงเทพ"], "th") == 1.0
    assert text.f1("", ["x"]) == 0.0


def test_an_answer_of_articles_alone_still_has_words():
    assert text.tokens("The Who", "en") == ["who"]
    assert text.tokens("the", "en") == ["the"]


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        ("“Refunds take 14 days.” [1]", None),
        ("Russia condemned it as an “agression” [1].", "Russia condemned it as an  ."),
        ("文档中没有这个问题的答案。", "文档中没有这个问题的答案。"),
        ("Yes.", None),
        ("„Zitat auf Deutsch“ und »noch eines«, »und ein drittes«", None),
    ],
)
def test_an_answers_own_words_are_what_stands_outside_quotation_marks(answer: str, own: str | None):
    assert text.own_words(answer) == own
