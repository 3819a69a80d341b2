"""Time and energy of a thousand documents: the processor's own counter where it can be read, else a stated wattage."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwinds.adapt.audit.answers import Asked
    from headwinds.adapt.tasks.contract import Row

COUNTERS = Path("/sys/class/powercap")
REPEATS = 3
WATTS = 15.0  # of one busy core of a laptop or a small server, the usual order of size


@dataclass(frozen=True, slots=True)
class Energy:
    """What a thousand documents cost; the median of the repetitions, and the smallest and the largest.

    Attributes
    ----------
    documents
        How many were predicted each time.
    seconds
        Of the clock, for a thousand.
    processor_seconds
        Of all cores together.
    joules
        Energy.
    measured
        True where the processor's counter was read (RAPL: the whole package, whatever else ran on it); False where it is
        processor-seconds times `watts`.
    watts
        What a busy core is taken to draw.
    """

    documents: int
    seconds: tuple[float, float, float]
    processor_seconds: tuple[float, float, float]
    joules: tuple[float, float, float]
    measured: bool
    watts: float

    @property
    def verdict(self) -> str:
        """In words."""
        how = (
            "measured by the processor's counter"
            if self.measured
            else f"an estimate: processor-seconds times {self.watts:g} W"
        )
        cost = f"{self.seconds[0]:.2f} s and {self.joules[0]:.0f} J ({self.joules[0] / 3600:.3f} Wh)"
        return f"{cost} for a thousand documents; {how}"


def measure_energy(
    asked: Asked, rows: Sequence[Row], *, watts: float = WATTS, counters: Path = COUNTERS
) -> tuple[Energy, tuple[Finding, ...]]:
    """Predict the rows three times, after once to warm up."""
    asked.predictions(rows[: max(1, len(rows) // 10)])
    packages = readable_counters(counters)
    seconds, processor, joules = [], [], []
    for _ in range(REPEATS):
        begun, busy, spent = time.perf_counter(), time.process_time(), [read() for read in packages]
        asked.predictions(rows)
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - busy)
        used = [read() - before for read, before in zip(packages, spent, strict=True)]
        counted = bool(packages) and all(one >= 0 for one in used)  # a counter that ran over says nothing
        joules.append(sum(used) / 1e6 if counted else float("nan"))
    measured = all(one == one for one in joules)
    if not measured:
        joules = [one * watts for one in processor]
    factor = 1000 / len(rows)
    each = [_middle([value * factor for value in values]) for values in (seconds, processor, joules)]
    found = Energy(len(rows), each[0], each[1], each[2], measured, watts)
    if measured:
        return found, ()
    return found, (
        Finding(
            "N268",
            f"No counter of the processor's energy can be read here, so that the energy is an estimate: {watts:g} W "
            "for each busy core, without memory, disk, cooling and what made the machine.",
            "Say what your cores draw with --watts.",
        ),
    )


def readable_counters(folder: Path) -> list[Callable[[], float]]:
    """Readers of the energy counters of whole processor packages, in microjoules; none where they cannot be read."""
    found: list[Callable[[], float]] = []
    for path in sorted(folder.glob("intel-rapl:*/energy_uj")) if folder.is_dir() else []:
        if path.parent.name.count(":") != 1:
            continue  # a part of a package, which the package counts already
        try:
            float(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return []
        found.append(lambda path=path: float(path.read_text(encoding="ascii")))  # type: ignore[misc]
    return found


def _middle(values: list[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[0], ordered[-1]
