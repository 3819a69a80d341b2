"""Checkpoints for prompts: a masked language model, a decoder alone, or one that tells entailment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import (
    Checkpoint,
    quiet_transformers,
    read_config,
    require_whole,
    why_not_loaded,
)
from headwinds.adapt.generators import is_decoder_only, load_generator
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MASKED = ("ForMaskedLM", "ForPreTraining")


def fills_gaps(checkpoint: Checkpoint) -> bool:
    """True for a masked language model, False for a decoder alone.

    Raises
    ------
    CheckpointError
        It is neither.
    """
    names = _architectures(checkpoint)
    if any(name.endswith(MASKED) for name in names):
        return True
    try:
        if is_decoder_only(checkpoint):
            return False
    except CheckpointError:
        pass
    raise CheckpointError(
        f"Checkpoint {checkpoint.name!r} ({', '.join(names) or 'of no named kind'}) has no layer that fills a gap, which "
        "method 'cloze' needs.",
        remedy="Name a masked language model (BERT, RoBERTa ... as ...ForMaskedLM) or a decoder (GPT, Llama ...).",
    )


def require_decoder(checkpoint: Checkpoint, method: str) -> None:
    """Refuse what is no decoder alone.

    Raises
    ------
    CheckpointError
        It has an encoder, or cannot write.
    """
    if not is_decoder_only(checkpoint):
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} has an encoder, and method {method!r} needs a decoder alone.",
            remedy="Name one such as GPT or Llama.",
        )


def entailment_class(checkpoint: Checkpoint) -> int | None:
    """The output that says "entailment", read off the names of a classifier's outputs; None where there is none."""
    names = _architectures(checkpoint)
    if not any(name.endswith("ForSequenceClassification") for name in names):
        return None
    outputs: dict[str, Any] = read_config(checkpoint.folder).get("id2label") or {}
    found = [int(key) for key, name in outputs.items() if str(name).casefold().startswith("entail")]
    return found[0] if len(found) == 1 else None


def load_for_prompts(checkpoint: Checkpoint, kind: str, *, dropout: float = 0.0) -> PreTrainedModel:
    """Load a model in float32; `kind` is "masked", "decoder" or "entailment".

    Raises
    ------
    CheckpointError
        Its weights cannot be loaded, or are not all there.
    """
    from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

    if kind == "decoder":
        return load_generator(checkpoint, dropout=dropout)
    loader: Any = AutoModelForMaskedLM if kind == "masked" else AutoModelForSequenceClassification
    try:
        with quiet_transformers():
            model, told = loader.from_pretrained(
                str(checkpoint.folder),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype="float32",
                hidden_dropout_prob=dropout,
                attention_probs_dropout_prob=dropout,
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} cannot be loaded: {why_not_loaded(error)}"
        ) from error
    require_whole(checkpoint, told, pools=kind == "entailment")
    loaded: PreTrainedModel = model
    return loaded


def _architectures(checkpoint: Checkpoint) -> list[str]:
    return [str(name) for name in read_config(checkpoint.folder).get("architectures") or []]
