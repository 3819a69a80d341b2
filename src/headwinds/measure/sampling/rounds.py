"""Rounds of labelling put together, so that gold chosen by a model that learnt from earlier gold is still unbiased.

A later round depends on earlier labels through the model, so that the probability of a passage to be in *any* round is not
known: it depends on what its own label did to the model. But each round by itself estimates the total without bias, given
the past: what is labelled already is known, and the rest is estimated by this round's draw. A weighted mean of these
estimates, round r with weight a_r, is unbiased too, however the rounds depend on each other (a martingale; Farquhar, Gal
and Rainforth 2021, ICLR). A passage drawn in round s with probability p then has the weight a_s / p + (sum of a_r over later
rounds), and 1 / weight takes the place of its inclusion probability.

With a_r in proportion to the round's size it can be updated round by round; and it stays at most 1 if no passage of round s
was drawn with more than n_s / (n_1 + ... + n_s).

Where any passage can be drawn again and no chance depends on its own fold's labels the probability is known after all
(`headwinds.measure.proposals.in_any_round`; the annotation database counts what of each round was read besides).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.errors import DataError, MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.sampling.draw import Draw


def largest_probability(labelled: int, count: int) -> float:
    """The cap on this round's probabilities, from the passages labelled before and those to be drawn."""
    return count / (labelled + count)


def combine_rounds(
    rows: NDArray[np.int64],
    inclusion_probability: NDArray[np.float64],
    draw: Draw,
    *,
    stratum: Sequence[str] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All labelled rows after a round, and the inclusion probability of each.

    Where both rounds took the passages of a stratum with equal probability, they are one simple random sample of it.
    Elsewhere rounds are weighted by their sizes within the stratum.

    Parameters
    ----------
    rows, inclusion_probability
        Shape (m,): what was labelled before, and with what (combined) probability.
    stratum
        One string a passage: the strata of the earlier rounds. Where they are not those of the draw, all passages are one.

    Notes
    -----
    How many to draw next must not depend on the labels found, or the weights of the rounds do.

    Raises
    ------
    MismatchError
        If the earlier rows are not those that the draw took as labelled.
    DataError
        If an inclusion probability is out of range, or this round's probabilities are too large to be combined.
    """
    import numpy as np

    before, chance = np.asarray(rows, dtype=np.int64), np.asarray(inclusion_probability, dtype=np.float64)
    if len(before) != len(chance) or set(before.tolist()) != set(np.flatnonzero(draw.already).tolist()):
        raise MismatchError(
            f"{len(before)} earlier passages do not agree with the {int(draw.already.sum())} that the draw left out.",
            remedy="Give the draw the same earlier passages.",
        )
    bad = np.flatnonzero(~((chance > 0) & (chance <= 1 + 1e-12)))
    if len(bad):
        raise DataError(
            f"inclusion probability of earlier passage {bad[0]} is {chance[bad[0]]}, expected a number in (0, 1]."
        )
    same = stratum is not None and tuple(stratum) == draw.stratum
    names = np.array(draw.stratum if same else ["all"] * len(draw.stratum))
    every = np.concatenate([before, draw.rows])
    found = np.concatenate([chance, np.full(len(draw), np.nan)])
    for name in sorted(set(names.tolist())):
        old, new = np.flatnonzero(names[before] == name), draw.rows[names[draw.rows] == name]
        place = len(before) + np.flatnonzero(names[draw.rows] == name)
        each = draw.inclusion_probability[(names == name) & ~draw.already]
        # As many as were to be drawn, which a Poisson draw's own number scatters about: a weight is fixed before the draw.
        expected = round(float(each.sum()), 6)
        if expected <= 0:
            continue
        size = int((names == name).sum())
        simple = np.ptp(each) < 1e-12 and np.allclose(chance[old], len(old) / size, rtol=1e-6)
        if simple or not len(old):
            found[old] = (len(old) + len(new)) / size
            found[place] = (len(old) + len(new)) / size if simple else draw.inclusion_probability[new]
            continue
        total = len(old) + expected
        found[old] = 1 / (len(old) / total / chance[old] + expected / total)
        found[place] = draw.inclusion_probability[new] * total / expected
        if (found[place] > 1 + 1e-9).any():
            raise DataError(
                f"passages were drawn with a probability of {draw.inclusion_probability[new].max():.3g}, above the "
                f"{expected / total:.3g} up to which {expected:.4g} after {len(old)} can be combined.",
                remedy="Draw with largest=largest_probability(labelled, n), or fewer at a time.",
            )
    return every, np.minimum(found, 1.0)
