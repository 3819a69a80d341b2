"""Text classification: one label of several, or any number of labels, for a text or a pair of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_pairs, encode_texts
from headwinds.adapt.tasks.cells import id_cell, label_cell, labels_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.losses import (
    ClassTargets,
    classification_loss,
    classification_units,
)
from headwinds.adapt.tasks.one_label import (
    abstained,
    calibrated_shares,
    fit_one_label_decoder,
    likeliest,
    selective_metrics,
)
from headwinds.errors import DataError, MismatchError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.text import TextClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch


@dataclass(frozen=True, slots=True)
class LabelledText:
    """Texts with their labels.

    Attributes
    ----------
    ids, places
        A name for each example, and where it stands in its file.
    texts, seconds
        The texts; of pairs also the second ones, else None.
    given
        The labels of each text; with `several` any number of them, else exactly one; empty where none are known.
    """

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    seconds: tuple[str, ...] | None
    given: tuple[tuple[str, ...], ...]
    several: bool


@dataclass(frozen=True, slots=True)
class TextClassification:
    """Classify texts.

    With a column `label` every text has exactly one label; with a column `labels` (a list, or names with ";" between
    them) it has any number, none included.
    """

    name: str = "text-classification"
    summary: str = "one label of several, or any number of them, for a text or a pair of texts"
    columns: tuple[Column, ...] = (
        Column("text", "the text"),
        Column("text_b", "the second text, where pairs are classified", needed=False),
        Column("label", "its one label; or ...", needed=False, label=True),
        Column(
            "labels",
            '... any number of labels: a list, or names with ";" between them',
            needed=False,
            label=True,
        ),
    )
    main_metric: str = "macro_f1"
    classifies: bool = True

    def read(self, rows: Sequence[Row], *, labelled: bool) -> LabelledText:
        """See the contract."""
        several = any(row.values.get("labels") is not None for row in rows)
        single = any(row.values.get("label") is not None for row in rows)
        if several and single:
            raise DataError(
                "There are both a column label and a column labels.", remedy="Keep the one that is meant."
            )
        if not single and any("labels" in row.values for row in rows):
            several = True  # no row has any label, which a test may show
        pairs = any(row.values.get("text_b") is not None for row in rows)
        given: list[tuple[str, ...]] = []
        for row in rows:
            if not labelled:
                given.append(())
            elif several:
                given.append(labels_cell(row, "labels"))
            else:
                given.append((label_cell(row, "label"),))
        return LabelledText(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text_cell(row, "text") for row in rows),
            seconds=tuple(text_cell(row, "text_b") for row in rows) if pairs else None,
            given=tuple(given),
            several=several,
        )

    def labels(self, examples: LabelledText) -> tuple[str, ...]:
        """See the contract."""
        found = tuple(sorted({name for names in examples.given for name in names}))
        if len(found) < (1 if examples.several else 2):
            raise DataError(
                f"The training file has {len(found)} label{'s' * (len(found) != 1)}: there is nothing to tell apart.",
                remedy="Give at least two.",
            )
        return found

    def check_labels(self, examples: LabelledText, labels: tuple[str, ...]) -> None:
        """See the contract."""
        known = set(labels)
        for where, names in zip(examples.places, examples.given, strict=True):
            for name in names:
                if name not in known:
                    raise MismatchError(
                        f"{where}: label {quoted(name)} does not occur in training; known: {_shown(labels)}.",
                        remedy="Mend its spelling, add training examples of it, or leave the row out.",
                    )

    def encode(
        self, examples: LabelledText, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        if examples.seconds is None:
            return encode_texts(tokenizer, examples.texts, max_tokens=max_tokens, places=examples.places)
        return encode_pairs(
            tokenizer, examples.texts, examples.seconds, max_tokens=max_tokens, places=examples.places
        )

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> TextClassifier:
        """See the contract."""
        from headwinds.adapt.networks.text import TextClassifier

        return TextClassifier(
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

        from headwinds.adapt.networks.text import initialise_head

        truth = torch.from_numpy(truth_of(examples, labels)[training])
        initialise_head(network.head, truth, seed=seed)
        if not examples.several:  # a softmax wants log shares, not log odds
            with torch.no_grad():
                shares = (truth.sum(dim=0) + 1).log()
                network.head.bias.copy_(shares - shares.mean())

    def targets(
        self, examples: LabelledText, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> ClassTargets:
        """See `losses.ClassTargets`."""
        import torch

        truth = torch.from_numpy(truth_of(examples, labels))
        return ClassTargets(truth if examples.several else truth.argmax(dim=1), settings.focal_gamma)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: ClassTargets) -> torch.Tensor:
        """Binary cross-entropy of each label, or cross-entropy over the labels."""
        import torch

        return classification_loss(outputs, torch.from_numpy(batch.rows), targets)

    def loss_units(self, batch: Batch, targets: ClassTargets) -> float:
        """Texts, or the weights of their classes."""
        import torch

        return classification_units(torch.from_numpy(batch.rows), targets)

    def score(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """Mean average precision over the labels that occur; of one label of several, the mean log likelihood."""
        import numpy as np
        from scipy.special import log_softmax

        from headwinds.adapt.evaluation.metrics import macro_average_precision

        logits, truth = np.array(outputs, dtype=np.float64), truth_of(examples, labels)[rows] > 0
        if examples.several:
            return macro_average_precision(truth, logits)
        return float(log_softmax(logits, axis=1)[truth].mean())

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """A slope, intercept and threshold a label; or one temperature. The labels' rising maps too, where they are set."""
        import numpy as np

        from headwinds.adapt.evaluation.calibration import fit_calibration

        logits, truth = np.array(outputs, dtype=np.float64), truth_of(examples, labels)[rows] > 0
        pairs = {"pairs": examples.seconds is not None}
        if not examples.several:
            return {**fit_one_label_decoder(logits, truth.argmax(axis=1), settings), **pairs}
        isotonic = settings.calibration == "isotonic"
        found = fit_calibration(logits, truth, isotonic=isotonic)
        return {
            "slope": found.slope,
            "intercept": found.intercept,
            "threshold": found.threshold,
            **({"isotonic": found.isotonic} if isotonic else {}),
            **pairs,
        }

    def decode(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`label` and its `probability`, or `labels`; and `probabilities` in the order of the labels."""
        import numpy as np

        from headwinds.adapt.evaluation.calibration import calibration_of

        require_as_learnt(examples, decoder)
        logits = np.array(outputs, dtype=np.float64)
        if "temperature" in decoder:
            shares = calibrated_shares(logits, decoder)
            best = likeliest(shares, logits)
            return [
                {
                    "label": labels[top],
                    "probability": float(row[top]),
                    **abstained(decoder, float(row[top])),
                    "probabilities": row.tolist(),
                }
                for top, row in zip(best, shares, strict=True)
            ]
        calibration = calibration_of(decoder)
        probability = calibration.probability(logits)
        given = calibration.decide(probability)
        return [
            {"labels": [labels[number] for number in np.flatnonzero(chosen)], "probabilities": row.tolist()}
            for chosen, row in zip(given, probability, strict=True)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: LabelledText,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Accuracy, F1 (macro, micro, weighted, by label), Matthews correlation, calibration error; average precision."""
        import numpy as np

        from headwinds.adapt.evaluation import metrics as one
        from headwinds.adapt.evaluation.counts import label_counts, label_metrics

        truth = truth_of(examples, labels) > 0
        probability = np.array([item["probabilities"] for item in predictions], dtype=np.float64)
        given = truth_of_predictions(predictions, labels)
        found = label_metrics(label_counts(truth, given, weights), labels)
        found["accuracy"] = weights @ (truth == given).all(axis=1) / weights.sum(axis=1)
        if examples.several:
            each = [
                one.average_precision(truth[:, n], probability[:, n], weights) for n in range(len(labels))
            ]
            found["macro_average_precision"] = one.mean_of_known(np.array(each).T)
            error = [
                one.expected_calibration_error(truth[:, n], probability[:, n], weights)
                for n in range(len(labels))
            ]
            found["expected_calibration_error"] = np.mean(error, axis=0)
        else:
            right: NDArray[np.bool_] = np.any(truth & given, axis=1)
            found["expected_calibration_error"] = one.expected_calibration_error(
                right, probability.max(axis=1), weights
            )
            found |= selective_metrics(predictions, right, weights)
        return found

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: LabelledText, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """See the contract."""
        found = []
        for row, (item, names) in enumerate(zip(predictions, examples.given, strict=True)):
            given = tuple(item["labels"]) if "labels" in item else (item["label"],)
            if set(given) == set(names):
                continue
            share = dict(zip(labels, item["probabilities"], strict=True))
            cost = max(share[name] if name in given else 1 - share[name] for name in {*given} ^ {*names})
            found.append(
                Mistake(row, ", ".join(sorted(names)) or "none", ", ".join(sorted(given)) or "none", cost)
            )
        return found


def require_as_learnt(examples: LabelledText | None, decoder: Mapping[str, Any]) -> None:
    """Refuse pairs to a model of single texts, and single texts (also where `examples` are not known) to one of pairs.

    Raises
    ------
    MismatchError
        They would be read as the model never learnt to.
    """
    pairs = examples is not None and examples.seconds is not None
    learnt = decoder.get("pairs", pairs)
    if pairs == learnt:
        return
    where = f"{examples.places[0]}: " if examples is not None and examples.places else ""
    kinds = {True: "pairs of texts", False: "single texts"}
    raise MismatchError(
        f"{where}the model learnt from {kinds[learnt]}, and these are {kinds[pairs]}.",
        remedy="Give a column text_b." if learnt else "Leave the column text_b out.",
    )


def truth_of(examples: LabelledText, labels: tuple[str, ...]) -> NDArray[np.float32]:
    """Shape (texts, labels): 1 where a text has a label."""
    return _marks(examples.given, labels).astype("float32")


def truth_of_predictions(
    predictions: Sequence[Mapping[str, Any]], labels: tuple[str, ...]
) -> NDArray[np.bool_]:
    """Shape (texts, labels): whether a label was given."""
    return _marks([item["labels"] if "labels" in item else (item["label"],) for item in predictions], labels)


def _marks(given: Sequence[Sequence[str]], labels: tuple[str, ...]) -> NDArray[np.bool_]:
    import numpy as np

    place = {name: number for number, name in enumerate(labels)}
    marks = np.zeros((len(given), len(labels)), dtype=bool)
    for row, names in enumerate(given):
        marks[row, [place[name] for name in names]] = True
    return marks


def _shown(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:10]) + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
