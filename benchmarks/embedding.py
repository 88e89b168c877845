"""The local embedding model against the ways people usually run the same weights: speed, and whether the vectors agree.

    python benchmarks/embedding.py --rival-python /path/to/venv/bin/python

Each contender sits in a process of its own and they take turns, round by round, since machines are noisy and only
ratios hold. ``--rival-python`` is an interpreter with sentence-transformers and torch, which this project does not
install; without it that contender is left out. Chroma's default function gets the same weights in the layout of its
own file, so that nothing is downloaded. Reference vectors are read from ``../shared/data`` where they are.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
QUERY = "Why were the deliveries to the northern villages delayed in spring?"
BASE = "sentence-transformers"
OURS = ("minilm", "minilm-f32")

Embed = Callable[[list[str]], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival-python", default=None, help="an interpreter that has sentence-transformers")
    parser.add_argument("--passages", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--worker", default=None, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker, options.work, options.threads)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.passages)
        interpreters = dict.fromkeys((*OURS, "chroma"), sys.executable)
        if options.rival_python:
            interpreters[BASE] = options.rival_python
        seconds = measure(interpreters, Path(folder), options.rounds, options.threads)
        report(seconds, Path(folder), options.passages)
    return None


# What everybody embeds


def prepare(work: Path, count: int) -> None:
    """Write the sets of texts, and the weights in the layout each rival expects."""
    passages = list(passages_of(texts(), count))
    sets = {
        "passages": passages,
        "sentences": [" ".join(passage.split()[:24]) for passage in passages[:25]],
        "query": [QUERY],
        "reference": [item["text"] for item in reference()],
    }
    (work / "texts.json").write_text(json.dumps(sets), encoding="utf-8")
    weights = weights_folder()
    (work / "weights").symlink_to(weights)
    (work / "onnx").mkdir()
    for name in ("config", "special_tokens_map", "tokenizer_config", "tokenizer"):
        (work / "onnx" / f"{name}.json").symlink_to(weights / f"{name}.json")
    (work / "onnx" / "vocab.txt").symlink_to(weights / "vocab.txt")

    from batched_graph import build
    from safetensors.numpy import load_file

    (work / "onnx" / "model.onnx").write_bytes(build(load_file(weights / "model.safetensors")))


def weights_folder() -> Path:
    from vectorstore import minilm

    weights = minilm.find_weights()
    if weights is None:
        sys.exit(f"The weights are not installed. Run: {minilm.INSTALL}")
    return weights


def texts() -> Iterator[str]:
    """English prose: of the packs, or of the examples where there are none."""
    found = False
    for pack in ("squad2", "clapnq", "mtrag"):
        path = DATA / "packs" / pack / "corpus.jsonl"
        if path.is_file():
            found = True
            for line in path.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)["text"]
    if not found:
        print("no packs beside the checkout: the examples, over and over", file=sys.stderr)
        while True:
            yield from (path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").glob("*.md")))


def passages_of(documents: Iterator[str], count: int) -> Iterator[str]:
    """Cuts of at most 700 characters on blanks, with the shorter ones that real documents end with."""
    made = 0
    for document in documents:
        while document and made < count:
            end = document.rfind(" ", 0, 700) if len(document) > 700 else len(document)
            passage, document = document[: max(end, 1)].strip(), document[max(end, 1) :].strip()
            if len(passage) > 100:
                made += 1
                yield passage
        if made == count:
            return


def reference() -> list[dict[str, Any]]:
    path = DATA / "minilm-reference.json"
    return json.loads(path.read_text(encoding="utf-8"))["items"] if path.is_file() else []


# One contender, in its own process and perhaps another interpreter


def work(name: str, folder: Path, threads: int) -> None:
    """Embed the set named on each line of the input; answer with the seconds it took."""
    sets = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    embed = contender(name, folder, threads)
    import numpy as np

    embed(sets["passages"][:16])
    np.save(folder / f"{name}.npy", np.asarray(embed(sets["reference"] or [QUERY]), np.float32))
    print("ready", flush=True)
    for line in sys.stdin:
        batch = sets[line.strip()]
        times = []
        for _ in range(15 if len(batch) == 1 else 3 if len(batch) <= 25 else 1):
            start = time.perf_counter()
            embed(batch)
            times.append(time.perf_counter() - start)
        print(statistics.median(times), flush=True)


def contender(name: str, folder: Path, threads: int) -> Embed:
    if name == BASE:
        return sentence_transformers(folder / "weights", threads)
    if name == "chroma":
        return chroma(folder)
    sys.path.insert(0, str(ROOT))
    from vectorstore.embeddings import open_embedding

    return open_embedding(name, cache=folder / "cache", threads=threads)


def sentence_transformers(weights: Path, threads: int) -> Embed:
    """As its documentation has it: batches of 32, sorted by length inside."""
    import torch  # type: ignore[import-not-found]
    from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]

    torch.set_num_threads(threads)
    model = SentenceTransformer(str(weights), device="cpu")
    model.max_seq_length = 256
    return lambda batch: model.encode(batch, batch_size=32)


def chroma(folder: Path) -> Embed:
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    class Local(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = folder

    function = Local(preferred_providers=["CPUExecutionProvider"])
    return lambda batch: function(batch)


# Turns, and what came of them


def measure(interpreters: dict[str, str], folder: Path, rounds: int, threads: int) -> dict[str, dict[str, list[float]]]:
    """Seconds by contender and set of texts, one figure a round."""
    # Left to themselves all take every core; a limit meant for something else must not bind one of them.
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    processes = {}
    for name, interpreter in interpreters.items():
        command = [interpreter, __file__, "--worker", name, "--work", str(folder), "--threads", str(threads)]
        processes[name] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        while read_line(processes[name]) != "ready\n":
            pass  # whatever a rival prints while it loads
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in processes}
    for _ in range(rounds):
        for kind in ("passages", "sentences", "query"):
            for name, process in processes.items():
                print(kind, file=process.stdin, flush=True)
                seconds[name].setdefault(kind, []).append(float(read_line(process)))
    for process in processes.values():
        process.communicate()
    return seconds


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        sys.exit(f"{process.args!r} ended before its time")
    return line


def report(seconds: dict[str, dict[str, list[float]]], folder: Path, count: int) -> None:
    """The best round of each, which is the one the machine disturbed least, and the ratio of every round."""
    base = BASE if BASE in seconds else "chroma"
    print(f"{count} passages of {mean_tokens(folder):.0f} tokens on average, {len(seconds[base]['query'])} rounds\n")
    print(
        f"| | passages/s | x {base}, best rounds | round by round | 25 sentences, ms | 1 question, ms | least cosine |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in (*OURS, BASE, "chroma"):
        if name in seconds:
            best = {kind: min(times) for kind, times in seconds[name].items()}
            ratios = [b / own for b, own in zip(seconds[base]["passages"], seconds[name]["passages"], strict=True)]
            cells = [
                f"{count / best['passages']:.0f}",
                f"{min(seconds[base]['passages']) / best['passages']:.2f}",
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                f"{1000 * best['sentences']:.0f}",
                f"{1000 * best['query']:.1f}",
                least_cosine(folder, name),
            ]
            print(f"| {name} | {' | '.join(cells)} |")


def mean_tokens(folder: Path) -> float:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "weights" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    passages: Sequence[str] = json.loads((folder / "texts.json").read_text(encoding="utf-8"))["passages"]
    return statistics.mean(len(encoding.ids) for encoding in tokenizer.encode_batch(passages))


def least_cosine(folder: Path, name: str) -> str:
    import numpy as np

    items = reference()
    if not items:
        return "no reference"
    expected = np.array([item["vector"] for item in items])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    return f"{(np.load(folder / f'{name}.npy') * expected).sum(axis=1).min():.5f}"


if __name__ == "__main__":
    main()
