"""What a result depends on besides data, settings and our own code: versions, processor, threads."""

from __future__ import annotations

import platform

from headwinds.artifacts.installed import installed_version
from headwinds.compute.likeness import vector_instructions

STATISTICAL = ("numpy", "pandas", "pyfixest", "pyarrow", "scipy")


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Installed version of each package, with Python's own."""
    return {"python": platform.python_version(), **{name: installed_version(name) for name in packages}}


def processor() -> dict[str, str | int]:
    """What decides the last bits of a matrix product: architecture, vector instructions, number of threads."""
    import torch

    return {
        "architecture": platform.machine(),
        "instructions": vector_instructions(),
        "threads": torch.get_num_threads(),
    }


def machine() -> dict[str, str | int]:
    """The machine in words, for provenance."""
    import os

    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processors": os.cpu_count() or 0,
    }
