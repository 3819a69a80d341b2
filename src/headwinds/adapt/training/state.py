"""The state of a training run, in one safetensors file: stopped anywhere, it goes on as if it had not been."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.training.team import ALONE
from headwinds.adapt.weights_file import weights_pieces
from headwinds.artifacts.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.training.team import Team
    from headwinds.adapt.training.weights import Weights


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch did: mean training loss, the validation score, tokens trained on."""

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
    weights: Weights,
    optimizer: torch.optim.Optimizer,
    team: Team = ALONE,
) -> None:
    """Write weights, their average, the best so far, optimiser moments and the random state, all or nothing.

    Of several processes each must call it, and the first one writes: the file is that of a process alone.

    Raises
    ------
    StorageError
        The disk refuses; the state before stands.
    """
    import torch

    tensors = {f"current/{name}": team.whole(value.detach()) for name, value in weights.current.items()}
    tensors |= {f"average/{name}": team.whole(value) for name, value in weights.average.items()}
    tensors |= {f"best/{name}": team.whole(value) for name, value in weights.best.items()}
    for name, parameter in weights.current.items():
        for key, value in optimizer.state[parameter].items():
            tensors[f"moment/{key}/{name}"] = team.whole(value)
    if not team.first:
        return
    tensors["random/torch"] = torch.get_rng_state()
    if _on_gpu(weights):
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    plain = json.dumps(asdict(position)).encode()
    tensors["position"] = torch.frombuffer(bytearray(plain), dtype=torch.uint8)
    write_sealed(path, *weights_pieces(tensors))


def load_state(
    path: Path, weights: Weights, optimizer: torch.optim.Optimizer, team: Team = ALONE
) -> Position:
    """Put a saved state back into `weights`, `optimizer` and the random state; return the position.

    Where there is no state, or a damaged one, nothing is touched and the position is that of the start.
    """
    import torch
    from safetensors.torch import load

    content = read_sealed(path)
    if content is None:
        return Position()
    tensors = load(content)
    saved = json.loads(bytes(tensors.pop("position").tolist()))
    with torch.no_grad():
        for full, value in sorted(tensors.items()):  # the order in which a file is read differs by process
            kind, _, rest = full.partition("/")
            if kind == "current":
                weights.current[rest].copy_(team.placed(value, weights.current[rest]))
            elif kind == "average":
                weights.average[rest] = team.placed(value, weights.current[rest])
            elif kind == "best":
                weights.best[rest] = team.placed(value, weights.current[rest])
            elif kind == "moment":
                key, _, name = rest.partition("/")
                parameter = weights.current[name]
                optimizer.state[parameter][key] = team.placed(value, parameter)
    torch.set_rng_state(tensors["random/torch"])
    if _on_gpu(weights) and "random/cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random/cuda"])
    saved["history"] = [EpochRecord(**record) for record in saved["history"]]
    return Position(**saved)


def _on_gpu(weights: Weights) -> bool:
    return any(value.device.type == "cuda" for value in weights.current.values())
