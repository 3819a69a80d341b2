"""The causal graph as data: read, checked, drawn, unrolled in time, and what it lets data say."""

from headwinds.explain.graph.build import build_graph
from headwinds.explain.graph.identify import Identification, identify
from headwinds.explain.graph.picture import graph_picture
from headwinds.explain.graph.read import essay_graph, graph_from, read_graph

__all__ = [
    "Identification",
    "build_graph",
    "essay_graph",
    "graph_from",
    "graph_picture",
    "identify",
    "read_graph",
]
