"""The index taken as if it were known: what everybody runs, and what stands beside every corrected estimate."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from headwinds.explain.effect_columns import effect_columns
from headwinds.explain.measured.moments import as_estimate, require_full_rank
from headwinds.explain.measured.projection import make_projection

if TYPE_CHECKING:
    from headwinds.contracts import Estimate
    from headwinds.explain.measured.design import Design

METHOD = "naive"
ASSUMES = "the index is the truth, without error of any kind"


def naive_estimate(design: Design, outcome_words: str, lag: int) -> Estimate:
    """Fixed effects by `pyfixest`, the index taken as if it were known; clustered errors (CRV1).

    Raises
    ------
    EstimationError
        A regressor is collinear with others or with the effects; it is named.
    """
    import numpy as np
    import pandas as pd
    import pyfixest

    plain = np.column_stack([design.index, design.controls])
    projection = make_projection(design.effects, len(plain))
    require_full_rank(projection.residuals(plain), plain, design.names)
    columns = {f"x{number}": plain[:, number] for number in range(plain.shape[1])}
    absorbed, names = effect_columns(len(design.effects))
    effects = dict(zip(names, design.effects, strict=True))
    data = pd.DataFrame({"y": design.outcome, "cluster": design.cluster, **columns, **effects})
    formula = f"y ~ {' + '.join(columns)}" + (f" | {absorbed}" if effects else "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of singletons and small samples: findings of ours
        fit = pyfixest.feols(
            formula, data=data, vcov={"CRV1": "cluster"}, demeaner=pyfixest.MapDemeaner(fixef_tol=1e-9)
        )
    places = [list(fit._coefnames).index(name) for name in columns]
    value = fit.coef().to_numpy()[places]
    covariance = np.asarray(fit._vcov)[np.ix_(places, places)]
    return as_estimate(design, value, covariance, METHOD, outcome_words, lag)
