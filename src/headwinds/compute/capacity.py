"""How much this machine can do at once: cores and memory that this process may use, and how many workers that is."""

from __future__ import annotations

import os
from pathlib import Path

GIB = 2**30
WORKER_BYTES = GIB
"""Of a worker without its models: Python with PyTorch and a batch."""
COPIES = 3
"""Bytes of memory for each byte of a model's files: read, converted, packed."""


def usable_cores() -> int:
    """Cores that this process may use: its affinity, and the quota of its control group, rounded down, at least one."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        allowed = os.cpu_count() or 1
    quota = cpu_quota(Path("/sys/fs/cgroup"))
    return max(1, min(allowed, int(quota))) if quota else allowed


def cpu_quota(group: Path) -> float | None:
    """Cores' worth of time that a control group gives (version 2, then 1); None without a limit."""
    try:
        given, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return None if given == "max" else int(given) / int(period)
    except (OSError, ValueError):
        pass
    try:
        microseconds = int((group / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        each = int((group / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return microseconds / each if microseconds > 0 else None


def memory() -> tuple[int, int] | None:
    """Bytes free for new work and bytes in all, within the control group's limit; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        told = {
            name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)
        }
        free, total = told["MemAvailable"], told["MemTotal"]
    except (OSError, ValueError, KeyError, IndexError):
        return None
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ),
    ):
        try:
            most, taken = (int(Path(path).read_text(encoding="ascii")) for path in (limit, used))
        except (OSError, ValueError):  # no such group, or "max"
            continue
        if most < total:
            free, total = min(free, max(0, most - taken)), most
    return free, total


def workers_here(*, shards: int = 0, model_bytes: int = 0) -> int:
    """Workers of one thread each that this machine has cores and memory for, at most one a shard (0: not known).

    OMP_NUM_THREADS, where it is set, is the number of cores that the user gives away.
    """
    cores = usable_cores()
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and int(told):
        cores = min(cores, int(told))
    free = memory()
    if free is not None:
        cores = min(cores, free[0] // (WORKER_BYTES + COPIES * model_bytes))
    return max(1, min(cores, shards) if shards else cores)
