"""Whether a generated statement may stand behind its citation: told by what speaks against it.

A model that cites the right sentence says it in its own words, so few shared words prove nothing. Numbers, dates and
names that the sentence lacks, and a denial on one side only, prove something. `assistant.support` weighs likeness as
people do; here it only has to tell a statement from one about something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from assistant.nationality import countries, nationality
from assistant.statements import Finding
from assistant.support import compare, familiar, likelihood, unfamiliar
from assistant.types import Citation
from vectorstore.crosslingual import spoken_words, translations
from vectorstore.language import detect
from vectorstore.ngrams import grams
from vectorstore.sentences import sentences

_REPEATED = 0.7  # of a clause's 4-grams, to be the same clause
_KNOWN = 3  # words: of so many that a dictionary knows, one at least should be in the quotes
_ABOUT_SOMETHING_ELSE = 0.2  # likelihood below which statement and quote share next to nothing

_PLAIN = (
    r"not|no|never|none|nobody|nothing|neither|nor|cannot|\w+n['’]t|pas|jamais|aucune?|rien|nicht|keine?[rsnm]?|nie|niemals"
    r"|niemand|nichts|nunca|jamás|ningun[oa]s?|ningún|nadie|tampoco|mai|nessun[oa]?|non|não|nenhum\w*|niet|geen|nooit"
    r"|не|нет|никогда"
)
_HIDDEN = (
    r"without|refus\w*|fail(?:s|ed|ing|ure)?|lack\w*|unable|unless|except|instead|rather than|forb[ai]d\w*|prohibit\w*"
    r"|ban(?:s|ned)?|free (?:of|from)|bypass\w*|avoid\w*|prevent\w*|den(?:y|ies|ied)|reject\w*|only|hardly|barely"
    r"|rarely|sans|ni|interdi\w*|guère|nullement|seul\w*|empêch\w*|évit\w*|ohne|weder|verboten|verweiger\w*|weiger\w*|nur|kaum"
    r"|statt|sin|prohib\w*|neg[óo]|nada|solo|sólo|senza|sem|zonder|без|ни|только"
)
_UNSPACED = "[不没無无未非]|ません|ない"
_PLAIN_DENIAL = re.compile(rf"(?<!\w)(?:{_PLAIN})(?!\w)|{_UNSPACED}", re.IGNORECASE)
_ANY_DENIAL = re.compile(rf"(?<!\w)(?:{_PLAIN}|{_HIDDEN})(?!\w)|{_UNSPACED}", re.IGNORECASE)
_FORBIDDEN = re.compile(
    r"(?<!\w)(?:forbidden|prohibited|banned|interdit\w*|verboten|untersagt|prohibid\w*|vietat\w*|proibid\w*"
    r"|запрещ\w*|verboden)(?!\w)",
    re.IGNORECASE,
)
# What a quote may say where a statement says "nothing": nothing is paid, nothing happened, nothing changes.
_LACKING = re.compile(
    r"(?<!\w)(?:free|spared|unharmed|unchanged|empty|closed|gratuit\w*|épargn\w*|vide|fermé\w*|kostenlos|gratis"
    r"|umsonst|verschont|leer|geschlossen|gratuit[oa]s?|vací[oa]s?|cerrad[oa]s?|бесплатн\w*|закрыт\w*)(?!\w)",
    re.IGNORECASE,
)
# What a statement may say where a quote denies a change: it did not close, it stayed open.
_STAYS = re.compile(
    r"(?<!\w)(?:stay(?:s|ed)?|remain(?:s|ed)?|still|keeps?|kept|rest(?:e|ent|é|ée|a|ait)|encore|toujours|bleib\w*|blieb\w*"
    r"|noch|sigue\w*|siguió|todavía|permane\w*|оста[лё]\w*|ещё)(?!\w)",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(
    r"(?<!\w)(?:not only|no (?:later|less|more|fewer) than|pas seulement|non seulement|nicht nur|no s[oó]lo|non solo"
    r"|no doubt|sans doute|nothing but|n['’]est que|(?:no|nr)\.?\s*\d+)(?!\w)",
    re.IGNORECASE,
)
# The month in French and German, which is "never" in Italian.
_MONTH = re.compile(
    r"(?<!\w)(?:(?:\d{1,2}(?:er|\.)?|en|de|du|début|fin|im|am|ab|bis|seit|ende|anfang|mitte)\s+mai|mai(?=\s+\d{4}))(?!\w)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:–—()]\s|\s(?:but|while|whereas|although|though|because|which|who|mais|tandis que|parce que|qui|aber|sondern"
    r"|während|weil|pero|sino|mientras|porque|ma|perché|но|а)\s",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(
    r"(\d+(?:[.,]\d+)?)[\s\u00a0]*(thousand|tausend|mille|mil|million(?:s|en)?|millones|milioni|mio\.?|billion"
    r"|milliarden?|milliards?|mrd\.?)(?!\w)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_RUN_IN_HEADING = re.compile(r"^(\*\*|__)([^*_\n]+)(?::\1|\1:)")
_EMPHASIS = re.compile(r"[*_`]+(?=\w)|(?<=[\w.,:;!?)])[*_`]+")
_OPENING = re.compile(r"(?::| [-–—])\s+(?=[A-ZÀ-Þ][a-zß-ÿ])")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s(?!\w)")
_POWERS = {"th": 3, "ta": 3, "mi": 6, "bi": 9, "mr": 9}


def supports(statement: str, citations: Sequence[Citation], question: str) -> Finding:
    """A statement against the sentences it cites (`assistant.statements.Supports`)."""
    language = detect(statement)
    spoken = {citation.document.language for citation in citations}
    said = written_out(plain(statement))
    quotes = [written_out(part) for citation in citations for part in _sentences(citation)]
    lost = unfamiliar(said, quotes, written_out(question), language=language, abroad=spoken - {language})
    told = frozenset().union(*(countries(held.quote, held.document.language) for held in citations))
    lost = [word for word in lost if nationality(word, language) not in told]
    before = [_before(held) for held in citations]
    if _invented(lost, before, told, language) or denies_otherwise(statement, quotes, abroad=language not in spoken):
        return Finding(False, tuple(lost))
    if language not in spoken:  # in another language nearly every word is another one
        return Finding(not _about_something_else(said, quotes, language, spoken), tuple(lost))
    likely = likelihood(compare(said, quotes, " ".join([question, *before]), language=language))
    return Finding(likely >= _ABOUT_SOMETHING_ELSE, tuple(lost))


def _before(held: Citation) -> str:
    """What a reader of the passage knows when the quote begins: the title, the headings, the sentences before it."""
    earlier = held.passage.text[: max(0, held.start - held.passage.start)]
    return " ".join((held.document.title, *held.heading, earlier))


def _invented(lost: Sequence[str], before: Sequence[str], told: Set[str], language: str) -> bool:
    """Whether what the quotes lack is more than saying who "he" or "the government" is.

    A name may come from the title, the headings or what stands before the quote; a nationality may be added where the
    quote names no other one: ``told`` are the countries it names. Numbers may not.
    """
    if not all(word[:1].isupper() for word in lost):  # numbers, in digits or in words
        return True
    strange = [word for word in lost if not familiar(word, before)]
    return any(not (code := nationality(word, language)) or (told and code not in told) for word in strange)


def _about_something_else(said: str, quotes: Sequence[str], language: str, spoken: Set[str]) -> bool:
    """Whether, of several words that dictionaries know in the quotes' languages, the quotes hold none, nor any name."""
    known = 0
    for word in spoken_words(said, language):
        called = [name for target in spoken for name in translations(word, language, target)]
        if any(familiar(one, quotes) for one in (word, *called)):
            return False
        known += bool(called)
    return known >= _KNOWN


def plain(statement: str) -> str:
    """Without Markdown, and with capitals only where they may make a name: not in a run-in heading, not after a colon.

    >>> plain("2. **Late Payments:** They *cost* 5 euros: Keller pays.")
    'late payments. They cost 5 euros. Keller pays.'
    """
    text = _RUN_IN_HEADING.sub(lambda found: f"{found[2].lower()}:", _BULLET.sub("", statement))
    return _OPENING.sub(". ", _EMPHASIS.sub("", text))


def denies_otherwise(statement: str, quotes: Sequence[str], *, abroad: bool = False) -> bool:
    """Whether the statement plainly denies what no quote denies, or says without the denial what a quote denies.

    ``abroad``: the quotes are in another language, so that words cannot be compared.

    >>> denies_otherwise("Dogs may come.", ["Dogs may not come, except on Sundays."])
    True
    >>> denies_otherwise("It rarely rains, for want of clouds.", ["For want of clouds, it does not rain often."])
    False
    """
    quotes = [_MONTH.sub(" ", quote) for quote in quotes]
    said = _NO_DENIAL.sub(" ", _MONTH.sub(" ", statement))
    if _ANY_DENIAL.search(said):
        in_other_words = not _LACKING.search(said) and any(map(_LACKING.search, quotes))
        denied = in_other_words or any(map(_ANY_DENIAL.search, quotes))
        return bool(_PLAIN_DENIAL.search(said) and quotes) and not denied
    if _STAYS.search(said):
        return False
    clauses = [_NO_DENIAL.sub(" ", clause) for quote in quotes for clause in _clauses(quote)]
    if abroad:
        return bool(clauses) and all(_PLAIN_DENIAL.search(clause) or _FORBIDDEN.search(clause) for clause in clauses)
    own = _cut(statement)
    for clause in filter(_PLAIN_DENIAL.search, clauses):
        words = _cut(_PLAIN_DENIAL.sub(" ", clause))
        if words and len(words & own) >= _REPEATED * len(words):
            return True
    return False


def _cut(text: str) -> set[str]:
    return set(grams(text))


def written_out(text: str) -> str:
    """Numbers with a magnitude in digits, so that they compare as values; names without a possessive ending.

    >>> written_out("2.4 million pounds, 3 Mrd. Euro")
    '2400000 pounds, 3000000000 Euro'
    """

    def digits(found: re.Match[str]) -> str:
        word = found[2].lower()
        power = 9 if word.startswith("milliard") else 3 if word in ("mille", "mil") else _POWERS[word[:2]]
        return str(round(float(found[1].replace(",", ".")) * 10**power))

    return _MAGNITUDE.sub(digits, _POSSESSIVE.sub("", text))


def _sentences(citation: Citation) -> Iterator[str]:
    for start, end in sentences(citation.quote, citation.document.language):
        yield citation.quote[start:end]


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if any(map(str.isalnum, clause))]
