"""Questions over the packs beside the checkout, each with the collection it is asked of and what should come back."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from assistant import build
from assistant.settings import Settings
from vectorstore.ingest import ingest
from vectorstore.library import Library

PACKS = Path(__file__).resolve().parents[2] / "shared" / "data" / "packs"
NATURAL = Path(__file__).resolve().parent / "natural"
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LANGUAGES = ("en", "es", "de", "ru", "zh", "ar", "tr", "vi", "el", "hi", "th", "ro")
ACROSS = ("en-es", "en-de", "es-en", "de-en", "ru-en", "en-ru", "de-es", "es-de", "en-zh", "en-ar", "zh-en", "ar-en")
_NAME = re.compile(r"(?<=[\w,] )[A-Z][a-zà-ÿ]{3,}(?: [A-Z][a-zà-ÿ]+)*")


@dataclass(frozen=True, slots=True)
class Case:
    """A question; ``answerable`` says whether the collection holds an answer."""

    group: str
    collection: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    documents: frozenset[str] = frozenset()

    @property
    def half(self) -> int:
        """0 or 1, by the question's text: fitted on one, measured on the other."""
        return sha256(self.question.encode()).digest()[0] % 2

    def answered_by(self, text: str) -> bool:
        """Whether a sentence holds an answer, or is evidence or a part of it."""
        told = squeezed(text)
        if any(answer in told for answer in map(squeezed, self.answers)):
            return True
        return len(told) > 20 and any(told in one or one in told for one in map(squeezed, self.evidence))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()


def records(pack: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PACKS / pack / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def open_collection(name: str, work: Path) -> Library:
    """The collection of a pack (``squad2``), of one language of it (``xquad-mono:es``), of half its articles
    (``xquad-mono:es:half``), or of the short handbooks and notices of ours (``natural``), ingested the first time."""
    pack, _, part = name.partition(":")
    language, _, half = part.partition(":")
    library = build.open_library(Settings(home=work / "home", embeddings="minilm"), re.sub("[^a-z0-9]+", "-", name))
    if name == "natural":
        if not library.documents():
            ingest(library, [*sorted(NATURAL.glob("*.md")), EXAMPLES])
        return library
    source = work / f"{name.replace(':', '-')}.jsonl"
    if not source.exists():
        kept = [row for row in records(pack, "corpus") if not language or row["lang"] == language]
        kept = [row for row in kept if not half or _kept(row["id"])]
        source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), encoding="utf-8")
    if not library.documents():
        ingest(library, [source])
    return library


def _kept(document_id: str) -> bool:
    """Half of the articles, whatever the language."""
    return sha256(document_id.split("/")[1].encode()).digest()[0] % 2 == 0


def _cases(group: str, collection: str, rows: Sequence[dict[str, Any]], answerable: bool) -> Iterator[Case]:
    for row in rows:
        yield Case(
            group,
            collection,
            row["question"],
            answerable,
            tuple(row.get("answers") or ()) if collection != "clapnq" else (),  # there they are written anew
            tuple(row.get("evidence") or ()),
            frozenset(row.get("doc_ids") or ()),
        )


def _shuffled(pack: str) -> list[dict[str, Any]]:
    rows = [row for row in records(pack, "questions") if not row.get("history")]
    random.Random(5).shuffle(rows)
    return rows


def _can(rows: Sequence[dict[str, Any]], *, answerable: bool = True) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("answerable", True) == answerable]


def natural_cases() -> Iterator[Case]:
    """What people ask of handbooks and notices, in words of their own; nothing is ever fitted on these."""
    spoken = {path.name: path.suffixes[0][1:] if len(path.suffixes) == 2 else "en" for path in NATURAL.glob("*.md")}
    spoken |= {"office-handbook.md": "en", "huerto-urbano.es.txt": "es"}
    for line in (NATURAL / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["answerable"]:
            yield Case("natural unanswerable", "natural", row["question"], False)
        else:
            across = " across" if row["lang"] != spoken[row["document"]] else ""
            yield Case(f"natural{across}", "natural", row["question"], True, answers=(row["evidence"],))


def parallel_cases() -> Iterator[Case]:
    """XQuAD's questions in English over its articles in languages that no pack asks across, and the other way round."""
    rows = _shuffled("xquad-mono")
    by_id = {(row["id"].partition("-")[0], row["lang"]): row for row in rows}
    asked_across = {language for pair in ACROSS for language in pair.split("-")}
    for other in (language for language in LANGUAGES if language not in asked_across):
        for asked, held in (("en", other), (other, "en")):
            some = [row for row in rows if row["lang"] == asked][:60]
            there = [{**by_id[row["id"].partition("-")[0], held], "question": row["question"]} for row in some]
            yield from _cases(f"parallel {asked}-{held}", f"xquad-mono:{held}", there, True)


def answerable_cases() -> Iterator[Case]:
    """Questions with an answer, in one language and across."""
    for pack, count in (("squad2", 800), ("clapnq", 100), ("news-rgb", 160), ("multihop-wiki", 100), ("mtrag", 40)):
        yield from _cases(pack, pack, _can(_shuffled(pack))[:count], True)
    for pack, count in (("french-fquad", 250), ("french-cnil", 150), ("french-spf", 150)):
        yield from _cases(pack, pack, _can(_shuffled(pack))[:count], True)
    mono = _shuffled("xquad-mono")
    for language in LANGUAGES:
        rows = [row for row in mono if row["lang"] == language]
        yield from _cases(f"mono {language}", f"xquad-mono:{language}", rows[:80], True)
        kept = [row for row in rows[80:] if _kept(row["doc_ids"][0])]
        yield from _cases(f"half {language}", f"xquad-mono:{language}:half", kept[:30], True)
    cross = _shuffled("xquad-cross")
    for pair in ACROSS:
        asked, held = pair.split("-")
        rows = [row for row in cross if (row["lang"], row["corpus_lang"]) == (asked, held)]
        yield from _cases(f"cross {pair}", f"xquad-cross:{held}", rows[:60], True)


def unanswerable_cases() -> Iterator[Case]:
    """Questions written to look answerable, off topic in one language and across, and with a name exchanged."""
    for pack in ("squad2", "clapnq", "news-rgb"):
        yield from _cases(f"{pack} unanswerable", pack, _can(_shuffled(pack), answerable=False), False)
    english = {pack: _shuffled(pack) for pack in ("squad2", "clapnq", "multihop-wiki", "mtrag", "news-rgb")}
    english["news-rgb"] = [row for row in english["news-rgb"] if row["lang"] == "en"]
    for asked, rows in english.items():
        for held in ("squad2", "clapnq", "multihop-wiki", "mtrag"):
            if asked != held:
                yield from _cases("off topic en", held, rows[:40], False)
    french = {pack: _shuffled(pack) for pack in ("french-fquad", "french-cnil", "french-spf")}
    for asked, rows in french.items():
        for held in french:
            if asked != held and not (asked != "french-fquad" and held != "french-fquad"):
                yield from _cases("off topic fr", held, rows[:40], False)
    mono = _shuffled("xquad-mono")
    for language in LANGUAGES:
        rows = [row for row in mono if row["lang"] == language and not _kept(row["doc_ids"][0])]
        yield from _cases(f"off topic {language}", f"xquad-mono:{language}:half", rows[:40], False)
    for language in ("es", "de", "ru", "zh", "ar"):
        yield from _cases("off topic across", f"xquad-cross:{language}", english["clapnq"][:40], False)
        yield from _cases("off topic across", f"xquad-cross:{language}", french["french-cnil"][:20], False)
    for held in ("squad2", "clapnq"):
        yield from _cases("off topic across", held, french["french-fquad"][:40], False)
    yield from _exchanged()


def _exchanged() -> Iterator[Case]:
    """Answerable questions in which one name is replaced by one from another question."""
    draw = random.Random(11)
    for pack, language, count in (
        ("squad2", "", 200),
        ("multihop-wiki", "", 60),
        ("french-fquad", "", 100),
        ("xquad-mono", "es", 60),
        ("xquad-mono", "de", 60),
        ("xquad-cross", "en-es", 60),
        ("xquad-cross", "de-en", 60),
        ("xquad-cross", "es-en", 60),
        ("xquad-cross", "en-de", 60),
    ):
        rows = _can(_shuffled(pack))
        if "-" in language:
            rows = [row for row in rows if f"{row['lang']}-{row['corpus_lang']}" == language]
        elif language:
            rows = [row for row in rows if row["lang"] == language]
        pool = [found.group() for row in rows for found in _NAME.finditer(row["question"])]
        collection = f"{pack}:{language[-2:]}" if language else pack
        for case in list(_cases(f"name exchanged {language or pack}", collection, rows, False))[:count]:
            places = list(_NAME.finditer(case.question))
            if not places:
                continue
            place, other = draw.choice(places), draw.choice(pool)
            if other.lower() not in case.question.lower() and place.group().lower() not in other.lower():
                question = case.question[: place.start()] + other + case.question[place.end() :]
                yield replace(case, question=question)
