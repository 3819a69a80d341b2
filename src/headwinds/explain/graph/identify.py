"""What a graph lets data say: for each effect, what must be held fixed, or that nothing observed will do.

The graph is unrolled in time. The total effect of X on Y is identified by a set Z of observed nodes that X does not move and
that blocks every back door into X (Pearl 2009, theorem 3.3.2); the direct effect in a linear model by a set of nodes that
Y does not move and that blocks every other way than the arrow itself (single door: theorem 5.3.1). Sets are minimal.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding, Graph
from headwinds.contracts.result import Result
from headwinds.errors import SettingsError
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
            f"Not identified: {row.effect} effect of {row.source} on {row.target}."
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
    rows = []
    window = 3 * (graph.longest_lag + 1)
    plain = unrolled(graph, window)
    if not networkx.is_directed_acyclic_graph(plain):  # cannot be after build_graph; a graph made by hand can
        raise SettingsError("The graph has a cycle within one period.", remedy="Make it with build_graph.")
    timed = _with_hidden(plain, graph.names, hidden, window, persistent)
    observed = set(plain)
    for edge in graph.edges:
        held = _direct(timed, (edge.source, edge.lag), (edge.target, 0), observed)
        rows.append(_row(edge.source, edge.target, "direct", edge.lag, held, edge.evidence))
    for first, last in itertools.permutations(graph.names, 2):
        lags = [lag for lag in range(window) if networkx.has_path(plain, (first, lag), (last, 0))]
        if not lags or (graph.between(first, last) and _ways(plain, first, last, lags[0]) == 1):
            continue  # no effect, or at its first lag none but the direct one
        held = _total(timed, (first, lags[0]), (last, 0), observed)
        rows.append(_row(first, last, "total", lags[0], held, ""))
    table = pd.DataFrame(rows)
    findings = [
        Finding(
            "N441",
            f"Rival explanations of a slowdown that are not in the graph: {RIVALS}.",
            "If one of them moves a node too, name the pair as hidden and see what is lost.",
        )
    ]
    return Identification(graph, table, tuple(hidden), tuple(findings))


def _with_hidden(
    plain: Any, names: Sequence[str], hidden: Sequence[tuple[str, str]], window: int, persistent: bool
) -> Any:
    """The unrolled graph with hidden causes and with the persistence of its nodes."""
    timed = plain.copy()
    own = [f"hidden {number}" for number in range(len(hidden))]
    for before in range(window - 1, -1, -1):
        for cause, pair in zip(own, hidden, strict=True):
            timed.add_edges_from(((cause, before), (name, before)) for name in pair)
        if before > 0:
            lasting = [*own, *(names if persistent else ())]
            timed.add_edges_from(((name, before), (name, before - 1)) for name in lasting)
    return timed


def _ways(timed: Any, first: str, last: str, lag: int) -> int:
    import networkx

    return sum(1 for _ in networkx.all_simple_paths(timed, (first, lag), (last, 0)))


def _total(timed: Any, source: Moment, target: Moment, observed: set[Moment]) -> set[Moment] | None:
    """A minimal back-door set, or None."""
    import networkx

    allowed = observed - networkx.descendants(timed, source) - {source, target}
    behind = timed.copy()
    behind.remove_edges_from(list(timed.out_edges(source)))
    return _separator(behind, source, target, allowed)


def _direct(timed: Any, source: Moment, target: Moment, observed: set[Moment]) -> set[Moment] | None:
    """A minimal single-door set, or None."""
    import networkx

    allowed = observed - networkx.descendants(timed, target) - {source, target}
    behind = timed.copy()
    behind.remove_edge(source, target)
    return _separator(behind, source, target, allowed)


def _separator(graph: Any, source: Moment, target: Moment, allowed: set[Moment]) -> set[Moment] | None:
    import networkx

    found = networkx.find_minimal_d_separator(graph, source, target, restricted=allowed)
    return None if found is None else set(found)


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
