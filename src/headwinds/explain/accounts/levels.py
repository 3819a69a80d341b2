"""Level accounting: why output per worker differs between countries in one year.

`method="bilateral"` (Caves, Christensen and Diewert 1982; the Penn World Table's `ctfp`), relative to a reference country r:

    ln(y/y_r) = (1 - v) ln(k/k_r) + v ln(h/h_r) + ln(A/A_r),     v the mean of both countries' labour shares

`method="caselli"` (Caselli 2005, eq. 1): the same with one share for all. `method="hall-jones"` (Hall and Jones 1999,
eq. 4):

    ln(y/y_r) = a/(1 - a) ln(K/Y relative) + ln(h/h_r) + ln(A/A_r),     a = 1 - v, one for all
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Account, Panel
from headwinds.errors import DataError, EstimationError, SettingsError
from headwinds.explain.panel_data import require_series, require_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Method = Literal["bilateral", "caselli", "hall-jones"]
METHODS: tuple[Method, ...] = ("bilateral", "caselli", "hall-jones")


@dataclass(frozen=True, slots=True)
class Success:
    """How much of the differences of output per worker the factors explain (Caselli 2005, section 2).

    Attributes
    ----------
    countries
        How many.
    variance
        Variance of the log output that factors alone would give, over the variance of log output.
    ratio
        The 90th over the 10th percentile of what factors alone would give, over the same of output.
    """

    countries: int
    variance: float
    ratio: float


def level_accounts(
    panel: Panel,
    year: int,
    *,
    reference: str = "USA",
    method: Method = "bilateral",
    capital: str = "cn",
    output: str = "cgdpo",
    labour_share: float = 2 / 3,
    entities: Sequence[str] | None = None,
) -> Account:
    """Log differences of output per worker from a reference country, by capital, human capital and productivity.

    Parameters
    ----------
    panel
        With the series of `read_penn_world_table`: `output` and `capital` at current purchasing power parities, `emp`, `hc`
        and, for "bilateral", `labsh`.
    year
        Levels at current parities are compared within one year.
    reference
        The country that the others are compared with.
    method
        See the module.
    capital
        "cn" (stock) or "ck" (services).
    output
        A series made for comparing levels; a national-accounts series (rgdpna) is refused.
    labour_share
        The one share of "caselli" and "hall-jones".
    entities
        Restrict to these; the reference must be in the panel all the same.

    Returns
    -------
    Account
        `output`, and its parts `capital`, `human_capital`, `tfp`, in log points; the reference country is zero throughout.

    Raises
    ------
    SettingsError
        A series is missing or made for growth, the year or the method is not known, or a share is outside (0, 1).
    DataError
        A value is zero or negative, or a share lies outside [0, 1].
    EstimationError
        The reference country lacks an input in that year.
    """
    import numpy as np

    if method not in METHODS:
        raise SettingsError(f"method is {method!r}; it can be {', '.join(METHODS)}.")
    if not 0 < labour_share < 1:
        raise SettingsError(f"labour_share is {labour_share:g}; a share lies between 0 and 1.")
    series = [output, capital, "emp", "hc", *(["labsh"] if method == "bilateral" else [])]
    require_series(panel, series)
    grown = [name for name in (output, capital) if panel.series[name].kind == "growth"]
    if grown:
        raise SettingsError(
            f"{grown[0]} is made for growth over time within a country, not for comparing levels between countries.",
            remedy="Take cgdpo and cn (or ck).",
        )
    if method == "bilateral":
        require_shares(panel, ["labsh"])
    data = panel.data[panel.data["period"] == year].set_index("entity")
    if data.empty:
        years = panel.data["period"]
        raise SettingsError(
            f"The panel has no year {year}: it runs from {years.min()} to {years.max()}.",
            remedy="Name a year in between.",
        )
    for name in series:
        wrong = data.index[data[name] <= 0]
        if len(wrong):
            raise DataError(
                f"Series {name!r} is {data.loc[wrong[0], name]:g} for {wrong[0]} in {year}; levels must be positive."
            )
    if reference not in data.index or data.loc[reference, series].isna().any():
        raise EstimationError(
            f"The reference country {reference} lacks an input of the level account in {year}.",
            remedy="Choose another reference or year.",
        )
    wanted = data.reindex(list(entities)) if entities is not None else data
    known = wanted[series].notna().all(axis=1)
    table = _parts(wanted[known], data.loc[reference], method, output, capital, labour_share)
    table.insert(0, "period", year)
    missing = wanted.index[~known]
    reasons = [
        "no " + ", ".join(name for name in series if np.isnan(wanted.at[country, name]))
        for country in missing
    ]
    import pandas as pd

    return Account(
        table=table.rename_axis("entity").reset_index(),
        total="output",
        parts=("capital", "human_capital", "tfp"),
        units=f"log difference from {reference}",
        estimand=f"Differences of output per worker from {reference} in {year} ({method}).",
        unavailable=pd.DataFrame({"entity": list(missing), "period": year, "reason": reasons}),
        provenance={name: panel.series[name].vintage for name in series},
    )


def _parts(
    data: pd.DataFrame, reference: pd.Series, method: Method, output: str, capital: str, labour_share: float
) -> pd.DataFrame:
    import numpy as np

    def relative(values: pd.Series, own: float) -> pd.Series:
        return np.log(values) - np.log(own)

    table = data[[]].copy()
    table["output"] = relative(data[output] / data["emp"], reference[output] / reference["emp"])
    human = relative(data["hc"], reference["hc"])
    if method == "hall-jones":
        intensity = relative(data[capital] / data[output], reference[capital] / reference[output])
        table["capital"] = (1 - labour_share) / labour_share * intensity
        table["human_capital"] = human
    else:
        share = (data["labsh"] + reference["labsh"]) / 2 if method == "bilateral" else labour_share
        table["capital"] = (1 - share) * relative(
            data[capital] / data["emp"], reference[capital] / reference["emp"]
        )
        table["human_capital"] = share * human
    table["tfp"] = table["output"] - table["capital"] - table["human_capital"]
    return table


def factor_success(account: Account) -> Success:
    """How much of the differences between countries capital and human capital explain.

    Parameters
    ----------
    account
        Of `level_accounts`; shares above one or below zero are possible, because factors and productivity are correlated.

    Raises
    ------
    EstimationError
        There are fewer than three countries, or output does not differ.
    """
    import numpy as np

    output = account.table["output"].to_numpy()
    factors = (account.table["capital"] + account.table["human_capital"]).to_numpy()
    if len(output) < 3 or np.ptp(output) == 0:
        raise EstimationError("The success of factors needs at least three countries that differ.")
    spread = [np.exp(np.quantile(values, 0.9) - np.quantile(values, 0.1)) for values in (factors, output)]
    return Success(
        countries=len(output),
        variance=float(np.var(factors, ddof=1) / np.var(output, ddof=1)),
        ratio=float(spread[0] / spread[1]),
    )
