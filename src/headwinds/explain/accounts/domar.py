"""Domar aggregation: what each industry's productivity adds to that of the whole (Domar 1961; Hulten 1978).

    dlnA = sum_i D_i dlnA_i  [+ reallocation],      D_i = gross output of i / value added of all,  mean of two years

The weights add up to more than one, because a gain in an industry that sells to others counts there too. Productivity
that was measured on value added has value-added shares as weights, which add up to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Account, Panel
from headwinds.errors import DataError, SettingsError
from headwinds.explain.accounts.industries import industry_table
from headwinds.explain.panel_data import require_columns

if TYPE_CHECKING:
    import pandas as pd


def domar_aggregation(
    panel: Panel,
    *,
    tfp_growth: str,
    value_added: str,
    gross_output: str | None = None,
    aggregate: pd.DataFrame | None = None,
) -> Account:
    """Contributions of industries to the growth of total factor productivity.

    Parameters
    ----------
    panel
        Of industries: entities are written country/industry, without overlap, and together the whole.
    tfp_growth
        The series of productivity growth of each industry, % per year.
    value_added
        The series of nominal value added.
    gross_output
        The series of nominal gross output, where productivity was measured on gross output; None where on value added.
    aggregate
        Columns `entity`, `period`, `value`: productivity growth of the whole measured top-down, % per year. Then the account
        decomposes it, and the part `reallocation` is what the industries' contributions leave (Jorgenson, Gollop and
        Fraumeni 1987).

    Returns
    -------
    Account
        One row a country and year; one part an industry; `weights` is the sum of the weights. Country-years in which an
        industry lacks a value in that year or the one before are listed in `unavailable`.

    Raises
    ------
    SettingsError
        A series is missing, or no country-year is complete.
    DataError
        Value added or gross output of an industry is negative, the whole's is not positive, or `aggregate` lacks a column or
        has a country and year twice.
    """
    import numpy as np
    import pandas as pd

    weight_of = gross_output if gross_output is not None else value_added
    data = industry_table(panel, list(dict.fromkeys([tfp_growth, value_added, weight_of])))
    for name in dict.fromkeys([value_added, weight_of]):
        negative = data[data[name] < 0]
        if len(negative):
            row = negative.iloc[0]
            raise DataError(
                f"Series {name!r} is {row[name]:g} for {row['country']}/{row['industry']} in {row['period']}; "
                "a weight cannot be negative."
            )
    industries = sorted(data["industry"].unique())
    clash = sorted(set(industries) & {"entity", "period", "tfp", "weights", "reallocation"})
    if clash:
        raise SettingsError(f"An industry cannot be named {clash[0]!r}.")
    keys = ["country", "period"]
    growth = data.pivot(index=keys, columns="industry", values=tfp_growth)[industries]
    output = data.pivot(index=keys, columns="industry", values=weight_of)[industries]
    whole = data.pivot(index=keys, columns="industry", values=value_added)[industries].sum(
        axis=1, skipna=False
    )
    wrong = whole[whole <= 0]
    if len(wrong):
        country, year = wrong.index[0]
        raise DataError(f"Value added of all industries is {wrong.iloc[0]:g} in {country} in {year}.")
    share = output.div(whole, axis=0)
    earlier = share.reindex([(country, year - 1) for country, year in share.index])
    weights = (share + earlier.to_numpy()) / 2
    table = (weights * growth).reset_index().rename(columns={"country": "entity"})
    table["weights"] = weights.sum(axis=1, skipna=False).to_numpy()
    parts = tuple(industries)
    bottom_up = table[industries].sum(axis=1, skipna=False)
    if aggregate is None:
        table["tfp"] = bottom_up
    else:
        require_columns(aggregate, ["entity", "period", "value"], "aggregate")
        known_top = aggregate[["entity", "period", "value"]]
        twice = known_top[known_top.duplicated(["entity", "period"])]
        if len(twice):
            raise DataError(
                f"aggregate has {twice['entity'].iloc[0]} in {twice['period'].iloc[0]} twice.",
                remedy="Keep one row of each.",
            )
        table = table.merge(known_top, on=["entity", "period"], how="left", validate="one_to_one")
        table = table.rename(columns={"value": "tfp"})
        table["reallocation"] = table["tfp"] - bottom_up.to_numpy()
        parts = (*parts, "reallocation")
    known = np.isfinite(table[["tfp", *parts]].to_numpy(dtype=float)).all(axis=1)
    if not known.any():
        raise SettingsError("No country has all industries in two years that follow each other.")
    missing = table.loc[~known, ["entity", "period"]].assign(
        reason="an industry lacks a value in that year or the one before"
        + ("" if aggregate is None else ", or the whole has none")
    )
    table.columns.name = None
    return Account(
        table=pd.DataFrame(table.loc[known, ["entity", "period", "tfp", *parts, "weights"]]).reset_index(
            drop=True
        ),
        total="tfp",
        parts=parts,
        units="% per year",
        estimand="Contributions of industries to productivity growth of the whole, by Domar weights."
        if gross_output is not None
        else "Contributions of industries to productivity growth of the whole, by shares of value added.",
        unavailable=missing.reset_index(drop=True),
        provenance={name: panel.series[name].vintage for name in (tfp_growth, value_added, weight_of)},
    )
