"""One linear equation for each node of a graph that something moves, estimated on the rows of an attribution.

A node's equation has its parents in the graph, each at the lag of its edge, its own value of the period before if that is
asked for, entity effects and period effects. Measured parents are corrected for their errors, also for how these go with
each other and with the node's own in one cell; errors that a node and its parents share are carried too. All equations are
drawn with the same clusters and the same shared errors, so that products of their slopes have honest intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Edge, Graph
from headwinds.errors import EstimationError, MismatchError
from headwinds.explain.attribution.cell_errors import row_covariances
from headwinds.explain.attribution.equation import Fit, fit_equation, make_equation
from headwinds.explain.attribution.weighted import drawn_estimates
from headwinds.explain.half_panels import half_panels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.bootstrap import Draws
    from headwinds.explain.attribution.design import AttributionDesign
    from headwinds.explain.attribution.equation import Equation


@dataclass(frozen=True, slots=True)
class NodeEquation:
    """A node's equation: the edges into it, the sums, the estimate.

    Attributes
    ----------
    rows
        Of the design: those that it was estimated on.
    behind, behind_shared
        Shapes (rows, K) and (rows, K, R): by how much each regressor's node, as the same row of the design has it, exceeds
        what it was when it moved the target, and the shared errors of that.
    """

    target: str
    edges: tuple[Edge, ...]
    equation: Equation
    fit: Fit
    rows: NDArray[np.int64]
    behind: NDArray[np.float64]
    behind_shared: NDArray[np.float64]


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
    by_node, by_node_drawn
        By node that something moves, the slopes of its regressors, its own past last if it is held fixed and no edge: shape
        (1, K), and in each draw, (draws, K).
    """

    value: dict[Edge, float]
    drawn: dict[Edge, NDArray[np.float64]]
    equations: tuple[NodeEquation, ...]
    by_node: dict[str, NDArray[np.float64]]
    by_node_drawn: dict[str, NDArray[np.float64]]

    @property
    def own_past(self) -> dict[str, float]:
        """How much of what it was a year before each node keeps; empty where own pasts are not held fixed."""
        return {
            one.target: float(self.by_node[one.target][0, -1])
            for one in self.equations
            if one.equation.width > len(one.edges)
        }


def estimate_edges(
    design: AttributionDesign,
    graph: Graph,
    draws: Draws,
    *,
    outcome: str = "growth",
    rows: NDArray[np.bool_] | None = None,
    carry_error: bool = True,
    own_past: bool = False,
    half_panel: bool = False,
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
    half_panel
        Take twice the slopes of all years less the mean of those of either half of each entity's years: their bias is
        then of order 1 / years^2, and their errors are larger; see `own_pasts`.

    Raises
    ------
    MismatchError
        A node is not a variable of the design.
    EstimationError
        An equation is singular (or is so in a half), or no entity-year has a node with all its parents.
    """
    import numpy as np

    known = {outcome, *design.names}
    lacking = [name for name in graph.names if name not in known]
    if lacking or outcome not in graph.names:
        raise MismatchError(
            f"The graph's node {(lacking or [outcome])[0]!r} is not measured; there are {', '.join(sorted(known))}.",
            remedy="Name indices and nodes alike, or give technology.",
        )
    value: dict[Edge, float] = {}
    drawn: dict[Edge, NDArray[np.float64]] = {}
    by_node: dict[str, NDArray[np.float64]] = {}
    by_node_drawn: dict[str, NDArray[np.float64]] = {}
    equations = []
    for target in graph.names:
        if not graph.into(target):
            continue
        one = node_equation(design, graph, target, outcome, rows, carry_error, own_past=own_past)
        equations.append(one)
        found, samples = _estimates(one, draws, carry_error)
        if half_panel:
            halves = _halves(design, graph, one, outcome, carry_error, own_past=own_past)
            parts = [_estimates(half, draws, carry_error) for half in halves]
            found = 2 * found - np.mean([part[0] for part in parts], axis=0)
            samples = 2 * samples - np.mean([part[1] for part in parts], axis=0)
        for number, edge in enumerate(one.edges):
            value[edge] = float(found[number])
            drawn[edge] = samples[:, number]
        by_node[target], by_node_drawn[target] = found[None], samples
    return Slopes(value, drawn, tuple(equations), by_node, by_node_drawn)


def _estimates(
    one: NodeEquation, draws: Draws, carry_error: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of an equation: shape (K,), and in each draw, shape (draws, K)."""
    errors = draws.errors if carry_error else draws.errors[:, :0]
    return one.fit.value, drawn_estimates(one.equation, one.fit, draws.weights, errors)


def _halves(
    design: AttributionDesign,
    graph: Graph,
    whole: NodeEquation,
    outcome: str,
    carry_error: bool,
    *,
    own_past: bool,
) -> list[NodeEquation]:
    """The same equation on each half of the years."""
    import numpy as np

    try:
        return [
            node_equation(
                design,
                graph,
                whole.target,
                outcome,
                np.isin(np.arange(len(design.year)), whole.rows[half]),
                carry_error,
                own_past=own_past,
            )
            for half in half_panels(design.entity[whole.rows], design.year[whole.rows])
        ]
    except EstimationError as error:
        raise EstimationError(
            f"In half of the years, the equation of {whole.target}: {error.message}",
            remedy="Set half_panel to false, or take more years.",
        ) from None


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
    """The equation of one node; see `estimate_edges`. Its own past, if asked for and no edge, is the last regressor."""
    import numpy as np

    edges = graph.into(target)
    regressors = [(edge.source, edge.lag) for edge in edges]
    if own_past and (target, 1) not in regressors:  # a graph may have it as an edge
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
    errors = _row_errors(design, [own, *blocks], [(target, 0), *regressors], outcome)
    crossed = errors[:, 1:, 0]
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
        noise=errors[:, 1:, 1:] if carry_error else None,
        crossed=crossed if carry_error and crossed.any() else None,
        shared=shared if carry_error else None,
        shared_outcome=own[2] if carry_error else None,
    )
    now = [_node(design, source, outcome, chosen) for source, _ in regressors]
    return NodeEquation(
        target,
        edges,
        equation,
        fit_equation(equation),
        chosen,
        behind=np.column_stack([one[0] - then[0] for one, then in zip(now, blocks, strict=True)]),
        behind_shared=np.stack([one[2] - then[2] for one, then in zip(now, blocks, strict=True)], axis=1),
    )


def _row_errors(
    design: AttributionDesign,
    blocks: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    nodes: Sequence[tuple[str, int]],
    outcome: str,
) -> NDArray[np.float64]:
    """Covariances of the errors of nodes, each so many years before, in each row: shape (rows, nodes, nodes)."""
    import numpy as np

    correlation = design.error_correlation
    if correlation is not None:
        # Growth is not measured by the index: it has a place of its own, and no error.
        whole = np.eye(len(design.names) + 1)
        whole[:-1, :-1] = correlation
        place = [len(design.names) if name == outcome else design.names.index(name) for name, _ in nodes]
        correlation = whole[np.ix_(place, place)]
    variance = np.column_stack([block[1] for block in blocks])
    return row_covariances(variance, correlation, [before for _, before in nodes])


def _node(
    design: AttributionDesign, name: str, outcome: str, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, variances and shared errors of a node in rows of the design."""
    import numpy as np

    if name == outcome:
        return design.outcome[rows], np.zeros(len(rows)), np.zeros((len(rows), design.factor.shape[2]))
    number = design.names.index(name)
    return design.values[rows, number], design.variance[rows, number], design.factor[rows, number]
