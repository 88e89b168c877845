import pytest

from vectorstore.crosslingual import content_words, names, names_of_each, read_lines, translations
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
        ("Quanto dura la garanzia?", "it", "en", {"warranty", "guarantee"}),
        ("Quando posso rescindir o contrato?", "pt", "es", {"contrato"}),
        ("Hoe lang is de opzegtermijn?", "nl", "en", {"notice period"}),
        ("Jak długi jest okres wypowiedzenia?", "pl", "de", {"Kündigungsfrist"}),
        ("Yıllık izin kaç gün?", "tr", "en", {"annual leave"}),
        ("保証期間はどのくらいですか？", "ja", "en", {"warranty", "period"}),
        ("보증 기간은 얼마나 되나요?", "ko", "en", {"warranty", "period"}),
        ("대통령은 공격을 비난했다", "ko", "fr", {"président", "attaque", "condamner"}),
        ("보증기간에는", "ko", "en", {"warranty", "period"}),
        ("why did Russia condemn the strike?", "en", "ja", {"ロシア", "非難"}),
        ("Πόσο διαρκεί η εγγύηση;", "el", "en", {"warranty"}),
        ("În armata Franței", "ro", "en", {"army", "France"}),
        ("sfârșitul războiului", "ro", "en", {"war"}),
        ("anul", "ro", "en", {"year"}),
        ("Quân đội Pháp ở đâu?", "vi", "en", {"army", "France"}),
        ("why did Russia condemn the strike?", "en", "vi", {"Nga", "lên án"}),
        # Compounds, with and without something between their parts.
        ("Wohnungsmarkt", "de", "en", {"housing", "market"}),
        ("Sauerstoffmangel", "de", "fr", {"oxygène"}),
    ],
)
def test_a_question_is_put_into_other_words(query, language, target, names):
    assert names <= set(translations(query, language, target))


def test_what_is_too_long_for_a_word_is_not_taken_apart():
    assert translations("Sauerstoff" * 20_000 + "mangel", "de", "en") == []


def test_an_unknown_language_has_no_names_and_keeps_all_words():
    assert translations("whatever", "xx", "fr") == []
    assert translations("", "en", "fr") == []
    assert content_words("Who is that?", "xx") == ["who", "is", "that"]


def test_arabic_words_are_looked_up_by_their_letters():
    science, did_not = "ما هو العلم؟", "لم يكن"  # folded, both are "lm"
    assert "science" in translations(science, "ar", "en")
    assert "science" not in translations(did_not, "ar", "en")
    assert translations("مُؤتمَر", "ar", "en") == translations("مؤتمر", "ar", "en")


def test_vietnamese_countries_are_told_from_words_by_their_capital():
    assert "France" in translations("nước Pháp", "vi", "en")
    assert "France" not in translations("pháp luật và phương pháp", "vi", "en")


@pytest.mark.parametrize("text", ["من هو رئيس المؤتمر؟", "في سنة ٢٠١٧", "قهوة Café", "مستوى القرآن"])
def test_arabic_content_words_are_words_of_the_text(text):
    found = content_words(text, "ar")
    assert found
    assert set(found) <= set(words(text))


def test_each_thing_a_question_names_has_its_own_names():
    assert names_of_each("Russia and France", "en", "de") == [("Russland",), ("Frankreich",)]


def test_every_line_of_the_lexicon_has_a_name_in_every_language_but_thai_where_the_most_everyday_have():
    header, *rows = (line.split(";") for line in read_lines("lexicon.txt"))
    assert [row for row in rows if len(row) != len(header)] == []
    lacking = {language for row in rows for language, cell in zip(header, row, strict=True) if not cell.strip()}
    assert lacking <= {"th"}
    thai = header.index("th")
    assert all(row[thai] for row in rows[:2_951])
    lines_without = [number for number, row in enumerate(rows) if not row[thai]]
    assert [number for number in lines_without if names(f"word {number}", "th")] == []


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
