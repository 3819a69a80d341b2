"""One estimator a file; `headwinds.measure.registry` names them."""
