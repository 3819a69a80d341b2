"""Parameter-efficient methods through the PEFT library: the encoder stays as it is, a few new numbers are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Adapter
from headwinds.adapt.methods.learning_rates import FROZEN_HEAD_LEARNING_RATE, with_learning_rates
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from headwinds.adapt.methods.contract import Fitting, Optimised
    from headwinds.adapt.settings import TuneSettings

MERGED = ("lora", "dora", "ia3")
KINDS = {
    "lora": "low-rank updates of every linear layer (Hu et al. 2022)",
    "dora": "low-rank updates, with the size of each weight's column learnt apart (Liu et al. 2024)",
    "ia3": "learnt factors for keys, values and the inner layer (Liu et al. 2022)",
    "prefix": "learnt keys and values before the text in every layer (Li, Liang 2021)",
    "prompt": "learnt embeddings before the text (Lester et al. 2021)",
    "p-tuning": "embeddings before the text, made by a small network (Liu et al. 2021)",
}
# What the published recipes take for encoders: few new numbers bear, and need, larger steps.
LEARNING_RATES = {"lora": 1e-3, "dora": 1e-3, "ia3": 5e-3, "prefix": 1e-2, "prompt": 3e-2, "p-tuning": 3e-3}


@dataclass(frozen=True, slots=True)
class ParameterEfficient:
    """One of the methods of `KINDS`; all of them save the adapter alone, unless `merge_adapter` is set."""

    name: str
    validates: bool = True
    learns: bool = True

    @property
    def summary(self) -> str:
        """One line."""
        return KINDS[self.name]

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """The encoder's own weights are all frozen, and computed at every step."""
        if chosen.merge_adapter and self.name not in MERGED:
            raise SettingsError(
                f"method {self.name!r} has nothing that could be merged into the weights, but merge_adapter is set.",
                remedy=f"Leave it out, or choose one of {', '.join(MERGED)}.",
            )
        rated = with_learning_rates(chosen, LEARNING_RATES[self.name], FROZEN_HEAD_LEARNING_RATE)
        return replace(rated, frozen_layers=0)

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract."""
        import warnings

        import torch
        from peft import get_peft_model

        from headwinds.adapt.training.by_gradient import optimise_by_gradient

        network, settings = fitting.network, fitting.settings
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # of transformers, about a name that peft still uses
            # An own classifier beside layers whose weights are turned is told apart by the library itself.
            warnings.filterwarnings("ignore", "fan_in_fan_out is set to True", UserWarning)
            torch.manual_seed(settings.seed % 2**63)
            network.encoder = get_peft_model(network.encoder, self._config(network.encoder, settings))
        trained = {name: value for name, value in network.named_parameters() if value.requires_grad}
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Keep the adapter; merge it into the weights in memory where that can be, so that prediction is as fast."""
        from peft import get_peft_model_state_dict

        wrapped = network.encoder
        kept = {
            name: value.detach().clone().contiguous()
            for name, value in get_peft_model_state_dict(wrapped).items()
        }
        adapter = Adapter(wrapped.peft_config["default"], kept)
        if self.name in MERGED:
            network.encoder = wrapped.merge_and_unload()
        else:  # a small network that made the learnt tokens is gone now, as it will be when the adapter is loaded
            network.encoder = attach_adapter(wrapped.get_base_model(), adapter.config, kept)
        return None if settings.merge_adapter else adapter

    def _config(self, encoder: Any, settings: TuneSettings) -> Any:
        import peft

        task = _kind_of(encoder)
        if self.name in ("lora", "dora"):
            return peft.LoraConfig(
                task_type=task,
                r=settings.rank,
                lora_alpha=2 * settings.rank,
                lora_dropout=settings.encoder_dropout,
                target_modules=_linear_layers(encoder),
                use_dora=self.name == "dora",
                fan_in_fan_out=_is_turned(encoder),
            )
        if self.name == "ia3":
            return peft.IA3Config(
                task_type=task, fan_in_fan_out=_is_turned(encoder), **_scaled_layers(encoder)
            )
        virtual: dict[str, Any] = {"task_type": task, "num_virtual_tokens": settings.virtual_tokens}
        if self.name == "prefix":
            return peft.PrefixTuningConfig(**virtual)
        if self.name == "prompt":
            return peft.PromptTuningConfig(**virtual)
        return peft.PromptEncoderConfig(**virtual, encoder_hidden_size=int(encoder.config.hidden_size))


def read_adapter_config(path: Path) -> Any:
    """PEFT's configuration from what `Adapter.facts` gave."""
    import json

    from peft import get_peft_config

    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return get_peft_config(found)


def attach_adapter(encoder: Any, config: Any, weights: dict[str, torch.Tensor]) -> Any:
    """An encoder with a saved adapter: merged in memory where that can be."""
    import warnings

    from peft import get_peft_model, set_peft_model_state_dict

    config.inference_mode = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        wrapped = get_peft_model(encoder, config)
        set_peft_model_state_dict(wrapped, weights)
    return wrapped.merge_and_unload() if hasattr(wrapped.base_model, "merge_and_unload") else wrapped


def _kind_of(encoder: Any) -> str:
    """What PEFT calls what the model does: it wraps models that write in a way of their own."""
    if not hasattr(encoder, "prepare_inputs_for_generation"):
        return "FEATURE_EXTRACTION"
    return "SEQ_2_SEQ_LM" if encoder.config.is_encoder_decoder else "CAUSAL_LM"


def _is_turned(encoder: Any) -> bool:
    """Whether the layers keep their weights turned, as GPT-2's do."""
    from transformers.pytorch_utils import Conv1D

    return any(isinstance(module, Conv1D) for module in encoder.modules())


def _linear_layers(encoder: Any) -> list[str]:
    """Names of the linear layers inside the transformer layers, as PEFT matches them: by their ends."""
    import torch
    from transformers.pytorch_utils import Conv1D

    found = set()
    output = encoder.get_output_embeddings()
    for name, module in encoder.named_modules():
        if module is output or name.startswith("pooler"):
            continue
        if isinstance(module, torch.nn.Linear | Conv1D):
            parts = [part for part in name.split(".") if not part.isdigit()]
            found.add(".".join(parts[-2:]))
    return sorted(found)


def _scaled_layers(encoder: Any) -> dict[str, Any]:
    if _kind_of(encoder) != "FEATURE_EXTRACTION":
        return _scaled_layers_of_writers(encoder)
    names = _linear_layers(encoder)
    inner = [
        name for name in names if name.startswith("intermediate.") or name.endswith((".lin1", ".wi", ".Wi"))
    ]
    keys = [
        name for name in names if name.endswith((".key", ".value", ".k_lin", ".v_lin", ".k_proj", ".v_proj"))
    ]
    if not keys or not inner:
        raise SettingsError(
            f"method 'ia3' does not know the layers of a {encoder.config.model_type} encoder.",
            remedy="Choose lora, or a BERT-like checkpoint.",
        )
    return {"target_modules": [*keys, *inner], "feedforward_modules": inner}


def _scaled_layers_of_writers(encoder: Any) -> dict[str, Any]:
    """Keys, values and what comes into the second inner layer, by the names of the common architectures."""
    names = _linear_layers(encoder)
    keys = [
        name
        for name in names
        if name.rpartition(".")[2] in ("k", "v", "k_proj", "v_proj", "query_key_value", "c_attn")
    ]
    inner = [
        name
        for name in names
        if name.rpartition(".")[2] in ("wo", "fc2", "down_proj", "dense_4h_to_h")
        or name.endswith("mlp.c_proj")
    ]
    if not keys or not inner:
        raise SettingsError(
            f"method 'ia3' does not know the layers of a {encoder.config.model_type} model.",
            remedy="Choose lora.",
        )
    return {"target_modules": [*keys, *inner], "feedforward_modules": inner}
