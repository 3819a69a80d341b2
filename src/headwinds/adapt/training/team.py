"""Who trains one model: a process alone, or several that share every batch. The loop is the same for both.

Everything that a loop must do together with others goes through a `Team`; alone, each of its calls gives back what it was
given, so that a training by one process pays nothing for it and keeps its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from headwinds.adapt.training.progress import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.training.progress import Progress


class Team(Protocol):
    """What a training loop asks of the processes that it is one of.

    Attributes
    ----------
    size, first
        How many processes there are, and whether this is the one that writes and reports.
    sharded
        Whether the parameters are cut into parts, one a process; then all of them must compute whenever one does.
    """

    @property
    def size(self) -> int:
        """Number of processes."""

    @property
    def first(self) -> bool:
        """Whether this process writes and reports."""

    @property
    def sharded(self) -> bool:
        """Whether parameters are cut into parts."""

    def watch(self, title: str, total: int, *, quiet: bool) -> AbstractContextManager[Progress]:
        """Something to report to."""

    def seed_step(self, seed: int, step: int) -> None:
        """Give the random numbers of a step (dropout) their start."""

    def own_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of a batch that this process computes; together the processes have each once."""

    def own_parts(self, count: int) -> int:
        """How many parts this process must compute of a batch of which it has `count`; more where others wait for it."""

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value, summed over the processes."""

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Give every parameter the sum of all processes' gradients."""

    def loss_factor(self) -> float:
        """What a loss is multiplied by, so that the gradients in the end are a sum over processes."""

    def score(self, validation_score: Callable[[], float]) -> float:
        """The validation score, the same for all."""

    def whole(self, value: torch.Tensor) -> torch.Tensor:
        """A parameter, or what is kept beside it, in one piece; it may be empty where this process is not the first."""

    def number(self, value: torch.Tensor) -> float:
        """A single number that was computed of all parameters."""

    def placed(self, value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """The reverse of `whole`: a value as this process holds the parameter `like`."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One process."""

    size: int = 1
    first: bool = True
    sharded: bool = False

    def watch(self, title: str, total: int, *, quiet: bool) -> AbstractContextManager[Progress]:
        """See `training.progress.watch`."""
        return watch(title, total, quiet=quiet)

    def seed_step(self, seed: int, step: int) -> None:
        """The draws of the step before go on."""

    def own_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """All of them."""
        return rows

    def own_parts(self, count: int) -> int:
        """As many as there are."""
        return count

    def sum(self, values: Sequence[float]) -> list[float]:
        """The values."""
        return list(values)

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """They are there."""

    def loss_factor(self) -> float:
        """One."""
        return 1.0

    def score(self, validation_score: Callable[[], float]) -> float:
        """As it is computed here."""
        return validation_score()

    def whole(self, value: torch.Tensor) -> torch.Tensor:
        """The value."""
        return value

    def number(self, value: torch.Tensor) -> float:
        """The number."""
        return float(value)

    def placed(self, value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """The value on the parameter's device."""
        return value.to(like.device)


ALONE = Alone()
