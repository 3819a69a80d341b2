"""Every attribution adds up to 1e-10 and does not care how things are named, numbered, scaled or dated."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from explain.attribution.world import HEADWINDS, World
from headwinds.explain.attribution.design import make_attribution_design
from headwinds.explain.attribution.headwinds import shapley_attribution
from headwinds.explain.attribution.levels_and_returns import levels_and_returns
from headwinds.explain.attribution.mechanisms import mechanism_attribution, mechanism_worth
from headwinds.explain.attribution.shapley import shapley_values, subsets
from headwinds.explain.graph import essay_graph

SMALL = World(units=12, years=16)


def values(result) -> dict[tuple[str, str], float]:
    return {(row.name, row.part): row.value for row in result.table.itertuples()}


def every_attribution(design):
    yield shapley_attribution(design, draws=50)
    yield levels_and_returns(design, draws=50)
    linear = replace(design, terms=tuple((number,) for number in range(len(design.names))), channel="growth")
    for by_span in (False, True):
        yield mechanism_attribution(linear, essay_graph(), draws=50, by_span=by_span)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.floats(-1e3, 1e3), min_size=32, max_size=32))
def test_shapley_values_are_the_mean_over_all_orders_and_add_up(worth):
    game = np.array(worth)
    found = shapley_values(game)
    assert found.sum() == pytest.approx(game[-1] - game[0], abs=1e-9)
    player = 2
    gains = 0.0
    for order in itertools.permutations(range(5)):
        before = sum(1 << other for other in order[: order.index(player)])
        gains += game[before | 1 << player] - game[before]
    assert found[player] == pytest.approx(gains / factorial(5), abs=1e-9)


def test_a_player_that_adds_nothing_gets_nothing_and_like_players_get_alike():
    size = subsets(5)[:, :4].sum(axis=1).astype(float)
    assert shapley_values(size**2) == pytest.approx([4, 4, 4, 4, 0])


@settings(max_examples=8, deadline=None)
@given(seed=some.integers(0, 10_000), noise=some.sampled_from([0.0, 0.05]))
def test_every_attribution_adds_up(seed, noise):
    for result in every_attribution(replace(SMALL, index_noise=noise).design(seed)):
        assert abs(result.residual) < 1e-10, result.method
        single = [row.value for row in result.table.itertuples() if row.part not in ("joint", "total")]
        assert sum(single) == pytest.approx(result.after - result.before, abs=1e-10)


@settings(max_examples=5, deadline=None)
@given(seed=some.integers(0, 1000), shuffle=some.randoms(use_true_random=False))
def test_names_and_order_of_units_do_not_matter(seed, shuffle):
    outcome, index, technology = SMALL.tables(seed)
    before, after = SMALL.spans
    names = sorted(outcome["entity"].unique())
    others = [f"Z{number}" for number in range(len(names))]
    shuffle.shuffle(others)
    renamed = dict(zip(names, others, strict=True))
    chosen = {"before": before, "after": after, "headwinds": HEADWINDS}
    first = make_attribution_design(outcome, index, technology=technology, **chosen)
    second = make_attribution_design(
        outcome.assign(entity=outcome["entity"].map(renamed)).sample(frac=1, random_state=seed),
        replace(index, cells=tuple((renamed[cell[0]], cell[1]) for cell in index.cells)),
        technology=technology.assign(entity=technology["entity"].map(renamed)),
        **chosen,
    )
    for one, other in zip(every_attribution(first), every_attribution(second), strict=True):
        assert values(other) == pytest.approx(values(one), abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(seed=some.integers(0, 1000), years=some.integers(-500, 500))
def test_a_shift_of_all_dates_does_not_matter(seed, years):
    design = SMALL.design(seed)
    shifted = replace(
        design,
        year=design.year + years,
        before=(design.before[0] + years, design.before[1] + years),
        after=(design.after[0] + years, design.after[1] + years),
    )
    for one, other in zip(every_attribution(design), every_attribution(shifted), strict=True):
        assert values(other) == pytest.approx(values(one), abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(seed=some.integers(0, 1000), scale=some.lists(some.floats(0.01, 100), min_size=6, max_size=6))
def test_units_of_the_indices_do_not_matter_and_those_of_growth_scale_the_parts(seed, scale):
    design = SMALL.design(seed)
    scaled = replace(design, values=design.values * np.array(scale), outcome=design.outcome * 7.0)
    for one, other in zip(every_attribution(design), every_attribution(scaled), strict=True):
        expected = {name: 7.0 * value for name, value in values(one).items()}
        assert values(other) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@settings(max_examples=5, deadline=None)
@given(seed=some.integers(0, 1000), zero=some.floats(-5, 5))
def test_where_an_index_has_its_zero_does_not_matter_to_shapley_values(seed, zero):
    design = SMALL.design(seed)
    moved = replace(design, values=design.values + np.array([0, zero, 0, 0, 0, 0]))
    one, other = (shapley_attribution(each, draws=50) for each in (design, moved))
    assert values(other) == pytest.approx(values(one), abs=1e-8)


def test_mechanisms_in_closed_form_are_where_the_graph_unrolled_in_time_comes_to_rest():
    """Ten thousand periods of the recursion, mixed mechanisms, against the closed form."""
    generator = np.random.default_rng(0)
    slopes = [generator.uniform(-0.25, 0.25, (1, 4, 4)) for _ in range(2)]
    means = generator.normal(size=(1, 2, 4))
    late = generator.normal(size=(1, 2, 2, 4))
    worth = mechanism_worth(slopes, means, 2, late)[0]
    own = [means[0, span] - slopes[span][0] @ means[0, span] + late[0, span, span] for span in (0, 1)]
    for number, (*mechanisms, lags) in enumerate(subsets(5)):
        inside = np.array(mechanisms)
        matrix = np.where(inside[:, None], slopes[1][0], slopes[0][0])
        rest = np.where(inside, own[1] - late[0, 1, int(lags)], own[0] - late[0, 0, int(lags)])
        state = np.zeros(4)
        for _ in range(200):
            state = rest + matrix @ state
        assert worth[number] == pytest.approx(state[2], abs=1e-10)
    assert worth[0] == pytest.approx(means[0, 0, 2])
    assert worth[-1] == pytest.approx(means[0, 1, 2])
    plain = mechanism_worth(slopes, means, 2)[0]
    assert plain == pytest.approx(mechanism_worth(slopes, means, 2, 0 * late)[0, :16])
