"""Does the support check agree with people? On statements with their cited text, labelled by people.

    python benchmarks/support.py
    python benchmarks/support.py --fit

``--fit`` fits on one half of the texts, reports the other, and prints the constants of `assistant.support` fitted on
both.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from assistant.support import WEIGHTS, Comparison, compare, evidence
from vectorstore.sentences import sentences

PACKS = Path(__file__).resolve().parents[2] / "shared" / "data" / "packs"

DENIAL = -0.5  # set by hand: these texts hold too few denials to learn from, and one turns a statement around


@dataclass(frozen=True, slots=True)
class Judged:
    origin: str
    id: str
    supported: bool
    found: Comparison

    @property
    def half(self) -> int:
        return sha256(self.id.encode()).digest()[0] % 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if not PACKS.is_dir():
        raise SystemExit(f"{PACKS} is missing: this benchmark needs the evaluation packs.")
    rows = list(judged())
    if options.fit:
        report(rows, [fit([row for row in rows if row.half != half]) for half in (0, 1)])
        print("WEIGHTS =", fit(rows))
    else:
        report(rows, [WEIGHTS, WEIGHTS])


def judged() -> Iterator[Judged]:
    for row in _records("attribution/wice"):
        yield Judged("wice", row["id"], row["supported"], _compared(row["statement"], row["passage"], row["context"]))
    for row in _records("attribution/begin"):
        yield Judged("begin", row["id"], row["supported"], _compared(row["statement"], row["passage"], row["context"]))
    for row in _records("groundedness/mtrag_faithfulness"):
        told = _compared(row["answer"], row["source_text"], row["question"])
        yield Judged("mtrag", row["id"], row["faithfulness_median"] >= 4, told)
    for row in _records("groundedness/faithbench"):
        told = _compared(row["answer"], row["source_text"], row["question"])
        yield Judged("faithbench", row["id"], row["label"] in ("consistent", "benign"), told)


def _records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PACKS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _compared(text: str, source: str, question: str) -> Comparison:
    quotes = [source[start:end] for start, end in sentences(source, "en")]
    return compare(text, quotes or [source], question or "")


def fit(rows: Sequence[Judged], *, ridge: float = 1e-3) -> dict[str, float]:
    """Logistic regression with `DENIAL` given; each source and each label in it count alike."""
    names = [name for name in WEIGHTS if name != "negated"]
    table = np.array([[evidence(row.found)[name] for name in names] for row in rows])
    given = np.array([DENIAL * evidence(row.found)["negated"] for row in rows])
    right = np.array([row.supported for row in rows], dtype=np.float64)
    sizes = Counter((row.origin, row.supported) for row in rows)
    weight = np.array([1 / sizes[row.origin, row.supported] for row in rows])
    w = np.zeros(len(names))
    for _ in range(50):
        likely = 1 / (1 + np.exp(-(table @ w + given)))
        slope = table.T @ (weight * (likely - right)) / weight.sum() + ridge * w
        curve = (table * (weight * likely * (1 - likely))[:, None]).T @ table / weight.sum() + ridge * np.eye(len(w))
        w -= np.linalg.solve(curve, slope)
    return {name: round(float(value), 3) for name, value in zip(names, w, strict=True)} | {"negated": DENIAL}


def report(rows: Sequence[Judged], models: Sequence[dict[str, float]]) -> None:
    """``models[half]`` judges the rows of that half."""
    print("| texts | n | supported | balanced accuracy | AUROC |\n|---|---|---|---|---|")
    for origin in ("wice", "begin", "mtrag", "faithbench"):
        own = [row for row in rows if row.origin == origin]
        scores = np.array([_score(row, models[row.half]) for row in own])
        right = np.array([row.supported for row in own])
        above = np.mean(scores[right][:, None] > scores[~right])
        ties = np.mean(scores[right][:, None] == scores[~right])
        accuracy = balanced(scores >= 0, right)
        print(f"| {origin} | {len(own)} | {right.mean():.2f} | {accuracy:.3f} | {above + ties / 2:.3f} |")


def _score(row: Judged, model: dict[str, float]) -> float:
    return sum(model[name] * value for name, value in evidence(row.found).items())


def balanced(said: Any, right: Any) -> float:
    return float((said[right].mean() + (~said[~right]).mean()) / 2)


if __name__ == "__main__":
    main()
