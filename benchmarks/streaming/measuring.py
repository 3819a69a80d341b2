"""How much memory and time an index takes from scores in parts: made-up scores of two labels, thirty-three years, and gold.

python -m benchmarks.streaming.measuring --passages 1000000 10000000 --folder /path/with/space
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.machine import write_table

ROWS = 500_000
GOLD = 3_000
STEP = "--step"


def make_scores(folder: Path, passages: int) -> None:
    """Parts as `headwinds score` writes them, and gold labels drawn at equal distances."""
    (folder / "scores").mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for start in range(0, passages, ROWS):
        rows = np.arange(start, min(start + ROWS, passages))
        probability = generator.random((len(rows), 2)) ** 3
        table = {
            "passage_id": [f"passage-{row:09d}" for row in rows],
            "document_id": [f"document-{row // 20}" for row in rows],
            "probability_a": probability[:, 0],
            "probability_b": probability[:, 1],
            "label_a": probability[:, 0] > 0.5,
            "label_b": probability[:, 1] > 0.5,
            "year": 1990 + rows * 33 // passages,
        }
        pq.write_table(pa.table(table), folder / "scores" / f"part-{start // ROWS:06d}.parquet")
    with open(folder / "gold.jsonl", "w", encoding="utf-8") as file:
        for row in range(0, passages, passages // GOLD):
            line = {"passage_id": f"passage-{row:09d}", "labels": ["a"] if row % 3 == 0 else []}
            file.write(json.dumps(line | {"inclusion_probability": GOLD / passages}) + "\n")


def step(what: str, folder: Path) -> None:
    """Read or measure, in a process of its own."""
    import resource

    from headwinds.study.own_files import measure_file
    from headwinds.study.scores_file import ScoresFile, read_scores

    started = time.perf_counter()
    scores = ScoresFile(folder / "scores", by=(("year",),), document_id="document_id")
    if what == "read":
        read_scores(scores, folder / "gold.jsonl")
    else:
        measure_file(scores, folder / "gold.jsonl", folder / "out")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - started, "peak": peak}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--folder", type=Path, default=Path("runs/measuring"))
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "measuring.md")
    arguments = parser.parse_args()
    rows = []
    for passages in arguments.passages:
        folder = arguments.folder / str(passages)
        make_scores(folder, passages)
        for what in ("read", "measure"):
            command = [sys.executable, "-m", "benchmarks.streaming.measuring", STEP, what, str(folder)]
            printed = subprocess.run(
                command, stdout=subprocess.PIPE, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
            )
            found = json.loads(printed.stdout)
            rows.append([f"{passages:,}", what, f"{found['seconds']:,.0f}", f"{found['peak']:,.0f}"])
    write_table(
        arguments.results,
        "An index from scores in parts",
        f"Made-up scores of two labels by 33 years with {GOLD:,} gold labels. To read is to bring scores and gold together; "
        "to measure is to read, to estimate and to diagnose, as `headwinds measure` does. One thread.",
        ["passages", "what", "seconds", "peak of memory, MiB"],
        rows,
        f"python -m benchmarks.streaming.measuring --passages {' '.join(map(str, arguments.passages))}",
    )


if __name__ == "__main__":
    if STEP in sys.argv:
        step(*sys.argv[2:3], Path(sys.argv[3]))
    else:
        main()
