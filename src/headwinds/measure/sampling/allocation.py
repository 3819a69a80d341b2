"""How a number of labels is divided between strata, and how a number becomes probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALLOCATIONS = ("neyman", "proportional", "equal")
LEAST = 2
"""Passages of a stratum: fewer give no variance."""


def allocate(
    count: int,
    size: NDArray[np.float64],
    spread: NDArray[np.float64],
    *,
    allocation: str = "neyman",
    least: int = LEAST,
) -> NDArray[np.int64]:
    """Labels for each stratum: whole numbers that add up to `count`, none above the stratum's size.

    Parameters
    ----------
    size
        Shape (strata,): passages that can be drawn.
    spread
        Shape (strata,): standard deviation of a passage's label about its prediction; Neyman's (1934) allocation is in
        proportion to size x spread.
    least
        Of each stratum, or all of it if it is smaller.

    Raises
    ------
    SettingsError
        If the allocation is unknown, `count` is above all passages, or below `least` of every stratum.
    """
    import numpy as np

    if allocation not in ALLOCATIONS:
        raise SettingsError(
            f"allocation = {allocation!r} cannot be used: expected one of {', '.join(ALLOCATIONS)}."
        )
    floor = np.minimum(least, size).astype(np.int64)
    if count > size.sum():
        raise SettingsError(
            f"n = {count:,} cannot be drawn: {int(size.sum()):,} passages are not yet labelled.",
            remedy="Ask for fewer.",
        )
    if count < floor.sum():
        raise SettingsError(
            f"n = {count:,} is too few for {len(size)} strata, which need at least {least} each: {int(floor.sum()):,}.",
            remedy="Ask for more, or use fewer strata.",
        )
    share = {"neyman": size * spread, "proportional": size, "equal": (size > 0).astype(np.float64)}[
        allocation
    ]
    if share.sum() <= 0:
        share = size.astype(np.float64)
    low, high = 0.0, (count + 1.0) / max(share[share > 0].min(), 1e-300)
    for _ in range(200):
        scale = (low + high) / 2
        low, high = (scale, high) if np.clip(scale * share, floor, size).sum() < count else (low, scale)
    wanted = np.clip(high * share, floor, size)
    whole = np.floor(wanted + 1e-9).astype(np.int64)
    # What rounding leaves goes to the largest remainders that have room, then to whoever has room.
    for place in np.argsort(-(wanted - whole), kind="stable").tolist() * 2:
        if whole.sum() < count and whole[place] < size[place]:
            whole[place] += 1
    return _settle(whole, count, floor, size)


def _settle(
    whole: NDArray[np.int64], count: int, floor: NDArray[np.int64], size: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The last few up or down, where many strata stand at their bounds."""
    import numpy as np

    while whole.sum() != count:
        step = 1 if whole.sum() < count else -1
        free = whole < size if step > 0 else whole > floor
        whole[np.flatnonzero(free)[np.argmax(whole[free])]] += step
    return whole


def proportional_probabilities(
    size: NDArray[np.float64], count: int, *, largest: float = 1.0
) -> NDArray[np.float64]:
    """Inclusion probabilities in proportion to `size` that add up to `count`, none above `largest`.

    Passages that would go above it stand at it, and the others share the rest in proportion (Särndal, Swensson and
    Wretman 1992, section 3.6.2).

    Raises
    ------
    DataError
        If a size is not above zero.
    SettingsError
        If so many cannot be drawn.
    """
    import numpy as np

    size = np.asarray(size, dtype=np.float64)
    bad = np.flatnonzero(~((size > 0) & np.isfinite(size)))
    if len(bad):
        raise DataError(
            f"passage {bad[0]} has size {size[bad[0]]}, expected a number above zero: what can never be drawn biases all."
        )
    if not 0 < count <= len(size) * largest + 1e-9:
        raise SettingsError(
            f"n = {count:,} cannot be drawn from {len(size):,} passages with probabilities of at most {largest:.3g}.",
            remedy="Ask for fewer.",
        )
    chance = np.zeros(len(size))
    fixed = np.zeros(len(size), dtype=bool)
    while True:
        left = count - largest * fixed.sum()
        chance = np.where(fixed, largest, left * size / max(size[~fixed].sum(), 1e-300))
        above = ~fixed & (chance > largest)
        if not above.any():
            return np.minimum(chance, largest)
        fixed |= above
