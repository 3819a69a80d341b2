"""The tests of shift by simulation: their size is what they say, from both sides, and they see what has shifted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from headwinds.adapt.continual.documents import compared_rows
from headwinds.adapt.continual.memory import KeptRow, in_proportion
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


def passages(generator, documents, size):
    """Passages of so many documents, each of so many: a tenth of the variance is that of the documents."""
    owner = np.repeat(np.arange(documents), size)
    own, shared = generator.normal(size=(len(owner), 2)), generator.normal(size=(documents, 2))
    return owner, np.sqrt(0.9) * own + np.sqrt(0.1) * shared[owner]


@pytest.mark.parametrize("sizes", [(9, 1), (1, 9)])
def test_documents_of_another_length_than_those_of_the_reference_raise_no_oftener(sizes):
    """A reference of whole documents and live texts of single passages, and the reverse."""
    generator = np.random.default_rng(5)
    alike, as_they_are = [], []
    for run in range(150):
        first, values = passages(generator, 60 if sizes[0] > 1 else 30, sizes[0])
        second, others = passages(generator, 60 if sizes[1] > 1 else 30, sizes[1])
        names = np.array([f"reference {one}" for one in first] + [f"live {one}" for one in second])
        is_live = np.repeat([False, True], [len(first), len(second)])
        both = np.vstack([values, others])
        all_rows = np.ones(len(names), dtype=bool)
        for found, rows in ((alike, compared_rows(names, is_live, seed=run)), (as_they_are, all_rows)):
            statistic, of_rows = mean_differences(both[rows]), names[rows].tolist()
            drawn = {"permutations": 99, "seed": run, "name": "x"}
            found.append(permutation_test(statistic, is_live[rows], of_rows, **drawn).p_value)
    for chance in (0.05, 0.2):
        raised = (np.array(alike) <= chance).sum()
        assert within(raised, chance, len(alike)), (sizes, chance, raised)
    assert np.mean(np.array(as_they_are) <= 0.05) > 0.15


def test_as_many_rows_of_a_document_are_compared_as_both_sides_have_and_all_where_they_are_alike():
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 8, size=80)
    names = np.repeat([f"d{number}" for number in range(80)], sizes)
    is_live = np.repeat(np.arange(80) >= 40, sizes)
    assert compared_rows(names, is_live, seed=0).all()
    longer = np.repeat(names, np.where(is_live, 5, 1))
    kept = compared_rows(longer, np.repeat(is_live, np.where(is_live, 5, 1)), seed=0)
    left = np.array([(longer[kept] == name).sum() for name in dict.fromkeys(names)])
    assert left.min() == 1  # no document is lost
    assert left[:40].mean() == pytest.approx(left[40:].mean(), rel=0.25)
    assert compared_rows(longer, np.repeat(is_live, np.where(is_live, 5, 1)), seed=1).sum() == kept.sum()
    own = np.array([str(number) for number in range(60)])
    assert compared_rows(own, np.arange(60) >= 20, seed=0).all()


def test_kept_rows_are_as_common_in_the_reference_as_the_rows_that_they_stand_for():
    rows = [KeptRow({"label": "rare"}, "validation", 1.0)] * 500
    rows += [KeptRow({"label": "common"}, "validation", 9.0)] * 500
    kept = [row.values["label"] for row in in_proportion(rows, seed=3)]
    assert kept.count("common") == 500
    assert 35 <= kept.count("rare") <= 80
    assert in_proportion(rows[:500], seed=3) == rows[:500]
    assert in_proportion([], seed=3) == []


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
