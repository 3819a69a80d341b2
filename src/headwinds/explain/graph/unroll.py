"""A graph with lags as a graph in time, which has no cycle."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Any

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.contracts import Edge, Graph

Moment = tuple[str, int]
"""A node and how many periods before the present."""

MOST_WAYS = 10_000
"""Each is a product of slopes in every draw: ten thousand take a tenth of a GiB."""

MOST_STEPS = 1_000_000


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

    A way that runs through a feedback passes a node twice; the horizon bounds how often. Ways are counted before they are
    listed, as in a graph with feedbacks their number grows with the power of the horizon.

    Raises
    ------
    SettingsError
        There are more than `MOST_WAYS`, or the graph has a cycle within one period.
    """
    left = _least_lags(graph, target)
    edges = [edge for edge in graph.edges if edge.target in left]
    _refuse_too_many(graph, edges, source, target, horizon)
    found: list[tuple[Edge, ...]] = []
    waiting: deque[tuple[int, str, tuple[Edge, ...]]] = deque([(0, source, ())])
    while waiting:
        lag, place, way = waiting.popleft()
        for edge in edges:
            if edge.source == place and lag + edge.lag + left[edge.target] <= horizon:
                longer = (*way, edge)
                waiting.append((lag + edge.lag, edge.target, longer))
                if edge.target == target:
                    found.append(longer)
    return found


def longest_plain_lag(graph: Graph, source: str, target: str) -> int:
    """The largest sum of lags of a way from `source` to `target` that passes no node twice; 0 if there is none.

    Raises
    ------
    SettingsError
        There are too many such ways to try.
    """
    left = _least_lags(graph, target)
    leaving: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.target in left:
            leaving.setdefault(edge.source, []).append(edge)
    farthest, steps = 0, 0
    waiting: list[tuple[int, tuple[str, ...]]] = [(0, (source,))]
    while waiting:
        lag, passed = waiting.pop()
        for edge in leaving.get(passed[-1], ()):
            if edge.target in passed:
                continue
            steps += 1
            if edge.target == target:
                farthest = max(farthest, lag + edge.lag)
            else:
                waiting.append((lag + edge.lag, (*passed, edge.target)))
        if steps > MOST_STEPS:
            raise SettingsError(
                f"The graph has too many ways from {source} to {target} to try: {len(graph.nodes)} nodes, "
                f"{len(graph.edges)} edges.",
                remedy="Set horizon, or take fewer nodes or edges.",
            )
    return farthest


def _least_lags(graph: Graph, target: str) -> dict[str, int]:
    """The least sum of lags from each node to the target, of those from which a way leads there."""
    left = {target: 0}
    waiting = [(0, target)]
    while waiting:
        lag, place = heapq.heappop(waiting)
        for edge in graph.into(place):
            if lag + edge.lag < left.get(edge.source, lag + edge.lag + 1):
                left[edge.source] = lag + edge.lag
                heapq.heappush(waiting, (lag + edge.lag, edge.source))
    return left


def _refuse_too_many(graph: Graph, edges: Sequence[Edge], source: str, target: str, horizon: int) -> None:
    """Count the ways lag by lag, and stop at the first at which there are too many."""
    import networkx

    at_once = networkx.DiGraph([(edge.source, edge.target) for edge in edges if edge.lag == 0])
    at_once.add_nodes_from(graph.names)
    if not networkx.is_directed_acyclic_graph(at_once):
        # cannot be after build_graph; a graph made by hand can
        raise SettingsError("The graph has a cycle within one period.", remedy="Make it with build_graph.")
    order = list(networkx.topological_sort(at_once))
    into = {name: [edge for edge in edges if edge.target == name] for name in order}
    recent: deque[dict[str, int]] = deque(
        maxlen=graph.longest_lag + 1
    )  # arrivals at each lag, the newest last
    total = 0
    for lag in range(horizon + 1):
        now: dict[str, int] = {}
        recent.append(now)
        for name in order:
            now[name] = int(lag == 0 and name == source) + sum(
                recent[-1 - edge.lag].get(edge.source, 0) for edge in into[name] if edge.lag < len(recent)
            )
        total += now[target] - int(lag == 0 and source == target)  # to stay is no way
        if total > MOST_WAYS:
            raise SettingsError(
                f"The graph has {total} ways from {source} to {target} within {lag} periods (horizon {horizon}); at most "
                f"{MOST_WAYS} can be listed.",
                remedy=f"Set horizon to less than {lag}, or take fewer nodes or edges."
                if lag
                else "Take fewer nodes or edges.",
            )
        if not any(any(one.values()) for one in recent):
            return
