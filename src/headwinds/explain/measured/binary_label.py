"""A label of zero or one that a classifier predicts, as the regressor or as the outcome, corrected by an audit.

An audit gives PPV, the share of called documents that are truly positive, and NPV, that of the others that truly are not.
The share q of called documents gives the rest: prevalence pi = q PPV + (1 - q)(1 - NPV), rate of true calls T = q PPV / pi,
of false calls F = q (1 - PPV) / (1 - pi).

As the regressor, without anything else in the regression, the slope is PPV + NPV - 1 times the true one (Aigner 1973). It is
*not* T - F times it: that is the factor of a share (and there it inflates). With controls and effects it depends on what is
the same across them:

    errors given the truth (T, F)    beta = J c / (s - v)   J = T - F, c and s the label's moments within, v its error's
    truth given the call (PPV, NPV)  beta = b / (PPV + NPV - 1)

Both are the same without controls. As the outcome, the slope is T - F times the true one (Hausman, Abrevaya,
Scott-Morton 1998).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.errors import DataError
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.label_design import (
    LabelDesign,
    label_design,
    label_estimate,
    least_squares,
    outer_sum,
    require_binary,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TRUTH = "same error rates given the truth"
CALL = "same truth given the call"
ASSUMES = {
    TRUTH: "given the true label, the classifier errs as often whatever the controls, effects and the outcome's residual",
    CALL: "the truth behind a call has nothing to do with the controls, the effects and the outcome's residual",
}
LEAST_LEFT = 0.05


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """PPV and NPV of an audit, their variances, and the share of all documents that are called.

    The variances are those of Jeffreys' posterior, so that no error seen is not taken for none there is.
    """

    positive: float
    negative: float
    positive_variance: float
    negative_variance: float
    called: float

    def rates(self, positive: float, negative: float) -> tuple[float, float, float]:
        """(T, F, prevalence) at these predictive values."""
        prevalence = self.called * positive + (1 - self.called) * (1 - negative)
        return (
            self.called * positive / prevalence,
            self.called * (1 - positive) / (1 - prevalence),
            prevalence,
        )


def predicted_regressor(
    frame: pd.DataFrame,
    audit: pd.DataFrame,
    *,
    outcome: str,
    label: str,
    controls: Sequence[str] = (),
    effects: Sequence[str] = (),
    cluster: str | None = None,
) -> MeasuredRegression:
    """Regress an outcome on a predicted label: naive, and corrected under each of the two assumptions.

    Parameters
    ----------
    frame
        One row a document.
    outcome, label, controls, effects, cluster
        Columns; `label` is 0 or 1 as predicted. Without `cluster`, errors are taken as independent (HC0).
    audit
        Columns `predicted` and `true` (0 or 1), and `count` where a row stands for several documents; drawn at random from
        all documents, or from the called and the others separately.

    Returns
    -------
    MeasuredRegression
        `corrected` takes error rates given the truth for the same; the other assumption stands beside it.

    Raises
    ------
    DataError
        A column is missing, a label is not 0 or 1, no called (or no other) document was audited.
    EstimationError
        A regressor is collinear.
    """
    design = label_design(frame, outcome, label, controls, effects, cluster)
    values = predictive_values(audit, design.mean)
    found = {
        TRUTH: _corrected(design, values, TRUTH, _given_truth),
        CALL: _corrected(design, values, CALL, _given_call),
    }
    return MeasuredRegression(
        naive=_naive(design, "the label is the truth"), corrected=found[TRUTH], others=(found[CALL],)
    )


def predicted_outcome(
    frame: pd.DataFrame,
    audit: pd.DataFrame,
    *,
    label: str,
    regressors: Sequence[str],
    effects: Sequence[str] = (),
    cluster: str | None = None,
) -> MeasuredRegression:
    """Regress a predicted label on what is known: a linear probability model, naive and corrected by T - F.

    Parameters, errors
        As `predicted_regressor`; `label` is the outcome.
    """
    import numpy as np

    first, *rest = regressors
    design = label_design(frame, label, first, rest, effects, cluster, binary=label)
    values = predictive_values(audit, float(frame[label].mean()))
    slopes, covariance = least_squares(design)

    def factor(positive: float, negative: float) -> float:
        true, false, _ = values.rates(positive, negative)
        return true - false

    scale = factor(values.positive, values.negative)
    if scale < LEAST_LEFT:
        corrected = _lost(design, TRUTH, len(slopes))
    else:
        moved = slopes[:, None] * _gradient(lambda a, b: np.array([1 / factor(a, b)]), values)
        total = covariance / scale**2 + moved @ moved.T
        corrected = label_estimate(design, slopes / scale, total, TRUTH, ASSUMES[TRUTH])
    naive = label_estimate(design, slopes, covariance, "naive", "the label is the truth")
    told = (
        f"By how much the probability of {label} is associated with {', '.join(regressors)}, one unit of each; "
        f"{len(frame):,} documents."
    )
    units = f"probability of {label}, per unit"
    return MeasuredRegression(
        naive=dataclasses.replace(naive, estimand=told, units=units),
        corrected=dataclasses.replace(corrected, estimand=told, units=units),
    )


def predictive_values(audit: pd.DataFrame, called: float) -> PredictiveValues:
    """PPV and NPV of an audit."""
    for name in ("predicted", "true"):
        if name not in audit:
            raise DataError(f"audit: no column {name!r}; the columns are {', '.join(map(str, audit))}.")
        require_binary(audit, name)
    count = audit["count"].to_numpy(dtype=float) if "count" in audit else 1.0 + 0.0 * audit["true"].to_numpy()
    found = []
    for call, name in ((1, "called"), (0, "other")):
        chosen = audit["predicted"].to_numpy() == call
        total = float(count[chosen].sum())
        if total < 2:
            raise DataError(
                f"audit: {total:.0f} {name} documents, expected two or more.", remedy="Audit some."
            )
        right = float(count[chosen & (audit["true"].to_numpy() == call)].sum())
        middle = (right + 0.5) / (total + 1)
        found.append((right / total, middle * (1 - middle) / (total + 2)))
    return PredictiveValues(found[0][0], found[1][0], found[0][1], found[1][1], called)


def _given_truth(
    design: LabelDesign, values: PredictiveValues, positive: float, negative: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients, bread and each row's noise under `TRUTH`, all in terms of (label - F) / (T - F)."""
    import numpy as np

    true, false, prevalence = values.rates(positive, negative)
    between = true - false
    regressors = design.regressors.copy()
    regressors[:, 0] /= between
    error = (prevalence * true * (1 - true) + (1 - prevalence) * false * (1 - false)) / between**2
    moment = regressors.T @ regressors
    moment[0, 0] -= error * len(regressors)
    bread = np.asarray(np.linalg.inv(moment), dtype=np.float64)
    return bread @ (regressors.T @ design.outcome), bread, np.array([error, between])


def _given_call(
    design: LabelDesign, values: PredictiveValues, positive: float, negative: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The same under `CALL`: the label's coefficient over PPV + NPV - 1."""
    import numpy as np

    factor = positive + negative - 1
    regressors = design.regressors.copy()
    regressors[:, 0] *= factor
    bread = np.asarray(np.linalg.inv(regressors.T @ regressors), dtype=np.float64)
    return bread @ (regressors.T @ design.outcome), bread, np.array([0.0, 1 / factor])


Solver = Callable[
    ["LabelDesign", PredictiveValues, float, float],
    "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]",
]


def _corrected(design: LabelDesign, values: PredictiveValues, method: str, solve: Solver) -> Estimate:

    true, false, _ = values.rates(values.positive, values.negative)
    if values.positive + values.negative - 1 < LEAST_LEFT or true - false < LEAST_LEFT:
        return _lost(design, method, 1)
    value, bread, (error, scale) = solve(design, values, values.positive, values.negative)
    if bread[0, 0] <= 0:
        return _lost(design, method, 1)
    regressors = design.regressors.copy()
    regressors[:, 0] /= scale
    score = regressors * (design.outcome - regressors @ value)[:, None]
    score[:, 0] += error * value[0]
    covariance = bread @ outer_sum(score, design.cluster) @ bread
    moved = _gradient(lambda a, b: solve(design, values, a, b)[0], values)
    total = covariance + moved @ moved.T
    return label_estimate(design, value[:1], total[:1, :1], method, ASSUMES[method])


def _gradient(
    function: Callable[[float, float], NDArray[np.float64]], values: PredictiveValues
) -> NDArray[np.float64]:
    """How a function of PPV and NPV moves with one standard error of each, shape (values, 2); from inside [0, 1]."""
    import numpy as np

    columns = []
    for at, variance in enumerate((values.positive_variance, values.negative_variance)):
        spread = float(np.sqrt(variance))
        step = 1e-4 * spread
        point = [values.positive, values.negative]
        down, up = point.copy(), point.copy()
        down[at] -= step
        up[at] = min(up[at] + step, 1.0)
        columns.append((function(*up) - function(*down)) / (up[at] - down[at]) * spread)
    return np.column_stack(columns)


def _naive(design: LabelDesign, assumes: str) -> Estimate:
    value, covariance = least_squares(design)
    return label_estimate(design, value[:1], covariance[:1, :1], "naive", assumes)


def _lost(design: LabelDesign, method: str, size: int) -> Estimate:
    import numpy as np

    finding = Finding(
        "W402",
        "Not identified: by the audit, a call says too little about the truth.",
        "Improve the classifier, or use `design_based_regression`.",
    )
    unknown = np.full(size, np.nan)
    return label_estimate(design, unknown, np.diag(unknown), method, ASSUMES[method], (finding,))
