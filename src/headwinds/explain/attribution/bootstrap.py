"""Draws of clusters and of shared errors, and the intervals that come from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 499
FEW_CLUSTERS = 10
MOST_LOST = 0.05


@dataclass(frozen=True, slots=True)
class Draws:
    """What a bootstrap varies.

    Attributes
    ----------
    weights
        Shape (draws, clusters): how often each cluster was drawn, with replacement.
    errors
        Shape (draws, R): standard normals for the shared errors of what was measured.
    """

    weights: NDArray[np.float64]
    errors: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.weights)


@dataclass(frozen=True, slots=True)
class Spread:
    """What draws say of values: all of shape (values,).

    `lower`, `upper` hold one value at 95 %; `band_lower`, `band_upper` hold all values of a group at once at 95 %.
    """

    standard_error: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    band_lower: NDArray[np.float64]
    band_upper: NDArray[np.float64]
    lost: int


def draw_clusters(clusters: int, factors: int, *, draws: int, seed: int) -> Draws:
    """Draw.

    Raises
    ------
    SettingsError
        Fewer than 50 draws.
    """
    import numpy as np

    if draws < 50:
        raise SettingsError(
            f"draws = {draws}, expected at least 50.", remedy="Take 499 or more for a result."
        )
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(clusters, np.full(clusters, 1 / clusters), size=draws).astype(float)
    return Draws(weights=weights, errors=generator.standard_normal((draws, factors)))


def spread(
    value: NDArray[np.float64], drawn: NDArray[np.float64], clusters: int, group: slice | None = None
) -> Spread:
    """Standard errors, 95 % intervals and joint bands of values from their draws.

    The interval is value -+ t(clusters - 1) x standard error; the band replaces t by the 95 % quantile of the largest
    deviation of the group in standard errors (Romano and Wolf 2005), if that is larger. Draws without an estimate are
    left out; where they are more than 5 % nothing is given.

    Parameters
    ----------
    value
        Shape (values,).
    drawn
        Shape (draws, values).
    group
        The values that a band holds at once; all of them by default.
    """
    import numpy as np
    from scipy import stats

    whole = np.isfinite(drawn).all(axis=1)
    lost = int((~whole).sum())
    nothing = np.full(len(value), np.nan)
    if lost > MOST_LOST * len(drawn) or not np.isfinite(value).all():
        return Spread(nothing, nothing, nothing, nothing, nothing, lost)
    kept = drawn[whole]
    error = kept.std(axis=0, ddof=1)
    error[error <= 1e-12 * np.maximum(np.abs(value), 1e-300)] = np.nan
    reach = float(stats.t.ppf(0.975, max(clusters - 1, 1)))
    with np.errstate(invalid="ignore"):
        away = np.abs(kept - kept.mean(axis=0)) / error
    chosen = away[:, group or slice(None)]
    largest = np.where(np.isfinite(chosen), chosen, 0.0).max(axis=1) if chosen.shape[1] else np.zeros(1)
    joint = max(reach, float(np.quantile(largest, 0.95)) * reach / float(stats.norm.ppf(0.975)))
    return Spread(
        standard_error=error,
        lower=value - reach * error,
        upper=value + reach * error,
        band_lower=value - joint * error,
        band_upper=value + joint * error,
        lost=lost,
    )


def spread_findings(found: Spread, draws: int, clusters: int) -> list[Finding]:
    """What must be said of the draws."""
    findings = []
    if clusters < FEW_CLUSTERS:
        findings.append(
            Finding("W441", f"{clusters} clusters: intervals are too narrow.", "Take more entities.")
        )
    if found.lost > MOST_LOST * draws:
        findings.append(
            Finding(
                "W442",
                f"{found.lost} of {draws} draws had no estimate: no interval is given.",
                "Label more passages, widen the cells, or leave the noisiest index out.",
            )
        )
    elif found.lost:
        findings.append(Finding("N442", f"{found.lost} of {draws} draws had no estimate and are left out."))
    return findings
