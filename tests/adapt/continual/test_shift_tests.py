"""The tests of shift by simulation: their size is what they say, from both sides, and they see what has shifted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from headwinds.adapt.continual.permutation import kernel_discrepancy, mean_differences, permutation_test
from headwinds.adapt.continual.settings import WatchSettings
from headwinds.adapt.continual.spending import holm, level_at, permutations_for
from headwinds.errors import SettingsError

RUNS = 400


def within(count, chance, runs=RUNS):
    """Two-sided limits that a right test breaks once in a thousand."""
    return binom.ppf(0.0005, runs, chance) <= count <= binom.ppf(0.9995, runs, chance)


def p_value(statistic, generator, *, apart=0.0, clustered=False, permutations=199, seed=0):
    groups = np.repeat(np.arange(40), 2) if clustered else np.arange(80)
    values = generator.normal(size=(80, 4))
    if clustered:  # two texts of a document are nearly the same
        values = np.repeat(values[::2], 2, axis=0) + 0.1 * values
    is_live = np.arange(80) >= 40
    values[is_live] += apart
    names = [f"g{number}" for number in groups]
    return permutation_test(
        statistic(values), is_live, names, permutations=permutations, seed=seed, name="x"
    ).p_value


@pytest.mark.parametrize("statistic", [kernel_discrepancy, mean_differences])
@pytest.mark.parametrize("clustered", [False, True])
def test_the_size_of_a_test_is_its_level_also_where_texts_come_in_groups(statistic, clustered):
    generator = np.random.default_rng(7)
    p = np.array([p_value(statistic, generator, clustered=clustered, seed=run) for run in range(RUNS)])
    for chance in (0.05, 0.2):
        assert within((p <= chance).sum(), chance), (statistic.__name__, chance, (p <= chance).mean())


@pytest.mark.parametrize("statistic", [kernel_discrepancy, mean_differences])
def test_texts_of_one_document_taken_for_single_ones_would_raise_too_often(statistic):
    generator = np.random.default_rng(7)
    raised = 0
    for run in range(100):
        values = np.repeat(generator.normal(size=(40, 4)), 2, axis=0)
        is_live = np.arange(80) >= 40
        own = [str(number) for number in range(80)]
        found = permutation_test(statistic(values), is_live, own, permutations=199, seed=run, name="x")
        raised += found.p_value <= 0.05
    assert raised > 12


def test_a_shift_of_half_a_standard_deviation_is_seen():
    generator = np.random.default_rng(3)
    p = [p_value(kernel_discrepancy, generator, apart=0.5, permutations=999, seed=run) for run in range(40)]
    assert 0.7 < np.mean(np.array(p) <= 0.05) < 1.0


def test_a_p_value_that_is_clear_early_takes_few_permutations_and_a_small_one_takes_all():
    generator = np.random.default_rng(0)
    values, is_live = generator.normal(size=(80, 3)), np.arange(80) >= 40
    own = [str(number) for number in range(80)]
    same = permutation_test(mean_differences(values), is_live, own, permutations=50_000, seed=0, name="x")
    assert same.permutations < 5_000
    values[is_live] += 3
    apart = permutation_test(mean_differences(values), is_live, own, permutations=5_000, seed=0, name="x")
    assert (apart.permutations, apart.p_value) == (5_000, 1 / 5_001)


def test_what_all_looks_spend_adds_up_to_alpha_with_and_without_a_plan():
    endless = WatchSettings(alpha=0.05)
    assert sum(level_at(look, endless) for look in range(1, 100_000)) == pytest.approx(0.05, abs=1e-6)
    planned = WatchSettings(alpha=0.05, looks=12)
    assert sum(level_at(look, planned) for look in range(1, 13)) == pytest.approx(0.05)
    with pytest.raises(SettingsError, match="all are taken"):
        level_at(13, planned)
    with pytest.raises(SettingsError, match="permutations"):
        permutations_for(level_at(5_000, endless), 3, endless)


def test_over_repeated_looks_at_one_reference_the_chance_of_any_false_alarm_is_kept():
    generator = np.random.default_rng(11)
    settings = WatchSettings(alpha=0.2, looks=5)
    watches = 150
    ever = naive = 0
    for watch in range(watches):
        reference = generator.normal(size=(40, 3))
        looks = []
        for look in range(5):
            values = np.vstack([reference, generator.normal(size=(40, 3))])
            is_live, own = np.arange(80) >= 40, [str(number) for number in range(80)]
            found = [
                permutation_test(
                    make(values), is_live, own, permutations=199, seed=watch * 5 + look, name=str(make)
                ).p_value
                for make in (kernel_discrepancy, mean_differences)
            ]
            looks.append((min(holm(found)), found[0]))
        ever += any(p <= level_at(number + 1, settings) for number, (p, _) in enumerate(looks))
        naive += any(p <= settings.alpha for _, p in looks)
    assert 1 <= ever <= binom.ppf(0.9995, watches, settings.alpha)
    assert naive > 0.4 * watches


def test_holm_is_that_of_the_textbook():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, float("nan")])[0] == 0.5
