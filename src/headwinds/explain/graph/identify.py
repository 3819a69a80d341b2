"""What a graph lets data say: for each effect, what must be held fixed, or that holding observed nodes fixed will not do.

The graph is unrolled in time. The total effect of X on Y is identified by a set Z of observed nodes that X does not move and
that blocks every back door into X (Pearl 2009, theorem 3.3.2); the direct effect in a linear model by a set of nodes that
Y does not move and that blocks every other way than the arrow itself (single door: theorem 5.3.1). Sets are minimal. Other
ways to identify an effect (an instrument, a front door) are not looked for.

Time has no beginning, and an unrolled graph has one. What may be held fixed is therefore recent, and the history behind it
is long: a set that reached back to the beginning would block ways only because nothing comes before it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding, Graph
from headwinds.contracts.result import Result
from headwinds.errors import SettingsError
from headwinds.explain.graph.separate import minimal_separator
from headwinds.explain.graph.unroll import Moment, unrolled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

RIVALS = "demography, demand, mismeasurement of output, the shift to services (Baumol), the end of one wave of IT gains"


@dataclass(frozen=True, slots=True)
class Identification(Result):
    """For each effect of a graph, whether and how it is identified.

    Attributes
    ----------
    table
        `source`, `target`, `effect` ("direct" or "total"), `lag` (periods), `identified`, `hold_fixed` (the nodes of a
        minimal adjustment set with their lag before the target, "nothing" if none is needed, "" if none will do),
        `evidence` (of the edge; "" for a total effect).
    hidden
        Pairs of nodes that were supposed to share an unobserved cause.
    """

    graph: Graph
    table: pd.DataFrame
    hidden: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]

    def summary(self) -> str:
        """What is identified if the graph is right, and what is not."""
        known = int(self.table["identified"].sum())
        lines = [
            f"If the graph is right and complete, {known} of {len(self.table)} effects are identified by holding observed "
            "nodes fixed; the graph itself is an assumption that no data of this kind can prove."
        ]
        lines += [
            f"Not identified by holding observed nodes fixed: {row.effect} effect of {row.source} on {row.target}."
            for row in self.table.itertuples()
            if not row.identified
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """The graph, its edges coloured by their evidence."""
        from headwinds.explain.graph.picture import graph_picture

        return graph_picture(self.graph)


def identify(
    graph: Graph, *, hidden: Sequence[tuple[str, str]] = (), persistent: bool = True
) -> Identification:
    """List every direct effect and every total effect of the graph, with a minimal adjustment set or none.

    Parameters
    ----------
    hidden
        Pairs of nodes that may share an unobserved cause that lasts; see which effects it costs.
    persistent
        Whether what a node is in one period moves what it is in the next, as nearly every series of an economy does. Then
        a feedback opens a back door through the target's own past.

    Raises
    ------
    SettingsError
        A pair names an unknown node or the same node twice.
    """
    import networkx
    import pandas as pd

    for pair in hidden:
        unknown = [name for name in pair if name not in graph.names]
        if unknown or len(set(pair)) != 2:
            raise SettingsError(
                f"hidden: {pair!r} is no pair of two nodes; there are {', '.join(graph.names)}.",
                remedy="Name two nodes of the graph.",
            )
    if not networkx.is_directed_acyclic_graph(unrolled(graph, graph.longest_lag + 1)):
        # cannot be after build_graph; a graph made by hand can
        raise SettingsError("The graph has a cycle within one period.", remedy="Make it with build_graph.")
    first = _first_lags(graph)
    recent = 2 * (graph.longest_lag + 1)  # periods before the cause that may be held fixed
    history = 2 * (len(graph.names) + len(hidden)) * graph.longest_lag + 2
    farthest = max([*first.values(), graph.longest_lag])
    timed = _with_hidden(graph, hidden, farthest + recent + history + 1, persistent)

    def candidates(lag: int) -> set[Moment]:
        return {(name, before) for name in graph.names for before in range(lag + recent + 1)}

    rows = []
    for edge in graph.edges:
        held = _direct(timed, (edge.source, edge.lag), (edge.target, 0), candidates(edge.lag))
        rows.append(_row(edge.source, edge.target, "direct", edge.lag, held, edge.evidence))
    for (source, target), lag in first.items():
        if _only_direct(graph, source, target, lag):
            continue
        held = _total(timed, (source, lag), (target, 0), candidates(lag))
        rows.append(_row(source, target, "total", lag, held, ""))
    table = pd.DataFrame(rows)
    findings = [
        Finding(
            "N441",
            f"Rival explanations of a slowdown that are not in the graph: {RIVALS}.",
            "If one of them moves a node too, name the pair as hidden and see what is lost.",
        )
    ]
    return Identification(graph, table, tuple(hidden), tuple(findings))


def _first_lags(graph: Graph) -> dict[tuple[str, str], int]:
    """Pairs of which the first moves the other, and how many periods later it first does."""
    import networkx

    periods = len(graph.names) * graph.longest_lag + 1  # no way that passes each node once is longer
    plain = unrolled(graph, periods)
    before = {name: networkx.ancestors(plain, (name, 0)) for name in graph.names}
    found = {}
    for source, target in itertools.permutations(graph.names, 2):
        lags = [lag for name, lag in before[target] if name == source]
        if lags:
            found[source, target] = min(lags)
    return found


def _only_direct(graph: Graph, source: str, target: str, lag: int) -> bool:
    """Whether an edge of this lag is all that leads from one to the other so soon."""
    import networkx

    plain = unrolled(graph, lag + 1)
    if not plain.has_edge((source, lag), (target, 0)):
        return False
    plain.remove_edge((source, lag), (target, 0))
    return not networkx.has_path(plain, (source, lag), (target, 0))


def _with_hidden(graph: Graph, hidden: Sequence[tuple[str, str]], window: int, persistent: bool) -> Any:
    """The unrolled graph with hidden causes and with the persistence of its nodes."""
    timed = unrolled(graph, window)
    own = [f"hidden {number}" for number in range(len(hidden))]
    for before in range(window - 1, -1, -1):
        for cause, pair in zip(own, hidden, strict=True):
            timed.add_edges_from(((cause, before), (name, before)) for name in pair)
        if before > 0:
            lasting = [*own, *(graph.names if persistent else ())]
            timed.add_edges_from(((name, before), (name, before - 1)) for name in lasting)
    return timed


def _total(timed: Any, source: Moment, target: Moment, candidates: set[Moment]) -> set[Moment] | None:
    """A minimal back-door set, or None."""
    import networkx

    allowed = candidates - networkx.descendants(timed, source) - {source, target}
    behind = timed.copy()
    behind.remove_edges_from(list(timed.out_edges(source)))
    return minimal_separator(behind, source, target, allowed)


def _direct(timed: Any, source: Moment, target: Moment, candidates: set[Moment]) -> set[Moment] | None:
    """A minimal single-door set, or None."""
    import networkx

    allowed = candidates - networkx.descendants(timed, target) - {source, target}
    behind = timed.copy()
    behind.remove_edge(source, target)
    return minimal_separator(behind, source, target, allowed)


def _row(
    source: str, target: str, effect: str, lag: int, held: set[Moment] | None, evidence: str
) -> dict[str, object]:
    told = sorted(held or (), key=lambda moment: (moment[1], moment[0]))
    words = ", ".join(f"{name} (lag {before})" if before else name for name, before in told)
    return {
        "source": source,
        "target": target,
        "effect": effect,
        "lag": lag,
        "identified": held is not None,
        "hold_fixed": "" if held is None else words or "nothing",
        "evidence": evidence,
    }
