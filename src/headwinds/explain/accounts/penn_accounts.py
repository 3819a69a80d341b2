"""Growth accounts: where output growth came from, year by year, adding up exactly.

Törnqvist index of total factor productivity growth (Jorgenson, Griliches 1967; Feenstra, Inklaar, Timmer 2015, eq. 24):

    dlnA_t = dlnY_t - v_t (dlnH_t + dlnQ_t) - (1 - v_t) dlnK_t,    v_t = (labsh_{t-1} + labsh_t) / 2

with Y real GDP (`rgdpna`), H total hours (`emp` x `avh`), Q human capital per person (`hc`), K capital services (`rkna`, not
the stock `rnna`). All growth rates are log points x 100 over one calendar year: % per year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Account, Panel
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.panel_data import log_growth, require_series, require_shares, values_at_lag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

INPUTS = ("rgdpna", "rkna", "emp", "avh", "hc", "labsh")
PARTS = ("hours", "labour_quality", "capital", "tfp")
PRODUCTIVITY_PARTS = ("capital_deepening", "labour_quality", "tfp")
WORDS = {
    "rgdpna": "real GDP",
    "rkna": "capital services",
    "emp": "persons engaged",
    "avh": "hours worked",
    "hc": "human capital",
    "labsh": "the labour share",
}


@dataclass(frozen=True, slots=True)
class Rebuild:
    """How our accounts compare with the published productivity series.

    Attributes
    ----------
    countries, country_years
        Of the comparison: those for which every input, hours above all, is published.
    largest_error
        Largest absolute difference of annual log growth (not x 100).
    """

    countries: int
    country_years: int
    largest_error: float


def growth_accounts(
    panel: Panel, *, entities: Sequence[str] | None = None, first: int | None = None, last: int | None = None
) -> Account:
    """Annual accounts of output growth: hours, labour quality, capital services and total factor productivity.

    Parameters
    ----------
    panel
        With the series of `read_penn_world_table`.
    entities, first, last
        Restrict to these entities and to growth in the years `first` to `last`; all by default.

    Returns
    -------
    Account
        Columns `entity`, `period`, `output`, the parts, `productivity` (output per hour) with its own parts
        `capital_deepening`, `labour_quality`, `tfp`, and `labour_share`. Rows that lack an input are listed in
        `unavailable` with the reason.

    Raises
    ------
    SettingsError
        The panel lacks a series, or no row is left.
    DataError
        A labour share lies outside [0, 1], or an input is zero or negative.
    """
    import numpy as np

    require_series(panel, INPUTS)
    require_shares(panel, ["labsh"])
    data = panel.data
    growth = {name: log_growth(panel, name) for name in ("rgdpna", "rkna", "emp", "avh", "hc")}
    share = data["labsh"].to_numpy(dtype=float)
    weight = (share + values_at_lag(data, share, 1)) / 2
    hours = growth["emp"] + growth["avh"]
    table = data[["entity", "period"]].copy()
    table["output"] = growth["rgdpna"]
    table["hours"] = weight * hours
    table["labour_quality"] = weight * growth["hc"]
    table["capital"] = (1 - weight) * growth["rkna"]
    table["tfp"] = table["output"] - table["hours"] - table["labour_quality"] - table["capital"]
    table["productivity"] = table["output"] - hours
    table["capital_deepening"] = (1 - weight) * (growth["rkna"] - hours)
    table["labour_share"] = weight
    wanted = np.ones(len(table), dtype=bool)
    if entities is not None:
        wanted &= data["entity"].isin(list(entities)).to_numpy()
    if first is not None:
        wanted &= (data["period"] >= first).to_numpy()
    if last is not None:
        wanted &= (data["period"] <= last).to_numpy()
    known = np.isfinite(table["tfp"].to_numpy())
    if not (wanted & known).any():
        raise SettingsError(
            "No entity has all inputs of a growth account in these years.", remedy="Widen the years."
        )
    return Account(
        table=table[wanted & known].reset_index(drop=True),
        total="output",
        parts=PARTS,
        units="% per year (log points x 100)",
        estimand="Contributions to the growth of real GDP: Törnqvist index, capital services, hours, human capital.",
        unavailable=_unavailable(panel, wanted & ~known),
    )


def span_accounts(account: Account, spans: Sequence[tuple[int, int]], entities: Sequence[str]) -> Account:
    """Mean annual contributions of each entity over spans; a span (1995, 2004) holds the growth of 1996 to 2004.

    Entity-spans in which a year is missing are listed in `unavailable`.
    """
    import pandas as pd

    columns = ["output", *PARTS, "productivity", "capital_deepening"]
    rows, missing = [], []
    for entity in entities:
        own = account.table[account.table["entity"] == entity]
        for first, last in spans:
            inside = own[(own["period"] > first) & (own["period"] <= last)]
            span = f"{first}-{last}"
            if len(inside) == last - first:
                rows.append({"entity": entity, "span": span, **inside[columns].mean().to_dict()})
            else:
                missing.append(
                    {
                        "entity": entity,
                        "period": span,
                        "reason": f"{len(inside)} of {last - first} years known",
                    }
                )
    return Account(
        table=pd.DataFrame(rows, columns=["entity", "span", *columns]),
        total="output",
        parts=PARTS,
        units=account.units,
        estimand="Mean annual contributions to the growth of real GDP over a span of years.",
        unavailable=pd.DataFrame(missing, columns=["entity", "period", "reason"]),
    )


def compare_with_published(panel: Panel) -> Rebuild:
    """Compare our TFP growth with the table's own `rtfpna`, where the table publishes what it used.

    The Penn World Table uses hours that it does not publish for some years; growth over two years whose `avh` is there can
    be rebuilt exactly, and only it is compared. The other rows stand in the account's `unavailable`.

    Raises
    ------
    EstimationError
        No country-year has both.
    """
    import numpy as np

    require_series(panel, [*INPUTS, "rtfpna"])
    data = panel.data
    account = growth_accounts(panel)
    published = data[["entity", "period"]].copy()
    published["growth"] = log_growth(panel, "rtfpna")
    rebuilt = account.table.merge(published.dropna(), on=["entity", "period"])
    if rebuilt.empty:
        raise EstimationError(
            "No country-year has published productivity beside all inputs of an account: there is nothing to compare."
        )
    error = np.abs(rebuilt["tfp"] - rebuilt["growth"]).to_numpy() / 100
    return Rebuild(int(rebuilt["entity"].nunique()), len(rebuilt), float(error.max()))


def _unavailable(panel: Panel, rows: object) -> pd.DataFrame:
    import pandas as pd

    data = panel.data
    missing = data.loc[rows, ["entity", "period"]].copy()
    now = data.loc[rows, list(INPUTS)].isna()
    lagged = pd.DataFrame(
        {name: values_at_lag(data, data[name].to_numpy(dtype=float), 1) for name in INPUTS}, index=data.index
    )
    before = lagged.loc[rows].isna()
    reasons = []
    for present, earlier in zip(now.to_numpy().tolist(), before.to_numpy().tolist(), strict=True):
        lacking = [WORDS[name] for name, gone in zip(INPUTS, present, strict=True) if gone]
        late = [
            WORDS[name]
            for name, gone, before_too in zip(INPUTS, present, earlier, strict=True)
            if before_too and not gone
        ]
        reasons.append(f"no {', '.join(lacking)}" if lacking else f"no {', '.join(late)} in the year before")
    missing["reason"] = reasons
    return missing.reset_index(drop=True)
