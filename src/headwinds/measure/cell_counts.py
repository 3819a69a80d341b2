"""How many documents, passages and gold labels stand in each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame


def count_cells(frame: Frame, cells: Cells) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Documents, passages and gold passages of each cell, each of shape (C,)."""
    import numpy as np

    width = int(frame.document_code.max(initial=0)) + 1
    pairs = np.sort(cells.code * width + frame.document_code)
    new = np.concatenate([np.ones(min(len(pairs), 1), dtype=bool), pairs[1:] != pairs[:-1]])
    documents = np.bincount(pairs[new] // width, minlength=len(cells))
    passages = np.bincount(cells.code, minlength=len(cells))
    gold = np.bincount(cells.code[frame.gold_rows], minlength=len(cells))
    return documents, passages, gold
