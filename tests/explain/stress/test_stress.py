"""Stress tests pass what holds and fail what does not; scenarios stay within the data or say that they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.attribution.world import TRUE_PART, World
from headwinds.errors import EstimationError, MismatchError, SettingsError
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.reshaped import dealt, keep_variables, take_rows
from headwinds.explain.attribution.scenario import scenario
from headwinds.explain.stress import (
    break_date_grid,
    compare_vintages,
    leave_one_out,
    placebo_index,
    specification_curve,
    stress_attribution,
)

STRONG = World(units=60, years=16, residual=0.5, index_noise=0.05).design(1)
NOTHING = World(units=40, years=16, residual=2.0, part=0.0).design(4)
JOINT = "all headwinds"


def test_what_holds_passes_every_test():
    result = stress_attribution(STRONG, other_vintage=STRONG, draws=99)
    assert result.table["passed"].all(), result.summary()
    assert result.findings == ()
    assert len(result.table) == 5


def test_what_is_noise_fails_the_placebo():
    result = placebo_index(NOTHING, repeats=99)
    assert not result.passed
    assert "no better than chance" in result.verdict


def test_the_placebo_rejects_as_seldom_as_it_says_where_there_is_nothing():
    """At 5 %, of 40 panels with nothing in them at most 7 may be found (1 in 250), headwinds by themselves."""
    found = 0
    for seed in range(40):
        world = World(units=20, years=10, part=0.0, technology_spread=0.5)
        plain = keep_variables(world.design(seed), ("innovation", "divide"), channel="growth")
        found += placebo_index(plain, repeats=39, seed=seed).passed
    assert found <= 7


def test_histories_of_a_cluster_are_dealt_together_and_those_of_single_entities_as_ever():
    """Dealt one by one, indices and errors that move in common within eight clusters were found in 31 % of empty panels."""
    design = World(units=40, years=10).design(0)
    for home in (np.arange(40) // 5, np.arange(40) % 8):
        clustered = replace(design, cluster=home[design.entity])
        moved = dealt(clustered, [1], np.random.default_rng(3))
        giver = dict(zip(design.values[:, 1].tolist(), design.entity.tolist(), strict=True))
        given = np.array([giver[value] for value in moved.values[:, 1].tolist()])
        assert sorted(set(given.tolist())) == list(range(40))
        for cluster in range(8):
            assert len(set(home[given[moved.cluster == cluster]].tolist())) == 1
    alone = dealt(design, [1], np.random.default_rng(3)).values[:, 1]
    order = np.random.default_rng(3).permutation(40)
    assert (alone.reshape(40, 10) == design.values[:, 1].reshape(40, 10)[order]).all()


def test_one_entity_that_carries_everything_is_found():
    outcome = NOTHING.outcome.copy()
    own = NOTHING.entity == 7
    pull = (NOTHING.values[own, 1:] * NOTHING.values[own, :1]).sum(axis=1)
    outcome[own] -= 20 * (pull - pull.mean())
    result = leave_one_out(replace(NOTHING, outcome=outcome), draws=99)
    assert result.table["name"].iloc[0] == "without E00007"
    assert not result.passed


def test_leaving_one_out_is_the_attribution_without_it():
    left = take_rows(STRONG, STRONG.entity != 3)
    _, codes = np.unique(left.entity, return_inverse=True)
    left = replace(left, entity=codes, cluster=codes, entities=tuple(np.delete(STRONG.entities, 3).tolist()))
    expected = shapley_attribution(left, draws=50).table.set_index("name").loc[JOINT, "value"]
    found = leave_one_out(STRONG, draws=50).table.set_index("name").loc["without E00003", "value"]
    assert found == pytest.approx(expected, rel=1e-9)


def test_what_is_not_identified_without_somebody_is_no_change_of_sign():
    two = take_rows(NOTHING, NOTHING.entity < 2)
    result = leave_one_out(replace(two, entities=NOTHING.entities[:2]), draws=50)
    assert "is not identified without any of them" in result.verdict
    assert not result.passed


def test_the_border_moves_and_the_estimate_is_the_one_at_its_own_border():
    result = break_date_grid(STRONG, range(2006, 2011), draws=50)
    assert result.table["name"].tolist() == ["2006", "2007", "2008", "2009", "2010"]
    own = result.table.set_index("border").loc[2008, "value"]
    assert own == pytest.approx(result.estimate)
    with pytest.raises(SettingsError, match="2040 lies not between"):
        break_date_grid(STRONG, [2040])


def test_every_specification_is_tried_once():
    result = specification_curve(STRONG, part="divide", draws=50)
    assert len(result.table) == 3 * 2 * 2**4
    choices = result.table[list(result.choices)]
    assert not choices.duplicated().any()
    assert result.table["value"].is_monotonic_increasing
    full = result.table[
        choices["channel technology"] & choices.drop(columns=["channel growth", "channel both"]).all(axis=1)
    ]
    assert full["value"].item() == pytest.approx(result.estimate)
    assert result.plot().axes


def test_a_choice_that_turns_the_sign_fails_the_curve():
    """Without its twin, which weighs three times as much and the other way, a headwind has the other sign."""
    design = keep_variables(STRONG, ("innovation", "divide"), channel="growth")
    generator = np.random.default_rng(0)
    values = design.values.copy()
    values[:, 2] = values[:, 1] + 0.3 * generator.normal(size=len(values))
    twin = replace(
        design, values=values, variance=np.zeros_like(values),
        outcome=values[:, 1] - 3 * values[:, 2] + 0.1 * generator.normal(size=len(values)),
    )  # fmt: skip
    assert not specification_curve(twin, part="innovation", draws=50).passed


def test_vintages_that_agree_have_no_difference_and_ones_that_do_not_are_told_apart():
    same = compare_vintages(STRONG, STRONG, names=("10.01", "11.0"), draws=99)
    assert same.passed
    assert same.table["value"].iloc[2] == 0
    turned = replace(STRONG, outcome=-STRONG.outcome)
    other = compare_vintages(STRONG, turned, draws=99)
    assert not other.passed
    assert "the sign depends on the vintage" in other.verdict
    with pytest.raises(MismatchError, match="share no entity"):
        compare_vintages(STRONG, replace(STRONG, entities=tuple(f"Z{name}" for name in STRONG.entities)))


def test_a_failed_test_is_a_finding():
    result = stress_attribution(NOTHING, draws=50)
    assert "W448" in {finding.code for finding in result.findings}


def test_an_unknown_headwind_is_refused_by_each():
    for test in (leave_one_out, placebo_index, specification_curve):
        with pytest.raises((EstimationError, KeyError), match="rain"):
            test(STRONG, part="rain")


def test_a_scenario_gives_back_what_the_headwind_took_and_says_what_it_assumes():
    design = World(units=2000, years=12, residual=0.5).design(0)
    result = scenario(design, ["divide", "social"], draws=99)
    table = result.table.set_index("name")
    for name in ("divide", "social"):
        assert table.loc[name, "value"] == pytest.approx(-TRUE_PART, abs=0.04)
    assert table.loc["together", "value"] == pytest.approx(table.loc[["divide", "social"], "value"].sum())
    assert JOINT not in table.index  # two of five
    assert JOINT in set(scenario(design, design.headwinds, draws=50).table["name"])
    told = result.summary()
    assert "None of the three has been shown" in told
    assert "no forecast" in told


def test_a_scenario_beyond_the_data_says_so_and_one_within_does_not():
    near = scenario(STRONG, {"divide": 0.6}, draws=50)
    assert near.table["supported"].all()
    assert "W449" not in {finding.code for finding in near.findings}
    far = scenario(STRONG, {"divide": -4.0}, draws=50)
    assert not far.table["supported"].any()
    assert "W449" in {finding.code for finding in far.findings}
    assert "beyond the data" in far.summary()


def test_a_scenario_scales_with_the_move():
    one, two = (scenario(STRONG, {"divide": level}, draws=50).table.iloc[0] for level in (0.7, 0.6))
    ratio = (two["to_level"] - two["from_level"]) / (one["to_level"] - one["from_level"])
    assert two["value"] / one["value"] == pytest.approx(ratio, rel=1e-9)


def test_a_scenario_of_nothing_or_of_an_unknown_headwind_is_refused():
    with pytest.raises(SettingsError, match="No headwind"):
        scenario(STRONG, [])
    with pytest.raises(SettingsError, match="'rain' is no headwind"):
        scenario(STRONG, ["rain"])


@pytest.mark.parametrize("level", [float("nan"), float("inf"), "0.3"])
def test_a_level_that_is_no_number_is_refused(level):
    with pytest.raises(SettingsError, match="level of divide is"):
        scenario(STRONG, {"divide": level}, draws=50)
    assert scenario(STRONG, "divide", draws=50).table["name"].tolist() == ["divide"]
