"""What steps of private training spend, by Opacus's accountants, and the least noise with which they spend what is given."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNTANT = "prv"
TOLERANCE = 0.01  # of epsilon: what the accountant itself is sure to
MOST_NOISE = 1e6
FIRST_CUT = 20.0  # where Opacus begins
LEAST_GUESS = 0.4  # an accountant is the slower the less noise it is asked about


class Steps(NamedTuple):
    """So many steps of the Poisson-sampled Gaussian mechanism: noise over clip, chance of a row to be in a step."""

    noise: float
    sample_rate: float
    steps: int


def spent_epsilon(accountant: str, *, noise: float, sample_rate: float, steps: int, delta: float) -> float:
    """What `steps` of the Poisson-sampled Gaussian mechanism spend, by "prv" or "rdp"."""
    return epsilon_of(accountant, (Steps(noise, sample_rate, steps),), delta)


@lru_cache(maxsize=256)
def epsilon_of(accountant: str, history: tuple[Steps, ...], delta: float) -> float:
    """What steps of several kinds spend one after the other."""
    from opacus.accountants import create_accountant

    counting = create_accountant(mechanism=accountant)
    counting.history = [tuple(kind) for kind in history]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that another order of Rényi could give a little less
        return float(counting.get_epsilon(delta=delta))


@lru_cache(maxsize=64)
def least_noise(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """The noise that Opacus's `get_noise_multiplier` finds, by fewer questions to the accountant.

    Opacus halves from 0 to 20 and asks at every cut. More noise never spends more, so that a cut is asked about only where
    what is known of less and of more noise leaves it open, and those near the answer are asked about first.

    Raises
    ------
    ValueError, RuntimeError
        No noise is enough, or the accountant cannot say.
    """
    known: dict[float, float] = {}

    def spent(noise: float) -> float:
        if noise not in known:
            known[noise] = spent_epsilon(ACCOUNTANT, noise=noise, sample_rate=rate, steps=steps, delta=delta)
        return known[noise]

    def spends_less(noise: float, limit: float) -> bool:
        if any(less <= noise and found < limit for less, found in known.items()):
            return True
        if any(more >= noise and found >= limit for more, found in known.items()):
            return False
        return spent(noise) < limit

    for noise in _near(epsilon, _guess(epsilon, delta, rate, steps), spent):
        spent(noise)
    return _halved(
        lambda noise: spends_less(noise, math.nextafter(epsilon, math.inf)),
        lambda noise: spends_less(noise, epsilon),
        lambda noise: spends_less(noise, epsilon - TOLERANCE),
    )[-1]


def _halved(
    fits: Callable[[float], bool], spends_less: Callable[[float], bool], too_noisy: Callable[[float], bool]
) -> tuple[float, float, float]:
    """Opacus's cuts: the last that spends too much, the last that is too noisy, and the answer."""
    low, high, before = 0.0, FIRST_CUT, math.inf
    while not fits(high):
        high *= 2
        if high > MOST_NOISE:
            raise ValueError("The privacy budget is too low.")
    while too_noisy(high):
        cut = (low + high) / 2
        if spends_less(cut):
            high, before = cut, high
        else:
            low = cut
    return low, before, high


def _near(epsilon: float, noise: float, spent: Callable[[float], float]) -> tuple[float, ...]:
    """The cuts on either side of the answer, and the answer, as the logarithms of two others nearby tell them."""
    try:
        first, slope = (math.log(noise), math.log(spent(noise))), -1.5
        second = first[0] + min(max((math.log(epsilon) - first[1]) / slope, -0.7), 0.7)
        slope = min((math.log(spent(math.exp(second))) - first[1]) / (second - first[0]), -0.2)
        most, least = (
            math.exp(first[0] + (math.log(spends) - first[1]) / slope)
            for spends in (epsilon - TOLERANCE, epsilon)
        )
        found = _halved(lambda cut: cut >= least, lambda cut: cut > least, lambda cut: cut > most)
    except (ValueError, RuntimeError, OverflowError, ZeroDivisionError):
        return ()  # the search itself asks elsewhere, or says so
    return tuple(cut for cut in found if LEAST_GUESS / 2 < cut < math.inf)


def _guess(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """About the noise that is needed, by the central limit theorem of Dong, Roth and Su (2022, corollary 5.4)."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(log_mu: float) -> float:
        mu = math.exp(log_mu)
        return float(ndtr(-epsilon / mu + mu / 2) - math.exp(epsilon) * ndtr(-epsilon / mu - mu / 2)) - delta

    try:
        mu = math.exp(brentq(excess, math.log(1e-6), math.log(1e3)))
        return max(1 / math.sqrt(math.log1p((mu / rate) ** 2 / steps)), LEAST_GUESS)
    except (ValueError, OverflowError):
        return 1.0
