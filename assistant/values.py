"""What a sentence states that can be held against another one: its dates, quantities, names and words, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from assistant.asked import NUMBER
from assistant.support import values
from vectorstore.crosslingual import content_words
from vectorstore.ngrams import fold, words

TokenKind = Literal["date", "number", "name", "opener", "word", "sign", "small"]
"""An opener is the first word of a sentence, whose capital tells nothing; small words only build the sentence."""
Date = tuple[int | None, int | None, int | None]
"""Year, month and day; None where it is not said."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f"  # accents and vowels that `re` takes for no letters
_TOKEN = re.compile(
    r"(?P<iso>(?<!\d)(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})(?!\d))|"
    r"(?P<han>(?<!\d)(?P<y2>\d{4})\s?[年년](?:\s?(?P<m2>\d{1,2})\s?[月월](?:\s?(?P<d2>\d{1,2})\s?[日号號일])?)?)|"
    r"(?P<dotted>(?<!\d)(?P<p>\d{1,2})[./](?P<q>\d{1,2})[./](?P<y3>\d{4})(?!\d))|"
    r"(?P<clock>(?<![\d.,])(?P<h1>\d{1,2})(?:[:h](?P<n1>\d{2})(?!\d))(?:\s?(?P<a1>[ap])\.?m\b\.?)?|"
    r"(?<![\d.,])(?P<h2>\d{1,2})\s?(?:(?P<a2>[ap])\.?m\b\.?|Uhr\b|heures?\b(?! de)|h\b))|"
    rf"(?P<number>{NUMBER.pattern})|"
    rf"(?P<sign>[{_UNSPACED}])|"
    rf"(?P<word>(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])(?:[^\W_{_UNSPACED}]|[{_MARKS}]|['’-](?=\w))*)"
)
_YEAR = re.compile(r"1[0-9]{3}|20\d{2}")
_DAY = 31
_CURRENCY_BEFORE = re.compile(r"(?:US|A|C|HK)?([$€£¥₹₽₩₺฿])\s?$|\b(USD|EUR|GBP|CHF|JPY|CNY)\s?$")
_PERCENT = re.compile(r"\s?(?:%|％|٪|percent\b|per cent\b|pour cent\b|prozent\b|por ciento\b|процент\w*|yüzde\b)", re.I)
_SCALES = (
    (1e12, "trillion trillions billionen"),
    (1e9, "billion billions bn milliard milliards milliarde milliarden миллиард миллиарда миллиардов млрд"),
    (1e6, "million millions millionen millones mln mio milioni миллион миллиона миллионов млн"),
    (1e3, "thousand mille tausend mil тысяча тысячи тысяч тыс"),
)
_SCALE = {word: factor for factor, joined in _SCALES for word in joined.split()}
_HAN_SCALE = {"万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "千": 1e3, "百": 1e2}
_DURATIONS = (
    (60.0, "minute minutes min minuten minuto minutos minuti минута минуты минут dakika phút 分钟 分鐘"),
    (
        3600.0,
        "hour hours heure heures stunde stunden hora horas ora ore uur uren час часа часов saat giờ 小时 小時 時間",
    ),
    (
        86400.0,
        "day days jour jours tag tage tagen día días dia dias giorno giorni dag dagen zi zile день дня дней gün ngày "
        "ημέρα ημέρες μέρες يوم أيام يوما दिन दिनों วัน 天",
    ),
    (
        604800.0,
        "week weeks semaine semaines woche wochen semana semanas settimana settimane week weken săptămâni săptămână "
        "неделя недели недель hafta tuần εβδομάδα εβδομάδες أسبوع أسابيع सप्ताह สัปดาห์ 周 週 星期",
    ),
    (
        2629800.0,
        "month months mois monat monate monaten mes meses mese mesi maand maanden lună luni месяц месяца месяцев ay "
        "tháng μήνας μήνες شهر أشهر महीने เดือน 个月 個月 か月 ヶ月",
    ),
    (
        31557600.0,
        "year years an ans année années jahr jahre jahren año años ano anos anno anni jaar jaren ani год года лет yıl "
        "năm έτος έτη χρόνια سنة سنوات عام साल वर्ष ปี 年",
    ),
)
_COUNTED = re.compile(
    rf"\s?(?:[%％٪$€£¥₹₽₩{''.join(_HAN_SCALE)}人个個名家]|(?:{'|'.join(_SCALE)}|euros?|dollars?|francs?|kg|km|m|cm)\b)",
    re.I,
)
_COUNTABLE = 100
_CALENDAR = 0.03  # of a duration: 30 days are a month, and 52 weeks a year
_SECONDS = {word: seconds for seconds, joined in _DURATIONS for word in joined.split()}
_LONGEST_UNIT = max(len(word) for word in _SECONDS)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a sentence, ``text[start:end]``; ``key`` is what it is compared by."""

    kind: TokenKind
    key: str
    start: int
    end: int
    date: Date | None = None
    amounts: frozenset[float] = frozenset()
    """A number in each way its signs may be read, times its scale; durations in seconds."""
    unit: str = ""
    """``%``, a currency, ``time``, or the folded word behind the number."""


def tokens(text: str, language: str) -> list[Token]:
    """The dates, numbers, names and words of a sentence, in order. A date is one token, and so is "30 days"."""
    return list(_with_units(text, _with_months(text, list(_pieces(text, language)), language)))


def same_amount(left: Token, right: Token) -> bool:
    """Whether two numbers may be one: equal in one reading, or one of them the other in round figures."""
    pairs = [(one, other) for one in left.amounts for other in right.amounts]
    if "clock" in (left.unit, right.unit):
        return any(one == other for one, other in pairs)
    if left.unit == right.unit == "time":
        return any(abs(one - other) <= _CALENDAR * max(one, other) for one, other in pairs)
    return any(_rounds(one, other) or _rounds(other, one) for one, other in pairs)


def same_date(left: Date, right: Date) -> bool:
    """Whether two dates may be one: nothing that both say differs, day and month perhaps exchanged.

    >>> same_date((2017, 12, None), (2017, 12, 1)), same_date((2017, 12, 1), (2007, 12, 1))
    (True, False)
    """
    year, *rest = (one is None or other is None or one == other for one, other in zip(left, right, strict=True))
    exchanged = None not in (*left, *right) and left[1:] == right[:0:-1]
    return year and (all(rest) or exchanged)


def _rounds(coarse: float, fine: float) -> bool:
    """Whether the first is the second with fewer digits. Small whole numbers are meant as they are.

    >>> _rounds(10e9, 10.4e9), _rounds(30, 14), _rounds(20, 19)
    (True, False, False)
    """
    if coarse == fine or not coarse or not fine or (fine < _COUNTABLE and fine == int(fine)):
        return coarse == fine
    digits = len(f"{coarse:.10g}".replace(".", "").strip("0").split("e")[0])
    held = len(f"{fine:.10g}".replace(".", "").strip("0").split("e")[0])
    return digits < held and float(f"{fine:.{max(digits, 1) - 1}e}") == coarse


def _pieces(text: str, language: str) -> Iterator[Token]:
    opening = True
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        match found.lastgroup if found.lastgroup in ("number", "sign", "word") else _which(found):
            case "iso":
                yield _dated(found, ("y1", "m1", "d1"))
            case "han":
                yield _dated(found, ("y2", "m2", "d2"))
            case "dotted":
                yield _dated(found, ("y3", "q", "p"))
            case "clock":
                yield _clock(found)
            case "number":
                yield Token("number", _flat(found.group()), start, end, amounts=frozenset(values(found.group())))
            case "sign":
                yield Token("sign", found.group(), start, end)
            case _:
                yield _word(found.group(), start, end, language, opening)
        opening = False


def _which(found: re.Match[str]) -> str:
    return next(name for name in ("iso", "han", "dotted", "clock") if found.group(name))


def _dated(found: re.Match[str], names: Sequence[str]) -> Token:
    year, month, day = (int(found.group(name)) if found.group(name) else None for name in names)
    return Token("date", f"{year}-{month}-{day}", *found.span(), date=(year, month, day))


def _clock(found: re.Match[str]) -> Token:
    hour = int(found["h1"] or found["h2"]) % 24 + int(found["n1"] or 0) / 60
    half = (found["a1"] or found["a2"] or "").lower()
    hour += 12 if half == "p" and hour < 12 else 0
    return Token("number", f"{hour:g}clock", *found.span(), amounts=frozenset({hour}), unit="clock")


def _flat(number: str) -> str:
    return re.sub(r"\s", "", number)


def _word(raw: str, start: int, end: int, language: str, opening: bool) -> Token:
    key = "".join(words(raw))
    spelled = values(raw)
    if spelled:
        return Token("number", key, start, end, amounts=frozenset(spelled))
    if not content_words(raw, language) or not key:
        return Token("small", key or fold(raw), start, end)
    kind: TokenKind = ("opener" if opening else "name") if raw[0].isupper() else "word"
    return Token(kind, key, start, end)


@cache
def _months(language: str) -> dict[str, int]:
    """Folded names of months, whole and short, in a language and in English."""
    from babel import Locale, UnknownLocaleError  # 30 ms, and only pairs of alike sentences need it

    found: dict[str, int] = {}
    for code in ("en", language):
        try:
            locale = Locale.parse(code)
        except (UnknownLocaleError, ValueError):
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months.get(context, {}).get(width, {}).items():
                    spelled = words(name)
                    if len(spelled) == 1 and len(spelled[0]) > 2 and not spelled[0].isdigit():
                        found[spelled[0]] = number
    return found


def _with_months(text: str, found: list[Token], language: str) -> Iterator[Token]:
    """Runs such as "27 July 2022", "Dec. 1, 2017" and "en mars 2019" made one token; lone years are dates too."""
    months = _months(language) if any(token.kind == "number" for token in found) else {}
    at = 0
    while at < len(found):
        token = found[at]
        run = _month_run(text, found, at, months)
        if run:
            length, date = run
            yield Token("date", "-".join(map(str, date)), token.start, found[at + length - 1].end, date=date)
            at += length
            continue
        if token.kind == "number" and _is_year(text, token):
            token = replace(token, kind="date", date=(int(text[token.start : token.end]), None, None))
        yield token
        at += 1


def _is_year(text: str, token: Token) -> bool:
    """Whether a number that could be a year is none of something else: 1,361 万 or $2000."""
    counted = _COUNTED.match(text, token.end) or _CURRENCY_BEFORE.search(text[max(0, token.start - 6) : token.start])
    return bool(_YEAR.fullmatch(text[token.start : token.end])) and not counted


def _month_run(text: str, found: Sequence[Token], at: int, months: dict[str, int]) -> tuple[int, Date] | None:
    """How many tokens from ``at`` on spell a date with a month's name, and which."""

    def year(i: int) -> int | None:
        spelled = text[found[i].start : found[i].end] if i < len(found) and found[i].kind == "number" else ""
        return int(spelled) if _YEAR.fullmatch(spelled) and _joined(text, found, i) else None

    def day(i: int) -> int | None:
        spelled = text[found[i].start : found[i].end] if i < len(found) and found[i].kind == "number" else ""
        return int(spelled) if spelled.isdecimal() and 0 < int(spelled) <= _DAY else None

    def month(i: int) -> int | None:
        return (
            months.get(found[i].key)
            if i < len(found) and found[i].kind in ("name", "opener", "word", "small")
            else None
        )

    def later(i: int) -> int:
        """The place behind small words such as "de" and "of"."""
        while i < len(found) and found[i].kind == "small" and month(i) is None and found[i].end - found[i].start <= 3:
            i += 1
        return i

    if (number := day(at)) is not None:
        i = later(at + 1)
        apart = i < len(found) and re.search(r"[^\w\s.ºª]", text[found[at].end : found[i].start])
        if not apart and i - at <= 2 and (named := month(i)) is not None and _joined(text, found, i):
            j = later(i + 1)
            return (j + 1 - at, (year(j), named, number)) if year(j) else (i + 1 - at, (None, named, number))
    if (named := month(at)) is not None:
        if (number := day(at + 1)) is not None and _joined(text, found, at + 1):
            j = at + 2
            if j < len(found) and found[j].key in ("st", "nd", "rd", "th"):
                j += 1
            return (j + 1 - at, (year(j), named, number)) if year(j) else (2, (None, named, number))
        j = later(at + 1)
        if j - at <= 2 and year(j):
            return j + 1 - at, (year(j), named, None)
    return None


def _joined(text: str, found: Sequence[Token], i: int) -> bool:
    """Whether little but blanks stands before a token."""
    return i > 0 and len(text[found[i - 1].end : found[i].start].strip(" \u00a0,.")) == 0


def _with_units(text: str, found: Iterator[Token]) -> Iterator[Token]:
    """Numbers with what counts them: the scale and the unit belong to the token."""
    pending = list(found)
    at = 0
    while at < len(pending):
        token, last = pending[at], pending[at - 1] if at else None
        at += 1
        if token.kind == "number" and last and last.kind == "name" and text[last.end : token.start] in (" ", "-"):
            yield replace(token, kind="name")  # "Boeing 747" and "Article 12" count nothing
            continue
        if token.kind != "number" or token.unit:
            yield token
            continue
        before = _CURRENCY_BEFORE.search(text[max(0, token.start - 6) : token.start])
        scale, end, at = _scaled(text, token, pending, at)
        amounts = frozenset(amount * scale for amount in token.amounts)
        start, unit = token.start, ""
        if before:
            start, unit = token.start - len(before.group()), (before.group(1) or before.group(2))
        elif percent := _PERCENT.match(text, end):
            end, unit = percent.end(), "%"
            while at < len(pending) and pending[at].start < end:
                at += 1
        else:
            seconds, end, at = _duration(text, end, pending, at)
            if seconds:
                amounts, unit = frozenset(amount * seconds for amount in amounts), "time"
            elif at < len(pending) and pending[at].kind in ("word", "name") and pending[at].start - end <= 1:
                unit = pending[at].key[:4]
        key = f"{max(amounts):g}{unit}" if amounts else token.key
        yield replace(token, key=key, start=start, end=end, amounts=amounts, unit=unit)


def _scaled(text: str, token: Token, pending: Sequence[Token], at: int) -> tuple[float, int, int]:
    scale, end = 1.0, token.end
    while at < len(pending) and pending[at].start - end <= 1:
        factor = _SCALE.get(text[pending[at].start : pending[at].end].lower(), _HAN_SCALE.get(pending[at].key))
        if pending[at].kind == "number" and not factor and text[pending[at].start : pending[at].end].isalpha():
            factor = min(pending[at].amounts, default=0.0) if min(pending[at].amounts, default=0.0) >= 100 else None
        if factor is None:
            break
        scale, end, at = scale * factor, pending[at].end, at + 1
    return scale, end, at


def _duration(text: str, end: int, pending: Sequence[Token], at: int) -> tuple[float, int, int]:
    """The seconds of the unit of time behind a number, perhaps after one more word ("10 working days"); or 0."""
    rest = text[end : end + _LONGEST_UNIT + 1].lstrip(" -\u00a0")
    for length in range(min(3, len(rest)), 0, -1):  # where words are not set apart
        if re.match(f"[{_UNSPACED}]", rest) and (seconds := _SECONDS.get(rest[:length])):
            stop = text.index(rest[:length], end) + length
            while at < len(pending) and pending[at].start < stop:
                at += 1
            return seconds, stop, at
    for ahead in (0, 1):
        if at + ahead < len(pending) and pending[at + ahead].kind in ("word", "name", "small"):
            spelled = text[pending[at + ahead].start : pending[at + ahead].end].lower()
            gap = text[end : pending[at + ahead].start]
            if (seconds := _SECONDS.get(spelled)) and not re.search(r"[,.;:()]", gap):
                return seconds, pending[at + ahead].end, at + ahead + 1
    return 0.0, end, at
