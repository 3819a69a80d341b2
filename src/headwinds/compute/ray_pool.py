"""Actors of a Ray cluster, one core and one thread each, that hold the work; a lost one is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.compute.capacity import workers_here
from headwinds.compute.cluster import connect
from headwinds.compute.likeness import check_likeness, own_facts, own_processor
from headwinds.compute.pools import MOST_FAILED_STARTS, Done, Lost, no_worker_starts
from headwinds.compute.shipping import name_places, read_place
from headwinds.compute.worker import DONE, ONE_THREAD, READY, WRONG
from headwinds.contracts.finding import Finding
from headwinds.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwinds.compute.settings import ComputeSettings
    from headwinds.compute.work import Shard, Work

SECONDS_FOR_A_WORKER = 180.0
LIKE = "like"


def worker_class() -> type:
    """The actor; made in a function, so that Ray sends its code along and it can say that a node lacks Headwinds."""

    class ShardWorker:
        def look(self, libraries: tuple[str, ...], threads: dict[str, str]) -> tuple[str, Any]:
            """What this node has: its name, versions and processor; before any numerical library is loaded."""
            import os
            import platform

            os.environ.update(threads)
            try:
                from headwinds.compute.likeness import own_facts, own_processor
            except ImportError as error:
                return "like", (platform.node(), {"python": platform.python_version()}, str(error))
            self.node = platform.node()
            processor = own_processor() if "torch" in libraries else ""
            return "like", (self.node, own_facts(libraries), processor)

        def prepare(self, work: Any, places: Any, refs: list[Any]) -> tuple[str, Any]:
            """Bring the places here, and prepare the work."""
            import ray

            from headwinds.compute.shipping import has_place, keep_place
            from headwinds.compute.worker import READY, WRONG, portable

            try:
                found = [
                    place.path if has_place(place) else keep_place(place, ray.get(ref), self.node)
                    for place, ref in zip(places, refs, strict=True)
                ]
                self.work = work
                self.held = work.prepare(tuple(found), work.given)
            except Exception as error:  # told to the driver, whatever it is
                return WRONG, portable(error)
            return READY, None

        def do(self, content: Any) -> tuple[str, Any]:
            """Do a shard."""
            from headwinds.compute.worker import DONE, WRONG, portable

            try:
                return DONE, self.work.do(self.held, content)
            except Exception as error:
                return WRONG, portable(error)

    return ShardWorker


@dataclass(slots=True)
class _Actor:
    handle: Any
    waiting: Any = None  # for an answer of Ray
    ready: bool = False
    shard: Shard | None = None


class RayPool:
    """So many actors, each of which has looked like this machine and prepared the work once.

    Raises
    ------
    ComputeError
        See `headwinds.compute.cluster.connect`.
    """

    def __init__(
        self, work: Work, compute: ComputeSettings, expected: int, tell: Callable[[Finding], None]
    ) -> None:
        places = name_places(work.places)
        own = compute.workers or workers_here(shards=expected)
        self._ray, self._ours_to_end = connect(compute.address, own)
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        wanted = compute.workers or cores
        self.size = max(1, min(wanted, expected) if expected else wanted)
        self._work, self._places, self._tell = work, places, tell
        self._refs: list[Any] = [None] * len(places)
        self._ours = own_facts(work.libraries)
        self._processor = own_processor() if "torch" in work.libraries else ""
        self._class = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(worker_class())
        self._failed_starts, self._told = 0, False
        try:
            self._refs = [self._ray.put(read_place(place.path)) for place in places]
            self._actors = [self._start() for _ in range(self.size)]
        except BaseException:
            self._actors = []
            self.close()
            raise

    def free(self) -> int:
        """Actors that are ready and have no shard."""
        return sum(one.ready and one.waiting is None for one in self._actors)

    def give(self, shard: Shard) -> None:
        """Send it to the first actor that waits."""
        actor = next(one for one in self._actors if one.ready and one.waiting is None)
        actor.shard = shard
        actor.waiting = actor.handle.do.remote(shard.content)

    def wait(self) -> list[Done | Lost]:
        """Wait for an actor to answer or to be lost; a lost one is replaced."""
        from ray.exceptions import RayError, RayTaskError

        asked = [one.waiting for one in self._actors if one.waiting is not None]
        some_ready = any(one.ready for one in self._actors)
        answered, _ = self._ray.wait(asked, timeout=None if some_ready else SECONDS_FOR_A_WORKER)
        if not answered:
            raise ComputeError(
                f"No core of the cluster was free within {SECONDS_FOR_A_WORKER:.0f} s.",
                remedy="Wait for what runs there, or add nodes.",
            )
        found: list[Done | Lost] = []
        for actor in [one for one in self._actors if one.waiting in answered]:
            try:
                kind, value = self._ray.get(actor.waiting)
            except RayTaskError:
                raise  # not of our work, which tells its errors itself
            except RayError as error:
                found += self._replace(actor, error)
                continue
            found += self._take(actor, kind, value)
        return found

    def close(self) -> None:
        """End the actors; and the connection, with a cluster that was started for it, unless it was there before."""
        for actor in self._actors:
            self._ray.kill(actor.handle)
        self._actors, self._refs = [], []
        if self._ours_to_end:
            self._ray.shutdown()

    def _take(self, actor: _Actor, kind: str, value: Any) -> list[Done | Lost]:
        if kind == WRONG:
            raise value
        actor.waiting = None
        if kind == LIKE:
            node, theirs, processor = value
            check_likeness(self._ours, theirs, node)
            self._check_processor(processor, node)
            actor.waiting = actor.handle.prepare.remote(self._work, self._places, self._refs)
        elif kind == READY:
            actor.ready, self._failed_starts = True, 0
        elif kind == DONE and actor.shard is not None:
            shard, actor.shard = actor.shard, None
            return [Done(shard.number, value)]
        return []

    def _check_processor(self, processor: str, node: str) -> None:
        if processor != self._processor and not self._told:
            self._told = True
            self._tell(
                Finding(
                    "W912",
                    f"The processor of the node {node} has other vector instructions than this machine's: "
                    "last digits may differ.",
                    "For the same bytes, use nodes with the same kind of processor.",
                )
            )

    def _replace(self, dead: _Actor, error: Exception) -> list[Done | Lost]:
        if not dead.ready:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                raise no_worker_starts(
                    self._failed_starts, "on the cluster", str(error).partition("\n")[0].rstrip(".")
                ) from error
        self._ray.kill(dead.handle)
        self._actors[self._actors.index(dead)] = self._start()
        return [] if dead.shard is None else [Lost(dead.shard.number)]

    def _start(self) -> _Actor:
        handle = self._class.remote()
        return _Actor(handle, handle.look.remote(self._work.libraries, ONE_THREAD))
