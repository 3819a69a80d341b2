"""What crosses the borders between wings: plain frozen types that depend on nothing above them."""

from headwinds.contracts.codebook import Codebook, Label
from headwinds.contracts.corpus import Corpus, Refusal
from headwinds.contracts.estimate import Account, Estimate
from headwinds.contracts.evaluation import Difference, Evaluation, Interval, LabelEvaluation, SystemEvaluation
from headwinds.contracts.finding import Finding
from headwinds.contracts.gold import Gold
from headwinds.contracts.indicator import Indicator, KeyValue
from headwinds.contracts.panel import Panel, Series

__all__ = [
    "Account",
    "Codebook",
    "Corpus",
    "Difference",
    "Estimate",
    "Evaluation",
    "Finding",
    "Gold",
    "Indicator",
    "Interval",
    "KeyValue",
    "Label",
    "LabelEvaluation",
    "Panel",
    "Refusal",
    "Series",
    "SystemEvaluation",
]
