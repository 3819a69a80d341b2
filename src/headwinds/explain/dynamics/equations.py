"""The equations and instruments of a dynamic panel, entity by entity, summed into moments.

The model is ``y_it = sum_l a_l y_i,t-l + b'x_it + period effect + mu_i + e_it``. In differences mu_i is gone,

    D y_it = sum_l a_l D y_i,t-l + b' D x_it + D e_it,

and y_i,t-2 and earlier are valid instruments (Holtz-Eakin, Newey, Rosen 1988; Arellano, Bond 1991). The system adds the
equations in levels, instrumented by D y_i,t-1, which is valid if changes are unrelated to mu_i (Blundell, Bond 1998). An
internal instrument has a column for each period and lag, or, collapsed, one for each lag (Roodman 2009); what is missing
is 0. An external one is D z in differences and, where it is taken for unrelated to mu_i, z in levels, in one column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError
from headwinds.explain.dynamics.grid import Grid, lagged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

BLOCK = 256


@dataclass(frozen=True, slots=True)
class Specification:
    """What stands in the model.

    Attributes
    ----------
    outcome, lags
        y, and how many of its lags stand on the right.
    regressors
        x.
    internal
        By series, the first and last lag (None: as far as the data go) that instruments the differences.
    external
        Series that instrument themselves.
    external_in_levels
        Whether they instrument the levels too, which takes them for unrelated to mu_i.
    system, collapse, period_effects
        Whether levels are added, instruments collapsed, and each period has a dummy.
    """

    outcome: str
    lags: int
    regressors: tuple[str, ...]
    internal: Mapping[str, tuple[int, int | None]]
    external: tuple[str, ...]
    external_in_levels: bool
    system: bool
    collapse: bool
    period_effects: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """All that the estimator needs; N entities, T periods, L instruments, k coefficients.

    Attributes
    ----------
    names
        Of the k coefficients.
    zx, zy
        Z_i'X_i, shape (N, L, k), and Z_i'y_i, shape (N, L).
    zhz
        sum_i Z_i'H_i Z_i, shape (L, L), with H_i the covariance of the errors, up to a factor, if the e_it are white noise.
    x, y
        Differenced equations for the tests of autocorrelation, shapes (N, T, k) and (N, T); 0 where there is none.
    equations
        How many differenced equations, and (system) equations in levels, have data.
    xx
        sum X_i'X_i over all equations, to find collinear regressors.
    """

    names: tuple[str, ...]
    zx: NDArray[np.float64]
    zy: NDArray[np.float64]
    zhz: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    equations: tuple[int, int]
    xx: NDArray[np.float64]


def make_moments(grid: Grid, specification: Specification) -> Moments:
    """Sum over blocks of entities, so that the instruments of all entities never stand in memory together."""
    import numpy as np

    names, right, external = _sides(grid, specification)
    outcome = grid.series[specification.outcome]
    there = np.isfinite(outcome) & np.isfinite(right).all(axis=2) & np.isfinite(external).all(axis=2)
    before = np.zeros_like(there)
    before[:, 1:] = there[:, :-1]
    differenced = there & before
    there, differenced, names, right, external = _with_effects(
        grid, specification, there, differenced, names, right, external
    )
    kept = differenced.any(axis=1) | (there.any(axis=1) if specification.system else False)
    columns = _instrument_columns(grid, specification, there, differenced)
    pieces = []
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise EstimationError(
            f"No entity has {specification.lags + 2} complete periods in a row, which an equation needs.",
            remedy="Take fewer lags or regressors, or fill the gaps in time.",
        )
    for start in range(0, len(rows), BLOCK):
        chosen = rows[start : start + BLOCK]
        pieces.append(
            _block(
                _taken(grid, chosen),
                specification,
                columns,
                (there[chosen], differenced[chosen]),
                (outcome[chosen], right[chosen], external[chosen]),
            )
        )
    zx, zy, x, y = (np.concatenate([piece[place] for piece in pieces]) for place in (0, 1, 3, 4))
    zhz, xx = (np.sum([piece[place] for piece in pieces], axis=0) for place in (2, 5))
    used = np.flatnonzero(np.diag(zhz) > 0)  # an instrument that no equation ever has is none
    return Moments(
        names=names,
        zx=zx[:, used],
        zy=zy[:, used],
        zhz=zhz[np.ix_(used, used)],
        x=x,
        y=y,
        equations=(int(differenced.sum()), int(there.sum()) if specification.system else 0),
        xx=xx,
    )


def _sides(
    grid: Grid, specification: Specification
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Names of the regressors, the regressors, and the external instruments, in levels."""
    import numpy as np

    outcome = grid.series[specification.outcome]
    past = [lagged(outcome, lag) for lag in range(1, specification.lags + 1)]
    names = tuple(f"{specification.outcome} lag {lag}" for lag in range(1, specification.lags + 1))
    right = np.stack([*past, *(grid.series[name] for name in specification.regressors)], axis=2)
    external = np.empty((*outcome.shape, 0))
    if specification.external:
        external = np.stack([grid.series[name] for name in specification.external], axis=2)
    return (*names, *specification.regressors), right, external


def _with_effects(
    grid: Grid,
    specification: Specification,
    there: NDArray[np.bool_],
    differenced: NDArray[np.bool_],
    names: tuple[str, ...],
    right: NDArray[np.float64],
    external: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Append the constant (system) and a dummy for each period with equations but the base, as their own instruments."""
    import numpy as np

    added, more = [], []
    if specification.system:
        added.append("constant")
        more.append(np.ones(there.shape))
    if specification.period_effects:
        live = there.any(axis=0) if specification.system else differenced.any(axis=0)
        places = np.flatnonzero(live)[1 if specification.system else 0 :]
        for place in places.tolist():
            dummy = np.zeros(there.shape)
            dummy[:, place] = 1
            added.append(f"period {grid.periods[place]}")
            more.append(dummy)
    if not more:
        return there, differenced, names, right, external
    effects = np.stack(more, axis=2)
    return (
        there,
        differenced,
        (*names, *added),
        np.concatenate([right, effects], axis=2),
        np.concatenate([external, effects], axis=2),
    )


def _instrument_columns(
    grid: Grid,
    specification: Specification,
    there: NDArray[np.bool_],
    differenced: NDArray[np.bool_],
) -> list[tuple[bool, str, int, tuple[int, ...]]]:
    """Internal instruments: whether for levels, series, lag, places of the periods that the column serves."""
    import numpy as np

    columns: list[tuple[bool, str, int, tuple[int, ...]]] = []
    for name, (first, last) in specification.internal.items():
        farthest = len(grid.periods) - 1 if last is None else min(last, len(grid.periods) - 1)
        wanted = [(False, differenced, range(first, farthest + 1))]
        if specification.system:
            wanted.append((True, there, range(first - 1, first)))
        for levels, rows, lags in wanted:
            places = tuple(np.flatnonzero(rows.any(axis=0)).tolist())
            for lag in lags:
                if specification.collapse:
                    columns.append((levels, name, lag, places))
                else:
                    columns.extend((levels, name, lag, (place,)) for place in places if place >= lag)
    return columns


def _taken(grid: Grid, rows: NDArray[np.int64]) -> Mapping[str, NDArray[np.float64]]:
    return {name: values[rows] for name, values in grid.series.items()}


def _block(
    series: Mapping[str, NDArray[np.float64]],
    specification: Specification,
    columns: Sequence[tuple[bool, str, int, tuple[int, ...]]],
    rows: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    sides: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], ...]:
    """Moments of some entities: (Z'X, Z'y, sum Z'HZ, differenced X, differenced y, sum X'X)."""
    import numpy as np

    there, differenced = rows
    outcome, right, external = sides
    shape = (*there.shape, len(columns) + external.shape[2])
    low, high = np.zeros(shape), np.zeros(shape)  # for the equations in differences, and in levels
    for number, (levels, name, lag, places) in enumerate(columns):
        values = lagged(series[name], lag)
        if levels:
            values = values - lagged(series[name], lag + 1)
        (high if levels else low)[:, list(places), number] = np.nan_to_num(values[:, list(places)])
    x, y = _difference(right), _difference(outcome)
    low[:, :, len(columns) :] = np.nan_to_num(_difference(external))
    x, y, low = (np.where(_wide(differenced, item), np.nan_to_num(item), 0.0) for item in (x, y, low))
    # H_i is the covariance of (D e, e): with M the matrix that makes (D e, e) of e, H = MM', so Z'HZ = (M'Z)'(M'Z).
    turned = low.copy()
    turned[:, :-1] -= low[:, 1:]
    zx, zy = np.einsum("ntl,ntk->nlk", low, x, optimize=True), np.einsum("ntl,nt->nl", low, y)
    xx = np.einsum("ntk,ntm->km", x, x, optimize=True)
    if specification.system:
        high[:, :, len(columns) :] = np.nan_to_num(external)
        if not specification.external_in_levels:  # the constant and the dummies stay
            high[:, :, len(columns) : len(columns) + len(specification.external)] = 0
        level_x, level_y, high = (
            np.where(_wide(there, item), np.nan_to_num(item), 0.0) for item in (right, outcome, high)
        )
        turned += high
        zx = zx + np.einsum("ntl,ntk->nlk", high, level_x, optimize=True)
        zy = zy + np.einsum("ntl,nt->nl", high, level_y)
        xx = xx + np.einsum("ntk,ntm->km", level_x, level_x, optimize=True)
    flat = turned.reshape(-1, shape[2])
    return zx, zy, flat.T @ flat, x, y, xx


def _difference(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change from the period before along the second axis; NaN in the first."""
    import numpy as np

    change = np.full_like(values, np.nan)
    change[:, 1:] = values[:, 1:] - values[:, :-1]
    return change


def _wide(mask: NDArray[np.bool_], like: NDArray[np.float64]) -> NDArray[np.bool_]:
    return mask if like.ndim == 2 else mask[:, :, None]
