"""The change of growth by which mechanism of the graph changed: each node's equation before against after.

Means of the nodes solve m = c + B m, with B the slopes of the graph's edges (their lags added up: each span is read as the
resting point of the graph unrolled in time) and c what is left of each mean. A mechanism is a row of (c, B). With the
mechanisms of a set S as they were after and the others as they were before, mean growth is the growth entry of
(I - B_S)^-1 c_S: the observed means for none and for all, so that Shapley values over the mechanisms add up to the change
without a rest. It is the closed form of what `dowhy.gcm.distribution_change` samples for independent rows (Budhathoki,
Janzing, Bloebaum and Ng 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Graph
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.attribution import words
from headwinds.explain.attribution.bootstrap import DRAWS, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.headwinds import parts_table
from headwinds.explain.attribution.result import CHANGE, JOINT, REMAINDER, Attribution
from headwinds.explain.attribution.shapley import MOST_PLAYERS, shapley_values, subsets
from headwinds.explain.attribution.span_means import average, span_means
from headwinds.explain.attribution.structural import Slopes, estimate_edges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign


def mechanism_attribution(
    design: AttributionDesign,
    graph: Graph,
    *,
    outcome: str = "growth",
    by_span: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    show_single: bool = True,
) -> Attribution:
    """Attribute the change of mean growth to the mechanisms of the graph's nodes.

    Parameters
    ----------
    outcome
        The node that the design's outcome measures. Its own mechanism is what is not attributed.
    by_span
        Estimate slopes in each span apart, so that a mechanism can also change in its slopes. False takes the slopes of
        both spans together: then a mechanism changes in its mean alone.

    Raises
    ------
    SettingsError
        More than twelve nodes.
    EstimationError
        The feedbacks are so strong that the graph has no resting point.
    """
    import numpy as np

    if len(graph.nodes) > MOST_PLAYERS:
        raise SettingsError(
            f"The graph has {len(graph.nodes)} nodes; mechanisms are computed for up to {MOST_PLAYERS}."
        )
    drawn = draw_clusters(design.clusters, design.factor.shape[2], draws=draws, seed=seed)
    spans = (design.before, design.after)
    masks = [design.in_span(span) for span in spans] if by_span else [None, None]
    slopes = [estimate_edges(design, graph, drawn, outcome=outcome, rows=masks[0])]
    slopes.append(
        estimate_edges(design, graph, drawn, outcome=outcome, rows=masks[1]) if by_span else slopes[0]
    )
    ones = np.ones((1, design.clusters))
    at = graph.names.index(outcome)
    rows = [_matrix(one, graph) for one in slopes]
    _refuse_unstable([matrix[0] for matrix, _ in rows])
    node_means = _node_means(design, graph, outcome, ones, None)
    drawn_means = _node_means(design, graph, outcome, drawn.weights, drawn.errors)
    worth = mechanism_worth([matrix for matrix, _ in rows], node_means, at)
    drawn_worth = mechanism_worth([many for _, many in rows], drawn_means, at)
    value, samples = shapley_values(worth)[0], shapley_values(drawn_worth)
    before, after = float(node_means[0, 0, at]), float(node_means[0, 1, at])
    headwinds = [name for name in design.headwinds if name in graph.names]
    order = [graph.names.index(name) for name in headwinds]
    first = [graph.names.index("technology")] if design.has_technology else []
    ordered, all_parts = value[[*order, *first, at]], samples[:, [*order, *first, at]]
    count = len(headwinds)
    everything = np.concatenate([ordered, [ordered[:count].sum(), after - before]])
    change = drawn_means[:, 1, at] - drawn_means[:, 0, at]
    found = spread(
        everything,
        np.column_stack([all_parts, all_parts[:, :count].sum(axis=1), change]),
        design.clusters,
        slice(0, count),
    )
    names = [*headwinds, *(["technology"] if first else []), REMAINDER]
    kinds = ["mechanism"] * count + ["technology"] * len(first) + ["remainder", "joint", "total"]
    findings = [*spread_findings(found, draws, design.clusters)]
    findings.append(
        Finding(
            "N447",
            "Each span is read as the resting point of the graph; what growth's own mechanism changed, movements that all "
            "entities share included, is not attributed.",
        )
    )
    return Attribution(
        table=parts_table([*names, JOINT, CHANGE], kinds, everything, found, show_single=show_single),
        before=before,
        after=after,
        method="mechanisms",
        estimand=words.estimand(design, "what changed in each node beyond what moves it in the graph"),
        population=design.population,
        variation=words.VARIATION,
        absorbed=words.ABSORBED,
        assumes=words.assumes(
            design, " The graph is right and complete." + (" Slopes may differ." if by_span else "")
        ),
        units=f"{design.outcome_words}, points",
        observations=len(design.outcome),
        entities=len(design.entities) - len(design.alone),
        clusters=design.clusters,
        parts=dict(zip(names, ordered.tolist(), strict=True)),
        draws=all_parts,
        findings=tuple(findings),
    )


def mechanism_worth(
    slopes: list[NDArray[np.float64]], means: NDArray[np.float64], outcome: int
) -> NDArray[np.float64]:
    """Mean of the outcome node under every mixture of mechanisms.

    Parameters
    ----------
    slopes
        Of before and after, each of shape (draws, nodes, nodes): row = node that is moved.
    means
        Shape (draws, 2, nodes).

    Returns
    -------
    numpy.ndarray
        Shape (draws, 2^nodes), in the order of `subsets`.
    """
    import numpy as np

    nodes = means.shape[2]
    own = [means[:, span] - np.einsum("bij,bj->bi", slopes[span], means[:, span]) for span in (0, 1)]
    moved = subsets(nodes)
    worth = np.empty((len(means), len(moved)))
    for number, inside in enumerate(moved):
        matrix = np.where(inside[None, :, None], slopes[1], slopes[0])
        rest = np.where(inside[None, :], own[1], own[0])
        lost = ~(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(rest).all(axis=1))
        system = np.eye(nodes) - np.where(lost[:, None, None], 0.0, matrix)
        solved = np.linalg.solve(system, np.where(lost[:, None], 0.0, rest)[:, :, None])[:, outcome, 0]
        worth[:, number] = np.where(lost, np.nan, solved)
    return worth


def _matrix(slopes: Slopes, graph: Graph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes as matrices, lags added up: of the estimate, shape (1, nodes, nodes), and of the draws."""
    import numpy as np

    number = {name: place for place, name in enumerate(graph.names)}
    draws = len(next(iter(slopes.drawn.values())))
    value = np.zeros((1, len(number), len(number)))
    many = np.zeros((draws, len(number), len(number)))
    for edge in graph.edges:
        value[:, number[edge.target], number[edge.source]] += slopes.value[edge]
        many[:, number[edge.target], number[edge.source]] += slopes.drawn[edge]
    unstable = np.abs(np.linalg.eigvals(np.nan_to_num(many))).max(axis=1) >= 1
    many[unstable] = np.nan
    return value, many


def _refuse_unstable(matrices: list[NDArray[np.float64]]) -> None:
    import numpy as np

    for matrix in matrices:
        if np.isfinite(matrix).all() and np.abs(np.linalg.eigvals(matrix)).max() >= 1:
            raise EstimationError(
                "The estimated feedbacks of the graph have no resting point: they amplify themselves.",
                remedy="Leave the feedback out, or take more data.",
            )


def _node_means(
    design: AttributionDesign,
    graph: Graph,
    outcome: str,
    weights: NDArray[np.float64],
    errors: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Mean of every node in both spans, shape (draws, 2, nodes); a variable at its own lag before growth."""
    import numpy as np

    means = span_means(design)
    values = average(means.values.transpose(1, 0, 2), means, weights)
    if errors is not None and means.factor.shape[-1]:
        values = values + np.einsum(
            "bsvr,br->bsv", average(means.factor.transpose(1, 0, 2, 3), means, weights), errors
        )
    grown = average(means.outcome.T, means, weights)
    columns = [grown if name == outcome else values[:, :, design.names.index(name)] for name in graph.names]
    return np.stack(columns, axis=2)
