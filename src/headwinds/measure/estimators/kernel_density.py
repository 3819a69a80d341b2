"""Kernel densities (KDEy): the mixture of the gold's densities of probabilities that fits a cell best.

González, Moreo and Sebastiani (2024), by QuaPy (`KDEyML`); needs the extra ``quantification``. The gold must have been drawn
with equal probabilities within a stratum. The intervals are ours, not QuaPy's: they carry the sampling of passages, the
chance of errors, and the error of the densities (`audit_factor`).
"""

from __future__ import annotations

from headwinds.measure.quantification.estimate import rates_estimator
from headwinds.measure.quantification.kernel_density import solve_kernel_density

ASSUMES = "given the label, predictions are distributed alike in every cell of a stratum"

estimate = rates_estimator("kernel-density", ASSUMES, solve_kernel_density, decided=False)
