"""A linear layer on embeddings that stay as they are: penalised logistic regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNSEEN = -20.0  # the output of a class without an example


def fit_linear_head(
    vectors: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool, inverse_penalty: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (labels, width), biases (labels,) by penalised logistic regression, multinomial for one label of several.

    `inverse_penalty` is scikit-learn's C.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    labels, width = truth.shape[1], vectors.shape[1]
    if several:
        weight, bias = np.zeros((labels, width)), np.zeros(labels)
        for label in range(labels):
            if truth[:, label].all() or not truth[:, label].any():
                bias[label] = 5.0 if truth[:, label].any() else -5.0
                continue
            model = LogisticRegression(C=inverse_penalty, max_iter=2000).fit(vectors, truth[:, label])
            weight[label], bias[label] = model.coef_[0], model.intercept_[0]
        return weight, bias
    weight, bias = np.zeros((labels, width)), np.full(labels, UNSEEN)
    classes = truth.argmax(axis=1)
    if (classes == classes[0]).all():
        bias[classes[0]] = 0.0
        return weight, bias
    model = LogisticRegression(C=inverse_penalty, max_iter=2000).fit(vectors, classes)
    if len(model.classes_) == 2:  # one vector for both: half to each
        weight[model.classes_] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
        return weight, bias
    weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weight, bias
