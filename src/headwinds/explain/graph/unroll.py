"""A graph with lags as a graph in time, which has no cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwinds.contracts import Edge, Graph

Moment = tuple[str, int]
"""A node and how many periods before the present."""


def unrolled(graph: Graph, periods: int) -> Any:
    """The graph over `periods` periods, as a `networkx.DiGraph` of (name, periods before the present).

    Every edge is repeated in each period in which both its ends fall into the window. A graph that `build_graph` let pass
    has no cycle here: each lagged edge leads to a later period, and there is none within one.
    """
    import networkx

    made = networkx.DiGraph()
    made.add_nodes_from((name, before) for before in range(periods - 1, -1, -1) for name in graph.names)
    for edge in graph.edges:
        for before in range(periods - 1 - edge.lag, -1, -1):
            made.add_edge((edge.source, before + edge.lag), (edge.target, before), edge=edge)
    return made


def directed_paths(graph: Graph, source: str, target: str, *, horizon: int) -> list[tuple[Edge, ...]]:
    """Every way from `source` to `target` whose lags add up to at most `horizon`, the fewest edges first.

    A way that runs through a feedback passes a node twice; the horizon bounds how often.
    """
    found: list[tuple[Edge, ...]] = []
    waiting: list[tuple[Edge, ...]] = [()]
    while waiting:
        way = waiting.pop(0)
        place = way[-1].target if way else source
        lag = sum(edge.lag for edge in way)
        for edge in graph.edges:
            if edge.source == place and lag + edge.lag <= horizon:
                longer = (*way, edge)
                waiting.append(longer)
                if edge.target == target:
                    found.append(longer)
    return found
