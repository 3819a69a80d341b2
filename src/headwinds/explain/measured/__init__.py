"""Estimation with a measured index: one estimator a file, the naive estimate always beside the corrected one.

| you have | use |
|---|---|
| an index with its covariance (an `Indicator`), as a regressor or the outcome | `regress_with_index` |
| shares that a classifier counted in cells, and documents that were audited | `regress_with_classifier` |
| documents with a predicted label as the regressor or outcome, and an audit | `predicted_regressor`, `predicted_outcome` |
| the same, and only the rate of false calls | `bias_corrected_regression`, `one_step_likelihood` |
| documents, some of them read with known probabilities | `design_based_regression` |
| no idea how large the error is | `slope_bounds` |
"""

from headwinds.explain.measured.bias_corrected import bias_corrected_regression
from headwinds.explain.measured.binary_label import predicted_outcome, predicted_regressor
from headwinds.explain.measured.bounds import SlopeBounds, slope_bounds
from headwinds.explain.measured.classifier import regress_with_classifier
from headwinds.explain.measured.comparison import MeasuredRegression
from headwinds.explain.measured.design import Design, make_design
from headwinds.explain.measured.design_based import design_based_regression
from headwinds.explain.measured.errors_in_variables import corrected_estimate
from headwinds.explain.measured.naive import naive_estimate
from headwinds.explain.measured.one_step import one_step_likelihood
from headwinds.explain.measured.regress import ESTIMATORS, estimate_by, regress_with_index

__all__ = [
    "ESTIMATORS",
    "Design",
    "MeasuredRegression",
    "SlopeBounds",
    "bias_corrected_regression",
    "corrected_estimate",
    "design_based_regression",
    "estimate_by",
    "make_design",
    "naive_estimate",
    "one_step_likelihood",
    "predicted_outcome",
    "predicted_regressor",
    "regress_with_classifier",
    "regress_with_index",
    "slope_bounds",
]
