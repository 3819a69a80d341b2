"""Two-way fixed effects taken out of several columns at once, for panels with gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def annihilator_of_effects(entity: NDArray[np.int64], period: NDArray[np.int64]) -> NDArray[np.float64]:
    """Matrix M, shape (rows, rows), that takes entity and period effects out of a column: M @ y are the residuals of y.

    Dense, so for panels of some thousand rows: it is needed whole, because the variance that measurement error brings into
    the transformed regressor is the trace of ``M diag(variance) M``.
    """
    import numpy as np

    rows = len(entity)
    entities = np.eye(int(entity.max()) + 1)[entity]
    periods = np.eye(int(period.max()) + 1)[period]
    design = np.column_stack([entities, periods[:, 1:]])
    orthogonal, triangular = np.linalg.qr(design)
    kept = np.abs(np.diag(triangular)) > 1e-10
    if (
        not kept.all()
    ):  # entities and periods fall apart into unconnected blocks: use the column space as it is
        left, singular, _ = np.linalg.svd(design, full_matrices=False)
        orthogonal = left[:, singular > 1e-10 * singular.max()]
    matrix: NDArray[np.float64] = np.eye(rows) - orthogonal @ orthogonal.T
    return matrix
