"""One million predictions by 200 x 30 cells x 6 labels: how long an index with its covariance takes, and how much memory.

python -m benchmarks.measure_speed.run
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table

COUNTRIES, YEARS, LABELS = 200, 30, 6
COLUMNS = [
    "estimator",
    "frame",
    "estimate",
    "together",
    "processor time",
    "memory before",
    "peak memory",
    "with an interval",
    "columns",
]
ESTIMATORS = ("auto", "difference", "labelled-only", "adjusted-count", "expectation-maximisation")


def make_arrays(passages: int, gold: int) -> dict:
    """Two strata, one of them sampled at a half; gold in proportion."""
    rng = np.random.default_rng(0)
    country, year = rng.integers(0, COUNTRIES, passages), rng.integers(0, YEARS, passages)
    share = np.clip(0.15 + 0.05 * rng.standard_normal((COUNTRIES, LABELS)), 0.03, 0.5)[country]
    truth = rng.random((passages, LABELS)) < share
    odds = 3.0 * truth - 2.0 + rng.standard_normal(truth.shape)
    probability = 1 / (1 + np.exp(-odds))
    rows = np.sort(rng.permutation(passages)[:gold])
    stratum = (rng.random(passages) < 0.3).astype(int)
    weight = np.where(stratum == 1, 1.0, 2.0)
    population = np.array([weight[stratum == one].sum() for one in (0, 1)])
    read = np.bincount(stratum[rows], minlength=2)
    return {
        "document_ids": (country * YEARS + year) * 20 + rng.integers(0, 20, passages),
        "strata": np.array(["none", "strict"])[stratum],
        "keys": {
            "country": np.array([f"C{one:03d}" for one in range(COUNTRIES)])[country],
            "year": 1990 + year,
        },
        "weight": weight,
        "probability": probability,
        "label": probability > 0.5,
        "gold_rows": rows,
        "gold_labels": truth[rows],
        "inclusion_probability": (read / population)[stratum[rows]],
        "label_names": tuple(f"label {one}" for one in range(LABELS)),
    }


def child(name: str, passages: int, gold: int) -> dict:
    """Measure in this process; the peak memory holds the arrays as well."""
    from headwinds.measure import estimate_shares, make_cells, make_frame

    arrays = make_arrays(passages, gold)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, began = time.perf_counter(), time.process_time()
    frame = make_frame(**arrays)
    cells = make_cells(frame, ("country", "year"))
    ready = time.perf_counter()
    some = {} if name in ESTIMATORS[:3] else {"on_drift": "ignore"}
    index = estimate_shares(frame, cells, name, **some)
    done, ended = time.perf_counter(), time.process_time()
    assert len(index) == COUNTRIES * YEARS * LABELS
    return {
        "method": index.method,
        "frame": ready - start,
        "estimate": done - ready,
        "processor": ended - began,
        "before": before / 1024,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "defined": float(np.mean(~np.isnan(index.lower))),
        "rank": int(index.audit_factor.shape[1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--gold", type=int, default=6000)
    parser.add_argument("--child", default="")
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(child(arguments.child, arguments.passages, arguments.gold)))
        return
    rows = []
    for name in ESTIMATORS:
        command = [sys.executable, "-m", "benchmarks.measure_speed.run", "--child", name]
        command += ["--passages", str(arguments.passages), "--gold", str(arguments.gold)]
        done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        shown = f"{name} ({done['method']})" if name == "auto" else name
        rows.append(
            [
                shown,
                f"{done['frame']:.1f} s",
                f"{done['estimate']:.1f} s",
                f"{done['frame'] + done['estimate']:.1f} s",
                f"{done['processor']:.1f} s",
                f"{done['before']:,.0f} MiB",
                f"{done['peak']:,.0f} MiB",
                f"{done['defined']:.1%}",
                f"{done['rank']}",
            ]
        )
    write_table(
        Path(__file__).parent / "results.md",
        "Speed and memory of an index with its covariance",
        f"{arguments.passages:,} passages by {COUNTRIES} countries and {YEARS} years, {LABELS} labels, "
        f"{arguments.gold:,} gold labels, two strata; each estimator in a process of its own, one thread, at a load of "
        f"{os.getloadavg()[1]:.0f} on {os.cpu_count()} cores (compare the processor time). The covariance of the "
        f"{COUNTRIES * YEARS * LABELS:,} shares is a diagonal and a low-rank factor, whose columns are counted.",
        COLUMNS,
        rows,
        "python -m benchmarks.measure_speed.run",
    )


if __name__ == "__main__":
    main()
