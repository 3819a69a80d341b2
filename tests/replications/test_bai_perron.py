"""Breaks as published: the US real interest rate (Bai and Perron 2003) and the Nile (Zeileis and others 2003)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwinds.explain.breaks import Breaks, find_breaks
from house.repository import ROOT

DATA = ROOT / "tests" / "replications" / "data"


@pytest.fixture(scope="module")
def rate() -> pd.DataFrame:
    table = pd.read_csv(DATA / "bai_perron_2003.csv")
    assert len(table) == 103
    return table


@pytest.fixture(scope="module")
def plain(rate) -> Breaks:
    return find_breaks(rate["real_interest_rate"], periods=list(rate["quarter"]), draws=199)


@pytest.fixture(scope="module")
def robust(rate) -> Breaks:
    return find_breaks(
        rate["real_interest_rate"], periods=list(rate["quarter"]), hac=True, interval="bai", draws=199
    )


def test_the_three_dates_are_those_of_the_paper(plain):
    assert plain.shortest == 15
    assert plain.candidates[3] == ("1966Q4", "1972Q3", "1980Q3")
    assert plain.candidates[2] == ("1972Q3", "1980Q3")


def test_sums_of_squares_and_the_criterion(plain):
    assert plain.sum_of_squares[:4].round(1).tolist() == [1214.9, 645.0, 456.0, 445.2]
    assert int(np.argmin(plain.bayesian_criterion)) == 2
    assert plain.bayesian_criterion[2] == pytest.approx(473.34, abs=0.01)


def test_the_plain_f_statistics(plain):
    assert [round(test.statistic, 1) for test in plain.tests[:3]] == [89.2, 83.2, 57.1]


def test_with_errors_that_hang_together_three_breaks_are_found_as_in_the_paper(robust):
    """The paper's sequential procedure, with its HAC statistics, selects three."""
    assert robust.number == 3
    assert robust.dates == ("1966Q4", "1972Q3", "1980Q3")
    assert robust.coefficients[:, 0].round(2).tolist() == [1.82, 0.87, -1.80, 5.64]


@pytest.fixture(scope="module")
def nile() -> Breaks:
    """Zeileis, Kleiber, Kraemer and Hornik (2003), section 3.1, and the reference output of R package strucchange."""
    table = pd.read_csv(DATA / "nile.csv")
    return find_breaks(table["volume"], periods=table["year"].tolist(), interval="bai", draws=199)


def test_the_nile_breaks_in_1898_and_its_interval_is_the_published_one(nile):
    assert nile.number == 1
    assert nile.dates == (1898,)
    assert nile.intervals == ((1895, 1902),)


def test_every_partition_of_the_nile(nile):
    assert nile.sum_of_squares.round().tolist() == [2835157, 1597457, 1552924, 1538097, 1507888, 1659994]
    assert nile.bayesian_criterion.round().tolist() == [1318, 1270, 1276, 1285, 1292, 1311]
    assert nile.candidates[1:] == (
        (1898,),
        (1898, 1953),
        (1898, 1938, 1953),
        (1898, 1915, 1938, 1953),
        (1885, 1900, 1915, 1938, 1953),
    )
