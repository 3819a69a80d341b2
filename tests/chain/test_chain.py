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
OF_THE_CELLS = 25  # worlds of hundreds of cells each


@pytest.fixture(scope="module")
def draws():
    """Estimate, standard error and bounds of the effect, in units of the share, by four ways, over independent worlds."""
    found = {"corrected": [], "small-area": [], "naive": [], "classify-and-count": []}
    cells_held = {True: [], False: []}
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        world = make_world(rng, effect=EFFECT)
        frame = observe(world, rng)
        cells, growth = make_cells(frame, ("country", "year")), growth_table(world)
        corrected = difference.estimate(frame, cells)
        ways = [
            ("corrected", corrected, corrected_estimate),
            ("small-area", small_area.estimate(frame, cells), corrected_estimate),
            ("naive", corrected, naive_estimate),
        ]
        if seed < OF_THE_CRUDE:
            counted = classify_and_count.estimate(frame, cells)
            ways.append(("classify-and-count", counted, naive_estimate))
        if seed < OF_THE_CELLS:
            truth = world.share.ravel()
            for contextual in cells_held:
                index = corrected if contextual else difference.estimate(frame, cells, contextual=False)
                cells_held[contextual].append((index.lower <= truth) & (truth <= index.upper))
        for name, index, regress in ways:
            design = make_design(growth, index, labels=("driver",), lag=1)
            estimate = regress(design, "growth", 1)
            bounds = estimate.confidence_interval()[0]
            found[name].append(
                np.array([estimate.value[0], estimate.standard_error[0], *bounds]) / design.scale[0]
            )
    return {name: np.array(values) for name, values in found.items()} | {"cells": cells_held}


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


def test_cells_that_borrow_are_covered_and_without_the_contextual_slope_they_are_not(draws):
    assert 0.92 <= np.mean(draws["cells"][True]) <= 0.97
    assert np.mean(draws["cells"][False]) < 0.91
