"""Shard after shard by whatever workers there are; what is done is kept, found again, and given back in order.

Guarantee: each shard's bytes are what `Work.do` makes of its content, whichever worker did it and however often workers or
the run were killed; a killed run has lost the shards that were in work, no other. Shards may come from a generator: so many
are read ahead as keep the workers busy, never all. Trade-off: a worker that is ahead of a slow one waits at the bound.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.sealed import read_sealed, write_sealed
from headwinds.compute.capacity import workers_here
from headwinds.compute.local import LocalPool
from headwinds.compute.pools import Alone, Done, Pool
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.telling import Tell, tell_nobody
from headwinds.compute.work import Finished, Shard, Work
from headwinds.contracts.finding import Finding
from headwinds.errors import ComputeError

AHEAD = 2
"""Shards a worker that may be read before the first of them is given back."""
MOST_LOSSES = 12
"""Workers that one shard may cost: machines that come and go take several, a shard that kills its worker takes all."""


def run_shards(
    work: Work,
    shards: Iterable[Shard],
    store: Path,
    compute: ComputeSettings | None = None,
    *,
    expected: int = 0,
    tell: Tell = tell_nobody,
) -> Iterator[Finished]:
    """Do every shard that does not stand in `store` yet; give all back in the order of `shards`.

    Parameters
    ----------
    work
        What to do; see `Work` for what it promises.
    shards
        Each number once; read lazily, so that a generator over more than fits into memory will do.
    store
        Folder of the results: a sealed file a shard, named by its number and the fingerprint of its content. Everything
        else that the bytes depend on (models, settings, code) must be in the choice of the folder, as it is in the scratch
        folder of a stage.
    compute
        Where; by default in worker processes of this machine, one a core.
    expected
        How many shards there will be, where it is known: no more workers are started than that.
    tell
        Takes findings: W911, the cluster cannot be reached and the work goes on here; W912, processors differ.

    Raises
    ------
    ComputeError
        The cluster cannot be used; a shard was lost with its worker 12 times; no worker starts.
    Interrupted
        A signal came; finished shards are kept.
    HeadwindsError
        What a worker found wrong.
    """
    compute = compute or ComputeSettings()
    source = iter(shards)
    with ExitStack() as stack:
        pool: Pool | None = None
        window: deque[Finished] = deque()
        todo: deque[Shard] = deque()
        flying: dict[int, Shard] = {}
        losses: Counter[int] = Counter()
        drained = False
        while True:
            while not drained and len(window) < (AHEAD * pool.size if pool and pool.size > 1 else 1):
                shard = next(source, None)
                if shard is None:
                    drained = True
                    break
                path = store / shard.name
                known = read_sealed(path) is not None
                window.append(Finished(shard.number, path, shard.size, known))
                if not known:
                    todo.append(shard)
                    flying[shard.number] = shard
            if todo and pool is None:
                pool = _open(work, compute, expected, tell)
                stack.callback(pool.close)
                continue  # now it is known how far to read ahead
            while todo and pool is not None and pool.free():
                pool.give(todo.popleft())
            while window and window[0].number not in flying:
                yield window.popleft()
            if drained and not window:
                return
            if flying and pool is not None:
                for event in pool.wait():
                    if isinstance(event, Done):
                        shard = flying[event.number]
                        write_sealed(store / shard.name, event.data)
                        del flying[event.number]
                    else:
                        losses[event.number] += 1
                        _check_losses(event.number, losses[event.number])
                        todo.appendleft(flying[event.number])
                raise_if_stopped()


def _open(work: Work, compute: ComputeSettings, expected: int, tell: Tell) -> Pool:
    if compute.on == "ray":
        from headwinds.compute.cluster import Unreachable
        from headwinds.compute.ray_pool import RayPool

        try:
            return RayPool(work, compute, expected, tell)
        except Unreachable as error:
            if not compute.fall_back:
                raise
            tell(
                Finding(
                    "W911",
                    f"The work was done on this machine: {error.message}",
                    "The result is the same; set fall_back = false to be told before.",
                )
            )
    workers = compute.workers or workers_here(shards=expected, model_bytes=sum(map(_bytes, work.places)))
    workers = min(workers, expected) if expected else workers
    return Alone(work) if workers == 1 else LocalPool(work, workers)


def _bytes(place: Path) -> int:
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _check_losses(number: int, count: int) -> None:
    if count >= MOST_LOSSES:
        raise ComputeError(
            f"Shard {number} was lost with its worker {count} times, so it is given up.",
            remedy="Most often the memory is short: give fewer workers. What was done is kept; the same command goes on.",
        )
