import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.citations import normalize
from assistant.composition import Composition
from assistant.context import context
from assistant.types import CitationFound, Delta, Rejected
from tests.assistant.library import CALL, SHOP, Reader, hits
from tests.assistant.test_labels import PIECES
from vectorstore.types import Span

PASSAGES = context(hits(CALL, SHOP), budget=4000).passages
CONDEMNED = "La Russie, appuyée par l’Iran, avait fermement condamné cette « agression »."


def compose(text: str, cuts: list[int] | None = None) -> tuple[Composition, list[Delta | CitationFound]]:
    composition = Composition(PASSAGES, Reader([CALL, SHOP]), known=["why did Russia condemn the “strike”?"])
    bounds = [0, *sorted(cut % (len(text) + 1) for cut in cuts or []), len(text)]
    events: list[Delta | CitationFound] = []
    for start, end in pairwise(bounds):
        events += composition.feed(text[start:end])
    events += composition.finish()
    return composition, events


def quotes(text: str) -> tuple[str, list[str]]:
    composition, _ = compose(text)
    return composition.text, [citation.quote for citation in composition.citations()]


def record(composition: Composition) -> tuple[object, ...]:
    return (
        composition.text,
        composition.citations(),
        composition.rejected,
        composition.quotations,
        composition.moved,
        composition.gave_up,
        composition.gaps,
    )


@given(PIECES, st.lists(st.integers(0, 10_000), max_size=30))
@settings(max_examples=60)
def test_streamed_and_unstreamed_compose_the_same(text, cuts):
    assert record(compose(text, cuts)[0]) == record(compose(text)[0])


@given(PIECES)
@settings(max_examples=60)
def test_the_deltas_are_the_text_and_the_markers_stand_where_they_say(text):
    composition, events = compose(text)
    assert "".join(event.text for event in events if isinstance(event, Delta)) == composition.text
    found = [event.citation.marker for event in events if isinstance(event, CitationFound)]
    assert found == [citation.marker for citation in composition.citations()] == list(range(1, len(found) + 1))
    for citation in composition.citations():
        held = {CALL.id: CALL, SHOP.id: SHOP}[citation.document.id]
        assert held.text[citation.start : citation.end] == citation.quote
        for start, end in citation.answer_spans:
            assert composition.text[start:end] == f"[{citation.marker}]"


@given(PIECES)
@settings(max_examples=60)
def test_nothing_a_renderer_could_follow_survives(text):
    shown = compose(text)[0].text
    assert not re.search(r"\]\(|\]:|!\[|://|<[a-zA-Z/!?]|www\.", shown, re.IGNORECASE)


def test_a_label_becomes_a_marker_and_its_sentence_a_quote():
    assert quotes("Russia condemned it as an “agression” [1.2].") == (
        "Russia condemned it as an “agression” [1].",
        [CONDEMNED],
    )


def test_neighbouring_sentences_are_one_quote_and_lists_are_several():
    assert quotes("All [1.2-3], both [2.1, 2.3].") == (
        "All [1], both [2][3].",
        [f"{CONDEMNED} La frappe avait eu lieu le 7 avril 2017.", "Refunds take 14 days.", "We never share your data."],
    )


def test_made_up_labels_are_rejected_and_leave_no_trace():
    composition, _ = compose("Free [2.9]. Russia [7] is big [1.1-5], [3.1] yes.")
    assert composition.text == "Free. Russia is big [1], yes."
    assert composition.rejected == [
        Rejected("2.9", "Free", "no_such_sentence"),
        Rejected("7", "Russia", "no_such_sentence"),
        Rejected("1.5", "is big", "no_such_sentence"),
        Rejected("3.1", ",", "no_such_sentence"),
    ]


def test_a_quotation_that_stands_nowhere_is_rejected():
    composition, _ = compose("He said “we will strike back” [1.2].")
    assert composition.rejected == [Rejected("", "we will strike back", "quotation_not_found")]
    assert [quotation.held for quotation in composition.quotations] == [False]


def test_a_quotation_of_another_passage_is_cited_to_where_it_stands():
    composition, _ = compose("They say “Shipping is free” [1.2].")
    assert [(citation.document.id, citation.quote) for citation in composition.citations()] == [
        (SHOP.id, "Shipping is free")
    ]
    assert composition.moved == 1


def test_a_quotation_without_a_label_is_cited_where_its_statement_ends():
    assert quotes("They say “Shipping is free”. And more.\nSo «fermement condamné»\nit was") == (
        "They say “Shipping is free”. [1] And more.\nSo «fermement condamné» [2]\nit was",
        ["Shipping is free", "fermement condamné"],
    )


def test_a_label_inside_a_quotation_counts_for_it():
    composition, _ = compose("“Shipping is free [2.2].”")
    assert composition.text == "“Shipping is free [1].”"
    assert [quotation.held for quotation in composition.quotations] == [True]


def test_words_of_the_question_may_stand_in_quotation_marks():
    composition, _ = compose("The “strike” took place in 2017 [1.3].")
    assert composition.rejected == []


def test_the_sentinel_first_is_no_answer_and_later_a_gap():
    first, _ = compose("**NOT_IN_DOCUMENTS** They speak of other things [1.1].")
    assert (first.gave_up, first.citations()) == (True, ())
    later, _ = compose("Shipping is free [2.2]. Costs: NOT_IN_DOCUMENTS.")
    assert (later.gave_up, later.gaps, later.text) == (False, True, "Shipping is free [1]. Costs:.")


def test_a_marker_cannot_become_a_link_or_an_image():
    assert quotes("[2.2]: x\nWow![2.1] [2.2](2017)")[0] == "[1] : x\nWow! [2] [1] (2017)"


def test_the_verification_says_how_the_quotation_was_found():
    composition, _ = compose("«AVAIT fermement condamné»")
    (citation,) = composition.citations()
    assert (citation.verification, citation.answer_spans) == ("normalized", (Span(27, 30),))
    assert normalize(citation.quote) == normalize("avait fermement condamné")
