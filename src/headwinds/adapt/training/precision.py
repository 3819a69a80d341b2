"""Numbers in which a model computes: bfloat16 where the processor has it, else float32; to predict, bytes if asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

Precision = Literal["float32", "bfloat16"]
PredictingPrecision = Literal["float32", "bfloat16", "int8", "openvino-int8"]


def choose_precision(setting: str, device: str = "cpu") -> Precision:
    """Resolve "auto" to what the device computes fast: bfloat16 with AVX512-BF16, AMX or on a GPU, else float32."""
    import torch

    if setting == "float32":
        return "float32"
    if setting == "bfloat16":
        return "bfloat16"
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return "bfloat16" if native else "float32"


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
