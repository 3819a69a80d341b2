"""The cores that a process may use, which in a container are fewer than the machine has."""

from __future__ import annotations

import os
from pathlib import Path


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
