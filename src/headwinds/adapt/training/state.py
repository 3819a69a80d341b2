"""The state of a training run, in one safetensors file: stopped anywhere, it goes on as if it had not been."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.write import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch did: mean training loss, the validation score, tokens trained on, seconds."""

    epoch: int
    loss: float
    validation_score: float
    tokens: int


@dataclass(slots=True)
class Position:
    """Where a run stands: the epoch, the next batch in it, and what has been seen since the epoch began."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    tokens: int = 0
    best_score: float = float("-inf")
    epochs_without_gain: int = 0
    finished: bool = False
    seconds: float = 0.0
    history: list[EpochRecord] = field(default_factory=list)


def save_state(
    path: Path,
    position: Position,
    parameters: Mapping[str, torch.nn.Parameter],
    best: Mapping[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write weights, best weights, optimiser moments and the random state, all or nothing."""
    import torch
    from safetensors.torch import save

    tensors = {f"weight/{name}": value.detach() for name, value in parameters.items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    for name, parameter in parameters.items():
        for key, value in optimizer.state[parameter].items():
            tensors[f"moment/{key}/{name}"] = value
    tensors["random/torch"] = torch.get_rng_state()
    write_bytes(path, save(tensors, metadata={"position": json.dumps(asdict(position))}))


def load_state(
    path: Path, parameters: Mapping[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer
) -> tuple[Position, dict[str, torch.Tensor]]:
    """Put a saved state back into `parameters` and `optimizer`; return the position and the best weights so far."""
    import torch
    from safetensors import safe_open

    best: dict[str, torch.Tensor] = {}
    with safe_open(str(path), framework="pt") as file, torch.no_grad():
        saved = json.loads(file.metadata()["position"])
        names = list(file.keys())
        for name, parameter in parameters.items():
            parameter.copy_(file.get_tensor(f"weight/{name}"))
        for full in names:
            kind, _, rest = full.partition("/")
            if kind == "best":
                best[rest] = file.get_tensor(full)
            elif kind == "moment":
                key, _, name = rest.partition("/")
                optimizer.state[parameters[name]][key] = file.get_tensor(full)
        torch.set_rng_state(file.get_tensor("random/torch"))
    saved["history"] = [EpochRecord(**record) for record in saved["history"]]
    return Position(**saved), best
