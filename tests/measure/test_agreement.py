"""The same numbers as ppi-python and QuaPy on the same inputs."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from headwinds.measure import (
    adjusted_shares,
    expectation_maximisation,
    posterior_shares,
    prediction_powered_mean,
)
from headwinds.measure.quantification.adjusted import class_rates
from headwinds.measure.quantification.mixture import fit_mixture

FIXTURE = json.loads((Path(__file__).parent / "quapy_posteriors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def quapy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports
        import quapy.method.aggregative as aggregative
    return aggregative


def most_likely(density):
    """Shares of one set."""
    rows = len(density)
    return fit_mixture(density, np.ones(rows), np.zeros(rows, dtype=np.int64), 1).shares[0]


def predictions(classes: int, rows: int, shares, seed: int):
    """Classes, and probabilities that lean towards them."""
    rng = np.random.default_rng(seed)
    held = rng.choice(classes, rows, p=shares)
    score = 1.2 * (held[:, None] == np.arange(classes)) + rng.standard_normal((rows, classes))
    odds = np.exp(score)
    return held, odds / odds.sum(axis=1, keepdims=True)


def fitted(kind, classes: int, predicted, held, **options):
    """A quantifier of QuaPy, taught with predictions that are there already."""
    from sklearn.dummy import DummyClassifier

    stand_in = DummyClassifier().fit([[0]] * classes, range(classes))
    quantifier = kind(stand_in, fit_classifier=False, val_split=None, **options)
    quantifier.aggregation_fit(predicted, held)
    return quantifier


SHARES = {2: ([0.6, 0.4], [0.75, 0.25]), 3: ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5])}


@pytest.mark.parametrize("classes", [2, 3])
def test_adjusted_counts_are_those_of_quapy(quapy, classes):
    held, gold = predictions(classes, 400, SHARES[classes][0], seed=1)
    _, new = predictions(classes, 900, SHARES[classes][1], seed=2)
    weight = 1 / np.bincount(held)[held]
    for kind, gold_score, new_score in (
        ("ACC", gold.argmax(axis=1), new.argmax(axis=1)),
        ("PACC", gold, new),
    ):
        theirs = fitted(getattr(quapy, kind), classes, gold_score, held, solver="exact-raise").aggregate(
            new_score
        )
        if kind == "ACC":
            gold_score, new_score = np.eye(classes)[gold_score], np.eye(classes)[new_score]
        ours = adjusted_shares(class_rates(gold_score, held, weight, classes), new_score.mean(axis=0))
        assert np.abs(ours - theirs).max() < 1e-6


@pytest.mark.parametrize("classes", [2, 3])
def test_expectation_maximisation_is_that_of_quapy_and_of_newton(quapy, classes):
    prior = np.array(SHARES[classes][0])
    _, new = predictions(classes, 900, SHARES[classes][1], seed=3)
    theirs, _ = quapy.EMQ.EM(prior, new, epsilon=1e-11)
    ours = expectation_maximisation(new, prior, tolerance=1e-11)
    assert np.abs(ours - theirs).max() < 1e-6
    assert np.abs(most_likely(new / prior) - theirs).max() < 1e-6


def test_kernel_densities_give_the_shares_that_quapy_gives(quapy):
    held, gold = predictions(2, 300, SHARES[2][0], seed=4)
    _, new = predictions(2, 700, SHARES[2][1], seed=5)
    quantifier = fitted(quapy.KDEyML, 2, gold, held, bandwidth=0.1)
    density = np.column_stack([quantifier.pdf(one, new, "gaussian") for one in quantifier.mix_densities])
    # QuaPy searches the likelihood with a general minimiser, which stops a little before the top.
    assert np.abs(most_likely(density) - quantifier.aggregate(new)).max() < 1e-4


@pytest.mark.parametrize("case", FIXTURE["cases"], ids=[str(case["gold"]) for case in FIXTURE["cases"]])
def test_the_posterior_is_the_one_that_quapy_walks_through(case):
    draws = posterior_shares(
        np.array(case["gold"], dtype=float), case["set"][1], case["set"][0], draws=40_000
    )
    # Theirs is a Markov chain: in the last case, where hardly anything is known, it is itself uncertain by this much.
    assert abs(draws.mean() - case["mean"]) < 0.006
    assert abs(draws.std() - case["standard_deviation"]) < 0.006
    for level, quantile in case["quantiles"].items():
        assert abs(np.quantile(draws, float(level)) - quantile) < 0.01


@pytest.mark.parametrize("power", [None, 0.0, 0.7, 1.0])
def test_the_prediction_powered_mean_is_that_of_ppi_python(power):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
    rng = np.random.default_rng(6)
    label = (rng.random(300) < 0.3).astype(float)
    prediction = np.clip(0.2 + 0.5 * label + 0.2 * rng.standard_normal(300), 0, 1)
    others = np.clip(0.35 + 0.3 * rng.standard_normal(2000), 0, 1)
    value, lower, upper, used = prediction_powered_mean(label, prediction, others, power=power)
    theirs = ppi_mean_pointestimate(label, prediction, others, lam=power)
    low, high = ppi_mean_ci(label, prediction, others, alpha=0.05, lam=power)
    assert value == pytest.approx(float(np.squeeze(theirs)), abs=1e-6)
    assert lower == pytest.approx(float(np.squeeze(low)), abs=1e-6)
    assert upper == pytest.approx(float(np.squeeze(high)), abs=1e-6)
    assert 0 <= used <= 1


def test_calibration_is_the_logistic_regression_of_scikit_learn_and_survives_a_rule():
    from sklearn.linear_model import LogisticRegression

    from headwinds.measure.quantification.calibration import FLOOR, calibrate, calibrated, logarithms

    held, gold = predictions(2, 500, SHARES[2][0], seed=7)
    rule = np.eye(2)[gold.argmax(axis=1)]
    for probability in (gold, rule):
        ours = calibrated(logarithms(probability), calibrate(probability, held, np.ones(500)).parameters)[
            :, 1
        ]
        clipped = np.clip(probability, FLOOR, 1)
        odds = np.log(clipped[:, 1] / clipped[:, 0])[:, None]
        theirs = LogisticRegression(C=np.inf).fit(odds, held).predict_proba(odds)[:, 1]
        # Ours is held very lightly to no calibration.
        assert np.abs(ours - theirs).max() < 2e-3
