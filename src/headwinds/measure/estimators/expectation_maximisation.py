"""Expectation-maximisation under label shift: the shares that make the calibrated probabilities most likely.

Saerens, Latinne and Decaestecker (2002), after calibration on the gold (Alexandari, Kundaje and Shrikumar 2020). More
precise than adjusted counts, as it uses how sure the classifier is of each passage. The intervals carry the sampling of
passages, the chance of errors, and the error of calibration and gold shares (`audit_factor`).
"""

from __future__ import annotations

from headwinds.measure.quantification.estimate import rates_estimator
from headwinds.measure.quantification.label_shift import solve_label_shift

ASSUMES = "given the label, predictions are distributed alike in every cell of a stratum"

estimate = rates_estimator("expectation-maximisation", ASSUMES, solve_label_shift, decided=False)
