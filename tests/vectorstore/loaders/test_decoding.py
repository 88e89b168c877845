"""Any encoding, and no sign that storage would refuse."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.errors import UnreadableFileError
from vectorstore.loaders.decoding import clean, decode

FRENCH = "La Russie, appuyée par l'Iran, avait fermement condamné cette attaque, la qualifiant d'« agression ».\n"
TURKISH = (
    "Rusya'nın saldırıyı şiddetle kınadığı ve görüşmelerin süreceği açıklandı. İki ülke arasında yeni bir görüşme.\n"
)
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy. Včera jsem byl v Praze a viděl jsem řeku, která teče městem.\n"
RUSSIAN = "Россия при поддержке Ирана решительно осудила этот удар, назвав его агрессией против Сирии.\n"
JAPANESE = "ロシアはイランの支持を受けて、この攻撃を侵略と呼び、強く非難した。会談は七月に予定されている。\n"
CHINESE = "俄罗斯在伊朗的支持下强烈谴责这次袭击，称其为侵略行为。两国元首计划于七月举行会晤。\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (FRENCH, "latin-1"),
        (TURKISH, "cp1254"),
        (CZECH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (CHINESE, "gb18030"),
        (CHINESE, "big5"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (FRENCH, "utf-32-le"),
        (RUSSIAN, "utf-16-le"),
        ("Ein Wort: können.\n", "latin-1"),
    ],
)
def test_an_unmarked_encoding_is_recognised(text: str, encoding: str) -> None:
    if encoding == "big5":
        text = "俄羅斯在伊朗的支持下強烈譴責這次襲擊，稱其為侵略行為。兩國元首計劃於七月舉行會晤。\n"
    assert decode(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_not_kept(mark: bytes, encoding: str) -> None:
    assert decode(mark + CHINESE.encode(encoding), "a.txt").text == CHINESE


def test_stray_bytes_in_utf_8_are_replaced_and_counted() -> None:
    decoded = decode((FRENCH * 3).encode() + b"\xff end \xfe", "a.txt")
    assert decoded.text == FRENCH * 3 + "\ufffd end \ufffd"
    assert decoded.warnings == ("2 places that are not valid UTF-8: shown as \ufffd",)


def test_a_stray_nul_does_not_make_a_text_binary() -> None:
    assert decode(FRENCH.encode() + b"and\0 so on" + FRENCH.encode(), "a.txt").text == f"{FRENCH}and so on{FRENCH}"


@pytest.mark.parametrize("data", [bytes(4096), b"\x01\x02\x03\x04" * 50, b"\xfe\x03\x17\x99\x00\x10" * 100])
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"^a\.txt is not text") as caught:
        decode(data, "a.txt")
    assert caught.value.reason == "unsupported"


def test_every_line_break_is_a_line_feed() -> None:
    assert clean("a\r\nb\rc\nd") == "a\nb\nc\nd"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")))
def test_utf_8_comes_back_unchanged_but_for_line_breaks(text: str) -> None:
    try:
        decoded = decode(text.encode("utf-8"), "a.txt")
    except UnreadableFileError:
        return
    assert decoded.text == clean(text)
