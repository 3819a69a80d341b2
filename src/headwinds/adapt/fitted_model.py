"""A fitted model as a folder: weights, tokenizer, and `model.json` with all that a prediction needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.allowed_config import check_model_files
from headwinds.adapt.checkpoints import (
    Checkpoint,
    load_tokenizer,
    quiet_transformers,
    read_config,
    resolve_checkpoint,
)
from headwinds.adapt.evaluation.calibration import Calibration, calibration_of
from headwinds.adapt.generators import formed_for, load_pretrained
from headwinds.adapt.methods.registry import IMPORTED
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.own_head import with_own_head
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.weights_file import told_if_no_room, weights_bytes
from headwinds.adapt.weights_found import check_weights
from headwinds.artifacts.fingerprint import file_digest
from headwinds.artifacts.write import write_bytes, write_json
from headwinds.errors import CheckpointError, MismatchError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.methods.contract import Adapter
    from headwinds.adapt.tasks.contract import Task
    from headwinds.adapt.training.precision import PredictingPrecision

FORMAT = 2
ADAPTER = "adapter"
OWN_HEAD = "own_head"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What stands in `model.json`.

    Attributes
    ----------
    task, method
        Registered names.
    network
        The settings that gave the network its form, and "own_head" where they were not asked.
    labels
        In the order of the network's outputs.
    max_tokens
        Longest window; longer texts are read in several.
    precision
        Numbers in which the decoder was fitted, and in which the model predicts.
    checkpoint, checkpoint_digest
        Which pretrained weights it started from.
    decoder
        What turns outputs into predictions: calibration and thresholds, or whatever the task needs.
    training_examples, validation_examples
        Counts.
    data_digest, code_digest
        Of the texts and labels it saw, and of the code that fitted it.
    split_digest
        Which of those rows validated, see `sides.split_digest`; "" where it is not told.
    """

    task: str
    method: str
    network: dict[str, Any]
    labels: tuple[str, ...]
    max_tokens: int
    precision: PredictingPrecision
    checkpoint: str
    checkpoint_digest: str
    decoder: dict[str, Any]
    training_examples: int
    validation_examples: int
    data_digest: str
    code_digest: str
    split_digest: str = ""

    @property
    def own_head(self) -> bool:
        """Whether texts are classified by the layers that the checkpoint came with: imported, or updated since."""
        return bool(self.network.get(OWN_HEAD, self.method == IMPORTED))

    @property
    def calibration(self) -> Calibration:
        """Of a model that gives any number of labels: the map from logits to probabilities, and the thresholds.

        Raises
        ------
        MismatchError
            The model is of another kind.
        """
        if not {"slope", "intercept", "threshold"} <= set(self.decoder):
            raise MismatchError(
                f"The model does {self.task} with one label a text, and this needs one with any number of labels.",
                remedy="Name another model.",
            )
        return calibration_of(self.decoder)


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model in memory, ready to predict; `digest` is the SHA-256 of the `model.json` it was loaded from, else empty."""

    facts: ModelFacts
    task: Task[Any]
    network: Any
    tokenizer: PreTrainedTokenizerBase
    digest: str = ""


def save_model(model: FittedModel, folder: Path, *, adapter: Adapter | None = None) -> None:
    """Write a model into `folder` (inside a directory that is committed as a whole); with `adapter` no encoder's weights.

    Raises
    ------
    TrainingError
        There is no memory for it.
    StorageError
        The disk refuses.
    """
    encoder_folder = folder / "encoder"
    if adapter is None:
        size = sum(value.numel() * value.element_size() for value in model.network.encoder.parameters())
        with quiet_transformers(), told_if_no_room(size, folder):
            model.network.encoder.save_pretrained(encoder_folder)
    else:
        (folder / ADAPTER).mkdir()
        model.network.encoder.config.save_pretrained(encoder_folder)
        write_bytes(folder / ADAPTER / "adapter_model.safetensors", weights_bytes(adapter.weights))
        write_json(folder / ADAPTER / "adapter_config.json", adapter.facts())
    model.tokenizer.save_pretrained(encoder_folder)
    head = {
        name: value.detach().contiguous()
        for name, value in model.network.state_dict().items()
        if not name.startswith("encoder.")
    }
    write_bytes(folder / "head.safetensors", weights_bytes(head))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "model.json")
    digests = {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
    write_json(folder / "model.json", {"format": FORMAT, **asdict(model.facts), "files": digests})


def read_facts(folder: Path) -> ModelFacts:
    """Read and verify `model.json`; every file that it lists must have the digest it says.

    Raises
    ------
    CheckpointError
        Something is missing or changed; the file is named and nothing is loaded.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise CheckpointError(
            f"{folder} holds no model.json, so it is not a fitted model.",
            remedy="Run `headwinds tune` first.",
        )
    try:
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files, version = saved.pop("files"), saved.pop("format")
        facts = ModelFacts(**{**saved, "labels": tuple(saved["labels"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.", remedy="Tune the model again.") from error
    if version != FORMAT:
        raise CheckpointError(
            f"{path} has format {version!r}, this version reads {FORMAT}.", remedy="Tune the model again."
        )
    check_model_files(folder, set(files))
    for name, digest in sorted(files.items()):
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()) or not file.is_file() or file_digest(file) != digest:
            raise CheckpointError(
                f"{folder / name} is missing or is not what was written.", remedy="Tune the model again."
            )
        if file.suffix == ".safetensors":
            check_weights(file)
    return facts


def model_of(folder: Path) -> Path:
    """The folder with `model.json`: the one that is named, or `model` in it."""
    inside = folder / "model"
    return inside if not (folder / "model.json").exists() and (inside / "model.json").exists() else folder


def load_model(folder: str | Path) -> FittedModel:
    """Load a fitted model, or the one that a tuning left in this folder, without network, pickle or remote code.

    Raises
    ------
    CheckpointError
        The folder is not a fitted model, any of its files changed since it was written, or the checkpoint under its
        adapter is not the one that it was fitted on.
    """
    from safetensors.torch import load_file

    folder = model_of(Path(folder))
    facts = read_facts(folder)
    task = get_task(facts.task)
    form = {name: value for name, value in facts.network.items() if name != OWN_HEAD}
    settings = TuneSettings(head_dropout=0.0, **form)
    source = _checkpoint(folder / "encoder", facts)
    task = formed_for(task, settings, source, facts.decoder.get("prompt", {}))
    if facts.own_head:
        task = with_own_head(task)
    tokenizer = load_tokenizer(source, offsets=not writes(task))
    encoder = _load_encoder(folder, facts, task)
    network = task.network(encoder, facts.labels, settings)
    head = load_file(str(folder / "head.safetensors"))
    expected = {
        name: part.shape for name, part in network.state_dict().items() if not name.startswith("encoder.")
    }
    if {name: part.shape for name, part in head.items()} != expected:
        raise CheckpointError(
            f"{folder / 'head.safetensors'} does not hold the head of this task.",
            remedy="Tune the model again.",
        )
    network.load_state_dict(head, strict=False)
    network.eval()
    return FittedModel(facts, task, network, tokenizer, file_digest(folder / "model.json"))


def _load_encoder(folder: Path, facts: ModelFacts, task: Task[Any]) -> Any:
    from safetensors.torch import load_file

    adapter = folder / ADAPTER
    if not adapter.is_dir():
        return load_pretrained(task, _checkpoint(folder / "encoder", facts))
    from headwinds.adapt.methods.bottleneck import attach_bottlenecks, is_bottleneck
    from headwinds.adapt.methods.parameter_efficient import attach_adapter, read_adapter_config

    checkpoint = resolve_checkpoint(facts.checkpoint)
    if checkpoint.digest != facts.checkpoint_digest:
        raise CheckpointError(
            f"{folder} holds an adapter to checkpoint {facts.checkpoint!r}, and that is not what it was when it was tuned.",
            remedy="Bring back that checkpoint, or tune again; with merge_adapter = true a model needs none.",
        )
    encoder = load_pretrained(task, checkpoint)
    facts_of_it, weights = (
        adapter / "adapter_config.json",
        load_file(str(adapter / "adapter_model.safetensors")),
    )
    if is_bottleneck(facts_of_it):
        return attach_bottlenecks(encoder, facts_of_it, weights)
    return attach_adapter(encoder, read_adapter_config(facts_of_it), weights)


def _checkpoint(folder: Path, facts: ModelFacts) -> Checkpoint:
    config = read_config(folder)
    return Checkpoint(str(folder), folder, "", facts.max_tokens, int(config.get("num_hidden_layers", 0)))
