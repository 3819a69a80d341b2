"""A binary label with a latent truth, by maximum likelihood in one step (Battaglia, Christensen, Hansen, Sacher 2024).

Each document is one of four kinds, by the true label x and the called one; the outcome is normal about z'g + b x with a
variance for each x. The likelihood of what is seen sums over x. No audit is needed: what identifies the kinds is the *shape*
of the outcome's distribution. If errors are not normal, the two components fit that instead. So it is a check that may
disagree, and never the estimate to read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.contracts import Estimate, Finding
from headwinds.errors import EstimationError
from headwinds.explain.measured.label_design import label_design, label_estimate, require_numbers

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

METHOD = "one-step likelihood"
ASSUMES = "the outcome's errors are normal, with one variance for each true label, and calls depend on the true label alone"
MOST_STEPS = 2000
MOST_COLUMNS = 500


def one_step_likelihood(
    frame: pd.DataFrame,
    *,
    outcome: str,
    label: str,
    controls: Sequence[str] = (),
    effects: Sequence[str] = (),
) -> Estimate:
    """The label's coefficient by maximum likelihood; standard error from the inverse of the observed information.

    Effects enter as dummies, up to 500.

    Raises
    ------
    DataError, EstimationError
        A column is missing, a label is not 0 or 1, a regressor is collinear, the likelihood has no maximum inside.
    """
    import numpy as np
    from scipy import optimize

    require_numbers(frame, [outcome, label, *controls], effects)
    design = label_design(frame, outcome, label, controls, effects, None)
    known = _known(frame, controls, effects)
    y, called = frame[outcome].to_numpy(dtype=float), frame[label].to_numpy() == 1
    # In units of the outcome's spread, and of orthonormal columns, the surface is round enough for a quasi-Newton method.
    middle, spread = float(y.mean()), float(y.std())
    basis, _ = np.linalg.qr(known)
    basis = basis * np.sqrt(len(y))
    y = (y - middle) / spread

    def negative(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = _log_likelihood(parameters, y, called, basis)
        return -value / len(y), -slope / len(y)

    start = _start(y, called, basis)
    found = optimize.minimize(
        negative, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": MOST_STEPS}
    )
    point = np.asarray(found.x)
    _, slope = negative(point)
    if not np.isfinite(found.fun) or np.abs(slope).max() > 1e-5:
        raise EstimationError(
            "The likelihood has no maximum that could be found: the outcome does not tell two groups apart.",
            remedy="Use an estimator that takes an audit.",
        )
    information = _information(negative, point) * len(y)
    inverse = np.linalg.pinv(information)
    variance = float(inverse[0, 0]) if np.linalg.eigvalsh(information).min() > 0 else float("nan")
    findings = []
    if np.isnan(variance):
        findings.append(Finding("W433", "The likelihood is flat at its maximum: no standard error is given."))
    return label_estimate(
        design,
        np.array([point[0] * spread]),
        np.array([[variance * spread**2]]),
        METHOD,
        ASSUMES,
        tuple(findings),
    )


def _known(frame: pd.DataFrame, controls: Sequence[str], effects: Sequence[str]) -> NDArray[np.float64]:
    """A column of ones, the controls, and dummies of all levels but the first of each effect."""
    import numpy as np

    columns = [np.ones(len(frame)), *(frame[name].to_numpy(dtype=float) for name in controls)]
    for name in effects:
        levels, code = np.unique(frame[name].to_numpy(), return_inverse=True)
        columns += [(code == level).astype(float) for level in range(1, len(levels))]
    if len(columns) > MOST_COLUMNS:
        raise EstimationError(f"The effects have {len(columns)} levels, {MOST_COLUMNS} is the most here.")
    known = np.column_stack(columns)
    left, size, _ = np.linalg.svd(known, full_matrices=False)
    kept: NDArray[np.float64] = left[:, size > 1e-10 * size[0]]
    return kept


def _log_likelihood(
    parameters: NDArray[np.float64],
    y: NDArray[np.float64],
    called: NDArray[np.bool_],
    basis: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Value and gradient at (b, g, three log odds of the kinds against a true call, log of both spreads)."""
    import numpy as np

    size = basis.shape[1]
    slope, rest, odds, logs = (
        parameters[0],
        parameters[1 : size + 1],
        parameters[size + 1 : size + 4],
        parameters[size + 4 :],
    )
    everything = np.append(odds, 0.0)
    weight = everything - (everything.max() + np.log(np.exp(everything - everything.max()).sum()))
    residual = y - basis @ rest
    standard = np.stack([residual / np.exp(logs[0]), (residual - slope) / np.exp(logs[1])])
    # Kinds in order: (not called, not), (not called, true), (called, not), (called, true).
    prior = np.where(called, weight[[2, 3]][:, None], weight[[0, 1]][:, None])
    log = prior - logs[:, None] - 0.5 * standard**2 - 0.5 * np.log(2 * np.pi)
    top = log.max(axis=0)
    total = top + np.log(np.exp(log - top).sum(axis=0))
    posterior = np.exp(log - total)
    pull = posterior * standard / np.exp(logs)[:, None]
    counts = np.array([posterior[0, ~called].sum(), posterior[1, ~called].sum(), posterior[0, called].sum()])
    gradient = np.concatenate(
        [
            [pull[1].sum()],
            basis.T @ pull.sum(axis=0),
            counts - len(y) * np.exp(weight[:3]),
            (posterior * (standard**2 - 1)).sum(axis=1),
        ]
    )
    return float(total.sum()), gradient


def _start(
    y: NDArray[np.float64], called: NDArray[np.bool_], basis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least squares, and each document's kind guessed by which mean its outcome is nearer to."""
    import numpy as np

    columns = np.column_stack([called.astype(float), basis])
    value, *_ = np.linalg.lstsq(columns, y, rcond=None)
    away = y - basis @ value[1:]
    true = np.abs(away - value[0]) < np.abs(away)
    share = np.array(
        [np.mean(~called & ~true), np.mean(~called & true), np.mean(called & ~true), np.mean(called & true)]
    )
    share = np.maximum(share, 0.001)
    residual = y - columns @ value
    spread = [
        np.log(residual[kind].std()) if kind.any() else np.log(residual.std()) for kind in (~true, true)
    ]
    return np.concatenate([value, np.log(share[:3] / share[3]), spread])


def _information(negative: object, point: NDArray[np.float64], step: float = 1e-5) -> NDArray[np.float64]:
    """Second derivatives by central differences of the gradient."""
    import numpy as np

    size = len(point)
    table = np.empty((size, size))
    for at in range(size):
        move = np.zeros(size)
        move[at] = step
        table[at] = (negative(point + move)[1] - negative(point - move)[1]) / (2 * step)  # type: ignore[operator]
    symmetric: NDArray[np.float64] = (table + table.T) / 2
    return symmetric
