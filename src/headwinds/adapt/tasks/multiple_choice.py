"""Multiple choice: which of some answers to a question is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts, encode_pairs
from headwinds.adapt.tasks.cells import id_cell, list_cell, text_cell
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.one_label import (
    abstained,
    decode_one_label,
    fit_one_label_decoder,
    mean_log_likelihood,
    selective_metrics,
)
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.networks.choices import ChoiceClassifier
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions, their choices, and the number of the right one (-1 where it is not known)."""

    ids: tuple[str, ...]
    places: tuple[str, ...]
    texts: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    answer: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """Choose an answer: question and choice are read together, one number comes of each, the highest is chosen."""

    name: str = "multiple-choice"
    summary: str = "which of some answers to a question is right"
    columns: tuple[Column, ...] = (
        Column("question", "the question"),
        Column("choices", "a list of two or more answers"),
        Column("answer", "the right one: its text, or its number from 0", label=True),
    )
    main_metric: str = "accuracy"
    classifies: bool = False

    def read(self, rows: Sequence[Row], *, labelled: bool) -> Questions:
        """See the contract."""
        choices = [_choices(row) for row in rows]
        return Questions(
            ids=tuple(id_cell(row) for row in rows),
            places=tuple(row.place for row in rows),
            texts=tuple(text_cell(row, "question") for row in rows),
            choices=tuple(choices),
            answer=_answers(rows, choices) if labelled else (-1,) * len(rows),
        )

    def labels(self, examples: Questions) -> tuple[str, ...]:
        """None: the choices are each question's own."""
        return ()

    def check_labels(self, examples: Questions, labels: tuple[str, ...]) -> None:
        """Nothing can be unknown."""

    def encode(
        self, examples: Questions, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """A window for each choice; those of one question stand together."""
        import numpy as np

        counts = [len(own) for own in examples.choices]
        owner = np.repeat(np.arange(len(counts)), counts)
        pairs = encode_pairs(
            tokenizer,
            [examples.texts[row] for row in owner],
            [choice for own in examples.choices for choice in own],
            max_tokens=max_tokens,
            places=[examples.places[row] for row in owner],
        )
        long = np.flatnonzero(np.diff(pairs.first_window) > 1)
        if len(long):
            raise DataError(
                f"{examples.places[owner[long[0]]]}: question and choice together exceed {max_tokens} tokens.",
                remedy="Shorten it, or name a checkpoint that reads more.",
            )
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        tokens = np.add.reduceat(pairs.tokens, first[:-1])
        return replace(pairs, first_window=first, tokens=tokens)

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> ChoiceClassifier:
        """See the contract."""
        from headwinds.adapt.networks.choices import ChoiceClassifier

        return ChoiceClassifier(encoder, dropout=settings.head_dropout)

    def initialise(
        self,
        network: Any,
        examples: Questions,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """See the contract."""
        import torch

        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            network.head.weight.normal_(0.0, 0.02, generator=generator)
            network.head.bias.zero_()

    def targets(
        self, examples: Questions, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> torch.Tensor:
        """The number of the right choice."""
        import torch

        return torch.tensor(examples.answer)

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: torch.Tensor) -> torch.Tensor:
        """Cross-entropy over a question's choices."""
        from torch.nn import functional

        return functional.cross_entropy(outputs, targets[batch.rows])

    def loss_units(self, batch: Batch, targets: torch.Tensor) -> float:
        """Questions."""
        return float(len(batch.rows))

    def score(
        self,
        outputs: Sequence[Any],
        examples: Questions,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """Mean log likelihood."""
        import numpy as np

        return mean_log_likelihood(outputs, np.array(examples.answer)[rows])

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: Questions,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """One temperature."""
        import numpy as np

        from headwinds.adapt.networks.choices import NO_CHOICE

        width = max(len(row) for row in outputs)
        padded = np.full((len(outputs), width), NO_CHOICE)
        for number, row in enumerate(outputs):
            padded[number, : len(row)] = row
        return fit_one_label_decoder(padded, np.array(examples.answer)[rows], settings)

    def decode(
        self,
        outputs: Sequence[Any],
        examples: Questions,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """`answer`, its text in `choice`, `probability`, and the `shares` of all choices."""
        return [
            {
                "answer": best,
                "choice": name,
                "probability": shares[best],
                **abstained(decoder, shares[best]),
                "shares": shares,
            }
            for best, shares, name in decode_one_label(outputs, examples.choices, decoder)
        ]

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: Questions,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Accuracy, what chance would reach, calibration error."""
        import numpy as np

        from headwinds.adapt.evaluation.metrics import expected_calibration_error

        right = np.array([item["answer"] for item in predictions]) == np.array(examples.answer)
        chance = np.array([1 / len(own) for own in examples.choices])
        probability = np.array([item["probability"] for item in predictions])
        total = weights.sum(axis=1)
        return {
            "accuracy": weights @ right / total,
            "accuracy_of_chance": weights @ chance / total,
            "expected_calibration_error": expected_calibration_error(right, probability, weights),
            **selective_metrics(predictions, right, weights),
        }

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: Questions, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """See the contract."""
        return [
            Mistake(row, examples.choices[row][true], item["choice"], item["probability"])
            for row, (item, true) in enumerate(zip(predictions, examples.answer, strict=True))
            if item["answer"] != true
        ]


def _choices(row: Row) -> tuple[str, ...]:
    found = tuple(str(choice).strip() for choice in list_cell(row, "choices"))
    if len(found) < 2 or not all(found) or len(set(found)) < len(found):
        raise DataError(
            f"{row.place}: choices = {quoted(list(found))}, expected two or more different answers.",
            remedy="Give a list, or leave the row out.",
        )
    return found


def _answers(rows: Sequence[Row], choices: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    """The number of each row's right choice.

    Where choices are numbers, an answer may be the text of one and the number of another. A number of JSON among choices
    that are texts is a number; else the rows that can be read in one way alone say how the file is meant.
    """
    found = [_readings(row, own) for row, own in zip(rows, choices, strict=True)]
    certain = [(text is not None) for text, number in found if (text is None) != (number is None)]
    answers = []
    for row, (text, number) in zip(rows, found, strict=True):
        if text is None or number is None or text == number:
            answers.append(number if text is None else text)
        elif certain and len(set(certain)) == 1:
            answers.append(text if certain[0] else number)
        else:
            raise DataError(
                f"{row.place}: answer = {quoted(row.values.get('answer'))} is the text of choice {text} and the number of "
                "another, and the other rows do not say which is meant.",
                remedy="Write numbers from 0 as numbers, in JSONL, and texts as texts; in every row the same.",
            )
    return tuple(int(answer) for answer in answers if answer is not None)


def _readings(row: Row, choices: tuple[str, ...]) -> tuple[int | None, int | None]:
    """The choice whose text the answer is, and the one whose number it is; None where it is not."""
    value = row.values.get("answer")
    if isinstance(value, float) and value == value and value in range(len(choices)):
        value = int(value)  # a column of whole numbers with a gap, as pandas writes it
    text = str(value).strip() if value is not None else ""
    by_text = choices.index(text) if text in choices else None
    by_number = int(text) if text.isdecimal() and int(text) < len(choices) else None
    if by_text is None and by_number is None:
        raise DataError(
            f"{row.place}: answer = {quoted(value)} is none of the {len(choices)} choices.",
            remedy="Write the choice's text, or its number from 0.",
        )
    if isinstance(value, int) and by_number is not None:
        given = list_cell(row, "choices")
        by_text = by_text if any(isinstance(choice, int) for choice in given) else None
    return by_text, by_number
