"""Do a classifier's error rates stay the same? Tests on the audited documents, and what follows from each.

| test | the error rates do not change with | if they do |
|---|---|---|
| share | the predicted share of the cell | constant rates are refused; smooth ones follow it |
| effects | the share within the effects otherwise than with the rest | smooth rates are refused, within effects hold |
| entity, period | where and when, at the same predicted share | the same |
| outcome | the outcome's residual (differential error) | all are refused: no correction from error rates is right |

`share` and `outcome` are tested at 5% each, the three between them together at 5% (Holm 1979). A test that does not reject
shows no absence of drift: with few labels it has little power. So constant rates are never the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.explain.measured.error_rates import Basis, fit_error_rates, label_errors

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from headwinds.explain.measured.error_rates import Audit

LEVEL = 0.05
NO_ERROR = 1e-9


@dataclass(frozen=True, slots=True)
class DriftTests:
    """What the tests said of one label.

    Attributes
    ----------
    names
        "share", "effects", "entity", "period", "outcome".
    p_value
        Of each alone; NaN where it cannot be made.
    adjusted
        After Holm for the three in the middle; the same as `p_value` for the first and the last.
    """

    names: tuple[str, ...]
    p_value: NDArray[np.float64]
    adjusted: NDArray[np.float64]

    def rejects(self, name: str) -> bool:
        """Whether this one rejects at 5%."""
        return bool(self.adjusted[self.names.index(name)] < LEVEL)

    def table(self, label: str) -> pd.DataFrame:
        """One row a test: `label`, `error_rates_change_with`, `p_value`, `adjusted_p_value`, `rejected`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "label": label,
                "error_rates_change_with": self.names,
                "p_value": self.p_value,
                "adjusted_p_value": self.adjusted,
                "rejected": self.adjusted < LEVEL,
            }
        )


def drift_tests(
    audit: Audit,
    smooth: Basis,
    inner: Audit,
    within: Basis,
    entity: NDArray[np.int64],
    period: NDArray[np.int64],
    residual: NDArray[np.float64],
) -> DriftTests:
    """All five tests.

    Parameters
    ----------
    audit, smooth
        The audited documents, and what smooth rates are lines in.
    inner, within
        Those of them whose cell is in the regression, and what rates within the effects are lines in.
    entity, period
        Shape (audit rows,): codes from 0.
    residual
        Shape (audit rows,): the outcome's residual in the cell of the document, NaN where the cell is not in the regression.
    """
    import numpy as np

    rates = fit_error_rates(audit, smooth)
    error, variance = label_errors(audit, rates, smooth)
    plain = np.array(
        [
            lines_differ(audit, smooth, np.eye(1)),
            float("nan")
            if len(within.column) != len(inner.count) or not len(inner.count)
            else lines_differ(inner, within, np.array([[1.0, -1.0]])),
            _group_drift(audit, error / np.sqrt(variance), entity),
            _group_drift(audit, error / np.sqrt(variance), period),
            _differential(audit, error, residual),
        ]
    )
    adjusted = plain.copy()
    adjusted[1:4] = _holm(plain[1:4])
    return DriftTests(("share", "effects", "entity", "period", "outcome"), plain, adjusted)


def lines_differ(audit: Audit, basis: Basis, contrast: NDArray[np.float64]) -> float:
    """P-value of a Wald test that contrasts of the slopes are zero, in T and in F together; robust to unequal variances.

    Parameters
    ----------
    contrast
        Shape (tested, k).
    """
    import numpy as np
    from scipy import stats

    rates = fit_error_rates(audit, basis) if audit.truth.any() and not audit.truth.all() else None
    if rates is None or not (np.isfinite(rates.true_slope).all() and np.isfinite(rates.false_slope).all()):
        return float("nan")
    error, _ = label_errors(audit, rates, basis)
    statistic, tested = 0.0, 0
    for truth, slopes in ((True, rates.true_slope), (False, rates.false_slope)):
        chosen = audit.truth == truth
        if np.abs(error[chosen]).max() < NO_ERROR:
            continue
        tested += len(contrast)
        weight, noise = audit.count[chosen], audit.share_variance[chosen]
        away = np.column_stack([np.ones(int(chosen.sum())), basis.column[chosen] - rates.centre])
        moved = np.column_stack([np.zeros(len(away)), basis.share[chosen]])
        square = (away * weight[:, None]).T @ away - (moved * (weight * noise)[:, None]).T @ moved
        score = away * error[chosen, None] + moved * (noise * (basis.share[chosen] @ slopes))[:, None]
        bread = np.linalg.pinv(square)
        covariance = contrast @ (bread @ ((score * weight[:, None]).T @ score) @ bread)[1:, 1:] @ contrast.T
        found = contrast @ slopes
        statistic += float(found @ np.linalg.pinv(covariance) @ found)
    return float(stats.chi2.sf(statistic, tested)) if tested else float("nan")


def _group_drift(audit: Audit, error: NDArray[np.float64], group: NDArray[np.int64]) -> float:
    """Smaller of two p-values, doubled: analysis of variance of the label errors by group, positives and negatives apart."""
    import numpy as np
    from scipy import stats

    found = []
    for truth in (True, False):
        chosen = audit.truth == truth
        weight, value, code = audit.count[chosen], error[chosen], group[chosen]
        size = np.bincount(code, weights=weight)
        sums = np.bincount(code, weights=weight * value)
        there = size > 0
        groups, total = int(there.sum()), float(weight.sum())
        between = float((sums[there] ** 2 / size[there]).sum()) - float(sums.sum()) ** 2 / total
        within = float(weight @ value**2) - float((sums[there] ** 2 / size[there]).sum())
        if groups < 2 or total - groups < 10 or within <= NO_ERROR:
            continue
        ratio = (between / (groups - 1)) / (within / (total - groups))
        found.append(float(stats.f.sf(ratio, groups - 1, total - groups)))
    return min(1.0, len(found) * min(found)) if found else float("nan")


def _differential(audit: Audit, error: NDArray[np.float64], residual: NDArray[np.float64]) -> float:
    """P-value of a score test, 2 degrees of freedom, that label errors have nothing to do with the outcome's residual."""
    import numpy as np
    from scipy import stats

    statistic, freedom = 0.0, 0
    for truth in (True, False):
        chosen = (audit.truth == truth) & np.isfinite(residual)
        weight = audit.count[chosen]
        if weight.sum() < 10 or np.abs(error[chosen]).max() < NO_ERROR:
            continue
        basis = np.column_stack([np.ones(int(chosen.sum())), audit.share[chosen]])
        root = np.sqrt(weight)[:, None]
        share, *_ = np.linalg.lstsq(basis * root, residual[chosen] * root[:, 0], rcond=None)
        score = error[chosen] * (residual[chosen] - basis @ share)
        variance = float(weight @ score**2)
        if variance > 0:
            statistic += float(weight @ score) ** 2 / variance
            freedom += 1
    return float(stats.chi2.sf(statistic, freedom)) if freedom else float("nan")


def _holm(p_value: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    adjusted = np.full(len(p_value), np.nan)
    known = np.flatnonzero(np.isfinite(p_value))
    order = known[np.argsort(p_value[known], kind="stable")]
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(known) - rank) * float(p_value[place])))
        adjusted[place] = highest
    return adjusted
