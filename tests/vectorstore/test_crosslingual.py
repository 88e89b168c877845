import pytest

from vectorstore.crosslingual import _lines, content_words, translations
from vectorstore.ngrams import words
from vectorstore.skeleton import skeleton


@pytest.mark.parametrize(
    ("query", "language", "target", "names"),
    [
        ("the armies of Germany", "en", "fr", {"armée", "Allemagne"}),
        ("the German army", "en", "es", {"Alemania", "alemán", "ejército"}),
        ("В армии Франции", "ru", "en", {"army", "France"}),
        ("متى احتل الجيش الألماني فرنسا؟", "ar", "en", {"army", "France", "Germany"}),
        ("法国的总统是谁？", "zh", "en", {"France", "president"}),
        ("in May 2017", "en", "ru", {"мая"}),
        ("how many United States dollars", "en", "de", {"Vereinigte Staaten"}),
    ],
)
def test_a_question_is_put_into_other_words(query, language, target, names):
    assert names <= set(translations(query, language, target))


def test_an_unknown_language_has_no_names_and_keeps_all_words():
    assert translations("whatever", "xx", "fr") == []
    assert translations("", "en", "fr") == []
    assert content_words("Who is that?", "xx") == ["who", "is", "that"]


def test_every_line_of_the_lexicon_has_a_name_in_every_language():
    header, *rows = (line.split(";") for line in _lines("lexicon.txt"))
    assert [row for row in rows if len(row) != len(header) or not all(cell.strip() for cell in row)] == []


@pytest.mark.parametrize(
    "names",
    [
        ("Putin", "Poutine", "Путин"),
        ("Chicago", "Чикаго"),
        ("Moscow", "Moscou"),
        ("Madrid", "مدريد"),
    ],
)
def test_a_name_keeps_its_skeleton_across_scripts(names):
    first, *others = ({skeleton(word) for word in words(name)} for name in names)
    assert all(first == other for other in others)
