"""What a regression could find, computed before any coefficient is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.measured.errors_in_variables import reliability, second_order
from headwinds.explain.measured.moments import make_moments

if TYPE_CHECKING:
    import pandas as pd

    from headwinds.explain.measured.design import Design


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

    moments = make_moments(design)
    labels, clusters = len(design.labels), design.telling_clusters
    freedom = len(design.outcome) - moments.projection.rank - len(design.names)
    residual = float(np.sqrt(moments.outcome @ moments.outcome / max(freedom, 1)))
    error = np.full(labels, np.nan)
    signal = moments.moment - moments.noise
    if np.linalg.eigvalsh(signal).min() > 0:
        second, _ = second_order(moments)
        signal = signal - (second + second.T) / 2
        if np.linalg.eigvalsh(signal).min() > 0:
            bread = np.linalg.inv(signal)
            error = residual * np.sqrt(np.diag(bread @ moments.moment @ bread))[:labels]
    reach = stats.t.ppf(1 - size / 2, clusters - 1) + stats.t.ppf(power, clusters - 1)
    return pd.DataFrame(
        {
            "name": list(design.labels),
            "minimum_detectable_effect": reach * error,
            "standard_error_expected": error,
            "residual_standard_deviation": residual,
            "reliability": reliability(moments),
        }
    )


def probability_of_wrong_sign(effect: float, standard_error: float) -> float:
    """Probability that an estimate has the other sign than a true effect of this size (Gelman, Carlin 2014)."""
    from scipy.stats import norm

    return float(norm.cdf(-abs(effect) / standard_error)) if standard_error > 0 else float("nan")
