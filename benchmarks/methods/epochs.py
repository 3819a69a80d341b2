"""What an epoch costs by `head` and by `full`: the same files, seeds and batches, in turn, on one thread.

An epoch is what lies between two calls of a callback: every batch of the training part, and the validation score. What comes
before the first epoch (reading, loading, encoding, and for `head` the encoder's states, which are computed once) is told
apart. Results are kept in epochs.json, and what is there is not run again. `benchmarks.methods.run` has the whole runs.

    python -m benchmarks.methods.epochs DATA --sets questions fomc banking77 --seeds 0 1 2
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.machine import write_table
from benchmarks.methods.run import changes
from benchmarks.tasks.data import DATA_SETS
from benchmarks.tasks.run import one_run, write_rows

HERE = Path(__file__).parent
RESULTS = HERE / "epochs.json"
EPOCHS = 4
METHODS = ("full", "head")


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of a run: of the median epoch, and of what it takes to begin."""

    epoch: float
    before: float


def cost(name: str, paths: dict[str, Path], method: str, seed: int, folder: Path) -> Cost:
    """Tune for a few epochs, none of which is left out for want of progress."""
    shutil.rmtree(folder, ignore_errors=True)
    times = [time.process_time()]
    more = {**changes("", method), "epochs": EPOCHS, "patience": EPOCHS}
    one_run(name, paths, seed, folder, more, callbacks=[lambda record: times.append(time.process_time())])
    each = [later - earlier for earlier, later in pairwise(times[1:])]
    epoch = statistics.median(each)
    return Cost(epoch, times[1] - times[0] - epoch)


def table(results: dict[str, dict[str, dict[str, dict[str, float]]]]) -> list[list[str]]:
    """A row a method; ratios are of the seeds that both have."""
    rows = []
    for name, methods in results.items():
        full, head = methods["full"], methods.get("head", {})
        ratios = [full[seed]["epoch"] / head[seed]["epoch"] for seed in full if seed in head]
        for method, runs in methods.items():
            faster = f"{statistics.mean(ratios):.0f}"
            if len(ratios) > 1:
                faster += f" ({min(ratios):.0f}-{max(ratios):.0f})"
            rows.append(
                [
                    name,
                    method,
                    f"{statistics.mean(one['before'] for one in runs.values()):.1f}",
                    f"{statistics.mean(one['epoch'] for one in runs.values()):.2f}",
                    faster if method == "head" else "",
                    str(len(runs)),
                ]
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["questions", "fomc", "banking77"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark-epochs"))
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.sets:
        paths = write_rows(DATA_SETS[name].read(arguments.data), arguments.work / name / "files")
        for seed in arguments.seeds:
            for method in METHODS:
                kept = results.setdefault(name, {}).setdefault(method, {})
                if str(seed) not in kept:
                    kept[str(seed)] = asdict(cost(name, paths, method, seed, arguments.work / name / method))
                    print(name, seed, method, kept[str(seed)], flush=True)
                    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    write_table(
        HERE / "epochs.md",
        "An epoch of `head` beside one of `full`",
        f"Whole training parts, the offline default encoder, {EPOCHS} epochs; validation included. Processor seconds on one "
        "thread; ratios are of one seed's two runs. `head` computes the encoder's states once, before its first epoch.",
        [
            "data set",
            "method",
            "seconds before the first epoch",
            "seconds of an epoch",
            "times as fast (range)",
            "seeds",
        ],
        table(results),
        "python -m benchmarks.methods.epochs DATA",
    )


if __name__ == "__main__":
    main()
