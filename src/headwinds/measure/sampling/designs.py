"""The designs: simple, stratified, in proportion to a size, and one inside another (two-phase)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from headwinds.contracts import Finding
from headwinds.errors import DataError, MismatchError, SettingsError
from headwinds.measure.sampling.allocation import LEAST, allocate, proportional_probabilities
from headwinds.measure.sampling.draw import Draw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SELECTIONS = ("systematic", "poisson")


def draw_simple(passages: int, count: int, *, seed: int, already: NDArray[np.bool_] | None = None) -> Draw:
    """A simple random sample without replacement of the passages that are not labelled yet.

    Raises
    ------
    SettingsError
        If so many cannot be drawn.
    """
    made = draw_stratified(
        ("all",) * passages, count, seed=seed, already=already, allocation="proportional", least=0
    )
    return replace(made, design="simple")


def draw_stratified(
    stratum: Sequence[str],
    count: int,
    *,
    seed: int,
    already: NDArray[np.bool_] | None = None,
    spread: NDArray[np.float64] | None = None,
    allocation: str = "neyman",
    least: int = LEAST,
) -> Draw:
    """A simple random sample within each stratum.

    Parameters
    ----------
    spread
        Shape (passages,): how far the label of each may lie from its prediction (`uncertainty`), for Neyman's allocation;
        None takes all as equal, which is the proportional one.

    Raises
    ------
    SettingsError
        If so many cannot be drawn, or not from so many strata.
    """
    import numpy as np

    names, code = np.unique(np.array(stratum, dtype=str), return_inverse=True)
    known = _already(len(code), already)
    _positive(count)
    free = np.flatnonzero(~known)
    size = np.bincount(code[free], minlength=len(names)).astype(np.float64)
    square = np.ones(len(code)) if spread is None else np.asarray(spread, dtype=np.float64) ** 2
    if square.shape != code.shape:
        raise MismatchError(f"spread has shape {square.shape}, expected ({len(code)},).")
    mean = np.bincount(code[free], weights=square[free], minlength=len(names)) / np.maximum(size, 1)
    each = allocate(count, size, np.sqrt(mean), allocation=allocation, least=least)
    generator = np.random.default_rng(seed)
    chance = np.where(known, 1.0, (each / np.maximum(size, 1))[code])
    chosen = [
        generator.choice(free[code[free] == place], size=int(each[place]), replace=False)
        for place in range(len(names))
        if each[place]
    ]
    rows = np.sort(np.concatenate(chosen)).astype(np.int64)
    findings: tuple[Finding, ...] = ()
    if spread is None and allocation == "neyman":
        allocation = "proportional"  # which it is where all strata are taken for alike
        if len(names) > 1:
            fewest = int(each.argmin())
            findings = (
                Finding(
                    "N328",
                    f"Nothing is known of how much labels differ within each stratum, so that each gets labels in "
                    f"proportion to its passages; {names[fewest]} gets the fewest, {each[fewest]:,} of {count:,}.",
                    'Take allocation = "equal" for as many of each, or draw from the scores of a model.',
                ),
            )
    return Draw(
        rows,
        chance,
        tuple(map(str, stratum)),
        known,
        f"stratified, {allocation} allocation",
        seed,
        findings,
    )


def draw_proportional(
    size: NDArray[np.float64],
    count: int,
    *,
    seed: int,
    already: NDArray[np.bool_] | None = None,
    largest: float = 1.0,
    selection: str = "systematic",
    stratum: Sequence[str] | None = None,
) -> Draw:
    """Passages with probability in proportion to `size`: to the model's uncertainty, for active labelling.

    Parameters
    ----------
    largest
        Cap on a probability; in a later round `largest_probability` gives the one that lets rounds be combined.
    selection
        "systematic" in random order draws exactly `count` (Madow 1949); "poisson" draws each passage on its own, `count`
        on average. Both have exactly the probabilities that are recorded.
    stratum
        Names to record; the draw itself is over all passages.

    Raises
    ------
    SettingsError, DataError
        If so many cannot be drawn, or a size is not above zero.
    """
    import numpy as np

    if selection not in SELECTIONS:
        raise SettingsError(
            f"selection = {selection!r} cannot be used: expected one of {', '.join(SELECTIONS)}."
        )
    size = np.asarray(size, dtype=np.float64)
    known = _already(len(size), already)
    _positive(count)
    free = np.flatnonzero(~known)
    if count > len(free):
        raise SettingsError(
            f"n = {count:,} cannot be drawn: {len(free):,} passages are not yet labelled.",
            remedy="Ask for fewer.",
        )
    chance = np.ones(len(size))
    chance[free] = proportional_probabilities(size[free], count, largest=largest)
    generator = np.random.default_rng(seed)
    if selection == "poisson":
        rows = free[generator.random(len(free)) < chance[free]]
    else:
        order = generator.permutation(free)
        climbed = np.cumsum(chance[order])
        climbed[-1] = round(
            float(climbed[-1])
        )  # the sum is a whole number; rounding must not lose the last passage
        ticks = np.floor(climbed - generator.random())
        rows = np.sort(order[np.diff(np.concatenate([[-1.0], ticks])) > 0])
    names = ("all",) * len(size) if stratum is None else tuple(map(str, stratum))
    return Draw(rows.astype(np.int64), chance, names, known, f"in proportion to size, {selection}", seed)


def draw_two_phase(first: Draw, second: Draw) -> Draw:
    """A draw within a draw: probabilities multiply (Särndal, Swensson and Wretman 1992, chapter 9).

    `second` is over the passages of ``first.rows``, in their order: a cheap look at all of those (a screen, a score) may
    have set its strata and sizes. The result is over all passages; those that the first phase left out stand at zero.

    Raises
    ------
    MismatchError
        If the second draw is not over the first one's passages.
    """
    import numpy as np

    if len(second.inclusion_probability) != len(first.rows):
        raise MismatchError(
            f"the second phase is over {len(second.inclusion_probability)} passages, the first drew {len(first.rows)}."
        )
    chance = np.zeros(len(first.inclusion_probability))
    chance[first.rows] = first.inclusion_probability[first.rows] * second.inclusion_probability
    names = np.array(first.stratum, dtype=object)
    names[first.rows] = np.array(second.stratum, dtype=object)
    return Draw(
        rows=first.rows[second.rows],
        inclusion_probability=chance,
        stratum=tuple(map(str, names)),
        already=first.already,
        design=f"two-phase ({first.design}; {second.design})",
        seed=second.seed,
        findings=(*first.findings, *second.findings),
    )


def _already(passages: int, already: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    import numpy as np

    if passages == 0:
        raise DataError("there is no passage to draw from.")
    if already is None:
        return np.zeros(passages, dtype=bool)
    known = np.asarray(already, dtype=bool)
    if known.shape != (passages,):
        raise MismatchError(f"already has shape {known.shape}, expected ({passages},).")
    return known


def _positive(count: int) -> None:
    if count < 1:
        raise SettingsError(f"n = {count} cannot be drawn: expected at least 1.")
