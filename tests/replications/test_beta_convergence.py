"""Convergence in the Penn World Table 10.01: old members of the OECD and the world, computed apart from our code (HC1)."""

from __future__ import annotations

import pytest

from headwinds.contracts import Panel
from headwinds.explain.convergence import beta_convergence, sigma_convergence
from headwinds.explain.penn_world_table import read_penn_world_table
from house.repository import ROOT

CODES = """
AUS AUT BEL CAN CHE DEU DNK ESP FIN FRA GBR GRC IRL ISL ITA JPN LUX NLD NOR NZL PRT SWE TUR USA
"""
OLD_OECD = CODES.split()


@pytest.fixture(scope="module")
def panel() -> Panel:
    return read_penn_world_table(ROOT / "studies" / "un-debates" / "panel" / "pwt10.01.csv.xz")


@pytest.mark.parametrize(
    ("entities", "first", "last", "count", "slope", "error", "speed"),
    [
        (OLD_OECD, 1960, 1985, 24, -0.01352, 0.00371, 0.0165),
        (OLD_OECD, 1995, 2019, 24, -0.00841, 0.00480, 0.0094),
        (None, 1960, 1985, 111, 0.00301, 0.00179, None),
        (None, 1995, 2019, 181, -0.00458, 0.00122, None),
    ],
)
def test_growth_on_the_initial_level(panel, entities, first, last, count, slope, error, speed):
    found = beta_convergence(
        panel, level="rgdpe", growth="rgdpna", per="pop", first=first, last=last, entities=entities
    )
    assert len(found.entities) == count
    assert found.value[1] == pytest.approx(slope, abs=6e-6)
    assert found.standard_error[1] == pytest.approx(error, abs=6e-6)
    if speed is not None:
        assert found.speed == pytest.approx(speed, abs=6e-5)


@pytest.mark.parametrize(
    ("first", "last", "before", "after"), [(1960, 1985, 0.450, 0.346), (1995, 2019, 0.300, 0.330)]
)
def test_dispersion_of_the_old_oecd(panel, first, last, before, after):
    found = sigma_convergence(panel, level="rgdpe", per="pop", first=first, last=last, entities=OLD_OECD)
    assert found.dispersion[[0, -1]] == pytest.approx([before, after], abs=6e-4)
