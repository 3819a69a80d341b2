"""Probabilistic adjusted count: the mean probability, corrected by its means given the label on the gold.

(mean probability - its mean without the label) / (its mean with the label - its mean without), or its matrix form: Bella,
Ferri, Hernández-Orallo and Ramírez-Quintana (2010). The intervals carry the sampling of passages, the chance of errors, and
the error of the rates (`audit_factor`).
"""

from __future__ import annotations

from headwinds.measure.quantification.adjusted import solve_adjusted
from headwinds.measure.quantification.estimate import rates_estimator

ASSUMES = "given the label, the mean probability is the same in every cell of a stratum"

estimate = rates_estimator("probabilistic-adjusted-count", ASSUMES, solve_adjusted, decided=False)
