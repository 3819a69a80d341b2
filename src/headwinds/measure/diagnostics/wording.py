"""How much an index depends on how the codebook words its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding
from headwinds.errors import DataError, MismatchError
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

LARGEST_SHARE = 0.1


def wording_sensitivity(
    frame: Frame,
    cells: Cells,
    index: Indicator,
    alternatives: Mapping[str, NDArray[np.float64]],
    estimate: Callable[[Frame, Cells], Indicator],
) -> Diagnostic:
    """Estimate the index again from scores made with other wordings, each of shape (passages, labels).

    The gold stays as it is, so that the corrected index answers to the same definition: what moves it is only how well a
    wording lets the model follow. The plain means of scores are shown beside it: those move with the wording itself.

    Raises
    ------
    MismatchError
        If scores are not of the same passages and labels.
    DataError
        If one is no probability.
    """
    import numpy as np
    import pandas as pd

    from headwinds.measure.label_kinds import span_of

    rows, found = [], []
    weight = frame.weight / frame.weight.sum()
    low, span = frame.value_range[0], span_of(frame)
    for name, probability in alternatives.items():
        scores = np.asarray(probability, dtype=np.float64)
        if scores.shape != frame.probability.shape:
            raise MismatchError(
                f"scores of the wording '{name}' have shape {scores.shape}, expected {frame.probability.shape}."
            )
        if not ((scores >= 0) & (scores <= 1)).all():
            raise DataError(
                f"scores of the wording '{name}' are not all in [0, 1].", remedy="Score it again."
            )
        decided = scores if frame.kind == "score" else scores >= 0.5
        other = estimate(replace(frame, probability=scores, label=decided), cells)
        for label, label_name in enumerate(frame.label_names):
            here = np.array([one == label_name for one in index.labels])
            mine, theirs = index.value[here], other.value[here]
            both = np.isfinite(mine) & np.isfinite(theirs)
            bounded = both & np.isfinite(index.lower[here])
            outside = (theirs < index.lower[here]) | (theirs > index.upper[here])
            share = float(outside[bounded].mean()) if bounded.any() else float("nan")
            vary = both.sum() > 2 and mine[both].std() > 0 and theirs[both].std() > 0
            rows.append(
                {
                    "name": f"{label_name}, {name}",
                    "label": label_name,
                    "wording": name,
                    "value": float((theirs - mine)[both].mean()) if both.any() else float("nan"),
                    "lower": float("nan"),
                    "upper": float("nan"),
                    "correlation": float(np.corrcoef(mine[both], theirs[both])[0, 1])
                    if vary
                    else float("nan"),
                    "outside": share,
                    "mean_score": low + span * float(weight @ frame.probability[:, label]),
                    "mean_score_then": low + span * float(weight @ scores[:, label]),
                }
            )
            if share > LARGEST_SHARE:
                found.append(
                    Finding(
                        "W347",
                        f"with the wording '{name}' {share:.0%} of the cells of '{label_name}' leave their intervals.",
                        "The index depends on how the codebook is worded: report both, or label more gold.",
                    )
                )
    return Diagnostic(
        "wording",
        "Index under another wording minus index, mean over cells.",
        pd.DataFrame(rows),
        tuple(found),
    )
