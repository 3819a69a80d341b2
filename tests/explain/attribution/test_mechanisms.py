"""Mechanisms where nodes last: the parts are those that are there, and what a span has not come to yet is told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explain.graph.test_effects import BACK, DIRECT, INTO, OUT, graph, panel
from headwinds.contracts import Edge, Node
from headwinds.errors import EstimationError, SettingsError
from headwinds.explain.attribution.mechanisms import mechanism_attribution
from headwinds.explain.attribution.span_means import span_means
from headwinds.explain.graph import build_graph


def means(results) -> dict[str, float]:
    return {name: float(np.mean([one.parts[name] for one in results])) for name in results[0].parts}


def codes(result) -> set[str]:
    return {finding.code for finding in result.findings}


def test_where_nodes_last_a_mechanism_that_did_not_change_gets_nothing_and_one_that_did_what_it_moves_at_rest():
    """Technology alone changed. With parents alone it gets half as much again, and adaptability takes that back."""
    designs = [panel(seed, lasting=0.5, rise=2.0, units=200) for seed in range(2)]
    found, alone = (
        [mechanism_attribution(one, graph(), draws=50, persistent=persistent) for one in designs]
        for persistent in (True, False)
    )
    for one in (*found, *alone):
        assert abs(one.residual) < 1e-10
    rest = 1 / (1 - 0.5)  # of what moves a node within a year
    effect = (DIRECT * rest + INTO * OUT * rest**2) / (1 - BACK * OUT * rest**2)
    moved = np.mean([np.diff(span_means(one).values[:, :, 0].mean(axis=1)) for one in designs])
    parts, static = means(found), means(alone)
    assert parts["technology"] == pytest.approx(effect * moved, abs=0.06)
    assert parts["adaptability"] == pytest.approx(0, abs=0.08)
    assert static["technology"] > effect * moved + 0.2
    assert static["adaptability"] < -0.15
    assert "carried over" not in static
    assert {"N452", "N453"} <= codes(found[0])
    assert "N451" in codes(alone[0])
    assert "carried over: " in found[0].summary()


def test_where_nodes_do_not_last_holding_their_pasts_fixed_moves_no_part():
    design = panel(0, rise=2.0, units=200)
    found, alone = (
        mechanism_attribution(design, graph(), draws=50, persistent=persistent).parts
        for persistent in (True, False)
    )
    assert {name: found[name] for name in alone} == pytest.approx(dict(alone), abs=0.06)
    assert found["carried over"] == pytest.approx(0, abs=0.06)


def test_a_graph_that_has_the_past_of_a_node_as_an_edge_holds_it_fixed_once():
    plain = graph()
    more = build_graph([*plain.nodes], [*plain.edges, Edge("growth", "growth", 1, "assumed")])
    design = panel(0, lasting=0.5, units=40)
    one, other = (mechanism_attribution(design, each, draws=50) for each in (plain, more))
    assert dict(other.parts) == pytest.approx(dict(one.parts), abs=1e-9)


def test_what_has_no_resting_point_or_too_few_years_is_refused_in_one_line():
    design = panel(0, lasting=0.5, units=20)
    first = np.flatnonzero((design.year > 2001) & (design.year <= 2009))
    kept = np.setdiff1d(np.arange(len(design.year)), first)
    short = replace(
        design, before=(2000, 2001), entity=design.entity[kept], cluster=design.cluster[kept], year=design.year[kept],
        outcome=design.outcome[kept], values=design.values[kept], variance=design.variance[kept],
        factor=design.factor[kept],
    )  # fmt: skip
    many = build_graph(
        [Node(f"n{number}", "n", "n") for number in range(12)], [Edge("n0", "n1", 1, "assumed")]
    )
    for given, made, settings, kind, told in (
        (panel(0, lasting=1.2, units=20), graph(), {}, EstimationError, "adaptability has no resting point"),
        (short, graph(), {}, EstimationError, "No entity-year of 2000-2001 has adaptability with all that moves it"),
        (
            panel(0, units=6, years=12), graph(), {"half_panel": True, "by_span": True}, EstimationError,
            "In half of the years, the equation of ",
        ),
        (design, many, {}, SettingsError, "mechanisms are computed for up to 11"),
    ):  # fmt: skip
        with pytest.raises(kind) as caught:
            mechanism_attribution(given, made, draws=50, **settings)
        assert told in str(caught.value)
        assert "\n" not in str(caught.value)
