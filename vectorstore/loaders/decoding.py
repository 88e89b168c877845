"""Bytes to text: whatever encoding, never a NUL, never a lone surrogate, line breaks always ``\\n``."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from vectorstore.errors import UnreadableFileError
from vectorstore.language import detect

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL_BYTES = bytes({*range(0x20)} - {*b"\t\n\v\f\r\x1b"})
_MOST_CONTROLS = 0.01
_PAGES = {
    "cp1250": frozenset({"cs", "sk", "pl", "hu", "ro", "sl", "hr", "bs", "sq"}),
    "cp1254": frozenset({"tr", "az"}),
    "cp1257": frozenset({"lt", "lv", "et"}),
    "cp1258": frozenset({"vi"}),
}
_LOOKED_AT = 100_000  # bytes or code points that decide what a file is
_WORDS_WITH_HIGH = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_CP1252_IN_WORDS = frozenset("ŠŒŽšœžŸªº’") | {chr(code) for code in range(0xC0, 0x100)} - set("×÷")
_CP1252_BESIDE_WORDS = frozenset("€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™› ¡¢£¤¥¦§¨©«¬®¯°±²³´µ¶·¸¹»¼½¾¿")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text ready to be stored, and what the user should know about how it was read."""

    text: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, name: str, *, declared: str | None = None) -> Decoded:
    """Decode by byte-order mark, then ``declared``, UTF-8, UTF-16 without a mark, and at last by likelihood.

    UTF-8 with a few bad bytes stays UTF-8, and a warning counts them. Binary data is refused as "unsupported".
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], encoding)
    if declared and (text := _try(data, declared)) is not None and "\0" not in text:
        return Decoded(clean(text))
    if b"\0" in data[:_LOOKED_AT]:
        return Decoded(clean(_utf_16(data, name)))
    if (text := _try(data, "utf-8")) is not None:
        _refuse_controls(data, name)
        return Decoded(clean(text))
    _refuse_controls(data, name)
    if _mostly_utf_8(data):
        return _lossy(data, "utf-8")
    if _looks_latin(data):
        return _lossy(data, _latin_page(data))
    return _most_likely(data, name)


def clean(text: str) -> str:
    """The text as it may be stored: ``\\r\\n`` and ``\\r`` become ``\\n``, NULs go, lone surrogates become U+FFFD."""
    return storable(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))


def storable(text: str) -> str:
    """The text without what no storage takes: NULs go, lone surrogates become U+FFFD."""
    return _SURROGATE.sub("\ufffd", text.replace("\0", ""))


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, ValueError):  # ValueError: codecs that are not text, such as "hex"
        return None


def _lossy(data: bytes, encoding: str) -> Decoded:
    """Decode, replacing what does not fit and saying how much that was."""
    if (text := _try(data, encoding)) is not None:
        return Decoded(clean(text))
    text = data.decode(encoding, errors="replace")
    meant = data.count("\ufffd".encode(encoding)) if encoding.startswith("utf") else 0
    bad = text.count("\ufffd") - meant
    places = "1 place that is" if bad == 1 else f"{bad} places that are"
    return Decoded(clean(text), (f"{places} not valid {encoding.upper()}: shown as \ufffd",))


def _utf_16(data: bytes, name: str) -> str:
    """Text with NUL bytes: UTF-16 or UTF-32 without a mark, or UTF-8 with a stray NUL; else it is no text."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        text = _try(data, encoding)
        if text and _is_prose(text[:_LOOKED_AT], width=4 if "32" in encoding else 2):
            return text
    text = _try(data, "utf-8")
    if text is not None and text.count("\0") <= len(text) * _MOST_CONTROLS:
        _refuse_controls(data.replace(b"\0", b""), name)
        return text
    raise _binary(name)


def _is_prose(text: str, width: int) -> bool:
    """Whether nearly all signs are assigned and printable, and ASCII ones account for the NULs of the encoded text."""
    good = sum(sign in "\n\r\t" or unicodedata.category(sign)[0] in "LMNPSZ" for sign in text)
    nuls = text.encode("utf-32-le" if width == 4 else "utf-16-le", "surrogatepass").count(0)
    ascii_signs = sum(sign < "\x7f" for sign in text)
    return good >= len(text) * 0.98 and (width == 4 or ascii_signs >= nuls * 0.7)


def _refuse_controls(data: bytes, name: str) -> None:
    head = data[:_LOOKED_AT]
    if len(head) - len(head.translate(None, _CONTROL_BYTES)) > len(head) * _MOST_CONTROLS:
        raise _binary(name)


def _binary(name: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{name} is not text: it holds binary data. Save it as PDF, .docx, HTML or plain text.", reason="unsupported"
    )


def _mostly_utf_8(data: bytes) -> bool:
    text = data[:_LOOKED_AT].decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    return sum(sign > "\x7f" for sign in text) - bad >= 2 * bad


def _looks_latin(data: bytes) -> bool:
    """Whether bytes over 0x7f, read as Windows-1252, are accented letters within words and signs beside them.

    A few accents among ASCII letters are too little for a statistical guess, and the commonest case by far.
    Cyrillic, Greek and the East Asian encodings show as words of nothing but accented letters.
    """
    good = bad = 0
    for found in _WORDS_WITH_HIGH.finditer(data[:_LOOKED_AT]):
        word = found.group().decode("cp1252", errors="replace").strip("".join(_CP1252_BESIDE_WORDS))
        high = [sign for sign in word if sign > "\x7f"]
        if all(sign in _CP1252_IN_WORDS for sign in high) and len(high) <= max(1, len(word) // 2):
            good += 1
        else:
            bad += 1
    return good >= 2 * bad


def _latin_page(data: bytes) -> str:
    """The code page of the text's language, which shows through a few wrong accents."""
    language = detect(data[:_LOOKED_AT].decode("cp1252", errors="replace"))
    return next((page for page, languages in _PAGES.items() if language in languages), "cp1252")


def _most_likely(data: bytes, name: str) -> Decoded:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_LOOKED_AT]).best()
    if best is None:
        raise _binary(name)
    decoded = _lossy(data, best.encoding)
    return Decoded(decoded.text, (*decoded.warnings, f"no encoding is named in the file: read as {best.encoding}"))
