"""Ninety-five percent intervals cover ninety-five times in a hundred: no less, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import classify_and_count, difference, labelled_only
from measure.populations import draw, make_world

DRAWS = 1000
SIZES = {"strict": 1500, "none": 12_000}
PREVALENCE = {"strict": 0.35, "none": 0.12}
SAMPLED = {"strict": 10_000, "none": 1500}


def simulate(world, gold, estimators, *, by=(), draws=DRAWS, seed=1, **options):
    """Coverage and mean width of each estimator over seeded draws."""
    rng = np.random.default_rng(seed)
    truth = world.share(by_year=bool(by))
    hits = {name: [] for name in estimators}
    widths = {name: [] for name in estimators}
    for _ in range(draws):
        frame = draw(world, rng, SAMPLED, gold, **options)
        cells = make_cells(frame, by)
        for name, estimate in estimators.items():
            result = estimate(frame, cells)
            hits[name].append((result.lower <= truth) & (truth <= result.upper))
            widths[name].append(result.upper - result.lower)
    return {name: (np.mean(hits[name]), np.mean(widths[name])) for name in estimators}


@pytest.mark.parametrize("known", [True, False], ids=["known sizes", "estimated sizes"])
def test_corrected_intervals_cover_and_classify_and_count_does_not(known):
    world = make_world(PREVALENCE, SIZES, seed=3)
    found = simulate(
        world,
        {"strict": 150, "none": 200},
        {
            "difference": difference.estimate,
            "gold": labelled_only.estimate,
            "naive": classify_and_count.estimate,
        },
        known=known,
    )
    assert 0.929 <= found["difference"][0] <= 0.971
    assert 0.929 <= found["gold"][0] <= 0.971
    assert found["naive"][0] < 0.5
    assert found["difference"][1] < 0.85 * found["gold"][1]


def test_pooled_year_cells_cover_where_the_error_is_constant():
    world = make_world(PREVALENCE, SIZES, years=10, seed=4)
    found = simulate(
        world, {"strict": 150, "none": 200}, {"difference": difference.estimate}, by=("year",), draws=1000
    )
    assert 0.929 <= found["difference"][0] <= 0.971


def test_a_rare_stratum_is_covered_with_a_width_neither_zero_nor_absurd():
    sizes = {"strict": 1500, "none": 40_000}
    world = make_world({"strict": 0.35, "none": 0.001}, sizes, seed=5)
    none = world.stratum == "none"
    rng = np.random.default_rng(6)
    rare = np.zeros(none.sum(), dtype=bool)
    rare[rng.permutation(none.sum())[:80]] = True
    world.truth[none] = rare
    truth = world.share()[0]
    hits, widths, zeros = [], [], 0
    for _ in range(DRAWS):
        frame = draw(world, rng, SAMPLED, {"strict": 300, "none": 555})
        result = difference.estimate(frame, make_cells(frame, ()))
        hits.append(result.lower[0] <= truth <= result.upper[0])
        widths.append(result.upper[0] - result.lower[0])
        zeros += not frame.gold_labels[frame.strata[frame.gold_rows] == "none"].any()
        assert result.variance[0] > (0.5 / 555**2) * 0.9
    assert zeros > 200
    assert 0.929 <= np.mean(hits) <= 0.985
    assert 0.002 < np.mean(widths) < 0.03
    assert np.max(widths) < 0.04
