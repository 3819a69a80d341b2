"""The regression behind an attribution: growth on technology, headwinds or their products, within both effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.explain.attribution.cell_errors import product_covariances, row_covariances
from headwinds.explain.attribution.equation import Equation, make_equation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign


def growth_equation(
    design: AttributionDesign, rows: NDArray[np.bool_] | None = None, *, carry_error: bool = True
) -> Equation:
    """The equation over all rows, or over some of them (every cluster keeps its code).

    A product of two measured variables has, to first order, each one's error times the other; the second-order part of
    its variance is taken out of the first-order one, which is computed from what was seen. So is the mean of the product
    of two errors of one cell.

    Parameters
    ----------
    carry_error
        False takes the variables as if they were known: the naive estimate.

    Raises
    ------
    EstimationError
        A regressor does not vary within the effects, or is collinear with those before it.
    """
    import numpy as np

    chosen = np.ones(len(design.outcome), dtype=bool) if rows is None else rows
    values, variance = design.values[chosen], design.variance[chosen]
    regressors = np.column_stack([values[:, list(term)].prod(axis=1) for term in design.terms])
    slopes = slopes_of_terms(values, design.terms)
    errors = row_covariances(variance, design.error_correlation, design.lags)
    noise = slopes @ errors @ slopes.transpose(0, 2, 1) - product_covariances(errors, design.terms)
    if carry_error:
        for number, term in enumerate(design.terms):
            if len(term) == 2:
                regressors[:, number] -= errors[:, term[0], term[1]]
    shared = np.einsum("rkv,rvj->rkj", slopes, design.factor[chosen])
    _, entity = np.unique(design.entity[chosen], return_inverse=True)
    _, period = np.unique(design.year[chosen], return_inverse=True)
    return make_equation(
        entity,
        period,
        design.outcome[chosen],
        regressors,
        names=term_names(design),
        cluster=design.cluster[chosen],
        clusters=design.clusters,
        noise=noise if carry_error else None,
        shared=shared if carry_error else None,
    )


def slopes_of_terms(values: NDArray[np.float64], terms: tuple[tuple[int, ...], ...]) -> NDArray[np.float64]:
    """How each term moves with each variable, shape (..., terms, variables)."""
    import numpy as np

    slopes = np.zeros((*values.shape[:-1], len(terms), values.shape[-1]))
    for number, term in enumerate(terms):
        for variable in term:
            others = [other for other in term if other != variable]
            slopes[..., number, variable] = values[..., others].prod(axis=-1)
    return slopes


def term_names(design: AttributionDesign) -> tuple[str, ...]:
    """A regressor's name: that of its variable, or of both."""
    return tuple(" x ".join(design.names[number] for number in term) for term in design.terms)
