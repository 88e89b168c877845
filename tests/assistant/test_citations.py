from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assistant.citations import Found, Numbering, Quote, locate, normal, normalize, verify
from tests.assistant.library import CALL, SHOP, Reader, hits
from vectorstore.types import Document, Span

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PROSE = st.text('ab éß’"«» \n\u00a0–-\u00adﬁ中1', max_size=40)


def test_typography_does_not_part_a_quote_from_its_document():
    text = "La Russie a condamné « l’agression » – fermement."
    assert locate('"l\'agression" - fermement', text) == Found(23, 48, "normalized")
    assert locate("l’agression", text) == Found(23, 34, "exact")


def test_a_changed_word_is_not_found_however_long_the_rest():
    text = "Shipping is free of charge within all countries of the Union."
    assert locate("Shipping is free of charge within most countries of the Union.", text) is None


def test_a_quotation_is_not_found_inside_a_longer_word():
    assert locate("ran", "Iran condemned") is None
    assert locate("port", "a port, an airport") == Found(2, 6, "exact")
    assert locate("谴责", "俄罗斯谴责了袭击") == Found(3, 5, "exact")


def test_parts_around_an_ellipsis_must_follow_each_other():
    text = "We condemn this strike, in the strongest terms, and ask for a meeting."
    assert locate("We condemn … in the strongest terms", text) == Found(0, 46, "normalized")
    assert locate("in the strongest terms [...] We condemn", text) is None


def test_the_quoter_may_end_with_a_comma_of_his_own():
    assert locate("We condemn this,", "We condemn this strike") == Found(0, 15, "exact")


def test_a_quote_that_moved_by_one_sign_is_not_verified():
    assert verify(SHOP.text, 0, 21, "Refunds take 14 days.") == "exact"
    assert verify(SHOP.text, 1, 22, "Refunds take 14 days.") is None
    assert verify(SHOP.text, 0, 21, "REFUNDS take 14  days.") == "normalized"
    assert verify(SHOP.text, 0, 21, "Refunds take 15 days.") is None
    assert verify(SHOP.text, 0, 999, "Refunds take 14 days.") is None
    assert verify("–", 0, 1, "") is None


@given(PROSE | ANY_TEXT)
def test_normal_form_is_stable(text):
    assert normalize(normalize(text)) == normalize(text)


@given(PROSE | ANY_TEXT)
def test_every_sign_of_the_normal_form_knows_where_it_comes_from(text):
    form = normal(text)
    assert len(form.text) == len(form.origins)
    assert all(0 <= a.start <= b.start and a.end <= len(text) for a, b in pairwise(form.origins))
    for sign, origin in zip(form.text, form.origins, strict=True):
        if sign.isalnum():
            assert sign in normalize(text[origin.start : origin.end])


@given(PROSE, PROSE, PROSE)
def test_what_is_cut_out_of_a_text_is_located_in_it(before, middle, after):
    text = f"{before} {middle} {after}"
    found = locate(middle, text)
    if any(map(str.isalnum, middle)):
        assert found is not None
        assert normalize(middle.strip(" \n\t.,;:!?…")).strip('"- ') in normalize(text[found.start : found.end])
    else:
        assert found is None


def test_markers_are_numbered_in_order_and_a_stretch_keeps_its_number():
    _, shop = hits(CALL, SHOP)
    numbering = Numbering(Reader([CALL, SHOP]))
    refunds, shipping = Quote(shop, 0, 21), Quote(shop, 22, 39)
    firsts = [numbering.mark(refunds, 10), numbering.mark(shipping, 20)]
    assert [first.marker for first in firsts if first] == [1, 2]
    assert numbering.mark(refunds, 30) is None
    assert numbering.citations()[0].answer_spans == (Span(10, 13), Span(30, 33))
    assert [held.quote for held in numbering.citations()] == ["Refunds take 14 days.", "Shipping is free."]


def test_a_citation_knows_its_own_page_and_not_the_beginning_of_its_passage():
    paged = Document(SHOP.ref, SHOP.text, page_starts=(0, 22))
    citation = Numbering(Reader([paged])).mark(Quote(hits(paged)[0], 22, 39), 0)
    assert citation
    assert citation.page == 2


def test_a_document_that_is_gone_is_cited_from_its_passage():
    citation = Numbering(Reader([])).mark(Quote(hits(SHOP)[0], 22, 39), 0)
    assert citation
    assert (citation.quote, citation.start, citation.end) == ("Shipping is free.", 22, 39)
