import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.lexical import Entry, LexicalIndex
from vectorstore.ngrams import phrases, pieces, words, written_words
from vectorstore.retrieve import FUNCTION, blended
from vectorstore.weighing import (
    ACRONYM,
    ENDING,
    NUMBER,
    acronyms,
    weighed_grams,
    weighed_letters,
    weighed_phrases,
    weighed_words,
)


@pytest.mark.parametrize(
    ("question", "language", "less"),
    [
        ("Where was the king born?", "en", {"where", "was", "the"}),
        ("Où habite le roi ?", "fr", {"ou", "le"}),
        ("Kral nerede doğdu?", "tr", {"nerede"}),
        ("Πού γεννήθηκε ο βασιλιάς;", "el", {"poy", "o"}),
        ("Unde s-a născut regele?", "ro", {"unde", "a"}),
        ("Где родился король?", "ru", {"gde"}),
        ("أين ولد الملك؟", "ar", {"yn"}),
    ],
)
def test_words_that_build_the_question_weigh_less_than_its_subject(question, language, less):
    weights = weighed_words(question, language, 0.5)
    assert {word for word, weight in weights.items() if weight == 0.5} == less
    assert set(weights.values()) == {0.5, 1.0}


def test_acronyms_and_numbers_weigh_more():
    assert weighed_words("fichier FNAEG 2017", "fr", 0.5) == {
        "fichier": 1.0,
        "fnaeg": ACRONYM,
        "2017": NUMBER,
    }


def test_a_question_typed_in_capitals_has_no_acronyms():
    assert acronyms("QUI PEUT CONSULTER LE FNAEG ?") == set()


def test_an_acronym_finds_its_passage_beside_one_that_shares_the_words_around_it(tmp_path):
    shared = Entry(1, "a", "fr", "Le fichier national des empreintes digitales : qui peut le consulter, et comment.")
    named = Entry(2, "b", "fr", "Le FNAEG est réservé aux agents de la police.")
    others = [Entry(number, f"x{number}", "fr", f"Une autre page, la page {number}.") for number in range(3, 20)]
    index = LexicalIndex(tmp_path)
    index.apply([shared, named, *others], [], 1)
    question = "FNAEG (fichier national) : qui peut le consulter ?"
    weights = weighed_words(question, "fr", FUNCTION)
    terms = {"grams": weighed_grams(weights), "words": weighed_phrases(question, weights)}
    unweighed = {"grams": dict.fromkeys(terms["grams"], 1.0)}
    scores, before = index.search_terms(terms, 2), index.search_terms(unweighed, 2)
    assert scores[2] / scores[1] > before[2] / before[1]


@given(st.text(), st.sampled_from(["", "en", "fr", "tr", "ar", "xx"]))
def test_every_word_of_a_question_keeps_some_weight(question, language):
    weights = weighed_words(question, language, 0.5)
    assert set(words(question)) <= set(weights)
    assert all(0.5 <= weight <= ACRONYM for weight in weights.values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("большой объект", "bolshoy obekt"),  # soft and hard signs are no breaks
        ("Hawai‘i l'été d’été", "hawai i l ete d ete"),
        ("القمر والقمر بالقمر للقمر وللقمر", "qmr qmr qmr qmr qmr"),
        ("ألم الله", "lm llh"),  # what is left must be a word still
        ("جامعة", "jmh"),
    ],
)
def test_folding_keeps_words_whole_and_takes_off_the_arabic_article(text, found):
    assert words(text) == found.split()


def test_endings_weigh_less_unless_another_word_begins_so():
    alone = weighed_grams({"consultation": 1.0})
    assert (alone["_con"], alone["sult"], alone["tion"]) == (1.0, ENDING, ENDING)
    assert weighed_grams({"consultation": 1.0, "tion": 1.0})["tion"] == 1.0


@given(st.dictionaries(st.text("abcd0", min_size=1, max_size=12), st.floats(0.1, 2)))
def test_every_gram_of_weighed_words_keeps_some_weight(weights):
    grams = weighed_grams(weights)
    assert set(grams) == {gram for word in weights for gram in pieces(word)}
    assert all(ENDING * min(weights.values()) <= weight <= max(weights.values()) for weight in grams.values())


@given(st.text(), st.sampled_from(["", "en", "fr", "zh"]))
def test_a_question_is_cut_into_the_phrases_of_a_text(question, language):
    weights = weighed_words(question, language, 0.5)
    assert set(weighed_phrases(question, weights)) == set(phrases(question))


@pytest.mark.parametrize(
    ("question", "language"),
    [("Qui peut consulter ce registre ?", "fr"), ("Kütüphanelerimizin bütçesi", "tr")],
)
def test_another_form_of_a_word_is_found_by_its_stem(tmp_path, question, language):
    texts = ["La consultation du registre est réservée.", "Kütüphaneye bütçe ayrıldı.", "Other words altogether."]
    index = LexicalIndex(tmp_path)
    index.apply([Entry(number, str(number), language, text) for number, text in enumerate(texts, start=1)], [], 1)
    terms = {"words": weighed_phrases(question, weighed_words(question, language, FUNCTION))}
    assert list(index.search_terms(terms, 3)) == [1 if language == "fr" else 2]


@pytest.mark.parametrize(
    ("question", "language", "texts"),
    [
        ("đường ở đâu", "vi", ["Dưỡng bệnh, dương lịch, đương thời.", "Con đường này."]),
        ("علم", "ar", ["لم يصل أحد.", "هو علم واسع."]),
        ("टीका", "hi", ["तीका और तीखा।", "एक टीका।"]),  # a retroflex t, and a dental one
    ],
)
def test_words_that_fold_to_the_same_are_told_apart_as_they_are_written(tmp_path, question, language, texts):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(number, str(number), language, text) for number, text in enumerate(texts, start=1)], [], 1)
    weights = weighed_words(question, language, FUNCTION)
    folded, letters = weighed_grams(weights), weighed_letters(question, language, weights)
    assert next(iter(index.search_terms(blended(folded, letters), 2))) == 2


def test_a_question_typed_without_tones_still_finds_its_passage(tmp_path):
    index = LexicalIndex(tmp_path)
    index.apply([Entry(1, "a", "vi", "Thành phố cổ ở Hội An."), Entry(2, "b", "vi", "Con đường này.")], [], 1)
    weights = weighed_words("thanh pho co", "vi", FUNCTION)
    letters = weighed_letters("thanh pho co", "vi", weights)
    assert list(index.search_terms(blended(weighed_grams(weights), letters), 2)) == [1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Người Việt, 1975", ["người", "việt", "1975"]),
        ("Vie\u0323\u0302t", ["việt"]),  # each mark written apart from its letter
        ("العُلماء والجامعة", ["علماء", "جامعه"]),
        ("हिन्दी में।", ["हिन्दी", "में"]),
        ("L'été à Kraków, Ελλάδα, Москва, 东京", []),
    ],
)
def test_words_are_kept_as_written_where_folding_merges_letters(text, found):
    assert written_words(text) == found


@given(st.text(alphabet=st.characters(max_codepoint=0x1FFF)), st.sampled_from(["vi", "ar", "hi"]))
def test_letters_weigh_as_much_as_the_words_they_are_of(question, language):
    letters = weighed_letters(question, language, weighed_words(question, language, FUNCTION))
    assert all(FUNCTION * ENDING <= weight <= ACRONYM for weight in letters.values())
