"""Ways of adapting against `full`: the same files and seeds, in turn; mean, spread and the difference in pairs.

    python -m benchmarks.methods.run DATA --sets questions fomc --methods full lora --seeds 0 1 2 3 4

DATA is the folder that `benchmarks.tasks.run` reads. A method has its own learning rate, `full` that of
`benchmarks/tasks/data.py`; all else is alike. Seeds decide the validation part, the head, the order and dropout. Results
are kept in results.json and the table is made anew from it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.machine import processor, write_table
from benchmarks.tasks.data import DATA_SETS
from benchmarks.tasks.run import one_run, write_rows
from scipy import stats

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
WHOLE = ", whole"
METRICS = {
    "questions": "accuracy",
    "fomc": "weighted_f1",
    "banking77": "accuracy",
    f"banking77{WHOLE}": "accuracy",
}
# What differs from benchmarks/tasks/data.py, so that five seeds of each method are minutes; a whole set differs in nothing.
SMALLER: dict[str, dict[str, object]] = {
    "questions": {"training_share": 0.25, "epochs": 6},
    "fomc": {"epochs": 6},
    "banking77": {"training_share": 0.25, "epochs": 6},
}


def data_set_of(name: str) -> str:
    """The data set that a row of the table is measured on."""
    return name.removesuffix(WHOLE)


def changes(name: str, method: str) -> dict[str, object]:
    """The settings of a run beside those of the data set; a rate of 0 is the method's own."""
    own = {} if method == "full" else {"method": method, "learning_rate": 0.0}
    return {**SMALLER.get(name, {}), **own, "head_learning_rate": 0.0}


def table(results: dict[str, dict[str, dict[str, Any]]]) -> list[list[str]]:
    """A row a method: the metric, the difference to `full` in pairs of seeds with its 95 % interval, seconds."""
    rows = []
    for name, methods in results.items():
        full = methods.get("full", {})
        for method, runs in methods.items():
            values, seconds = np.array([run[:2] for run in runs.values()]).T
            pairs = np.array([runs[seed][0] - full[seed][0] for seed in runs if seed in full]) * 100
            apart = interval = faster = ""
            if method != "full" and len(pairs) > 1:
                half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / np.sqrt(len(pairs))
                apart, interval = (
                    f"{pairs.mean():+.2f}",
                    f"{pairs.mean() - half:+.2f} to {pairs.mean() + half:+.2f}",
                )
            if full:
                faster = f"{np.mean([run[1] for run in full.values()]) / seconds.mean():.1f}"
            rows.append(
                [
                    name,
                    METRICS[name].replace("_", " "),
                    method,
                    f"{values.mean():.4f}",
                    f"{values.std(ddof=1):.4f}" if len(values) > 1 else "one seed",
                    apart,
                    interval,
                    f"{seconds.mean():.0f}",
                    faster,
                    str(len(values)),
                    ", ".join(sorted({run[2] for run in runs.values()})),
                ]
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["questions", "fomc"], choices=list(METRICS))
    parser.add_argument("--methods", nargs="+", default=["full", "lora"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4], help="none: the table alone")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark-methods"))
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in arguments.seeds:
        for name in arguments.sets:
            data_set = data_set_of(name)
            paths = write_rows(DATA_SETS[data_set].read(arguments.data), arguments.work / name / "files")
            for method in arguments.methods:
                kept = results.setdefault(name, {}).setdefault(method, {})
                if str(seed) in kept:
                    continue
                folder = arguments.work / name / f"{method}-{seed}"
                started = time.process_time()
                run = one_run(data_set, paths, seed, folder, changes(name, method))
                kept[str(seed)] = [run[METRICS[name]], time.process_time() - started, processor()]
                print(name, method, seed, kept[str(seed)], flush=True)
                RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    write_table(
        HERE / "results.md",
        "Ways of adapting against full tuning",
        "Published test parts, the offline default encoder; the seeds take turns over the methods. Each method has its own "
        "learning rates; the rest is that of `benchmarks/tasks`, but for 6 epochs, and a quarter of the training part of "
        "questions and banking77; a set that is called whole has all of both. A difference is in points to `full` of the "
        "same seed, with its 95 % interval. Seconds are processor time of the whole run, from reading the files to the "
        "tested model, on one thread.",
        [
            "data set",
            "metric",
            "method",
            "mean",
            "sd",
            "less full",
            "95 %",
            "processor seconds",
            "times as fast",
            "seeds",
            "processor",
        ],
        table(results),
        "python -m benchmarks.methods.run DATA",
    )


if __name__ == "__main__":
    main()
