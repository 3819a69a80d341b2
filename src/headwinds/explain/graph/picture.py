"""A graph as boxes in columns: causes to the left of what they move, feedbacks under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.drawing.causal_graph import Arrow, draw_causal_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from headwinds.contracts import Edge, Graph

WORDS = {
    "accounting": "accounting identity",
    "design": "identified by a design",
    "association": "association in data",
    "assumed": "assumed",
}


def graph_picture(graph: Graph) -> Figure:
    """Draw the graph; each edge has the colour of its evidence, and the lag of a feedback is written on it."""
    feedbacks = _feedbacks(graph)
    column = _columns(graph, feedbacks)
    fed_back = {edge.target for edge in feedbacks}
    order = sorted(graph.names, key=lambda name: name in fed_back)  # at the foot, where feedbacks arrive
    columns = [[name for name in order if column[name] == place] for place in range(max(column.values()) + 1)]
    arrows = [
        Arrow(
            edge.source,
            edge.target,
            edge.evidence,
            _lag(edge.lag) if edge in feedbacks else "",
            edge in feedbacks,
        )
        for edge in graph.edges
    ]
    return draw_causal_graph(
        columns, {node.name: node.title for node in graph.nodes}, arrows, kinds=WORDS, title=graph.title
    )


def _lag(lag: int) -> str:
    return {0: "", 1: "a year later"}.get(lag, f"{lag} years later")


def _feedbacks(graph: Graph) -> set[Edge]:
    """Lagged edges that close a cycle, found by walking the edges in their order."""
    kept: list[Edge] = []
    found: set[Edge] = set()
    for edge in sorted(graph.edges, key=lambda one: one.lag > 0):  # edges within a period never close one
        if _leads(kept, edge.target, edge.source):
            found.add(edge)
        else:
            kept.append(edge)
    return found


def _leads(edges: Sequence[Edge], source: str, target: str) -> bool:
    reached, waiting = {source}, [source]
    while waiting:
        name = waiting.pop()
        for edge in edges:
            if edge.source == name and edge.target not in reached:
                reached.add(edge.target)
                waiting.append(edge.target)
    return target in reached


def _columns(graph: Graph, feedbacks: set[Edge]) -> dict[str, int]:
    """The length of the longest way that leads to each node."""
    column = dict.fromkeys(graph.names, 0)
    for _ in graph.names:
        for edge in graph.edges:
            if edge not in feedbacks:
                column[edge.target] = max(column[edge.target], column[edge.source] + 1)
    return column
