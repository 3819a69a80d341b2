"""Train the biases and the head alone (Ben Zaken, Goldberg, Ravfogel 2022)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.methods.contract import Adapter
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class BitFit:
    """The weights stay, the biases move: a thousandth of the parameters."""

    name: str = "bitfit"
    summary: str = "biases alone are trained (Ben Zaken et al. 2022)"

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """A rate that suits biases."""
        return replace(chosen, learning_rate=chosen.learning_rate or LEARNING_RATE)

    def prepare(self, network: Any, settings: TuneSettings) -> dict[str, torch.nn.Parameter]:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters

        trained = trainable_parameters(network, frozen_layers=settings.frozen_layers)
        kept = {
            name: value for name, value in trained.items() if name.endswith("bias") or name.startswith("head")
        }
        for name, value in trained.items():
            value.requires_grad_(name in kept)
        return kept

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
