"""What a run begins from: a tokenizer, the models of an objective, and what of them is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.allowed_config import check_beside
from headwinds.adapt.checkpoints import Checkpoint, load_tokenizer, resolve_checkpoint
from headwinds.adapt.pretraining.architectures import FAMILIES, family_of, new_models, objective_of
from headwinds.adapt.pretraining.continuing import continued_models, continued_objective
from headwinds.adapt.pretraining.objectives.contract import Vocabulary
from headwinds.adapt.pretraining.objectives.registry import get_objective
from headwinds.adapt.pretraining.settings import TOKENIZERS
from headwinds.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.pretraining.objectives.contract import Objective
    from headwinds.adapt.pretraining.settings import PretrainSettings

NEEDED_TOKENS = {
    "masked": ("cls", "sep", "mask"),
    "replaced": ("cls", "sep", "mask"),
    "causal": ("eos",),
    "spans": ("eos",),
    "contrastive": ("cls", "sep"),
}
WIDTH_OF_RATE = 256
RATE = 1.5e-3  # at that width; falls with the root of the width
CONTINUED_RATE = {"masked": 5e-5, "replaced": 5e-5, "causal": 5e-5, "spans": 5e-5, "contrastive": 2e-5}


@dataclass(frozen=True, slots=True)
class Beginning:
    """The objective, the checkpoint that is continued (None: a new model), and the settings with nothing left open."""

    objective: Objective
    checkpoint: Checkpoint | None
    settings: PretrainSettings


@dataclass(frozen=True, slots=True)
class Network:
    """A network ready to learn: its parameters by name, and the weights that a checkpoint did not have."""

    module: torch.nn.Module
    models: dict[str, Any]
    parameters: dict[str, torch.nn.Parameter]
    new: tuple[str, ...]


def begin(settings: PretrainSettings) -> Beginning:
    """Check what is asked for against the architecture or the checkpoint, and fill in what was left open.

    Raises
    ------
    SettingsError, CheckpointError
        It does not go together; the checkpoint cannot be used.
    """
    if not settings.checkpoint:
        name = objective_of(settings)
        rate = settings.learning_rate or RATE * (WIDTH_OF_RATE / _width(settings)) ** 0.5
        kind = settings.tokenizer or FAMILIES[family_of(settings.architecture)][1]
        if kind not in TOKENIZERS and not Path(kind).expanduser().is_dir():
            raise SettingsError(
                f"tokenizer = {kind!r} is neither {', '.join(TOKENIZERS)} nor a folder.",
                remedy="Name one of these, or the folder of a checkpoint.",
            )
        settings = replace(settings, objective=name, learning_rate=rate, tokenizer=kind)
        return Beginning(get_objective(name), None, settings)
    checkpoint = resolve_checkpoint(settings.checkpoint)
    if settings.tokenizer or settings.layers or settings.width:
        raise SettingsError(
            f"checkpoint {settings.checkpoint!r} has a tokenizer and a size of its own.",
            remedy="Leave tokenizer, layers and width out.",
        )
    if settings.sequence_tokens > checkpoint.max_tokens:
        raise SettingsError(
            f"sequence_tokens = {settings.sequence_tokens}, but checkpoint {checkpoint.name!r} reads at most "
            f"{checkpoint.max_tokens}.",
            remedy="Lower it.",
        )
    name = continued_objective(checkpoint, settings)
    objective = get_objective(name)
    if objective.compares and settings.micro_batch_tokens:
        raise SettingsError(
            f"micro_batch_tokens = {settings.micro_batch_tokens}, but objective {name!r} compares all texts of a step.",
            remedy="Leave it out; where memory is short, lower batch_tokens.",
        )
    rate = settings.learning_rate or CONTINUED_RATE[name]
    return Beginning(objective, checkpoint, replace(settings, objective=name, learning_rate=rate))


def known_tokenizer(beginning: Beginning) -> Any | None:
    """The tokenizer of the checkpoint or of the folder that the settings name; None where one is to be learnt."""
    if beginning.checkpoint is not None:
        return load_tokenizer(beginning.checkpoint)
    named = beginning.settings.tokenizer
    if named in TOKENIZERS:
        return None
    folder = Path(named).expanduser()
    check_beside(folder)
    return load_tokenizer(Checkpoint(named, folder, "", beginning.settings.sequence_tokens, 0))


def vocabulary_of(tokenizer: Any, objective: str) -> Vocabulary:
    """What an objective has to know of a tokenizer.

    Raises
    ------
    CheckpointError
        It lacks a token that the objective needs.
    """
    import numpy as np

    named = {
        "pad": tokenizer.pad_token_id,
        "unk": tokenizer.unk_token_id,
        "cls": tokenizer.cls_token_id,
        "sep": tokenizer.sep_token_id,
        "mask": tokenizer.mask_token_id,
        "bos": tokenizer.bos_token_id,
        "eos": tokenizer.eos_token_id,
    }
    names = {name: int(value) for name, value in named.items() if value is not None}
    for name in NEEDED_TOKENS[objective]:
        if name not in names:
            raise CheckpointError(
                f"The tokenizer has no token {name!r}, which the objective {objective!r} needs.",
                remedy="Choose another objective, or have a tokenizer learnt.",
            )
    first = names.get("pad", names.get("eos", 0))
    names = {"pad": first, "bos": names.get("eos", first), **names}
    sentinels = [tokenizer.convert_tokens_to_ids(f"<extra_id_{number}>") for number in range(100)]
    sentinels = [int(one) for one in sentinels if one is not None and one != tokenizer.unk_token_id]
    special = {*names.values(), *sentinels, *(int(one) for one in tokenizer.all_special_ids)}
    ordinary = np.setdiff1d(np.arange(len(tokenizer)), list(special)).astype(np.int32)
    return Vocabulary(len(tokenizer), names, ordinary, tuple(sentinels))


def make_network(beginning: Beginning, vocabulary: Vocabulary) -> Network:
    """The network as it is before the first step.

    Raises
    ------
    CheckpointError
        The checkpoint is damaged, or its tokenizer knows more tokens than the model.
    """
    if beginning.checkpoint is None:
        models = new_models(beginning.settings, vocabulary)
        new: tuple[str, ...] = ()
    else:
        found = continued_models(beginning.checkpoint, beginning.settings, loader=beginning.objective.loader)
        models, new = found.models, found.new
        known = int(models["model"].config.vocab_size)
        if vocabulary.size > known:
            raise CheckpointError(
                f"The tokenizer of {beginning.checkpoint.name!r} knows {vocabulary.size:,} tokens, the model {known:,}.",
                remedy="Name a folder whose tokenizer and weights belong together.",
            )
    module = beginning.objective.network(models)
    return Network(module, models, trained_parameters(module, new), new)


def trained_parameters(module: torch.nn.Module, new: tuple[str, ...]) -> dict[str, torch.nn.Parameter]:
    """The parameters that get a gradient, by name; new ones on a checkpoint under "head"."""
    found = {}
    for name, parameter in module.named_parameters():
        if "pooler" in name:  # not read by any objective: it must not decay either
            parameter.requires_grad_(False)
            continue
        fresh = name.removeprefix("model.") in new
        found[f"head.{name}" if fresh else name] = parameter
    return found


def _width(settings: PretrainSettings) -> int:
    from headwinds.adapt.pretraining.architectures import size_of

    return size_of(settings).width
