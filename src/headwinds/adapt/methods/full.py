"""Fine-tune all weights, or those above the frozen layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class Full:
    """All layers above `frozen_layers` and the head are trained."""

    name: str = "full"
    summary: str = "every weight above frozen_layers is trained"

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """See the contract."""
        return chosen

    def prepare(self, network: Any, settings: TuneSettings) -> dict[str, torch.nn.Parameter]:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters

        return trainable_parameters(network, frozen_layers=settings.frozen_layers)

    def finish(self, network: Any) -> None:
        """Nothing is to be done."""
