"""Numbers in which a model computes: bfloat16 where the processor has it, else float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

Precision = Literal["float32", "bfloat16"]


def choose_precision(setting: str) -> Precision:
    """Resolve "auto" to what this machine computes fast: bfloat16 with AVX512-BF16, AMX or a GPU, else float32."""
    import torch

    if setting == "float32":
        return "float32"
    if setting == "bfloat16":
        return "bfloat16"
    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return "bfloat16" if native else "float32"


def autocast(device: str, precision: Precision) -> AbstractContextManager[object]:
    """Context in which matrix products run in `precision`; weights, losses and optimiser states stay float32."""
    import torch

    if precision == "float32":
        return nullcontext()
    return torch.autocast(device, torch.bfloat16)
