"""What an objective is: it turns rows of text into an exercise, and a network into losses of what was asked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.packing import Layout, Rows
    from headwinds.adapt.pretraining.settings import PretrainSettings


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an objective has to know of a tokenizer: its size, the numbers of its special tokens, all the others."""

    size: int
    names: dict[str, int]
    ordinary: NDArray[np.int32]
    sentinels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Exercise:
    """What a network is asked in a step; arrays of shape (rows, length) or, of what is written, (rows, written).

    Attributes
    ----------
    tokens, pieces, positions
        What is read, as in `Rows`.
    wanted
        The token asked for at each place, -1 where none is; places of what is written where the network writes apart.
    documents
        The document of each of these places.
    seed
        Of what the network itself draws.
    originals
        The tokens before any was changed, and whether each is of a text (`words`); None where they are of no use.
    written_pieces
        The piece of each token that is written, where the network writes apart.
    """

    tokens: NDArray[np.int32]
    pieces: NDArray[np.int32]
    positions: NDArray[np.int32]
    wanted: NDArray[np.int32]
    documents: NDArray[np.int32]
    seed: int
    originals: NDArray[np.int32] | None = None
    words: NDArray[np.bool_] | None = None
    written_pieces: NDArray[np.int32] | None = None

    def take(self, rows: slice) -> Exercise:
        """Some of the rows."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return Exercise(
            **{
                name: value if value is None or name == "seed" else value[rows]
                for name, value in values.items()
            }
        )

    @property
    def asked(self) -> int:
        """How many tokens are asked for."""
        return int((self.wanted >= 0).sum())

    @property
    def beside(self) -> int:
        """Over how many tokens the second loss of a network goes, if it has one."""
        return 0 if self.words is None else int(self.words.sum())


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of what was asked, and a second loss of each word if there is one.

    Attributes
    ----------
    total
        Sum of the losses, through which gradients flow.
    asked, places
        Each loss, shape (asked,), and its place in the flat `wanted`.
    beside, beside_places, beside_weight
        The second losses, through which gradients flow, their places in the flat `tokens`, and what they weigh in training.
    guessed
        Of each of `asked`, the loss of who guesses without reading; None where that is how often the token stands there.
    """

    total: torch.Tensor
    asked: torch.Tensor
    places: torch.Tensor
    beside: torch.Tensor | None = None
    beside_places: torch.Tensor | None = None
    beside_weight: float = 1.0
    guessed: torch.Tensor | None = None


class Objective(Protocol):
    """One way of learning from text alone; its network is an `nn.Module` that maps an `Exercise` to `Losses`."""

    @property
    def name(self) -> str:
        """As in the settings."""

    @property
    def loader(self) -> str:
        """The class of `transformers` that loads a checkpoint with what the objective needs."""

    @property
    def compares(self) -> bool:
        """Whether the texts of a step are compared with each other, so that it cannot be computed in parts."""

    @property
    def least_tokens(self) -> int:
        """Documents of fewer tokens are asked nothing."""

    def layout(self, vocabulary: Vocabulary, settings: PretrainSettings) -> Layout:
        """How documents are laid out in rows."""

    def ask(self, rows: Rows, vocabulary: Vocabulary, settings: PretrainSettings, *, seed: int) -> Exercise:
        """The exercise of some rows; the same seed asks the same."""

    def network(self, models: dict[str, Any]) -> torch.nn.Module:
        """The network around the models that an architecture or a checkpoint gave."""
