"""What the nodes of a graph carry from one year into the next, beyond what they would at rest.

A node's equation says what moved it: its parents some years before, and its own value of the year before. Over a span the
means of those are not the means of the span itself; they lag behind where a node is under way. With d how far each is
behind, the mean of a node solves m = c + B (m - d) + R (m - d): what B d + R d takes from it is what it had not come to yet,
as it still carried what it was before. Without it a late node would look as if its own mechanism had changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import EstimationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.contracts import Graph
    from headwinds.explain.attribution.bootstrap import Draws
    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.structural import NodeEquation, Slopes

Lags = dict[str, "NDArray[np.float64]"]
"""By node that something moves: how far behind each regressor was on average, shape (draws, regressors)."""


def behind(design: AttributionDesign, slopes: list[Slopes], drawn: Draws | None) -> list[Lags]:
    """How far what moved each node was behind where it stood, in each span.

    Parameters
    ----------
    slopes
        Of before and after; their equations say which rows count.
    drawn
        None for every cluster once and the values as they were measured.

    Raises
    ------
    EstimationError
        No row of a span has a node with all that moves it.
    """
    found: list[Lags] = []
    for some, span in zip(slopes, (design.before, design.after), strict=True):
        inside = design.in_span(span)
        found.append({})
        for one in some.equations:
            kept = inside[one.rows]
            if not kept.any():
                raise EstimationError(
                    f"No entity-year of {span[0]}-{span[1]} has {one.target} with all that moves it in the graph and with "
                    "its own value of the year before.",
                    remedy="Take longer spans, or set persistent to false.",
                )
            found[-1][one.target] = _mean_of_entities(design, one, kept, drawn)
    return found


def under_way(
    slopes: list[dict[str, NDArray[np.float64]]], lags: list[Lags], graph: Graph
) -> NDArray[np.float64]:
    """What each node had not come to, by whose slopes and whose lags: shape (draws, 2, 2, nodes).

    Parameters
    ----------
    slopes
        Of before and after: by node, those of its regressors, shape (draws, regressors). Others have nothing to come to.
    """
    import numpy as np

    draws = len(next(iter(lags[0].values())))
    late = np.zeros((draws, 2, 2, len(graph.names)))
    for place, name in enumerate(graph.names):
        if name in lags[0]:
            for one, other in ((0, 0), (0, 1), (1, 0), (1, 1)):
                late[:, one, other, place] = (slopes[one][name] * lags[other][name]).sum(axis=1)
    return late


def _mean_of_entities(
    design: AttributionDesign, one: NodeEquation, kept: NDArray[np.bool_], drawn: Draws | None
) -> NDArray[np.float64]:
    """Means over years, then over entities; of the entities that are in both spans, where such have rows here."""
    import numpy as np

    alone = np.isin(design.entities, design.alone)[design.entity[one.rows]]
    kept = kept & ~alone if (kept & ~alone).any() else kept
    _, first, own = np.unique(design.entity[one.rows][kept], return_index=True, return_inverse=True)
    cluster = design.cluster[one.rows][kept][first]
    share = np.zeros((len(first), int(kept.sum())))
    share[own, np.arange(len(own))] = 1 / np.bincount(own)[own]
    weights = np.ones((1, len(first))) if drawn is None else drawn.weights[:, cluster]
    with np.errstate(invalid="ignore"):
        weights = weights / weights.sum(axis=1, keepdims=True)
    found: NDArray[np.float64] = weights @ (share @ one.behind[kept])
    if drawn is not None and drawn.errors.shape[1]:
        flat = share @ one.behind_shared[kept].reshape(int(kept.sum()), -1)
        moved = (weights @ flat).reshape(len(weights), *one.behind_shared.shape[1:])
        found = found + np.einsum("bkr,br->bk", moved, drawn.errors)
    return found
