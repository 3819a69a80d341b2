"""The rows of a regression in which an index stands, with the index's error beside every number of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Indicator
from headwinds.errors import EstimationError, MismatchError
from headwinds.explain.lone_rows import lone_rows
from headwinds.explain.measured.outcome_rows import cells_of, outcome_rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Design:
    """The rows of the regression.

    Attributes
    ----------
    outcome
        Shape (rows,).
    index
        Shape (rows, labels): lagged index values, in units of `scale`.
    variance
        Shape (rows, labels): their classical sampling variances, same scale squared.
    factor
        Shape (rows, labels, factors): the errors that rows share, same scale; a factor is one standard normal error.
    scale
        Shape (labels,): what one unit of `index` is: a standard deviation of each over these rows, or 1.
    labels
        Names of the index columns.
    effects
        One array of codes from 0 an effect, shape (rows,) each.
    effect_names
        Their names, for the words.
    cluster
        Shape (rows,): codes from 0 of the groups within which errors may hang together.
    cluster_name
        Its name.
    controls
        Shape (rows, controls): regressors that are known exactly, in units of `control_scale`.
    control_names
        Their names.
    outcome_variance, outcome_factor
        Shapes (rows,) and (rows, factors): the outcome's own error where the outcome is an index too; the factors are
        those of `factor`. Zero where the outcome is known.
    entity, period
        Shape (rows,): whose and which period's outcome each row is, as the panel names them.
    dropped
        Rows of the panel that have an outcome and no usable index or control.
    control_scale
        Shape (controls,): what one unit of `controls` is, a power of two near its standard deviation, so that a control
        in dollars leaves the others their digits; None for 1. Estimates are per unit of the control itself.
    without_value
        Rows of the panel that have no outcome, or one whose error is not known.
    error_correlation
        Shape (labels, labels): of the sampling errors of one row's index values; None where they are taken as independent.
    outcome_correlation
        Shape (labels,): of the outcome's own sampling error with those; None where they are of other cells or not known.
    """

    outcome: NDArray[np.float64]
    index: NDArray[np.float64]
    variance: NDArray[np.float64]
    factor: NDArray[np.float64]
    scale: NDArray[np.float64]
    labels: tuple[str, ...]
    effects: tuple[NDArray[np.int64], ...]
    effect_names: tuple[str, ...]
    cluster: NDArray[np.int64]
    cluster_name: str
    controls: NDArray[np.float64]
    control_names: tuple[str, ...]
    outcome_variance: NDArray[np.float64]
    outcome_factor: NDArray[np.float64]
    entity: NDArray[np.str_]
    period: NDArray[np.int64]
    dropped: int
    control_scale: NDArray[np.float64] | None = None
    without_value: int = 0
    error_correlation: NDArray[np.float64] | None = None
    outcome_correlation: NDArray[np.float64] | None = None

    @property
    def row_errors(self) -> NDArray[np.float64] | None:
        """Covariances of the errors of each row's regressors, (rows, p, p); None where none hang together."""
        import numpy as np

        if self.error_correlation is None:
            return None
        labels, size = len(self.labels), len(self.names)
        error = np.sqrt(self.variance)
        found = np.zeros((len(self.outcome), size, size))
        found[:, :labels, :labels] = error[:, :, None] * error[:, None, :] * self.error_correlation
        return found

    @property
    def row_crossed(self) -> NDArray[np.float64] | None:
        """Covariances of the outcome's error with those of each row's regressors, (rows, p); None where there are none."""
        import numpy as np

        if self.outcome_correlation is None:
            return None
        found = np.zeros((len(self.outcome), len(self.names)))
        error = np.sqrt(self.variance) * np.sqrt(self.outcome_variance)[:, None]
        found[:, : len(self.labels)] = error * self.outcome_correlation
        return found

    def drawn_errors(self, normal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sampling errors from independent standard normals of shape (rows, labels, ...)."""
        import numpy as np

        if self.error_correlation is not None:
            value, vector = np.linalg.eigh(self.error_correlation)
            normal = np.einsum("kj,rj...->rk...", vector * np.sqrt(np.maximum(value, 0.0)), normal)
        spread = np.sqrt(self.variance)
        drawn: NDArray[np.float64] = normal * spread.reshape(*spread.shape, *[1] * (normal.ndim - 2))
        return drawn

    def outcome_errors(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the outcome errs by as it goes with drawn errors of the indices, (rows, labels, ...): shape (rows, ...)."""
        import numpy as np

        if self.outcome_correlation is None:
            return np.zeros((drawn.shape[0], *drawn.shape[2:]))
        share = self.outcome_correlation
        if self.error_correlation is not None:
            share = np.linalg.pinv(self.error_correlation) @ share
        error = np.sqrt(self.variance)
        slope = np.divide(share, error, out=np.zeros_like(error), where=error > 0)
        slope = slope * np.sqrt(self.outcome_variance)[:, None]
        found: NDArray[np.float64] = np.einsum("rk,rk...->r...", slope, drawn)
        return found

    @property
    def unit(self) -> NDArray[np.float64]:
        """By what each coefficient is divided to be told: 1 of an index, `control_scale` of a control."""
        import numpy as np

        scale = np.ones(len(self.control_names)) if self.control_scale is None else self.control_scale
        return np.concatenate([np.ones(len(self.labels)), scale])

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return int(self.cluster.max()) + 1

    @property
    def lone(self) -> NDArray[np.bool_]:
        """Rows that tell nothing within the effects, as they are alone in one; shape (rows,)."""
        return lone_rows(self.effects, len(self.outcome))

    @property
    def telling_clusters(self) -> int:
        """How many clusters have a row that is not alone in an effect."""
        import numpy as np

        return int(np.count_nonzero(np.bincount(self.cluster[~self.lone])))

    @property
    def entities(self) -> int:
        """How many entities the rows come from."""
        import pandas as pd

        if "entity" in self.effect_names:
            return int(self.effects[self.effect_names.index("entity")].max()) + 1
        return len(pd.unique(self.entity))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all coefficients: the index columns, then the controls."""
        return (*self.labels, *self.control_names)


def make_design(
    outcome: pd.DataFrame | Indicator,
    indicator: Indicator | Sequence[Indicator],
    *,
    labels: Sequence[str],
    lag: int,
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("entity", "period"),
    cluster: str = "entity",
    panel: pd.DataFrame | None = None,
    outcome_label: str | None = None,
    standardise: bool = True,
) -> Design:
    """Match outcome and lagged index by entity and calendar period; every match is kept, what is not is counted.

    Parameters
    ----------
    outcome
        Columns `entity`, `period`, `value`, and any others that are named below; or an Indicator, which then is measured
        with error too.
    indicator
        One index or several, each keyed by entity and period in that order, in any names.
    labels
        Which labels enter, together.
    lag
        Calendar periods by which the index precedes the outcome.
    controls, effects, cluster
        Columns of `outcome` (or of `panel`): regressors known exactly; effects to absorb; groups of errors.
    panel
        Columns `entity`, `period` and more, where the outcome is an Indicator or lacks them.
    outcome_label
        Which label of an outcome that is an Indicator; not needed where it has one.
    standardise
        Whether coefficients are per standard deviation of each index over these rows, or per unit.

    Raises
    ------
    DataError
        The outcome or a control holds something that is not a number, a period is no whole number, or the panel has an
        entity and period twice; the row is told.
    MismatchError
        Index and panel share no entity-period; a label or column is not there.
    EstimationError
        One entity, period or cluster; an index that does not vary.
    """
    import numpy as np

    indices = (indicator,) if isinstance(indicator, Indicator) else tuple(indicator)
    found = outcome_rows(outcome, outcome_label, panel, controls=controls, groups=(*effects, cluster))
    frame, own = found.table, found.own
    place = _places(indices, labels, frame, lag)
    known = np.all(place >= 0, axis=1)
    for name in controls:
        known &= np.isfinite(frame[name].to_numpy(dtype=float))
    if not known.any():
        raise _no_overlap(frame, indices, lag)
    chosen, place = frame[known], place[known]
    entities = np.unique(chosen["entity"].to_numpy(dtype=str))
    periods = np.unique(chosen["period"].to_numpy())
    if {"entity", "period"} <= set(effects) and (len(entities) < 2 or len(periods) < 2):
        raise EstimationError(
            f"Entities: {len(entities)}, periods: {len(periods)}; two-way effects need two of each."
        )
    codes = {name: _codes(chosen[name]) for name in dict.fromkeys((*effects, cluster))}
    telling = chosen[~lone_rows([codes[name] for name in effects], len(chosen))]
    telling = telling if len(telling) else chosen
    if telling[cluster].nunique() < 2:
        raise EstimationError(
            f"All {len(telling)} rows are in one cluster ({cluster}): an error that allows for dependence within it "
            "cannot be computed.",
            remedy="Cluster by what there is more of.",
        )
    own_rows = chosen["_row"].to_numpy() if own is not None else np.zeros(0, dtype=np.int64)
    value, variance, factor, outcome_factor = _stack(indices, labels, place, own, own_rows)
    scale = value.std(axis=0, ddof=1)
    still = scale <= 1e-12 * np.abs(value).max(axis=0)
    if still.any():
        raise EstimationError(
            f"The index {list(labels)[int(np.argmax(still))]!r} does not vary over these rows."
        )
    if not standardise:
        scale = np.ones(len(labels))
    held = chosen[list(controls)].to_numpy(dtype=float).reshape(len(chosen), -1)
    size = _powers_of_two(held)
    return Design(
        outcome=chosen["value"].to_numpy(dtype=float),
        index=value / scale,
        variance=variance / scale**2,
        factor=factor / scale[None, :, None],
        scale=scale,
        labels=tuple(labels),
        effects=tuple(codes[name] for name in effects),
        effect_names=tuple(effects),
        cluster=codes[cluster],
        cluster_name=cluster,
        controls=held / size,
        control_names=tuple(controls),
        outcome_variance=np.zeros(len(chosen)) if own is None else own.classical_variance[own_rows],
        outcome_factor=outcome_factor,
        entity=chosen["entity"].to_numpy(dtype=str),
        period=chosen["period"].to_numpy(dtype=np.int64),
        dropped=len(frame) - len(chosen),
        without_value=found.without_value,
        control_scale=size,
        error_correlation=_error_correlation(indices, labels),
        outcome_correlation=_outcome_correlation(indices, labels, own, own_rows) if lag == 0 else None,
    )


def _error_correlation(indices: tuple[Indicator, ...], labels: Sequence[str]) -> NDArray[np.float64] | None:
    """Of labels of one index what it says; those of different indices are independent."""
    import numpy as np

    found = np.eye(len(labels))
    homes = [home_of(label, indices) for label in labels]
    for one, first in enumerate(homes):
        for two, second in enumerate(homes):
            if one != two and first is second and first.label_correlation is not None:
                order = list(dict.fromkeys(first.labels))
                found[one, two] = first.label_correlation[order.index(labels[one]), order.index(labels[two])]
    return None if np.array_equal(found, np.eye(len(labels))) else found


def _outcome_correlation(
    indices: tuple[Indicator, ...], labels: Sequence[str], own: Indicator | None, own_rows: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Where the outcome is a label of the same index in the same period: how its error goes with those of the others."""
    import numpy as np

    if own is None or own.label_correlation is None:
        return None
    order = list(dict.fromkeys(own.labels))
    row = own.label_correlation[order.index(own.labels[int(own_rows[0])])]
    found = np.array([row[order.index(label)] if home_of(label, indices) is own else 0.0 for label in labels])
    return found if found.any() else None


def _powers_of_two(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """A power of two near each column's standard deviation: dividing by it loses no digit."""
    import numpy as np

    spread = columns.std(axis=0)
    return np.exp2(np.round(np.log2(np.where(spread > 0, spread, 1.0))))


def _places(
    indices: tuple[Indicator, ...], labels: Sequence[str], frame: pd.DataFrame, lag: int
) -> NDArray[np.int64]:
    """Row of each label's index that goes with each row of the frame, shape (rows, labels); -1 where none is usable."""
    import numpy as np
    import pandas as pd

    wanted = pd.MultiIndex.from_arrays(
        [frame["entity"].astype(str), frame["period"].to_numpy().astype(np.int64) - lag]
    )
    columns = []
    for label in labels:
        index = home_of(label, indices)
        rows = np.array([row for row, name in enumerate(index.labels) if name == label])
        usable = np.isfinite(index.value[rows]) & np.isfinite(index.classical_variance[rows])
        rows = rows[usable]
        cells = cells_of(index, rows.tolist())
        found = pd.MultiIndex.from_frame(cells).get_indexer(wanted)
        columns.append(np.where(found >= 0, rows[found] if len(rows) else -1, -1))
    return np.column_stack(columns).astype(np.int64)


def home_of(label: str, indices: tuple[Indicator, ...]) -> Indicator:
    """The index that has this label.

    Raises
    ------
    MismatchError
        None has it, or more than one.
    """
    homes = [index for index in indices if label in index.labels]
    if len(homes) != 1:
        there = ", ".join(dict.fromkeys(name for index in indices for name in index.labels))
        how = "no label" if not homes else "more than one label"
        raise MismatchError(f"The index has {how} {label!r}; it has {there}.")
    return homes[0]


def _stack(
    indices: tuple[Indicator, ...],
    labels: Sequence[str],
    place: NDArray[np.int64],
    own: Indicator | None,
    own_rows: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, variances and factors of the rows; factors of different indices are different errors."""
    import numpy as np

    homes = [home_of(label, indices) for label in labels]
    sources: list[Indicator] = []
    for index in (*homes, *([own] if own is not None else [])):
        if not any(index is seen for seen in sources):
            sources.append(index)
    starts, start = {}, 0
    for index in sources:
        starts[id(index)] = start
        start += index.common_factor.shape[1]
    rows = len(place)
    value, variance = np.empty((rows, len(labels))), np.empty((rows, len(labels)))
    factor, outcome_factor = np.zeros((rows, len(labels), start)), np.zeros((rows, start))
    for number, index in enumerate(homes):
        at = place[:, number]
        value[:, number], variance[:, number] = index.value[at], index.classical_variance[at]
        common, begin = index.common_factor[at], starts[id(index)]
        factor[:, number, begin : begin + common.shape[1]] = common
    if own is not None:
        common, begin = own.common_factor, starts[id(own)]
        outcome_factor[:, begin : begin + common.shape[1]] = common[own_rows]
    used = np.any(factor, axis=(0, 1)) | np.any(outcome_factor, axis=0)
    return value, variance, factor[:, :, used], outcome_factor[:, used]


def _codes(column: pd.Series) -> NDArray[np.int64]:
    """Codes from 0 in the order of the values; a value that is missing is refused."""
    import numpy as np

    if column.isna().any():
        raise MismatchError(
            f"Rows that would enter and in which column {column.name!r} is empty: {int(column.isna().sum())}.",
            remedy="Fill it or leave those rows out.",
        )
    _, codes = np.unique(column.to_numpy(), return_inverse=True)
    return codes.astype(np.int64)


def _no_overlap(frame: pd.DataFrame, indices: tuple[Indicator, ...], lag: int) -> MismatchError:
    years = sorted({int(cell[1]) for index in indices for cell in index.cells})
    if frame.empty:
        return MismatchError("The outcome has no row with a number.")
    return MismatchError(
        f"The panel (years {int(frame['period'].min())}-{int(frame['period'].max())}) and the index (years "
        f"{years[0]}-{years[-1]}, lag {lag}) share no entity-year.",
        remedy="Check the codes of the entities and the years.",
    )
