"""Whether another machine is like this one in all that decides the bytes: libraries, our own code, the processor."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError

from headwinds.artifacts.fingerprint import code_digest
from headwinds.artifacts.installed import installed_version
from headwinds.errors import ComputeError

CODE_DIGITS = 12
NUMERICAL = (
    "numpy",
    "pyarrow",
    "safetensors",
    "scikit-learn",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)
"""Libraries that the last digit of a score depends on."""


def own_facts(libraries: tuple[str, ...]) -> dict[str, str]:
    """Versions of Python, Headwinds (with the digest of its code) and the libraries, as this process has them."""
    found = {"python": platform.python_version(), "headwinds": installed_version("headwinds")}
    found["headwinds' code"] = code_digest("headwinds")[:CODE_DIGITS]
    for name in libraries:
        try:
            found[name] = installed_version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def own_processor() -> str:
    """Architecture and vector instructions: what decides the last bits of a product."""
    return f"{platform.machine()} {vector_instructions()}".rstrip()


def vector_instructions() -> str:
    """Those that PyTorch uses here, sorted, with spaces between them."""
    import torch

    return " ".join(
        sorted(str(name) for name, there in torch.cpu.get_capabilities().items() if there is True)
    )


def check_likeness(ours: dict[str, str], theirs: dict[str, str], node: str) -> None:
    """Refuse a node whose versions are not ours.

    Raises
    ------
    ComputeError
        Each difference is named, with both versions.
    """
    names = [name for name in ours if ours[name] != theirs.get(name, "not installed")]
    if names:
        here = ", ".join(f"{name} {ours[name]}" for name in names)
        there = ", ".join(f"{name} {theirs.get(name, 'not installed')}" for name in names)
        raise ComputeError(
            f"This machine has {here}; the node {node} of the cluster has {there}.",
            remedy="Install the same versions on both, so that the bytes are the same.",
        )
