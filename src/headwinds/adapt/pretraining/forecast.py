"""How long it will take, before it starts: a few steps on a copy, and what the processor can do at best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from headwinds.adapt.pretraining.loop import one_step
from headwinds.adapt.pretraining.settings import seconds_of
from headwinds.adapt.training.optimizer import make_optimizer
from headwinds.adapt.training.precision import tensor_type

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.loop import Course
    from headwinds.adapt.pretraining.settings import PretrainSettings
    from headwinds.adapt.training.precision import Precision

TIMED_STEPS = 5
MATRIX = 2048
EPOCHS = 1  # over the text, where neither tokens nor a budget are set


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured on this machine: seconds and floating-point operations of a step, operations a second at best.

    Operations are those of matrix products, forward and back, counted while a step runs; the best is a product of two
    square matrices of `MATRIX` in the numbers that the training computes in, on as many threads.
    """

    step_seconds: float
    step_tokens: int
    step_operations: int
    peak: float

    @property
    def tokens_a_second(self) -> float:
        """Tokens that go through the network in a second."""
        return self.step_tokens / self.step_seconds

    @property
    def utilisation(self) -> float:
        """Share of the best that the training reaches (model-FLOPs utilisation; Chowdhery et al. 2022, app. B)."""
        return self.step_operations / self.step_seconds / self.peak


def measure_speed(make_course: Callable[[], Course]) -> Speed:
    """Time some steps of a copy of the run, which is thrown away."""
    from torch.utils.flop_counter import FlopCounterMode

    course = make_course()
    course.network.train()
    optimizer = make_optimizer(course.parameters, course.settings)
    exercise = course.exercise(1)
    with FlopCounterMode(display=False) as counter:
        one_step(course, exercise, optimizer, step=1)
    one_step(course, exercise, optimizer, step=1)
    seconds = []
    for step in range(1, TIMED_STEPS + 1):
        began = time.perf_counter()
        one_step(course, course.exercise(step), optimizer, step=step)
        seconds.append(time.perf_counter() - began)
    return Speed(
        statistics.median(seconds),
        exercise.tokens.size,
        int(counter.get_total_flops()),
        measured_peak(course.precision),
    )


def measured_peak(precision: Precision) -> float:
    """Floating-point operations a second of a large matrix product, the best of some.

    Seconds are the processor's: what other programs take of it meanwhile is none of its fault. Measured once a process.
    """
    import torch

    return _peak(precision, torch.get_num_threads())


@cache
def _peak(precision: Precision, threads: int) -> float:
    import torch

    kind = tensor_type(precision)
    left, right = torch.ones(MATRIX, MATRIX, dtype=kind), torch.ones(MATRIX, MATRIX, dtype=kind)
    best = float("inf")
    for _ in range(4):
        began = time.process_time()
        torch.matmul(left, right)
        best = min(best, time.process_time() - began)
    return 2 * MATRIX**3 * threads / best


def planned_steps(settings: PretrainSettings, speed: Speed, *, epoch_tokens: int) -> int:
    """Steps of the run: as many as the tokens or the time allow, else one pass over the text; at least one."""
    if settings.budget:
        return max(1, int(seconds_of(settings.budget) / speed.step_seconds))
    tokens = settings.tokens or EPOCHS * epoch_tokens
    return max(1, -(-tokens // speed.step_tokens))


def in_words(seconds: float) -> str:
    """A time that a person reads: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
