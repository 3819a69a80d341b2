"""Fine-tune all weights, or those above the frozen layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.learning_rates import with_learning_rates

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Adapter, Fitting, Optimised
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 1e-4


@dataclass(frozen=True, slots=True)
class Full:
    """All layers above `frozen_layers` and the head are trained."""

    name: str = "full"
    summary: str = "every weight above frozen_layers is trained"
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """A rate that suits whole encoders."""
        return with_learning_rates(chosen, LEARNING_RATE)

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters
        from headwinds.adapt.training.by_gradient import optimise_by_gradient

        trained = trainable_parameters(fitting.network, frozen_layers=fitting.settings.frozen_layers)
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
