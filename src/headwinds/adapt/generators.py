"""Checkpoints that write: an encoder and a decoder, or a decoder alone, each with the layer that gives the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import (
    Checkpoint,
    load_encoder,
    quiet_transformers,
    read_config,
    require_whole,
    why_not_loaded,
)
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.written_encoding import Form
from headwinds.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import GenerationConfig, PreTrainedModel

    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task

# Every name by which an architecture calls the dropout of its states; that of attention weights is left out, as it costs a
# pass over every pair of tokens.
DROPOUTS = ("dropout", "dropout_rate", "hidden_dropout", "resid_pdrop", "embd_pdrop")
OTHER_DROPOUTS = ("attention_dropout", "activation_dropout", "attn_pdrop", "classifier_dropout")
KEPT = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",  # the language, of models of many
)
OWN_ATTENTION = (
    "pegasus",
    "gpt_neox",
)  # what we make from scratch; a test says that the results are the same


def is_decoder_only(checkpoint: Checkpoint) -> bool:
    """Whether the checkpoint is a decoder alone.

    Raises
    ------
    CheckpointError
        It has no layer that gives the next token, so that nothing can be written with it.
    """
    config = read_config(checkpoint.folder)
    names = [str(name) for name in config.get("architectures") or []]
    if config.get("is_encoder_decoder"):
        if any(name.endswith(("ForConditionalGeneration", "MTModel", "Seq2SeqLM")) for name in names):
            return False
    elif any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names):
        return True
    kind = config.get("model_type")
    raise CheckpointError(
        f"Checkpoint {checkpoint.name!r} ({', '.join(names) or kind}) cannot write: no layer of it gives the next token.",
        remedy="Name one with an encoder and a decoder (T5, BART, Marian ...), a decoder alone (GPT, Llama ...), or "
        '"scratch:encoder-decoder-small".',
    )


def load_generator(checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
    """Load a model that writes, in float32, with `dropout` on its states.

    Raises
    ------
    CheckpointError
        It cannot write, or its weights cannot be loaded or are not all there.
    SettingsError
        Dropout is asked for, and the architecture has none.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    from headwinds.adapt.training.attention import register_attention

    loader: Any = AutoModelForCausalLM if is_decoder_only(checkpoint) else AutoModelForSeq2SeqLM
    place = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(str(checkpoint.folder), **place)
            own = [name for name in DROPOUTS if hasattr(config, name)]
            if dropout and not own:
                raise SettingsError(
                    f"encoder_dropout = {dropout}, but a {config.model_type} model has no dropout.",
                    remedy="Leave it at 0.",
                )
            for name in own:
                setattr(config, name, dropout)
            for name in OTHER_DROPOUTS:
                if hasattr(config, name):
                    setattr(config, name, 0.0)
            model, told = loader.from_pretrained(
                str(checkpoint.folder),
                config=config,
                use_safetensors=True,
                dtype="float32",
                attn_implementation=register_attention() if config.model_type in OWN_ATTENTION else None,
                output_loading_info=True,
                **place,
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} cannot be loaded: {why_not_loaded(error)}"
        ) from error
    require_whole(checkpoint, told)
    loaded: Any = model
    loaded.generation_config = _its_tokens(loaded.generation_config)
    found: PreTrainedModel = loaded
    return found


def _its_tokens(own: Any) -> GenerationConfig:
    """Which tokens begin and end what a checkpoint writes, and nothing else of its `generation_config.json`.

    How a model writes stands in its decoder, for all to see. A checkpoint's own least length, penalties of repetition or
    limit of time would rule beside it unseen, break the constraints, and end a text by force as if it had come to its end.
    """
    from transformers import GenerationConfig

    return GenerationConfig(**{name: getattr(own, name, None) for name in KEPT})


def load_pretrained(task: Task[Any], checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
    """What a task's network is built on: the encoder alone, a whole model that writes, or what answers its prompts.

    Raises
    ------
    CheckpointError, SettingsError
        See `load_encoder` and `load_generator`.
    """
    from headwinds.adapt.training.attention import register_attention

    if writes(task):
        return load_generator(checkpoint, dropout=dropout)
    own: Any = getattr(task, "load", None)  # a task that is asked by prompts
    if own is not None:
        model: PreTrainedModel = own(checkpoint, dropout=dropout)
        return model
    return load_encoder(checkpoint, encoder_dropout=dropout, attention=register_attention())


def formed_for(
    task: Task[Any], settings: TuneSettings, checkpoint: Checkpoint, memory: Mapping[str, Any] | None = None
) -> Task[Any]:
    """The task as it is for a checkpoint and a method.

    A task that writes lays out its texts by whether there is an encoder; one that is asked by prompts lays
    them out with what these have to know (`memory`).
    """
    if not writes(task):
        from headwinds.adapt.prompts.forms import prompted_form

        return prompted_form(task, settings, checkpoint, memory or {})
    form = Form(
        decoder_only=is_decoder_only(checkpoint),
        separator=settings.prompt_separator,
        refuse_long=settings.long_inputs == "refuse",
    )
    return task.formed(form)


def network_settings(task: Task[Any], settings: TuneSettings) -> dict[str, Any]:
    """The settings that give a task's network its form, and its texts theirs."""
    from headwinds.adapt.prompts.forms import SETTINGS, prompted

    names = (
        "pooling",
        "method",
        *(("prompt_separator", "long_inputs") if writes(task) else ()),
        *(SETTINGS if prompted(task) else ()),
    )
    return {name: getattr(settings, name) for name in names}
