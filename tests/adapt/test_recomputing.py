"""With `activation_checkpointing` the model is the same to the bit, with dropout too, and less is kept for the way back."""

from __future__ import annotations

import pytest
import torch

from adapt.built import built
from adapt.test_every_task import FROM_SCRATCH, tuned
from headwinds.adapt.methods.registry import METHODS, RECOMPUTING
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.training.batches import collate
from headwinds.adapt.training.memory import recomputing
from headwinds.artifacts.fingerprint import file_digest
from headwinds.errors import SettingsError


@pytest.mark.parametrize(
    "task", ["text-classification", "named-entity-recognition", "translation", "dialogue"]
)
def test_less_is_kept_and_the_gradient_is_the_same(task, wide_checkpoint, tmp_path):
    settings = TuneSettings(
        task=task,
        checkpoint=FROM_SCRATCH.get(task, str(wide_checkpoint)),
        activation_checkpointing=True,
        encoder_dropout=0.1,
    )
    made = built(settings, tmp_path / "new")
    targets = made.task.targets(made.examples, made.encoded, made.labels, settings)
    batch = collate(made.encoded, made.rows, padding_id=made.padding_id)
    found = {}
    for on in (False, True):
        chosen = TuneSettings(activation_checkpointing=on)
        made.network.train()
        made.network.zero_grad()
        kept: dict[int, int] = {}

        def keep(tensor, kept=kept):
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        torch.manual_seed(1)
        with recomputing(made.network.encoder, chosen):
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                loss = made.task.loss(made.network(batch), batch, targets)
            loss.backward()
        gradients = [one.grad.clone() for one in made.network.parameters() if one.grad is not None]
        found[on] = sum(kept.values()), gradients
    assert found[True][0] < 0.7 * found[False][0]
    assert all(torch.equal(one, other) for one, other in zip(found[False][1], found[True][1], strict=True))


@pytest.mark.parametrize("method", ["full", "lora", "adapter"])
def test_a_whole_tuning_ends_with_the_same_weights(method, wide_checkpoint, tmp_path):
    digests = set()
    for on in (False, True):
        output = tmp_path / str(on)
        found, _ = tuned(
            "text-classification", wide_checkpoint, output, method=method, rank=2, activation_checkpointing=on
        )
        weights = sorted(found.folder.rglob("*.safetensors"))
        digests.add(tuple(file_digest(path) for path in weights))
        assert len(weights) == 2
    assert len(digests) == 1


@pytest.mark.parametrize("method", [name for name in METHODS if name not in RECOMPUTING])
def test_a_method_that_cannot_refuses_it(method, wide_checkpoint, tmp_path):
    with pytest.raises(SettingsError, match="activation_checkpointing = True cannot be used with method"):
        tuned("text-classification", wide_checkpoint, tmp_path, method=method, activation_checkpointing=True)
