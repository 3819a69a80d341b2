"""What a model says of one side's texts, and how right it is where their labels are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.starting import CLASSIFIES
from headwinds.adapt.continual.watch_report import CalibrationSeen
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.tasks.text_classification import truth_of
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.tasks.contract import Row

LEAST_DOCUMENTS = 30
"""Below it a shift has to be blatant to be seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One side.

    Attributes
    ----------
    name
        "reference" or "live".
    ids, documents
        Of each text.
    probability
        Shape (texts, labels); None where the task gives no labels to whole texts.
    several
        Whether a text may have any number of labels.
    is_labelled
        Shape (texts,).
    right, confidence, brier
        Shape (texts,): whether the answer is right, the probability of what was answered (of several labels the mean over
        them), the Brier score; NaN without a label.
    """

    name: str
    ids: tuple[str, ...]
    documents: tuple[str, ...]
    probability: NDArray[np.float64] | None
    several: bool
    is_labelled: NDArray[np.bool_]
    right: NDArray[np.float64]
    confidence: NDArray[np.float64]
    brier: NDArray[np.float64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Shape (texts, 3): what calibration is compared by: right less confident, right, and the Brier score."""
        import numpy as np

        return np.column_stack([self.right - self.confidence, self.right, self.brier])

    def calibration(self) -> CalibrationSeen:
        """The means over labelled texts."""
        import numpy as np

        known = self.is_labelled
        means = [float(np.mean(values[known])) for values in (self.right, self.confidence, self.brier)]
        return CalibrationSeen(self.name, int(known.sum()), *means)


def sampled(count: int, most: int, seed: int, name: str) -> NDArray[np.int64]:
    """Numbers of at most `most` of so many rows, by chance, in their order.

    Rows are drawn and not documents: of long ones a few would fill the sample, and documents are what a test counts.
    """
    import numpy as np

    if count <= most:
        return np.arange(count)
    generator = np.random.default_rng(derive_seed(seed, "sample", name))
    return np.sort(generator.permutation(count)[:most])


def require_enough(seen: Seen, where: str) -> None:
    """Refuse a side that is too small for a test.

    Raises
    ------
    DataError
        It has fewer documents than `LEAST_DOCUMENTS`.
    """
    count = len(set(seen.documents))
    if count < LEAST_DOCUMENTS:
        raise DataError(
            f"{where} has {count} rows or groups of rows to compare, and a test of shift needs {LEAST_DOCUMENTS}.",
            remedy="Wait for more, or name a file with more.",
        )


def says_none(row: Row) -> bool:
    """Whether a row says that its text has no label, and not only none yet: an empty list."""
    value = row.values.get("labels")
    return value == [] or (isinstance(value, str) and value.strip() == "[]")


def labelled_rows(live: Sequence[Row], reference: Sequence[Row]) -> Callable[[Row, str], bool]:
    """Whether a row of a side ("live", "reference") was labelled, where a text may have any number of labels.

    An empty cell may say that a text has none, or that nobody has read it yet. Texts without a label count on both sides or
    on neither, else the sides would differ by that alone: they count where live rows say it (`says_none`).
    """
    told = any(says_none(row) for row in live)
    blank_is_none = told and not any(says_none(row) for row in reference)

    def labelled(row: Row, side: str) -> bool:
        value = row.values.get("labels")
        if value is None or value == "":
            return blank_is_none and side == "reference" and value is not None
        return told or not says_none(row)

    return labelled


def observe(
    model: FittedModel,
    rows: Sequence[Row],
    examples: Any,
    documents: Sequence[str],
    name: str,
    was_labelled: Callable[[Row, str], bool],
) -> Seen:
    """What the model says of the rows of one side; `was_labelled` is of `labelled_rows`."""
    import numpy as np

    count = len(examples.ids)
    groups = tuple(documents)
    empty = np.full(count, np.nan)
    none = np.zeros(count, dtype=bool)
    if model.facts.task != CLASSIFIES:
        return Seen(name, examples.ids, groups, None, False, none, empty, empty, empty)
    predictions = predict_examples(model, examples)
    probability = np.array([one["probabilities"] for one in predictions], dtype=np.float64)
    several = "slope" in model.facts.decoder
    is_labelled = np.array(
        [was_labelled(row, name) if several else row.values.get("label") not in (None, "") for row in rows]
    )
    right, confidence, brier = empty.copy(), empty.copy(), empty.copy()
    known = np.flatnonzero(is_labelled)
    if len(known):
        labelled = model.task.read([rows[int(number)] for number in known], labelled=True)
        model.task.check_labels(labelled, model.facts.labels)
        truth = truth_of(labelled, model.facts.labels) > 0
        own = probability[known]
        given = np.array(
            [
                [label in (one.get("labels") or (one.get("label"),)) for label in model.facts.labels]
                for one in (predictions[int(number)] for number in known)
            ]
        )
        if several:
            right[known] = (given == truth).mean(axis=1)
            confidence[known] = np.where(given, own, 1 - own).mean(axis=1)
            brier[known] = ((own - truth) ** 2).mean(axis=1)
        else:
            right[known] = (given & truth).any(axis=1)
            confidence[known] = own.max(axis=1)
            brier[known] = ((own - truth) ** 2).sum(axis=1)
    return Seen(name, examples.ids, groups, probability, several, is_labelled, right, confidence, brier)
