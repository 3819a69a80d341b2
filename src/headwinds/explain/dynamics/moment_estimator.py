"""Linear GMM from moments by entity: one and two steps, Windmeijer's correction, Hansen's and Arellano-Bond's tests.

With A = sum Z_i'X_i, c = sum Z_i'y_i and a weight W, the coefficients are b = (A'WA)^-1 A'Wc. The first step takes
W1 = (sum Z_i'H_i Z_i)^-1, the second W2 = (sum g_i g_i')^-1 with g_i = Z_i'u_i at the first step's residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError
from headwinds.explain.dynamics.equations import Moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MomentFit:
    """Coefficients with their covariance (robust; of two steps, corrected), and the tests.

    `hansen` is (statistic, degrees of freedom, p); `autocorrelation` is by order (z, p), NaN where no entity has periods
    enough. `instruments` counts the independent ones, `entities` those with an equation.
    """

    value: NDArray[np.float64]
    covariance: NDArray[np.float64]
    hansen: tuple[float, int, float]
    autocorrelation: tuple[tuple[float, float], ...]
    instruments: int
    entities: int


def fit_moments(moments: Moments, steps: int) -> MomentFit:
    """Estimate.

    Raises
    ------
    EstimationError
        A regressor is collinear with others, or there are fewer instruments than coefficients.
    """
    import numpy as np

    entities = len(moments.zx)
    if entities < 2:
        raise EstimationError(
            f"{entities} entities have periods enough in a row for an equation, expected at least two.",
            remedy="Take fewer lags, or fill the gaps in time.",
        )
    _refuse_collinear(moments)
    a, c = moments.zx.sum(axis=0), moments.zy.sum(axis=0)
    instruments = _rank(moments.zhz)
    if instruments < a.shape[1] or _rank(a.T @ _inverse(moments.zhz) @ a) < a.shape[1]:
        raise EstimationError(
            f"{instruments} instruments do not identify {a.shape[1]} coefficients.",
            remedy="Allow more lags as instruments, or leave regressors out.",
        )
    first = _inverse(moments.zhz)
    bread = np.linalg.inv(a.T @ first @ a)
    value = bread @ (a.T @ first @ c)
    score = moments.zy - moments.zx @ value
    omega = score.T @ score
    robust = bread @ a.T @ first @ omega @ first @ a @ bread
    second = _inverse(omega)
    two_bread = np.linalg.inv(a.T @ second @ a)
    two_value = two_bread @ (a.T @ second @ c)
    left = c - a @ two_value
    hansen = _hansen(float(left @ second @ left), instruments - a.shape[1])
    if steps == 1:
        fitted, covariance, bread, weight = value, robust, bread, first
    else:
        covariance = _windmeijer(moments, a, score, robust, two_bread, second, left)
        fitted, bread, weight = two_value, two_bread, second
    tests = tuple(
        _autocorrelation(moments, order, fitted, covariance, bread @ a.T @ weight) for order in (1, 2)
    )
    return MomentFit(fitted, covariance, hansen, tests, instruments, entities)


def instrument_count(moments: Moments) -> int:
    """How many independent instruments there are; their columns, where these are no more than entities anyway."""
    columns = len(moments.zhz)
    return columns if columns <= len(moments.zx) else _rank(moments.zhz)


def _windmeijer(
    moments: Moments,
    a: NDArray[np.float64],
    score: NDArray[np.float64],
    robust: NDArray[np.float64],
    bread: NDArray[np.float64],
    weight: NDArray[np.float64],
    left: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Covariance of the two-step coefficients that knows that their weight was estimated (Windmeijer 2005, eq. 3.3).

    V + DV + VD' + D V1 D', where column j of D is -V A'W (d Omega / d b_j) W (c - Ab), and
    d Omega / d b_j = -sum (Z_i'x_ij g_i' + g_i (Z_i'x_ij)').
    """
    import numpy as np

    inner = weight @ left  # W Z'u, shape (L,)
    along = score @ inner  # g_i' W Z'u
    by_regressor = moments.zx.transpose(0, 2, 1) @ inner  # (Z_i'x_ij)' W Z'u, shape (N, k)
    change = np.einsum("nlk,n->lk", moments.zx, along) + score.T @ by_regressor
    d = bread @ a.T @ weight @ change
    corrected: NDArray[np.float64] = bread + d @ bread + bread @ d.T + d @ robust @ d.T
    return corrected


def _hansen(statistic: float, freedom: int) -> tuple[float, int, float]:
    """U'Z W2 Z'u, chi-squared with as many degrees as there are instruments beyond the coefficients (Hansen 1982)."""
    from scipy.stats import chi2

    if freedom == 0:
        return float("nan"), 0, float("nan")
    return statistic, freedom, float(chi2.sf(statistic, freedom))


def _autocorrelation(
    moments: Moments,
    order: int,
    value: NDArray[np.float64],
    covariance: NDArray[np.float64],
    influence: NDArray[np.float64],
) -> tuple[float, float]:
    """Z of sum_t D u_t D u_t-order (Arellano, Bond 1991, eq. 8-9).

    Its variance is that of its entities' sums plus what the estimated coefficients add:
    ``sum s_i^2 - 2 q' B sum g_i s_i + q' V q`` with s_i the sum of an entity, q = sum X_i'u_i,-order, and B the
    coefficients' `influence`: (A'WA)^-1 A'W.
    """
    import numpy as np
    from scipy.stats import norm

    residual = moments.y - moments.x @ value
    earlier = np.zeros_like(residual)
    earlier[:, order:] = residual[:, :-order]
    own = (residual * earlier).sum(axis=1)
    if not own.any():
        return float("nan"), float("nan")
    q = np.einsum("ntk,nt->k", moments.x, earlier)
    score = moments.zy - moments.zx @ value
    variance = float(own @ own - 2 * q @ influence @ (score.T @ own) + q @ covariance @ q)
    if variance <= 0:
        return float("nan"), float("nan")
    z = float(own.sum() / np.sqrt(variance))
    return z, float(2 * norm.sf(abs(z)))


def _refuse_collinear(moments: Moments) -> None:
    import numpy as np

    scale = np.sqrt(np.diag(moments.xx))
    for place, name in enumerate(moments.names):
        if scale[place] == 0:
            raise EstimationError(
                f"The regressor {name!r} does not change over time in these equations.",
                remedy="Leave it out.",
            )
        part = moments.xx[: place + 1, : place + 1] / np.outer(scale[: place + 1], scale[: place + 1])
        if np.linalg.eigvalsh(part).min() < 1e-10:
            raise EstimationError(
                f"The regressor {name!r} is collinear with those before it or with the period effects.",
                remedy="Leave it out, or set period_effects to false.",
            )


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse in the scale of the diagonal; the Moore-Penrose one where instruments are dependent or exceed entities."""
    import numpy as np

    scale = np.sqrt(np.diag(matrix))
    scale = np.where(scale > 0, scale, 1.0)
    inverse: NDArray[np.float64] = np.linalg.pinv(
        matrix / np.outer(scale, scale), rcond=1e-11, hermitian=True
    ) / np.outer(scale, scale)
    return inverse


def _rank(matrix: NDArray[np.float64]) -> int:
    import numpy as np

    scale = np.sqrt(np.diag(matrix))
    scale = np.where(scale > 0, scale, 1.0)
    return int(np.linalg.matrix_rank(matrix / np.outer(scale, scale), tol=1e-10, hermitian=True))
