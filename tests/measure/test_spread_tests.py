"""Each test rejects one time in twenty where its null holds, for unequal groups and draws of several values too."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.measure.spread_tests import gathering_p_value, holm, line_p_value, spread_p_value

REPEATS = 1000


def groups(rng):
    """Forty groups of one to six values, most of them thin."""
    return np.repeat(np.arange(40), rng.permutation(np.repeat([1, 2, 3, 6], 10)))


def gathering(values, group, draws):
    return gathering_p_value(values, group, draws, group.astype(float))


def line(values, group, draws):
    return line_p_value(values, group.astype(float), draws)


TESTS = {"spread": spread_p_value, "gathering": gathering, "line": line}


def rejected(test, make, *, repeats, seed=1):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(repeats):
        group = groups(rng)
        values, draws = make(rng, group)
        found.append(TESTS[test](values, group, draws) < 0.05)
    return np.mean(found)


def normal(rng, group):
    return rng.standard_normal(len(group)), np.arange(len(group))


def skewed(rng, group):
    """Residuals of a label that one passage in six has."""
    return (rng.random(len(group)) < 1 / 6) - 1 / 6, np.arange(len(group))


def drawn_together(rng, group):
    """Pairs of one group that came in one draw, and are nearly the same value."""
    draws = np.arange(len(group)) // 2 + 1000 * group
    effect = rng.standard_normal(draws.max() + 1)[draws]
    return effect + 0.3 * rng.standard_normal(len(group)), draws


def different(rng, group):
    return 1.2 * rng.standard_normal(40)[group] + rng.standard_normal(len(group)), np.arange(len(group))


@pytest.mark.parametrize(
    ("test", "make"),
    [
        *((test, make) for test in TESTS for make in (normal, drawn_together)),
        ("gathering", skewed),
        ("line", skewed),
    ],
)
def test_a_null_that_holds_is_rejected_one_time_in_twenty(test, make):
    assert 0.029 <= rejected(test, make, repeats=REPEATS) <= 0.071


def test_groups_that_differ_are_found_and_by_the_products_of_their_values_more_often():
    power = {name: rejected(name, different, repeats=200) for name in ("spread", "gathering")}
    assert power["spread"] > 0.9
    assert power["gathering"] >= power["spread"]


def test_a_line_is_left_out_of_what_groups_have_in_common():
    """A line in the group's number is no difference for the products, and is what the line test finds."""

    def sloping(rng, group):
        return 0.05 * group + rng.standard_normal(len(group)), np.arange(len(group))

    assert rejected("gathering", sloping, repeats=300) <= 0.1
    assert rejected("line", sloping, repeats=200) > 0.9


def test_too_little_is_no_test():
    alone = np.arange(12)
    for test in TESTS.values():
        assert np.isnan(test(np.ones(12), alone, alone))
        assert np.isnan(test(np.arange(3.0), np.arange(3), np.arange(3)))


def test_the_same_seed_gives_the_same_p_value_and_another_seed_nearly_so():
    rng = np.random.default_rng(2)
    group = groups(rng)
    values, draws = normal(rng, group)
    along = group.astype(float)
    first = gathering_p_value(values, group, draws, along)
    assert first == gathering_p_value(values, group, draws, along)
    assert abs(first - gathering_p_value(values, group, draws, along, seed=1)) < 0.1


def test_holms_adjustment_is_the_published_one():
    """Holm (1979): 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02; what is no test stays none."""
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], atol=1e-15)
    assert np.isnan(holm([float("nan"), 0.5])[0])
    assert holm([float("nan"), 0.5])[1] == 0.5
