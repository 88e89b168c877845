import pytest

from vectorstore.abroad import COMMON, TRANSLATED, TRANSLATED_LEAST, abroad, translated_terms

LONG = (
    "What did the government and the parliament decide about the agreement on working hours, holidays and wages of "
    "employees in hospitals, schools, factories and courts after the long strike of the teachers and nurses?"
)
LANGUAGES = ("fr", "de", "es", "ru", "ar", "zh", "it", "pt", "nl", "pl", "tr", "ja", "ko", "el", "ro", "vi", "hi", "th")


def all_rare(terms):
    """Every term is in some chunk, the longer and later in the alphabet the rarer."""
    return {leg: {term: 1.0 + len(term) + ord(term[-1]) / 1000 for term in of} for leg, of in terms.items()}


def none_known(terms):
    return {leg: dict.fromkeys(of, 0.0) for leg, of in terms.items()}


@pytest.mark.parametrize("count", [1, 2, 5, 13])
def test_a_long_question_asks_for_a_bounded_number_of_terms(count):
    put = abroad(LONG, "en", LANGUAGES[:count], all_rare)
    assert max(map(len, put.terms.values())) == put.size
    assert put.size <= COMMON + max(TRANSLATED, count * TRANSLATED_LEAST)


def test_every_language_has_its_share_of_the_terms():
    put = abroad(LONG, "en", LANGUAGES, all_rare)
    asked = {term for of in put.terms.values() for term in of}
    for language in LANGUAGES:
        own = {
            term
            for thing in translated_terms(LONG, "en", language)
            for name in thing
            for of in name.values()
            for term in of
        }
        assert len(own & asked) >= TRANSLATED_LEAST


def test_what_no_chunk_holds_is_not_asked_for_and_weighs_nothing():
    put = abroad(LONG, "en", LANGUAGES, none_known)
    assert not any(put.terms.values())
    assert set(put.masses.values()) == {0.0}


def test_a_language_without_a_dictionary_is_asked_for_names_and_cognates_alone():
    put = abroad("When did Putin visit Ankara?", "en", ["uk", "de"], all_rare)
    assert {"_put", "puti"} <= put.terms["grams"].keys()
    assert 0 < put.masses["uk"] < put.masses["de"]


def test_a_question_without_words_asks_for_nothing():
    put = abroad("?!", "en", ["de", "zh"], all_rare)
    assert put.size == 0
    assert put.masses == {"de": 0, "zh": 0}
