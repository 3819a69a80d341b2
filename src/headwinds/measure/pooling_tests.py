"""May cells share one correction? What the gold's residuals say of cells that borrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.spread_tests import gathering_p_value, holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

FLOOR = 1e-4
"""No probability is taken for more certain than this."""


def pooling_rejections(frame: Frame, cells: Cells, *, size: float = 0.05) -> tuple[str, ...]:
    """Labels and strata where cells need different corrections, beyond chance and a line in the cell's mean score.

    What is asked is what borrowing assumes, that labels go with predictions alike in all cells: do residuals, label less
    what its probability and log odds say of it in the stratum (least squares), have something in common within a cell? The
    drift test looks at a few groups with much gold in each; this looks at many with little, all together. The line is
    taken out first, as corrections follow it (`context`). Holm's adjustment over labels and strata.
    """
    import numpy as np

    from headwinds.measure.cells import make_cells
    from headwinds.measure.pools import make_parts

    parts = make_parts(frame, make_cells(frame, ()))
    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    draws, _ = gold_draws(frame)
    found = []
    for stratum, name in enumerate(parts.coarse_names):
        gold = coarse == stratum
        rows = parts.coarse_of_stratum[frame.stratum_code] == stratum
        cell = cells.code[frame.gold_rows][gold]
        count = np.bincount(cells.code[rows], minlength=len(cells))
        for label, label_name in enumerate(frame.label_names):
            total = np.bincount(
                cells.code[rows], weights=frame.probability[rows, label], minlength=len(cells)
            )
            mean = total / np.maximum(count, 1)
            residual = _unexplained(
                frame.gold_labels[gold, label].astype(np.float64),
                frame.probability[frame.gold_rows[gold], label],
            )
            p_value = gathering_p_value(residual, cell, draws[gold], mean[cell])
            found.append((f"residuals of '{label_name}' in stratum '{name}' differ between cells", p_value))
    adjusted = holm([p_value for _, p_value in found])
    ranked = sorted(
        (p_value, said) for (said, _), p_value in zip(found, adjusted, strict=True) if p_value < size
    )
    return tuple(f"{said} (p = {p_value:.2g})" for p_value, said in ranked)


def _unexplained(label: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Labels less their regression on probabilities and log odds: the less is left, the more a test of it sees."""
    import numpy as np

    known = np.clip(probability, FLOOR, 1 - FLOOR)
    design = np.column_stack([np.ones(len(known)), probability, np.log(known / (1 - known))])
    found: NDArray[np.float64] = label - design @ np.linalg.lstsq(design, label, rcond=None)[0]
    return found
