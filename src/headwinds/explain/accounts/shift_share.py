"""Structural change: growth of labour productivity within industries, and by labour that moves between them.

With s_i the share of industry i in labour, p_i its productivity and P = sum_i s_i p_i (Fabricant 1942; de Vries, Timmer
and de Vries 2015, eq. 1):

    dP = sum_i s_i0 dp_i  +  sum_i ds_i p_i0  +  sum_i ds_i dp_i
         within              between (static)    cross (dynamic)

With `method="mean"` shares and productivities are means of both ends, and there is no cross term.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Account, Finding, Panel
from headwinds.errors import DataError, SettingsError
from headwinds.explain.accounts.industries import industry_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Method = Literal["base", "mean"]


def shift_share(
    panel: Panel,
    *,
    value: str,
    labour: str,
    spans: Sequence[tuple[int, int]],
    method: Method = "base",
    by_industry: bool = False,
) -> Account:
    """Growth of labour productivity over spans of years, within industries and between them.

    Parameters
    ----------
    panel
        Of industries: entities are written country/industry. Industries must not overlap (no totals beside their parts).
    value
        The series of real value added. It must add up over industries: constant prices of one base year. Chained volumes do
        not add up away from their reference year; if the series says that it is chained, a finding (N423) repeats this.
    labour
        The series of hours or persons.
    spans
        First and last year of each.
    method
        "base": within, between and cross, weighted by the first year. "mean": within and between, weighted by the means of
        both years.
    by_industry
        One row an industry instead of one a country. An industry's `between` then counts the labour that it gained against
        the mean productivity of the country: a shrinking industry of low productivity adds to growth.

    Returns
    -------
    Account
        Columns `entity`, `span` (and `industry`), `productivity` and its parts, in % of productivity in the first year, per
        year of the span. Countries in which an industry lacks a year are listed in `unavailable`.

    Raises
    ------
    SettingsError
        A series is missing, a span is not in order or named twice, or no country has all that a span needs.
    DataError
        Labour is negative, or an entity is not written country/industry.
    """
    import pandas as pd

    if method not in ("base", "mean"):
        raise SettingsError(f"method is {method!r}; it can be 'base' or 'mean'.")
    for first, last in spans:
        if last <= first:
            raise SettingsError(f"The span {first}-{last} does not run forward.")
        if list(spans).count((first, last)) > 1:
            raise SettingsError(f"The span {first}-{last} is named twice.", remedy="Name each once.")
    data = industry_table(panel, [value, labour]).rename(columns={value: "value", labour: "labour"})
    negative = data[data["labour"] < 0]
    if len(negative):
        row = negative.iloc[0]
        raise DataError(
            f"Series {labour!r} is {row['labour']:g} for {row['country']}/{row['industry']} in {row['period']}; "
            "labour cannot be negative."
        )
    rows, missing = [], []
    for country, own in data.groupby("country", sort=True):
        for first, last in spans:
            span = f"{first}-{last}"
            ends, reason = _ends(own, first, last)
            if ends is None:
                missing.append({"entity": country, "period": span, "reason": reason})
                continue
            parts = _parts(ends, method, last - first)
            parts.insert(0, "span", span)
            parts.insert(0, "entity", country)
            rows.append(parts)
    if not rows:
        raise SettingsError(
            "No country has all its industries in the first and the last year of a span.",
            remedy=f"First reason: {missing[0]['entity']}, {missing[0]['reason']}." if missing else "",
        )
    names = ("within", "between", "cross") if method == "base" else ("within", "between")
    table = pd.concat(rows, ignore_index=True)
    table["productivity"] = table.pop("total")
    if not by_industry:
        table = table.groupby(["entity", "span"], sort=True)[["productivity", *names]].sum().reset_index()
    columns = ["entity", "span", *(["industry"] if by_industry else []), "productivity", *names]
    findings: tuple[Finding, ...] = ()
    if "chain" in panel.series[value].unit.lower():
        findings = (
            Finding(
                "N423",
                f"{value} is in chained volumes, which do not add up over industries; the decomposition treats them as if "
                "they did.",
                "Prefer constant prices of one base year, or short spans near the reference year.",
            ),
        )
    return Account(
        table=table[columns],
        total="productivity",
        parts=names,
        units="% of productivity in the first year, per year",
        estimand="Growth of labour productivity within industries and by labour that moved between them.",
        unavailable=pd.DataFrame(missing, columns=["entity", "period", "reason"]),
        findings=findings,
        provenance={name: panel.series[name].vintage for name in (value, labour)},
    )


def _ends(own: pd.DataFrame, first: int, last: int) -> tuple[pd.DataFrame | None, str]:
    """Both ends of a span side by side; or None and what is missing."""
    every = sorted(own["industry"].unique())
    wide = {}
    for year in (first, last):
        there = own[own["period"] == year].set_index("industry").reindex(every)
        lacking = there[["value", "labour"]].isna().any(axis=1)
        if lacking.any():
            absent = ", ".join(there.index[lacking][:5])
            return None, f"no value or labour of {absent} in {year}"
        empty = there.index[there["labour"] == 0]
        if len(empty):
            return None, f"no labour in {', '.join(empty[:5])} in {year}"
        wide[year] = there
    kept = ["value", "labour"]
    ends = wide[first][kept].add_suffix("0").join(wide[last][kept].add_suffix("1"))
    if ends["value0"].sum() <= 0:
        return None, f"value added of all industries is not positive in {first}"
    return ends, ""


def _parts(ends: pd.DataFrame, method: Method, years: int) -> pd.DataFrame:
    import pandas as pd

    share0, share1 = (ends[f"labour{end}"] / ends[f"labour{end}"].sum() for end in (0, 1))
    level0, level1 = (ends[f"value{end}"] / ends[f"labour{end}"] for end in (0, 1))
    all0, all1 = (ends[f"value{end}"].sum() / ends[f"labour{end}"].sum() for end in (0, 1))
    moved, grown = share1 - share0, level1 - level0
    if method == "base":
        table = pd.DataFrame(
            {
                "within": share0 * grown,
                "between": moved * (level0 - all0),
                "cross": moved * (grown - (all1 - all0)),
            }
        )
    else:
        table = pd.DataFrame(
            {
                "within": (share0 + share1) / 2 * grown,
                "between": moved * ((level0 + level1) / 2 - (all0 + all1) / 2),
            }
        )
    # What the industry adds to the change of the whole, counted on its own: its value a head of all labour, less what the
    # labour that it gained would have made at the mean.
    mean = all1 if method == "base" else (all0 + all1) / 2
    table["total"] = share1 * level1 - share0 * level0 - moved * mean
    return (100 * table / all0 / years).rename_axis("industry").reset_index()
