"""A binary label as a regressor, corrected with its rate of false calls (Battaglia, Christensen, Hansen, Sacher 2024).

With n documents, label x1 in {0, 1} and kappa = P(called positive and not), the least squares slope is b = beta - kappa
Gamma beta in the mean, with Gamma = (X'X/n)^-1 and a single one in its place for the label. Of the label's coefficient,

    additive        beta = b (1 + kappa g)          g = n / (x'x), x the label within effects and controls
    multiplicative  beta = b / (1 - kappa g)

kappa is a share of *all* documents, not of the negatives. Both take it that as many documents are missed as are falsely
called (then the label's mean is right). Where an audit tells both rates, `binary_label` needs no such thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate
from headwinds.errors import SettingsError
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.label_design import LabelDesign, label_design, label_estimate, least_squares

if TYPE_CHECKING:
    import pandas as pd

ASSUMES = (
    "as many documents are missed as are falsely called, errors have nothing to do with the outcome's residual, and the "
    "rate of false calls is small, of the order of one over the root of the number of documents"
)


def bias_corrected_regression(
    frame: pd.DataFrame,
    *,
    outcome: str,
    label: str,
    false_positive_rate: float,
    audited: int,
    controls: Sequence[str] = (),
    effects: Sequence[str] = (),
    cluster: str | None = None,
) -> MeasuredRegression:
    """Regress on a binary label: naive, and with the multiplicative and the additive correction.

    Parameters
    ----------
    frame
        One row a document.
    outcome, label, controls, effects, cluster
        Columns; `label` is 0 or 1. Without `cluster`, standard errors are those of White (HC0), as in the paper.
    false_positive_rate
        Share of all audited documents that were called positive and are not.
    audited
        How many documents it was estimated from.

    Raises
    ------
    SettingsError
        The rate is outside [0, 1), or so large that nothing is left of the label.
    DataError, EstimationError
        A column is missing or no such label; a regressor is collinear.
    """
    import numpy as np

    if not 0 <= false_positive_rate < 1 or audited < 1:
        raise SettingsError(
            f"false_positive_rate is {false_positive_rate} of {audited} audited documents, expected a share in [0, 1) of "
            "one or more."
        )
    design = label_design(frame, outcome, label, controls, effects, cluster)
    value, covariance = least_squares(design)
    slope, variance = float(value[0]), float(covariance[0, 0])
    rest = design.regressors[:, 1:]
    within = design.regressors[:, 0]
    if rest.shape[1]:
        within = within - rest @ np.linalg.lstsq(rest, within, rcond=None)[0]
    gain = false_positive_rate * len(within) / float(within @ within)
    if gain >= 1:
        raise SettingsError(
            f"With a false positive rate of {false_positive_rate:g} nothing is left of {label!r}: it is called for "
            f"{design.mean:.3f} of the documents, and half of that may vary apart from the effects.",
            remedy="Check that the rate is a share of all documents.",
        )
    spread = (
        false_positive_rate * (1 - false_positive_rate) / audited * (gain / false_positive_rate) ** 2
        if gain
        else 0.0
    )
    estimates = {}
    for method, factor in (("multiplicative", 1 / (1 - gain)), ("additive", 1 + gain)):
        corrected = slope * factor
        total = factor**2 * variance + spread * (variance + corrected**2)
        estimates[method] = _estimate(design, corrected, total, f"{method} bias correction")
    naive = label_estimate(design, value[:1], covariance[:1, :1], "naive", "the label is the truth")
    return MeasuredRegression(
        naive=naive, corrected=estimates["multiplicative"], others=(estimates["additive"],)
    )


def _estimate(design: LabelDesign, value: float, variance: float, method: str) -> Estimate:
    import numpy as np

    return label_estimate(design, np.array([value]), np.array([[variance]]), method, ASSUMES)
