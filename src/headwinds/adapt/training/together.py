"""One process of several that train a model together, through the Accelerate library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.training.progress import Silent
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.training.progress import Progress

LONGEST_WAIT = timedelta(hours=6)
"""For one of the others, for instance while the first validates. That one has ended is noticed at once, not by this."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Which of the processes one is, and where they meet.

    Attributes
    ----------
    number, size
        From 0; of how many.
    meeting
        A file that does not exist yet, the same for all.
    device
        "cpu" or "cuda"; on the latter each process has the GPU of its number.
    threads
        Of each process, on a processor.
    sharding
        "none" or "full".
    """

    number: int
    size: int
    meeting: Path
    device: str
    threads: int
    sharding: str


@dataclass(frozen=True, slots=True)
class Together:
    """A process among others; see `training.team.Team`.

    Attributes
    ----------
    seat
        Which one.
    tell
        Given a kind of message and what it holds: brings it to whoever started the processes.
    """

    seat: Seat
    tell: Callable[..., None]

    @property
    def size(self) -> int:
        """Number of processes."""
        return self.seat.size

    @property
    def first(self) -> bool:
        """Whether this process writes and reports."""
        return self.seat.number == 0

    @property
    def sharded(self) -> bool:
        """Whether parameters are cut into parts."""
        return self.seat.sharding == "full"

    @contextmanager
    def watch(self, title: str, total: int, *, quiet: bool) -> Iterator[Progress]:
        """The first one's progress is shown by the process that started it."""
        if quiet or not self.first:
            yield Silent()
            return
        self.tell("total", total)
        yield _Told(self.tell)

    def seed_step(self, seed: int, step: int) -> None:
        """By seed, step and process, so that a run that goes on draws what it would have drawn."""
        import torch

        torch.manual_seed(derive_seed(seed, "dropout", step, self.seat.number))

    def own_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Every `size`-th: neighbours of a batch are of like length, so that all have about as much to do."""
        return rows[self.seat.number :: self.size]

    def own_parts(self, count: int) -> int:
        """Of sharded parameters: as many as the process that has most."""
        if not self.sharded:
            return count
        import torch
        from accelerate.utils import reduce

        return int(reduce(torch.tensor(count), "max"))

    def sum(self, values: Sequence[float]) -> list[float]:
        """See `Team.sum`; in double precision, on the processor."""
        import torch
        from accelerate.utils import reduce

        found: list[float] = reduce(torch.tensor(values, dtype=torch.float64), "sum").tolist()
        return found

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """In one piece, with a number for each parameter that says in how many processes it had a gradient.

        A parameter without a gradient anywhere has none after it, as in one process: the optimiser passes it over. Sharded
        parameters have their sum from the backward pass.
        """
        if self.sharded:
            return
        import torch
        from accelerate.utils import reduce

        all_of_them = list(parameters)
        had = torch.tensor([float(one.grad is not None) for one in all_of_them])
        pieces = [
            (torch.zeros_like(one) if one.grad is None else one.grad).detach().reshape(-1)
            for one in all_of_them
        ]
        summed = reduce(torch.cat([*pieces, had.to(pieces[0].device)]), "sum")
        counts = summed[-len(all_of_them) :].tolist()
        begin = 0
        for one, count in zip(all_of_them, counts, strict=True):
            end = begin + one.numel()
            one.grad = summed[begin:end].view_as(one) if count else None
            begin = end

    def loss_factor(self) -> float:
        """Sharded gradients come as means over the processes."""
        return float(self.size) if self.sharded else 1.0

    def score(self, validation_score: Callable[[], float]) -> float:
        """The first process's; the others compute it too where parameters are sharded, and wait for it else."""
        found = validation_score() if self.first or self.sharded else 0.0
        return self.sum([found if self.first else 0.0])[0]

    def whole(self, value: torch.Tensor) -> torch.Tensor:
        """See `Team.whole`."""
        full: Any = getattr(value, "full_tensor", None)
        found: torch.Tensor = value if full is None else full()
        return found.cpu() if self.first else found[:0] if found.ndim else found

    def number(self, value: torch.Tensor) -> float:
        """See `Team.number`."""
        full: Any = getattr(value, "full_tensor", None)
        return float(value if full is None else full())

    def placed(self, value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """See `Team.placed`."""
        from torch.distributed.tensor import DTensor, distribute_tensor

        moved = value.to(like.device)
        if not isinstance(like, DTensor) or value.shape != like.shape:
            return moved
        return distribute_tensor(moved, like.device_mesh, like.placements, src_data_rank=None)


@dataclass(slots=True)
class _Told:
    """Progress as messages, a few in a second."""

    tell: Callable[..., None]
    _last: float = 0.0

    def update(self, done: int, message: str) -> None:
        """Send it on if enough time has passed."""
        import time

        now = time.monotonic()
        if now - self._last > 0.2:
            self._last = now
            self.tell("progress", done, message)


@contextmanager
def joined(seat: Seat) -> Iterator[None]:
    """The processes can reach each other for a block, by this machine's own loopback address."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    os.environ |= {
        "RANK": str(seat.number),
        "LOCAL_RANK": str(seat.number),
        "WORLD_SIZE": str(seat.size),
        "LOCAL_WORLD_SIZE": str(seat.size),
        "OMP_NUM_THREADS": str(seat.threads),
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
    }
    import torch
    from accelerate import PartialState

    torch.set_num_threads(seat.threads)
    on_gpu = seat.device == "cuda"
    if on_gpu:
        torch.cuda.set_device(seat.number)
    torch.distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if on_gpu else "gloo",
        init_method=seat.meeting.absolute().as_uri(),
        rank=seat.number,
        world_size=seat.size,
        timeout=LONGEST_WAIT,
    )
    PartialState(cpu=not on_gpu)
    yield
    torch.distributed.destroy_process_group()


def shard(network: torch.nn.Module, names: Iterable[str], device: str) -> dict[str, torch.nn.Parameter]:
    """Cut every parameter into one part a process (Zhao et al. 2023), in groups: each layer, and what is in none.

    A group is brought together for the time that it computes, and its gradients are summed and cut again. The parameters of
    those names, as they are afterwards.
    """
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device, (torch.distributed.get_world_size(),))
    for layer in _layers(network):
        fully_shard(layer, mesh=mesh)
    # By its default the outermost group stays together after a pass without gradients, and would be stale after the average
    # of the weights was validated.
    fully_shard(network, mesh=mesh, reshard_after_forward=True)
    found = dict(network.named_parameters())
    return {name: found[name] for name in names}


def _layers(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """The members of the outermost lists of modules: how every transformer holds its layers."""
    import torch

    for child in module.children():
        if isinstance(child, torch.nn.ModuleList):
            yield from child
        else:
            yield from _layers(child)
