"""Estimation with a measured index: one estimator a file, the naive estimate always beside the corrected one."""

from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.design import Design, make_design
from headwinds.explain.measured.errors_in_variables import corrected_estimate
from headwinds.explain.measured.naive import naive_estimate
from headwinds.explain.measured.regress import ESTIMATORS, estimate_by, regress_with_index

__all__ = [
    "ESTIMATORS",
    "Design",
    "MeasuredRegression",
    "corrected_estimate",
    "estimate_by",
    "make_design",
    "naive_estimate",
    "regress_with_index",
]
