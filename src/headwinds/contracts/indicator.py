"""A measured quantity by keys, with its error: what `measure` hands to `explain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

KeyValue = str | int
FACTORS = ("audit_factor", "model_factor", "sampling_factor", "berkson_factor")
"""The errors that rows share, one field each; their columns stand side by side in `common_factor`."""


@dataclass(frozen=True, slots=True)
class Indicator(Result):
    """Shares (or mean scores) of one or more labels in cells, with the parts of their covariance kept apart.

    The covariance of `value` is ``diag(sampling_variance) + common_factor @ common_factor.T``. The sampling part is
    independent between cells as they were measured (which passages of the cell were seen); the audit part is common to
    cells that were corrected with the same gold labels; the model part is what other fits of the model would have moved.
    Rows that were computed from the same rows (a growth rate and the next) share sampling error too: it stands in
    `sampling_factor` and `berkson_factor`, so that no covariance is lost in the algebra.

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
    sampling_factor, berkson_factor
        Shape (rows, t): sampling error, and scatter of the truth, that rows share since they were computed from the same
        rows; None where none do. What stands here is not in `sampling_variance`.
    label_correlation
        Shape (labels, labels), in the order in which `labels` first names them: how the sampling errors of labels in one
        cell go together, on average over cells; None where nothing is known of it. The covariance leaves it out: it matters
        to whatever looks at several labels at once.
    unit
        What `value` is counted in: "share", "mean score" (of graded labels, in their own scale), or what the algebra
        made of it ("difference", "log-change", "standard deviations", "index, base = 100").
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
    sampling_factor: NDArray[np.float64] | None = None
    berkson_factor: NDArray[np.float64] | None = None
    unit: str = "share"
    label_correlation: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Total variance of each row, shape (rows,)."""
        total: NDArray[np.float64] = self.sampling_variance + (self.common_factor**2).sum(axis=1)
        return total

    @property
    def common_factor(self) -> NDArray[np.float64]:
        """Every error that rows share, audit and model first, side by side; shape (rows, r + s + ...)."""
        import numpy as np

        factors = [getattr(self, name) for name in FACTORS]
        there = [factor for factor in factors if factor is not None]
        if len(there) == 1:
            return self.audit_factor
        both: NDArray[np.float64] = np.column_stack(there)
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

    @property
    def layers(self) -> NDArray[np.float64]:
        """Variance of each row by where it comes from, shape (rows, 3): sampling, audit, model; they add up."""
        import numpy as np

        def of(name: str) -> NDArray[np.float64]:
            factor = getattr(self, name)
            summed: NDArray[np.float64] = np.zeros(len(self)) if factor is None else (factor**2).sum(axis=1)
            return summed

        sampling = self.sampling_variance + of("sampling_factor") + of("berkson_factor")
        parts: NDArray[np.float64] = np.column_stack([sampling, of("audit_factor"), of("model_factor")])
        return parts

    @property
    def table(self) -> pd.DataFrame:
        """One row a label and cell: keys, label, value, standard_error and its three layers, bounds, counts, pool, method.

        A key that has the name of another column stands as ``key_<name>``.
        """
        import numpy as np
        import pandas as pd

        layers = np.sqrt(self.layers)
        columns: dict[str, object] = {
            "label": list(self.labels),
            "value": self.value,
            "standard_error": np.sqrt(self.variance),
            "sampling_error": layers[:, 0],
            "audit_error": layers[:, 1],
            "model_error": layers[:, 2] if self.model_factor is not None else np.nan,
            "lower": self.lower,
            "upper": self.upper,
            "documents": self.documents,
            "passages": self.passages,
            "gold": self.gold,
            "pooled": list(self.pooled),
            "method": self.method,
        }
        keys = {
            f"key_{name}" if name in columns else name: [cell[place] for cell in self.cells]
            for place, name in enumerate(self.keys)
        }
        return pd.DataFrame({**keys, **columns})

    def summary(self) -> str:
        """What was measured, by what, how wide it is and why, and what was found."""
        import numpy as np

        labels = tuple(dict.fromkeys(self.labels))
        by = " and ".join(self.keys) or "the whole corpus"
        lines = [
            f"{self.unit.capitalize()} of {len(labels)} label{'s' * (len(labels) != 1)} by {by}: "
            f"{len(self)} row{'s' * (len(self) != 1)}. Method: {self.method}.",
            f"Rows without a value: {int(np.isnan(self.value).sum())}; without an interval: "
            f"{int(np.isnan(self.lower).sum())}; with a correction borrowed from a pool: "
            f"{sum(bool(pool) for pool in self.pooled)}.",
        ]
        for label in labels:
            rows = np.array([one == label for one in self.labels])
            value, layers = self.value[rows], self.layers[rows]
            known = np.isfinite(value) & np.isfinite(layers).all(axis=1) & (layers.sum(axis=1) > 0)
            if not known.any():
                lines.append(f"{label}: not available.")
                continue
            parts = (layers[known] / layers[known].sum(axis=1, keepdims=True)).mean(axis=0)
            model = f"{parts[2]:.0%} model" if self.model_factor is not None else "model not known (one fit)"
            lines.append(
                f"{label}: {number(value[known].min())} to {number(value[known].max())}, median standard error "
                f"{number(np.median(np.sqrt(layers[known].sum(axis=1))), 4)} (of its variance {parts[0]:.0%} sampling, "
                f"{parts[1]:.0%} audit, {model})."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """A panel a label: values along the last key with a fan of three layers, sampling, audit and model."""
        from headwinds.drawing.fan import draw_fan

        return draw_fan(self.table, keys=self.table.columns[: len(self.keys)].tolist(), axis=self.unit)

    def equals(self, other: Indicator) -> bool:
        """Whether every field is equal to the bit, what is not available being equal to what is not available."""
        import numpy as np

        for name in self.__dataclass_fields__:
            mine, yours = getattr(self, name), getattr(other, name)
            if isinstance(mine, np.ndarray) and isinstance(yours, np.ndarray):
                if mine.shape != yours.shape or not np.array_equal(mine, yours, equal_nan=True):
                    return False
            elif isinstance(mine, np.ndarray) or isinstance(yours, np.ndarray) or mine != yours:
                return False
        return True
