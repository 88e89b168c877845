"""Sentence borders, and the lines they respect."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.sentences import LONGEST, LONGEST_CLAUSES, sentences


def split(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", ["M. Dupont est arrivé.", "Mme. Curie et MM. Durand l'attendaient.", "Voir p. 5."]),
        ("en", ["Mr. Smith went to Washington, D.C. in Jan. 2017.", "He left at 5 p.m. on Friday."]),
        ("en", ["J. R. R. Tolkien wrote it.", "PepsiCo, Inc. held its meeting.", "See No. 5 of Fig. 3."]),
        ("de", ["Am 3. Mai kam Prof. Dr. Müller.", "Er sagte z. B. nichts.", "Das ist Nr. 5."]),
        ("ru", ["А. С. Пушкин родился в 1799 г. в Москве.", "Он ушёл."]),
        ("es", ["El Sr. García llegó.", "¿Quién es?", "¡Hola!"]),
        ("fr", ["« Vraiment ? » demanda-t-il.", "Il dit «Oui.»", "Puis il partit."]),
        ("en", ["She said: “It is late.”", "(He agreed.)", "They left [1].", "Nobody followed.[2]"]),
        ("hi", ["यह एक वाक्य है।", "क्या यह दूसरा है?", "हाँ।"]),
        ("ar", ["هل هذا صحيح؟", "نعم.", "هذا جيد، أليس كذلك؟"]),
        ("en", ["An astral sign 😀 moves nothing.", "The next 🎉 one neither."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(language: str, expected: list[str]) -> None:
    assert split(" ".join(expected), language) == expected


@pytest.mark.parametrize(
    "expected", [["今天是星期一。", "真的吗？", "他说：“你好。”", "然后走了。"], ["本当？", "はい！", "行こう。"]]
)
def test_chinese_and_japanese_need_no_blanks(expected: list[str]) -> None:
    assert split("".join(expected), "zh") == expected


def test_a_wrapped_line_does_not_end_a_sentence() -> None:
    text = "The two presidents agreed to\ncontinue their talks, said a\nspokesman. A meeting\nis planned for July."
    assert split(text) == [
        "The two presidents agreed to\ncontinue their talks, said a\nspokesman.",
        "A meeting\nis planned for July.",
    ]


def test_a_line_that_is_a_paragraph_ends_a_sentence_even_without_a_full_stop() -> None:
    text = (
        "Ce serait la première rencontre entre les deux présidents depuis l'arrivée du nouveau à la Maison Blanche.\n"
        "Le dernier espoir pour un rapprochement\n"
        "Tout au long de la course, il n'a eu de cesse de répéter que la normalisation était une priorité "
        "pour Washington, après des années de tensions sous l'administration précédente."
    )
    assert split(text, "fr") == text.split("\n")


def test_headings_items_and_rows_stand_alone() -> None:
    rows = "Total revenue $ 17,606 15,785\nGross profit 15,441 13,920\na | b | c"
    text = "# Results\nRevenue grew\n- in Europe\n- in Asia\n" + rows
    assert split(text) == text.split("\n")


def test_a_blank_line_always_divides() -> None:
    assert split("Contents\n\nforeword\n \nchapter one") == ["Contents", "foreword", "chapter one"]


def test_thai_clauses_are_gathered_into_readable_pieces() -> None:
    text = "ชาวนอร์มันบางคนเข้าร่วมกับกองกำลังชาวเติร์ก " * 40
    pieces = split(text, "th")
    assert max(map(len, pieces)) <= LONGEST_CLAUSES
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_an_overlong_sentence_is_cut_at_semicolons() -> None:
    text = "; ".join(["one more condition of the contract that nobody will ever read"] * 30) + "."
    assert all(len(piece) <= LONGEST for piece in split(text))


@pytest.mark.parametrize("text", ["word " * 40_000, "x" * 200_000, "(“" * 60_000, "Mr. " * 40_000, "ก " * 60_000])
@pytest.mark.slow
def test_strange_text_takes_linear_time(text: str) -> None:
    def took(piece: str) -> float:
        begun = time.process_time()
        sentences(piece, "th" if "ก" in piece else "en")
        return time.process_time() - begun

    took(text[:1000])
    assert took(text) < 8 * took(text[: len(text) // 4]) + 0.2


_SIGNS = st.sampled_from(
    [*list("aB c. M.\n\n\t!?;:«»“”()[]0123456789-•|#。！؟।ก😀é"), ". ", "\n\n", "Mr. ", " | ", "12. "]
)


@given(
    st.lists(st.one_of(_SIGNS, st.text(max_size=8))).map("".join), st.sampled_from(["en", "fr", "th", "zh", "", "xx"])
)
def test_spans_are_disjoint_trimmed_and_leave_out_nothing_but_white_space(text: str, language: str) -> None:
    spans = sentences(text, language)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()
