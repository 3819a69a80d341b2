"""Labels that may hold together, classes of which one holds, and scores on a scale: what each kind must satisfy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cells import Cells
    from headwinds.measure.frame import Frame

SUM_TOLERANCE = 1e-3
"""Probabilities that were written with three decimals still add up."""
MEAN_SCORE = "mean score"
"""The unit of an index of graded labels."""


def check_kind(kind: str, value_range: tuple[float, float], label_names: tuple[str, ...]) -> None:
    """Refuse a kind that does not exist, an empty scale, and a choice between fewer than two classes.

    Raises
    ------
    SettingsError
        One of these.
    """
    from headwinds.measure.frame import KINDS

    if kind not in KINDS:
        raise SettingsError(f"there is no kind of labels '{kind}'; the kinds are {', '.join(KINDS)}.")
    if kind == "multi-class" and len(label_names) < 2:
        raise SettingsError(f"multi-class labels need at least two classes, there is only {label_names}.")
    low, high = value_range
    if not low < high:
        raise SettingsError(
            f"value_range = ({low}, {high}) is empty: expected the lower end, then the upper."
        )
    if kind != "score" and (low, high) != (0.0, 1.0):
        raise SettingsError(f"value_range belongs to kind 'score'; shares of {kind} labels lie in [0, 1].")


def check_held(truth: NDArray[Any], gold: NDArray[np.int64], label_names: tuple[str, ...]) -> None:
    """Refuse gold labels that are neither held nor not: a missing one would be taken for true.

    Raises
    ------
    DataError
        The first of them, and how many there are.
    """
    import numpy as np

    if truth.dtype == bool:
        return
    bad = ~((truth == 0) | (truth == 1))
    if bad.any():
        place, column = np.argwhere(bad)[0]
        raise DataError(
            f"gold label of '{label_names[column]}' in row {gold[place]} is {truth[place, column]}, expected 0 or 1 "
            f"({int(bad.sum())} such).",
            remedy="Leave passages that were not read out of the gold; graded labels are of kind 'score'.",
        )


def check_classes(probability: NDArray[np.float64], truth: NDArray[Any], gold: NDArray[np.int64]) -> None:
    """Refuse classes that do not add up to one, in the predictions or in the gold.

    Raises
    ------
    DataError
        The first passage that does not, and how many there are.
    """
    import numpy as np

    total = probability.sum(axis=1)
    off = np.abs(total - 1) > SUM_TOLERANCE
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise DataError(
            f"the probabilities of the classes in row {row} add up to {total[row]:.4f}, expected 1 "
            f"(such rows: {int(off.sum())}).",
            remedy="Give the softmax of the classes; if several labels may hold at once, the kind is 'multi-label'.",
        )
    held = truth.astype(bool).sum(axis=1)
    wrong = held != 1
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"gold passage in row {gold[place]} holds {held[place]} classes, expected one ({int(wrong.sum())} such).",
            remedy="Give one class to each gold passage; if several may hold at once, the kind is 'multi-label'.",
        )


def scale_scores(
    probability: NDArray[np.float64],
    truth: NDArray[Any],
    value_range: tuple[float, float],
    label_names: tuple[str, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predicted and gold scores from their scale to [0, 1].

    Raises
    ------
    DataError
        A score lies outside the scale or is missing.
    """
    import numpy as np

    low, high = value_range
    scaled = []
    for name, array in (("predicted", probability), ("gold", truth)):
        values = (np.asarray(array, dtype=np.float64) - low) / (high - low)
        bad = ~((values >= -1e-12) & (values <= 1 + 1e-12))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise DataError(
                f"{name} score of '{label_names[column]}' in row {row} is {np.asarray(array)[row, column]}, expected a "
                f"number in [{low}, {high}] ({int(bad.sum())} such).",
                remedy="Give the ends of the scale as value_range, and no missing scores.",
            )
        scaled.append(np.clip(values, 0.0, 1.0))
    return scaled[0], scaled[1]


def in_units(indicator: Indicator, frame: Frame) -> Indicator:
    """An indicator in [0, 1] in the units of the frame's scale, as a mean score; shares stay as they are."""
    if frame.kind != "score":
        return indicator
    low, high = frame.value_range
    span = high - low
    berkson = indicator.berkson_variance
    return replace(
        indicator,
        value=low + span * indicator.value,
        lower=low + span * indicator.lower,
        upper=low + span * indicator.upper,
        sampling_variance=span**2 * indicator.sampling_variance,
        berkson_variance=None if berkson is None else span**2 * berkson,
        audit_factor=span * indicator.audit_factor,
        unit=MEAN_SCORE,
    )


def sum_to_one(indicator: Indicator, frame: Frame) -> Indicator:
    """Classes that do not quite add up in a cell are moved to it, each in proportion to its variance.

    Every class is corrected with a weight of its own, so their sum misses one by an error whose mean is zero; with
    independent errors this is the least-squares way to take it away (Deming and Stephan 1940). Widths stay as they were,
    which is never too narrow.
    """
    import numpy as np

    if frame.kind != "multi-class":
        return indicator
    labels = len(frame.label_names)
    value = indicator.value.reshape(labels, -1)
    variance = indicator.variance.reshape(labels, -1)
    weight = np.where(np.isfinite(variance), variance, 0.0)
    total = weight.sum(axis=0)
    weight = np.divide(weight, total, out=np.full_like(weight, 1 / labels), where=total > 0)
    move = (weight * (1 - value.sum(axis=0))).reshape(-1)
    move = np.where(np.isfinite(move), move, 0.0)
    lower, upper = indicator.lower + move, indicator.upper + move
    return replace(
        indicator,
        value=indicator.value + move,
        lower=np.where(np.isnan(lower), lower, np.clip(lower, 0.0, 1.0)),
        upper=np.where(np.isnan(upper), upper, np.clip(upper, 0.0, 1.0)),
    )


def span_of(frame: Frame) -> float:
    """How long the scale is that [0, 1] stands for in the frame: one for shares."""
    low, high = frame.value_range
    return high - low


def empty_indicator(frame: Frame, cells: Cells, method: str) -> Indicator:
    """An indicator of nothing yet: rows by label, then cell, with their counts."""
    import numpy as np

    from headwinds.contracts.indicator import Indicator
    from headwinds.measure.cell_counts import count_cells

    labels, size = len(frame.label_names), len(cells)
    documents, passages, gold = count_cells(frame, cells)
    nothing = np.full(labels * size, np.nan)
    return Indicator(
        keys=cells.keys,
        cells=cells.values * labels,
        labels=tuple(name for name in frame.label_names for _ in range(size)),
        value=nothing,
        sampling_variance=nothing,
        audit_factor=np.zeros((labels * size, 0)),
        lower=nothing,
        upper=nothing,
        documents=np.tile(documents, labels),
        passages=np.tile(passages, labels),
        gold=np.tile(gold, labels),
        pooled=("",) * (size * labels),
        method=method,
    )
