"""Half panels: local projections without most of the bias of entity effects, and intervals that then keep their promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explain.test_local_projections import DECAY, shocked
from headwinds.errors import EstimationError
from headwinds.explain import local_projections
from headwinds.explain.dynamics.half_panel_response import half_panel_critical

DRAWS = 60
BOTH = ["clustered", "driscoll-kraay"]


def by_hand(data: pd.DataFrame, horizon: int, dummies: list[str]) -> tuple[float, pd.DataFrame]:
    """Slope of y at t+h on x at t beside a lag of either and dummies, and what each row adds to it."""
    table = data.set_index(["entity", "period"]).sort_index()
    moved = {"r": ("y", horizon), "x": ("x", 0), "y_1": ("y", -1), "x_1": ("x", -1)}
    rows = pd.DataFrame(
        {
            name: table[column]
            .reindex(table.index.set_levels(table.index.levels[1] + by, level=1))
            .to_numpy()
            for name, (column, by) in moved.items()
        },
        index=table.index,
    ).dropna()

    def fit(part: pd.DataFrame) -> tuple[float, pd.Series]:
        effects = pd.get_dummies(part.reset_index()[dummies].astype(str)).to_numpy(dtype=float)
        right = np.column_stack([part[["y_1", "x_1"]].to_numpy(), effects])
        own = part["x"] - right @ np.linalg.lstsq(right, part["x"], rcond=None)[0]
        every = np.column_stack([part["x"], right])
        slopes = np.linalg.lstsq(every, part["r"], rcond=None)[0]
        return slopes[0], own * (part["r"] - every @ slopes) / (own @ own)

    whole, adds = fit(rows)
    rank, count = rows.groupby("entity").cumcount(), rows.groupby("entity")["x"].transform("size")
    value, total, firsts = 2 * whole, 2 * adds, (count // 2, (count + 1) // 2)
    for first in firsts:
        for half in (rank < first, rank >= first):
            slope, shares = fit(rows[half])
            value -= slope / 4
            total = total.sub(shares / 4, fill_value=0)
    return value, pd.DataFrame({"half": total, "whole": adds})


def meat(adds: pd.Series, errors: str, window: int) -> float:
    if errors == "clustered":
        return float((adds.groupby("entity").sum() ** 2).sum())
    sums = adds.groupby("period").sum()
    far = np.abs(np.subtract.outer(sums.index.to_numpy(), sums.index.to_numpy()))
    return float(sums @ np.clip(1 - far / (window + 1), 0, None) @ sums)


@pytest.mark.parametrize("period_effects", [True, False])
@pytest.mark.parametrize("errors", BOTH)
def test_response_and_error_are_those_by_hand_where_each_entity_has_a_span_of_its_own(errors, period_effects):
    data = shocked(1, entities=12, periods=30, effect=1.0)
    number = data["entity"].str[1:].astype(int)
    data = data[(data["period"] >= 1980 + number % 4) & (data["period"] < 2010 - number % 3)]
    horizon = 2
    found, plain = (
        local_projections(
            data,
            "y",
            "x",
            horizons=horizon,
            errors=errors,
            period_effects=period_effects,
            half_panel=half_panel,
        ).table.iloc[-1]
        for half_panel in (True, False)
    )
    value, adds = by_hand(data, horizon, ["entity", "period"] if period_effects else ["entity"])
    window = horizon + int(found["periods"] ** 0.25)
    # The factor for small samples is that of the whole panel.
    factor = plain["standard_error"] ** 2 / meat(adds["whole"], errors, window)
    assert found["value"] == pytest.approx(value, rel=1e-8)
    assert found["standard_error"] == pytest.approx(
        np.sqrt(factor * meat(adds["half"], errors, window)), rel=1e-6
    )
    assert found["observations"] == plain["observations"] == len(adds)


@pytest.mark.slow
def test_where_entity_effects_make_intervals_miss_the_response_those_of_half_panels_hold_it():
    truth = DECAY ** np.arange(4)
    held = {"plain": [], **{errors: [] for errors in BOTH}}

    def holds(data: pd.DataFrame, **arguments: object) -> np.ndarray:
        table = local_projections(data, "y", "x", horizons=3, **arguments).table
        return ((table["lower"] < truth) & (truth < table["upper"])).to_numpy()

    for seed in range(DRAWS):
        data = shocked(seed, entities=100, periods=40, effect=1.0)
        for errors in BOTH:
            held[errors].append(holds(data, errors=errors, half_panel=True))
        if seed < DRAWS // 3:
            held["plain"].append(holds(data, errors="clustered"))
    plain = np.mean(held["plain"], axis=0)
    assert plain[3] < 0.8
    for errors in BOTH:
        covered = np.mean(held[errors], axis=0)
        assert (covered > 0.86).all()  # 95 % less three standard errors of 60 draws
        assert 0.92 < covered.mean() < 0.985


def test_an_entity_that_is_seen_early_or_late_only_has_halves_of_its_own():
    """With one date for all halves, nothing of the bias would go."""
    data = shocked(0, entities=500, periods=60, effect=1.0)
    even = data["entity"].str[1:].astype(int) % 2 == 0
    data = data[even == (data["period"] < 2010)]
    plain, half = (
        local_projections(data, "y", "x", horizons=3, errors="clustered", half_panel=wanted).table["value"][3]
        for wanted in (False, True)
    )
    assert plain - DECAY**3 < -0.05
    assert abs(half - DECAY**3) < 0.03


def test_the_finding_of_the_bias_gives_way_to_what_half_panels_leave():
    def codes(data: pd.DataFrame, horizons: int, **arguments: object) -> set[str]:
        found = local_projections(data, "y", "x", horizons=horizons, errors="clustered", **arguments)
        return {one.code for one in found.findings}

    data = shocked(3, entities=100, periods=40, effect=1.0)
    assert codes(data, 3) == {"W468"}
    assert codes(data, 3, half_panel=True) == {"N468"}
    assert codes(data[data["period"] < 2000], 5, half_panel=True) == {"N468", "W469"}


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        (
            lambda data: data[data["period"] < 1998],
            {"horizons": 7},
            "At horizon 6 an entity has 5.0 periods in half of the panel, expected more than the horizon",
        ),
        (
            lambda data: data[data["period"] < 1984],
            {"horizons": 0},
            "At horizon 0 half of the panel has only 0 rows of 0 entities in 0 periods",
        ),
        (
            lambda data: data.assign(x=data["x"].where(data["period"] > 1999, 0.5)),
            {"horizons": 0, "lags": 0},
            "At horizon 0, in half of the panel, 'x' is collinear with the effects",
        ),
    ],
)
def test_a_half_that_cannot_tell_a_response_is_one_line(change, arguments, words):
    data = change(shocked(7, entities=8))
    with pytest.raises(EstimationError) as caught:
        local_projections(data, "y", "x", errors="clustered", half_panel=True, **arguments)
    assert words in str(caught.value)
    assert "Set half_panel to false, or take more periods" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_critical_values_are_those_of_residuals_that_sum_to_zero_in_either_half():
    steps, draws = 200, 4000
    walk = np.random.default_rng(0).normal(size=(draws, steps)) / np.sqrt(steps)
    whole = walk - walk.mean(axis=1, keepdims=True)
    halves = np.concatenate(
        [part - part.mean(axis=1, keepdims=True) for part in np.split(walk, 2, axis=1)], axis=1
    )
    seen = 2 * whole - halves
    for width in (20, 50, 100):
        path = np.cumsum(seen, axis=1)
        apart = (path[:, : steps - width] * path[:, width:]).sum(axis=1)
        error = np.sqrt(2 / width * ((path**2).sum(axis=1) - apart))
        quantile = np.quantile(np.abs(walk.sum(axis=1)) / error, 0.95)
        assert half_panel_critical(width - 1, steps) == pytest.approx(quantile, abs=0.12)
