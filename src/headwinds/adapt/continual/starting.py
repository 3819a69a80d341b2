"""What an update starts from: the old model's weights, with outputs for labels that it did not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import resolve_checkpoint
from headwinds.adapt.generators import load_pretrained
from headwinds.adapt.methods.parameter_efficient import MERGED
from headwinds.adapt.methods.registry import IMPORTED, METHODS, PARAMETER_EFFICIENT, PROMPTING
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import writes
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import CheckpointError, MismatchError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwinds.adapt.fitted_model import FittedModel, ModelFacts
    from headwinds.adapt.fitting import FittingData

CLASSIFIES = "text-classification"
CONTINUED = ("full", "head", "bitfit", *MERGED)
FIXED = ("task", "checkpoint", "pooling", "max_tokens")


def tune_changes(facts: ModelFacts, changes: Mapping[str, Any], strategy: str) -> dict[str, Any]:
    """Settings of the training of an update: those that the old model's form decides, and the `changes`.

    Raises
    ------
    SettingsError
        A change contradicts the old model or the strategy.
    """
    for name in FIXED:
        if name in changes:
            raise SettingsError(
                f"{name} = {changes[name]!r} cannot be set in an update: it is that of the old model.",
                remedy="Leave it out, or tune anew.",
            )
    if changes.get("encoder_dropout") or changes.get("augment"):
        raise SettingsError(
            "encoder_dropout and augment cannot be set in an update.", remedy="Leave them out, or tune anew."
        )
    if changes.get("private_epsilon"):
        raise SettingsError(
            f"private_epsilon = {changes['private_epsilon']} cannot be set in an update: old rows come several times, their "
            "texts and the old model's answers are kept, and none of it is counted.",
            remedy="Tune anew on all rows with it.",
        )
    if changes.get("resampling", "none") != "none" and strategy in ("replay", "replay-distillation"):
        raise SettingsError(
            f"resampling = {changes['resampling']!r} cannot be set with strategy {strategy!r}, which itself decides how "
            "often old rows come.",
            remedy="Leave it out, or choose joint.",
        )
    method = str(changes.get("method") or (facts.method if facts.method in CONTINUED else "full"))
    if strategy == "adapter" and method not in MERGED:
        if "method" in changes:
            raise SettingsError(
                f"method = {method!r} is no adapter.", remedy=f"With strategy adapter: {', '.join(MERGED)}."
            )
        method = "lora"
    if method in METHODS and method not in CONTINUED:
        raise SettingsError(
            f"method = {method!r} cannot continue a model.", remedy=f"Choose one of {', '.join(CONTINUED)}."
        )
    if facts.own_head and method == "head":
        raise SettingsError(
            "method = 'head' trains a layer of ours, and an imported model classifies by its own layers.",
            remedy="Leave it out, or choose lora or bitfit; frozen_layers holds the lower layers.",
        )
    fixed = {"task": facts.task, "checkpoint": facts.checkpoint, "max_tokens": facts.max_tokens}
    fixed |= {"pooling": facts.network["pooling"], "method": method, "merge_adapter": method in MERGED}
    return {**changes, **fixed}


def require_continuable(facts: ModelFacts, strategy: str) -> None:
    """Refuse models that cannot be trained on, and strategies that the task has no answers for.

    Raises
    ------
    SettingsError
        The model was fitted by a method that leaves something before the text, or none of its own; or the task writes.
    """
    from headwinds.adapt.tasks.registry import get_task

    apart = tuple(name for name in PARAMETER_EFFICIENT if name not in MERGED)
    if facts.method in (*apart, *PROMPTING, "zero-shot") or writes(get_task(facts.task)):
        raise SettingsError(
            f"A model of {facts.task} fitted by method {facts.method!r} cannot be updated.",
            remedy=f"Tune anew on all rows; models of {', '.join(CONTINUED)} can be updated.",
        )
    if facts.task != CLASSIFIES and strategy in (
        "elastic-weight-consolidation",
        "distillation",
        "replay-distillation",
    ):
        raise SettingsError(
            f"strategy = {strategy!r} holds the shares of a text's labels, and {facts.task} has none.",
            remedy="Choose replay, sequential, adapter or joint.",
        )


def starting_network(old: FittedModel, data: FittingData, settings: TuneSettings, strategy: str) -> Any:
    """The network to train: the old one with new outputs, or, for "joint", the pretrained checkpoint's.

    A model as it was imported is its checkpoint.

    Raises
    ------
    CheckpointError
        "joint" is asked for, and the checkpoint is no longer there or is another.
    """
    facts, task = old.facts, old.task
    if strategy == "joint" and facts.method != IMPORTED:
        checkpoint = resolve_checkpoint(facts.checkpoint)
        if checkpoint.digest != facts.checkpoint_digest:
            raise CheckpointError(
                f"Checkpoint {facts.checkpoint!r} is not what it was when the old model was tuned.",
                remedy="Bring it back, or choose another strategy.",
            )
        encoder: Any = load_pretrained(task, checkpoint)
    else:
        encoder = old.network.encoder
    for parameter in encoder.parameters():
        parameter.requires_grad_(True)  # what a merged adapter left frozen
    network = task.network(encoder, data.labels, settings)
    seed = derive_seed(settings.seed, "head")
    task.initialise(network, data.examples, data.training, data.labels, seed=seed)
    if strategy != "joint":
        grow_head(old.network, network)
    return network


def grow_head(old: Any, new: Any) -> None:
    """Give the new network's head the old one's values; outputs beyond those of the old one keep their start.

    Raises
    ------
    MismatchError
        The two are of different forms.
    """
    import torch

    own = new.state_dict()
    with torch.no_grad():
        for name, value in old.state_dict().items():
            if name.startswith("encoder."):
                continue
            place = own.get(name)
            if place is None or place.shape[1:] != value.shape[1:] or len(place) < len(value):
                raise MismatchError(
                    f"The old model's {name} does not fit the new one.", remedy="Tune anew on all rows."
                )
            place[: len(value)].copy_(value)
