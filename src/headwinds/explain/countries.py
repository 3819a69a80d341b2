"""Names and codes of countries brought to ISO 3166-1 alpha-3 by country_converter (Stadler 2017); what fails is named."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from headwinds.contracts import Finding, Panel
from headwinds.contracts.result import Summarised
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

# The converter's patterns give some of these the code of a successor or of the whole; a state that split is not one of its
# parts, and a part is not the state.
_FORMER = re.compile(
    r"czechoslovakia|yugoslavia|soviet|\bussr\b|serbia (and|&) montenegro|netherlands antilles|"
    r"(east|west) germany|german democratic|german federal|(north|south) yemen|yemen arab|"
    r"south vietnam|channel islands|british india|\(former\)|^england( (and|&) wales)?$",
    re.IGNORECASE,
)
_FORMER_CODES = frozenset({"SUN", "ANT", "CHI", "EAT", "EAZ", "BA1", "SCG", "YUG", "CSK", "DDR"})

Scheme = Literal["continent", "un_region", "sdg_region"]
SCHEMES: tuple[Scheme, ...] = ("continent", "un_region", "sdg_region")

_SDG_REGIONS = {
    "Sub-Saharan Africa": ("Eastern Africa", "Middle Africa", "Southern Africa", "Western Africa"),
    "Northern Africa and Western Asia": ("Northern Africa", "Western Asia"),
    "Central and Southern Asia": ("Central Asia", "Southern Asia"),
    "Eastern and South-Eastern Asia": ("Eastern Asia", "South-eastern Asia"),
    "Latin America and the Caribbean": ("Caribbean", "Central America", "South America"),
    "Oceania": ("Australia and New Zealand", "Melanesia", "Micronesia", "Polynesia"),
    "Europe and Northern America": (
        *("Eastern Europe", "Northern Europe", "Southern Europe", "Western Europe"),
        "Northern America",
    ),
}
"""The United Nations' regions of the Sustainable Development Goals by its subregions (M49)."""


@dataclass(frozen=True, slots=True)
class CountryMatch(Summarised):
    """Which names are countries, and which are not.

    Attributes
    ----------
    codes
        ISO 3166-1 alpha-3 (and XKX for Kosovo) by the name as it was given.
    unmatched
        Names that are no country of today: aggregates, former states, misspellings; as given, sorted.
    """

    codes: Mapping[str, str]
    unmatched: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a name: `name`, `code` (empty where none), `matched`."""
        import pandas as pd

        names = sorted([*self.codes, *self.unmatched])
        codes = [self.codes.get(name, "") for name in names]
        return pd.DataFrame({"name": names, "code": codes, "matched": [code != "" for code in codes]})

    def summary(self) -> str:
        """How many matched, and the names that did not."""
        total = len(self.codes) + len(self.unmatched)
        line = f"{len(self.codes)} of {total} names are countries."
        return f"{line} Not matched: {listed(self.unmatched)}." if self.unmatched else line


def match_countries(names: Iterable[str]) -> CountryMatch:
    """Find the country behind each name or code (English names, ISO 3166 alpha-2, alpha-3 and numeric, EL and UK).

    Former states (Czechoslovakia, the Soviet Union, ...) and aggregates (World, OECD, SSA, ...) are not matched. A name
    that could be several countries is not matched either.
    """
    wanted = sorted({str(name).strip() for name in names})
    converter = _converter()
    # The converter logs each name that it does not know; ours is the report of that.
    log = logging.getLogger("country_converter.country_converter")
    before, log.disabled = log.disabled, True
    try:
        asked = [name.lstrip("0") if name.isdecimal() else name for name in wanted]  # 036 is 36, Australia
        found = converter.convert(asked, to="ISO3", not_found="-") if wanted else []
    finally:
        log.disabled = before
    if isinstance(found, str):  # of one name the converter returns no list
        found = [found]
    codes = {}
    for name, code in zip(wanted, found, strict=True):
        former = _FORMER.search(name) or name.upper() in _FORMER_CODES
        if isinstance(code, str) and len(code) == 3 and code not in _FORMER_CODES and not former:
            codes[name] = code
    return CountryMatch(codes=codes, unmatched=tuple(name for name in wanted if name not in codes))


def reconcile_countries(panel: Panel, *, unmatched: Literal["error", "drop"] = "error") -> Panel:
    """Give a panel's entities their ISO 3166-1 alpha-3 codes.

    Parameters
    ----------
    panel
        Its entities are names or codes of countries.
    unmatched
        "drop" leaves out the entities that are no country and says so in a finding (W421); "error" refuses them.

    Raises
    ------
    DataError
        A name is no country of today (with "error"), none is, or two names of one period are the same country.
    """
    if unmatched not in ("error", "drop"):
        raise SettingsError(f"unmatched is {unmatched!r}; it can be 'error' or 'drop'.")
    match = match_countries(panel.data["entity"].unique())
    if match.unmatched and unmatched == "error":
        raise DataError(
            f"Entities that are no countries ({len(match.unmatched)}): {listed(match.unmatched)}.",
            remedy="Correct the names, or pass unmatched='drop' to leave them out.",
        )
    if not match.codes:
        raise DataError(f"No entity is a country (first: {listed(match.unmatched)}).")
    data = panel.data.assign(entity=panel.data["entity"].astype(str).str.strip().map(match.codes))
    data = data[data["entity"].notna()]
    twice = data[data.duplicated(["entity", "period"])]
    if len(twice):
        code, period = twice["entity"].iloc[0], twice["period"].iloc[0]
        same = [name for name, found in match.codes.items() if found == code]
        raise DataError(
            f"{listed(same)} are all {code}, and {period} has more than one of them.",
            remedy="Keep one name for each country and period.",
        )
    findings = [Finding("N421", match.summary())]
    if match.unmatched:
        findings.append(
            Finding(
                "W421",
                f"Entities that are no country of today were left out ({len(match.unmatched)}): {listed(match.unmatched)}.",
                "Correct a misspelt name; an aggregate or a former state is rightly out.",
            )
        )
    data = data.sort_values(["entity", "period"], kind="stable").reset_index(drop=True)
    return replace(panel, data=data, findings=(*panel.findings, *findings))


def regions(codes: Iterable[str], scheme: Scheme = "sdg_region") -> dict[str, str]:
    """The region of each country: its continent, its United Nations subregion (M49), or one of seven SDG regions.

    Raises
    ------
    SettingsError
        The scheme is unknown.
    DataError
        A code is no country that the scheme places.
    """
    if scheme not in SCHEMES:
        raise SettingsError(f"There is no scheme of regions {scheme!r}; there are {', '.join(SCHEMES)}.")
    table = _converter().data
    column = "continent" if scheme == "continent" else "UNregion"
    known = dict(zip(table["ISO3"], table[column], strict=True))
    if scheme == "sdg_region":
        group = {part: name for name, parts in _SDG_REGIONS.items() for part in parts}
        known = {code: group.get(part) for code, part in known.items()}
    wanted = sorted(set(codes))
    missing = [code for code in wanted if not isinstance(known.get(code), str)]
    if missing:
        raise DataError(
            f"No {scheme} is known for {listed(missing)}.",
            remedy="Use ISO 3166-1 alpha-3 codes (reconcile_countries), or give the regions yourself.",
        )
    return {code: str(known[code]) for code in wanted}


def listed(names: Iterable[str], most: int = 10) -> str:
    """The first names of a list, for a sentence."""
    every = [str(name) for name in names]
    return ", ".join(every[:most]) + (f", ... ({len(every)} in all)" if len(every) > most else "")


@cache
def _converter() -> Any:
    import pandas as pd
    from country_converter import CountryConverter
    from country_converter.country_converter import COUNTRY_DATA_FILE

    # Read here, because the library's own reading takes Namibia's "NA" for missing under pandas 3 and then fails.
    table = pd.read_csv(COUNTRY_DATA_FILE, sep="\t", dtype=str, keep_default_na=False, na_values=[""])
    for name in ("ISO2", "ISO3", "regex", "name_short", "name_official"):
        table[name] = table[name].fillna("")
    numeric = (
        "ISOnumeric",
        "UNcode",
        "FAOcode",
        "GBDcode",
        "EURO",
        "UN",
        "UNmember",
        "obsolete",
        "GEOnumeric",
    )
    table = table.astype(dict.fromkeys(numeric, "Int64"))
    return CountryConverter(country_data=table)
