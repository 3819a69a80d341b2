"""Networks and batches go to another device together; nothing of a forward pass is left behind on the processor."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from adapt.built import built
from adapt.test_every_task import FROM_SCRATCH
from adapt.tiny import make_checkpoint
from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.packed import pack
from headwinds.adapt.prediction import make_predictor, predict_logits
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.registry import TASKS
from headwinds.adapt.training.batches import collate
from headwinds.adapt.training.device import choose_device, choose_predicting_device, computing_on, device_of
from headwinds.adapt.training.precision import choose_precision
from headwinds.errors import SettingsError

MOVES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class OneDevice(TorchDispatchMode):
    """Refuses an operation on tensors of two devices, as a GPU would; a single number may come from anywhere.

    The other device is "meta", which knows shapes and no values; where a value is asked for, `size` is given, and a choice
    by truth values chooses all.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        named = named or {}
        tensors = [
            one for one in tree_leaves((arguments, named)) if isinstance(one, torch.Tensor) and one.ndim
        ]
        if operation is torch.ops.aten._local_scalar_dense.default and arguments[0].device.type == "meta":
            return self.size
        if operation is torch.ops.aten.index.Tensor and any(
            one is not None and one.dtype == torch.bool for one in arguments[1]
        ):
            return torch.empty_like(arguments[0])  # as if all were chosen: shapes cannot say which
        devices = {str(one.device) for one in tensors}
        if len(devices) > 1 and operation not in MOVES:
            raise AssertionError(f"{operation} takes tensors of {' and '.join(sorted(devices))}")
        return operation(*arguments, **named)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), positions=512)


def network_and_batch(name: str, checkpoint: Path, folder: Path):
    settings = TuneSettings(task=name, checkpoint=FROM_SCRATCH.get(name, str(checkpoint)))
    made = built(settings, folder / "new")
    return made.network, collate(made.encoded, made.rows[:8], padding_id=made.padding_id)


@pytest.mark.parametrize("name", list(TASKS))
def test_a_forward_pass_stays_on_its_device_for_every_task(
    name: str, checkpoint: Path, tmp_path: Path
) -> None:
    network, batch = network_and_batch(name, checkpoint, tmp_path)
    network.encoder.set_attn_implementation("eager")  # ours asks for autocast, which "meta" has not
    network.to("meta")
    moved = batch.to("meta")
    with OneDevice(batch.input_ids.shape[1]):
        outputs = network(moved)
        assert outputs.device.type == "meta"
        outputs.sum().backward()
    assert all(value.grad.device.type == "meta" for value in network.parameters() if value.grad is not None)


def test_a_tensor_that_is_left_behind_would_be_found(checkpoint: Path, tmp_path: Path) -> None:
    network, batch = network_and_batch("text-classification", checkpoint, tmp_path)
    network.encoder.set_attn_implementation("eager")
    network.to("meta")
    with OneDevice(8), pytest.raises(AssertionError, match="cpu and meta"):
        network(batch)


def test_the_packed_encoder_is_where_the_encoder_is(checkpoint: Path, tmp_path: Path) -> None:
    network, batch = network_and_batch("text-classification", checkpoint, tmp_path)
    network.to("meta")
    packed = pack(network.encoder, torch.bfloat16)
    moved = batch.to("meta")
    with OneDevice(8):
        states = packed._through_layers(
            packed.embed(moved.input_ids, moved.types, None), moved.attention_mask, mix_for_test
        )
    assert states.device.type == "meta"


def mix_for_test(scores, value, read):
    return torch.bmm(scores, value)


def test_a_network_comes_back_with_the_same_parameters_also_after_a_failure(
    checkpoint: Path, tmp_path: Path
) -> None:
    network, _ = network_and_batch("text-classification", checkpoint, tmp_path)
    before = {name: (id(value), value.detach().clone()) for name, value in network.named_parameters()}
    with pytest.raises(KeyError), computing_on("cpu", network):
        raise KeyError
    assert device_of(network).type == "cpu"
    for name, value in network.named_parameters():
        assert id(value) == before[name][0]
        assert torch.equal(value, before[name][1])


def test_a_batch_that_is_there_already_is_not_copied(checkpoint: Path, tmp_path: Path) -> None:
    _, batch = network_and_batch("text-classification", checkpoint, tmp_path)
    assert batch.to("cpu") is batch


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_one_line_and_auto_takes_the_processor() -> None:
    with pytest.raises(SettingsError, match=r'device = "cuda", but PyTorch .* finds no GPU here'):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == "cpu"


def test_products_of_bytes_stay_on_the_processor_and_auto_precision_asks_the_device() -> None:
    assert choose_predicting_device("int8") == choose_predicting_device("openvino-int8") == "cpu"
    assert choose_precision("float32", "cuda") == "float32"
    with pytest.raises(SettingsError, match="device"):
        TuneSettings(device="tpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_on_a_gpu_predictions_are_those_of_the_processor(checkpoint: Path, tmp_path: Path) -> None:
    network, _ = network_and_batch("text-classification", checkpoint, tmp_path)
    tokenizer = load_tokenizer(resolve_checkpoint(str(checkpoint)))
    encoded = encode_texts(tokenizer, ["the card has not arrived", "a rate of exchange"] * 20, max_tokens=64)
    own = predict_logits(make_predictor(network, tokenizer, max_tokens=64, precision="float32"), encoded)
    with computing_on("cuda", network):
        there = predict_logits(
            make_predictor(network, tokenizer, max_tokens=64, precision="float32"), encoded
        )
    assert there == pytest.approx(own, abs=1e-4)
