"""Common breaks of a panel: dates found, what entities share kept, what must not matter, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.errors import DataError, EstimationError
from headwinds.explain.breaks import CommonBreaks, find_breaks, find_common_breaks

from .broken import panel


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return panel(3, shift=-0.8, spread=0.3, shared=0.3)


@pytest.fixture(scope="module")
def found(table) -> CommonBreaks:
    return find_common_breaks(table, most=2, draws=99)


def test_the_common_date_is_found_with_an_interval_that_holds_it(found):
    assert found.number == 1
    assert abs(found.dates[0] - 1996) <= 1
    lower, upper = found.intervals[0]
    assert lower <= 1996 <= upper


def test_many_entities_date_a_break_that_none_dates_alone():
    worlds = [panel(seed, shift=0.7) for seed in range(15)]
    together = [abs(find_common_breaks(world, most=1, number=1, draws=9).dates[0] - 1996) for world in worlds]
    alone = [
        abs(find_breaks(world[world["entity"] == "E00"]["value"], most=1, number=1, draws=9).dates[0] - 22)
        for world in worlds
    ]
    assert np.mean(together) < 0.5 * np.mean(alone)


def test_changes_that_differ_in_sign_are_seen_though_their_mean_does_not_move():
    world = panel(4, entities=20)
    sign = np.where(world["entity"].str[-1].isin(list("02468")), 1.0, -1.0)
    world = world.assign(value=world["value"] + np.where(world["period"] > 1996, sign, 0.0))
    found = find_common_breaks(world, most=1, draws=99)
    assert found.number == 1
    assert abs(found.dates[0] - 1996) <= 1
    assert find_breaks(world.groupby("period")["value"].mean(), most=1, draws=99).number == 0


def test_a_world_event_is_one_event():
    """Were entities taken for independent, 12 copies of one series would make chance certain."""
    count = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        shared = draw.normal(size=45)
        rows = [
            (f"E{i:02d}", 1975 + t, shared[t] + 0.05 * draw.normal()) for i in range(12) for t in range(45)
        ]
        world = pd.DataFrame(rows, columns=["entity", "period", "value"])
        count += find_common_breaks(world, most=1, draws=99, hac=False).number > 0
    assert count <= 4


def test_each_entity_in_a_unit_of_its_own_gives_the_same_dates(table, found):
    units = {name: 10.0 ** (number % 5 - 2) for number, name in enumerate(sorted(set(table["entity"])))}
    scaled = table.assign(value=table["value"] * table["entity"].map(units) + 7)
    other = find_common_breaks(scaled, most=2, draws=99)
    assert other.dates == found.dates
    assert other.intervals == found.intervals
    assert [one.statistic for one in other.tests] == pytest.approx(
        [one.statistic for one in found.tests], rel=1e-6
    )


def test_names_and_the_order_of_rows_do_not_matter(table, found):
    renamed = table.assign(entity="Z" + table["entity"]).sample(frac=1.0, random_state=1)
    numbered = table.assign(entity=table["entity"].str[1:].astype(int) + 10)
    for same in (renamed, numbered):
        other = find_common_breaks(same, most=2, draws=99)
        assert other.dates == found.dates
        assert other.tests == found.tests


def test_moving_the_years_moves_the_dates(table, found):
    other = find_common_breaks(table.assign(period=table["period"] - 100), most=2, draws=99)
    assert [date + 100 for date in other.dates] == list(found.dates)


def test_one_entity_twice_is_that_entity():
    world = panel(5, entities=1, shift=1.5)
    twice = pd.concat([world, world.assign(entity="E01")])
    pair = find_common_breaks(twice, most=1, number=1, draws=9, hac=False)
    single = find_breaks(world["value"], periods=world["period"].tolist(), most=1, number=1, draws=9)
    assert pair.dates == single.dates
    assert pair.coefficients == pytest.approx(single.coefficients)
    assert pair.tests[0].statistic == pytest.approx(single.tests[0].statistic)


def test_slopes_of_each_entity_may_change_together():
    draw = np.random.default_rng(2)
    rows = []
    for entity in range(10):
        level, slope = draw.normal(size=2)
        for year in range(1980, 2020):
            x = draw.normal()
            rows.append((f"E{entity}", year, x, level + (slope + 1.5 * (year > 2000)) * x + draw.normal()))
    world = pd.DataFrame(rows, columns=["entity", "period", "technology", "value"])
    found = find_common_breaks(world, regressors=["technology"], most=1, draws=99)
    assert found.names == ("constant", "technology")
    assert found.number == 1
    assert abs(found.dates[0] - 2000) <= 1
    change = found.coefficients[1] - found.coefficients[0]
    assert abs(change[1] - 1.5) < 3 * np.hypot(*found.standard_errors[:, 1])


def test_the_error_of_the_mean_is_that_of_the_mean_series():
    table = panel(3, shift=-3.0, shared=0.3)
    found = find_common_breaks(table, most=2, number=1, draws=9)
    mean = table.groupby("period")["value"].mean()
    single = find_breaks(mean, periods=mean.index.tolist(), most=2, number=1, hac=True, draws=9)
    assert found.coefficients == pytest.approx(single.coefficients)
    assert found.standard_errors == pytest.approx(single.standard_errors, rel=1e-6)


def test_entities_that_lack_a_period_are_listed(table):
    found = find_common_breaks(table.drop(index=table.index[3]), most=1, draws=9)
    assert found.unavailable == ("E00",)
    assert "N411" in [finding.code for finding in found.findings]


def test_an_infinite_value_is_named_and_not_taken_for_a_period_that_is_lacking(table):
    endless = table.copy()
    endless.loc[endless.index[3], "value"] = np.inf
    place = f"{endless['entity'].iloc[3]}, period {endless['period'].iloc[3]}"
    with pytest.raises(DataError, match=f"{place}: value is infinite"):
        find_common_breaks(endless, most=1, draws=9)


def test_the_result_says_what_was_found_and_draws_itself(found):
    words = found.summary()
    assert words.startswith("One break is found that 12 entities share (1975 to 2019")
    assert "mean is lower after it in" in words
    assert len(found.plot().axes) == 2
    assert len(found.entity_table) == 24
    assert found.table["entities_that_fell"].iloc[0] >= 9


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t.drop(columns="value"), DataError, "no column 'value'"),
        (lambda t: pd.concat([t, t.head(1)]), DataError, "E00 has period 1975 twice"),
        (lambda t: t[t["period"] != 1990], DataError, "Period 1991 follows 1989"),
        (lambda t: t[t["entity"] == "E00"], EstimationError, "1 of 1 entities have every period"),
        (
            lambda t: t.assign(value=t["value"].where(t["entity"] != "E03", 1.0)),
            EstimationError,
            "E03 does not vary",
        ),
        (lambda t: t.assign(value=np.nan), EstimationError, "No entity has a value"),
        (lambda t: t.assign(entity=t["entity"].where(t.index != 3)), DataError, "row 4, column 'entity'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(table, change, error, message):
    with pytest.raises(error, match=message) as caught:
        find_common_breaks(change(table), most=1, draws=9)
    assert "\n" not in str(caught.value)


def test_a_regressor_that_is_constant_in_one_entity_is_named(table):
    flat = table.assign(x=np.where(table["entity"] == "E05", 2.0, table["value"] ** 2))
    with pytest.raises(EstimationError, match="constant of E05, x of E05 are collinear"):
        find_common_breaks(flat, regressors=["x"], most=1, draws=9)
