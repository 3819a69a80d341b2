"""Dynamic panels: known answers where the truth is known, one line where the data do not allow an answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.errors import DataError, EstimationError, HeadwindsError, SettingsError
from headwinds.explain import dynamic_panel

PERSISTENCE, SLOPE, DRAWS = 0.5, 1.0, 300


def autoregressive(seed: int, entities: int = 100, periods: int = 7) -> pd.DataFrame:
    """y = 0.5 y(-1) + x + entity effect + noise, started in its stationary law; x moves with the entity effect."""
    generator = np.random.default_rng(seed)
    effect = generator.normal(size=entities)
    y = np.zeros((entities, periods + 30))
    x = 0.5 * effect[:, None] + generator.normal(size=y.shape)
    for period in range(1, y.shape[1]):
        shock = generator.normal(size=entities)
        y[:, period] = PERSISTENCE * y[:, period - 1] + SLOPE * x[:, period] + effect + shock
    rows = [
        (f"E{entity:03d}", 2000 + period, y[entity, 30 + period], x[entity, 30 + period])
        for entity in range(entities)
        for period in range(periods)
    ]
    return pd.DataFrame(rows, columns=["entity", "period", "y", "x"])


def coverage(system: bool) -> tuple[float, float, float, float]:
    """Of 95% intervals, of both coefficients; the mean estimate of the persistence; how often Hansen rejects at 5%."""
    inside, values, rejected = [], [], 0
    for seed in range(DRAWS):
        fit = dynamic_panel(autoregressive(seed), "y", regressors=["x"], system=system, collapse=True)
        bounds = fit.estimate.confidence_interval()[:2]
        inside.append(
            [low <= truth <= high for (low, high), truth in zip(bounds, (PERSISTENCE, SLOPE), strict=True)]
        )
        values.append(fit.estimate.value[0])
        rejected += fit.hansen[2] < 0.05
    kept = np.mean(inside, axis=0)
    return float(kept[0]), float(kept[1]), float(np.mean(values)), rejected / DRAWS


@pytest.mark.parametrize("system", [False, True])
def test_intervals_cover_the_truth_as_often_as_they_say_and_hansen_rejects_as_seldom(system):
    of_persistence, of_slope, mean, rejected = coverage(system)
    assert 0.915 < of_persistence < 0.98  # 95% and three standard errors of 300 draws either side
    assert 0.915 < of_slope < 0.98
    assert mean == pytest.approx(PERSISTENCE, abs=0.03)
    assert 0.015 < rejected < 0.09


def test_external_instruments_in_levels_are_not_taken_without_a_warning():
    data = autoregressive(0)  # its x moves with the entity effect
    fit = dynamic_panel(data, "y", regressors=["x"], system=True, collapse=True, external_in_levels=True)
    assert "W465" in [finding.code for finding in fit.findings]
    assert abs(fit.estimate.value[1] - SLOPE) > 2 * fit.estimate.standard_error[1]


def test_a_constant_added_to_an_entity_changes_no_difference_estimate():
    data = autoregressive(1)
    moved = data.assign(x=data["x"] + data["entity"].str[1:].astype(float))
    plain = dynamic_panel(data, "y", regressors=["x"])
    assert dynamic_panel(moved, "y", regressors=["x"]).estimate.value[:2] == pytest.approx(
        plain.estimate.value[:2], rel=1e-8
    )


def test_the_order_of_rows_and_another_calendar_change_nothing():
    data = autoregressive(2)
    plain = dynamic_panel(data, "y", regressors=["x"], system=True)
    mixed = data.sample(frac=1, random_state=3).assign(period=lambda rows: 1900 + 5 * (rows["period"] - 2000))
    again = dynamic_panel(mixed, "y", regressors=["x"], system=True)
    assert again.estimate.value == pytest.approx(plain.estimate.value, rel=1e-9)
    assert again.hansen == pytest.approx(plain.hansen, rel=1e-9)


def test_more_instruments_than_entities_are_told_and_collapsing_mends_it():
    data = autoregressive(4, entities=20, periods=12)
    many = dynamic_panel(data, "y", regressors=["x"], collapse=False)
    assert many.instruments > many.entities == 20
    assert "second step's weights are not determined" in many.summary()
    one = dynamic_panel(data, "y", regressors=["x"], steps=1, collapse=False)
    assert "estimates lean to least squares" in one.summary()
    assert f"{many.instruments} instruments, 20 entities" in many.summary()
    few = dynamic_panel(
        data, "y", regressors=["x"], internal={"y": (2, 4)}, collapse=True, period_effects=False
    )
    assert few.instruments == 4
    assert "W461" not in [finding.code for finding in few.findings]


def test_where_nobody_says_a_long_panel_takes_no_more_instruments_than_entities_and_is_right():
    """Of ten panels of 30 entities in 18 periods; the full set, 153 instruments, is far off and stays to be had."""
    panels = [autoregressive(seed, entities=30, periods=18) for seed in range(10)]
    fits = [dynamic_panel(data, "y", regressors=["x"]) for data in panels]
    assert {fit.instruments <= fit.entities for fit in fits} == {True}
    codes = [finding.code for finding in fits[0].findings]
    assert "N466" in codes
    assert "W461" not in codes
    assert "A full set would have 153 instruments for 30 entities" in fits[0].summary()
    assert np.mean([fit.estimate.value[0] for fit in fits]) == pytest.approx(PERSISTENCE, abs=0.06)
    full = [dynamic_panel(data, "y", regressors=["x"], collapse=False) for data in panels]
    assert full[0].instruments == 153
    assert np.mean([fit.estimate.value[0] for fit in full]) < PERSISTENCE - 0.15


def test_lags_whose_end_was_asked_for_are_kept_and_a_set_that_fits_is_left_as_it_is():
    data = autoregressive(4, entities=40, periods=12)
    asked = dynamic_panel(data, "y", regressors=["x"], internal={"y": (2, 9)})
    collapsed = dynamic_panel(data, "y", regressors=["x"], internal={"y": (2, 9)}, collapse=True)
    assert "N465" in [finding.code for finding in asked.findings]
    assert asked.estimate.value == pytest.approx(collapsed.estimate.value, rel=1e-12)
    short = autoregressive(4)
    plain = dynamic_panel(short, "y", regressors=["x"])
    assert plain.instruments == dynamic_panel(short, "y", regressors=["x"], collapse=False).instruments
    assert {"N465", "N466"}.isdisjoint(finding.code for finding in plain.findings)


def test_an_outcome_with_more_memory_than_said_fails_the_test_of_second_order():
    generator = np.random.default_rng(5)
    data = autoregressive(5, entities=300, periods=8)
    shock = generator.normal(size=(300, 9))
    data["y"] += (
        3 * (shock[:, 1:] + shock[:, :-1]).ravel()
    )  # a moving average: its difference has memory of order 2
    codes = [finding.code for finding in dynamic_panel(data, "y", regressors=["x"]).findings]
    assert "W464" in codes


def test_a_gap_in_time_is_told_and_never_bridged():
    data = autoregressive(6)
    holed = data[~((data["entity"] == "E003") & (data["period"] == 2003))]
    whole, fit = dynamic_panel(data, "y", regressors=["x"]), dynamic_panel(holed, "y", regressors=["x"])
    assert "N462" in [finding.code for finding in fit.findings]
    # An equation in differences reaches from the year two before to its own: 2003, 2004 and 2005 are lost.
    assert fit.estimate.observations == whole.estimate.observations - 3


@pytest.mark.parametrize(
    ("change", "arguments", "kind", "words"),
    [
        (lambda data: data[data["entity"] == "E001"], {}, EstimationError, "Entities of the panel: 1, "),
        (
            lambda data: data[data["period"] < 2002],
            {},
            EstimationError,
            "2 periods; 1 lags in differences need 3",
        ),
        (
            lambda data: data[data["period"] % 3 != 0],
            {"lags": 2},
            EstimationError,
            "No entity has 4 complete periods",
        ),
        (
            lambda data: data.assign(z=2 * data["x"]),
            {"regressors": ["x", "z"]},
            EstimationError,
            "'z' is collinear",
        ),
        (lambda data: data.assign(x=1.0), {}, EstimationError, "'x' does not change over time"),
        (lambda data: pd.concat([data, data.head(1)]), {}, DataError, "E000 in 2000 more than once"),
        (
            lambda data: data.assign(x=data["x"].where(data.index != 3, -np.inf)),
            {},
            DataError,
            "The panel, row 4, column 'x': the value is infinite",
        ),
        (
            lambda data: data.assign(entity=data["entity"].where(data.index != 3)),
            {},
            DataError,
            "The panel, row 4, column 'entity': the entity is empty",
        ),
        (
            lambda data: data.assign(period=data["period"].where(data.index != 3, 20032003)),
            {},
            DataError,
            "periods run from 2000 to 20032003 in steps of 1, too many",
        ),
        (lambda data: data.drop(columns="x"), {}, DataError, "no column 'x'"),
        (
            lambda data: data.assign(x="much"),
            {},
            DataError,
            "The panel, row 1, column 'x': 'much' is not a number",
        ),
        (lambda data: data.assign(period="soon"), {}, DataError, "'soon' is not a whole number"),
        (lambda data: data, {"lags": 0}, SettingsError, "lags is 0"),
        (lambda data: data, {"steps": 3}, SettingsError, "steps is 3"),
        (lambda data: data, {"internal": {"y": (1, 2)}}, SettingsError, "start at 2"),
        (lambda data: data, {"internal": {}, "external": ["x"]}, EstimationError, "do not identify"),
    ],
)
def test_what_cannot_be_estimated_is_one_line(change, arguments, kind, words):
    with pytest.raises(kind) as caught:
        dynamic_panel(change(autoregressive(7)), "y", **{"regressors": ["x"], **arguments})
    assert isinstance(caught.value, HeadwindsError)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
