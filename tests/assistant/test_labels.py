import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.labels import NOT_IN_DOCUMENTS, Labels, Scanner, Sentinel, Words, parse_labels

PIECES = st.lists(
    st.sampled_from(
        [
            "Russia ",
            "condemned it ",
            "[1.2]",
            "【2.3】",
            "［1.1-3］",
            "[1.2, 2.3]",
            "[9.9]",
            "[2]",
            "[sic]",
            "[",
            "]",
            "(",
            ")",
            "![x](http://evil.example/?q=1)",
            "[a](b)",
            '[a](b "c")',
            "https://user@evil.example/p?q#f",
            "www.x.org",
            "http:",
            "//",
            "`",
            "```",
            "`[1.1]`",
            "\n",
            "\n\n",
            "<img src=x>",
            "<b>",
            "<",
            "a<b",
            ">",
            NOT_IN_DOCUMENTS,
            "NOT_IN",
            "_DOC",
            "“",
            "”",
            "«",
            "»",
            '"',
            ".",
            "!",
            ":",
            "\u200b",
            "\u202e",
            "\x1b[31m",
            "中文。",
            "ht",
            "tp",
            "ww",
            "w.",
            "\\_",
            "data:",
        ]
    )
    | st.text(max_size=5),
    max_size=25,
).map("".join)


def read(text: str, cuts: list[int] | None = None) -> list[object]:
    """The tokens, neighbouring words joined."""
    scanner, tokens = Scanner(), []
    bounds = [0, *sorted(cut % (len(text) + 1) for cut in cuts or []), len(text)]
    for start, end in pairwise(bounds):
        tokens += scanner.feed(text[start:end])
    tokens += scanner.finish()
    joined: list[object] = []
    for token in tokens:
        if isinstance(token, Words) and joined and isinstance(joined[-1], Words) and joined[-1].code == token.code:
            joined[-1] = Words(joined[-1].text + token.text, token.code)
        else:
            joined.append(token)
    return joined


def words(text: str) -> str:
    return "".join(token.text for token in read(text) if isinstance(token, Words))


@given(PIECES, st.lists(st.integers(0, 10_000), max_size=30))
@settings(max_examples=100)
def test_the_pieces_do_not_change_what_is_read(text, cuts):
    assert read(text, cuts) == read(text)


@given(PIECES)
@settings(max_examples=60)
def test_sign_by_sign_is_the_same_as_at_once(text):
    assert read(text, list(range(len(text)))) == read(text)


def test_labels_of_every_form_are_read():
    assert read("a [1.2]【2.3】［1.1-3］[1.2, 2.3][2.1–2.4][^3.1]【4.1†source】") == [
        Words("a "),
        *(
            Labels(parse_labels(content), raw)
            for content, raw in [
                ("1.2", "[1.2]"),
                ("2.3", "【2.3】"),
                ("1.1-3", "［1.1-3］"),
                ("1.2, 2.3", "[1.2, 2.3]"),
                ("2.1-4", "[2.1–2.4]"),
                ("3.1", "[^3.1]"),
                ("4.1", "【4.1†source】"),
            ]
        ),
    ]


def test_brackets_that_are_no_labels_stay():
    assert words("as he said [sic] in [1999], p in [0.5, 1.2]") == "as he said [sic] in [1999], p in [0.5, 1.2]"


def test_a_label_in_code_is_code_and_a_label_in_backticks_is_a_label():
    assert words("```\nx = [1.2]\n```") == "```\nx = [1.2]\n```"
    assert read("so `[1.2]`.") == [Words("so "), Labels(parse_labels("1.2"), "[1.2]"), Words(".")]


def test_an_open_backtick_does_not_swallow_the_labels_of_the_next_line():
    assert any(isinstance(token, Labels) for token in read("a ` b\nc [1.2]"))


def test_links_keep_their_words_and_images_go():
    assert (
        words("see [the site](https://evil.example/?leak=1 'x') ![pixel](http://evil.example/p.png)!")
        == "see the site !"
    )
    assert words("[1.2](https://evil.example)") == ""
    assert words("[https://evil.example/a?b](https://evil.example)") == "evil.example/a"


def test_an_image_whose_address_stands_elsewhere_goes_too():
    assert words("a ![logo][pixel] b") == "a  b"
    assert read("yes![1.1][1.2]")[1:] == [Labels(parse_labels("1.1"), "[1.1]"), Labels(parse_labels("1.2"), "[1.2]")]


def test_addresses_are_shown_without_scheme_and_query():
    assert words("at https://www.cnil.fr/plaintes?x=1, or <https://a.org>.") == "at cnil.fr/plaintes, or a.org."


def test_tags_go_and_comparisons_stay():
    assert words("<img src=x onerror=alert(1)>a<b and c> d</div><!-- x -->") == "a<b and c> d"


def test_the_sentinel_is_found_anywhere_and_escaped():
    assert read("NOT_IN_DOCUMENTS") == [Sentinel()]
    assert read("x NOT\\_IN\\_DOCUMENTS y") == [Words("x "), Sentinel(), Words(" y")]


def test_text_is_passed_on_at_once():
    scanner = Scanner()
    assert list(scanner.feed("Russia condemned the str")) == [Words("Russia condemned the str")]
    assert list(scanner.feed("ike [2")) == [Words("ike ")]
    assert list(scanner.feed(".3]")) == [Labels(parse_labels("2.3"), "[2.3]")]


def test_what_never_ends_is_not_held_for_ever():
    for opening in ("[", "![a](", "[a](", "<a ", "https://", "`[", "```", "`" * 50, "(" * 3):
        scanner = Scanner()
        length = sum(len(token.text) for token in scanner.feed(opening + "x" * 10_000) if isinstance(token, Words))
        assert length > 7_000


@given(PIECES)
@settings(max_examples=60)
def test_no_control_sign_comes_through(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u200b]", words(text))
