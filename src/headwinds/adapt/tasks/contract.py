"""What a task is: the columns of a row, the network for a checkpoint, the loss, decoding, and how predictions are scored.

A task is one file with one class that has these methods. Everything else (reading files, splits, the training loop,
resuming, saving, intervals, the command line) is the same for all tasks and knows a task by this contract alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.written_encoding import Form


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a labelled file: its name, what it holds, and whether a file to predict must have it too."""

    name: str
    meaning: str
    needed: bool = True
    label: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: where it stands, for messages, and its values."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A prediction that is wrong.

    Attributes
    ----------
    row
        Number of the example.
    true, given
        In words, as short as they can be.
    cost
        How sure the model was of what is wrong; the highest are looked at first.
    """

    row: int
    true: str
    given: str
    cost: float


class Examples(Protocol):
    """What a task makes of rows; each task has a type of its own."""

    @property
    def ids(self) -> tuple[str, ...]:
        """A name for each example."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each example."""


E = TypeVar("E", bound=Examples)


class Task(Protocol[E]):
    """A task of any encoder checkpoint, or, with what `WritingTask` adds, of any checkpoint that writes.

    Attributes
    ----------
    name, summary
        As `headwinds tasks` prints them.
    columns
        What a row must hold.
    main_metric
        The metric that is told first; higher is better.
    classifies
        Whether a text by itself gets one label or more of a set, so that their shares in a corpus can be counted.
    """

    @property
    def name(self) -> str:
        """The registered name."""

    @property
    def summary(self) -> str:
        """One line."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What a row must hold."""

    @property
    def main_metric(self) -> str:
        """The metric that is told first."""

    @property
    def classifies(self) -> bool:
        """Whether a text by itself gets labels."""

    def read(self, rows: Sequence[Row], *, labelled: bool) -> E:
        """Turn rows into examples; without `labelled` the label columns may be missing.

        Raises
        ------
        DataError
            A value cannot be used: its row, column and what was expected.
        """

    def labels(self, examples: E) -> tuple[str, ...]:
        """The labels that occur, in the order of the head's outputs; () for a task without any."""

    def check_labels(self, examples: E, labels: tuple[str, ...]) -> None:
        """Refuse labels that training did not know.

        Raises
        ------
        MismatchError
            The label and where it stands.
        """

    def encode(self, examples: E, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int) -> EncodedTexts:
        """Token windows of every example; no text is cut without being said."""

    def network(
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> torch.nn.Module:
        """The network whose outputs `loss` and `decode` take; its new parts have names that begin with "head"."""

    def initialise(
        self, network: Any, examples: E, training: NDArray[np.int64], labels: tuple[str, ...], *, seed: int
    ) -> None:
        """Give the new parts their starting values from the training examples and `seed`."""

    def targets(
        self, examples: E, encoded: EncodedTexts, labels: tuple[str, ...], settings: TuneSettings
    ) -> Any:
        """What `loss` compares with, by example."""

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: Any) -> torch.Tensor:
        """Mean loss of a batch."""

    def loss_units(self, batch: Batch, targets: Any) -> float | None:
        """Over how much `loss` takes the mean: texts, windows, tokens, or their weights.

        Two batches together have the mean of their losses, weighted by these. None where examples are compared with each
        other, so that a batch cannot be computed in parts.
        """

    def score(
        self,
        outputs: Sequence[Any],
        examples: E,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """How good the network's outputs for some rows are; the epoch with the highest is kept."""

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: E,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """What decoding needs beside the outputs (calibration, thresholds), from validation rows; plain JSON."""

    def decode(
        self,
        outputs: Sequence[Any],
        examples: E,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """A prediction an example, as plain values that a file can hold."""

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: E,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """Every metric for each weighting of the examples, (replicates, examples) to (replicates,); NaN where undefined.

        A bootstrap replicate is a weighting, a slice is one of zeros and ones, the plain metric is that of ones alone.
        """

    def mistakes(
        self, predictions: Sequence[Mapping[str, Any]], examples: E, labels: tuple[str, ...]
    ) -> list[Mistake]:
        """The predictions that are wrong, in the order of the examples."""


class WritingTask(Task[E], Protocol[E]):
    """A task whose network writes texts: its checkpoint is loaded with the layer that gives the next token.

    `encode` says what is to be written where it is known. The outputs that `score` and `fit_decoder` take are likelihoods,
    shape (rows, 2), see `writing.likelihoods`; those that `decode` takes are `writing.Written`.
    """

    @property
    def writes(self) -> bool:
        """True."""

    def formed(self, form: Form) -> WritingTask[E]:
        """The task for a checkpoint with or without an encoder."""

    def asked(self, examples: E) -> E:
        """The examples without their references: what is predicted must not hang on whether they are known."""

    def vocabulary_texts(self, examples: E, rows: NDArray[np.int64]) -> list[str]:
        """Every text that is read or written, for a vocabulary to be learnt from."""

    def weighed(self, examples: E, likelihoods: NDArray[np.float64]) -> E:
        """The examples with how likely a model holds their references to be, shape (examples, 2), for `metrics`."""


def writes(task: Task[E]) -> TypeGuard[WritingTask[E]]:
    """Whether the network of a task writes."""
    return getattr(task, "writes", False) is True
