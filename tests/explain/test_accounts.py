"""Accounts add up, whatever goes in, and do not depend on names, units or the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.contracts import Panel, Series
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.accounts.domar import domar_aggregation
from headwinds.explain.accounts.growth_sources import Capital, sources_of_growth
from headwinds.explain.accounts.levels import METHODS, factor_success, level_accounts
from headwinds.explain.accounts.penn_accounts import growth_accounts
from headwinds.explain.accounts.shift_share import shift_share
from headwinds.explain.penn_world_table import read_penn_world_table
from house.repository import ROOT

PENN = ROOT / "studies" / "un-debates" / "panel" / "pwt10.01.csv.xz"


@pytest.fixture(scope="module")
def penn() -> Panel:
    return read_penn_world_table(PENN)


def panel_of(data: dict[str, list] | pd.DataFrame, unit: str = "units", **kinds: str) -> Panel:
    frame = pd.DataFrame(data).sort_values(["entity", "period"], ignore_index=True)
    names = [name for name in frame.columns if name not in ("entity", "period")]
    return Panel(
        data=frame,
        series={name: Series(name, unit, kinds.get(name, "ratio"), "made up", "now") for name in names},
    )


def economy(seed: int, entities: int = 3, years: int = 6, first: int = 2000) -> pd.DataFrame:
    """Output, hours, quality, three kinds of capital and their shares, of a few countries."""
    draw = np.random.default_rng(seed)
    rows = entities * years
    shares = draw.dirichlet([6, 1, 2, 1], rows)
    frame = pd.DataFrame(
        {
            "entity": np.repeat([f"E{number}" for number in range(entities)], years),
            "period": np.tile(np.arange(first, first + years), entities),
        }
    )
    for name in ("y", "h", "q", "ict", "other", "intangible"):
        frame[name] = np.exp(draw.normal(0, 0.3, rows))
    for name, column in zip(("s_labour", "s_ict", "s_other", "s_intangible"), shares.T, strict=True):
        frame[name] = column
    return frame


def account_of(frame: pd.DataFrame, form: str = "output"):
    capital = {name: Capital(name, f"s_{name}") for name in ("ict", "other")} | {
        "intangible": Capital("intangible")
    }
    return sources_of_growth(
        panel_of(frame),
        output="y",
        hours=["h"],
        labour_quality="q",
        labour_share="s_labour",
        capital=capital,
        form=form,
    )


seeds = st.integers(0, 10_000)
few = settings(max_examples=25, deadline=None)


@few
@given(seed=seeds, form=st.sampled_from(["output", "productivity"]))
def test_sources_of_growth_add_up(seed, form):
    assert np.abs(account_of(economy(seed), form).residual).max() < 1e-10


@few
@given(seed=seeds, scale=st.floats(1e-3, 1e3), shift=st.integers(-50, 50))
def test_sources_of_growth_depend_on_no_unit_no_name_and_no_calendar(seed, scale, shift):
    frame = economy(seed)
    plain = account_of(frame).table
    names = {"E0": "Z", "E1": "A", "E2": "M"}
    moved = frame.assign(
        entity=frame["entity"].map(names),
        period=frame["period"] + shift,
        y=frame["y"] * scale,
        ict=frame["ict"] * scale,
    )
    other = account_of(moved).table
    other["entity"] = other["entity"].map({new: old for old, new in names.items()})
    other["period"] -= shift
    other = other.sort_values(["entity", "period"], ignore_index=True)
    pd.testing.assert_frame_equal(plain, other, atol=1e-9, rtol=1e-9)


def test_both_forms_give_the_same_productivity():
    frame = economy(3)
    one, other = account_of(frame), account_of(frame, "productivity")
    np.testing.assert_allclose(one.table["tfp"], other.table["tfp"], atol=1e-9)
    assert other.parts == (
        "labour_quality",
        "ict_deepening",
        "other_deepening",
        "intangible_deepening",
        "tfp",
    )


def test_one_kind_of_capital_is_the_account_of_the_penn_world_table(penn):
    ours = sources_of_growth(
        penn, output="rgdpna", hours=["emp", "avh"], labour_quality="hc", labour_share="labsh",
        capital={"all": Capital("rkna")},
    ).table  # fmt: skip
    theirs = growth_accounts(penn).table
    np.testing.assert_allclose(ours["tfp"], theirs["tfp"], atol=1e-10)
    np.testing.assert_allclose(ours["all_capital"], theirs["capital"], atol=1e-10)


def test_rows_without_an_account_say_why():
    frame = economy(1)
    frame.loc[2, "ict"] = np.nan
    frame = frame[~((frame["entity"] == "E1") & (frame["period"] == 2003))]
    missing = account_of(frame).unavailable.set_index(["entity", "period"])["reason"]
    assert missing["E0", 2002] == "no ict"
    assert missing["E0", 2003] == "no ict in the year before"
    assert missing["E1", 2004] == "no row for the year before"
    assert missing["E2", 2000] == "no row for the year before"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"s_labour": 1.4},
            "Series 's_labour' is 1.4 for E0 in 2000 (such rows: 18); a share lies between 0 and 1",
        ),
        ({"s_labour": -0.1}, "Series 's_labour' is -0.1 for E0 in 2000"),
        ({"ict": -1.0}, "Series 'ict' is -1 for E0 in 2000; growth needs positive values"),
        ({"s_labour": 0.99, "s_ict": 0.3}, "The shares of labour and capital add up to"),
    ],
)
def test_impossible_inputs_are_one_line(change, says):
    with pytest.raises(DataError) as caught:
        account_of(economy(0).assign(**change))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_share_that_is_missing_is_no_rest_where_all_shares_are_given():
    frame = economy(0)
    frame.loc[2, "s_intangible"] = np.nan
    found = sources_of_growth(
        panel_of(frame),
        output="y",
        hours=["h"],
        labour_share="s_labour",
        capital={name: Capital(name, f"s_{name}") for name in ("ict", "other", "intangible")},
    )
    missing = found.unavailable.set_index(["entity", "period"])["reason"]
    assert missing["E0", 2002] == "no s_intangible"
    assert missing["E0", 2003] == "no s_intangible in the year before"
    assert np.abs(found.residual).max() < 1e-10


def test_two_open_shares_are_not_guessed():
    with pytest.raises(SettingsError, match="The shares of ict, labour are all open"):
        sources_of_growth(panel_of(economy(0)), output="y", hours=["h"], capital={"ict": Capital("ict")})


def test_a_labour_share_out_of_bounds_is_refused_by_the_penn_account(penn):
    broken = Panel(data=penn.data.assign(labsh=penn.data["labsh"] * 3), series=penn.series)
    with pytest.raises(DataError, match="a share lies between 0 and 1"):
        growth_accounts(broken)


def test_one_row_a_country_has_no_growth():
    with pytest.raises(SettingsError, match="in two years that follow each other"):
        account_of(economy(0, years=1))


# --- structural change

BY_HAND = pd.DataFrame(
    {
        # 100 persons: agriculture 60 making 60, industry 40 making 120; later 40 making 60, 60 making 210.
        "entity": ["X/agr", "X/agr", "X/ind", "X/ind"], "period": [2000, 2010, 2000, 2010],
        "value": [60.0, 60.0, 120.0, 210.0], "labour": [60.0, 40.0, 40.0, 60.0],
    }
)  # fmt: skip


def test_structural_change_by_hand():
    # P: 1.8 -> 2.7, +50% in ten years. Within .6(1.5-1) + .4(3.5-3) = .5; between -.2(1) + .2(3) = .4;
    # cross -.2(.5) + .2(.5) = 0.
    row = shift_share(panel_of(BY_HAND), value="value", labour="labour", spans=[(2000, 2010)]).table.iloc[0]
    assert row["productivity"] == pytest.approx(100 * 0.9 / 1.8 / 10)
    assert row["within"] == pytest.approx(100 * 0.5 / 1.8 / 10)
    assert row["between"] == pytest.approx(100 * 0.4 / 1.8 / 10)
    assert row["cross"] == pytest.approx(0, abs=1e-12)


def test_an_industry_that_shrinks_below_the_mean_adds_to_growth():
    found = shift_share(
        panel_of(BY_HAND), value="value", labour="labour", spans=[(2000, 2010)], by_industry=True
    )
    row = found.table.set_index("industry").loc["agr"]
    assert row["between"] == pytest.approx(100 * (-0.2) * (1 - 1.8) / 1.8 / 10)
    assert np.abs(found.residual).max() < 1e-10


@few
@given(
    seed=seeds,
    method=st.sampled_from(["base", "mean"]),
    by_industry=st.booleans(),
    scale=st.floats(1e-3, 1e3),
    shift=st.integers(-50, 50),
)
def test_structural_change_adds_up_and_depends_on_no_unit_and_no_calendar(
    seed, method, by_industry, scale, shift
):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(f"{country}/{code}", year) for country in "AB" for code in "xyz" for year in (2000, 2007)]
    )
    frame.columns = ["entity", "period"]
    frame["value"], frame["labour"] = np.exp(draw.normal(3, 1, (2, len(frame))))
    options = {"value": "value", "labour": "labour", "method": method, "by_industry": by_industry}
    one = shift_share(panel_of(frame), spans=[(2000, 2007)], **options)
    assert np.abs(one.residual).max() < 1e-10 * max(1, np.abs(one.table["productivity"]).max())
    moved = frame.assign(
        value=frame["value"] * scale, labour=frame["labour"] / scale, period=frame["period"] + shift
    )
    other = shift_share(panel_of(moved), spans=[(2000 + shift, 2007 + shift)], **options)
    for part in one.parts:
        np.testing.assert_allclose(one.table[part], other.table[part], rtol=1e-7, atol=1e-7)


def test_an_industry_that_lacks_an_end_makes_the_country_unavailable_with_the_reason():
    other = BY_HAND.assign(entity=BY_HAND["entity"].str.replace("X", "Y"))
    frame = pd.concat([BY_HAND, other.iloc[:3]], ignore_index=True)
    found = shift_share(panel_of(frame), value="value", labour="labour", spans=[(2000, 2010)])
    assert found.table["entity"].tolist() == ["X"]
    assert found.unavailable["reason"].tolist() == ["no value or labour of ind in 2010"]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"labour": -1.0}, DataError, "labour cannot be negative"),
        ({"labour": 0.0}, SettingsError, "No country has all its industries"),
        (
            {"entity": BY_HAND["entity"].str.replace("/", " ")},
            DataError,
            "The entity 'X agr' is not written country/industry",
        ),
    ],
)
def test_impossible_industries_are_one_line(change, error, says):
    with pytest.raises(error, match=says) as caught:
        shift_share(panel_of(BY_HAND.assign(**change)), value="value", labour="labour", spans=[(2000, 2010)])
    assert "\n" not in str(caught.value)


def test_a_span_must_run_forward_and_chained_volumes_are_remarked():
    with pytest.raises(SettingsError, match="The span 2010-2000 does not run forward"):
        shift_share(panel_of(BY_HAND), value="value", labour="labour", spans=[(2010, 2000)])
    with pytest.raises(
        SettingsError, match="The span 2000-2010 is named twice"
    ):  # and would be counted twice
        shift_share(panel_of(BY_HAND), value="value", labour="labour", spans=[(2000, 2010), (2000, 2010)])
    chained = panel_of(BY_HAND, unit="chained volumes")
    found = shift_share(chained, value="value", labour="labour", spans=[(2000, 2010)])
    assert [finding.code for finding in found.findings] == ["N423"]


# --- Domar aggregation


def industries() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "entity": ["X/a", "X/a", "X/b", "X/b"], "period": [2000, 2001, 2000, 2001], "tfp": [0.0, 2.0, 0.0, 1.0],
            "gross": [150.0, 150.0, 100.0, 100.0], "added": [60.0, 60.0, 40.0, 40.0],
        }
    )  # fmt: skip


def test_domar_weights_by_hand():
    found = domar_aggregation(
        panel_of(industries()), tfp_growth="tfp", value_added="added", gross_output="gross"
    )
    row = found.table.iloc[0]
    assert (row["a"], row["b"], row["tfp"], row["weights"]) == pytest.approx((3.0, 1.0, 4.0, 2.5))
    assert np.abs(found.residual).max() < 1e-10
    by_value = domar_aggregation(panel_of(industries()), tfp_growth="tfp", value_added="added").table.iloc[0]
    assert (by_value["tfp"], by_value["weights"]) == pytest.approx((0.6 * 2 + 0.4, 1.0))


def test_against_the_whole_domar_leaves_reallocation():
    whole = pd.DataFrame({"entity": ["X"], "period": [2001], "value": [3.5]})
    found = domar_aggregation(
        panel_of(industries()), tfp_growth="tfp", value_added="added", gross_output="gross", aggregate=whole
    )
    assert found.table["reallocation"].iloc[0] == pytest.approx(-0.5)
    assert np.abs(found.residual).max() < 1e-10
    assert found.unavailable["period"].tolist() == [2000]
    for wrong, says in (
        (pd.concat([whole, whole]), "aggregate has X in 2001 twice"),
        (whole.rename(columns={"value": "tfp"}), "aggregate: no column 'value'"),
    ):
        with pytest.raises(DataError, match=says):
            domar_aggregation(panel_of(industries()), tfp_growth="tfp", value_added="added", aggregate=wrong)


def test_domar_refuses_a_negative_weight():
    with pytest.raises(DataError, match="Series 'gross' is -1 for X/a in 2000; a weight cannot be negative"):
        domar_aggregation(
            panel_of(industries().assign(gross=-1.0)),
            tfp_growth="tfp",
            value_added="added",
            gross_output="gross",
        )


# --- levels


@pytest.mark.parametrize("method", METHODS)
def test_level_accounts_add_up_and_the_reference_is_zero(penn, method):
    account = level_accounts(penn, 2019, method=method)
    assert np.abs(account.residual).max() < 1e-10
    usa = account.table.set_index("entity").loc["USA", ["output", "capital", "human_capital", "tfp"]]
    assert np.abs(usa.astype(float)).max() < 1e-12
    assert len(account.table) + len(account.unavailable) == 183


def test_level_accounts_go_with_the_published_ones(penn):
    """The table's own `ctfp` counts hours, which it does not publish for all; the order of countries is the same."""
    ours = level_accounts(penn, 2017, capital="ck").table.set_index("entity")["tfp"]
    published = np.log(penn.data[penn.data["period"] == 2017].set_index("entity")["ctfp"]).dropna()
    both = pd.concat([ours, published], axis=1, join="inner")
    assert len(both) == 118
    assert both.corr("spearman").iloc[0, 1] > 0.95


def test_factors_explain_less_than_half_of_the_differences(penn):
    """Caselli (2005) found about 0.4 with another table and other years."""
    found = factor_success(level_accounts(penn, 2019))
    assert found.countries == 118
    assert 0.3 < found.variance < 0.5


def test_level_accounts_refuse_what_was_made_for_growth(penn):
    with pytest.raises(SettingsError, match="one computation must not mix them"):
        level_accounts(penn, 2019, output="rgdpna")
    with pytest.raises(SettingsError, match="rgdpna is made for growth over time within a country"):
        level_accounts(penn, 2019, output="rgdpna", capital="rnna")
    with pytest.raises(EstimationError, match="The reference country PRK lacks an input"):
        level_accounts(penn, 2019, reference="PRK")
    with pytest.raises(SettingsError, match="The panel has no year 2030: it runs from 1950 to 2019"):
        level_accounts(penn, 2030)
