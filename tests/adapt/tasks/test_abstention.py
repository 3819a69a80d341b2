"""Withheld answers keep the promised risk, and are no more than they need to be."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.adapt.tasks.one_label import abstention_threshold, selective_metrics


def drawn(generator: np.random.Generator, count: int):
    """A calibrated model: an answer of confidence p is right with probability p."""
    confidence = generator.beta(9, 0.8, count)
    return confidence, generator.random(count) < confidence


@pytest.mark.parametrize("risk", [0.05, 0.1])
def test_the_risk_is_kept_in_nineteen_of_twenty_draws(risk):
    generator = np.random.default_rng(4)
    fresh_confidence, fresh_right = drawn(generator, 200_000)
    broken = shares = 0.0
    for _ in range(200):
        threshold = abstention_threshold(*drawn(generator, 600), risk)
        given = fresh_confidence >= threshold
        shares += given.mean() / 200
        broken += given.any() and (~fresh_right[given]).mean() > risk
    assert broken / 200 <= 0.05
    assert shares > 0.1  # it does not keep its promise by saying nothing


def test_too_few_examples_promise_nothing():
    assert abstention_threshold(np.full(10, 0.99), np.ones(10, dtype=bool), 0.05) > 1


def test_certain_answers_are_all_given():
    confidence = np.linspace(0.5, 1, 2000)
    assert abstention_threshold(confidence, np.ones(2000, dtype=bool), 0.05) == 0.5


def test_what_is_answered_is_counted():
    predictions = [{"abstained": False}, {"abstained": False}, {"abstained": True}, {"abstained": True}]
    found = selective_metrics(predictions, np.array([True, False, True, False]), np.ones((1, 4)))
    assert found["answered_share"][0] == pytest.approx(0.5)
    assert found["accuracy_of_answered"][0] == pytest.approx(0.5)
    assert selective_metrics([{}], np.array([True]), np.ones((1, 1))) == {}
