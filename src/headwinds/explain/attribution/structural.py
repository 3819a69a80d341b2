"""One linear equation for each node of a graph that something moves, estimated on the rows of an attribution.

A node's equation has its parents in the graph, each at the lag of its edge, its own value of the period before if that is
asked for, entity effects and period effects. Measured parents are corrected for their errors; errors that a node and its
parents share are carried too. All equations are drawn with the same clusters and the same shared errors, so that products
of their slopes have honest intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Edge, Graph
from headwinds.errors import EstimationError, MismatchError
from headwinds.explain.attribution.equation import Fit, fit_equation, make_equation
from headwinds.explain.attribution.weighted import drawn_estimates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.bootstrap import Draws
    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.equation import Equation


@dataclass(frozen=True, slots=True)
class NodeEquation:
    """A node's equation: the edges into it, the sums, the estimate; `rows` of the design that it was estimated on."""

    target: str
    edges: tuple[Edge, ...]
    equation: Equation
    fit: Fit
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Slopes:
    """The slope of every edge.

    Attributes
    ----------
    value
        By edge.
    drawn
        By edge, shape (draws,).
    equations
        One a node that something moves, in the graph's order.
    """

    value: dict[Edge, float]
    drawn: dict[Edge, NDArray[np.float64]]
    equations: tuple[NodeEquation, ...]


def estimate_edges(
    design: AttributionDesign,
    graph: Graph,
    draws: Draws,
    *,
    outcome: str = "growth",
    rows: NDArray[np.bool_] | None = None,
    carry_error: bool = True,
    own_past: bool = False,
) -> Slopes:
    """Estimate every edge of the graph.

    Parameters
    ----------
    outcome
        The node that the design's outcome measures.
    rows
        Shape (rows,): take only these rows of the design as moments of the target.
    own_past
        Hold each node's own value of the period before fixed beside its parents. The rows of a first year are lost.

    Raises
    ------
    MismatchError
        A node is not a variable of the design.
    EstimationError
        An equation is singular, or no entity-year has a node with all its parents.
    """
    known = {outcome, *design.names}
    lacking = [name for name in graph.names if name not in known]
    if lacking or outcome not in graph.names:
        raise MismatchError(
            f"The graph's node {(lacking or [outcome])[0]!r} is not measured; there are {', '.join(sorted(known))}.",
            remedy="Name indices and nodes alike, or give technology.",
        )
    value: dict[Edge, float] = {}
    drawn: dict[Edge, NDArray[np.float64]] = {}
    equations = []
    for target in graph.names:
        if not graph.into(target):
            continue
        one = node_equation(design, graph, target, outcome, rows, carry_error, own_past=own_past)
        equations.append(one)
        samples = drawn_estimates(
            one.equation, one.fit, draws.weights, draws.errors if carry_error else draws.errors[:, :0]
        )
        for number, edge in enumerate(one.edges):
            value[edge] = float(one.fit.value[number])
            drawn[edge] = samples[:, number]
    return Slopes(value, drawn, tuple(equations))


def node_equation(
    design: AttributionDesign,
    graph: Graph,
    target: str,
    outcome: str = "growth",
    rows: NDArray[np.bool_] | None = None,
    carry_error: bool = True,
    *,
    own_past: bool = False,
) -> NodeEquation:
    """The equation of one node; see `estimate_edges`. Its own past, if asked for, is the last regressor."""
    import numpy as np

    edges = graph.into(target)
    regressors = [(edge.source, edge.lag) for edge in edges]
    if own_past:
        regressors.append((target, 1))
    own_lag = 0 if target == outcome else design.lags[design.names.index(target)]
    when = design.year - own_lag
    chosen = np.arange(len(when)) if rows is None else np.flatnonzero(rows)
    places = []
    for source, before in regressors:
        lag = 0 if source == outcome else design.lags[design.names.index(source)]
        # The parent's value of year u stands in the row of growth year u + lag.
        position = {
            key: row
            for row, key in enumerate(zip(design.entity.tolist(), (design.year - lag).tolist(), strict=True))
        }
        asked = zip(design.entity[chosen].tolist(), (when[chosen] - before).tolist(), strict=True)
        places.append([position.get(key, -1) for key in asked])
    place = np.array(places).T
    whole = (place >= 0).all(axis=1)
    if not whole.any() and own_past:
        raise EstimationError(
            f"No entity-year has {target} with all that moves it in the graph and with its own value of the year before.",
            remedy="Take longer spans, or set persistent to false.",
        )
    if not whole.any():
        raise EstimationError(f"No entity-year has {target} with all that moves it in the graph.")
    chosen, place = chosen[whole], place[whole]
    blocks = [
        _node(design, source, outcome, place[:, number]) for number, (source, _) in enumerate(regressors)
    ]
    own = _node(design, target, outcome, chosen)
    noise = np.zeros((len(chosen), len(blocks), len(blocks)))
    for number, block in enumerate(blocks):
        noise[:, number, number] = block[1]
    shared = np.stack([block[2] for block in blocks], axis=1)
    _, entity = np.unique(design.entity[chosen], return_inverse=True)
    _, period = np.unique(when[chosen], return_inverse=True)
    equation = make_equation(
        entity,
        period,
        own[0],
        np.column_stack([block[0] for block in blocks]),
        names=[source for source, _ in regressors],
        cluster=design.cluster[chosen],
        clusters=design.clusters,
        noise=noise if carry_error else None,
        shared=shared if carry_error else None,
        shared_outcome=own[2] if carry_error else None,
    )
    return NodeEquation(target, edges, equation, fit_equation(equation), chosen)


def _node(
    design: AttributionDesign, name: str, outcome: str, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, variances and shared errors of a node in rows of the design."""
    import numpy as np

    if name == outcome:
        return design.outcome[rows], np.zeros(len(rows)), np.zeros((len(rows), design.factor.shape[2]))
    number = design.names.index(name)
    return design.values[rows, number], design.variance[rows, number], design.factor[rows, number]
