"""A causal graph as plain data: what is thought to move what, how much later, and on what evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["accounting", "association", "design", "assumed"]

EVIDENCE: tuple[Evidence, ...] = ("accounting", "association", "design", "assumed")
"""From an identity that holds by construction, to what is only thought to be so."""


@dataclass(frozen=True, slots=True)
class Node:
    """One variable of the graph.

    Attributes
    ----------
    name
        Short and unique: letters, digits, - and _.
    title
        As people call it; shown in pictures and sentences.
    label
        The index that measures it, where it has another name than the node: a label of an `Indicator`.
    """

    name: str
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` moves `target`.

    Attributes
    ----------
    lag
        Whole periods from the movement of the source to that of the target; 0 for within the same period.
    evidence
        "accounting": an identity says so. "design": a study whose design identifies it, cited in `note`. "association": the
        two move together in data. "assumed": an argument, not a measurement.
    """

    source: str
    target: str
    lag: int
    evidence: Evidence
    note: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, in the order of their file. No cycle is without a lag, so that it can be unrolled in time."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' names, in order."""
        return tuple(node.name for node in self.nodes)

    def node(self, name: str) -> Node:
        """The node of that name; KeyError if there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def into(self, target: str) -> tuple[Edge, ...]:
        """The edges that end in a node, in order."""
        return tuple(edge for edge in self.edges if edge.target == target)

    def between(self, source: str, target: str) -> tuple[Edge, ...]:
        """The edges from one node to another, in order; several if they differ in their lag."""
        return tuple(edge for edge in self.edges if (edge.source, edge.target) == (source, target))

    @property
    def longest_lag(self) -> int:
        """The largest lag of an edge."""
        return max((edge.lag for edge in self.edges), default=0)
