"""A Ray cluster whose nodes are on this machine, each with a raylet of its own and one core; and who kills its workers."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STORE_BYTES = 400 * 2**20
WORKER = "ray::ShardWorker"


def set_token() -> None:
    """A token for the clusters of this process and its children."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def cluster(nodes: int) -> Iterator[tuple[str, list[int]]]:
    """So many nodes of one core on this machine: the address, and the raylets' process numbers."""
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1, object_store_memory=STORE_BYTES, include_dashboard=False)
        made.wait_for_nodes()
        every = [made.head_node, *made.worker_nodes]
        yield made.address, [node.all_processes["raylet"][0].process.pid for node in every]
    finally:
        made.shutdown()


@dataclass(frozen=True, slots=True)
class Deaths:
    """How many were killed, and how long it took in spite of that."""

    workers: int
    drivers: int
    seconds: float


def killed(
    start: Callable[[str], subprocess.Popen[str]], half_done: Callable[[], bool], every: float
) -> Deaths:
    """Run a driver on two nodes; a worker drawn at random dies every so many seconds, the driver once, when half is done."""
    dice, workers, drivers = random.Random(1), 0, 0
    with cluster(2) as (address, raylets):
        started = last = time.monotonic()
        driver = start(address)
        while driver.poll() is None:
            time.sleep(0.2)
            if not drivers and half_done():
                driver.send_signal(signal.SIGKILL)
                driver.communicate()
                drivers += 1
                driver = start(address)
            if time.monotonic() - last >= every:
                last = time.monotonic()
                found = _workers_of(raylets)
                if found:
                    os.kill(dice.choice(found), signal.SIGKILL)
                    workers += 1
        driver.communicate()
        if driver.returncode:
            raise SystemExit(f"the driver ended with {driver.returncode}")
    return Deaths(workers, drivers, time.monotonic() - started)


def _workers_of(raylets: list[int]) -> list[int]:
    """Process numbers of the actors that these raylets started."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in raylets and (folder / "cmdline").read_text().startswith(WORKER):
                found.append(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
    return sorted(found)
