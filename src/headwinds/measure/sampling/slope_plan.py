"""How many labels a regression slope on an index needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError, MismatchError, SettingsError
from headwinds.measure.sampling.plan import LabelPlan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator

LABELLED_FEW = 10


def plan_slope(
    index: Indicator,
    label: str,
    *,
    gold: int,
    slope: float,
    outcome_error: float,
    standard_error: float,
    passages: int = 0,
) -> LabelPlan:
    """From a pilot's index: labels until the slope of an outcome on it is known to within `standard_error`.

    The audit error of the index moves many cells at once and does not average out over them: an error F z of the index
    moves the slope by slope x (x'F z) / (x'x), x being the index about its means by each key. That variance falls as
    1 / labels; what the outcome's own noise leaves, `outcome_error`, does not fall.

    Parameters
    ----------
    index
        By one key or two (entity, period); the mean of each value of each key is taken out, as a regression with their
        effects does.
    gold
        Labels from which it was corrected.
    slope
        Assumed, in the outcome's unit per unit of the index.
    outcome_error
        The standard error that the slope would have if the index were known: of a naive regression on the pilot's.
    passages
        That could be labelled; 0 for no limit.

    Raises
    ------
    MismatchError
        If the index has no such label.
    SettingsError
        If a number is out of range.
    EstimationError
        If the index does not vary, no error is shared by its cells, or no number of labels reaches the target.
    """
    import numpy as np

    if label not in index.labels:
        raise MismatchError(
            f"the index has no label '{label}'; it has {', '.join(dict.fromkeys(index.labels))}."
        )
    rows = np.flatnonzero(np.array([one == label for one in index.labels]) & np.isfinite(index.variance))
    codes = [
        np.unique([str(index.cells[row][place]) for row in rows], return_inverse=True)[1]
        for place in range(len(index.keys))
        if len(index.keys) > 1
    ]
    if not np.any(index.audit_factor[rows]):
        raise EstimationError(
            f"every cell of the index '{label}' is corrected by its own gold, so no error is shared that a plan for a slope "
            "could lower.",
            remedy="Plan the standard errors of its cells (without a slope).",
        )
    moved = _about_means(index.value[rows], codes)
    noise = float(index.classical_variance[rows].sum()) * max(
        len(rows) - 1 - sum(code.max() for code in codes), 0
    )
    signal = float(moved @ moved) - noise / max(len(rows), 1)
    if not signal > 0:
        raise EstimationError(
            f"the index '{label}' varies no more than its sampling error, so a slope on it is not identified.",
            remedy="Measure by wider cells, or sample more passages.",
        )
    relative = float(((moved @ index.audit_factor[rows]) ** 2).sum()) / signal**2
    return _plan(relative * gold, gold, slope, outcome_error, standard_error, passages, label)


def plan_slope_from_rates(
    *,
    prevalence: float,
    true_positive_rate: float,
    false_positive_rate: float,
    slope: float,
    outcome_error: float,
    standard_error: float,
    passages: int = 0,
) -> LabelPlan:
    """From assumed rates: labels until a slope on the adjusted share (q - f) / (t - f) is known well enough.

    The error of the estimated t - f scales the index, and so the slope, as a whole (delta method).

    Raises
    ------
    SettingsError
        If a number is out of range.
    EstimationError
        If the classifier does not tell the two apart, or no number of labels reaches the target.
    """
    t, f, p = true_positive_rate, false_positive_rate, prevalence
    for name, value in (("prevalence", p), ("true_positive_rate", t), ("false_positive_rate", f)):
        if not 0 <= value <= 1 or (name == "prevalence" and value in (0, 1)):
            raise SettingsError(f"{name} = {value} cannot be used: expected a share from 0 to 1.")
    if t - f <= 0.02:
        raise EstimationError(
            f"a true-positive rate of {t} and a false-positive rate of {f} do not tell the label from its absence."
        )
    unit = (t * (1 - t) / p + f * (1 - f) / (1 - p)) / (t - f) ** 2
    return _plan(unit, 0, slope, outcome_error, standard_error, passages, "the label")


def _plan(
    unit: float,
    gold: int,
    slope: float,
    outcome_error: float,
    standard_error: float,
    passages: int,
    label: str,
) -> LabelPlan:
    import pandas as pd

    for name, value in (("outcome_error", outcome_error), ("standard_error", standard_error)):
        if not (value > 0 and math.isfinite(value)):
            raise SettingsError(f"{name} = {value} cannot be used: expected a number above 0.")
    if gold < 0 or passages < 0 or not math.isfinite(slope):
        raise SettingsError("gold and passages cannot be negative, and the slope must be a number.")
    most = passages if passages else 10**9

    def error(labels: int) -> float:
        if labels < 1:
            return float("nan")
        return math.sqrt(outcome_error**2 + slope**2 * unit / labels)

    if error(most) > standard_error:
        raise EstimationError(
            f"no number of labels brings the slope's standard error to {standard_error:.4g}: the outcome's own noise leaves "
            f"{outcome_error:.4g}"
            + (f", and all {passages:,} passages read {error(most):.4g}." if passages else "."),
            remedy="More entities or years would; labels do not.",
        )
    room = standard_error**2 - outcome_error**2
    need = LABELLED_FEW if room <= 0 else math.ceil(slope**2 * unit / room - 1e-9)
    need = min(max(need, gold, LABELLED_FEW), max(most, gold))
    table = pd.DataFrame(
        {
            "stratum": ["all"],
            "passages": [passages],
            "labelled": [gold],
            "needed": [need],
            "additional": [need - gold],
        }
    )
    return LabelPlan(table, standard_error, error(gold), error(need), outcome_error, f"the slope on {label}")


def _about_means(values: NDArray[np.float64], codes: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Values about the means of every key's values, by alternating projections."""
    import numpy as np

    left: NDArray[np.float64] = values - values.mean()
    for _ in range(100 if len(codes) > 1 else 1):
        for code in codes:
            left = left - (np.bincount(code, weights=left) / np.bincount(code))[code]
    return left
