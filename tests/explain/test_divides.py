"""The divide: known values, parts that add up, intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.countries import reconcile_countries
from headwinds.explain.divides.divide import divide
from headwinds.explain.divides.measures import MEASURES, absolute_gini, cv, gap_90_10, gini, palma, theil
from headwinds.explain.divides.theil import theil_parts
from headwinds.explain.gapminder import read_gapminder
from house.repository import ROOT

GAPMINDER = ROOT / "studies" / "un-debates" / "panel" / "gapminder.csv.xz"
RELATIVE = ("gini", "theil", "cv", "palma")


def panel_of(rows: list[tuple], unit: str = "per 100 people") -> Panel:
    data = pd.DataFrame(rows, columns=["entity", "period", "use", "people"])
    data = data.sort_values(["entity", "period"], ignore_index=True)
    series = {
        "use": Series("use", unit, "ratio", "made up", "now"),
        "people": Series("people", "millions", "count", "made up", "now"),
    }
    return Panel(data=data, series=series)


COUNTRIES = ("DEU", "FRA", "KEN", "NGA", "IND", "CHN")


def small(unit: str = "per 100 people") -> Panel:
    draw = np.random.default_rng(5)
    rows = [
        (code, year, float(draw.uniform(1, 90)), float(draw.uniform(1, 9)))
        for code in COUNTRIES
        for year in (2000, 2001, 2002)
    ]
    return panel_of(rows, unit)


def test_measures_by_hand():
    values, ones = np.array([0.0, 0.0, 0.0, 4.0]), np.ones(4)
    assert gini(values, ones) == pytest.approx(0.75)
    assert theil(values, ones) == pytest.approx(np.log(4))
    assert cv(values, ones) == pytest.approx(np.sqrt(3))
    assert absolute_gini(values, ones) == pytest.approx(0.75)
    ten = np.arange(1.0, 11.0)
    assert palma(ten, np.ones(10)) == pytest.approx(10 / (1 + 2 + 3 + 4))
    assert gap_90_10(ten, np.ones(10)) == pytest.approx(8)
    # A tenth and four tenths of five units cut units in two.
    assert palma(np.arange(1.0, 6.0), np.ones(5)) == pytest.approx(0.5 * 5 / (1 + 2))


def test_gini_is_half_the_mean_difference_over_the_mean():
    draw = np.random.default_rng(0)
    values, weights = draw.lognormal(size=30), draw.uniform(0.5, 2, 30)
    share = weights / weights.sum()
    differences = share @ np.abs(values[:, None] - values) @ share
    assert gini(values, weights) == pytest.approx(differences / 2 / (share @ values))


values_of = st.lists(st.floats(0.01, 100), min_size=2, max_size=30)
few = settings(max_examples=50, deadline=None)


@few
@given(values=values_of, scale=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_relative_measures_know_no_unit_and_no_order(values, scale, seed):
    own = np.array(values)
    weights = np.random.default_rng(seed).uniform(0.5, 2, len(own))
    order = np.random.default_rng(seed).permutation(len(own))
    for name in RELATIVE:
        plain = MEASURES[name](own, weights)
        np.testing.assert_allclose(
            MEASURES[name](own[order] * scale, weights[order] * 3), plain, rtol=1e-6, atol=1e-9
        )


@few
@given(values=values_of)
def test_a_unit_of_weight_two_is_two_units(values):
    own = np.array(values)
    weights = np.ones(len(own))
    weights[0] = 2
    for name, measure in MEASURES.items():
        expected = measure(np.append(own, own[0]), np.ones(len(own) + 1))
        np.testing.assert_allclose(measure(own, weights), expected, rtol=1e-7, atol=1e-9, err_msg=name)


@few
@given(values=values_of)
def test_the_absolute_gini_is_the_same_for_those_left_out(values):
    own = np.array(values)
    ones = np.ones(len(own))
    np.testing.assert_allclose(absolute_gini(own, ones), absolute_gini(100 - own, ones), atol=1e-9)


@few
@given(values=values_of, seed=st.integers(0, 1000))
def test_theil_within_and_between_add_up(values, seed):
    draw = np.random.default_rng(seed)
    own = np.array(values) * draw.integers(0, 2, len(values))
    own[0] = 1.0
    groups = [str(number) for number in draw.integers(0, 4, len(own))]
    within, between, whole = theil_parts(own, draw.uniform(0.5, 2, len(own)), groups)
    assert sum(within.values()) + sum(between.values()) == pytest.approx(whole, abs=1e-10)
    assert sum(within.values()) >= -1e-12
    assert sum(between.values()) >= -1e-12


def test_a_region_without_weight_adds_nothing():
    within, between, whole = theil_parts(
        np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 0.0]), ["a", "a", "b"]
    )
    assert (within["b"], between["b"]) == (0.0, 0.0)
    assert sum(within.values()) + sum(between.values()) == pytest.approx(whole, abs=1e-12)


def test_equal_countries_are_not_divided():
    rows = [(code, 2000, 30.0, 1.0) for code in COUNTRIES]
    table = divide(panel_of(rows), "use", measures=("gini", "theil", "cv", "absolute_gini"), draws=20).table
    np.testing.assert_allclose(table[["value", "lower", "upper"]], 0, atol=1e-9)


def test_the_result_adds_up_by_region_and_is_the_same_each_time():
    found = divide(small(), "use", weights="people", draws=50, seed=1)
    assert np.abs(found.regions.residual).max() < 1e-10
    by_region = found.regions.table.filter(regex="^(within|between) ").sum(axis=1)
    np.testing.assert_allclose(by_region, found.regions.table["theil"], atol=1e-10)
    pd.testing.assert_frame_equal(
        found.table, divide(small(), "use", weights="people", draws=50, seed=1).table
    )
    other = divide(small(), "use", weights="people", draws=50, seed=2).table
    assert not other["lower"].equals(found.table["lower"])
    assert other["value"].equals(found.table["value"])


def test_a_change_uses_the_same_draws_at_both_ends():
    found = divide(small(), "use", draws=200)
    value, lower, upper = found.change("gini", 2000, 2002)
    own = found.table[found.table["measure"] == "gini"].set_index("period")["value"]
    assert value == pytest.approx(own[2002] - own[2000])
    assert lower < upper
    with pytest.raises(SettingsError, match="gini in 2000 and 2030 is not in this result"):
        found.change("gini", 2000, 2030)


def test_intervals_of_the_gini_cover_two_sided():
    """Draws from a lognormal population, whose Gini is known: erf(sigma / 2)."""
    from scipy.special import erf

    draw, truth, covered, runs = np.random.default_rng(11), erf(0.6 / 2), 0, 300
    for number in range(runs):
        use = draw.lognormal(0, 0.6, 150)
        rows = [(f"E{place:03d}", 2000, value, 1.0) for place, value in enumerate(use)]
        row = divide(
            panel_of(rows), "use", measures=("gini",), regions=None, draws=199, seed=number
        ).table.iloc[0]
        covered += row["lower"] <= truth <= row["upper"]
    assert 0.89 <= covered / runs <= 0.985


def test_what_is_undefined_is_nan_with_a_finding_and_never_zero():
    rows = [
        (code, year, 0.0 if year == 2000 or code in COUNTRIES[:4] else 9.0, 1.0)
        for code in COUNTRIES
        for year in (2000, 2001)
    ]
    found = divide(panel_of(rows), "use", draws=20)
    table = found.table.set_index(["measure", "period"])
    assert table.loc[("gini", 2000), ["value", "lower", "upper"]].isna().all()
    assert np.isnan(table.loc[("palma", 2001), "value"])
    assert np.isfinite(table.loc[("gini", 2001), "value"])
    assert [finding.code for finding in found.findings].count("W424") == 4
    assert found.regions.unavailable["reason"].tolist() == ["nobody uses it yet"]


def test_a_year_that_a_single_country_has_is_not_told_as_one_in_which_countries_have_nothing():
    whole = small().data
    alone = Panel(
        whole[(whole["period"] < whole["period"].max()) | (whole["entity"] == "CHN")], small().series
    )
    words = [
        one.sentence
        for one in divide(alone, "use", measures=["gini"], draws=20).findings
        if one.code == "W424"
    ]
    assert words == [
        f"The Gini coefficient is not defined in {whole['period'].max()}: a single country has a value there."
    ]


def test_countries_that_come_and_go_are_remarked_and_gaps_are_bridged_only_when_asked():
    whole = small().data
    gap = Panel(
        data=whole[~((whole["entity"] == "KEN") & (whole["period"] == 2001))].reset_index(drop=True),
        series=small().series,
    )
    plain = divide(gap, "use", measures=("mean",), draws=20)
    assert [finding.code for finding in plain.findings] == ["W423"]
    assert plain.table["countries"].tolist() == [6, 5, 6]
    bridged = divide(gap, "use", measures=("mean",), draws=20, bridge=1)
    assert [finding.code for finding in bridged.findings] == ["N424"]
    assert bridged.table["countries"].tolist() == [6, 6, 6]
    balanced = divide(gap, "use", measures=("mean",), draws=20, balanced=True)
    assert balanced.table["countries"].tolist() == [5, 5, 5]
    assert [str(finding).split(":")[0] for finding in balanced.findings] == [
        "N412 Entities that lack use in some year that is needed are left out (1)"
    ]


def test_a_population_of_zero_is_one_that_is_not_known():
    """In 2000 nobody is said to live anywhere, in 2001 nobody in one country."""
    rows = [
        (code, year, 10.0 * place + 5, 0.0 if year == 2000 or place == 0 else 1.0)
        for place, code in enumerate(COUNTRIES)
        for year in (2000, 2001)
    ]
    found = divide(panel_of(rows), "use", weights="people", draws=20)
    assert found.periods == (2001,)
    assert found.table["countries"].eq(len(COUNTRIES) - 1).all()
    assert found.table["value"].notna().all()
    assert [finding.code for finding in found.findings] == ["W427"]


def test_countries_of_one_number_that_are_others_are_remarked():
    rows = [(code, 2000, 1.0, 1.0) for code in COUNTRIES[:3]] + [
        (code, 2001, 9.0, 1.0) for code in COUNTRIES[3:]
    ]
    found = divide(panel_of(rows), "use", measures=("mean",), draws=20)
    assert "W423 The countries are not the same in every period: 3 in each, but others" in found.summary()


def test_a_gap_longer_than_asked_is_not_bridged():
    rows = [
        (code, year, float(year - 1990 + place), 1.0)
        for place, code in enumerate(COUNTRIES)
        for year in (2000, 2001, 2004)
    ]
    found = divide(panel_of(rows), "use", measures=("mean",), draws=20, bridge=1)
    assert found.periods == (2000, 2001, 2004)
    assert divide(panel_of(rows), "use", measures=("mean",), draws=20, bridge=2).periods == (
        2000,
        2001,
        2002,
        2003,
        2004,
    )


def test_a_country_without_weight_is_named():
    panel = small()
    data = panel.data.assign(people=panel.data["people"].where(panel.data["entity"] != "KEN"))
    found = divide(Panel(data=data, series=panel.series), "use", weights="people", draws=20)
    assert "3 values of use have no people and were left out: KEN" in found.summary()


@pytest.mark.parametrize(
    ("panel", "options", "error", "says"),
    [
        (panel_of([("DEU", 2000, -1.0, 1.0)]), {}, DataError, "is -1 for DEU in 2000 (such rows: 1); it must not be"),
        (panel_of([("DEU", 2000, 101.0, 1.0)], "% of people"), {}, DataError, "it must lie between 0 and 100"),
        (panel_of([("DEU", 2000, 1.0, -1.0)]), {"weights": "people"}, DataError, "Series 'people' is -1"),
        (panel_of([("DEU", 2000, 1.0, 1.0)]), {}, EstimationError, "needs at least two countries with use; the panel has 1"),
        (small(), {"measures": ("gini", "atkinson")}, SettingsError, "no measure 'atkinson'"),
        (small(), {"regions": {"DEU": "Europe"}}, SettingsError, "No region is given for CHN"),
        (small(), {"first": 2030}, EstimationError, "No entity has use in these periods"),
        (small(), {"bridge": -1}, SettingsError, "bridge is -1"),
        (small(), {"draws": 1}, SettingsError, "draws must be at least 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_divided_is_one_line(panel, options, error, says):
    with pytest.raises(error) as caught:
        divide(panel, "use", **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def internet() -> Panel:
    panel = read_gapminder(GAPMINDER, indicators=["internet_users"], countries_only=True)
    return reconcile_countries(panel)


def test_every_country_of_the_shipped_series_is_known(internet):
    assert [finding.code for finding in internet.findings] == ["N421"]


def test_internet_use_across_countries_became_more_equal_in_shares_and_less_in_points(internet):
    found = divide(
        internet,
        "internet_users",
        first=1990,
        last=2019,
        bridge=3,
        measures=("gini", "theil", "absolute_gini"),
        draws=200,
    )
    assert found.periods == tuple(range(1990, 2020))
    assert np.abs(found.regions.residual).max() < 1e-10
    value, lower, upper = found.change("gini", 2000, 2019)
    assert value == pytest.approx(-0.456, abs=0.01)
    assert upper < 0 < -lower
    assert found.change("absolute_gini", 2000, 2019)[1] > 0  # percentage points: further apart, surely
    assert "N425" in [finding.code for finding in found.findings]
    between = found.regions.table.set_index("period").eval("between / theil")
    assert 0.4 < between[2019] < 0.65


def test_the_picture_has_one_panel_a_measure_and_one_for_the_regions(internet):
    figure = divide(internet, "internet_users", first=2000, last=2019, draws=50).plot()
    assert [axes.get_title("left").split("\n")[0] for axes in figure.axes] == [
        "Gini coefficient", "Theil index", "Coefficient of variation", "Palma ratio", "Theil index,",
    ]  # fmt: skip


def test_a_series_of_every_second_year_is_balanced_too():
    rows = [
        (code, year, 10.0 * place + year - 1990, 1.0)
        for place, code in enumerate(COUNTRIES)
        for year in (2000, 2002, 2004)
    ]
    found = divide(panel_of(rows), "use", balanced=True, draws=20)
    assert found.periods == (2000, 2002, 2004)
    assert (found.table["countries"] == len(COUNTRIES)).all()
