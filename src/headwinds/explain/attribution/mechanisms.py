"""The change of growth by which mechanism of the graph changed: each node's equation before against after.

Means of the nodes solve m = c + (B + R) (m - d), with B the slopes of the graph's edges (lags added up), R the diagonal of
what each node keeps of its value of the period before, d how far the years that moved a node are behind the span's mean (see
`carried_over`), and c what is left. A mechanism is a row of (c, B, R). With the mechanisms of a set S and, where it is in S
too, the lags d as they were after, and all others as they were before, mean growth is the growth entry of
(I - B_S - R_S)^-1 (c_S - (B_S + R_S) d_S): the observed means for none and for all, so that Shapley values over the
mechanisms and over what is carried over add up to the change without a rest. With d left out it is the closed form, at rest,
of what `dowhy.gcm.distribution_change` samples for independent rows (Budhathoki, Janzing, Bloebaum and Ng 2021).

What a node's past holds was moved by the node's parents or by its own mechanism, and at rest each of them has moved the node
by 1 / (1 - r) of what it moves it within a period: that is their part. The past's own part is only what is not at rest yet.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Graph
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.attribution import words
from headwinds.explain.attribution.bootstrap import DRAWS, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.carried_over import behind, under_way
from headwinds.explain.attribution.headwinds import parts_table
from headwinds.explain.attribution.own_pasts import MOST_LATE, lateness, short_panel_findings
from headwinds.explain.attribution.result import CARRIED, CHANGE, JOINT, REMAINDER, Attribution
from headwinds.explain.attribution.shapley import MOST_PLAYERS, shapley_values, subsets
from headwinds.explain.attribution.span_means import average, span_means
from headwinds.explain.attribution.structural import Slopes, estimate_edges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.explain.attribution.design import AttributionDesign, Span


def mechanism_attribution(
    design: AttributionDesign,
    graph: Graph,
    *,
    outcome: str = "growth",
    by_span: bool = False,
    draws: int = DRAWS,
    seed: int = 0,
    show_single: bool = True,
    persistent: bool = True,
    half_panel: bool = False,
) -> Attribution:
    """Attribute the change of mean growth to the mechanisms of the graph's nodes.

    Parameters
    ----------
    outcome
        The node that the design's outcome measures. Its own mechanism is what is not attributed.
    by_span
        Estimate slopes in each span apart, so that a mechanism can also change in its slopes. False takes the slopes of
        both spans together: then a mechanism changes in its mean alone.
    persistent
        Whether what a node is in one period moves what it is in the next, as in `path_effects`. Then its own past is held
        fixed beside its parents, a mechanism's part is what it moves once nodes have come to rest, and by how much a span's
        mean was not there yet is the part "carried over". With parents alone a slope is something between the effect within
        a period and that at rest, by how long the parent lasts.
    half_panel
        Take the bias of order 1 in the years of an entity from slopes and own pasts, as in `path_effects`.

    Raises
    ------
    SettingsError
        More than eleven nodes, or twelve where they are not persistent.
    EstimationError
        An equation is singular, a span has no row with own pasts, or the feedbacks or own pasts are so strong that the graph
        has no resting point.
    """
    import numpy as np

    most = MOST_PLAYERS - persistent  # what is carried over is a player too
    if len(graph.nodes) > most:
        raise SettingsError(
            f"The graph has {len(graph.nodes)} nodes; mechanisms are computed for up to {most}."
        )
    drawn = draw_clusters(design.clusters, design.factor.shape[2], draws=draws, seed=seed)
    spans = (design.before, design.after)
    masks = [design.in_span(span) for span in spans] if by_span else [None, None]
    estimate = partial(
        estimate_edges, design, graph, drawn, outcome=outcome, own_past=persistent, half_panel=half_panel
    )
    slopes = [estimate(rows=masks[0])]
    slopes.append(estimate(rows=masks[1]) if by_span else slopes[0])
    ones = np.ones((1, design.clusters))
    at = graph.names.index(outcome)
    rows = [_matrix(slopes[0], graph)]
    rows.append(_matrix(slopes[1], graph) if by_span else rows[0])
    for one, (matrix, _) in zip(slopes, rows, strict=True):
        _refuse_unstable(one, matrix[0])
    node_means = _node_means(design, graph, outcome, ones, None)
    drawn_means = _node_means(design, graph, outcome, drawn.weights, drawn.errors)
    late = drawn_late = None
    if persistent:
        late = under_way([one.by_node for one in slopes], behind(design, slopes, None), graph)
        drawn_late = under_way([one.by_node_drawn for one in slopes], behind(design, slopes, drawn), graph)
    worth = mechanism_worth([matrix for matrix, _ in rows], node_means, at, late)
    drawn_worth = mechanism_worth([many for _, many in rows], drawn_means, at, drawn_late)
    value, samples = shapley_values(worth)[0], shapley_values(drawn_worth)
    before, after = float(node_means[0, 0, at]), float(node_means[0, 1, at])
    headwinds = [name for name in design.headwinds if name in graph.names]
    order = [graph.names.index(name) for name in headwinds]
    first = [graph.names.index("technology")] if design.has_technology else []
    last = [len(graph.names)] if persistent else []
    ordered, all_parts = value[[*order, *first, *last, at]], samples[:, [*order, *first, *last, at]]
    count = len(headwinds)
    everything = np.concatenate([ordered, [ordered[:count].sum(), after - before]])
    change = drawn_means[:, 1, at] - drawn_means[:, 0, at]
    found = spread(
        everything,
        np.column_stack([all_parts, all_parts[:, :count].sum(axis=1), change]),
        design.clusters,
        slice(0, count),
    )
    names = [*headwinds, *(["technology"] if first else []), *([CARRIED] if persistent else []), REMAINDER]
    kinds = ["mechanism"] * count + ["technology"] * len(first) + ["carried"] * len(last)
    kinds += ["remainder", "joint", "total"]
    findings = [*spread_findings(found, draws, design.clusters)]
    findings.append(
        Finding(
            "N447",
            "What growth's own mechanism changed, movements that all entities share included, is not attributed.",
        )
    )
    if persistent:
        findings.append(_at_rest(slopes, spans))
    else:
        findings.append(_without_past())
    findings += short_panel_findings(design, slopes[: 1 + by_span], half_panel=half_panel)
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
            design,
            " The graph is right and complete."
            + (" Slopes may differ." if by_span else "")
            + (" Nodes keep a part of what they were." if persistent else ""),
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
    slopes: list[NDArray[np.float64]],
    means: NDArray[np.float64],
    outcome: int,
    late: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Mean of the outcome node under every mixture of mechanisms.

    Parameters
    ----------
    slopes
        Of before and after, each of shape (draws, nodes, nodes): row = node that is moved.
    means
        Shape (draws, 2, nodes).
    late
        What each node had not come to, of `under_way`: shape (draws, 2, 2, nodes). It is then one more player, the last.

    Returns
    -------
    numpy.ndarray
        Shape (draws, 2^players), in the order of `subsets`.
    """
    import numpy as np

    nodes = means.shape[2]
    own = [means[:, span] - np.einsum("bij,bj->bi", slopes[span], means[:, span]) for span in (0, 1)]
    if late is not None:
        own = [rest + late[:, span, span] for span, rest in enumerate(own)]
    moved = subsets(nodes)
    worth = np.empty((len(means), len(moved) * (1 if late is None else 2)))
    reach: NDArray[np.float64] | None = None
    for number in range(len(moved)):
        inside = moved[number][None, :]
        if reach is None or slopes[0] is not slopes[1]:
            reach = _reach(np.where(inside[:, :, None], slopes[1], slopes[0]), outcome)
        rest = np.where(inside, own[1], own[0])
        for state in range(worth.shape[1] // len(moved)):
            carried = 0.0 if late is None else np.where(inside, late[:, 1, state], late[:, 0, state])
            worth[:, number + state * len(moved)] = (reach * (rest - carried)).sum(axis=1)
    return worth


def _reach(matrix: NDArray[np.float64], outcome: int) -> NDArray[np.float64]:
    """By how much each node's own mean moves the outcome's at rest: shape (draws, nodes), NaN where a slope is."""
    import numpy as np

    lost = np.isnan(matrix.sum(axis=(1, 2)))
    system = np.eye(matrix.shape[1]) - np.where(lost[:, None, None], 0.0, matrix)
    one = np.broadcast_to(np.eye(matrix.shape[1])[:, [outcome]], (*matrix.shape[:2], 1))
    found = np.asarray(np.linalg.solve(system.transpose(0, 2, 1), one)[:, :, 0], dtype=np.float64)
    found[lost] = np.nan
    return found


def _matrix(slopes: Slopes, graph: Graph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes as matrices, own pasts on the diagonal: of the estimate, shape (1, nodes, nodes), and of the draws."""
    import numpy as np

    number = {name: place for place, name in enumerate(graph.names)}
    draws = len(next(iter(slopes.drawn.values())))
    value = np.zeros((1, len(number), len(number)))
    many = np.zeros((draws, len(number), len(number)))
    for edge in graph.edges:
        value[:, number[edge.target], number[edge.source]] += slopes.value[edge]
        many[:, number[edge.target], number[edge.source]] += slopes.drawn[edge]
    for name, kept in slopes.own_past.items():
        value[:, number[name], number[name]] += kept
        many[:, number[name], number[name]] += slopes.by_node_drawn[name][:, -1]
    unstable = np.abs(np.linalg.eigvals(np.nan_to_num(many))).max(axis=1) >= 1
    many[unstable] = np.nan
    return value, many


def _refuse_unstable(slopes: Slopes, matrix: NDArray[np.float64]) -> None:
    import numpy as np

    if not np.isfinite(matrix).all() or np.abs(np.linalg.eigvals(matrix)).max() < 1:
        return
    lasting = [name for name, kept in slopes.own_past.items() if abs(kept) >= 1]
    if lasting:
        raise EstimationError(
            f"{lasting[0]} has no resting point: of what it was a year before {slopes.own_past[lasting[0]]:.2f} is kept.",
            remedy="Take it as its change from year to year, take more data, or set persistent to false.",
        )
    raise EstimationError(
        "The estimated feedbacks of the graph have no resting point: they amplify themselves.",
        remedy="Leave the feedback out, or take more data.",
    )


def _at_rest(slopes: list[Slopes], spans: tuple[Span, Span]) -> Finding:
    """What parts are parts of, and how much of it the shorter span's mean has seen of the slowest node."""
    late = [
        (lateness(kept, last - first), last - first, name, kept)
        for one, (first, last) in zip(slopes, spans, strict=True)
        for name, kept in one.own_past.items()
    ]
    share, years, name, kept = max(late, default=(0.0, 0, "", 0.0))
    if share <= MOST_LATE:
        return Finding(
            "N453",
            f'Parts are those once the graph rests; what a span\'s mean has not come to yet is "{CARRIED}".',
        )
    return Finding(
        "N453",
        f'Parts are those once the graph rests; what a span\'s mean has not come to yet is "{CARRIED}". {name} keeps '
        f"{kept:.2f} of what it was a year before: of what moves it by and by from a span's first year on, {share:.0%} is "
        f"not yet in the mean of {years} years. A part that came at once and not by and by is too large by as much.",
    )


def _without_past() -> Finding:
    return Finding(
        "N451",
        "The nodes' own pasts are not held fixed: if nodes last from one period to the next, slopes are neither those "
        "within a period nor those at rest, and what is wanting counts as the node's own mechanism.",
        "Leave persistent at true unless you know that they do not.",
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
