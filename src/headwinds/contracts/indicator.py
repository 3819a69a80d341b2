"""A measured quantity by keys, with its error: what `measure` hands to `explain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

KeyValue = str | int


@dataclass(frozen=True, slots=True)
class Indicator:
    """Shares (or mean scores) of one or more labels in cells, with the parts of their covariance kept apart.

    The covariance of `value` is ``diag(sampling_variance) + audit_factor @ audit_factor.T + model_factor @ model_factor.T``:
    the sampling part is independent between cells (which passages of the cell were seen), the audit part is common to
    cells that were corrected with the same gold labels, the model part is what another fit of the model would have moved.

    A part of the sampling variance is of another kind. Where a cell borrows its correction from a pool, what is true of
    the cell scatters about what is predicted for it, and the prediction does not follow (Berkson 1950). That scatter
    belongs to the interval of the cell; it does not weaken the slope of a regression on the index, as the rest does.

    Attributes
    ----------
    keys
        Names of the keys that make a cell, e.g. ``("country", "year")``; empty for the whole corpus.
    cells
        One tuple of key values a row, in the order of `keys`. Rows are sorted by label (codebook order), then cell.
    labels
        The label of each row.
    value
        Shape (rows,): the estimated share, in [0, 1] up to sampling error; NaN where it is not available.
    sampling_variance
        Shape (rows,): variance from what was seen of the cell itself. NaN where undefined, never zero for it.
    audit_factor
        Shape (rows, r): columns are independent unit-variance error components of the correction learnt from gold.
    lower, upper
        Shape (rows,): the 95% interval; it need not be symmetric. NaN where none is defended.
    documents, passages, gold
        Shape (rows,): how many of each stand in the cell (gold: labelled passages of the cell itself).
    pooled
        One string a row: "" where the cell's own gold corrects it, else the pool that does ("period", "corpus").
    method
        The estimator's registered name, e.g. "classify-and-count", "difference".
    berkson_variance
        Shape (rows,): the part of `sampling_variance` that is scatter of the truth about the estimate; None if none is.
    model_factor
        Shape (rows, s): columns are independent unit-variance components of the spread between fits of the model; None
        where one model was fitted, so that nothing is known of it.
    """

    keys: tuple[str, ...]
    cells: tuple[tuple[KeyValue, ...], ...]
    labels: tuple[str, ...]
    value: NDArray[np.float64]
    sampling_variance: NDArray[np.float64]
    audit_factor: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    documents: NDArray[np.int64]
    passages: NDArray[np.int64]
    gold: NDArray[np.int64]
    pooled: tuple[str, ...]
    method: str
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    berkson_variance: NDArray[np.float64] | None = None
    model_factor: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Total variance of each row, shape (rows,)."""
        total: NDArray[np.float64] = self.sampling_variance + (self.common_factor**2).sum(axis=1)
        return total

    @property
    def common_factor(self) -> NDArray[np.float64]:
        """Every error that rows share, audit and model side by side, shape (rows, r + s)."""
        import numpy as np

        if self.model_factor is None:
            return self.audit_factor
        both: NDArray[np.float64] = np.column_stack([self.audit_factor, self.model_factor])
        return both

    @property
    def classical_variance(self) -> NDArray[np.float64]:
        """Variance of each row's estimate about its truth, independent between rows: what weakens a slope."""
        berkson = self.berkson_variance
        return self.sampling_variance if berkson is None else self.sampling_variance - berkson

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Full covariance, shape (rows, rows); memory grows with the square of the rows."""
        import numpy as np

        full: NDArray[np.float64] = (
            np.diag(self.sampling_variance) + self.common_factor @ self.common_factor.T
        )
        return full
