"""Question kinds and topics, in several languages."""

from __future__ import annotations

import pytest

from assistant.questions import Kind, question_kind, topic


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("In what country is Normandy?", "en", "where"),
        ("How cold does it get?", "en", "number"),
        ("Is it open on Sunday?", "en", "yesno"),
        ("The treaty is signed by whom?", "en", "who"),
        ("À quelle date la loi a-t-elle été votée ?", "fr", "when"),
        ("Warum verurteilte Russland den Angriff?", "de", "why"),
        ("¿Cuántos habitantes tiene?", "es", "number"),
        ("腾讯是哪一年成立的", "zh", "when"),
        ("这座教堂是在哪个世纪建成的？", "zh", "when"),
        ("这座教堂在哪？", "zh", "where"),
        ("他们在哪一场比赛中获胜？", "zh", "what"),
        ("这种动物被称为什么？", "zh", "what"),
        ("他为什么辞职？", "zh", "why"),
        ("Where is it?", "xx", "what"),
    ],
)
def test_the_question_word_tells_the_kind(question: str, language: str, kind: Kind) -> None:
    assert question_kind(question, language) == kind


def test_the_topic_is_what_remains_and_never_empty() -> None:
    assert topic("Pourquoi la Russie a-t-elle condamné l’attaque ?", "fr").split() == [
        "la",
        "Russie",
        "condamné",
        "l'attaque",
        "?",
    ]
    assert topic("Why?", "en") == "Why?"
