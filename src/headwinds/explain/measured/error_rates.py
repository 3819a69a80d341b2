"""How often a classifier errs, as straight lines in the share that it predicts, learnt from audited documents.

In a cell with predicted share q a document that is truly positive is called so with probability T, one that is not with
probability F. Then q = F + (T - F) p, so that the true share is

    p = (q - F) / (T - F)                     (Rogan and Gladen 1978, with rates that may drift)

| shape | T and F are |
|---|---|
| "constant" | the same everywhere |
| "smooth" | straight lines in q |
| "within" | straight lines in q within the effects (Mq) and in what the effects explain of it (q - Mq), two slopes each |

A country whose error rates are high has a high q for that alone; "smooth" then takes a difference between countries for a
slope, "within" does not (Mundlak 1978). Lines are fitted by least squares on the audited documents. Two corrections keep
them straight where cells are small: an audited document that stands among its cell's documents is left out of its own q,
and the noise of q is taken out of the squares (errors in variables once more).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.errors import EstimationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = Literal["constant", "smooth", "within"]
LEAST_SEPARATION = 0.1
LEAST_SPREAD = 0.1
FEW_OF_A_CLASS = 10


@dataclass(frozen=True, slots=True)
class Audit:
    """Audited documents: what the classifier called them and what they are.

    Attributes
    ----------
    share
        Shape (rows,): predicted share of the cell, the document itself left out of it.
    share_variance
        Shape (rows,): sampling variance of that share.
    called, truth
        Shape (rows,), booleans.
    count
        Shape (rows,): how many documents a row stands for.
    weight_in_cell
        Shape (rows,): what the document weighs in its cell's predicted share, 1/n; 0 where it is not counted there.
    document
        Shape (rows,): codes; rows with one code, also of other labels, are one document and are drawn together.
    """

    share: NDArray[np.float64]
    share_variance: NDArray[np.float64]
    called: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    count: NDArray[np.float64]
    weight_in_cell: NDArray[np.float64]
    document: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Basis:
    """What the lines are lines in.

    Attributes
    ----------
    column
        Shape (rows, k): k is 0, 1 or 2 for the three shapes.
    share
        Shape (rows, k): how far each column moves when the q of the row's own cell does.
    """

    column: NDArray[np.float64]
    share: NDArray[np.float64]


def basis_of(
    shape: Shape,
    predicted: NDArray[np.float64],
    within: NDArray[np.float64],
    diagonal: NDArray[np.float64],
) -> Basis:
    """The basis of a shape at predicted shares q, their residuals Mq and the diagonal of M: (rows,) each."""
    import numpy as np

    if shape == "constant":
        return Basis(np.zeros((len(predicted), 0)), np.zeros((len(predicted), 0)))
    if shape == "smooth":
        return Basis(predicted[:, None], np.ones((len(predicted), 1)))
    return Basis(np.column_stack([within, predicted - within]), np.column_stack([diagonal, 1 - diagonal]))


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """T and F as lines; the arrays may carry leading axes (draws).

    Attributes
    ----------
    centre
        Shape (k,): where the levels are read.
    true_level, false_level
        Shape (...).
    true_slope, false_slope
        Shape (..., k).
    """

    centre: NDArray[np.float64]
    true_level: NDArray[np.float64]
    true_slope: NDArray[np.float64]
    false_level: NDArray[np.float64]
    false_slope: NDArray[np.float64]

    def rates(self, basis: Basis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """T and F of each row: (..., rows) each."""
        away = (basis.column - self.centre).T
        return (
            self.true_level[..., None] + self.true_slope @ away,
            self.false_level[..., None] + self.false_slope @ away,
        )

    def true_share(
        self, predicted: NDArray[np.float64], basis: Basis
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """P and its derivative in q: (..., rows) each; not kept within [0, 1], which would bias what is summed."""
        positive, negative = self.rates(basis)
        between, above = positive - negative, predicted - negative
        moved_true, moved_false = self.true_slope @ basis.share.T, self.false_slope @ basis.share.T
        slope = ((1 - moved_false) * between - above * (moved_true - moved_false)) / between**2
        return above / between, slope

    def part(self, chosen: slice) -> ErrorRates:
        """Some of the draws."""
        return dataclasses.replace(
            self,
            true_level=self.true_level[chosen],
            true_slope=self.true_slope[chosen],
            false_level=self.false_level[chosen],
            false_slope=self.false_slope[chosen],
        )


def require_both_classes(audit: Audit) -> None:
    """Raise an EstimationError where fewer than ten audited documents are positive, or negative."""
    for truth, name in ((True, "positive"), (False, "negative")):
        there = int(audit.count[audit.truth == truth].sum())
        if there < FEW_OF_A_CLASS:
            raise EstimationError(
                f"{there} audited documents are {name} in truth, expected {FEW_OF_A_CLASS} or more.",
                remedy="Label more documents, with more weight on those that the classifier calls so.",
            )


def fit_error_rates(audit: Audit, basis: Basis, weight: NDArray[np.float64] | None = None) -> ErrorRates:
    """Least squares in the positives and in the negatives.

    Parameters
    ----------
    audit, basis
        The audited documents, and what the lines are lines in, at each.
    weight
        Shape (draws, rows): how often each row stands in each draw; None for the audit as it is.

    Returns
    -------
    ErrorRates
        NaN, whole or in a draw, where the cells differ too little for lines.
    """
    import numpy as np

    centre = np.average(basis.column, axis=0, weights=audit.count)
    counted = audit.count if weight is None else weight
    fitted = [_lines(audit, audit.truth == truth, counted, basis, centre) for truth in (True, False)]
    return ErrorRates(centre, *fitted[0], *fitted[1])


def _lines(
    audit: Audit,
    chosen: NDArray[np.bool_],
    counted: NDArray[np.float64],
    basis: Basis,
    centre: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level and slopes of one class."""
    import numpy as np

    size = len(centre)
    away = np.column_stack([np.ones(int(chosen.sum())), basis.column[chosen] - centre])
    moved = np.column_stack([np.zeros(len(away)), basis.share[chosen]])
    called, noise = audit.called[chosen].astype(float), audit.share_variance[chosen]
    squares = np.einsum("ni,nj->nij", away, away)
    errors = noise[:, None, None] * np.einsum("ni,nj->nij", moved, moved)
    flat = np.column_stack(
        [squares.reshape(len(away), -1), errors.reshape(len(away), -1), away * called[:, None]]
    )
    sums = counted[..., chosen] @ flat
    width = (size + 1) ** 2
    shape = (*sums.shape[:-1], size + 1, size + 1)
    square, error, product = (
        sums[..., :width].reshape(shape),
        sums[..., width : 2 * width].reshape(shape),
        sums[..., 2 * width :],
    )
    clean = square - error
    with np.errstate(divide="ignore", invalid="ignore"):
        # What of each column varies beyond the mean, before and after its noise is taken out.
        spread = np.einsum("...ii->...i", square) - square[..., 0, :] ** 2 / square[..., 0, :1]
        left = np.einsum("...ii->...i", clean) - square[..., 0, :] ** 2 / square[..., 0, :1]
        usable = (square[..., 0, 0] > 0) & (left[..., 1:] > LEAST_SPREAD * spread[..., 1:]).all(axis=-1)
    usable &= np.abs(np.linalg.det(clean)) > 1e-12 * np.prod(np.einsum("...ii->...i", square), axis=-1)
    safe = np.where(usable[..., None, None], clean, np.eye(size + 1))
    found = np.linalg.solve(safe, product[..., None])[..., 0]
    found = np.where(usable[..., None], found, np.nan)
    return found[..., 0], found[..., 1:]


def label_errors(
    audit: Audit, rates: ErrorRates, basis: Basis
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the classifier called less what its rate says, and the variance of that: shape (rows,) each."""
    import numpy as np

    positive, negative = rates.rates(basis)
    expected = np.where(audit.truth, positive, negative)
    bounded = np.clip(expected, 1e-3, 1 - 1e-3)
    return audit.called - expected, bounded * (1 - bounded)


def separation(rates: ErrorRates, basis: Basis) -> float:
    """The smallest T - F over these rows: how well the classes are told apart where that goes worst."""
    positive, negative = rates.rates(basis)
    return float((positive - negative).min())


def poisson_weights(audit: Audit, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Poisson bootstrap: each audited document stands in each draw a Poisson(1) number of times, shape (draws, rows)."""
    import numpy as np

    if (audit.count == 1).all():
        times = generator.poisson(1.0, (draws, int(audit.document.max()) + 1))
        return times[:, audit.document].astype(float)
    return generator.poisson(np.broadcast_to(audit.count, (draws, len(audit.count)))).astype(float)
