"""Are predictions of passages with the same label alike in every cell? What the gold says against it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.contracts.stratum_names import stratum_values
from headwinds.measure.drift import RATES, drift_tests
from headwinds.measure.gold_draws import gold_draws
from headwinds.measure.spread_tests import holm, line_p_value, spread_p_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

GROUPS = 4
"""A key with more values is cut into this many spans of about equal gold."""


def rate_rejections(frame: Frame, cells: Cells, *, size: float = 0.05) -> tuple[str, ...]:
    """What differs, one sentence a test that rejects at `size` after Holm's adjustment over all of them.

    A test of equal errors would also reject where only the shares differ, as errors follow the shares. So the gold is
    taken apart by label, and three things are asked of it given that label: whether the decisions' errors differ between
    the design's periods and between spans of each key (the drift test); whether probabilities scatter between cells, or
    between values of a key, more than chance allows; and whether they move along a numeric key or with the predicted share
    of the cell.
    """
    found = []
    for label in range(len(frame.label_names)):
        found += _drift(frame, cells, label)
        found += _probabilities(frame, cells, label)
    adjusted = holm([p_value for _, p_value in found])
    ranked = sorted(
        (p_value, sentence) for (sentence, _), p_value in zip(found, adjusted, strict=True) if p_value < size
    )
    return tuple(f"{sentence} (p = {p_value:.2g})" for p_value, sentence in ranked)


def _drift(frame: Frame, cells: Cells, label: int) -> list[tuple[str, float]]:
    """The drift test of both rates; left out where draws brought many passages, as few draws tell little of either rate."""
    if gold_draws(frame)[1]:
        return []
    keys = {f"spans of {name}": spans(frame.keys[name], frame.gold_rows) for name in cells.keys}
    keyed = replace(frame, keys={**frame.keys, **keys})
    bys: list[str | None] = [*([None] if has_periods(frame) else []), *keys]
    found = []
    for by in bys:
        for test in drift_tests(keyed, by, minimum_gold=10, quantities=RATES):
            if test.label == frame.label_names[label]:
                means = ", ".join(
                    f"{group} {mean:.2f}" for group, mean in zip(test.groups, test.means, strict=True)
                )
                sentence = (
                    f"the {test.quantity} of '{test.label}' differs between {by or 'periods'} in stratum "
                    f"'{test.stratum}', {means}"
                )
                found.append((sentence, test.p_value))
    return found


def _probabilities(frame: Frame, cells: Cells, label: int) -> list[tuple[str, float]]:
    """Scatter and lines of the probabilities given the label."""
    import numpy as np

    from headwinds.measure.encode import encode

    what = f"given the label, probabilities of '{frame.label_names[label]}'"
    draws, _ = gold_draws(frame)
    score = _normal_scores(frame, label)
    groups = {name: encode(frame.keys[name])[0][frame.gold_rows] for name in cells.keys}
    if len(cells.keys) > 1:
        groups["cell"] = cells.code[frame.gold_rows]
    found = [
        (f"{what} differ between values of {name}", spread_p_value(score, group, draws))
        for name, group in groups.items()
    ]
    for name in cells.keys:
        column = frame.keys[name]
        if np.issubdtype(column.dtype, np.number) and len(groups) > 0:
            line = column[frame.gold_rows].astype(np.float64)
            found.append((f"{what} move with {name}", line_p_value(score, line, draws)))
    if len(cells) > 2:
        share = _share_of_others(frame, cells, label)
        found.append((f"{what} move with the predicted share of the cell", line_p_value(score, share, draws)))
    return found


def _normal_scores(frame: Frame, label: int) -> NDArray[np.float64]:
    """Ranks of the gold's probabilities within stratum and label, as quantiles of a normal variable (van der Waerden)."""
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import rankdata

    held = frame.gold_labels[:, label].astype(np.int64)
    home = np.unique(frame.stratum_code[frame.gold_rows] * 2 + held, return_inverse=True)[1]
    probability = frame.probability[frame.gold_rows, label]
    found = np.zeros(len(held))
    for one in range(int(home.max(initial=-1)) + 1):
        inside = home == one
        found[inside] = ndtri(rankdata(probability[inside]) / (inside.sum() + 1))
    return found


def _share_of_others(frame: Frame, cells: Cells, label: int) -> NDArray[np.float64]:
    """Share of decisions among the other documents of each gold passage's cell, so that none is compared with itself."""
    import numpy as np

    decided = frame.label[:, label].astype(np.float64)
    size = len(cells)
    width = int(frame.document_code.max(initial=0)) + 1
    home = np.unique(cells.code * width + frame.document_code, return_inverse=True)[1]
    own = np.bincount(home, weights=decided)[home][frame.gold_rows]
    own_count = np.bincount(home)[home][frame.gold_rows]
    cell = cells.code[frame.gold_rows]
    rest = np.bincount(cells.code, minlength=size)[cell] - own_count
    total = np.bincount(cells.code, weights=decided, minlength=size)[cell] - own
    found: NDArray[np.float64] = np.where(rest > 0, total / np.maximum(rest, 1), decided.mean())
    return found


def has_periods(frame: Frame) -> bool:
    """Whether the design's strata are cut by period."""
    heads = [stratum_values(name)[0] for name in frame.stratum_names]
    return len(set(heads)) < len(heads)


def spans(values: NDArray[Any], gold: NDArray[np.int64]) -> NDArray[np.str_]:
    """The values themselves where they are few, else spans of sorted values (years) with about as much gold each."""
    import numpy as np

    from headwinds.measure.encode import encode

    code, distinct = encode(values)
    if len(distinct) <= GROUPS:
        single: NDArray[np.str_] = np.array([str(value) for value in distinct])[code]
        return single
    count = np.bincount(code[gold], minlength=len(distinct))
    before = np.cumsum(count) - count / 2
    span = np.minimum((before / max(count.sum(), 1) * GROUPS).astype(np.int64), GROUPS - 1)
    names = []
    for number in range(GROUPS):
        inside = np.flatnonzero(span == number)
        names.append(f"{distinct[inside[0]]}-{distinct[inside[-1]]}" if len(inside) else "")
    found: NDArray[np.str_] = np.array(names)[span[code]]
    return found
