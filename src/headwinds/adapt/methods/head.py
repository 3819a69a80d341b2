"""Train the head alone: the encoder's states are computed once, and an epoch takes seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.methods.contract import Adapter
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class Head:
    """The encoder stays as it is; only the task's own layer learns."""

    name: str = "head"
    summary: str = "the encoder stays as it is, computed once; only the task's own layer is trained"

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """All layers are frozen."""
        rate = chosen.learning_rate or chosen.head_learning_rate
        return replace(chosen, learning_rate=rate, frozen_layers=layers, encoder_dropout=0.0)

    def prepare(self, network: Any, settings: TuneSettings) -> dict[str, torch.nn.Parameter]:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters

        return trainable_parameters(network, frozen_layers=settings.frozen_layers)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
