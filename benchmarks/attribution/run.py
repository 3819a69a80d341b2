"""What an attribution to five headwinds can tell with how much data; and how long one takes.

python -m benchmarks.attribution.run --runs 300
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from explain.attribution.world import TRUE_PART, World  # noqa: E402
from headwinds.explain.attribution.headwinds import shapley_attribution  # noqa: E402
from headwinds.explain.attribution.power import attribution_power  # noqa: E402
from headwinds.explain.attribution.slowdown import attribute_slowdown  # noqa: E402

ROWS = [
    ("38 x 24", World(), True, ".92 / .74; 30 %; 10 %"),
    ("38 x 24", World(residual=1.0), True, ".46 / .38; 15 %; 21 %"),
    ("120 x 24", World(units=120, residual=3.0), True, ".78 / .63; 26 %; 10 %"),
    ("1,000 x 24", World(units=1000), True, ".18 / .15; 0 %; 75 %"),
    ("10,000 x 12", World(units=10_000, years=12), True, ".09 / .07; 0 %; 100 %"),
    ("38 x 24, index noise .3, taken as known", World(residual=1.0, index_noise=0.3), False, ".27 / .30; 19 %; 19 %"),
    ("38 x 24, index noise .3, carried", World(residual=1.0, index_noise=0.3), True, ""),
    ("120 x 24, index noise .3, taken as known", World(units=120, residual=1.0, index_noise=0.3), False, ""),
    ("120 x 24, index noise .3, carried", World(units=120, residual=1.0, index_noise=0.3), True, ""),
    ("1,000 x 24, index noise .3, taken as known", World(units=1000, residual=2.0, index_noise=0.3), False, ""),
    ("1,000 x 24, index noise .3, carried", World(units=1000, residual=2.0, index_noise=0.3), True, ""),
]  # fmt: skip


def row(name: str, world: World, carry_error: bool, anticipated: str, runs: int) -> list[str]:
    single, joint, forecast = [], [], []
    for seed in range(runs):
        design = world.design(seed)
        result = shapley_attribution(design, draws=199, seed=seed, carry_error=carry_error)
        table = result.table.set_index("name")[["value", "lower", "upper"]]
        single.append(table.iloc[:5].to_numpy())
        joint.append(table.loc["all headwinds"].to_numpy())
        if seed < 20:
            known = design if carry_error else replace(design, variance=design.variance * 0)
            forecast.append(attribution_power(known, assumed=TRUE_PART).table["wrong_sign"].iloc[:5].mean())
    one, total = np.array(single).reshape(-1, 3), np.array(joint)
    lost = np.isnan(total[:, 0]).mean()
    one, total = one[~np.isnan(one[:, 0])], total[~np.isnan(total[:, 0])]
    return [
        name,
        f"{world.residual:g} pp",
        f"{np.median(one[:, 2] - one[:, 1]):.2f} pp",
        f"{np.median(total[:, 2] - total[:, 1]):.2f} pp",
        f"{(one[:, 0] > 0).mean():.0%}",
        f"{np.nanmean(forecast):.0%}",
        f"{((one[:, 1] > 0) | (one[:, 2] < 0)).mean():.0%}",
        f"{total[:, 0].mean():+.2f} pp",
        f"{((total[:, 1] <= 5 * TRUE_PART) & (total[:, 2] >= 5 * TRUE_PART)).mean():.0%}",
        f"{runs}" + (f" ({lost:.0%} not identified)" if lost else ""),
        anticipated,
    ]


def speed() -> list[str]:
    """Seconds of five headwinds, 500 draws, 40 x 25, an index with its error; the best of five."""
    world = World(units=40, years=25, index_noise=0.1)
    told = []
    for name, design in (
        ("exact index", World(units=40, years=25).design(0)),
        ("index with its error", world.design(0)),
    ):
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            shapley_attribution(design, draws=500)
            seconds.append(time.perf_counter() - start)
        told.append(f"{name} {min(seconds):.3f} s")
    outcome, index, technology = world.tables(0)
    start = time.perf_counter()
    attribute_slowdown(
        outcome, index, before=world.spans[0], after=world.spans[1], technology=technology, draws=500
    )
    told.append(f"`attribute_slowdown` with all its readings {time.perf_counter() - start:.1f} s")
    return told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=300)
    arguments = parser.parse_args()
    timed = speed()
    rows = [row(*one, runs=arguments.runs if one[1].units < 10_000 else arguments.runs // 3) for one in ROWS]
    write_table(
        Path(__file__).parent / "results.md",
        "Attribution of a slowdown to five headwinds: what it can tell, and its speed",
        "Simulated panels (`tests/explain/attribution/world.py`): two-way effects, technology x headwinds, headwinds AR(1) "
        "of 0.8 with correlation .5 and standard deviation .3 that rise by .75 at mid-sample; each headwind's part is "
        "-0.12 points, all together -0.6. Intervals are those of `shapley_attribution`, cluster bootstrap of 199 draws. "
        "Wrong sign: of single estimates, as happened and as `attribution_power` forecast it without looking at a "
        "coefficient (mean of 20 panels). Last column: what an earlier simulation of the same kind had (width of one / of "
        "the total; wrong sign; significant); the scale of its indices is not known, and with noise its naive interval of "
        "the total covered 5 %. Of 300 runs an interval that covers at 95 % is seen to cover in 91.2-98.8 % (three standard "
        "errors).\n\n"
        f"Speed, five headwinds, 500 cluster-bootstrap draws, 40 x 25, one core: {'; '.join(timed)}.",
        [
            "units x years", "residual sd", "width of one", "of the total", "wrong sign", "forecast", "significant",
            "mean total", "total covered", "runs", "anticipated",
        ],
        rows,
        f"python -m benchmarks.attribution.run --runs {arguments.runs}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
