"""Fixed effects of any number taken out of many columns at once, and the diagonal of the matrix that does it.

M, shape (rows, rows), is the matrix that leaves residuals of a regression on the dummies of all effects. It is never made.
The effect with most levels is eliminated (its Gram matrix is diagonal), the others are left in a small dense system S,
the Schur complement. A column then costs a few sparse sums, exact to rounding, and the diagonal of M,

    M_rr = 1 - 1/n_i(r) - u_r' S^+ u_r        with u_r = dummies of row r in the other effects, less their means over i(r),

is exact too. Where S would be too large (two effects of thousands of levels each), columns go through pyfixest's solver and
the diagonal is estimated by random signs (Hutchinson 1990), with its error told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

LARGEST_SYSTEM = 1500
LARGEST_TABLE = 2e7
PROBES = 20
MANY_ROWS = 20_000
TOLERANCE = 1e-9
RANK = 1e-9


@dataclass(frozen=True, slots=True)
class Projection:
    """What takes the effects out of columns of one set of rows.

    Attributes
    ----------
    rows, rank
        Number of rows; number of parameters that the effects use.
    diagonal
        Shape (rows,): M_rr, between 0 and 1.
    diagonal_error
        Relative standard error of ``sum(diagonal)``: 0 where it is exact.
    codes
        Shape (rows, effects): level of each row in each effect, from 0, the effect with most levels first.
    """

    rows: int
    rank: int
    diagonal: NDArray[np.float64]
    diagonal_error: float
    codes: NDArray[np.int64]
    direct: _Direct | None

    def residuals(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """M applied to columns of shape (rows,) or (rows, anything); what is left of a pure effect is exactly 0."""
        import numpy as np

        flat = np.ascontiguousarray(columns, dtype=float).reshape(self.rows, -1)
        if self.direct is None:
            left = _iterative(flat, self.codes)
        elif self.rows > MANY_ROWS:  # a column at a time stays in the processor's cache
            left = np.column_stack([self.direct.residuals(column.copy()) for column in flat.T])
        else:
            left = self.direct.residuals(flat)
        size = np.sqrt((left**2).sum(axis=0))
        left[:, size <= RANK * np.sqrt((flat**2).sum(axis=0))] = 0.0
        shaped: NDArray[np.float64] = left.reshape(np.shape(columns))
        return shaped


@dataclass(frozen=True, slots=True)
class _Direct:
    """The eliminated system: sparse dummies of the first effect and of the others, S^+, and the small tables between."""

    first: Any
    others: Any
    size: NDArray[np.float64]
    means: Any
    inverse: NDArray[np.float64]

    def residuals(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """M @ columns."""
        size = self.size.reshape(-1, *[1] * (columns.ndim - 1))
        mean = (self.first.T @ columns) / size
        left: NDArray[np.float64]
        if self.others.shape[1] == 0:
            left = columns - self.first @ mean
            return left
        small = self.inverse @ (self.others.T @ columns - self.means.T @ (size * mean))
        level = mean - self.means @ small
        left = columns - self.first @ level - self.others @ small
        return left


def make_projection(effects: Sequence[NDArray[np.int64]], rows: int, *, seed: int = 0) -> Projection:
    """Prepare to take these effects out of columns.

    Parameters
    ----------
    effects
        One array of codes from 0 an effect, shape (rows,) each; none at all takes out the mean.
    rows
        Number of rows.
    seed
        Of the random signs, where the diagonal has to be estimated.

    Raises
    ------
    EstimationError
        The effects leave no degree of freedom.
    """
    import numpy as np

    given = [np.asarray(effect, dtype=np.int64) for effect in effects] or [np.zeros(rows, dtype=np.int64)]
    given.sort(key=lambda code: -int(code.max()))
    codes = np.column_stack(given)
    levels = [int(code.max()) + 1 for code in given]
    rest = sum(levels[1:])
    if rest <= LARGEST_SYSTEM and rest * levels[0] <= LARGEST_TABLE:
        direct, rank, diagonal, error = _eliminate(given, levels, rows)
    else:
        direct, rank = None, _rank_by_components(given, levels)
        diagonal, error = _estimated_diagonal(codes, rows, rank, seed)
    if rank >= rows:
        raise EstimationError(
            f"The effects have {rank} parameters and there are {rows} rows: nothing is left to estimate from.",
            remedy="Take more periods or fewer effects.",
        )
    return Projection(rows, rank, diagonal, error, codes, direct)


def _eliminate(
    given: list[NDArray[np.int64]], levels: list[int], rows: int
) -> tuple[_Direct, int, NDArray[np.float64], float]:
    import numpy as np
    from scipy import sparse

    def dummies(code: NDArray[np.int64], count: int) -> Any:
        return sparse.csr_array((np.ones(rows), code, np.arange(rows + 1)), shape=(rows, count))

    first = dummies(given[0], levels[0])
    size = np.bincount(given[0], minlength=levels[0]).astype(float)
    diagonal = 1 - 1 / size[given[0]]
    if len(given) == 1:
        empty = sparse.csr_array((rows, 0))
        none = np.zeros((0, 0))
        return _Direct(first, empty, size, sparse.csr_array((levels[0], 0)), none), levels[0], diagonal, 0.0
    others = sparse.hstack(
        [dummies(code, count) for code, count in zip(given[1:], levels[1:], strict=True)], format="csr"
    )
    cross = (first.T @ others).tocsr()
    means = sparse.csr_array(sparse.diags_array(1 / size) @ cross)
    system = (others.T @ others).toarray() - (cross.T @ means).toarray()
    value, vector = np.linalg.eigh((system + system.T) / 2)
    kept = value > RANK * max(value.max(), 1)
    inverse = (vector[:, kept] / value[kept]) @ vector[:, kept].T
    table = means @ inverse  # (levels of the first, levels of the others)
    quadratic = np.asarray((means.multiply(table)).sum(axis=1)).ravel()[given[0]]
    offsets = np.cumsum([0, *levels[1:-1]])
    places = [code + offset for code, offset in zip(given[1:], offsets, strict=True)]
    for one in places:
        quadratic = quadratic - 2 * table[given[0], one]
        for two in places:
            quadratic = quadratic + inverse[one, two]
    return (
        _Direct(first, others, size, means, inverse),
        levels[0] + int(kept.sum()),
        diagonal - quadratic,
        0.0,
    )


def _iterative(columns: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Preconditioned least squares by pyfixest, which also manages effects that hardly overlap."""
    import numpy as np
    from pyfixest.core.demean import demean_within

    found, converged, _ = demean_within(
        np.asfortranarray(columns), np.asfortranarray(codes, dtype=np.uint32), tol=TOLERANCE
    )
    if not converged:
        raise EstimationError(
            "The effects could not be taken out: the solver did not converge.",
            remedy="Leave out levels that hardly overlap with the rest.",
        )
    left: NDArray[np.float64] = found
    return left


def _rank_by_components(given: list[NDArray[np.int64]], levels: list[int]) -> int:
    """Levels less the redundant ones: those of unconnected blocks for two effects, one an effect beyond (an upper bound)."""
    import numpy as np
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    edges = sparse.coo_array(
        (np.ones(len(given[0])), (given[0], given[1] + levels[0])), shape=(sum(levels[:2]), sum(levels[:2]))
    )
    blocks, _ = connected_components(edges, directed=False)
    return sum(levels) - int(blocks) - (len(levels) - 2)


def _estimated_diagonal(
    codes: NDArray[np.int64], rows: int, rank: int, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Hutchinson's estimate, drawn towards 1 - sum 1/n (exact where effects cross evenly), its sum set to rows - rank."""
    import numpy as np

    plain = np.ones(rows)
    for code in codes.T:
        plain -= 1 / np.bincount(code)[code]
    plain = np.clip(plain + (codes.shape[1] - 1) / rows, 0.0, 1.0)
    generator = np.random.default_rng(seed)
    total, squares = np.zeros(rows), np.zeros(rows)
    block = 10
    for _ in range(PROBES // block):
        signs = np.where(generator.integers(0, 2, (rows, block)) == 1, 1.0, -1.0)
        found = signs * _iterative(signs, codes)
        total += found.sum(axis=1)
        squares += (found**2).sum(axis=1)
    mean = total / PROBES
    noise = float(np.mean((squares / PROBES - mean**2) / (PROBES - 1)))
    gap = float(np.mean((mean - plain) ** 2))
    weight = (
        max(0.0, 1 - noise / gap) if gap > 0 else 0.0
    )  # how far the probes tell more than the plain formula
    diagonal = plain + weight * (mean - plain)
    diagonal *= (rows - rank) / diagonal.sum()
    return np.clip(diagonal, 0.0, 1.0), float(np.sqrt(noise / rows) / np.mean(diagonal))
