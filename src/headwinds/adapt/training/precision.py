"""Numbers in which a model computes: bfloat16 where that is fast, else float32; to predict, bytes if asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Precision = Literal["float32", "bfloat16"]
PredictingPrecision = Literal["float32", "bfloat16", "int8", "openvino-int8"]


def choose_precision(setting: str, device: str = "cpu") -> Precision:
    """Resolve "auto" to what the device computes fast: bfloat16 or float32."""
    import torch

    if setting == "float32":
        return "float32"
    if setting == "bfloat16":
        return "bfloat16"
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if is_fast_in_bfloat16(torch.cpu.get_capabilities()) else "float32"


def tensor_type(precision: str) -> torch.dtype:
    """The type of a tensor whose numbers are computed with: bfloat16, or float32 for any other precision."""
    import torch

    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def is_fast_in_bfloat16(capabilities: Mapping[str, object]) -> bool:
    """Say whether a processor multiplies bfloat16 faster than float32, by what `torch.cpu.get_capabilities` tells of it.

    AMX does. So does AVX512-BF16 on AMD's processors, at twice the rate; Intel's take two turns for such a product where
    float32 has two units, and are half as fast: a virtual machine that hides AMX from its guest is such a processor.
    """
    if capabilities.get("amx_bf16", False):
        return True
    return (
        bool(capabilities.get("avx512_bf16", False))
        and "intel" not in str(capabilities.get("cpu_name")).lower()
    )


def choose_predicting_precision(setting: str, training: Precision) -> PredictingPrecision:
    """Resolve `scoring_precision`: "auto" is that of the training; "int8" is too, where the processor is not made for it."""
    from headwinds.adapt.quantised import can_quantise

    if setting == "openvino-int8":
        return "openvino-int8"
    if setting == "int8":
        return "int8" if can_quantise() else training
    return training if setting == "auto" else choose_precision(setting)


def autocast(device: str, precision: Precision) -> AbstractContextManager[object]:
    """Context in which matrix products run in `precision`; weights, losses and optimiser states stay float32."""
    import torch

    if precision == "float32":
        return nullcontext()
    return torch.autocast(device, torch.bfloat16)
