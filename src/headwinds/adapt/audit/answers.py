"""What a classifier answers to texts that an audit makes: probabilities and labels, by the path that it predicts by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.prediction import predict_examples, predictor_of
from headwinds.adapt.tasks.contract import Row, writes
from headwinds.adapt.tasks.text_classification import TextClassification, truth_of_predictions
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.prediction import Predictor

LEAST = 1e-9  # of a probability, before its log-odds


@dataclass(frozen=True, slots=True)
class Answers:
    """Shape (texts, labels): the probability of each label, and whether it is given."""

    probability: NDArray[np.float64]
    given: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A classifier that is packed once and asked often."""

    model: FittedModel
    predictor: Predictor

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the columns of `Answers`."""
        return self.model.facts.labels

    def answers(self, texts: Sequence[str], seconds: Sequence[str] | None = None) -> Answers:
        """Probabilities and labels of texts, or of pairs of texts; a text that is asked twice is computed once."""
        import numpy as np

        pairs = (
            list(zip(texts, seconds, strict=True)) if seconds is not None else [(one, "") for one in texts]
        )
        unique = list(dict.fromkeys(pairs))
        place = {pair: number for number, pair in enumerate(unique)}
        rows = [
            Row(f"text {number + 1}", {"text": text} | ({"text_b": second} if seconds is not None else {}))
            for number, (text, second) in enumerate(unique)
        ]
        predictions = self.predictions(rows)
        probability = np.array([one["probabilities"] for one in predictions], dtype=np.float64)
        given = truth_of_predictions(predictions, self.labels)
        chosen = [place[pair] for pair in pairs]
        return Answers(probability[chosen], given[chosen])

    def predictions(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Predictions of rows as the task gives them."""
        examples = self.model.task.read(rows, labelled=False)
        return predict_examples(self.model, examples, predictor=self.predictor)


def ask(model: FittedModel) -> Asked:
    """Pack a model for many questions.

    Raises
    ------
    MismatchError
        The model writes texts.
    """
    if writes(model.task):
        raise MismatchError(
            f"The model does {model.task.name}, which writes texts, and the audit is of models that choose among labels.",
            remedy="Audit a model of text-classification, or another task with labels.",
        )
    return Asked(model, predictor_of(model))


def classifies(model: FittedModel) -> bool:
    """Whether a model classifies texts, so that its probabilities can be asked for any text."""
    return isinstance(model.task, TextClassification) or model.task.name == "text-classification"


def log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of p / (1 - p)."""
    import numpy as np

    kept = np.clip(probability, LEAST, 1 - LEAST)
    odds: NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds
