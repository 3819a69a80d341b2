"""A million rows, two-way effects: the corrected estimate and 200 draws of the index, in units of one plain pyfixest fit.

python -m benchmarks.measured_regression.speed --rows 1000000 --rounds 5
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest
from benchmarks.machine import write_table

from headwinds.explain.measured import Design, corrected_estimate
from headwinds.explain.measured.draws import draws_estimate, naive_draws_estimate

TEXT = """\
{rows:,} rows, {entities:,} entities and 20 periods met at random, one index with a sampling variance of its own in every
row and four errors that rows share; errors clustered by entity. The baseline is `pyfixest.feols` of the outcome on the
index with the same effects and clusters, from a ready table; ours start from a ready design. Each round runs all of them
one after the other; the ratio is the median over {rounds} rounds of the ratios within a round. Peak memory of the whole
run: {memory:.1f} GB. The draws of common errors cost a quadratic form each, as the effects are taken out once; uncorrected
draws of all errors need new noise in every row, and show what that costs.
"""


def make(rows: int, seed: int = 0) -> tuple[Design, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    entities = rows // 20
    entity = np.concatenate([np.arange(entities), rng.integers(0, entities, rows - entities)])
    period = rng.integers(0, 20, rows)
    truth = rng.normal(size=rows) + rng.normal(size=entities)[entity]
    factor = 0.05 * rng.normal(size=(rows, 1, 4))
    variance = rng.uniform(0.1, 0.4, (rows, 1))
    seen = truth + np.sqrt(variance[:, 0]) * rng.normal(size=rows) + factor[:, 0] @ rng.normal(size=4)
    outcome = (
        0.5 * truth + rng.normal(size=entities)[entity] + rng.normal(size=20)[period] + rng.normal(size=rows)
    )
    empty = np.zeros((rows, 0))
    design = Design(
        outcome=outcome, index=seen[:, None], variance=variance, factor=factor, scale=np.ones(1), labels=("index",),
        effects=(entity, period), effect_names=("entity", "period"), cluster=entity, cluster_name="entity",
        controls=empty, control_names=(), outcome_variance=np.zeros(rows), outcome_factor=np.zeros((rows, 4)),
        entity=entity.astype(str), period=period, dropped=0,
    )  # fmt: skip
    return design, pd.DataFrame({"y": outcome, "x": seen, "entity": entity, "period": period})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    design, frame = make(arguments.rows)
    ways = {
        "pyfixest, one plain fit": lambda: pyfixest.feols(
            "y ~ x | entity + period", frame, vcov={"CRV1": "entity"}
        ),
        "errors in variables": lambda: corrected_estimate(design, "growth", 1),
        "errors in variables in 200 draws of the common errors": lambda: draws_estimate(design, "growth", 1),
        "20 uncorrected draws of all errors": lambda: naive_draws_estimate(design, "growth", 1, draws=20),
    }
    ways["pyfixest, one plain fit"]()  # the first pays for its imports
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    slopes = {}
    for _ in range(arguments.rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            found = run()
            seconds[name].append(time.perf_counter() - start)
            slopes[name] = (
                float(found.coef().iloc[0]) if name.startswith("pyfixest") else float(found.value[0])
            )
    base = np.array(seconds["pyfixest, one plain fit"])
    rows = [
        [name, f"{slopes[name]:.4f}", f"{np.median(found):.2f}", f"{np.median(np.array(found) / base):.1f}"]
        for name, found in seconds.items()
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    write_table(
        Path(__file__).parent / "speed.md",
        "Speed of the corrected estimate",
        TEXT.format(
            rows=arguments.rows, entities=arguments.rows // 20, rounds=arguments.rounds, memory=memory
        ),
        ["what", "slope (true 0.5)", "median seconds", "times a plain fit"],
        rows,
        f"python -m benchmarks.measured_regression.speed --rows {arguments.rows} --rounds {arguments.rounds}",
    )


if __name__ == "__main__":
    main()
