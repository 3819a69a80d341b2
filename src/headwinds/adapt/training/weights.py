"""The weights of a run: as the optimiser has them, their moving average, and the best average so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Weights:
    """Trained parameters by name, with what is kept beside them.

    Attributes
    ----------
    current
        The parameters themselves, which the optimiser moves.
    decay
        Of the moving average; 0 means that the average is the current weights.
    average, best
        Copies, by the same names; empty until the first step and the first epoch's end.
    """

    current: dict[str, torch.nn.Parameter]
    decay: float
    average: dict[str, torch.Tensor] = field(default_factory=dict)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    def follow(self, step: int) -> None:
        """Move the average towards the current weights after a step (1-based); at first it follows more closely."""
        import torch

        if self.decay == 0:
            return
        share = 1 - min(self.decay, step / (step + 10))
        if not self.average:
            self.average = {name: value.detach().clone() for name, value in self.current.items()}
            return
        names = list(self.current)
        with torch.no_grad():
            torch._foreach_lerp_(
                [self.average[name] for name in names], [self.current[name].detach() for name in names], share
            )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the model compute with the average for a block."""
        if not self.average:
            yield
            return
        held = {name: value.detach().clone() for name, value in self.current.items()}
        self._set(self.average)
        try:
            yield
        finally:
            self._set(held)

    def remember(self) -> None:
        """Keep the average (or the current weights, if none is kept) as the best so far."""
        source = self.average or self.current
        self.best = {name: value.detach().clone() for name, value in source.items()}

    def keep_best(self) -> None:
        """Put the best weights into the model, for good."""
        self._set(self.best)

    def _set(self, source: dict[str, torch.Tensor]) -> None:
        import torch

        with torch.no_grad():
            for name, parameter in self.current.items():
                parameter.copy_(source[name])
