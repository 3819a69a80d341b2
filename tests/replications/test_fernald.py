"""Fernald (2014): the quarterly accounts of US business, rebuilt from their parts; the file's own means are the check."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest

from headwinds.errors import DataError
from headwinds.explain.sources.fernald import read_fernald
from house.repository import ROOT

FILE = ROOT / "tests" / "replications" / "data" / "fernald_1996_2004.xlsx"


def test_means_of_1996_to_2004_are_those_that_the_file_prints():
    productivity = read_fernald(FILE)
    assert productivity.vintage == "produced September 05, 2025"
    account = productivity.accounts("1996Q1", "2004Q4")
    assert len(account.table) == 36
    mean = account.table.mean(numeric_only=True)
    assert mean["output"] == pytest.approx(3.9763229768, abs=1e-9)
    assert mean["utilisation"] == pytest.approx(-0.2252156488, abs=1e-9)
    assert mean["tfp"] == pytest.approx(2.0291721523, abs=1e-9)


def test_three_kinds_of_capital_add_up_to_the_files_own_capital():
    table = read_fernald(FILE).accounts().table
    assert np.abs(table["capital_rest"]).max() < 1e-10


def test_the_quarterly_accounts_add_up():
    account = read_fernald(FILE).accounts()
    assert np.abs(account.residual).max() < 1e-10


def test_a_workbook_of_another_kind_is_refused_in_one_line(tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(DataError, match=r"other.xlsx: no sheet Capital-input-details or quarterly"):
        read_fernald(path)
