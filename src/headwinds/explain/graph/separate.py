"""Which nodes, held fixed, separate two others in a directed graph without cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwinds.explain.graph.unroll import Moment


def minimal_separator(graph: Any, source: Moment, target: Moment, allowed: set[Moment]) -> set[Moment] | None:
    """A set of allowed nodes that d-separates two, without a node that it could do without; None if there is none.

    All allowed ancestors of the two separate them if any allowed set does; of those it is enough to keep what one of the
    two reaches, and of these what the other reaches (van der Zander and Liskiewicz 2020). That of networkx 3.6 is the same
    in a time that grows with the square of the graph, too long for one that is unrolled far back.

    Parameters
    ----------
    graph
        A `networkx.DiGraph`.
    """
    import networkx

    ancestors: set[Moment] = {source, target}
    ancestors = ancestors.union(networkx.ancestors(graph, source), networkx.ancestors(graph, target))
    fixed = (allowed & ancestors) - {source, target}
    reached = _reached(graph, source, ancestors, fixed)
    if target in reached:
        return None
    fixed &= reached
    return fixed & _reached(graph, target, ancestors, fixed)


def _reached(graph: Any, start: Moment, ancestors: set[Moment], fixed: set[Moment]) -> set[Moment]:
    """Where a ball comes from `start` (Shachter 1998), within the ancestors, where every collider may be taken for open."""
    seen = {(start, False), (start, True)}
    waiting = list(seen)
    while waiting:
        node, arrived_along_edge = waiting.pop()
        free = node not in fixed
        moves = [(child, True) for child in graph.succ[node]] if free else []
        if free or arrived_along_edge:
            moves += [(parent, False) for parent in graph.pred[node]]
        for move in moves:
            if move[0] in ancestors and move not in seen:
                seen.add(move)
                waiting.append(move)
    return {node for node, _ in seen}
