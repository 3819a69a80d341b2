"""How the errors of variables in one row go together: those of one cell were scored and read in the same passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts import Indicator


def error_correlation(indicator: Indicator, labels: Sequence[str | None]) -> NDArray[np.float64] | None:
    """Of the variables' errors in one cell, as the index says it; None where it says nothing.

    Parameters
    ----------
    labels
        Of each variable; None for one that was not measured by the index.
    """
    import numpy as np

    said = indicator.label_correlation
    if said is None:
        return None
    order = list(dict.fromkeys(indicator.labels))
    measured = [number for number, label in enumerate(labels) if label is not None]
    place = [order.index(str(labels[number])) for number in measured]
    found = np.eye(len(labels))
    found[np.ix_(measured, measured)] = said[np.ix_(place, place)]
    return None if np.array_equal(found, np.eye(len(labels))) else found


def row_covariances(
    variance: NDArray[np.float64], correlation: NDArray[np.float64] | None, periods: Sequence[int]
) -> NDArray[np.float64]:
    """Covariances of the errors of each row's values, shape (rows, K, K): those of one period are of one cell.

    Parameters
    ----------
    variance
        Shape (rows, K).
    correlation
        Shape (K, K): of errors in one cell; None for none.
    periods
        Of each value, counted from any year of the row.
    """
    import numpy as np

    together = np.eye(len(periods))
    if correlation is not None:
        together = np.where(np.equal.outer(periods, periods), correlation, together)
    error = np.sqrt(variance)
    found: NDArray[np.float64] = error[:, :, None] * error[:, None, :] * together
    return found


def product_covariances(
    covariance: NDArray[np.float64], terms: tuple[tuple[int, ...], ...]
) -> NDArray[np.float64]:
    """Covariances of the products of two errors each, shape (rows, terms, terms); zero for a term that is no product.

    Of normal errors (Isserlis 1918): of e_a e_b with e_c e_d, V_ac V_bd + V_ad V_bc.
    """
    import numpy as np

    found = np.zeros((len(covariance), len(terms), len(terms)))
    both = [number for number, term in enumerate(terms) if len(term) == 2]
    first, last = (np.array([terms[number][place] for number in both], dtype=int) for place in (0, 1))
    if both:
        here = np.ix_(range(len(covariance)), both, both)
        found[here] = (
            covariance[:, first[:, None], first] * covariance[:, last[:, None], last]
            + covariance[:, first[:, None], last] * covariance[:, last[:, None], first]
        )
    return found
