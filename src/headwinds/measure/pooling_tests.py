"""May cells share one correction? What the gold's residuals say of cells that borrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.spread_tests import holm, spread_p_value

if TYPE_CHECKING:
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame


def pooling_rejections(frame: Frame, cells: Cells, *, size: float = 0.05) -> tuple[str, ...]:
    """Labels and strata whose residuals scatter between cells beyond chance and beyond a line in the cell's mean score.

    The drift test looks at a few groups with much gold in each; this looks at many with little, all together. The line is
    taken out first, as corrections follow it (`context`). Holm's adjustment over labels and strata.
    """
    import numpy as np

    from headwinds.measure.cells import make_cells
    from headwinds.measure.pools import make_parts, tuned_power

    parts = make_parts(frame, make_cells(frame, ()))
    coarse = parts.coarse_of_stratum[frame.stratum_code[frame.gold_rows]]
    power = tuned_power(frame, parts)[coarse]
    residual = frame.gold_labels.astype(np.float64) - power * frame.probability[frame.gold_rows]
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
            p_value = spread_p_value(residual[gold, label], cell, draws[gold], mean[cell])
            found.append((f"residuals of '{label_name}' in stratum '{name}' differ between cells", p_value))
    adjusted = holm([p_value for _, p_value in found])
    ranked = sorted(
        (p_value, said) for (said, _), p_value in zip(found, adjusted, strict=True) if p_value < size
    )
    return tuple(f"{said} (p = {p_value:.2g})" for p_value, said in ranked)
