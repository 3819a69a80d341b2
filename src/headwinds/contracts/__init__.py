"""What crosses the borders between wings: plain frozen types that depend on nothing above them."""

from headwinds.contracts.codebook import Codebook, Label
from headwinds.contracts.corpus import Corpus, Refusal
from headwinds.contracts.estimate import Account, Estimate
from headwinds.contracts.evaluation import Difference, Evaluation, Interval, LabelEvaluation, SystemEvaluation
from headwinds.contracts.finding import Finding
from headwinds.contracts.gold import Gold
from headwinds.contracts.graph import EVIDENCE, Edge, Evidence, Graph, Node
from headwinds.contracts.indicator import Indicator, KeyValue
from headwinds.contracts.panel import Panel, Series

__all__ = [
    "EVIDENCE",
    "Account",
    "Codebook",
    "Corpus",
    "Difference",
    "Edge",
    "Estimate",
    "Evaluation",
    "Evidence",
    "Finding",
    "Gold",
    "Graph",
    "Indicator",
    "Interval",
    "KeyValue",
    "Label",
    "LabelEvaluation",
    "Node",
    "Panel",
    "Refusal",
    "Series",
    "SystemEvaluation",
]
