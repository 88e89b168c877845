"""The offline default on every pack: the table of docs/evaluation.md.

    python benchmarks/packs.py --work /tmp/packs
    python benchmarks/packs.py --work /tmp/packs --limit 1000 --only squad2

One ``assistant eval run`` a pack; a run that was stopped goes on where it was, and a finished one is only read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

PACKS = Path(__file__).resolve().parents[2] / "shared" / "data" / "packs"
COLUMNS = {
    "retrieval.recall@1": "recall@1",
    "retrieval.recall@5": "recall@5",
    "retrieval.ndcg@10": "nDCG@10",
    "answer.contains": "contains",
    "citation.valid": "valid",
    "citation.document": "document",
    "citation.evidence": "evidence",
    "abstain.refused_unanswerable": "refused unanswerable",
    "abstain.refused_answerable": "refused answerable",
    "abstain.auroc": "AUROC",
    "latency.p50_ms": "p50 ms",
}
MAIN = "import cli; cli.main()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the runs and their libraries")
    parser.add_argument("--limit", type=int, default=1_000, help="questions a pack, drawn with seed 0")
    parser.add_argument("--only", default="", help="packs whose name holds this")
    options = parser.parse_args()
    if not PACKS.is_dir():
        raise SystemExit(f"{PACKS} is missing: this benchmark needs the evaluation packs.")
    print(f"| pack | asked | {' | '.join(COLUMNS.values())} |")
    print("|---" + "|---:" * (len(COLUMNS) + 1) + "|", flush=True)
    for questions in sorted(PACKS.glob("*/questions.jsonl"), key=lambda path: path.stat().st_size):
        if options.only in questions.parent.name:
            row(questions, options.work / questions.parent.name, options.limit)


def row(questions: Path, out: Path, limit: int) -> None:
    """Run a pack unless it has been run, and print its line."""
    started = time.perf_counter()
    if not (out / "summary.json").exists():
        asked = [
            str(questions),
            "--docs",
            str(questions.with_name("corpus.jsonl")),
            "--out",
            str(out),
            "--limit",
            str(limit),
        ]
        subprocess.run([sys.executable, "-c", MAIN, "eval", "run", *asked], check=True, stdout=subprocess.DEVNULL)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    cells = [shown(name, summary["metrics"][name]["value"]) for name in COLUMNS]
    print(f"| {questions.parent.name} | {summary['settings']['count']:,} | {' | '.join(cells)} |", flush=True)
    print(f"{questions.parent.name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)


def shown(metric: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if metric.endswith("_ms") else f"{value:.3f}".removeprefix("0") if value < 1 else "1"


if __name__ == "__main__":
    main()
