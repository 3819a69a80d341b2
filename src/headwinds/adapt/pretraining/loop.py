"""The loop: what a step asks is a function of the seed and its number, so that a killed run goes on to the same bytes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.training.optimizer import learning_rate_share, make_optimizer, set_learning_rate
from headwinds.adapt.training.precision import Precision, autocast
from headwinds.adapt.training.state import EpochRecord, Position, load_state, save_state
from headwinds.adapt.training.weights import Weights
from headwinds.artifacts.interruption import raise_if_stopped, stop_requested
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import TrainingError

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.pretraining.objectives.contract import Exercise, Objective, Vocabulary
    from headwinds.adapt.pretraining.packing import RowStream
    from headwinds.adapt.pretraining.settings import PretrainSettings
    from headwinds.adapt.training.progress import Progress

RECORDS = 50  # points of the curve of the training loss


@dataclass(frozen=True, slots=True)
class Course:
    """All that a run is made of: the network, what it may train by name, what it is asked, and the rows it is asked of.

    Names that begin with "head" are those of a new output layer on a checkpoint.
    """

    network: torch.nn.Module
    parameters: dict[str, torch.nn.Parameter]
    objective: Objective
    vocabulary: Vocabulary
    rows: RowStream
    settings: PretrainSettings
    precision: Precision

    def exercise(self, step: int) -> Exercise:
        """What is asked in a step."""
        seed = derive_seed(self.settings.seed, "asked", step)
        return self.objective.ask(self.rows.step(step), self.vocabulary, self.settings, seed=seed)


def train(course: Course, *, steps: int, state_path: Path, progress: Progress) -> Position:
    """Train the network in place for `steps` steps; where a state is found the run goes on from it.

    Raises
    ------
    TrainingError
        The loss is not finite; the last saved state is left as it was.
    Interrupted
        A signal came; the state is saved.
    StorageError
        The state cannot be saved; the one before stands.
    """
    settings = course.settings
    optimizer = make_optimizer(course.parameters, settings)
    weights = Weights(course.parameters, 0.0)
    position = load_state(state_path, weights, optimizer)
    course.network.train()
    started = saved = time.monotonic()
    before = position.seconds
    per_record = max(1, steps // RECORDS)
    while position.step < steps:
        position.step += 1
        share = learning_rate_share(
            position.step,
            steps=steps,
            warmup_share=settings.warmup_share,
            schedule=settings.schedule,
            decay_share=settings.decay_share,
        )
        set_learning_rate(optimizer, share, of_body=_of_body(course, position.step, steps))
        exercise = course.exercise(position.step)
        loss = one_step(course, exercise, optimizer, step=position.step)
        position.tokens += exercise.tokens.size
        position.loss_sum += loss
        position.batch += 1
        if position.batch == per_record or position.step == steps:
            mean = position.loss_sum / position.batch
            position.history.append(EpochRecord(position.step, mean, float("nan"), position.tokens))
            position.batch, position.loss_sum = 0, 0.0
        now = time.monotonic()
        position.seconds = before + now - started
        rate = position.tokens / max(position.seconds, 1e-9)
        progress.update(position.step, f"loss {loss:.3f}, {rate:,.0f} tokens/s")
        position.finished = position.step == steps
        if stop_requested() or position.finished or now - saved >= settings.save_seconds:
            save_state(state_path, position, weights, optimizer)
            raise_if_stopped()
            saved = time.monotonic()
    return position


def one_step(course: Course, exercise: Exercise, optimizer: torch.optim.Optimizer, *, step: int) -> float:
    """One step of the optimiser on an exercise, in parts where memory is short; returns the mean loss.

    Raises
    ------
    TrainingError
        The loss or its gradient is not finite.
    """
    import torch

    settings = course.settings
    optimizer.zero_grad(set_to_none=True)
    asked, beside = max(exercise.asked, 1), max(exercise.beside, 1)
    if settings.dropout:
        torch.manual_seed(derive_seed(settings.seed, "dropout", step) % 2**63)
    total = 0.0
    for part in parts_of(exercise, settings.micro_batch_tokens):
        with autocast("cpu", course.precision):
            losses = course.network(part)
        loss = losses.total / asked
        if losses.beside is not None:
            loss = loss + (losses.beside_weight * losses.beside).sum() / beside
        value = float(loss.detach())
        if not math.isfinite(value):
            _refuse("loss", value, step, optimizer)
        loss.backward()
        total += value
    norm = float(torch.nn.utils.clip_grad_norm_(course.parameters.values(), settings.gradient_clip))
    if not math.isfinite(norm):
        _refuse("gradient's norm", norm, step, optimizer)
    optimizer.step()
    return total


def parts_of(exercise: Exercise, budget: int) -> list[Exercise]:
    """The exercise in parts of at most `budget` tokens, at least a row each; whole if the budget is 0."""
    rows, length = exercise.tokens.shape
    together = rows if not budget else max(1, budget // length)
    return [exercise.take(slice(start, start + together)) for start in range(0, rows, together)]


def _of_body(course: Course, step: int, steps: int) -> float:
    """A new head learns alone at first; then the body's rate comes up to the schedule's over as many steps."""
    if not any(name.startswith("head") for name in course.parameters):
        return 1.0
    alone = course.settings.head_first_share * steps
    return min(1.0, max(0.0, (step - alone) / max(1.0, alone)))


def _refuse(what: str, value: float, step: int, optimizer: torch.optim.Optimizer) -> None:
    rate = max(group["lr"] for group in optimizer.param_groups)
    raise TrainingError(
        f"The {what} is {value} at step {step} (learning rate {rate:.2e}).",
        remedy="The last good state is kept; lower learning_rate, or set precision = 'float32', and run again.",
    )
