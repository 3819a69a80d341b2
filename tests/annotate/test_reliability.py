"""Agreement is what the literature says it is, and undefined where it is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from headwinds.annotate.reliability import (
    cohen_kappa,
    coincidences,
    krippendorff_alpha,
    pair_tables,
    resampled,
)

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section D: four observers, twelve units; 0 is missing.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_published_example(level, alpha):
    table = coincidences(PUBLISHED - 1, 5).sum(axis=0)
    assert table.sum() == 40
    assert round(float(krippendorff_alpha(table, level)), 3) == alpha


def test_alpha_of_two_observers_is_that_of_the_published_binary_example():
    # The same paper, section A: ten units, two observers, alpha = 0.095.
    first, second = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    table = coincidences(np.array([first, second]).T, 2).sum(axis=0)
    assert round(float(krippendorff_alpha(table)), 3) == 0.095


@pytest.mark.parametrize(("level", "weights"), [("nominal", None), ("interval", "quadratic")])
def test_kappa_is_that_of_scikit_learn(level, weights):
    generator = np.random.default_rng(4)
    for _ in range(20):
        first = generator.integers(0, 4, 60)
        second = np.where(generator.random(60) < 0.6, first, generator.integers(0, 4, 60))
        ours = float(cohen_kappa(pair_tables(first, second, 4).sum(axis=0), level))
        assert ours == pytest.approx(cohen_kappa_score(first, second, weights=weights), abs=1e-12)


def test_kappa_of_cohens_own_table():
    # Cohen (1960), table 1, as counts of 200: agreement 0.70, by chance 0.41 -> kappa 0.49.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]], dtype=float)
    assert round(float(cohen_kappa(table)), 2) == 0.49


def test_what_is_undefined_is_not_a_number():
    nothing, constant = np.zeros((2, 2)), np.array([[30.0, 0.0], [0.0, 0.0]])
    for table in (nothing, constant):
        assert np.isnan(cohen_kappa(table))
        assert np.isnan(krippendorff_alpha(table))


def test_a_passage_with_one_reading_changes_nothing():
    values = np.array([[0, 0], [1, 1], [0, 1]])
    more = np.vstack([values, [[1, -1], [-1, -1]]])
    assert np.array_equal(coincidences(values, 2).sum(axis=0), coincidences(more, 2).sum(axis=0))


def test_the_resampling_keeps_documents_together_and_is_the_same_for_the_same_seed():
    tables = pair_tables(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 2)
    cluster = np.array([0, 0, 1, 1])
    drawn = resampled(tables, cluster, draws=50, seed=1)
    assert np.array_equal(drawn, resampled(tables, cluster, draws=50, seed=1))
    assert {tuple(np.diag(table)) for table in drawn} == {(4.0, 0.0), (2.0, 2.0), (0.0, 4.0)}


def test_the_interval_of_alpha_covers_the_truth_at_its_rate():
    # Readers who each err in a tenth of passages, half of them positive: the true alpha is 1 - 2 x 0.18.
    generator = np.random.default_rng(7)
    covered = 0
    for draw in range(400):
        truth = generator.random(150) < 0.5
        readings = np.stack([truth ^ (generator.random(150) < 0.1) for _ in range(2)], axis=1).astype(int)
        tables = coincidences(readings, 2)
        low, high = np.quantile(
            krippendorff_alpha(resampled(tables, np.arange(150), draws=400, seed=draw)), [0.025, 0.975]
        )
        covered += low <= 1 - 2 * 0.18 <= high
    assert 0.915 <= covered / 400 <= 0.985
