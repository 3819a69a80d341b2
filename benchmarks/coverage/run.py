"""Do the intervals cover as often as they say? The tests' simulations at full size.

python -m benchmarks.coverage.run --draws 1000 --chain-draws 500
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from chain.world import growth_table, observe  # noqa: E402
from chain.world import make_world as make_chain_world  # noqa: E402
from headwinds.explain.measured import corrected_estimate, make_design, naive_estimate  # noqa: E402
from headwinds.measure.cells import make_cells  # noqa: E402
from headwinds.measure.estimators import classify_and_count, difference, labelled_only  # noqa: E402
from measure.populations import draw, make_world  # noqa: E402

METHODS = {
    "classify-and-count": classify_and_count.estimate,
    "labelled-only": labelled_only.estimate,
    "difference": difference.estimate,
}
SAMPLED = {"strict": 10_000, "none": 1500}


def shares(draws: int) -> list[list[str]]:
    """One share of a population in two strata."""
    world = make_world({"strict": 0.35, "none": 0.12}, {"strict": 1500, "none": 12_000}, seed=3)
    rng, truth = np.random.default_rng(1), world.share()[0]
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in METHODS}
    for _ in range(draws):
        frame = draw(world, rng, SAMPLED, {"strict": 150, "none": 200})
        cells = make_cells(frame, ())
        for name, estimate in METHODS.items():
            index = estimate(frame, cells)
            found[name].append((index.value[0], index.lower[0], index.upper[0]))
    return [_row("share of the population", name, np.array(values), truth) for name, values in found.items()]


def cells(draws: int) -> list[list[str]]:
    """The 360 country-years of the chain's world, most of which borrow their correction."""
    found: dict[str, list[np.ndarray]] = {"difference": [], "difference, no contextual slope": []}
    truths = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        world = make_chain_world(rng, effect=30.0)
        frame = observe(world, rng)
        by_cell = make_cells(frame, ("country", "year"))
        truths.append(world.share.ravel())
        for name, contextual in (("difference", True), ("difference, no contextual slope", False)):
            index = difference.estimate(frame, by_cell, contextual=contextual)
            found[name].append(np.column_stack([index.value, index.lower, index.upper]))
    truth = np.concatenate(truths)
    return [
        _row("share of a country-year", name, np.concatenate(values), truth) for name, values in found.items()
    ]


def chain(draws: int) -> list[list[str]]:
    """The effect of the lagged share on growth, 30 in truth."""
    ways = (
        ("errors-in-variables on the difference index", difference, corrected_estimate),
        ("naive on the difference index", difference, naive_estimate),
        ("naive on classify-and-count", classify_and_count, naive_estimate),
    )
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name, _, _ in ways}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        world = make_chain_world(rng, effect=30.0)
        frame = observe(world, rng)
        by_cell, growth = make_cells(frame, ("country", "year")), growth_table(world)
        for name, estimator, regress in ways:
            design = make_design(growth, estimator.estimate(frame, by_cell), labels=("driver",), lag=1)
            result = regress(design, "growth", 1)
            value, reach = (
                result.value[0] / design.scale[0],
                2.045 * result.standard_error[0] / design.scale[0],
            )
            found[name].append((value, value - reach, value + reach))
    return [_row("effect on growth (30)", name, np.array(values), 30.0) for name, values in found.items()]


def _row(what: str, name: str, values: np.ndarray, truth: np.ndarray | float) -> list[str]:
    value, lower, upper = values.T
    hits = (lower <= truth) & (truth <= upper)
    return [
        what,
        name,
        f"{len(values):,}",
        f"{np.mean(value - truth):+.4f}",
        f"{np.std(value - truth):.4f}",
        f"{np.mean(upper - lower):.4f}",
        f"{np.mean(hits):.1%}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--chain-draws", type=int, default=500)
    arguments = parser.parse_args()
    rows = shares(arguments.draws) + cells(arguments.chain_draws // 5) + chain(arguments.chain_draws)
    write_table(
        Path(__file__).parent / "results.md",
        "Coverage of the 95% intervals",
        "Seeded draws from worlds whose truth is known; the classifier gives labels too freely. "
        "`tests/measure` and `tests/chain` run smaller sizes of the same.",
        ["what", "estimator", "intervals", "mean error", "standard deviation", "mean width", "covered"],
        rows,
        f"python -m benchmarks.coverage.run --draws {arguments.draws} --chain-draws {arguments.chain_draws}",
    )


if __name__ == "__main__":
    main()
