"""Where the width of an interval comes from, and what more labels would buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import pyarrow as pa

    from headwinds.measure.cells import Cells
    from headwinds.measure.decomposition import Decomposition
    from headwinds.measure.frame import Frame
    from headwinds.measure.settings import EstimatorSettings


def width_by_stratum(frame: Frame, cells: Cells, settings: EstimatorSettings | None = None) -> pa.Table:
    """How much of each estimate's variance and width each stratum brings, for the difference estimator.

    Returns
    -------
    pyarrow.Table
        The cell's keys, `label`, `stratum`, `variance`, `share_of_variance` (adds up to 1 in a cell), `width` (of the
        interval as it is), `width_without` (were this stratum's share known exactly) and `share_of_width`
        (1 - width_without / width; these need not add up, as widths do not add).
    """
    import numpy as np
    import pyarrow as pa

    from headwinds.measure.decomposition import decompose, interval
    from headwinds.measure.label_kinds import span_of
    from headwinds.measure.pools import sums
    from headwinds.measure.settings import EstimatorSettings

    settings = settings or EstimatorSettings()
    parts = decompose(frame, cells, settings)
    lower, upper = interval(parts, settings.level)
    names = parts.parts.coarse_names
    variance = parts.sampling + parts.correction + parts.counted
    coarse = parts.pools.coarse[parts.pool]
    total = sums(parts.cell, variance, len(cells)) + (parts.slope_error**2).sum(axis=2)
    columns: dict[str, list[Any]] = {}
    for number, name in enumerate(names):
        low, high = interval(parts, settings.level, without=number)
        own = sums(parts.cell, np.where((coarse == number)[:, None], variance, 0.0), len(cells))
        own = own + parts.slope_error**2 @ (parts.slope_stratum == number)
        with np.errstate(divide="ignore", invalid="ignore"):
            table: dict[str, Any] = {
                **_head(frame, cells),
                "stratum": [name] * (len(cells) * len(frame.label_names)),
                "variance": span_of(frame) ** 2 * own.T.reshape(-1),
                "share_of_variance": (own / total).T.reshape(-1),
                "width": span_of(frame) * (upper - lower).T.reshape(-1),
                "width_without": span_of(frame) * (high - low).T.reshape(-1),
                "share_of_width": (1 - (high - low) / (upper - lower)).T.reshape(-1),
            }
        for key, column in table.items():
            columns.setdefault(key, []).extend(column)
    return pa.table(columns)


def label_gain(
    frame: Frame,
    cells: Cells,
    stratum: str,
    additional: tuple[int, ...] = (100, 500, 1000),
    settings: EstimatorSettings | None = None,
) -> pa.Table:
    """The width to expect after so many more labels in a stratum, spread over its periods as the gold is now.

    It assumes that the new labels look like the old: the same share of positives (none, if none was seen) and the same
    spread of residuals. Where fewer passages are left to be labelled, it is told for as many as are left.

    Returns
    -------
    pyarrow.Table
        The cell's keys, `label`, `stratum`, `additional`, `width` now and `width_expected`.

    Raises
    ------
    SettingsError
        If there is no such stratum.
    """
    import pyarrow as pa

    from headwinds.measure.decomposition import decompose, interval
    from headwinds.measure.label_kinds import span_of
    from headwinds.measure.settings import EstimatorSettings

    settings = settings or EstimatorSettings()
    parts = decompose(frame, cells, settings)
    if stratum not in parts.parts.coarse_names:
        raise SettingsError(
            f"there is no stratum '{stratum}'; there are {', '.join(parts.parts.coarse_names)}."
        )
    number = parts.parts.coarse_names.index(stratum)
    lower, upper = interval(parts, settings.level)
    columns: dict[str, list[Any]] = {}
    left = _unlabelled(frame, parts, number)
    for extra in dict.fromkeys(min(extra, left) for extra in additional):
        low, high = interval(parts, settings.level, more=(number, _shrink(frame, parts, number, extra)))
        rows = len(cells) * len(frame.label_names)
        gained: dict[str, Any] = {
            **_head(frame, cells),
            "stratum": [stratum] * rows,
            "additional": [extra] * rows,
            "width": span_of(frame) * (upper - lower).T.reshape(-1),
            "width_expected": span_of(frame) * (high - low).T.reshape(-1),
        }
        for key, column in gained.items():
            columns.setdefault(key, []).extend(column)
    return pa.table(columns)


def _unlabelled(frame: Frame, parts: Decomposition, number: int) -> int:
    """Passages of a stratum that are at hand and have no gold label."""
    import numpy as np

    within = parts.parts.coarse_of_stratum[frame.stratum_code] == number
    return int(np.sum(within)) - int(np.sum(within[frame.gold_rows]))


def _shrink(frame: Frame, parts: Decomposition, number: int, extra: int) -> float:
    """Factor on the variance of a stratum's corrections when `extra` labels are added to those it has."""
    import numpy as np

    coarse = parts.parts.coarse_of_stratum
    now = int(np.sum(coarse[frame.stratum_code[frame.gold_rows]] == number))
    size = float(parts.parts.stratum_size[coarse == number].sum())
    then = min(now + extra, size)
    left, will = 1 - now / size, 1 - then / size
    return now / then * (will / left if left > 0 else 0.0)


def _head(frame: Frame, cells: Cells) -> dict[str, list[Any]]:
    labels = frame.label_names
    head: dict[str, list[Any]] = {
        name: [value[place] for value in cells.values] * len(labels) for place, name in enumerate(cells.keys)
    }
    head["label"] = [label for label in labels for _ in range(len(cells))]
    return head
