"""Where the variables stood in each span, entity by entity, and what growth they go with in every mixture of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.errors import EstimationError
from headwinds.explain.attribution.shapley import subsets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign, Span


@dataclass(frozen=True, slots=True)
class SpanMeans:
    """Means over the years of each span, of the entities that are in both.

    Attributes
    ----------
    values
        Shape (2, entities, variables): before, after.
    outcome
        Shape (2, entities).
    factor
        Shape (2, entities, variables, R): shared errors of the values.
    cluster
        Shape (entities,): codes.
    """

    values: NDArray[np.float64]
    outcome: NDArray[np.float64]
    factor: NDArray[np.float64]
    cluster: NDArray[np.int64]


def span_means(design: AttributionDesign, before: Span | None = None, after: Span | None = None) -> SpanMeans:
    """Means in the design's spans, or in others within them.

    Raises
    ------
    EstimationError
        No entity has rows in both.
    """
    import numpy as np

    masks = [design.in_span(before or design.before), design.in_span(after or design.after)]
    count = len(design.entities)
    counts = [np.bincount(design.entity[mask], minlength=count) for mask in masks]
    both = np.flatnonzero((counts[0] > 0) & (counts[1] > 0))
    if not len(both):
        raise EstimationError(
            "No entity has growth and indices in both spans.", remedy="Choose spans that the panel covers."
        )
    cluster = np.zeros(count, dtype=np.int64)
    cluster[design.entity] = design.cluster
    means = []
    for block in (design.values, design.outcome, design.factor):
        by_span = []
        for mask, number in zip(masks, counts, strict=True):
            flat = block[mask].reshape(int(mask.sum()), -1)
            sums = np.zeros((count, flat.shape[1]))
            np.add.at(sums, design.entity[mask], flat)
            by_span.append((sums[both] / number[both, None]).reshape(len(both), *block.shape[1:]))
        means.append(np.stack(by_span))
    return SpanMeans(values=means[0], outcome=means[1], factor=means[2], cluster=cluster[both])


def average(
    block: NDArray[np.float64], means: SpanMeans, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean over entities under each weighting of the clusters: block (entities, ...), weights (draws, clusters)."""
    import numpy as np

    each = weights[:, means.cluster]
    total = each.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        flat = (each @ block.reshape(len(block), -1)) / total[:, None]
    averaged: NDArray[np.float64] = flat.reshape(len(weights), *block.shape[1:])
    return averaged


def mean_terms(
    means: SpanMeans,
    terms: tuple[tuple[int, ...], ...],
    weights: NDArray[np.float64],
    errors: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The mean of each term when each of its variables stands at its value before or after.

    Parameters
    ----------
    errors
        Shape (draws, R): standard normals that move the values by their shared errors.

    Returns
    -------
    numpy.ndarray
        Shape (draws, terms, 4): first variable before or after (bit 0), second before or after (bit 1).
    """
    import numpy as np

    found = np.empty((len(weights), len(terms), 4))
    for number, term in enumerate(terms):
        first, last = term[0], term[-1]
        for state in range(4):
            spans = (state & 1, state >> 1)
            one, other = means.values[spans[0], :, first], means.values[spans[1], :, last]
            product = one * other if len(term) > 1 else one
            found[:, number, state] = average(product, means, weights)
            if errors is not None and means.factor.shape[-1]:
                slope = means.factor[spans[0], :, first]
                if len(term) > 1:
                    slope = slope * other[:, None] + means.factor[spans[1], :, last] * one[:, None]
                found[:, number, state] += np.einsum("br,br->b", average(slope, means, weights), errors)
    return found


def worth_of_subsets(
    slopes: NDArray[np.float64],
    means: NDArray[np.float64],
    terms: tuple[tuple[int, ...], ...],
    variables: int,
) -> NDArray[np.float64]:
    """Mean fitted growth with each subset of variables moved from before to after, shape (draws, 2^variables).

    Parameters
    ----------
    slopes
        Shape (draws, terms).
    means
        Of `mean_terms`, shape (draws, terms, 4).
    """
    import numpy as np

    moved = subsets(variables)
    worth = np.zeros((len(slopes), len(moved)))
    for number, term in enumerate(terms):
        state = moved[:, term[0]].astype(int)
        state = state + 2 * moved[:, term[1]] if len(term) > 1 else state * 3
        worth += slopes[:, number, None] * means[:, number, state]
    return worth
