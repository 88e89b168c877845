"""The keyword index: BM25 over 4-grams, words and consonant skeletons, and titles. The only file that imports tantivy.

Derived data: the folder may be deleted at any time and filled again from the catalog.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import tantivy

from vectorstore import ngrams
from vectorstore.abroad import Terms
from vectorstore.errors import DamagedIndexError, LibraryBusyError
from vectorstore.skeleton import skeletons
from vectorstore.titles import title_phrase

LEGS: dict[str, Callable[[str], list[str]]] = {
    "grams": ngrams.grams,
    "letters": ngrams.letters,
    "words": ngrams.phrases,
    "skeletons": skeletons,
}
"""What is indexed, each under a field of its own: how a text is cut into terms, by the name of the leg."""

UNKNOWN = "und"  # the language of a document that has none, as ISO 639 writes it

FORMAT = "7"  # written into the index; raise it whenever the terms of a text change, so that old indexes are rebuilt
MAX_TERMS = 96  # of a query in a leg; a longer one keeps its rarest, so a pasted page costs what a long question does
REMEMBERED = 100_000  # terms of a leg and their rarity, some 10 MB
WRITER_HEAP = 64_000_000  # bytes before tantivy writes a segment; it wants 15 MB at least


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk as the keyword index sees it: ``text`` is all that is searched, title and headings included."""

    number: int
    document_id: str
    language: str
    text: str
    title: str = ""
    """Of the document, to find where other passages name it; empty when nobody would write it in a sentence."""


class LexicalIndex:
    """Opened for reading at once; the writer exists only during `apply`. Other processes may read meanwhile.

    Raises `DamagedIndexError` from every method, and on opening, when the folder's files are not what they were.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with self._readable():
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(_schema(), path=str(folder), reuse=True)
            self._index.config_reader("manual")
            self._seen = 0
            self._meta = str(folder / "meta.json")
            self._rarities: dict[str, dict[str, float]] = {}
            self._languages: frozenset[str] | None = None
            self._total = 0
            if self._searcher().num_docs and self._state() is None:
                raise DamagedIndexError(f"{folder}: the keyword index is of another release. Rebuild it.")

    @property
    def sequence(self) -> int:
        """Of the last `apply` that was committed; 0 when the index is new."""
        with self._readable():
            return self._state() or 0

    def count(self) -> int:
        """How many chunks are indexed."""
        with self._readable():
            self._searcher()
            return self._total

    def apply(self, add: Iterable[Entry], remove: Iterable[str], sequence: int) -> None:
        """Forget all chunks of the documents in ``remove``, then add; all of it in one commit, or nothing.

        Doing it twice is the same as doing it once when ``remove`` names the documents of ``add``.
        Raises `LibraryBusyError` when another process is writing.
        """
        documents = [_document(entry) for entry in add]  # before writing: what fails here is no damage to the index
        with self._writer() as writer:
            for document_id in remove:
                writer.delete_documents_by_term("document", document_id)
            for document in documents:
                writer.add_document(document)
            _write_state(writer, sequence)
            writer.commit()

    def clear(self) -> None:
        """Forget everything, the sequence too."""
        with self._writer() as writer:
            writer.delete_all_documents()
            writer.commit()

    def search(
        self,
        query: str,
        limit: int,
        *,
        leg: str = "grams",
        languages: Collection[str] = frozenset(),
        documents: Collection[str] | None = None,
    ) -> dict[int, float]:
        """The best ``limit`` chunks as number to BM25 score, best first; fewer when fewer share a term with the query.

        No languages means all of them; ``documents`` are ids, None means all of them and an empty collection none.
        """
        terms = {leg: dict.fromkeys(LEGS[leg](query), 1.0)}
        return self.search_terms(terms, limit, languages=languages, documents=documents)

    def search_terms(
        self,
        terms: Terms,
        limit: int,
        *,
        languages: Collection[str] = frozenset(),
        documents: Collection[str] | None = None,
        most: int = MAX_TERMS,
    ) -> dict[int, float]:
        """`search` with terms that are cut and weighted already, of one leg or several; the scores are added up.

        Of each leg the ``most`` rarest terms count.
        """
        with self._readable():
            searcher, schema = self._searcher(), self._index.schema
            wanted = [
                tantivy.Query.boost_query(tantivy.Query.term_query(schema, leg, term, "freq"), weight)
                if weight != 1.0
                else tantivy.Query.term_query(schema, leg, term, "freq")
                for leg, weights in terms.items()
                for term, weight in self._rarest(leg, weights, most)
            ]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in wanted])
            return self._best(searcher, query, limit if wanted else 0, languages, documents)

    def titled(
        self,
        phrases: Iterable[str],
        limit: int,
        *,
        languages: Collection[str] = frozenset(),
        documents: Collection[str] | None = None,
    ) -> dict[int, float]:
        """The chunks of documents whose title is one of ``phrases`` (as `titles.title_phrase` makes them).

        The score is how rare the title is, 0 to 1: next to 1 for one chunk among all, 0 for the title of all of them.
        """
        with self._readable():
            searcher, schema = self._searcher(), self._index.schema
            frequency = {phrase: searcher.doc_freq("title", phrase) for phrase in set(phrases)}
            most = log(1 + searcher.num_docs)
            named = [
                tantivy.Query.const_score_query(
                    tantivy.Query.term_query(schema, "title", phrase), log((1 + searcher.num_docs) / count) / most
                )
                for phrase, count in sorted(frequency.items())
                if count
            ]
            query = tantivy.Query.disjunction_max_query(named)
            return self._best(searcher, query, limit if named else 0, languages, documents)

    def languages(self) -> frozenset[str]:
        """The languages of the indexed documents, `UNKNOWN` for those without one."""
        with self._readable():
            searcher, known = self._searcher(), self._languages
            if known is None:
                known = frozenset(language for language, _ in searcher.terms_with_prefix("language", ""))
                self._languages = known
            return known

    def _best(
        self,
        searcher: tantivy.Searcher,
        query: tantivy.Query,
        limit: int,
        languages: Collection[str],
        documents: Collection[str] | None,
    ) -> dict[int, float]:
        if limit < 1 or (documents is not None and not documents):
            return {}
        query = self._restricted(query, languages, documents)
        # Every match is scored all the same: the Python binding collects in a way that skips no blocks of postings.
        found = searcher.search(query, limit, count=False).hits
        numbers: list[Any] = searcher.fast_field_values("number", [address for _, address in found])
        scores = {number: float(score) for number, (score, _) in zip(numbers, found, strict=True)}
        return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))

    def _restricted(
        self, query: tantivy.Query, languages: Collection[str], documents: Collection[str] | None
    ) -> tantivy.Query:
        """``query`` among the allowed documents; scores stay as they are."""
        schema = self._index.schema
        clauses = [(tantivy.Occur.Must, query)]
        others = self.languages() - {*languages} if languages else frozenset()
        if languages and len(others) < len(languages):  # to leave out a few is faster than to let in many
            unwanted = (tantivy.Query.term_query(schema, "language", other) for other in sorted(others))
            clauses += [(tantivy.Occur.MustNot, one) for one in unwanted]
        elif languages:
            clauses.append((tantivy.Occur.Must, _one_of(schema, "language", languages)))
        if documents:
            clauses.append((tantivy.Occur.Must, _one_of(schema, "document", documents)))
        return tantivy.Query.boolean_query(clauses) if len(clauses) > 1 else query

    def weights(self, query: str, *, leg: str = "grams") -> dict[str, float]:
        """How rare each term of the query is, by BM25's formula: ln(1 + (N - n + 0.5) / (n + 0.5)).

        A term that no chunk holds is the rarest of all: that a question's name is nowhere is what refusing goes by.
        """
        with self._readable():
            return self._rarity(leg, LEGS[leg](query))

    def mass(self, terms: Terms) -> float:
        """About what a chunk that holds every term once scores in `search_terms`; stems, counted twice, get more."""
        rarities = self.rarities(terms)
        with self._readable():
            asked = {leg: self._rarest(leg, weights, MAX_TERMS) for leg, weights in terms.items()}
        return sum(weight * rarities[leg][term] for leg, of in asked.items() for term, weight in of)

    def rarities(self, terms: Terms) -> dict[str, dict[str, float]]:
        """How rare each term is, by leg, as in `weights`, but 0 for one that no chunk holds: none can score by it."""
        with self._readable():
            rarity = {leg: self._rarity(leg, weights) for leg, weights in terms.items()}
        most = _rarity(0, self._total)
        return {leg: {term: found * (found < most) for term, found in of.items()} for leg, of in rarity.items()}

    def _rarity(self, leg: str, terms: Iterable[str]) -> dict[str, float]:
        """A question asks for a term several times, and the next for half of them again: they are remembered."""
        searcher = self._searcher()
        known, out = self._rarities[leg], {}
        if len(known) > REMEMBERED:
            known.clear()  # other threads may be filling it
        for term in terms:
            found = known.get(term)
            if found is None:
                found = known[term] = _rarity(searcher.doc_freq(leg, term), self._total)
            out[term] = found
        return out

    def _rarest(self, leg: str, weights: Mapping[str, float], most: int) -> Iterable[tuple[str, float]]:
        if len(weights) <= most:
            return weights.items()
        rarity, unheard = self._rarity(leg, weights), _rarity(0, self._total)
        known = [term for term in weights if rarity[term] < unheard]
        return [(term, weights[term]) for term in sorted(known, key=rarity.__getitem__, reverse=True)[:most]]

    def _searcher(self) -> tantivy.Searcher:
        """Of the last commit, whichever process made it."""
        written = os.stat(self._meta).st_mtime_ns
        if written != self._seen:
            self._index.reload()
            self._seen, self._rarities, self._languages = written, {leg: {} for leg in LEGS}, None
            self._total = max(0, int(self._index.searcher().num_docs) - 1)  # one document carries the sequence
        return self._index.searcher()

    def _state(self) -> int | None:
        searcher = self._searcher()
        query = tantivy.Query.term_query(self._index.schema, "state", FORMAT)
        found = searcher.search(query, 1, count=False).hits
        return int(searcher.doc(found[0][1])["sequence"][0]) if found else None

    @contextmanager
    def _writer(self) -> Iterator[tantivy.IndexWriter]:
        """A writer that leaves nothing behind: what was not committed is undone, merges are waited for."""
        with self._readable():
            try:
                writer = self._index.writer(WRITER_HEAP, num_threads=1)
            except ValueError as error:
                if "LockBusy" in str(error):
                    raise LibraryBusyError(f"{self.folder}: another process is writing the keyword index.") from None
                raise
            try:
                yield writer
            finally:
                writer.wait_merging_threads()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn what tantivy raises over bad files into the one error callers know how to mend."""
        try:
            yield
        except (KeyError, OSError, ValueError) as error:
            raise DamagedIndexError(
                f"{self.folder}: the keyword index cannot be used ({error}). Rebuild it."
            ) from error
        except BaseException as error:
            # A panic in Rust: pyo3 derives it from BaseException and gives it no importable name.
            if type(error).__name__ != "PanicException":
                raise
            raise DamagedIndexError(f"{self.folder}: the keyword index is damaged. Rebuild it.") from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("number", fast=True)
    for name in ("document", "language", "title", "state"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("sequence", stored=True)
    for leg in LEGS:
        builder.add_text_field(leg, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(entry: Entry) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("number", entry.number)
    document.add_text("document", entry.document_id)
    document.add_text("language", entry.language or UNKNOWN)
    if title := title_phrase(entry.title):
        document.add_text("title", title)
    for leg, cut in LEGS.items():
        document.add_text(leg, " ".join(cut(entry.text)))
    return document


def _write_state(writer: tantivy.IndexWriter, sequence: int) -> None:
    """The sequence is a document of its own, because tantivy's Python commit takes no payload."""
    writer.delete_documents_by_term("state", FORMAT)
    document = tantivy.Document()
    document.add_text("state", FORMAT)
    document.add_unsigned("sequence", sequence)
    writer.add_document(document)


def _rarity(holding: int, total: int) -> float:
    """BM25's weight of a term that ``holding`` of ``total`` chunks hold, deleted ones among them for a while."""
    holding = min(total, holding)
    return log(1 + (total - holding + 0.5) / (holding + 0.5))


def _one_of(schema: tantivy.Schema, field: str, values: Collection[str]) -> tantivy.Query:
    return tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, field, sorted(values)), 0.0)
