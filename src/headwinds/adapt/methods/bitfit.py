"""Train the biases and the head alone (Ben Zaken, Goldberg, Ravfogel 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.learning_rates import with_learning_rates
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Adapter, Fitting, Optimised
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class BitFit:
    """The weights stay, the biases move: a thousandth of the parameters."""

    name: str = "bitfit"
    summary: str = "biases alone are trained (Ben Zaken et al. 2022)"
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """A rate that suits biases."""
        return with_learning_rates(chosen, LEARNING_RATE)

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract."""
        from headwinds.adapt.networks.text import trainable_parameters
        from headwinds.adapt.training.by_gradient import optimise_by_gradient

        all_of_them = trainable_parameters(fitting.network, frozen_layers=fitting.settings.frozen_layers)
        trained = {
            name: value
            for name, value in all_of_them.items()
            if name.endswith("bias") or name.startswith("head")
        }
        if not trained:
            raise SettingsError(
                "method 'bitfit' trains biases, and this checkpoint has none.", remedy="Choose lora."
            )
        for name, value in all_of_them.items():
            value.requires_grad_(name in trained)
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
