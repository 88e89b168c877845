"""Other languages in rough English: what the model sees of them, and what that is good for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vectorstore
from vectorstore import glossing, minilm
from vectorstore.crosslingual import read_lines
from vectorstore.embeddings import Embedding, open_embedding
from vectorstore.glossing import LANGUAGES, gloss

ROOT = Path(vectorstore.__file__).parents[1]


def nothing(word: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("Wer zahlt die Reparatur der Heizung?", "de", "who pay the repair the radiator ?"),
        ("Почему Россия осудила удар?", "ru", "why Russia condemn strike ?"),
        ("لماذا أدانت روسيا الضربة؟", "ar", "why condemn Russia strike ?"),
        ("대한민국 헌법은 1948년에 제정되었다.", "ko", "South Korea constitution 1948 establish ."),
        ("保証期間は2年です。", "ja", "ensure time 2 year is ."),
        ("Γιατί η Ρωσία καταδίκασε την επίθεση;", "el", "why the Russia condemn the attack ?"),
        ("De ce a condamnat Rusia atacul?", "ro", "why sentenced Russia attack ?"),
        ("Tại sao Nga lên án cuộc tấn công?", "vi", "why Russia condemn attack ?"),
        ("รัฐบาลเยอรมนีประกาศว่าสงครามสิ้นสุดลงในปี 1945", "th", "government Germany announce that war end in year 1945"),
        ("रूस ने हमले की निंदा क्यों की?", "hi", "Russia attack of blame why of ?"),
    ],
)
def test_a_text_is_put_into_english_word_by_word(text, language, english):
    assert gloss(text, language, nothing) == english


def test_a_vietnamese_country_is_told_from_the_word_that_is_written_like_it():
    assert gloss("Đức và đạo đức", "vi", nothing) == "Germany and moral"
    assert gloss("the", "vi", {"the"}.__contains__) == ""  # a syllable, whatever English has


def test_names_and_numbers_stay_and_other_unknown_words_go_unless_the_model_knows_them():
    text = "Zolothurn betreibt 14 Blorke mit Hektik."
    assert gloss(text.replace("Blorke", "blorke"), "de", nothing) == "zolothurn exploit 14 with hektik ."
    assert gloss("la blorque de suffrage", "fr", {"suffrage"}.__contains__) == "the of suffrage"
    assert gloss("Умар встретил 3 человек", "ru", nothing).startswith("umar ")


@pytest.mark.parametrize("language", ["en", "", "sv", "xx"])
def test_a_text_in_a_language_without_a_dictionary_stays_as_it_is(language):
    assert gloss("Phở ở Hà Nội", language, nothing) == "Phở ở Hà Nội"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_accents_written_apart_from_their_letters_change_nothing(language):
    text = "Où était Épernay? Đường phố ở Hà Nội. Η Ρωσία καταδίκασε. În țară, señor. हमले की निंदा"
    assert gloss(normalize("NFD", text), language, nothing) == gloss(text, language, nothing)


@given(st.text(max_size=200), st.sampled_from(sorted(LANGUAGES)))
def test_any_text_has_a_gloss_in_ascii(text, language):
    assert gloss(text, language, nothing).isascii()


@pytest.mark.slow
def test_a_gloss_is_the_same_in_every_process():
    code = "from vectorstore.glossing import gloss; print(gloss(input(), 'fr', str.isalpha))"
    text = "Les soldats allemands de mai 1940, un lundi, à quinze degrés, coûtaient des dollars canadiens."
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=text,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        ).stdout
        for seed in "1234"
    }
    assert len(told) == 1


def test_every_line_of_the_glosses_has_a_place_for_every_language():
    header, *lines = (line.split(";") for line in read_lines("glosses.txt"))
    assert set(header) == {"en", *LANGUAGES}
    assert [line for line in lines if len(line) != len(header)] == []
    assert header == read_lines("lexicon.txt")[0].split(";")


def test_the_version_is_raised_with_the_data_files():
    """Vectors made of other glosses cannot be compared: when this fails, raise `glossing.VERSION` and note the sum."""
    data = "\n".join(line for name in ("lexicon.txt", "function_words.txt", "glosses.txt") for line in read_lines(name))
    assert (glossing.VERSION, crc32(data.encode())) == (1, 617127267)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Embedding:
    if minilm.find_weights() is None:
        pytest.skip(f"needs the weights: {minilm.INSTALL}")
    return open_embedding("minilm", cache=tmp_path_factory.mktemp("models"))


def test_a_question_is_near_the_sentence_that_answers_it_in_another_language(model):
    [question] = model(["Who pays for the repair of the heating?"], ["en"])
    repair, holiday = model(
        ["Les réparations du chauffage sont à la charge du propriétaire.", "Les vacances durent cinq semaines."],
        ["fr", "fr"],
    )
    [russian] = model(["Ремонт отопления оплачивает владелец."], ["ru"])
    assert question @ repair > 0.5 > question @ holiday
    assert question @ russian > 0.5


def test_texts_whose_language_is_not_told_are_embedded_as_they_are(model):
    [told], [untold] = model(["Russia"], ["en"]), model(["Russia"])
    assert (told == untold).all()
    [former] = model.formerly
    assert (former(["la Russie"], ["fr"]) == model(["la Russie"])).all()
    assert former.fingerprint != model.fingerprint
    assert model.made(former.fingerprint) == former
    assert model.made("other") is None
