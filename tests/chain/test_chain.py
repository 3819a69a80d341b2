"""The chain keeps its promise: from labels to an effect on growth, the interval knows what went wrong on the way."""

from __future__ import annotations

import numpy as np
import pytest

from chain.world import growth_table, make_world, observe
from headwinds.explain.measured import corrected_estimate, make_design, naive_estimate
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import classify_and_count, difference, small_area

EFFECT = 30.0
DRAWS = 60
OF_THE_CRUDE = 30  # what misses the effect every time needs no more


@pytest.fixture(scope="module")
def draws():
    """Estimate, standard error and bounds of the effect, in units of the share, by four ways, over independent worlds."""
    found = {"corrected": [], "small-area": [], "naive": [], "classify-and-count": []}
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        world = make_world(rng, effect=EFFECT)
        frame = observe(world, rng)
        cells, growth = make_cells(frame, ("country", "year")), growth_table(world)
        ways = (
            ("corrected", difference, corrected_estimate),
            ("small-area", small_area, corrected_estimate),
            ("naive", difference, naive_estimate),
            ("classify-and-count", classify_and_count, naive_estimate),
        )
        for name, estimator, regress in ways if seed < OF_THE_CRUDE else ways[:-1]:
            design = make_design(growth, estimator.estimate(frame, cells), labels=("driver",), lag=1)
            estimate = regress(design, "growth", 1)
            bounds = estimate.confidence_interval()[0]
            found[name].append(
                np.array([estimate.value[0], estimate.standard_error[0], *bounds]) / design.scale[0]
            )
    return {name: np.array(values) for name, values in found.items()}


def covered(values):
    return np.mean((values[:, 2] <= EFFECT) & (values[:, 3] >= EFFECT))


@pytest.mark.parametrize("index", ["corrected", "small-area"])
def test_the_corrected_effect_is_covered_about_as_often_as_it_says(draws, index):
    assert 0.89 <= covered(draws[index]) <= 0.995
    assert abs(draws[index][:, 0].mean() - EFFECT) < 0.08 * EFFECT
    said, true = draws[index][:, 1].mean(), draws[index][:, 0].std()
    assert 0.85 < said / true < 1.3


def test_an_index_taken_as_known_gives_an_interval_that_is_too_short(draws):
    assert covered(draws["naive"]) < 0.85
    assert draws["naive"][:, 1].mean() < 0.65 * draws["naive"][:, 0].std()


def test_classify_and_count_misses_the_effect(draws):
    assert covered(draws["classify-and-count"]) < 0.05
    assert draws["classify-and-count"][:, 0].mean() < 0.2 * EFFECT


def test_cells_that_borrow_are_covered_and_without_the_contextual_slope_they_are_not():
    hits = {True: [], False: []}
    for seed in range(25):
        rng = np.random.default_rng(seed)
        world = make_world(rng, effect=EFFECT)
        frame = observe(world, rng)
        cells, truth = make_cells(frame, ("country", "year")), world.share.ravel()
        for contextual in hits:
            index = difference.estimate(frame, cells, contextual=contextual)
            hits[contextual].append((index.lower <= truth) & (truth <= index.upper))
    assert 0.92 <= np.mean(hits[True]) <= 0.97
    assert np.mean(hits[False]) < 0.91
