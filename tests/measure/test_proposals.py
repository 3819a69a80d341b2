"""Active draws: chances that add up, and estimates that are right on average and narrower than those of even draws."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.errors import EstimationError, SettingsError
from headwinds.measure.proposals import (
    chances,
    distance_to_read,
    expected_error,
    in_any_round,
    propose,
    uncertainty,
)

PASSAGES, FOLDS = 1200, 4


@pytest.mark.parametrize("budget", [1, 10, 300, 1199])
@pytest.mark.parametrize("skew", [0.0, 1.0, 6.0])
def test_chances_are_chances_and_add_up_to_the_budget_in_every_fold(budget, skew):
    generator = np.random.default_rng(1)
    size = np.exp(skew * generator.normal(size=PASSAGES))
    fold = generator.integers(0, FOLDS, PASSAGES)
    found = chances(size, budget, fold)
    assert ((found > 0) & (found <= 1)).all()
    assert found.sum() == pytest.approx(budget)
    for one in range(FOLDS):
        assert found[fold == one].sum() == pytest.approx(budget * (fold == one).mean())
    below = found < 1
    order = np.argsort(size[below & (fold == 0)])
    assert (np.diff(found[below & (fold == 0)][order]) >= -1e-12).all()


def test_every_passage_has_its_part_of_the_floor_whatever_its_size():
    size = np.r_[np.zeros(900), np.ones(300)]
    assert chances(size, 120, floor=0.2).min() == pytest.approx(0.2 * 120 / 1200)
    assert np.allclose(chances(np.zeros(1200), 120), 0.1)


@pytest.mark.parametrize("budget", [0, -1, 1200, 5000])
def test_a_budget_that_cannot_be_drawn_is_refused(budget):
    with pytest.raises(SettingsError, match="cannot be drawn"):
        chances(np.ones(1200), budget)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_a_size_that_is_no_size_is_refused(wrong):
    with pytest.raises(EstimationError):
        chances(np.array([1.0, wrong, 1.0]), 1)


def test_the_draw_is_the_same_for_the_same_seed_and_as_large_as_asked_on_average():
    size = np.random.default_rng(0).random(PASSAGES)
    assert np.array_equal(propose(size, 100, seed=3).drawn, propose(size, 100, seed=3).drawn)
    drawn = [propose(size, 100, seed=seed).drawn.sum() for seed in range(300)]
    assert abs(np.mean(drawn) - 100) < 4 * np.std(drawn) / np.sqrt(300)


def test_the_most_uncertain_passage_is_the_one_at_one_half():
    assert np.argmax(uncertainty(np.array([[0.0], [0.2], [0.5], [0.9], [1.0]]))) == 2
    assert uncertainty(np.array([[0.0, 1.0]])).tolist() == [0.0]


def test_a_passage_of_a_small_cell_takes_more_off_the_variance_of_its_share():
    score = np.full((1000, 1), 0.3)
    cell = np.r_[np.zeros(100, dtype=int), np.ones(900, dtype=int)]
    size = expected_error(score, None, cell)
    assert size[0] / size[-1] == pytest.approx(9)


def test_the_distance_leaves_out_what_was_read_in_the_passages_own_fold():
    points = np.array([[0.0], [1.0], [5.0], [5.1]])
    read, fold = np.array([True, False, False, True]), np.array([0, 0, 1, 1])
    assert distance_to_read(points, read, fold) == pytest.approx([5.1**2, 4.1**2, 25.0, 5.1**2])


def corpus(seed: int = 0):
    """Passages with a truth that a score half knows; a fold is a block of documents."""
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=PASSAGES)
    truth = generator.random(PASSAGES) < 1 / (1 + np.exp(-(5 * hidden - 5)))
    return hidden + 0.2 * generator.normal(size=PASSAGES), truth, np.arange(PASSAGES) % FOLDS


def cross_fitted(signal, truth, read, weight, fold):
    """Shares in bins of the signal, taught by what was read in the other folds, half a reading of each kind added."""
    score = np.empty(PASSAGES)
    bins = np.digitize(signal, [0.2, 0.8, 1.4])
    for one in range(FOLDS):
        for bin_ in range(4):
            known = read & (fold != one) & (bins == bin_)
            share = np.average(truth[known], weights=weight[known]) if known.any() else 0.5
            score[(fold == one) & (bins == bin_)] = (share * known.sum() + 0.5) / (known.sum() + 1)
    return score


def two_rounds(strategy: str, seed: int) -> tuple[float, int]:
    """The estimate of the share after an even round and one by `strategy`, and how many were read."""
    signal, truth, fold = corpus()
    even = propose(np.ones(PASSAGES), 60, seed=2 * seed, fold=fold)
    score = cross_fitted(signal, truth, even.drawn, 1 / even.probability, fold)
    size = expected_error(score[:, None]) if strategy == "variance" else np.ones(PASSAGES)
    active = propose(size, 200, seed=2 * seed + 1, fold=fold)
    chance = in_any_round([even.probability, active.probability])
    read = even.drawn | active.drawn
    return score.mean() + np.sum((truth - score)[read] / chance[read]) / PASSAGES, int(read.sum())


def test_an_adaptive_second_round_leaves_the_estimate_right_on_average_and_makes_it_narrower():
    share = corpus()[1].mean()
    found = {name: [two_rounds(name, seed) for seed in range(600)] for name in ("variance", "random")}
    spread = {}
    for name, draws in found.items():
        estimate = np.array([one for one, _ in draws])
        error = estimate.mean() - share
        spread[name] = estimate.std(ddof=1)
        assert abs(error) < 3 * spread[name] / np.sqrt(len(draws)), (name, error)
    read = {name: np.mean([count for _, count in draws]) for name, draws in found.items()}
    assert read["variance"] == pytest.approx(read["random"], rel=0.05)
    assert spread["variance"] < 0.92 * spread["random"], spread


def test_the_same_simulation_notices_a_wrong_chance():
    """The draw weighted by the last round's chance alone, as if the first had not been: biased, and seen to be."""
    signal, truth, fold = corpus()
    errors = []
    for seed in range(200):
        even = propose(np.ones(PASSAGES), 60, seed=2 * seed, fold=fold)
        score = cross_fitted(signal, truth, even.drawn, 1 / even.probability, fold)
        active = propose(expected_error(score[:, None]), 200, seed=2 * seed + 1, fold=fold)
        read = even.drawn | active.drawn
        estimate = np.sum(truth[read] / active.probability[read]) / PASSAGES
        errors.append(estimate - truth.mean())
    assert abs(np.mean(errors)) > 3 * np.std(errors) / np.sqrt(len(errors))
