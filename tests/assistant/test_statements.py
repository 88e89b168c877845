from collections.abc import Sequence

from assistant.composition import Quotation
from assistant.statements import Finding, statements
from assistant.strictness import Checked, strict
from assistant.types import Citation, Passage, Statement
from tests.assistant.library import SHOP
from vectorstore.types import Span


def cited(text: str, marker: int = 1, quote: str = "Shipping is free.") -> Citation:
    """A citation whose markers stand where the text has them."""
    sign = f"[{marker}]"
    places = tuple(Span(at, at + len(sign)) for at in range(len(text)) if text.startswith(sign, at))
    start = SHOP.text.index(quote)
    passage = Passage(0, len(SHOP.text), SHOP.text)
    return Citation(marker, places, SHOP.ref, quote, start, start + len(quote), None, (), passage, "exact", 1.0)


def believe(statement: str, citations: Sequence[Citation], question: str) -> Finding:
    return Finding(True)


def doubt(statement: str, citations: Sequence[Citation], question: str) -> Finding:
    return Finding(False, ("1987",))


def split(text: str, *markers: int, supports=believe, quotations=()) -> list[tuple[str, tuple[int, ...], str]]:
    citations = [cited(text, marker) for marker in markers]
    found, _ = statements(text, citations, quotations, language="en", question="", supports=supports)
    return [(text[held.start : held.end], held.markers, held.support) for held in found]


def test_a_marker_belongs_to_the_statement_before_it_also_behind_the_full_stop():
    assert split("It is free [1]. It is quick. [2] It rains.", 1, 2) == [
        ("It is free [1].", (1,), "cited"),
        ("It is quick. [2]", (2,), "cited"),
        ("It rains.", (), "unsupported"),
    ]


def test_a_marker_at_the_beginning_of_a_line_belongs_to_what_follows():
    assert split("First.\n- [1] It is free.\n[2] It is quick.", 1, 2) == [
        ("First.", (), "unsupported"),
        ("- [1] It is free.", (1,), "cited"),
        ("[2] It is quick.", (2,), "cited"),
    ]


def test_headings_state_nothing_and_a_lead_in_rests_on_what_follows():
    assert split("# Shipping\n\nTwo things hold:\n- It is free [1].\n- It is quick [2].", 1, 2) == [
        ("Two things hold:", (1,), "cited"),
        ("- It is free [1].", (1,), "cited"),
        ("- It is quick [2].", (2,), "cited"),
    ]


def test_a_block_of_code_is_one_statement():
    assert [text for text, _, _ in split("So:\n```\na = 1. b = 2.\nc = 3\n```\n[1] is why.", 1)] == [
        "So:",
        "```\na = 1. b = 2.\nc = 3\n```",
        "[1] is why.",
    ]


def test_chinese_statements_keep_their_markers():
    assert split("运费免费[1]。退款需要十四天。[2]谢谢。", 1, 2)[:2] == [
        ("运费免费[1]。", (1,), "cited"),
        ("退款需要十四天。[2]", (2,), "cited"),
    ]


def test_words_that_stand_so_in_the_quote_are_quoted():
    assert split("**Shipping is free** [1].", 1, supports=doubt) == [("**Shipping is free** [1].", (1,), "quoted")]


def test_a_marker_does_not_help_what_its_quote_does_not_carry():
    text = "It was free in 1987 [1]."
    found, unfamiliar = statements(text, [cited(text)], [], language="en", question="", supports=doubt)
    assert [held.support for held in found] == ["unsupported"]
    assert unfamiliar == ("1987",)


def test_a_long_quotation_that_stands_nowhere_sinks_its_statement_and_a_turn_of_phrase_does_not():
    text = "They say “no refunds at all” [1]. They call it “fair” [1]."
    invented = Quotation(9, 28, "no refunds at all", False)
    phrase = Quotation(47, 53, "fair", False)
    assert [support for _, _, support in split(text, 1, quotations=[invented, phrase])] == ["unsupported", "cited"]


def test_a_statement_with_a_held_quotation_is_quoted():
    text = "They say “Shipping is free” [1]."
    assert split(text, 1, quotations=[Quotation(9, 27, "Shipping is free", True)])[0][2] == "quoted"


def test_strict_counts_markers_anew_and_keeps_headings():
    text = "# Costs\n\nIt rains [1]. It is free [2]. It is red.\n\n- It is quick [3][2]."
    citations = tuple(cited(text, marker) for marker in (1, 2, 3))
    found = tuple(
        Statement(text.index(part), text.index(part) + len(part), markers, support)
        for part, markers, support in [
            ("It rains [1].", (1,), "unsupported"),
            ("It is free [2].", (2,), "cited"),
            ("It is red.", (), "unsupported"),
            ("- It is quick [3][2].", (3, 2), "cited"),
        ]
    )
    left = strict(Checked(text, citations, found))
    assert left.text == "# Costs\n\nIt is free [1].\n\n- It is quick [2][1]."
    assert [(held.marker, held.answer_spans) for held in left.citations] == [
        (1, (Span(20, 23), Span(43, 46))),
        (2, (Span(40, 43),)),
    ]
    assert [left.text[held.start : held.end] for held in left.statements] == [
        "It is free [1].",
        "- It is quick [2][1].",
    ]
    assert [held.markers for held in left.statements] == [(1,), (2, 1)]
