"""How often a classifier errs, as a curve of the share that it predicts, learnt from audited documents.

In a cell with predicted share q a document that is truly positive is called so with probability T(q), one that is not with
probability F(q). Then q = F + (T - F) p, so that the true share is

    p(q) = (q - F(q)) / (T(q) - F(q))                     (Rogan and Gladen 1978, with rates that may drift)

T and F are straight lines in q ("smooth") or flat ("constant"). They are fitted by least squares on the audited documents.
Two corrections keep them straight where cells are small: an audited document that stands among its cell's documents is left
out of its own q, and the noise of q is taken out of the squares (errors in variables once more).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headwinds.errors import EstimationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = Literal["smooth", "constant"]
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
class ErrorRates:
    """T and F about a centre; every array may carry leading axes (draws).

    Attributes
    ----------
    centre
        The q at which the levels are read.
    true_level, true_slope, false_level, false_slope
        ``T = true_level + true_slope (q - centre)``, F the same. Slopes are 0 where rates are constant.
    """

    centre: float
    true_level: NDArray[np.float64]
    true_slope: NDArray[np.float64]
    false_level: NDArray[np.float64]
    false_slope: NDArray[np.float64]

    def rates(self, share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """T and F at predicted shares of shape (cells,): (..., cells) each."""
        away = share - self.centre
        positive = self.true_level[..., None] + self.true_slope[..., None] * away
        negative = self.false_level[..., None] + self.false_slope[..., None] * away
        return positive, negative

    def true_share(self, share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """p(q) and its derivative: (..., cells) each; not kept within [0, 1], which would bias what is summed."""
        positive, negative = self.rates(share)
        between = positive - negative
        above = share - negative
        slope = self.true_slope[..., None] - self.false_slope[..., None]
        return above / between, ((1 - self.false_slope[..., None]) * between - above * slope) / between**2


def fit_error_rates(audit: Audit, shape: Shape, weight: NDArray[np.float64] | None = None) -> ErrorRates:
    """Least squares in the positives and in the negatives.

    Parameters
    ----------
    audit
        The audited documents.
    shape
        "smooth" or "constant".
    weight
        Shape (draws, rows): how often each row stands in each draw; None for the audit as it is.

    Raises
    ------
    EstimationError
        Fewer than ten audited documents are positive, or negative; or the cells differ too little for a curve.
    """
    import numpy as np

    if weight is None:
        for truth, name in ((True, "positive"), (False, "negative")):
            there = int(audit.count[audit.truth == truth].sum())
            if there < FEW_OF_A_CLASS:
                raise EstimationError(
                    f"{there} audited documents are {name} in truth, expected {FEW_OF_A_CLASS} or more.",
                    remedy="Label more documents, with more weight on those that the classifier calls so.",
                )
    counted = audit.count if weight is None else weight
    centre = float(np.average(audit.share, weights=audit.count))
    fitted = [_line(audit, audit.truth == truth, counted, centre, shape) for truth in (True, False)]
    return ErrorRates(centre, *fitted[0], *fitted[1])


def _line(
    audit: Audit, chosen: NDArray[np.bool_], counted: NDArray[np.float64], centre: float, shape: Shape
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level and slope of one class; NaN in a draw that cannot have them."""
    import numpy as np

    away, noise = audit.share[chosen] - centre, audit.share_variance[chosen]
    called, weight = audit.called[chosen].astype(float), counted[..., chosen]
    columns = np.column_stack([np.ones_like(away), away, away**2, noise, called, called * away])
    total, first, second, error, hits, product = np.moveaxis(weight @ columns, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        if shape == "constant":
            return hits / total, np.zeros_like(hits)
        spread = second - first**2 / total
        clean = np.where(spread - error > LEAST_SPREAD * spread, spread - error, np.nan)
        slope = (product - first * hits / total) / clean
        return (hits - slope * first) / total, slope


def label_errors(audit: Audit, rates: ErrorRates) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the classifier called less what its rate says, and the variance of that: shape (rows,) each."""
    import numpy as np

    positive, negative = rates.rates(audit.share)
    expected = np.where(audit.truth, positive, negative)
    bounded = np.clip(expected, 1e-3, 1 - 1e-3)
    return audit.called - expected, bounded * (1 - bounded)


def separation(rates: ErrorRates, share: NDArray[np.float64]) -> float:
    """The smallest T - F over these predicted shares: how well the classes are told apart where that goes worst."""
    positive, negative = rates.rates(share)
    return float((positive - negative).min())


def poisson_weights(audit: Audit, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Poisson bootstrap: each audited document stands in each draw a Poisson(1) number of times, shape (draws, rows)."""
    import numpy as np

    if (audit.count == 1).all():
        times = generator.poisson(1.0, (draws, int(audit.document.max()) + 1))
        return times[:, audit.document].astype(float)
    return generator.poisson(np.broadcast_to(audit.count, (draws, len(audit.count)))).astype(float)
