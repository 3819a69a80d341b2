"""How the gold was drawn, passage by passage or several together, and the variance of a weighted mean of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts.finding import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.measure.frame import Frame

EXCESS, SLACK = 3.0, 10.0
"""Pairs of gold passages in one document beyond which the gold was not drawn passage by passage."""


def gold_draws(frame: Frame) -> tuple[NDArray[np.int64], bool]:
    """The draw that brought each gold passage in, shape (m,), and whether draws brought several at a time.

    Where the user does not say, documents are looked at: if far more pairs of gold passages stand in one document than a
    draw passage by passage would give (three times as many, and ten), whole documents were drawn. Gold that was not drawn
    so is left alone, because its variance holds no effect of the document.
    """
    import numpy as np

    gold = len(frame.gold_rows)
    if frame.gold_draw is not None:
        return frame.gold_draw, len(np.unique(frame.gold_draw)) < gold
    document = frame.document_code[frame.gold_rows]
    seen = np.bincount(document)
    pairs = float((seen * (seen - 1) / 2).sum())
    if pairs <= SLACK:
        return np.arange(gold, dtype=np.int64), False
    strata = len(frame.stratum_names)
    stratum = frame.stratum_code
    drawn = np.bincount(stratum[frame.gold_rows], minlength=strata)
    rate = (drawn / np.maximum(np.bincount(stratum, minlength=strata), 1))[stratum]
    total = np.bincount(frame.document_code, weights=rate)
    expected = float((total**2 - np.bincount(frame.document_code, weights=rate**2)).sum() / 2)
    if pairs > EXCESS * expected + SLACK:
        return document, True
    return np.arange(gold, dtype=np.int64), False


def draw_findings(frame: Frame) -> tuple[Finding, ...]:
    """A note where the gold was taken as drawn several passages at a time, a warning where there were few draws."""
    import numpy as np

    draws, together = gold_draws(frame)
    if not together:
        return ()
    count = len(np.unique(draws))
    by = "in documents drawn whole" if frame.gold_draw is None else "in draws of several passages"
    found = [
        Finding(
            "N323",
            f"the {len(draws)} gold passages came {by}, {count} of them; variances count draws, not passages.",
            "" if frame.gold_draw is not None else "Give gold_draw if they were drawn otherwise.",
        )
    ]
    if count < 15:
        found.append(
            Finding(
                "W324",
                f"with {count} draws of gold the variance itself is uncertain; intervals use Student's t.",
                "Label passages of more documents, fewer of each.",
            )
        )
    return tuple(found)


def mean_covariance(
    influence: NDArray[np.float64], frame: Frame, members: NDArray[np.int64] | None = None, lost: int = 1
) -> NDArray[np.float64]:
    """Covariance of statistics that are sums over gold of `influence` (members, k): between draws, corrected for freedom.

    Each draw brings the factor 1 - inclusion probability, as what was certain to be read adds no error (Särndal, Swensson
    and Wretman 1992, 5.5, with Hájek's approximation of the joint probabilities). Of documents that were read in part it
    takes away too little, which is on the safe side.

    Parameters
    ----------
    members
        Which gold passages the rows of `influence` are; None for all.
    lost
        Degrees of freedom that were spent.
    """
    import numpy as np

    draws, together = gold_draws(frame)
    chosen = np.arange(len(frame.gold_rows)) if members is None else members
    left = 1 - np.minimum(frame.inclusion_probability[chosen], 1.0)
    count = len(chosen)
    scaled = influence * np.sqrt(left)[:, None]
    if together:
        _, home = np.unique(draws[chosen], return_inverse=True)
        count = int(home.max(initial=-1)) + 1
        scaled = np.column_stack([np.bincount(home, weights=column, minlength=count) for column in scaled.T])
    if count <= lost:
        return np.full((influence.shape[1],) * 2, np.nan)
    found: NDArray[np.float64] = scaled.T @ scaled * count / (count - lost)
    return found
