"""Local projections: the response that was built in, intervals that keep their promise, and one line for bad data."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from explain.panels import World
from headwinds.errors import DataError, EstimationError, HeadwindsError, SettingsError
from headwinds.explain import local_projections, regress_with_index

DRAWS = 100
DECAY = 0.6


def shocked(seed: int, entities: int = 30, periods: int = 40, effect: float = 0.0) -> pd.DataFrame:
    """y = 0.6 y(-1) + effect x shock + noise that entities share in part and feel differently; the shock is white."""
    generator = np.random.default_rng(seed)
    shock = generator.normal(size=(entities, periods))
    exposure = np.linspace(0.0, 2.0, entities)[:, None]
    noise = generator.normal(size=(entities, periods)) + exposure * generator.normal(size=(1, periods))
    y = np.zeros((entities, periods))
    y[:, 0] = noise[:, 0]
    for period in range(1, periods):
        y[:, period] = DECAY * y[:, period - 1] + effect * shock[:, period] + noise[:, period]
    names = np.repeat([f"E{entity:02d}" for entity in range(entities)], periods)
    years = np.tile(np.arange(1980, 1980 + periods), entities)
    return pd.DataFrame({"entity": names, "period": years, "y": y.ravel(), "x": shock.ravel()})


def rejections(errors: str, response: str) -> np.ndarray:
    """How often a 95% interval leaves out the truth, zero, at horizons 0 and 2."""
    out = []
    for seed in range(DRAWS):
        data = shocked(seed, entities=20, periods=30)
        table = local_projections(data, "y", "x", horizons=2, errors=errors, response=response).table
        out.append(((table["lower"] > 0) | (table["upper"] < 0)).to_numpy()[[0, 2]])
    return np.mean(out, axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("errors", ["driscoll-kraay", "clustered"])
def test_where_nothing_follows_the_shock_intervals_leave_out_zero_as_seldom_as_they_say(errors):
    found = rejections(errors, "cumulative")
    assert (found > 0).all()
    assert (found < 0.115).all()  # 5% and three standard errors of 100 draws


def test_the_response_is_that_of_the_process():
    data = shocked(1, entities=200, effect=1.0)
    path = DECAY ** np.arange(5)
    table = local_projections(data, "y", "x", horizons=4).table
    assert table["value"].to_numpy() == pytest.approx(path, abs=0.1)
    cumulative = local_projections(data, "y", "x", horizons=4, response="cumulative").table
    assert cumulative["value"].to_numpy() == pytest.approx(np.cumsum(path), abs=0.25)


def test_the_cumulative_response_of_changes_is_the_change_of_the_level():
    data = shocked(2, effect=1.0)
    level = data.assign(level=data.groupby("entity")["y"].cumsum())
    summed = local_projections(data, "y", "x", horizons=3, lags=0, response="cumulative").table
    change = local_projections(level, "level", "x", horizons=3, lags=0, response="change").table
    late = local_projections(
        data[data["period"] > 1980], "y", "x", horizons=3, lags=0, response="cumulative"
    ).table
    assert change["value"].to_numpy() == pytest.approx(late["value"].to_numpy(), rel=1e-8)
    assert summed["observations"].tolist() == [30 * (40 - horizon) for horizon in range(4)]


@pytest.mark.parametrize("period_effects", [True, False])
def test_lags_of_errors_are_counted_over_the_calendar_and_not_over_the_periods_that_are_there(period_effects):
    """Census years: nobody is seen in 1995 and 2003, and rows before and after are two years apart."""
    data = shocked(1, entities=12, periods=40, effect=1.0)
    data = data[~data["period"].isin([1995, 2003])]
    found = local_projections(data, "y", "x", horizons=0, lags=0, period_effects=period_effects).table.iloc[0]
    wide = data.pivot(index="entity", columns="period", values=["x", "y"])
    x, y = (
        one.sub(one.mean(axis=1), axis=0) - (one.mean() - one.to_numpy().mean()) * period_effects
        for one in (wide["x"], wide["y"])
    )
    slope = (x * y).to_numpy().sum() / (x**2).to_numpy().sum()
    adds = (x * (y - slope * x)).sum() / (x**2).to_numpy().sum()
    window = int(len(adds) ** 0.25)
    apart = np.abs(np.subtract.outer(adds.index.to_numpy(), adds.index.to_numpy()))
    variance = adds.to_numpy() @ np.clip(1 - apart / (window + 1), 0, None) @ adds.to_numpy()
    lost = 1 + 12 + 37 * period_effects
    variance *= 38 / 37 * (len(data) - 1) / (len(data) - lost)
    assert found["value"] == pytest.approx(slope, rel=1e-8)
    assert found["standard_error"] == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_another_order_of_rows_changes_nothing():
    data = shocked(3, effect=1.0)
    plain = local_projections(data, "y", "x", horizons=2).table
    mixed = local_projections(data.sample(frac=1, random_state=1), "y", "x", horizons=2).table
    pd.testing.assert_frame_equal(plain, mixed)


@pytest.mark.parametrize("unit", [1e9, 1e-9])
def test_the_unit_of_the_shock_changes_its_response_and_nothing_else(unit):
    rows = shocked(0, effect=1.0)
    plain = local_projections(rows, "y", "x", horizons=1).table
    scaled = local_projections(rows.assign(x=rows["x"] * unit), "y", "x", horizons=1).table
    for name in ("value", "standard_error", "lower", "upper"):
        assert (scaled[name] * unit).tolist() == pytest.approx(plain[name].tolist(), rel=1e-9)


def test_a_shock_that_all_share_is_projected_without_period_effects():
    data = shocked(4)
    common = data.assign(x=np.tile(np.random.default_rng(4).normal(size=40), 30))
    with pytest.raises(EstimationError, match="period_effects=False"):
        local_projections(common, "y", "x", lags=0)
    assert len(local_projections(common, "y", "x", lags=0, period_effects=False).table) == 6


def test_with_an_index_both_estimates_stand_at_each_horizon_and_the_corrected_one_undoes_the_weakening():
    frame, index = World(entities=60, own_error=0.08).draw(5)
    data = frame.rename(columns={"value": "growth"})
    found = local_projections(data, "growth", index, horizons=2)
    table = found.table.set_index(["method", "horizon"])
    naive, corrected = table.loc["naive", "value"], table.loc["errors-in-variables", "value"]
    assert len(naive) == len(corrected) == 3
    # The outcome of this world follows its index by a year.
    one = regress_with_index(frame, index, labels=["divide"], lag=1)
    assert naive[1] == pytest.approx(one.naive.value[0], rel=0.05)
    assert abs(naive[0]) < 0.1 * corrected[1]
    assert corrected[1] > 1.3 * naive[1]
    assert "is associated with" in found.summary()


def test_few_periods_are_told():
    codes = [found.code for found in local_projections(shocked(6, periods=12), "y", "x", horizons=2).findings]
    assert {"W466", "N464"} <= set(codes)


@pytest.mark.parametrize(("response", "lags"), [("value", 1), ("cumulative", 1), ("value", 0)])
def test_how_far_few_periods_pull_responses_from_the_truth_is_foretold(response, lags):
    """Entity effects hold what a shock did in later periods (Nickell 1981), however many entities there are."""
    data = shocked(3, entities=1000, periods=20, effect=1.0)
    found = local_projections(data, "y", "x", horizons=4, response=response, lags=lags, errors="clustered")
    said = next(one.sentence for one in found.findings if one.code == "W468")
    horizon, foretold = re.search(r"most at horizon (\d), by about (-[\d.]+),", said).groups()
    truth = DECAY ** np.arange(5)
    path = truth if response == "value" else np.cumsum(truth)
    off = found.table["value"].iloc[int(horizon)] - path[int(horizon)]
    assert off < 0
    assert 0.6 < float(foretold) / off < 1.7
    assert "N464" in {one.code for one in local_projections(shocked(4), "y", "x", horizons=1).findings}


@pytest.mark.parametrize(
    ("change", "arguments", "kind", "words"),
    [
        (lambda data: data[data["entity"] == "E01"], {}, EstimationError, "Entities of the panel: 1, "),
        (
            lambda data: data[data["period"] < 1984],
            {},
            EstimationError,
            "4 periods; 5 horizons after 1 lags need 8",
        ),
        (lambda data: data[data["period"] % 4 != 0], {"response": "cumulative"}, EstimationError, "complete"),
        (lambda data: data.assign(z=2 * data["x"]), {"controls": ["z"]}, EstimationError, "'z' is collinear"),
        (lambda data: pd.concat([data, data.head(1)]), {}, DataError, "more than once"),
        (lambda data: data.drop(columns="x"), {}, DataError, "no column 'x'"),
        (lambda data: data, {"controls": ["y"]}, SettingsError, "'y' stands among the controls"),
        (lambda data: data, {"horizons": -1}, SettingsError, "horizons is -1"),
        (lambda data: data, {"response": "slope"}, SettingsError, "response is 'slope'"),
        (lambda data: data, {"errors": "white"}, SettingsError, "errors is 'white'"),
        (lambda data: data, {"label": "divide"}, SettingsError, "a column, which has no labels"),
    ],
)
def test_what_cannot_be_projected_is_one_line(change, arguments, kind, words):
    with pytest.raises(kind) as caught:
        local_projections(change(shocked(7)), "y", "x", **arguments)
    assert isinstance(caught.value, HeadwindsError)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lags": 2}, "lags is 2, which is not available beside an index"),
        ({"errors": "driscoll-kraay"}, "errors is 'driscoll-kraay', which is not available beside an index"),
        ({"controls": ["population"]}, "controls are population, which"),
        ({"period_effects": False}, "period_effects is False, which"),
        ({"half_panel": True}, "half_panel is True, which is not available beside an index"),
    ],
)
def test_a_setting_that_an_index_with_its_error_cannot_have_is_refused_and_not_ignored(arguments, words):
    frame, index = World(entities=10, periods=8).draw(0)
    data = frame.rename(columns={"value": "growth"})
    with pytest.raises(SettingsError) as caught:
        local_projections(data, "growth", index, horizons=1, **arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    plain = local_projections(data, "growth", index, horizons=1)
    asked = local_projections(data, "growth", index, horizons=1, lags=0, errors="clustered")
    pd.testing.assert_frame_equal(plain.table, asked.table)


def test_an_index_whose_years_are_text_gives_the_same_responses():
    frame, index = World(entities=20, periods=8).draw(5)
    told = replace(index, cells=tuple((name, str(year)) for name, year in index.cells))
    data = frame.rename(columns={"value": "growth"})
    as_numbers, as_text = (local_projections(data, "growth", one, horizons=1).table for one in (index, told))
    pd.testing.assert_frame_equal(as_text, as_numbers)


def test_entities_with_one_year_make_no_interval_narrower():
    data = shocked(1, entities=8, periods=25)
    lone = [(f"lone {number}", period) for number, period in enumerate(range(5, 20))]
    rng = np.random.default_rng(2)
    more = pd.DataFrame(lone, columns=["entity", "period"]).assign(
        **{name: rng.normal(size=len(lone)) for name in data if name not in ("entity", "period")}
    )
    both = [
        local_projections(frame, "y", "x", horizons=0, lags=0, errors="clustered").table
        for frame in (data, pd.concat([data, more], ignore_index=True))
    ]
    pd.testing.assert_frame_equal(*both)
