"""Follow-up questions without a model, held against the last turn alone and people's own rewrites, on mtrag.

    python benchmarks/followup.py --work FOLDER [--show]

nDCG@10 by document over the product's own library (MiniLM). ``added words`` compares what `standalone` adds to a
question with what people added, as far as the conversation held it: precision and recall over every rewrite. ``both``
is what the assistant does: it searches the question as understood and as asked (`assistant.together`). The library is
kept in FOLDER.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from cases import open_collection, records

from assistant.followup import standalone
from assistant.followup_words import small_words
from assistant.terms import terms
from assistant.together import together
from assistant.types import Turn
from vectorstore.library import Library
from vectorstore.types import Retrieval

PACK = "mtrag"
PASSAGES = 20  # as the assistant asks for
Understand = Callable[[str, Sequence[Turn]], str]


def turns(history: Sequence[Mapping[str, str]], understand: Understand) -> list[Turn]:
    """Earlier exchanges, each understood as it would have been in its place."""
    out: list[Turn] = []
    for message in history:
        if message["role"] == "user":
            question = message["content"]
            out.append(Turn(question, "", understand(question, out) if out else question))
        elif out:
            last = out.pop()
            out.append(Turn(last.question, message["content"], last.standalone_question))
    return out


def search(library: Library, query: str) -> Retrieval:
    return library.search(query[:8000], limit=PASSAGES)


def ndcg(retrieval: Retrieval, relevant: set[str]) -> float:
    """Of the documents, each by its best passage."""
    best = list(dict.fromkeys(hit.document.id for hit in retrieval.hits))[:10]
    gained = sum(1 / math.log2(place + 2) for place, id in enumerate(best) if id in relevant)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))


def added_words(rows: Mapping[str, dict[str, Any]], rewrites: Sequence[dict[str, Any]]) -> str:
    """Precision and recall of the content words added, and how often a question was rightly filled or left alone."""
    words = small_words("en")

    def keys(text: str) -> set[str]:
        return {term.key for term in terms(text, words)}

    right = ours = theirs = agreed = count = 0
    for rewrite in rewrites:
        if not rewrite["user_turns_before"]:
            continue
        said = [{"role": "user", "content": turn} for turn in rewrite["user_turns_before"]]
        before = turns(rows[rewrite["id"]]["history"] if rewrite["id"] in rows else said, standalone)
        known = set().union(*(keys(f"{turn.question} {turn.answer}") for turn in before))
        asked = keys(rewrite["question"])
        wanted = (keys(rewrite["rewrite"]) - asked) & known
        got = keys(standalone(rewrite["question"], before)) - asked
        right, ours, theirs = right + len(wanted & got), ours + len(got), theirs + len(wanted)
        agreed, count = agreed + (bool(wanted) == bool(got)), count + 1
    return (
        f"precision {right / ours:.3f}, recall {right / theirs:.3f}, filled or not as people did {agreed / count:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--show", action="store_true", help="every question that was filled, and what came of it")
    options = parser.parse_args()
    rows = {row["id"]: row for row in records(PACK, "questions")}
    rewrites = records(PACK, "rewrites")
    by_people = {rewrite["id"]: rewrite["rewrite"] for rewrite in rewrites}
    values: dict[str, list[float]] = {
        name: [] for name in ("last turn", "standalone", "both", "people", "people, both")
    }
    followed: list[bool] = []
    with open_collection(PACK, options.work) as library:
        for row in rows.values():
            if not row["doc_ids"]:
                continue
            asked, relevant = row["question"], set(row["doc_ids"])
            understood = standalone(asked, turns(row["history"], standalone))
            alone, filled, people = (search(library, text) for text in (asked, understood, by_people[row["id"]]))
            for name, found in (
                ("last turn", alone),
                ("standalone", filled),
                ("both", together(filled, alone) if understood != asked else filled),
                ("people", people),
                ("people, both", together(people, alone)),
            ):
                values[name].append(ndcg(found, relevant))
            followed.append(bool(row["history"]))
            if options.show and understood != asked:
                print(
                    f"{values['last turn'][-1]:.2f} {values['standalone'][-1]:.2f} {values['people'][-1]:.2f}",
                    understood,
                )
    for name, scores in values.items():
        later = [value for value, follows in zip(scores, followed, strict=True) if follows]
        print(f"{name:14} all {mean(scores):.4f} (n={len(scores)})   follow-ups {mean(later):.4f} (n={len(later)})")
    print(f"added words    {added_words(rows, rewrites)}")


if __name__ == "__main__":
    main()
