"""Adjusted count (Rogan-Gladen): the share of positive decisions, corrected by their error rates on the gold.

(share of decisions - false-positive rate) / (true-positive rate - false-positive rate), or its matrix form: Rogan and
Gladen (1978); Forman (2008) for several classes. The intervals carry the sampling of passages, the chance of errors, and the
error of the rates (`audit_factor`).
"""

from __future__ import annotations

from headwinds.measure.quantification.adjusted import solve_adjusted
from headwinds.measure.quantification.estimate import rates_estimator

ASSUMES = "the true- and false-positive rates of the decisions are the same in every cell of a stratum"

estimate = rates_estimator("adjusted-count", ASSUMES, solve_adjusted, decided=True)
