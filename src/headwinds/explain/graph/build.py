"""A graph that can be used: every name known, nothing twice, and no cycle within one period."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headwinds.contracts import EVIDENCE, Edge, Graph, Node
from headwinds.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_LAG = 100
"""Periods. A graph is unrolled several times as far; with a year in the place of a lag that would never end."""


def build_graph(
    nodes: Sequence[Node], edges: Sequence[Edge], *, title: str = "", place: str = "The graph"
) -> Graph:
    """Check nodes and edges and make the graph of them.

    Parameters
    ----------
    place
        Where they come from, for the message (a file's name).

    Raises
    ------
    DataError
        A node twice or with a name that is not plain, an edge twice or with an end that is no node, a lag below zero or
        above 100, an evidence that is none of the four, no edge at all, or a cycle without a lag (the cycle is named).
    """
    names = [node.name for node in nodes]
    for node in nodes:
        if not re.fullmatch(r"[^\W\d][\w-]*", node.name):
            raise DataError(
                f"{place}: node {node.name!r} is no plain name.", remedy="Use letters, digits, _ and -."
            )
        if names.count(node.name) > 1:
            raise DataError(f"{place}: node {node.name!r} is there twice.", remedy="Remove one.")
    if not edges:
        raise DataError(
            f"{place}: there is no edge.", remedy="Add an [[edge]] with source, target, lag, evidence."
        )
    seen = set()
    for edge in edges:
        told = f"{edge.source} -> {edge.target}"
        for key, end in (("source", edge.source), ("target", edge.target)):
            if end not in names:
                raise DataError(
                    f"{place}: edge {told}: {key} {end!r} is no node; there are {', '.join(names)}.",
                    remedy="Add the node or mend the name.",
                )
        if edge.lag < 0:
            raise DataError(
                f"{place}: edge {told}: lag is {edge.lag}, expected 0 or more.", remedy="Turn the edge round."
            )
        if edge.lag > LONGEST_LAG:
            raise DataError(
                f"{place}: edge {told}: lag is {edge.lag}, expected at most {LONGEST_LAG} periods.",
                remedy="Give the periods from cause to effect, not a date.",
            )
        if edge.evidence not in EVIDENCE:
            raise DataError(
                f"{place}: edge {told}: evidence {edge.evidence!r} is none of {', '.join(EVIDENCE)}."
            )
        if (edge.source, edge.target, edge.lag) in seen:
            raise DataError(f"{place}: edge {told} with lag {edge.lag} is there twice.", remedy="Remove one.")
        seen.add((edge.source, edge.target, edge.lag))
    cycle = static_cycle(names, edges)
    if cycle:
        raise DataError(
            f"{place}: {' -> '.join([*cycle, cycle[0]])} is a cycle within one period, which has no causal reading.",
            remedy="Give at least one of its edges a lag.",
        )
    return Graph(title=title, nodes=tuple(nodes), edges=tuple(edges))


def static_cycle(names: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    """The first cycle of edges without a lag, from its first node in order; empty if there is none."""
    order = {name: number for number, name in enumerate(names)}
    after: dict[str, list[str]] = {name: [] for name in names}
    for edge in edges:
        if edge.lag == 0:
            after[edge.source].append(edge.target)
    done: set[str] = set()
    for start in names:
        path: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            done.update(path[depth:])  # all that leads on from them has been walked
            del path[depth:]
            if name in path:
                cycle = path[path.index(name) :]
                first = min(range(len(cycle)), key=lambda place: order[cycle[place]])
                return [*cycle[first:], *cycle[:first]]
            if name not in done:
                path.append(name)
                waiting.extend((target, len(path)) for target in after[name])
        done.update(path)
    return []
