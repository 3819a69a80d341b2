"""Sources of growth with any number of kinds of capital: ICT, non-ICT, intangible, when the data split them.

Törnqvist index (Jorgenson and Griliches 1967; with several kinds of capital Jorgenson, Ho and Stiroh 2005, eq. 2.14):

    dlnY = sum_k w_k dlnK_k + v (dlnH + dlnQ) + dlnA,     sum_k w_k + v = 1

with w_k the share of capital k's income in output and v labour's share, each the mean of two years. Divided by hours:

    dln(Y/H) = sum_k w_k dln(K_k/H) + v dlnQ + dlnA
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.contracts import Account, Panel
from headwinds.errors import DataError, SettingsError
from headwinds.explain.panel_data import (
    level_growth,
    log_growth,
    require_series,
    require_shares,
    values_at_lag,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Form = Literal["output", "productivity"]
TOLERANCE = 1e-6
"""By how much given shares may miss one."""


@dataclass(frozen=True, slots=True)
class Capital:
    """One kind of capital.

    Attributes
    ----------
    volume
        The series of its services (or its stock).
    share
        The series of its income's share in output, 0 to 1; None: what the other shares leave.
    """

    volume: str
    share: str | None = None


def sources_of_growth(
    panel: Panel,
    *,
    output: str,
    hours: Sequence[str],
    capital: Mapping[str, Capital],
    labour_share: str | None = None,
    labour_quality: str | None = None,
    form: Form = "output",
) -> Account:
    """Contributions to the growth of output, or of output per hour, year by year.

    Parameters
    ----------
    panel
        Annual; entities are countries, industries or firms.
    output
        The series of real output.
    hours
        Series whose product is hours worked, for instance ["emp", "avh"].
    capital
        Kinds of capital by name, for instance {"ict": Capital("k_ict", "s_ict"), "other": Capital("k_other")}.
    labour_share
        The series of labour's share in output. None: what the shares of capital leave. Exactly one share may be left open:
        labour's or that of one kind of capital. If none is, they must add up to one.
    labour_quality
        The series of labour quality (human capital) an hour.
    form
        "output": parts `hours`, `labour_quality`, `NAME_capital`, `tfp` add up to `output`. "productivity": parts
        `labour_quality`, `NAME_deepening`, `tfp` add up to `productivity`.

    Returns
    -------
    Account
        Parts add up in every row. Rows that lack an input, or the year before, are listed in `unavailable`.

    Raises
    ------
    SettingsError
        A series is missing, growth and level series are mixed, more than one share is open, or no row is left.
    DataError
        A share lies outside [0, 1], shares do not add up to one, or an input is zero or negative.
    """
    import numpy as np

    if form not in ("output", "productivity"):
        raise SettingsError(f"form is {form!r}; it can be 'output' or 'productivity'.")
    if not capital or not hours:
        raise SettingsError("Sources of growth need at least one kind of capital and one series of hours.")
    volumes = {name: one.volume for name, one in capital.items()}
    given = [name for name in (labour_share, *(one.share for one in capital.values())) if name is not None]
    quality = [labour_quality] if labour_quality is not None else []
    inputs = [output, *hours, *volumes.values(), *quality, *given]
    require_series(panel, inputs)
    weights, labour = _weights(panel, capital, labour_share)

    worked = np.sum([log_growth(panel, name) for name in hours], axis=0)
    growth = log_growth(panel, output)
    better = log_growth(panel, labour_quality) if labour_quality is not None else np.zeros(len(worked))
    table = panel.data[["entity", "period"]].copy()
    by_output = form == "output"
    table[form] = growth if by_output else growth - worked
    parts = []
    if by_output:
        table["hours"] = labour * worked
        parts.append("hours")
    if labour_quality is not None:
        table["labour_quality"] = labour * better
        parts.append("labour_quality")
    for name, volume in volumes.items():
        column = f"{name}_capital" if by_output else f"{name}_deepening"
        table[column] = weights[name] * (log_growth(panel, volume) - (0 if by_output else worked))
        parts.append(column)
    table["tfp"] = table[form] - table[parts].sum(axis=1, skipna=False)
    table["labour_share"] = labour
    known = np.isfinite(table["tfp"].to_numpy())
    if not known.any():
        raise SettingsError(
            "No entity has all inputs of a growth account in two years that follow each other.",
            remedy="Check the series for gaps.",
        )
    of = "output" if by_output else "output per hour"
    kinds = "one kind" if len(capital) == 1 else f"{len(capital)} kinds"
    return Account(
        table=table[known].reset_index(drop=True),
        total=form,
        parts=(*parts, "tfp"),
        units="% per year (log points x 100)",
        estimand=f"Contributions to the growth of {of}: Törnqvist index, {kinds} of capital.",
        unavailable=lacking(panel, inputs, ~known),
        findings=level_growth(panel, [output, *volumes.values()]),
        provenance={name: panel.series[name].vintage for name in inputs},
    )


def _weights(
    panel: Panel, capital: Mapping[str, Capital], labour_share: str | None
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Two-year means of the shares of each capital and of labour."""
    import numpy as np

    data = panel.data
    open_kinds = [name for name, one in capital.items() if one.share is None]
    if len(open_kinds) + (labour_share is None) > 1:
        names = [*open_kinds, *(["labour"] if labour_share is None else [])]
        raise SettingsError(
            f"The shares of {', '.join(names)} are all open; at most one can be what the others leave.",
            remedy="Name the series of the shares.",
        )
    shares: dict[str, NDArray[np.float64]] = {}
    for name, series in (("", labour_share), *((name, one.share) for name, one in capital.items())):
        if series is not None:
            require_shares(panel, [series])
            shares[name] = data[series].to_numpy(dtype=float)
    total = np.sum(list(shares.values()), axis=0)
    off = (
        np.abs(total - 1)
        if len(shares) == len(capital) + 1
        else np.where(total > 1 + TOLERANCE, total - 1, 0)
    )
    off = np.nan_to_num(off)
    if (off > TOLERANCE).any():
        row = int(off.argmax())
        raise DataError(
            f"The shares of labour and capital add up to {total[row]:.4f} for {data['entity'].iloc[row]} in "
            f"{data['period'].iloc[row]} (such rows: {int((off > TOLERANCE).sum())}); expected 1.",
            remedy="Leave one share open, or correct them.",
        )
    rest = np.clip(1 - total, 0, 1)
    for name in ("", *capital):
        shares.setdefault(name, rest)
    means = {name: (share + values_at_lag(data, share, 1)) / 2 for name, share in shares.items()}
    labour = means.pop("")
    if labour_share is not None and not open_kinds:
        # Given shares miss one by up to TOLERANCE; the last kind takes that, so that both forms give the same productivity.
        *others, last = means
        rest = 1 - labour - np.sum([means[name] for name in others], axis=0)
        means[last] = np.where(
            np.isfinite(means[last]), rest, np.nan
        )  # but a share that is not there is no rest
    return means, labour


def lacking(panel: Panel, inputs: Sequence[str], rows: NDArray[np.bool_]) -> pd.DataFrame:
    """`entity`, `period`, `reason` of the rows that lack an input in that year or the one before."""
    import numpy as np

    data = panel.data
    missing = data.loc[rows, ["entity", "period"]].reset_index(drop=True)
    reasons = np.full(len(missing), "", dtype=object)
    first = values_at_lag(data, np.ones(len(data)), 1)[rows]
    reasons[np.isnan(first)] = "no row for the year before"
    for name in dict.fromkeys(inputs):
        values = data[name].to_numpy(dtype=float)
        before = values_at_lag(data, values, 1)
        for words, column in ((f"no {name}", values), (f"no {name} in the year before", before)):
            fresh = np.isnan(column[rows]) & (reasons == "")
            reasons[fresh] = words
    missing["reason"] = reasons
    return missing
