"""What a fitting cost: time, and energy where the processor counts it; it stands beside the model and is no part of it.

The same inputs give the same model in a minute or in ten: a clock has no place in what is named by its bytes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from headwinds.adapt.audit.energy import COUNTERS, readable_counters
from headwinds.artifacts.fingerprint import file_digest
from headwinds.artifacts.write import write_json

FILE = "cost.json"


@dataclass(frozen=True, slots=True)
class FitCost:
    """What a fitting cost.

    Attributes
    ----------
    seconds
        Of the clock.
    processor_seconds
        Of all cores together, those of further processes that took part included.
    joules
        What the processor's packages counted, whatever else ran on them, and without an accelerator; None where no counter
        can be read, or one ran over.
    whole
        False where an interrupted fitting went on: then all this is of what came after the interruption alone.
    """

    seconds: float
    processor_seconds: float
    joules: float | None
    whole: bool = True


@contextmanager
def costed(
    output: Path, model: Path, scratch: Path, *, among: str = "", counters: Path = COUNTERS
) -> Iterator[None]:
    """Write what the fitting of `model`, whose training state is in `scratch`, costs into ``output/cost.json``.

    Where several models will stand in `output`, `among` is the name that this one's folder will have, and goes before.
    """
    packages = readable_counters(counters)
    whole = not any(scratch.iterdir())
    begun, busy, spent = time.perf_counter(), _processor_seconds(), _read(packages)
    yield
    seconds, processor = time.perf_counter() - begun, _processor_seconds() - busy
    cost = FitCost(round(seconds, 3), round(processor, 3), _joules(spent, _read(packages)), whole)
    write_json(
        output / (f"{among}.{FILE}" if among else FILE),
        {"model": file_digest(model / "model.json"), **asdict(cost)},
    )


def cost_beside(model: Path, version: str) -> FitCost | None:
    """What the fitting of a model cost that stands in `model`; None where nothing tells it of this very model."""
    for name in (FILE, f"{model.name}.{FILE}"):
        try:
            saved = json.loads((model.parent / name).read_text(encoding="utf-8"))
            if saved.pop("model") == version:
                return FitCost(**saved)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return None


def _processor_seconds() -> float:
    """Of this process and of those that it started and has seen end."""
    return sum(os.times()[:4])


def _read(packages: Sequence[Callable[[], float]]) -> list[float]:
    try:
        return [read() for read in packages]
    except (OSError, ValueError):
        return []


def _joules(before: Sequence[float], after: Sequence[float]) -> float | None:
    used = [late - early for early, late in zip(before, after, strict=False)]
    if not used or len(before) != len(after) or min(used) < 0:
        return None
    return round(sum(used) / 1e6, 3)
