"""Two models on the same examples: each metric of the one minus that of the other, on the same draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.evaluation.intervals import bootstrap
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.writing import weigh_references
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.evaluation.intervals import Metrics
    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.contracts import Interval

OF_A_TOKEN = ("log_probability_of_a_token", "perplexity")


def paired_differences(
    metrics: Metrics, against: FittedModel, examples: Any, weighed: Any, groups: Sequence[str], *, seed: int
) -> tuple[dict[str, Interval], tuple[Finding, ...]]:
    """Both models are judged on the same draws, so that what is hard for both cancels out.

    Parameters
    ----------
    metrics
        Of the first model, from weights of the examples.
    weighed
        The examples with how likely the first model holds their references to be, where it writes.

    Returns
    -------
    tuple
        The differences of the metrics that both have, and W206 where the two cut the references into different tokens: what
        is told of a token is then of different questions, and is left out.
    """
    predictions = predict_examples(against, examples)
    others_weighed = weigh_references(against, examples)
    unlike = _cut_differently(weighed, others_weighed)
    left_out = OF_A_TOKEN if unlike else ()

    def difference(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        own = metrics(weights)
        others = against.task.metrics(predictions, others_weighed, against.facts.labels, weights)
        return {
            name: values - others[name]
            for name, values in own.items()
            if name in others and name not in left_out
        }

    found = bootstrap(difference, groups, seed=derive_seed(seed, "bootstrap"))
    return found, (_of_other_tokens(),) if unlike else ()


def _cut_differently(one: Any, other: Any) -> bool:
    """Whether two models count other tokens in the references of the same examples."""
    first, second = getattr(one, "likelihood", None), getattr(other, "likelihood", None)
    return first is not None and second is not None and bool((first[:, 1] != second[:, 1]).any())


def _of_other_tokens() -> Finding:
    return Finding(
        "W206",
        "The two models cut texts into different tokens, so that perplexity and the probability of a token are of other "
        "questions and are not compared.",
        "Compare by the other metrics.",
    )
