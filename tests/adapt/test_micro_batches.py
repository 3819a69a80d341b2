"""A batch computed in parts has the gradient of the batch computed at once, whatever its loss is a mean over."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adapt.built import built
from adapt.test_every_task import FROM_SCRATCH, tuned
from adapt.tiny import make_checkpoint
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.settings_rules import OF_CLASSES
from headwinds.adapt.tasks.losses import balanced
from headwinds.adapt.tasks.registry import TASKS
from headwinds.adapt.training.loop import TrainingData, _parts
from headwinds.errors import SettingsError

COMPARING = "sentence-similarity"
SHORT = "ordinal-classification"  # twenty of its sentences fit where those of others do not


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), positions=512)


@pytest.mark.parametrize(
    ("name", "class_weights"),
    [(name, "none") for name in TASKS if name != COMPARING] + [(name, "balanced") for name in OF_CLASSES],
)
def test_the_gradient_is_that_of_the_whole_batch(
    name: str, class_weights: str, checkpoint: Path, tmp_path: Path
) -> None:
    small = 100 if name == SHORT else 300
    settings = TuneSettings(
        task=name,
        checkpoint=FROM_SCRATCH.get(name, str(checkpoint)),
        batch_tokens=10**6,
        micro_batch_tokens=small,
        head_dropout=0.0,
        class_weights=class_weights,
        label_smoothing=0.1,
    )
    made = built(settings, tmp_path / "new")
    task, network, encoded, rows = made.task, made.network, made.encoded, made.rows
    targets = balanced(
        task.targets(made.examples, encoded, made.labels, settings), rows, len(made.labels), settings
    )
    data = TrainingData(
        encoded,
        lambda outputs, batch: task.loss(outputs, batch, targets),
        rows,
        made.padding_id,
        made.examples.ids,
        lambda batch: task.loss_units(batch, targets),
    )
    gradients = []
    for budget in (0, small):
        chosen = TuneSettings(task=name, batch_tokens=10**6, micro_batch_tokens=budget)
        parts = _parts(data, rows, chosen)
        assert (len(parts) > 1) == bool(budget)
        assert sum(share for _, share in parts) == pytest.approx(1)
        network.train()
        network.zero_grad()
        for batch, share in parts:
            (task.loss(network(batch), batch, targets) * share).backward()
        gradients.append(
            {key: value.grad.clone() for key, value in network.named_parameters() if value.grad is not None}
        )
    whole, in_parts = gradients
    assert whole.keys() == in_parts.keys()
    largest = max(float(value.abs().max()) for value in whole.values())
    assert largest > 0
    for key, value in whole.items():
        assert torch.allclose(value, in_parts[key], rtol=1e-3, atol=1e-5 * largest), key


def test_a_loss_that_compares_the_texts_of_a_batch_refuses(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="compared with each other"):
        tuned(COMPARING, checkpoint, tmp_path / "out", micro_batch_tokens=64)
    assert not (tmp_path / "out" / "model").exists()


def test_a_tuning_in_parts_saves_a_model(checkpoint: Path, tmp_path: Path) -> None:
    whole, _ = tuned(
        "text-classification", checkpoint, tmp_path / "whole", precision="float32", head_dropout=0.0
    )
    parts, _ = tuned(
        "text-classification",
        checkpoint,
        tmp_path / "parts",
        precision="float32",
        head_dropout=0.0,
        micro_batch_tokens=256,
    )
    one, other = whole.evaluation.metrics["accuracy"], parts.evaluation.metrics["accuracy"]
    assert other.value == pytest.approx(one.value, abs=0.05)
