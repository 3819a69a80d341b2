"""From a point of the index to the passages that make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import MismatchError
from headwinds.measure.cells import Cells, no_cell

if TYPE_CHECKING:
    import pyarrow as pa

    from headwinds.contracts.indicator import KeyValue
    from headwinds.measure.frame import Frame


def passages_of_cell(
    frame: Frame, cells: Cells, cell: tuple[KeyValue, ...], label: str, limit: int = 20
) -> pa.Table:
    """The passages of a cell by what they add to its total, largest first.

    Returns
    -------
    pyarrow.Table
        `row` (in the frame), `document_id`, `stratum`, `weight`, `probability` (of graded labels `score`, and all that
        follows in their units), `gold` (null where not read),
        `predicted` (weight x probability), `correction` ((label - probability) / inclusion probability; zero where not
        read) and `contribution`, their sum, in passages of the population. The estimator scales `predicted` by lambda and
        spreads `correction` over the pool; these columns are the plain (lambda = 1) account, for reading.

    Raises
    ------
    MismatchError
        If there is no such cell or label.
    """
    import numpy as np
    import pyarrow as pa

    from headwinds.measure.label_kinds import span_of

    if cell not in cells.values:
        raise no_cell(cells, cell)
    if label not in frame.label_names:
        raise MismatchError(f"there is no label '{label}'; the labels are {', '.join(frame.label_names)}.")
    column = frame.label_names.index(label)
    graded = frame.kind == "score"
    low, span = (frame.value_range[0], span_of(frame)) if graded else (0.0, 1.0)
    every = low + span * frame.probability[:, column]
    predicted = frame.weight * every
    correction = np.zeros(len(frame))
    truth = low + span * frame.gold_labels[:, column] if graded else frame.gold_labels[:, column]
    score = every[frame.gold_rows]
    correction[frame.gold_rows] = (truth - score) / frame.inclusion_probability
    contribution = predicted + correction
    rows = np.flatnonzero(cells.code == cells.values.index(cell))
    rows = rows[np.argsort(-np.abs(contribution[rows]), kind="stable")][:limit]
    read = dict(zip(frame.gold_rows.tolist(), truth.tolist(), strict=True))
    kind = pa.float64() if graded else pa.bool_()
    return pa.table(
        {
            "row": rows,
            "document_id": [str(frame.document_ids[row]) for row in rows],
            "stratum": [str(frame.strata[row]) for row in rows],
            "weight": frame.weight[rows],
            "score" if graded else "probability": every[rows],
            "gold": pa.array([read.get(int(row)) for row in rows], type=kind),
            "predicted": predicted[rows],
            "correction": correction[rows],
            "contribution": contribution[rows],
        }
    )
