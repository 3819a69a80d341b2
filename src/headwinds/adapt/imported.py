"""A foreign `transformers` checkpoint as a fitted model, as it is: nothing is tuned, nothing calibrated, nothing tested."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import load_tokenizer, read_config, resolve_checkpoint
from headwinds.adapt.fitted_model import FittedModel, ModelFacts, save_model
from headwinds.adapt.generators import formed_for, load_pretrained, network_settings
from headwinds.adapt.methods.registry import IMPORTED
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.own_head import with_own_head
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.writing import Writing
from headwinds.artifacts.fingerprint import code_digest
from headwinds.artifacts.write import atomic_directory
from headwinds.errors import CheckpointError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.checkpoints import Checkpoint

TASKS = ("text-classification", "translation", "summarisation", "text-to-text", "dialogue", "text-generation")
MOST_WRITTEN = 256
MULTI_LABEL = "multi_label_classification"


def import_checkpoint(name: str, task_name: str, output: Path, *, pairs: bool = False) -> None:
    """Write the checkpoint `name` as a fitted model of a task into the new folder `output`.

    Parameters
    ----------
    pairs
        Whether a text classifier reads pairs of texts.

    Raises
    ------
    SettingsError
        The task needs layers that no checkpoint brings.
    CheckpointError
        It is not safe to load, cannot write, or does not say what its outputs mean.
    ArtifactError, StorageError
        `output` exists; the disk refuses.
    """
    plain = get_task(task_name)
    if task_name not in TASKS:
        raise SettingsError(
            f"A checkpoint cannot be imported for {task_name}: this task needs layers that are tuned here.",
            remedy=f"Tune it: headwinds tune --task {task_name}. Imported can be {', '.join(TASKS)}.",
        )
    settings = TuneSettings(task=task_name)
    checkpoint = resolve_checkpoint(name)
    task = with_own_head(formed_for(plain, settings, checkpoint))
    labels, decoder = ((), _writing(checkpoint, task)) if writes(task) else _outputs(checkpoint, pairs=pairs)
    tokenizer = load_tokenizer(checkpoint, offsets=not writes(task))
    network = task.network(load_pretrained(task, checkpoint), labels, settings)
    network.eval()
    folder = Path(name).expanduser()
    facts = ModelFacts(
        task=task_name,
        method=IMPORTED,
        network=network_settings(plain, settings),
        labels=labels,
        max_tokens=checkpoint.max_tokens,
        precision="float32",
        checkpoint=folder.resolve().name if folder.is_dir() else name,
        checkpoint_digest=checkpoint.digest,
        decoder=decoder,
        training_examples=0,
        validation_examples=0,
        data_digest="",
        code_digest=code_digest("headwinds.adapt", "headwinds.contracts"),
    )
    with atomic_directory(output) as place:
        save_model(FittedModel(facts, task, network, tokenizer), place)


def _outputs(checkpoint: Checkpoint, *, pairs: bool) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The labels in the order of the classifier's outputs, and how they are decoded: its logits as they are."""
    config = read_config(checkpoint.folder)
    names = [str(one) for one in config.get("architectures") or []]
    if not any(one.endswith("ForSequenceClassification") for one in names):
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} ({', '.join(names) or config.get('model_type')}) has no classifier of texts.",
            remedy="Name one whose architecture ends in ForSequenceClassification, or tune it.",
        )
    given: Any = config.get("id2label")
    if not isinstance(given, dict) or sorted(given) != sorted(map(str, range(len(given)))):
        raise CheckpointError(
            f"{checkpoint.folder / 'config.json'}: id2label does not name the outputs 0, 1, ....",
            remedy="Write there what each output means.",
        )
    labels = tuple(str(given[str(number)]) for number in range(len(given)))
    several = config.get("problem_type") == MULTI_LABEL
    if len(set(labels)) != len(labels) or len(labels) < (1 if several else 2):
        raise CheckpointError(
            f"{checkpoint.folder / 'config.json'}: id2label names {len(set(labels))} labels of {len(labels)} outputs.",
            remedy="A classifier has at least two labels, each with a name of its own.",
        )
    if not several:
        return labels, {"temperature": 1.0, "pairs": pairs}
    ones = [1.0] * len(labels)
    return labels, {
        "slope": ones,
        "intercept": [0.0] * len(labels),
        "threshold": [0.5] * len(labels),
        "pairs": pairs,
    }


def _writing(checkpoint: Checkpoint, task: Any) -> dict[str, Any]:
    """How it writes: as long and by as many beams as its own `generation_config.json` says, else the likeliest token."""
    path = checkpoint.folder / "generation_config.json"
    own: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    most = max(1, checkpoint.max_tokens // (2 if task.form.decoder_only else 1))
    longest, beams = own.get("max_new_tokens"), own.get("num_beams")
    writing = Writing(
        beams=beams if isinstance(beams, int) and 1 <= beams <= 64 else 1,
        length_penalty=1.0,
        temperature=0.0,
        top_p=1.0,
        min_new_tokens=0,
        max_new_tokens=min(most, longest if isinstance(longest, int) and longest > 0 else MOST_WRITTEN),
        seed=0,
    )
    return {"writing": asdict(writing)}
