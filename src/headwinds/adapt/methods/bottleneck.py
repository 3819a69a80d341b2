"""Method `adapter`: bottlenecks between the sub-layers of a frozen encoder. PEFT has none of this kind, so they are ours."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Adapter
from headwinds.adapt.methods.learning_rates import with_learning_rates
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from headwinds.adapt.methods.contract import Fitting, Optimised
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class BottleneckConfig:
    """Where the bottlenecks stand and how wide they are: what `adapter_config.json` holds."""

    layers: tuple[str, ...]
    width: int
    kind: str = "bottleneck"

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "layers": list(self.layers)}


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Small networks after each attention and feed-forward sub-layer are trained (Houlsby et al. 2019), saved alone."""

    name: str = "adapter"
    summary: str = "bottlenecks of width rank after every sub-layer (Houlsby et al. 2019)"
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """The encoder's own weights are all frozen, and computed at every step."""
        if chosen.merge_adapter:
            raise SettingsError(
                "method 'adapter' bends what passes through it, so it cannot be merged into the weights, but merge_adapter "
                "is set.",
                remedy="Leave it out, or choose one of lora, dora, ia3.",
            )
        return replace(with_learning_rates(chosen, LEARNING_RATE), frozen_layers=0)

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract."""
        from headwinds.adapt.networks.bottlenecks import add_bottlenecks, sublayer_ends
        from headwinds.adapt.training.by_gradient import optimise_by_gradient

        network, settings = fitting.network, fitting.settings
        ends = sublayer_ends(network.encoder)
        if not ends:
            raise SettingsError(
                f"method 'adapter' does not know the layers of a {network.encoder.config.model_type} checkpoint.",
                remedy="Choose lora, or a BERT-like checkpoint.",
            )
        seed = derive_seed(settings.seed, "bottlenecks")
        add_bottlenecks(network.encoder, ends, settings.rank, seed=seed)
        trained = {name: value for name, value in network.named_parameters() if value.requires_grad}
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """The bottlenecks alone are kept."""
        from headwinds.adapt.networks.bottlenecks import bottleneck_weights

        weights = bottleneck_weights(network.encoder)
        ends = sorted({name.rpartition(".bottleneck.")[0] for name in weights})
        return Adapter(BottleneckConfig(tuple(ends), network.encoder.bottlenecks), weights)


def is_bottleneck(path: Path) -> bool:
    """Whether an `adapter_config.json` is of this method, and not of PEFT."""
    found: Any = json.loads(path.read_text(encoding="utf-8"))
    return isinstance(found, dict) and found.get("kind") == "bottleneck"


def attach_bottlenecks(encoder: Any, path: Path, weights: dict[str, torch.Tensor]) -> Any:
    """An encoder with saved bottlenecks; `path` is that of their configuration.

    Raises
    ------
    CheckpointError
        The encoder has no such layers, or the weights are of others.
    """
    from headwinds.adapt.networks.bottlenecks import add_bottlenecks, bottleneck_weights

    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    try:
        add_bottlenecks(encoder, list(found["layers"]), int(found["width"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not of this checkpoint: {error}.", remedy="Tune the model again."
        ) from error
    if set(bottleneck_weights(encoder)) != set(weights):
        raise CheckpointError(
            f"{path.parent} does not hold the weights that its configuration names.",
            remedy="Tune the model again.",
        )
    encoder.load_state_dict(weights, strict=False)
    return encoder
