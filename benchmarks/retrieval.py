"""Our retrieval against what a LangChain user gets by default, per pack and language pair, in one run.

    python benchmarks/retrieval.py --cache /tmp/vectors [--only xquad-cross] [--half tune]

``usual`` is whole-word BM25 and all-MiniLM-L6-v2 fused by reciprocal rank (k = 60). Then each leg of ours alone, then
``ours``, on the code path of the product: chunking, `LexicalIndex`, `Retriever`, language detection. A document counts
where its first chunk stands. Packs named ``mixed`` hold each article of XQuAD in one language of six, by lot; those
named ``parallel`` ask the questions of one of its languages over the articles in another, for pairs that no pack has.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from vectorstore.chunking import split
from vectorstore.embeddings import Embedding, open_embedding
from vectorstore.language import detect
from vectorstore.lexical import Entry, LexicalIndex
from vectorstore.retrieve import Passage, Retriever
from vectorstore.types import Document, DocumentRef

PACKS = Path(__file__).parent.parent.parent / "shared" / "data" / "packs"
LIMIT = 20  # chunks, as the assistant asks for
DEEP = 100  # candidates of each leg in the usual hybrid
PARALLEL = ("el", "hi", "ro", "th", "tr", "vi")  # of XQuAD's languages those that are asked across in no pack
METRICS = ("nDCG@10", "R@1", "R@5", "R@10")

Vectors = NDArray[np.float32]
Search = Callable[[str], Sequence[int]]
"""A question to chunk ids, best first."""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    relevant: frozenset[str]
    half: str


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    records: list[dict[str, str]]
    questions: list[Question]


# -- the packs -----------------------------------------------------------------------------------


def packs(folder: Path) -> Iterator[Pack]:
    mono, cross = "xquad-mono", "xquad-cross"
    corpora = {name: _read(folder / name / "corpus.jsonl") for name in (mono, cross)}
    by_pair: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    for name in (mono, cross):
        for question in _read(folder / name / "questions.jsonl"):
            by_pair[name, question["lang"], question["corpus_lang"]].append(question)
    for (name, asked, held), questions in by_pair.items():
        records = [record for record in corpora[name] if record["lang"] == held]
        yield Pack(f"{name} {asked}" + (f">{held}" if asked != held else ""), records, _questions(questions))
    yield from _parallel(corpora[mono], by_pair)
    yield from _mixed(corpora[cross], by_pair)
    for path in sorted(folder.iterdir()):
        if path.name in (mono, cross) or not (path / "questions.jsonl").exists():
            continue
        records, questions = _read(path / "corpus.jsonl"), _read(path / "questions.jsonl")
        for language in sorted({record["lang"] for record in records}):
            some = [question for question in questions if question["lang"] == language]
            held = [record for record in records if record["lang"] == language]
            suffix = f" {language}" if len(held) < len(records) else ""
            yield Pack(path.name + suffix, held, _questions(some))
            if (rewrites := path / "rewrites.jsonl").exists():
                alone = {line["id"]: line["rewrite"] for line in _read(rewrites)}
                rewritten = [
                    {**question, "question": alone[question["id"]]} for question in some if question["id"] in alone
                ]
                yield Pack(f"{path.name} rewritten", held, _questions(rewritten))


def _parallel(records: list[dict], by_pair: Mapping[tuple[str, str, str], list[dict]]) -> Iterator[Pack]:
    """One language's questions about another's articles: XQuAD's are translations of each other."""
    for asked, held in chain.from_iterable((("en", other), (other, "en")) for other in PARALLEL):
        questions = [
            {**question, "doc_ids": [f"{id.rpartition('/')[0]}/{held}" for id in question["doc_ids"]]}
            for question in by_pair["xquad-mono", asked, asked]
        ]
        yield Pack(
            f"parallel {asked}>{held}", [line for line in records if line["lang"] == held], _questions(questions)
        )


def _mixed(records: list[dict], by_pair: Mapping[tuple[str, str, str], list[dict]]) -> Iterator[Pack]:
    """Every paragraph once, an article in one language; the questions of one language about all of them."""
    languages = sorted({record["lang"] for record in records})
    lot = {
        article: languages[_lot(article, len(languages))] for article in {_article(record["id"]) for record in records}
    }
    held = [record for record in records if record["lang"] == lot[_article(record["id"])]]
    for asked in languages:
        moved = []
        for question in by_pair["xquad-mono", asked, asked]:
            paragraphs = [id.rpartition("/")[0] for id in question["doc_ids"]]
            moved.append({**question, "doc_ids": [f"{id}/{lot[_article(id)]}" for id in paragraphs]})
        yield Pack(f"mixed {asked}", held, _questions(moved))


def _article(id: str) -> str:
    return id.split("/")[1]


def _questions(lines: Iterable[dict]) -> list[Question]:
    """Those that name a document; each in one of two halves by lot, one to tune weights on, the other to check them."""
    return [
        Question(line["question"], frozenset(line["doc_ids"]), ("tune", "check")[_lot(line["question"], 2)])
        for line in lines
        if line.get("doc_ids")
    ]


def _lot(text: str, ways: int) -> int:
    return sha256(text.encode()).digest()[0] % ways


def _read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


# -- the ways to search --------------------------------------------------------------------------


class Corpus:
    """A pack's documents, cut, indexed and embedded once, for every way of searching."""

    def __init__(self, pack: Pack, embedding: Embedding, cache: Path, folder: Path) -> None:
        self.embedding, self.cache = embedding, cache
        cut = (entry for record in pack.records for entry in _entries(record))
        self.entries = [replace(entry, number=number) for number, entry in enumerate(cut)]
        self.owners = [entry.document_id for entry in self.entries]
        self.passages = [Passage(entry.language, entry.text, entry.title) for entry in self.entries]
        self.vectors = embedded(
            [entry.text for entry in self.entries], [entry.language for entry in self.entries], embedding, cache
        )
        self.lexical = LexicalIndex(folder)
        self.lexical.apply(self.entries, [], 1)
        self.words = WordBM25([entry.text for entry in self.entries])
        self.retriever = Retriever(
            self.lexical,
            self._embed,
            self._nearest,
            self._look_up,
            self._spoken,
            embedding.languages or None,
            embedding.glossed,
        )

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return embedded(texts, [detect(text) for text in texts], self.embedding, self.cache)

    def _nearest(self, vector: Vectors, limit: int, *_: object) -> dict[int, float]:
        scores = self.vectors @ vector
        return {int(at): float(scores[at]) for at in np.argsort(-scores, kind="stable")[:limit]}

    def _look_up(self, numbers: Iterable[int]) -> dict[int, Passage]:
        return {number: self.passages[number] for number in numbers}

    def _spoken(self, numbers: Iterable[int]) -> dict[int, str]:
        return {number: self.passages[number].language for number in numbers}

    @cached_property
    def plain(self) -> Vectors:
        """What the model alone makes of the texts, whatever their language."""
        return self._as_it_is([entry.text for entry in self.entries])

    def _as_it_is(self, texts: Sequence[str]) -> Vectors:
        return embedded(texts, [""] * len(texts), self.embedding, self.cache)

    def ways(self) -> dict[str, Search]:
        return {
            "usual": self.usual,
            **{leg: self._leg(leg) for leg in ("grams", "words")},
            "dense": lambda query: list(self._nearest(self._embed([query])[0], LIMIT)),
            "ours": self.ours,
        }

    def ours(self, query: str) -> list[int]:
        return [ranked.number for ranked in self.retriever.search(query, LIMIT, language=detect(query))]

    def _leg(self, leg: str) -> Search:
        return lambda query: list(self.lexical.search(query, LIMIT, leg=leg))

    def usual(self, query: str) -> list[int]:
        by_words = self.words.best(query, DEEP)
        by_vectors = np.argsort(-(self.plain @ self._as_it_is([query])[0]), kind="stable")[:DEEP].tolist()
        total: Counter[int] = Counter()
        for ranking in (by_words, by_vectors):
            for rank, number in enumerate(ranking, start=1):
                total[number] += 1 / (60 + rank)
        return [number for number, _ in total.most_common(LIMIT)]


def _entries(record: dict[str, str]) -> Iterator[Entry]:
    ref = DocumentRef(record["id"], record.get("title", ""), record["id"], "text/plain", record["lang"], "")
    for chunk in split(Document(ref, record["text"])):
        yield Entry(0, chunk.document_id, ref.language, chunk.indexed_text(ref.title), ref.title)


class WordBM25:
    """BM25 (k1 1.5, b 0.75, as rank_bm25 has it) over lower-cased words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(_words(text)) for text in texts]
        lengths = np.array([count.total() for count in counts], dtype=float)
        norms = 1.5 * (0.25 + 0.75 * lengths / max(lengths.mean(), 1.0))
        postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, count in enumerate(counts):
            for word, times in count.items():
                postings[word].append((at, times))
        self.size, self.scores = len(texts), {}
        for word, found in postings.items():
            places, times = (np.array(column) for column in zip(*found, strict=True))
            idf = math.log(1 + (self.size - len(found) + 0.5) / (len(found) + 0.5))
            self.scores[word] = places, idf * times * 2.5 / (times + norms[places])

    def best(self, query: str, limit: int) -> list[int]:
        total = np.zeros(self.size)
        for word in _words(query):
            if word in self.scores:
                places, scores = self.scores[word]
                total[places] += scores
        return [int(at) for at in np.argsort(-total, kind="stable")[:limit] if total[at] > 0]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def embedded(texts: Sequence[str], languages: Sequence[str], embedding: Embedding, cache: Path) -> Vectors:
    """Vectors that are computed once for all runs."""
    told = zip(texts, languages, strict=True)
    keys = [sha256(f"{language} {text}".encode("utf-8", "surrogatepass")).hexdigest() for text, language in told]
    with sqlite3.connect(cache / f"{sha256(embedding.fingerprint.encode()).hexdigest()[:16]}.sqlite") as store:
        store.execute("create table if not exists vectors (key text primary key, vector blob)")
        known = dict(_stored(store, keys))
        missing = [at for at, key in enumerate(keys) if key not in known]
        for start in range(0, len(missing), 256):
            some = missing[start : start + 256]
            vectors = embedding([texts[at] for at in some], [languages[at] for at in some])
            for at, vector in zip(some, vectors, strict=True):
                known[keys[at]] = vector.astype(np.float32).tobytes()
                store.execute("insert or ignore into vectors values (?, ?)", (keys[at], known[keys[at]]))
            store.commit()
    return np.stack([np.frombuffer(known[key], np.float32) for key in keys])


def _stored(store: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        yield from store.execute(f"select key, vector from vectors where key in ({','.join('?' * len(some))})", some)


# -- measuring -----------------------------------------------------------------------------------


def scores(found: Sequence[str], relevant: frozenset[str]) -> tuple[float, ...]:
    """nDCG@10 and recall@1, 5, 10 of a ranking of documents.

    >>> scores(["a", "b"], frozenset({"b"}))[1:3]
    (0.0, 1.0)
    """
    gain = sum(1 / math.log2(rank + 1) for rank, id in enumerate(found[:10], start=1) if id in relevant)
    most = sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(relevant)) + 1))
    return (gain / most, *(len(relevant.intersection(found[:depth])) / len(relevant) for depth in (1, 5, 10)))


def measured(corpus: Corpus, search: Search, questions: Sequence[Question]) -> tuple[list[float], float]:
    """The mean of each metric, and the median time of a search in ms (embedding of known questions left out)."""
    rows, times = [], []
    for question in questions:
        started = time.perf_counter()
        chunks = search(question.text)
        times.append(time.perf_counter() - started)
        rows.append(scores(list(dict.fromkeys(corpus.owners[number] for number in chunks)), question.relevant))
    return [mean(column) for column in zip(*rows, strict=True)], 1000 * median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=Path, default=PACKS)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "retrieval-vectors")
    parser.add_argument("--only", default="", help="packs whose name matches this pattern")
    parser.add_argument("--half", choices=("tune", "check"), help="one of the two halves of the questions")
    parser.add_argument("--ways", default="usual,grams,words,dense,ours")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    embedding = open_embedding("minilm", cache=options.cache)
    ways = options.ways.split(",")
    print(f"{'pack':24}{'questions':>10}  " + "".join(f"{way:^26}" for way in ways))
    print(" " * 34 + "".join("  " + "".join(f"{name:>6}" for name in ("nDCG", "R@1", "R@5", "R@10")) for _ in ways))
    figures = {}
    for pack in packs(options.packs):
        questions = [question for question in pack.questions if options.half in (None, question.half)]
        if not questions or not re.search(options.only, pack.name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            corpus = Corpus(pack, embedding, options.cache, Path(folder))
            asked = [question.text for question in questions]
            embedded(asked, [detect(text) for text in asked], embedding, options.cache)
            found = {way: measured(corpus, corpus.ways()[way], questions) for way in ways}
        figures[pack.name] = {
            way: {**dict(zip(METRICS, row, strict=True)), "ms": ms} for way, (row, ms) in found.items()
        }
        cells = "".join("  " + "".join(f"{value:6.3f}" for value in found[way][0]) for way in ways)
        print(f"{pack.name:24}{len(questions):10}{cells}   {found[ways[-1]][1]:.1f} ms", flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
