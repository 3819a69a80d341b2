"""An index in standard deviations, or with a base of 100, by the delta method."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.errors import EstimationError, MismatchError
from headwinds.measure.linear_maps import linear_map

if TYPE_CHECKING:
    from headwinds.contracts.indicator import Indicator, KeyValue


def z_scores(indicator: Indicator, *, fixed: bool = False, level: float = 0.95) -> Indicator:
    """Each label's rows minus their mean, over their standard deviation.

    Mean and standard deviation are computed from the same rows, so that every row shares the error of all others: it goes
    into `sampling_factor`, a column a row. `fixed` takes them as constants instead: cheap, and the right thing where the
    score only changes units (a regression on it divides by the same number); a finding says that it was done.

    Raises
    ------
    EstimationError
        If a label has fewer than two values or they do not vary; if the shared errors do not fit in memory.
    """
    import numpy as np
    from scipy import sparse

    count = len(indicator)
    value = np.full(count, np.nan)
    rows: list[Any] = []
    columns: list[Any] = []
    entries: list[Any] = []
    for label in dict.fromkeys(indicator.labels):
        chosen = np.flatnonzero(
            np.array([one == label for one in indicator.labels]) & np.isfinite(indicator.value)
        )
        here = indicator.value[chosen]
        if len(here) < 2 or float(np.ptp(here)) <= 1e-12 * max(1.0, float(np.abs(here).max())):
            raise EstimationError(
                f"the index '{label}' has {len(here)} values"
                + (" that do not vary" if len(here) > 1 else "")
                + ", so it has no standard deviation.",
                remedy="Leave it out.",
            )
        spread = float(here.std(ddof=1))
        score = (here - here.mean()) / spread
        value[chosen] = score
        if fixed:
            rows.append(chosen)
            columns.append(chosen)
            entries.append(np.full(len(here), 1 / spread))
            continue
        # d z_i / d x_j = (delta_ij - 1/n - z_i z_j / (n - 1)) / s
        jacobian = (np.eye(len(here)) - 1 / len(here) - np.outer(score, score) / (len(here) - 1)) / spread
        rows.append(np.repeat(chosen, len(here)))
        columns.append(np.tile(chosen, len(here)))
        entries.append(jacobian.reshape(-1))
    lost = np.flatnonzero(np.isnan(indicator.value))
    rows.append(lost)
    columns.append(lost)
    entries.append(np.ones(len(lost)))
    matrix = sparse.csr_array(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    )
    made = linear_map(
        indicator,
        matrix,
        indicator.keys,
        indicator.cells,
        indicator.labels,
        level=level,
        value=value,
        unit="standard deviations",
    )
    if fixed:
        note = Finding(
            "N341", "The mean and standard deviation of the scores are taken as constants, without error."
        )
        made = replace(made, findings=(*made.findings, note))
    return made


def rebase(
    indicator: Indicator, key: str, base: KeyValue, *, to: float = 100.0, level: float = 0.95
) -> Indicator:
    """Each series as a percentage of its value where `key` is `base`: an index with that cell at 100.

    The base is 100 by definition and has no error; the error of its share is common to all other cells of the series.

    Raises
    ------
    MismatchError
        If there is no such key, or a series has no cell at the base.
    EstimationError
        If a base is not above zero, or not at least two standard errors from it, so that nothing can be divided by it.
    """
    import numpy as np
    from scipy import sparse

    if key not in indicator.keys:
        raise MismatchError(
            f"the indicator has no key '{key}'; its keys are {', '.join(indicator.keys) or 'none'}."
        )
    at = indicator.keys.index(key)
    series = [
        (label, cell[:at] + cell[at + 1 :])
        for label, cell in zip(indicator.labels, indicator.cells, strict=True)
    ]
    bases = {one: row for row, one in enumerate(series) if indicator.cells[row][at] == base}
    missing = [one for one in series if one not in bases]
    if missing:
        named = " ".join(map(str, (missing[0][0], *missing[0][1])))
        raise MismatchError(
            f"{named} has no cell with {key} = {base}.", remedy="Choose a base that all have."
        )
    error = np.sqrt(indicator.variance)
    for (label, rest), row in bases.items():
        if not indicator.value[row] > 2 * np.nan_to_num(error[row]):
            named = " ".join(map(str, (label, *rest, base)))
            raise EstimationError(
                f"the base {named} is {indicator.value[row]:.4g} with a standard error of {error[row]:.2g}: nothing can be "
                "divided by a share that may be zero.",
                remedy="Choose a base with more passages, or a mean over years.",
            )
    home = np.array([bases[one] for one in series], dtype=np.int64)
    divisor = indicator.value[home]
    value = to * (indicator.value / divisor)
    others = np.flatnonzero(home != np.arange(len(home)))
    matrix = sparse.csr_array(
        (
            np.concatenate([to / divisor[others], (-value / divisor)[others]]),
            (np.concatenate([others, others]), np.concatenate([others, home[others]])),
        ),
        shape=(len(home), len(home)),
    )
    matrix.data = np.nan_to_num(matrix.data)
    made = linear_map(
        indicator,
        matrix,
        indicator.keys,
        indicator.cells,
        indicator.labels,
        level=level,
        value=value,
        unit=f"index, base = {to:g}",
    )
    note = Finding(
        "N342",
        f"Where {key} is {base} the index is {to:g} by definition; the error of that share moves all other cells together.",
    )
    return replace(
        made,
        findings=(*made.findings, note),
        documents=indicator.documents,
        passages=indicator.passages,
        gold=indicator.gold,
        pooled=indicator.pooled,
    )
