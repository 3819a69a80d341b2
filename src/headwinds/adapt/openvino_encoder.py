"""The encoder in eight-bit integers by OpenVINO: the same ranges as `quantised`, another engine of products.

The graph is written from the weights themselves. Ranges of the channels are looked up on seeded random tokens and folded
into the weights that read them (see `quantised`); the rest is in bfloat16 where the processor is fast in it. Whether a model
may use it is measured on its validation examples (`agreement`, `shared_labels`), since no bound holds for every text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.extras import require

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from headwinds.adapt.packed import PackedEncoder

LEAST_AGREEMENT = 0.995
LEAST_SHARED = 0.9
STEPS = 127.0
FAR_BELOW = -1e4  # what is added to the score of padding


@dataclass(frozen=True, slots=True)
class OpenVinoEncoder:
    """A BERT encoder compiled for this processor; made by `compile_encoder`."""

    request: Any
    plain: PackedEncoder

    def __call__(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        types: torch.Tensor | None = None,
        added: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the last hidden state, shape (windows, length, width); see `PackedEncoder`."""
        import torch

        if added is not None:  # what marks places in a text is not part of the graph
            return self.plain(input_ids, attention_mask, types=types, added=added)
        read = torch.ones(input_ids.shape) if attention_mask is None else attention_mask.float()
        second = torch.zeros(input_ids.shape) if types is None else types.float()
        found = self.request.infer({0: input_ids.int().numpy(), 1: read.numpy(), 2: second.numpy()})
        return torch.from_numpy(next(iter(found.values())).copy())


def compile_encoder(encoder: PreTrainedModel) -> OpenVinoEncoder | None:
    """Compile an encoder of the BERT architecture for the threads that torch has; None for any other.

    Raises
    ------
    SettingsError
        OpenVINO is not installed.
    """
    require("openvino")
    import openvino
    import torch

    from headwinds.adapt.packed import pack
    from headwinds.adapt.training.precision import choose_precision

    plain = pack(encoder, torch.float32)
    if plain is None:
        return None
    with torch.inference_mode():
        graph = _Graph(encoder, plain).build()
    core = openvino.Core()
    halves = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    halves &= choose_precision("auto") == "bfloat16"
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if halves else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    return OpenVinoEncoder(core.compile_model(graph, "CPU", settings).create_infer_request(), plain)


def agreement(found: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]], labels: int) -> float:
    """Share of the label decisions in which two lists of predictions agree; NaN where predictions hold no labels."""
    same = total = 0
    for one, other in zip(found, right, strict=True):
        if "labels" in one:
            same += labels - len(set(one["labels"]) ^ set(other["labels"]))
            total += labels
        elif "label" in one:
            same += one["label"] == other["label"]
            total += 1
    return same / total if total else float("nan")


def shared_labels(found: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> float:
    """Share of the labels given by either of two lists of predictions that both give; NaN where there are none.

    Of texts with one label each the commonest is not counted. Where nearly every decision is "no", whoever always says no
    agrees in nearly all of them: here he agrees in none.
    """
    commonest = Counter(one["label"] for one in right if "label" in one).most_common(1)
    usual = {label for label, _ in commonest}
    both = either = 0
    for one, other in zip(found, right, strict=True):
        ours, theirs = (
            set(row["labels"]) if "labels" in row else {row.get("label")} - usual - {None}
            for row in (one, other)
        )
        both += len(ours & theirs)
        either += len(ours | theirs)
    return both / either if either else float("nan")


class _Graph:
    """An encoder written down for OpenVINO."""

    def __init__(self, encoder: Any, plain: PackedEncoder) -> None:
        import openvino.opset13 as operations

        from headwinds.adapt.quantised import extremes_of

        self.encoder, self.plain, self.op = encoder, plain, operations
        self.extremes = extremes_of(encoder)
        self.width = plain.words.shape[1]

    def build(self) -> Any:
        """The graph from tokens, mask and types to the last hidden state."""
        import numpy as np
        import openvino

        op = self.op
        ids = op.parameter([-1, -1], np.int32, name="ids")
        read = op.parameter([-1, -1], np.float32, name="read")
        types = op.parameter([-1, -1], np.float32, name="types")
        length = op.gather(op.shape_of(ids), self.whole([1]), op.constant(0))
        places = op.slice(
            self.floats(self.plain.positions), self.whole([0]), length, self.whole([1]), self.whole([0])
        )
        second = op.multiply(op.unsqueeze(types, self.whole(2)), self.floats(self.plain.second_type))
        states = op.add(op.add(op.gather(self.floats(self.plain.words), ids, op.constant(0)), places), second)
        padding = op.subtract(
            op.constant(np.float32(1)), op.unsqueeze(op.unsqueeze(read, self.whole(1)), self.whole(1))
        )
        mask = op.multiply(padding, op.constant(np.float32(FAR_BELOW)))
        units, steps = self.normalised(states, self.encoder.embeddings.LayerNorm)
        for layer in self.encoder.encoder.layer:
            mixed = self.attention(layer.attention.self, units, steps, mask)
            dense = layer.attention.output.dense
            out = op.add(op.matmul(mixed, self.floats(dense.weight), False, True), self.floats(dense.bias))
            states = op.add(out, op.multiply(units, self.floats(steps)))
            units, steps = self.normalised(states, layer.attention.output.LayerNorm)
            inner = op.gelu(self.product(self.as_bytes(units), layer.intermediate.dense, steps), "erf")
            inner = self.held(inner, -0.17, float(self.extremes[layer.intermediate].max()))
            out = self.product(inner, layer.output.dense, None)
            states = op.add(out, op.multiply(units, self.floats(steps)))
            units, steps = self.normalised(states, layer.output.LayerNorm)
        return openvino.Model([op.multiply(units, self.floats(steps))], [ids, read, types], "encoder")

    def attention(self, own: Any, units: Any, steps: torch.Tensor, mask: Any) -> Any:
        op, heads = self.op, self.plain.heads
        entering = self.as_bytes(units)
        split, turned = self.whole([0, 0, heads, self.width // heads]), self.whole([0, 2, 1, 3])
        query, key, value = (
            op.transpose(op.reshape(self.product(entering, one, steps), split, True), turned)
            for one in (own.query, own.key, own.value)
        )
        mixed = op.transpose(op.scaled_dot_product_attention(query, key, value, mask), turned)
        return op.reshape(mixed, self.whole([0, 0, self.width]), True)

    def normalised(self, states: Any, module: Any) -> tuple[Any, torch.Tensor]:
        """A layer normalisation in units of a byte's steps, and the steps."""
        from headwinds.adapt.quantised import range_of

        op = self.op
        steps = range_of(module, self.extremes) / STEPS
        normal = op.mvn(states, self.whole([-1]), True, self.plain.epsilon, "INSIDE_SQRT")
        scaled = op.multiply(normal, self.floats(module.weight.float() / steps))
        return op.add(scaled, self.floats(module.bias.float() / steps)), steps

    def product(self, states: Any, dense: Any, steps: torch.Tensor | None) -> Any:
        """Bytes by bytes; the channels' steps are folded into the weights."""
        import numpy as np

        op = self.op
        weight = dense.weight.detach().float() * (1 if steps is None else steps)
        weight_steps = (weight.abs().amax(dim=1, keepdim=True) / STEPS).clamp_min(1e-12)
        whole = (weight / weight_steps).round().clamp(-STEPS, STEPS)
        bytes_ = op.convert(op.constant(whole.numpy().astype(np.int8)), "f32")
        scaled = op.multiply(bytes_, self.floats(weight_steps))
        return op.add(op.matmul(states, scaled, False, True), self.floats(dense.bias))

    def as_bytes(self, units: Any) -> Any:
        return self.held(units, -STEPS - 1, STEPS)

    def held(self, states: Any, least: float, most: float) -> Any:
        """256 steps from `least` to `most`; what lies beyond is held at the end."""
        import numpy as np

        low, high = (self.op.constant(np.float32(value)) for value in (least, most))
        return self.op.fake_quantize(states, low, high, low, high, 256)

    def floats(self, values: torch.Tensor) -> Any:
        import numpy as np

        return self.op.constant(values.detach().float().numpy().astype(np.float32))

    def whole(self, values: Any) -> Any:
        import numpy as np

        return self.op.constant(np.array(values, dtype=np.int64))
