"""A checkpoint that goes on learning: loaded with the head that an objective needs, or with a new one where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import quiet_transformers, read_config
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.pretraining.settings import PretrainSettings

# What each architecture can be continued with, the first being its own; others would need other forms of input.
CONTINUED = {
    "bert": ("masked", "contrastive"),
    "roberta": ("masked", "contrastive"),
    "xlm-roberta": ("masked", "contrastive"),
    "camembert": ("masked", "contrastive"),
    "distilbert": ("masked", "contrastive"),
    "modernbert": ("masked", "contrastive"),
    "electra": ("replaced",),
    "gpt2": ("causal",),
    "gpt_neox": ("causal",),
    "llama": ("causal",),
    "mistral": ("causal",),
    "qwen2": ("causal",),
    "t5": ("spans",),
}
BY_PRODUCTS = ("bert", "roberta", "xlm-roberta", "camembert", "modernbert", "electra", "gpt2", "gpt_neox")
GENERATOR = "generator"
NEVER_TRAINED = ("pooler",)


@dataclass(frozen=True, slots=True)
class Continued:
    """The models of a checkpoint, by what they are for, and the names of the weights that it does not have."""

    models: dict[str, Any]
    new: tuple[str, ...]


def continued_objective(checkpoint: Checkpoint, settings: PretrainSettings) -> str:
    """The objective that a checkpoint is continued with.

    Raises
    ------
    CheckpointError
        Its architecture has no head for the objective that is asked for.
    """
    kind = str(read_config(checkpoint.folder).get("model_type"))
    known = CONTINUED.get(kind, ())
    wanted = settings.objective or (known[0] if known else "masked")
    if wanted not in known:
        others = ", ".join(name for name, fits in CONTINUED.items() if wanted in fits)
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} is a {kind} model, which has no head for the objective {wanted!r}.",
            remedy=f"It goes with {known[0]!r}." if known else f"Name one of these architectures: {others}.",
        )
    return wanted


def continued_models(checkpoint: Checkpoint, settings: PretrainSettings, *, loader: str) -> Continued:
    """Load a checkpoint with the head of an objective; a head that it lacks is new, its matrix that of the embeddings.

    Raises
    ------
    CheckpointError
        The weights are cut off or damaged, or the body itself lacks some.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    from headwinds.adapt.training.attention import register_attention

    kind = str(read_config(checkpoint.folder)["model_type"])
    try:
        with torch.random.fork_rng(devices=[]), quiet_transformers():
            torch.manual_seed(derive_seed(settings.seed, "weights") % 2**63)
            model, told = getattr(transformers, loader).from_pretrained(
                str(checkpoint.folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
                dtype="float32",
                attn_implementation=register_attention() if kind in BY_PRODUCTS else None,
                **_dropouts(kind, settings),
            )
            models = {"model": model}
            if kind == "electra":
                models["generator"] = _filler(checkpoint, model)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} cannot be loaded: {reason}.",
            remedy="Fetch it again: it is cut off or damaged.",
        ) from error
    new = sorted(name for name in told["missing_keys"] if not any(part in name for part in NEVER_TRAINED))
    # A model that is all body has no prefix: what it lacks is never an output layer.
    body = (
        new
        if model.base_model is model
        else [name for name in new if name.startswith(f"{model.base_model_prefix}.")]
    )
    if body:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} lacks {len(body)} weights of the model itself, "
            f"the first being {body[0]}.",
            remedy="Fetch it again, or name another checkpoint.",
        )
    return Continued(models, tuple(new))


def _filler(checkpoint: Checkpoint, model: Any) -> Any:
    """The network that fills the gaps: the one that was saved beside the model, else a new one."""
    from safetensors.torch import load_file

    from headwinds.adapt.pretraining.architectures import filler_for

    generator = filler_for(model)
    saved = checkpoint.folder / GENERATOR / "model.safetensors"
    if saved.is_file():
        generator.load_state_dict(load_file(saved), strict=False)
    return generator


def _dropouts(kind: str, settings: PretrainSettings) -> dict[str, float]:
    names = {
        "gpt2": ("resid_pdrop", "embd_pdrop"),
        "distilbert": ("dropout",),
        "modernbert": ("mlp_dropout", "embedding_dropout"),
        "gpt_neox": ("hidden_dropout",),
        "t5": ("dropout_rate",),
        "llama": (),
        "mistral": (),
        "qwen2": (),
    }.get(kind, ("hidden_dropout_prob",))
    attention = {
        "gpt2": "attn_pdrop",
        "t5": "",
        "distilbert": "attention_dropout",
        "modernbert": "attention_dropout",
        "gpt_neox": "attention_dropout",
        "llama": "attention_dropout",
        "mistral": "attention_dropout",
        "qwen2": "attention_dropout",
    }.get(kind, "attention_probs_dropout_prob")
    found = dict.fromkeys(names, settings.dropout)
    return {**found, **({attention: 0.0} if attention else {})}
