"""Convergence: known speeds are found, error rates, clubs that were put there, what must not matter, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.convergence import (
    beta_convergence,
    convergence_clubs,
    log_t_test,
    sigma_convergence,
)
from headwinds.explain.convergence.log_t import hodrick_prescott


def panel_of(log: np.ndarray, *, first: int = 1980, kind: str = "ratio", **others: np.ndarray) -> Panel:
    """A panel whose series `income` has these logs, shape (entities, years); `others` are constant in an entity."""
    entities, years = log.shape
    data = pd.DataFrame(
        {
            "entity": np.repeat([f"E{number:03d}" for number in range(entities)], years),
            "period": np.tile(np.arange(first, first + years), entities),
            "income": np.exp(log).ravel(),
            **{name: np.repeat(values, years) for name, values in others.items()},
        }
    )
    described = {
        name: Series(name, "", kind if name == "income" else "ratio", "simulated", "1")  # type: ignore[arg-type]
        for name in ("income", *others)
    }
    return Panel(data, described)


def closing(seed: int, speed: float, entities: int = 60, years: int = 26, noise: float = 0.05) -> np.ndarray:
    """Gaps to a common path that are closed at a known speed, and noise in growth."""
    draw = np.random.default_rng(seed)
    gap = draw.normal(0, 0.5, entities)
    time = np.arange(years)
    end = draw.normal(0, noise, entities)
    return 9 + 0.02 * time + np.exp(-speed * time) * gap[:, None] + end[:, None] * time / time[-1]


# Beta


@pytest.mark.parametrize("speed", [0.01, 0.03])
def test_a_known_speed_is_found_and_its_interval_holds_it(speed):
    found = [
        beta_convergence(panel_of(closing(seed, speed)), level="income", first=1980, last=2005)
        for seed in range(120)
    ]
    assert np.mean([one.speed for one in found]) == pytest.approx(speed, rel=0.03)
    inside = np.mean([one.speed_interval[0] <= speed <= one.speed_interval[1] for one in found])
    assert 0.89 <= inside <= 0.99


def test_the_gap_is_halved_when_the_half_life_is_over():
    found = beta_convergence(panel_of(closing(1, 0.02, noise=0.0)), level="income", first=1980, last=2005)
    assert found.speed == pytest.approx(0.02, rel=1e-9)
    assert np.exp(-0.02 * found.half_life) == pytest.approx(0.5)


def test_no_relation_is_taken_for_convergence_in_about_five_of_a_hundred():
    """HC1 takes about 6 in a hundred with 60 entities."""
    count = 0
    for seed in range(300):
        draw = np.random.default_rng(seed)
        start, grown = draw.normal(9, 0.5, 60), draw.normal(0.5, 0.2, 60)
        log = start[:, None] + grown[:, None] * np.array([[0.0, 0.5, 1.0]])
        count += beta_convergence(panel_of(log), level="income", first=1980, last=1982).p_value <= 0.05
    assert 0.025 <= count / 300 <= 0.095


def test_conditions_take_out_the_places_that_entities_go_to():
    """Each entity goes to a level of its own that schooling gives: conditional convergence, and none without it."""
    draw = np.random.default_rng(5)
    school = draw.normal(size=80)
    goal = 9 + 1.0 * school
    start = goal + draw.normal(0, 0.3, 80)
    time = np.arange(21)
    log = (
        goal[:, None]
        + np.exp(-0.05 * time) * (start - goal)[:, None]
        + 0.02 * time
        + 0.2 * time[None] / 20 * school[:, None]
    )
    panel = panel_of(log, school=school)
    plain = beta_convergence(panel, level="income", first=1980, last=2000)
    given = beta_convergence(panel, level="income", first=1980, last=2000, conditions=["school"])
    assert given.speed == pytest.approx(0.05, rel=1e-6)
    assert plain.value[1] > 0
    assert given.names == ("constant", "log income", "school")


def test_an_economy_that_diverges_never_halves_its_gap():
    found = beta_convergence(panel_of(closing(2, -0.01, noise=0.01)), level="income", first=1980, last=2005)
    assert found.half_life == np.inf
    assert "never halved" in found.summary()


def test_a_slope_too_steep_for_a_speed_is_not_available():
    draw = np.random.default_rng(3)
    start = draw.normal(9, 0.5, 30)
    log = np.column_stack([start, 9.0 + 0 * start, 18.0 - start + draw.normal(0, 0.01, 30)])
    found = beta_convergence(panel_of(log), level="income", first=1980, last=1982)
    assert np.isnan(found.speed)
    assert "W414" in [finding.code for finding in found.findings]
    assert "not available" in found.summary()


def test_units_of_income_do_not_matter_for_the_slope():
    log = closing(4, 0.02)
    one = beta_convergence(panel_of(log), level="income", first=1980, last=2005)
    other = beta_convergence(panel_of(log + np.log(1000)), level="income", first=1980, last=2005)
    assert one.value[1] == pytest.approx(other.value[1], rel=1e-9)
    assert one.standard_error[1] == pytest.approx(other.standard_error[1], rel=1e-9)


def test_units_of_a_condition_change_its_own_slope_and_nothing_else():
    log, share = closing(4, 0.02), np.random.default_rng(0).normal(size=60)
    one, other = (
        beta_convergence(
            panel_of(log, share=share * unit), level="income", first=1980, last=2005, conditions=("share",)
        )
        for unit in (1.0, 1e9)
    )
    factor = np.array([1.0, 1.0, 1e9])
    assert other.value * factor == pytest.approx(one.value, rel=1e-8)
    assert other.standard_error * factor == pytest.approx(one.standard_error, rel=1e-8)


def test_incomes_that_are_all_one_at_the_start_are_refused_in_one_line():
    log = closing(4, 0.02)
    log = log - log[:, :1]
    with pytest.raises(EstimationError, match="log income is collinear with constant"):
        beta_convergence(panel_of(log), level="income", first=1980, last=2005)


# Sigma


def test_a_known_trend_of_dispersion_is_found():
    found = sigma_convergence(panel_of(closing(1, 0.03, noise=0.0)), level="income", first=1980, last=2005)
    assert found.trend == pytest.approx(-0.03, rel=1e-9)
    assert found.change == pytest.approx(-0.75, rel=1e-9)
    assert found.change_p_value < 1e-6


def test_steady_dispersion_is_seldom_taken_for_a_trend():
    """Paths are slow (first-order autocorrelation 0.95), so a trend over years alone would be seen in most."""
    trend, change, naive = 0, 0, 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        log = np.empty((40, 30))
        log[:, 0] = draw.normal(size=40)
        for year in range(1, 30):
            log[:, year] = 0.95 * log[:, year - 1] + np.sqrt(1 - 0.95**2) * draw.normal(size=40)
        found = sigma_convergence(panel_of(9 + log), level="income", first=1980, last=2009)
        trend += found.trend_p_value <= 0.05
        change += found.change_p_value <= 0.05
        time = np.arange(30) - 14.5
        spread = np.log(found.dispersion)
        left = spread - spread.mean() - found.trend * time
        naive += abs(found.trend) > 2.05 * np.sqrt((left @ left) / 28 / (time @ time))
    assert 0.015 <= trend / 200 <= 0.09
    assert 0.015 <= change / 200 <= 0.09
    assert naive / 200 > 0.5


# Clubs


def two_clubs(seed: int) -> tuple[np.ndarray, set[str]]:
    """Thirty entities that close in on one of two paths which part."""
    draw = np.random.default_rng(seed)
    time = np.arange(1.0, 41)
    rich = np.arange(30) < 15
    goal = np.where(rich[:, None], 9.5 + 0.03 * time, 8.5 + 0.005 * time)
    gap = draw.normal(0, 0.25, (30, 1)) / (np.log(time + 1) * time**0.6)
    log = goal + 3 * gap + draw.normal(0, 0.002, (30, 40))
    return log, {f"E{number:03d}" for number in np.flatnonzero(rich)}


@pytest.mark.parametrize("seed", range(4))
def test_two_clubs_that_were_put_there_are_found(seed):
    log, rich = two_clubs(seed)
    panel = panel_of(log)
    assert not log_t_test(panel, series="income", first=1980, last=2019).converges
    found = convergence_clubs(panel, series="income", first=1980, last=2019)
    assert len(found.clubs) == 2
    assert set(found.clubs[0].members) <= rich
    assert not set(found.clubs[1].members) & rich
    # A member whose t with the core is not above the threshold stays out: the rule would rather miss one than err.
    assert len(found.diverging) <= 1


def test_entities_that_all_close_in_are_one_club():
    log, _ = two_clubs(1)
    panel = panel_of(log[:15])
    assert log_t_test(panel, series="income", first=1980, last=2019).converges
    assert len(convergence_clubs(panel, series="income", first=1980, last=2019).clubs) == 1


def test_entities_that_all_part_are_in_no_club():
    time = np.arange(1.0, 41)
    log = 9 + np.linspace(-0.03, 0.03, 6)[:, None] * time**1.2
    found = convergence_clubs(panel_of(log), series="income", first=1980, last=2019, smoothing=None)
    assert found.clubs == ()
    assert len(found.diverging) == 6


def test_the_order_of_entities_does_not_matter():
    log, _ = two_clubs(2)
    one = convergence_clubs(panel_of(log), series="income", first=1980, last=2019)
    mixed = panel_of(log)
    names = {f"E{number:03d}": f"E{29 - number:03d}" for number in range(30)}
    turned = Panel(
        mixed.data.assign(entity=mixed.data["entity"].map(names)).sort_values(["entity", "period"]),
        mixed.series,
    )
    other = convergence_clubs(turned, series="income", first=1980, last=2019)
    assert [len(club.members) for club in one.clubs] == [len(club.members) for club in other.clubs]
    assert one.clubs[0].t_value == pytest.approx(other.clubs[0].t_value, rel=1e-9)


def test_smoothing_keeps_a_line_and_takes_out_a_cycle():
    time = np.arange(40.0)
    line = np.stack([1 + 2 * time, -3 * time])
    assert hodrick_prescott(line, 400.0) == pytest.approx(line, abs=1e-8)
    cycle = np.sin(2 * np.pi * time / 5)[None]
    assert np.abs(hodrick_prescott(cycle, 400.0)[:, 5:-5]).max() < 0.1


# What has no answer

ALL = (
    lambda panel, **more: beta_convergence(panel, level="income", first=1980, last=2005, **more),
    lambda panel, **more: sigma_convergence(panel, level="income", first=1980, last=2005, **more),
    lambda panel, **more: log_t_test(panel, series="income", first=1980, last=2005, **more),
    lambda panel, **more: convergence_clubs(panel, series="income", first=1980, last=2005, **more),
)


@pytest.mark.parametrize("of", ALL)
def test_nobody_is_divided_by_nobody(of):
    people = np.ones(12)
    people[3] = 0
    with pytest.raises(DataError, match="'people' is not above zero for E003 in 1980"):
        of(panel_of(closing(0, 0.02, entities=12), people=people), per="people")
    below = panel_of(closing(0, 0.02, entities=12), people=-np.ones(12))
    below = Panel(below.data.assign(income=-below.data["income"]), below.series)
    with pytest.raises(DataError, match="'income' is not above zero"):
        of(below, per="people")


def test_levels_that_hardly_differ_have_the_dispersion_of_their_differences():
    far = closing(0, 0.02, entities=12)
    one = sigma_convergence(panel_of(far), level="income", first=1980, last=2005)
    centre = far.mean(axis=0)
    near = sigma_convergence(panel_of(centre + 1e-7 * (far - centre)), level="income", first=1980, last=2005)
    assert near.trend == pytest.approx(one.trend, rel=1e-4)
    assert near.trend_standard_error == pytest.approx(one.trend_standard_error, rel=1e-4)


def test_what_fits_exactly_has_no_standard_error():
    constant = np.repeat(closing(0, 0.02, entities=12)[:, :1], 26, axis=1)
    line = beta_convergence(panel_of(constant), level="income", first=1980, last=2005)
    assert np.isnan(line.standard_error).all()
    assert np.isnan(line.p_value)
    assert [finding.code for finding in line.findings] == ["W415"]
    still = closing(0, 0.02, entities=12)
    still[:, -1] = still[:, 0]
    found = sigma_convergence(panel_of(still), level="income", first=1980, last=2005)
    assert np.isnan(found.change_p_value)
    assert "p of no change not available" in found.summary()
    pair = closing(0, 0.02, entities=3)
    pair[1] = pair[0]
    with pytest.raises(EstimationError, match="Without E002 all others have the same level in 1980"):
        sigma_convergence(panel_of(pair), level="income", first=1980, last=2005)
    with pytest.raises(EstimationError, match="E000 and E001 have the same level in 1980"):
        convergence_clubs(panel_of(pair), series="income", first=1980, last=2005)


@pytest.mark.parametrize("smoothing", [float("inf"), 1e30, -1.0])
def test_a_trend_that_cannot_be_computed_is_refused(smoothing):
    with pytest.raises(SettingsError, match="expected a number from 0 to"):
        log_t_test(panel_of(closing(0, 0.02)), series="income", first=1980, last=2005, smoothing=smoothing)


def test_a_span_that_runs_backwards_is_refused():
    with pytest.raises(SettingsError, match="The span 2005-1980 has no length"):
        log_t_test(panel_of(closing(0, 0.02)), series="income", first=2005, last=1980)


# The face


def test_every_result_says_what_was_found_and_draws_itself():
    log, _ = two_clubs(1)
    panel = panel_of(log)
    beta = beta_convergence(panel, level="income", first=1980, last=2000)
    sigma = sigma_convergence(panel, level="income", first=1980, last=2000)
    test = log_t_test(panel, series="income", first=1980, last=2019)
    clubs = convergence_clubs(panel, series="income", first=1980, last=2019)
    for result, words in (
        (beta, "is associated with"),
        (sigma, "jackknife"),
        (test, "is rejected"),
        (clubs, "2 clubs"),
    ):
        assert words in result.summary()
        assert len(result.table)
        assert result.plot().axes
        assert " causes " not in result.summary()
    assert set(clubs.member_table["club"]) >= {1, 2}


# What is refused


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"first": 2000, "last": 1990}, SettingsError, "The span 2000-1990 has no length"),
        ({"last": 2050}, EstimationError, "The panel has no year 2050: it runs from 1980 to 2005"),
        ({"level": "gdp"}, SettingsError, "no series 'gdp'"),
        ({"conditions": ["flat"]}, EstimationError, "flat is collinear with constant, log income"),
        (
            {"entities": ["E001", "E002"]},
            EstimationError,
            "Entities that have income in every year needed: 2",
        ),
        ({"entities": ["E001", "E001", "E002"]}, SettingsError, "named twice"),
    ],
)
def test_what_beta_convergence_cannot_be_is_refused_in_one_line(settings, error, message):
    panel = panel_of(closing(1, 0.02), flat=np.full(60, 2.0))
    with pytest.raises(error, match=message) as caught:
        beta_convergence(panel, **{"level": "income", "first": 1980, "last": 2005, **settings})
    assert "\n" not in str(caught.value)


def test_levels_between_countries_and_growth_within_them_are_not_mixed():
    with pytest.raises(
        SettingsError, match=r"'income' is made for growth over time .*cannot be the initial level"
    ):
        beta_convergence(panel_of(closing(1, 0.02), kind="growth"), level="income", first=1980, last=2005)
    with pytest.raises(SettingsError, match=r"comparing levels .*whose growth is explained.*take rgdpna"):
        beta_convergence(panel_of(closing(1, 0.02), kind="level"), level="income", first=1980, last=2005)
    with pytest.raises(SettingsError, match="made for growth over time"):
        sigma_convergence(panel_of(closing(1, 0.02), kind="growth"), level="income", first=1980, last=2005)


def test_incomes_of_zero_are_refused():
    panel = panel_of(closing(1, 0.02))
    panel.data.loc[30, "income"] = 0.0
    with pytest.raises(DataError, match="'income' is not above zero for E001 in 1984"):
        sigma_convergence(panel, level="income", first=1980, last=2005)


def test_entities_that_lack_a_year_are_listed():
    panel = panel_of(closing(1, 0.02))
    panel.data.loc[30, "income"] = np.nan
    found = sigma_convergence(panel, level="income", first=1980, last=2005)
    assert found.unavailable == ("E001",)
    assert "N412" in [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"last": 1986}, EstimationError, "5 of 7 years are left for the log t regression"),
        ({"discard": 1.0}, SettingsError, "discard = 1.0"),
        ({"smoothing": -1.0}, SettingsError, "smoothing = -1.0"),
        ({"threshold": 9.0}, SettingsError, "threshold = 9.0"),
    ],
)
def test_what_clubs_cannot_be_is_refused_in_one_line(settings, error, message):
    with pytest.raises(error, match=message):
        convergence_clubs(
            panel_of(closing(1, 0.02)), **{"series": "income", "first": 1980, "last": 2005, **settings}
        )


def test_logs_below_zero_need_a_smaller_unit():
    with pytest.raises(SettingsError, match=r"not above zero in some year.*smaller unit"):
        log_t_test(panel_of(closing(1, 0.02) - 10), series="income", first=1980, last=2005)
