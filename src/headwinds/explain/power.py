"""What a regression could find, computed before any coefficient is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.measured_regression import Design, common_errors
from headwinds.explain.within import annihilator_of_effects

if TYPE_CHECKING:
    import pandas as pd


def minimum_detectable_effects(design: Design, *, size: float = 0.05, power: float = 0.8) -> pd.DataFrame:
    """The effect of one standard deviation of each share that a test of `size` would find with probability `power`.

    Effect = (t_{1-size/2} + t_{power}) x standard error (Bloom 1995), with clusters - 1 degrees of freedom. The standard
    error is forecast from the outcome's variance within the effects, the variation of the share within them that is left
    by the others, and its measurement error; no coefficient is estimated.

    Returns
    -------
    pandas.DataFrame
        `name`, `minimum_detectable_effect`, `standard_error_expected`, `residual_standard_deviation`, `reliability`.
        NaN where measurement error leaves nothing.
    """
    import numpy as np
    import pandas as pd
    from scipy import stats

    matrix = annihilator_of_effects(design.entity, design.period)
    index, outcome = matrix @ design.index, matrix @ design.outcome
    clusters = int(design.entity.max()) + 1
    freedom = len(outcome) - clusters - int(design.period.max()) - len(design.labels)
    residual = float(np.sqrt(outcome @ outcome / freedom))
    moment = index.T @ index
    common = common_errors(matrix, design)
    noise = np.diag(np.diag(matrix) @ design.variance) + np.einsum("rlk,rmk->lm", common, common)
    reliability = 1 - np.diag(noise) / np.diag(moment)
    corrected = moment - noise
    error = np.full(len(design.labels), np.nan)
    if np.linalg.eigvalsh(corrected).min() > 0:
        bread = np.linalg.inv(corrected)
        error = residual * np.sqrt(np.diag(bread @ moment @ bread))
    reach = stats.t.ppf(1 - size / 2, clusters - 1) + stats.t.ppf(power, clusters - 1)
    return pd.DataFrame(
        {
            "name": list(design.labels),
            "minimum_detectable_effect": reach * error,
            "standard_error_expected": error,
            "residual_standard_deviation": residual,
            "reliability": reliability,
        }
    )


def probability_of_wrong_sign(effect: float, standard_error: float) -> float:
    """Probability that an estimate has the other sign than a true effect of this size (Gelman, Carlin 2014)."""
    from scipy.stats import norm

    return float(norm.cdf(-abs(effect) / standard_error)) if standard_error > 0 else float("nan")
