import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.abroad import common_terms
from vectorstore.chunking import split
from vectorstore.language import detect
from vectorstore.lexical import Entry, LexicalIndex
from vectorstore.retrieve import Leg, Passage, Retriever, fuse, on_a_par, shared
from vectorstore.types import Document, DocumentRef, Filters, LegScore
from vectorstore.weighing import ACRONYM

ARTICLE = Path(__file__).parents[3] / "shared" / "data" / "article" / "entretien-poutine-trump.fr.txt"


class Shelf:
    """A retriever over a few entries; the model sees nothing unless it is given cosines."""

    def __init__(self, folder, entries, cosines=None, knows=frozenset({"en"})):
        self.entries = {entry.number: entry for entry in entries}
        self.lexical = LexicalIndex(folder)
        self.lexical.apply(entries, [], 1)
        self.retriever = Retriever(
            self.lexical,
            lambda texts: np.zeros((len(texts), 1), np.float32),
            lambda vector, limit, filters, documents: cosines or {},
            self.look_up,
            lambda numbers: {number: self.entries[number].language for number in numbers},
            knows,
        )

    def look_up(self, ids):
        known = (self.entries[id] for id in ids if id in self.entries)
        return {entry.number: Passage(entry.language, entry.text, entry.title) for entry in known}

    def found(self, query, limit=3, **options):
        return [ranked.number for ranked in self.retriever.search(query, limit, language=detect(query), **options)]


FR, WX, EN = 1, 2, 3
RUSSIA = Entry(FR, "fr", "fr", "La Russie a condamné cette attaque, la qualifiant d'agression.")
WEATHER = Entry(WX, "wx", "fr", "Il fera beau demain sur toute la côte, sauf à Brest.")
STRIKE = Entry(EN, "en", "en", "The strike at the factory lasted nine days and ended with a new contract.")


def test_a_chunk_carries_what_each_leg_said_of_it():
    ranked = fuse({"grams": Leg({7: 9.0, 8: 3.0}, {7: 1.0, 8: 0.4}), "dense": Leg({8: 0.9}, {8: 0.7})}, 2)
    assert [(one.number, one.legs) for one in ranked] == [
        (8, {"grams": LegScore(2, 3.0), "dense": LegScore(1, 0.9)}),
        (7, {"grams": LegScore(1, 9.0)}),
    ]


@given(scores=st.dictionaries(st.integers(0, 9), st.floats(0.001, 1e6)), weight=st.floats(0, 5))
def test_shares_keep_the_order_and_the_best_gets_the_weight(scores, weight):
    shares = shared(scores, weight)
    assert max(shares.values(), default=weight) == pytest.approx(weight)
    assert all(shares[a] <= shares[b] for a in scores for b in scores if scores[a] <= scores[b])


@given(
    st.dictionaries(st.integers(0, 9), st.tuples(st.floats(0.001, 10), st.sampled_from(["de", "zh", "ar"])), min_size=1)
)
def test_languages_come_on_a_par_and_keep_their_order(found):
    scores = {id: score for id, (score, _) in found.items()}
    spoken = {id: language for id, (_, language) in found.items()}
    lifted = on_a_par(scores, spoken)
    assert all(lifted[id] >= scores[id] * (1 - 1e-9) for id in scores)
    assert max(lifted.values()) == pytest.approx(max(scores.values()))
    assert all(
        lifted[a] <= lifted[b] for a in scores for b in scores if spoken[a] == spoken[b] and scores[a] <= scores[b]
    )


def test_an_acronym_weighs_more_across_languages_too():
    grams = common_terms("What is the mission of CITES?", "en")["grams"]
    assert (grams["cite"], grams["miss"]) == (ACRONYM, 1.0)


def test_a_question_finds_the_passage_in_another_language(tmp_path):
    shelf = Shelf(tmp_path, [RUSSIA, WEATHER, STRIKE])
    assert shelf.found("why did Russia condemn the attack?")[0] == FR
    assert shelf.found("Почему Россия осудила нападение?")[0] == FR


def test_a_question_finds_the_passage_in_its_own_language_first(tmp_path):
    shelf = Shelf(tmp_path, [RUSSIA, WEATHER, STRIKE])
    assert shelf.found("how long did the strike at the factory last?")[0] == EN


def test_how_a_question_is_written_gives_the_order_beside_other_languages_too(tmp_path):
    # Arabic folds "علم" (knowledge) and "لم" (did not) to the same letters.
    texts = ["لم يصل أحد.", "هو علم واسع."]
    arabic = [Entry(number, str(number), "ar", text) for number, text in enumerate(texts, start=7)]
    assert Shelf(tmp_path, [*arabic, STRIKE]).found("ما هو علم النفس؟")[0] == 8


def test_a_model_that_does_not_know_the_language_hardly_counts(tmp_path):
    entries = [RUSSIA, WEATHER]
    knowing = Shelf(tmp_path / "a", entries, {WX: 0.6, FR: 0.1}, knows=frozenset({"fr"}))
    foreign = Shelf(tmp_path / "b", entries, {WX: 0.6, FR: 0.1}, knows=frozenset({"en"}))
    query = "Qui a condamné l'attaque ?"
    assert (knowing.found(query)[0], foreign.found(query)[0]) == (WX, FR)


def test_a_document_that_the_best_passage_names_is_brought_along(tmp_path):
    shelf = Shelf(
        tmp_path,
        [
            Entry(1, "1", "en", "Ann Lee's first novel was published by Two Moons Press.", "Ann Lee"),
            Entry(2, "2", "en", "A house for small books, run from a barn in Ohio.", "Two Moons Press"),
            *(Entry(n, f"x{n}", "en", f"The publisher of novel {n} is based in town {n}.") for n in range(3, 12)),
        ],
    )
    assert 2 in shelf.found("Where is the publisher of Ann Lee's first novel based?", limit=3)


def test_filters_hold_for_every_leg(tmp_path):
    shelf = Shelf(tmp_path, [RUSSIA, WEATHER, STRIKE])
    filters = Filters(languages=frozenset({"fr"}))
    assert set(shelf.found("strike Russia factory", filters=filters)) <= {FR, WX}
    assert shelf.found("strike Russia", documents=["en"]) == [EN]
    assert shelf.found("strike Russia", documents=[]) == []


def test_what_the_catalog_forgot_is_not_ranked(tmp_path):
    shelf = Shelf(tmp_path, [RUSSIA, WEATHER])
    del shelf.entries[FR]
    assert FR not in shelf.found("La Russie a condamné cette attaque")


@pytest.mark.parametrize("query", ["", "😀", "?!", " ", "42"])
def test_a_question_that_says_nothing_finds_nothing(tmp_path, query):
    assert Shelf(tmp_path, [RUSSIA, STRIKE]).found(query) == []


@pytest.mark.parametrize(
    "question",
    [
        "why did Russia condemn the strike?",
        "Warum hat Russland den Angriff verurteilt?",
        "¿Por qué condenó Rusia el ataque?",
        "pourquoi la Russie a-t-elle condamné l'attaque ?",
    ],
)
@pytest.mark.parametrize("company", ["alone", "among English documents"])
def test_the_condemnation_is_found_in_the_french_article(tmp_path, question, company):
    if not ARTICLE.exists():
        pytest.skip(f"{ARTICLE} is not there")
    ref = DocumentRef("article", "entretien-poutine-trump.fr.txt", "", "text/plain", "fr", "")
    chunks = split(Document(ref, ARTICLE.read_text(encoding="utf-8")))
    entries = [
        Entry(number, "article", "fr", chunk.indexed_text(ref.title), ref.title) for number, chunk in enumerate(chunks)
    ]
    if company != "alone":
        lines = (ARTICLE.parents[1] / "packs" / "squad2" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines[:150]]
        entries += [
            Entry(number, line["id"], "en", line["text"], line["title"])
            for number, line in enumerate(records, start=len(entries))
        ]
    shelf = Shelf(tmp_path, entries)
    best = shelf.entries[shelf.found(question)[0]]
    assert "la Russie, appuyée par l'Iran, avait fermement condamné cette attaque" in best.text
