"""Train the head alone: the encoder's states are computed once, and an epoch takes seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.learning_rates import FROZEN_HEAD_LEARNING_RATE, with_learning_rates

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Adapter, Fitting, Optimised
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class Head:
    """The encoder stays as it is; only the task's own layer learns."""

    name: str = "head"
    summary: str = "the encoder stays as it is, computed once; only the task's own layer is trained"
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """All layers are frozen; as the head is all that learns, `learning_rate` is its rate too."""
        rate = chosen.head_learning_rate or chosen.learning_rate or FROZEN_HEAD_LEARNING_RATE
        rated = with_learning_rates(chosen, rate, rate)
        return replace(rated, frozen_layers=layers, encoder_dropout=0.0)

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract; with `private_epsilon` by differentially private steps."""
        if fitting.settings.private_epsilon:
            from headwinds.adapt.training.private import optimise_privately

            return optimise_privately(fitting)
        from headwinds.adapt.networks.text import trainable_parameters
        from headwinds.adapt.training.by_gradient import optimise_by_gradient

        trained = trainable_parameters(fitting.network, frozen_layers=fitting.settings.frozen_layers)
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
