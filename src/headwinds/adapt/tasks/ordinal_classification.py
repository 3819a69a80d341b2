"""Ordinal classification: one label of several that have an order, so that a near miss is better than a far one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.contract import Column, Mistake
from headwinds.adapt.tasks.label_order import number_of
from headwinds.adapt.tasks.one_label import abstained, abstention_threshold, calibrated_shares, fit_shares
from headwinds.adapt.tasks.text_classification import (
    LabelledText,
    TextClassification,
    require_as_learnt,
    truth_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.networks.ordered import OrderedClassifier
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class OrdinalClassification(TextClassification):
    """Text classification whose labels have an order, from low to high; see `label_order` for where it comes from.

    The outputs are log probabilities, so loss, weights and calibration are those of one label of several. What is given is
    the median of a text's distribution: of all labels the one with the least expected distance to the true one.
    """

    name: str = "ordinal-classification"
    summary: str = "one label of several that have an order, as grades have, for a text or a pair of texts"
    columns: tuple[Column, ...] = (
        Column("text", "the text"),
        Column("text_b", "the second text, where pairs are classified", needed=False),
        Column(
            "label",
            "its label: a number, or a name whose place is said by label_order or the codebook",
            label=True,
        ),
    )
    main_metric: str = "quadratic_weighted_kappa"

    def labels(self, examples: LabelledText) -> tuple[str, ...]:
        """Numbers by their size; names as they are sorted, until `label_order.ordered_labels` puts them in order."""
        found = TextClassification.labels(self, examples)
        numbers = [number_of(name) for name in found]
        if None in numbers:
            return found
        return tuple(name for _, name in sorted(zip(numbers, found, strict=True)))

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> OrderedClassifier:
        """See the contract."""
        from headwinds.adapt.networks.ordered import OrderedClassifier

        return OrderedClassifier(
            encoder,
            len(labels),
            dropout=settings.head_dropout,
            pooling=settings.pooling,  # type: ignore[arg-type]
        )

    def initialise(
        self,
        network: Any,
        examples: LabelledText,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import torch

        from headwinds.adapt.networks.ordered import initialise_steps

        classes = torch.from_numpy(truth_of(examples, labels)[training].argmax(axis=1))
        initialise_steps(network, classes, seed=seed)

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """One temperature; the labels' rising maps, or with `abstain_risk` the probability that an answer needs."""
        import numpy as np

        logs, classes = np.array(outputs, dtype=np.float64), truth_of(examples, labels)[rows].argmax(axis=1)
        decoder: dict[str, Any] = {
            **fit_shares(logs, classes, settings),
            "pairs": examples.seconds is not None,
        }
        if settings.abstain_risk:
            shares, given = _distribution(logs, decoder)
            sure = shares[np.arange(len(given)), given]
            decoder["abstain_below"] = abstention_threshold(sure, given == classes, settings.abstain_risk)
        return decoder

    def decode(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`label`, its `probability`, and `probabilities` from the lowest label to the highest."""
        import numpy as np

        require_as_learnt(examples, decoder)
        shares, given = _distribution(np.array(outputs, dtype=np.float64), decoder)
        return [
            {
                "label": labels[middle],
                "probability": float(row[middle]),
                **abstained(decoder, float(row[middle])),
                "probabilities": row.tolist(),
            }
            for middle, row in zip(given, shares, strict=True)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: LabelledText,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """As of text classification; with quadratic weighted kappa, the mean absolute error in labels, and within one."""
        import numpy as np

        from headwinds.adapt.evaluation.metrics import expected_calibration_error
        from headwinds.adapt.evaluation.ordinal import mean_absolute_error, quadratic_weighted_kappa

        found = TextClassification.metrics(self, predictions, examples, labels, weights)
        place = {name: number for number, name in enumerate(labels)}
        truth = np.array([place[own[0]] for own in examples.given])
        given = np.array([place[item["label"]] for item in predictions])
        sure = np.array([item["probability"] for item in predictions])
        found["quadratic_weighted_kappa"] = quadratic_weighted_kappa(truth, given, weights)
        found["mean_absolute_error"] = mean_absolute_error(truth, given, weights)
        found["share_within_one_label"] = weights @ (np.abs(truth - given) <= 1) / weights.sum(axis=1)
        found["expected_calibration_error"] = expected_calibration_error(truth == given, sure, weights)
        return found

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: LabelledText, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """See the contract; an error costs the more the farther it is."""
        place = {name: number for number, name in enumerate(labels)}
        found = []
        for row, (item, own) in enumerate(zip(predictions, examples.given, strict=True)):
            far = abs(place[item["label"]] - place[own[0]])
            if far:
                found.append(Mistake(row, own[0], item["label"], far * item["probability"]))
        return found


def _distribution(
    logs: NDArray[np.float64], decoder: Mapping[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Calibrated probabilities, shape (texts, labels), and the median label of each text."""
    shares = calibrated_shares(logs, decoder)
    median: NDArray[np.int64] = (shares.cumsum(axis=1) >= 0.5 - 1e-12).argmax(axis=1)
    return shares, median
