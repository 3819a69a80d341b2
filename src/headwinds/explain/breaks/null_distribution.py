"""What the tests' statistics do where nothing breaks: simulated on the sample's own regressors and length.

Without `hac`, errors are independent and normal: the statistic does not depend on their variance, so the size of a test is
exact in any sample, up to the number of draws (Dufour 2006).

With `hac`, the statistic's limit law would do in a very long sample; in one of 60 to 200 periods it rejects a true null in
10 to 20 % of cases at a nominal 5 %. So errors are drawn from an AR(1) with the persistence of the sample's own errors,
and the statistic, its long-run covariance estimated anew, is computed on each draw (Diebold and Chen 1996). The persistence
is taken after all breaks that are allowed are fitted, so that breaks do not look like persistence, and what that fit takes
out of it is put back: it is the persistence under which the estimate found is the median one (Andrews 1993). What is new in
each period is the sample's own, with a random sign (a wild bootstrap: Hansen 2000), so that a variance which changes in time
changes in the draws too: growth that calms down would else be taken for growth that weakened.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from headwinds.explain.breaks.covariance import first_order
from headwinds.explain.breaks.partition import best_partitions, segment_sums
from headwinds.explain.breaks.regimes import Regimes, break_statistics, fit_regimes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 5e6
GRID = (-0.5, -0.25, 0.0, 0.2, 0.4, 0.6, 0.75, 0.9, 0.97)
GRID_DRAWS = 199


def null_distribution(
    design: NDArray[np.float64], shortest: int, most: int, *, draws: int, seed: int
) -> NDArray[np.float64]:
    """sup-F of 1 to `most` breaks where there is none, of independent errors; shape (draws, most), not to be written to."""
    return _independent(design.tobytes(), design.shape, shortest, most, draws, seed)


@lru_cache(maxsize=32)  # many series on the same regressors, one after the other, share it
def _independent(
    design_bytes: bytes, shape: tuple[int, int], shortest: int, most: int, draws: int, seed: int
) -> NDArray[np.float64]:
    import numpy as np

    design = np.frombuffer(design_bytes).reshape(shape)
    generator = np.random.default_rng(seed)
    null = np.concatenate(
        [
            _statistics(generator.standard_normal((count, shape[0])), design, shortest, most, hac=False)
            for count in _chunks(draws, shape[0])
        ]
    )
    null.setflags(write=False)
    return null


def own_null_distribution(
    design: NDArray[np.float64],
    errors: NDArray[np.float64],
    shortest: int,
    most: int,
    *,
    persistence: float,
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """The same of the statistic with `hac`, of an AR(1) whose innovations are the sample's own with random signs.

    Parameters
    ----------
    errors
        Shape (periods,): the sample's, after all breaks that are allowed are fitted; of any size.
    persistence
        Of the AR(1).
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    fresh = errors.copy()
    fresh[1:] -= persistence * errors[:-1]
    found = []
    for count in _chunks(draws, len(errors)):
        noise = fresh * (generator.integers(0, 2, size=(count, len(errors))) * 2.0 - 1)
        for period in range(1, len(errors)):
            noise[:, period] += persistence * noise[:, period - 1]
        found.append(_statistics(noise, design, shortest, most, hac=True))
    return np.concatenate(found)


def _chunks(draws: int, periods: int) -> list[int]:
    """How many draws at a time fit into memory."""
    chunk = max(1, int(AT_ONCE // periods**2))
    return [min(chunk, draws - start) for start in range(0, draws, chunk)]


def _statistics(
    noise: NDArray[np.float64], design: NDArray[np.float64], shortest: int, most: int, *, hac: bool
) -> NDArray[np.float64]:
    """sup-F of 1 to `most` breaks of each sample, shape (draws, most)."""
    import numpy as np

    _, places = best_partitions(segment_sums(noise, design, shortest), most)
    return np.column_stack(
        [
            break_statistics(noise, design, places[:, number, :number], hac=hac)
            for number in range(1, most + 1)
        ]
    )


def autoregressive(
    persistence: float, draws: int, length: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Stationary normal AR(1) errors of variance one, shape (draws, length)."""
    import numpy as np

    noise = generator.standard_normal((draws, length))
    if persistence == 0:
        return noise
    noise[:, 1:] *= np.sqrt(1 - persistence**2)
    for period in range(1, length):
        noise[:, period] += persistence * noise[:, period - 1]
    return noise


def error_persistence(
    values: NDArray[np.float64], design: NDArray[np.float64], shortest: int, most: int
) -> float:
    """Median-unbiased first-order autocorrelation of the errors, after `most` breaks are fitted.

    The medians are those of a fixed simulation, so that the estimate does not depend on a seed.
    """
    import numpy as np

    seen = float(_first_order_after_breaks(values[None], design, shortest, most)[0])
    medians = _medians(design.tobytes(), design.shape, shortest, most)
    return float(np.interp(seen, medians, GRID))


@lru_cache(maxsize=32)
def _medians(design_bytes: bytes, shape: tuple[int, int], shortest: int, most: int) -> NDArray[np.float64]:
    """What the estimate is in the middle, for each persistence of the grid."""
    import numpy as np

    design = np.frombuffer(design_bytes).reshape(shape)
    generator = np.random.default_rng(0)
    middle = []
    for value in GRID:
        drawn = autoregressive(value, GRID_DRAWS, shape[0], generator)
        middle.append(float(np.median(_first_order_after_breaks(drawn, design, shortest, most))))
    medians: NDArray[np.float64] = np.maximum.accumulate(middle)
    medians.setflags(write=False)
    return medians


def _first_order_after_breaks(
    samples: NDArray[np.float64], design: NDArray[np.float64], shortest: int, most: int
) -> NDArray[np.float64]:
    return first_order(_after_breaks(samples, design, shortest, most).residual[..., None])[:, 0]


def _after_breaks(
    samples: NDArray[np.float64], design: NDArray[np.float64], shortest: int, most: int
) -> Regimes:
    _, places = best_partitions(segment_sums(samples, design, shortest), most)
    return fit_regimes(samples, design, places[:, most, :most])


def errors_after_breaks(
    values: NDArray[np.float64], design: NDArray[np.float64], shortest: int, most: int
) -> NDArray[np.float64]:
    """What `most` breaks leave of a sample, shape (periods,); what fitting a regime took out of its errors is put back."""
    import numpy as np

    regimes = _after_breaks(values[None], design, shortest, most)
    length, width = regimes.lengths[0], design.shape[1]
    grown: NDArray[np.float64] = (
        regimes.residual[0] * np.sqrt(length / (length - width))[regimes.number_of()[0]]
    )
    return grown
