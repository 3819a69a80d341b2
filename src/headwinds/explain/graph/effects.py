"""How much of an effect runs which way: direct, through each mediator, and round a feedback, in a linear path model.

The effect along a way is the product of its edges' slopes; the total effect within a horizon is the sum over all ways whose
lags fit into it (Wright 1934). With the slopes' draws each product has its interval.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Graph
from headwinds.contracts.result import Result, number
from headwinds.errors import SettingsError
from headwinds.explain.attribution.bootstrap import DRAWS, draw_clusters, spread, spread_findings
from headwinds.explain.attribution.own_pasts import short_panel_findings
from headwinds.explain.attribution.structural import Slopes, estimate_edges
from headwinds.explain.graph.unroll import directed_paths, longest_plain_lag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.contracts import Edge
    from headwinds.explain.attribution.design import AttributionDesign

SEPARABLE = 0.3
ASSUMES = (
    "the graph is right; nothing unobserved moves two of its nodes within the effects (sequential ignorability: Imai, Keele "
    "and Yamamoto 2010); mediators move each other only along its edges; {}; effects are linear and alike for all."
)
LASTS = (
    "what a node is lasts as its value of the period before says, which is held fixed, and what runs on through it belongs "
    "to no way"
)
LASTS_NOT = "a node's past moves it only along the graph's edges"


@dataclass(frozen=True, slots=True)
class PathEffects(Result):
    """Direct, indirect and total effects of one node on another.

    Attributes
    ----------
    table
        A row a way: `name` (the nodes passed; with the lags where two ways pass the same), `effect` ("direct", "indirect",
        or the sums "all indirect", "all feedback" (ways that pass a node twice), "total"), `lag` (periods; of a sum the
        longest), `value`, `standard_error`, `lower`, `upper`. Where single headwinds may not be ranked, `value` and
        `standard_error` of single indirect ways are NaN.
    edges
        A row an edge: `source`, `target`, `lag`, `value`, `standard_error`, `lower`, `upper`, `evidence`.
    persistent
        Whether each node's own value of the period before was held fixed.
    fewest
        Of the observations, those on which the equation with the fewest rests: where years are missing, a node is seldom
        seen with all that moves it.
    """

    table: pd.DataFrame
    edges: pd.DataFrame
    source: str
    target: str
    horizon: int
    estimand: str
    absorbed: str
    units: str
    observations: int
    clusters: int
    findings: tuple[Finding, ...]
    persistent: bool = True
    fewest: int = 0

    def summary(self) -> str:
        """Each way with its effect, and what must be assumed to read it so."""
        lines = [
            f"{self.estimand} Units: {self.units}.",
            f"{self.observations} observations, {self.clusters} clusters{self._thinned()}. Absorbed: {self.absorbed}",
            f"Assumed: {ASSUMES.format(LASTS if self.persistent else LASTS_NOT)}",
        ]
        lines += [
            f"{row.name} is associated with {number(row.value)}, 95 % interval {number(row.lower)} to {number(row.upper)}"
            for row in self.table.itertuples()
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def _thinned(self) -> str:
        if not 0 < self.fewest < self.observations:
            return ""
        return f"; the equation of the fewest rests on {self.fewest} of them"

    def plot(self) -> Figure:
        """The ways with their intervals."""
        from headwinds.drawing.intervals import draw_intervals

        return draw_intervals(self.table, axis=self.units)


def path_effects(
    design: AttributionDesign,
    graph: Graph,
    *,
    source: str = "technology",
    target: str = "growth",
    horizon: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    show_single: bool = True,
    persistent: bool = True,
    half_panel: bool = False,
) -> PathEffects:
    """Split the effect of one node on another into the ways that it can take.

    Parameters
    ----------
    horizon
        Largest sum of lags. None takes the longest way without a feedback and one round of each feedback.
    show_single
        False keeps only the intervals of single indirect ways and of the edges into and out of mediators.
    persistent
        Whether what a node is in one period moves what it is in the next, as `identify` takes it too. Then its own past is
        held fixed beside its parents: of causes that last, slopes are otherwise too large, as they take over what lasts in
        the node itself. Ways are those of the graph; what runs on through a node's own past is in none.
    half_panel
        Take from each slope the bias of order 1 in the years of an entity that own pasts and feedbacks beside entity effects
        make (Nickell 1981): twice the slope of all years less the mean of those of either half (Dhaene and Jochmans 2015).
        Intervals are wider. Worth it where years are few and entities many.

    Raises
    ------
    SettingsError
        Unknown nodes, no way between them within the horizon, or more than can be listed.
    EstimationError
        An equation is singular, or is so in a half of the years.
    """
    import numpy as np
    import pandas as pd

    for told, name in (("source", source), ("target", target)):
        if name not in graph.names:
            raise SettingsError(f"{told} = {name!r} is no node; there are {', '.join(graph.names)}.")
    if horizon is None:
        horizon = longest_plain_lag(graph, source, target) + 2 * graph.longest_lag
    ways = directed_paths(graph, source, target, horizon=horizon)
    if not ways:
        raise SettingsError(f"The graph has no way from {source} to {target} within {horizon} periods.")
    drawn = draw_clusters(design.clusters, design.factor.shape[2], draws=draws, seed=seed)
    slopes = estimate_edges(design, graph, drawn, own_past=persistent, half_panel=half_panel)
    kinds = [
        "feedback" if _repeats(source, way) else "direct" if len(way) == 1 else "indirect" for way in ways
    ]
    value = [float(np.prod([slopes.value[edge] for edge in way])) for way in ways]
    samples = [np.prod([slopes.drawn[edge] for edge in way], axis=0) for way in ways]
    names = _names(source, ways)
    lags = [sum(edge.lag for edge in way) for way in ways]
    single = [place for place, kind in enumerate(kinds) if kind != "feedback"]
    rows = [([place], kinds[place], names[place]) for place in single]
    for told, own in (
        ("all indirect", ("indirect",)),
        ("all feedback", ("feedback",)),
        ("total", tuple(set(kinds))),
    ):
        members = [place for place, kind in enumerate(kinds) if kind in own]
        if members:
            rows.append((members, told, told))
    value = [sum(value[place] for place in row[0]) for row in rows]
    samples = [np.sum([samples[place] for place in row[0]], axis=0) for row in rows]
    lags = [max(lags[place] for place in row[0]) for row in rows]
    names, kinds = [row[2] for row in rows], [row[1] for row in rows]
    found = spread(np.array(value), np.column_stack(samples), design.clusters)
    table = pd.DataFrame(
        {
            "name": names, "effect": kinds, "lag": lags, "value": value, "standard_error": found.standard_error,
            "lower": found.lower, "upper": found.upper,
        }
    )  # fmt: skip
    edges = _edge_table(graph, slopes, design.clusters)
    if not show_single:
        hidden = ["value", "standard_error"]
        table.loc[table["effect"] == "indirect", hidden] = np.nan
        between = edges["source"].isin(design.headwinds) | edges["target"].isin(design.headwinds)
        edges.loc[between, hidden] = np.nan
    findings = [
        *([] if persistent else [_not_lasting()]),
        *short_panel_findings(design, [slopes], half_panel=half_panel),
        *spread_findings(found, draws, design.clusters),
        *_separability(slopes, graph, source, target),
    ]
    entities = len(design.entities)
    return PathEffects(
        table=table,
        edges=edges,
        source=source,
        target=target,
        horizon=horizon,
        estimand=(
            f"By how much {target} is associated with {source} one unit higher, up to {horizon} periods later, by each way "
            f"of the graph; {entities} entities. No design identifies a cause here."
        ),
        absorbed="entity effects absorb what is constant in an entity, period effects what is common to all in a period.",
        units=f"{target} per unit of {source}",
        observations=len(design.outcome),
        clusters=design.clusters,
        findings=tuple(findings),
        persistent=persistent,
        fewest=min(len(one.rows) for one in slopes.equations),
    )


def _not_lasting() -> Finding:
    return Finding(
        "N451",
        "The nodes' own pasts are not held fixed: if nodes last from one period to the next, slopes of causes that last too "
        "are too large.",
        "Leave persistent at true unless you know that they do not.",
    )


def _repeats(source: str, way: tuple[Edge, ...]) -> bool:
    passed = [source, *(edge.target for edge in way)]
    return len(set(passed)) < len(passed)


def _names(source: str, ways: Sequence[tuple[Edge, ...]]) -> list[str]:
    """The nodes that each passes; ways through the same nodes are told apart by the lags of their edges."""
    names = [" > ".join([source, *(edge.target for edge in way)]) for way in ways]
    often = Counter(names)
    return [
        f"{name} (lags {', '.join(str(edge.lag) for edge in way)})" if often[name] > 1 else name
        for name, way in zip(names, ways, strict=True)
    ]


def _edge_table(graph: Graph, slopes: Slopes, clusters: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    value = np.array([slopes.value[edge] for edge in graph.edges])
    found = spread(value, np.column_stack([slopes.drawn[edge] for edge in graph.edges]), clusters)
    return pd.DataFrame(
        {
            "source": [edge.source for edge in graph.edges],
            "target": [edge.target for edge in graph.edges],
            "lag": [edge.lag for edge in graph.edges],
            "value": value,
            "standard_error": found.standard_error,
            "lower": found.lower,
            "upper": found.upper,
            "evidence": [edge.evidence for edge in graph.edges],
        }
    )


def _separability(slopes: Slopes, graph: Graph, source: str, target: str) -> list[Finding]:
    """Whether what the graph leaves unexplained of two mediators moves together, so that their ways cannot be told apart."""
    import numpy as np

    mediators = dict.fromkeys(
        edge.source
        for edge in graph.into(target)
        if graph.between(source, edge.source) and edge.source not in (source, target)
    )
    left: dict[str, dict[int, float]] = {}
    for one in slopes.equations:
        if one.target in mediators:
            residual = one.equation.outcome - one.equation.regressors @ one.fit.value
            left[one.target] = dict(zip(one.rows.tolist(), residual.tolist(), strict=True))
    worst, pair = 0.0, ("", "")
    for first, other in itertools.combinations(mediators, 2):
        rows = sorted(left[first].keys() & left[other].keys())
        if len(rows) < 3:
            continue  # they are hardly ever seen together
        both = [np.array([left[name][row] for row in rows]) for name in (first, other)]
        together = float(np.corrcoef(both[0], both[1])[0, 1])
        if abs(together) > abs(worst):
            worst, pair = together, (first, other)
    if abs(worst) <= SEPARABLE:
        return []
    return [
        Finding(
            "W445",
            f"What the graph leaves unexplained of {pair[0]} and {pair[1]} moves together (correlation {worst:.2f}): one "
            "may move the other, or something else both, and their ways cannot be told apart.",
            "Read the sum of the indirect ways, not single ones.",
        )
    ]
