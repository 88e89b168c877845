"""HTML as its reader sees it."""

from __future__ import annotations

from pathlib import Path

from vectorstore.loaders import load
from vectorstore.types import Extract, Heading


def read(source: str, encoding: str = "utf-8") -> Extract:
    (extract,) = load(Path("a_page.html"), source.encode(encoding))
    return extract


def test_blocks_are_parted_and_headings_know_their_place() -> None:
    extract = read(
        "<html><head><title>The\n call</title><style>p {}</style><script>var a = '<h1>no</h1>'</script></head><body>"
        "<nav>Home</nav><h1>A <b>call</b></h1><p>They\nspoke   for<br>an hour.<!-- no --></p><h2></h2><h2>Then</h2>"
        "<ul><li>first<li>second</ul><p hidden>no</p></body></html>"
    )
    text = "A call\n\nThey spoke for\nan hour.\n\nThen\n\n- first\n- second"
    assert extract == Extract(
        text, "The call", "text/html", headings=(Heading(0, 1, "A call"), Heading(text.index("Then"), 2, "Then"))
    )


def test_a_table_s_row_is_a_line() -> None:
    source = (
        "<table><tr><th>City<th>People</tr><tr><td>Bonn</td><td>330,000<br>(2019)</td></tr></table><p>Source: census"
    )
    assert read(source).text == "City | People\nBonn | 330,000 (2019)\n\nSource: census"


def test_a_layout_table_reads_like_paragraphs() -> None:
    source = "<table><tr><td><p>Menu</p><p>Links</p></td><td><h2>News</h2><p>They spoke.</p></td></tr></table>"
    extract = read(source)
    assert extract.text == "Menu\n\nLinks\n\nNews\n\nThey spoke."
    assert extract.headings == (Heading(13, 2, "News"),)


def test_preformatted_text_keeps_its_lines() -> None:
    assert read("<pre>a\n  b</pre>").text == "a\n  b"


def test_the_declared_charset_is_used_and_latin_1_means_windows_1252() -> None:
    source = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>l’été – « oui »'
    assert read(source, "cp1252").text == "l’été – « oui »"


def test_without_a_title_the_heading_or_the_name_serves() -> None:
    assert read("<h1>Big</h1><p>text").title == "Big"
    assert read("<p>text").title == "a page"
