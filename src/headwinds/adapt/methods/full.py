"""Fine-tune all weights, or those above the frozen layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.methods.contract import Adapter
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 1e-4


@dataclass(frozen=True, slots=True)
class Full:
    """All layers above `frozen_layers` and the head are trained."""

    name: str = "full"
    summary: str = "every weight above frozen_layers is trained"

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """A rate that suits whole encoders."""
        return replace(chosen, learning_rate=chosen.learning_rate or LEARNING_RATE)

    def prepare(self, network: Any, settings: TuneSettings) -> dict[str, torch.nn.Parameter]:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters

        return trainable_parameters(network, frozen_layers=settings.frozen_layers)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
