"""The training loop: token-budget batches, bfloat16 autocast, AdamW, clipping, early stopping, exact resume."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.optimizer import learning_rate_share, make_optimizer, set_learning_rate
from headwinds.adapt.training.precision import Precision, autocast
from headwinds.adapt.training.progress import Progress
from headwinds.adapt.training.resampling import draw_balanced
from headwinds.adapt.training.state import EpochRecord, Position, load_state, save_state
from headwinds.adapt.training.team import ALONE
from headwinds.adapt.training.weights import Weights
from headwinds.artifacts.interruption import raise_if_stopped, stop_requested
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.team import Team

SECONDS_BETWEEN_SAVES = 30.0

LossFunction = Callable[["torch.Tensor", "Batch"], "torch.Tensor"]
AfterEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Encoded texts, which of them train, and the loss of a batch of them.

    `loss` takes the network's outputs and the batch that they are of; `ids` name the texts in messages; `loss_units` says
    over how much the loss of a batch is a mean, None where a batch cannot be computed in parts. `penalty` comes to the loss,
    and is a mean over the batch's texts, or the same for all. `classes` are those of the training rows, by which they are
    drawn with `resampling`; None where every row comes once an epoch.
    """

    encoded: EncodedTexts
    loss: LossFunction
    training_rows: NDArray[np.int64]
    padding_id: int
    ids: tuple[str, ...]
    loss_units: Callable[[Batch], float | None] | None = None
    penalty: LossFunction | None = None
    classes: NDArray[np.int64] | None = None


def plan_epochs(data: TrainingData, settings: TuneSettings) -> list[list[NDArray[np.int64]]]:
    """The batches of every epoch, each in an order of its own that the seed decides, as the rows of each are."""
    drawn = [data.training_rows] * settings.epochs
    if data.classes is not None:
        drawn = draw_balanced(data.classes, data.training_rows, epochs=settings.epochs, seed=settings.seed)
    return [_plan(data, rows, settings, epoch) for epoch, rows in enumerate(drawn)]


def train(
    module: torch.nn.Module,
    forward: Callable[[Batch], torch.Tensor],
    parameters: dict[str, torch.nn.Parameter],
    plans: list[list[NDArray[np.int64]]],
    data: TrainingData,
    validation_score: Callable[[], float] | None,
    settings: TuneSettings,
    *,
    precision: Precision,
    state_path: Path,
    progress: Progress,
    after_epoch: AfterEpoch | None = None,
    team: Team = ALONE,
) -> Position:
    """Train `module` in place and leave it with the weights of the best validation score; None keeps the last ones.

    Where validation gives no score at all (NaN), every epoch is made and the last weights are kept.

    The state is saved to `state_path` at every epoch's end, every half minute, and when a signal asks to stop; if the
    file exists the run goes on from it, and ends with the same bits as a run that was never interrupted. `after_epoch` is
    told of every epoch once it is saved, after an interruption also of those before; what it raises ends the training.

    Of several processes (`team`) each calls this with the same plans: every batch is shared among them, and its gradient is
    that of the whole batch, whatever the loss is a mean over.

    Raises
    ------
    TrainingError
        The loss is not finite; the last saved state is left as it was.
    Interrupted
        A signal came; the state is saved.
    """
    import torch

    torch.manual_seed(derive_seed(settings.seed, "dropout"))
    optimizer = make_optimizer(parameters, settings, heads=getattr(module, "head_names", ()))
    weights = Weights(parameters, settings.average_decay)
    position = load_state(state_path, weights, optimizer, team)
    if after_epoch is not None:
        for record in position.history:
            after_epoch(record)
    steps = sum(len(plan) for plan in plans)
    saved_at = started_at = time.monotonic()
    before = position.seconds
    while not position.finished:
        plan = plans[position.epoch]
        module.train()
        while position.batch < len(plan):
            rows = plan[position.batch]
            parts = _parts(data, rows, settings, team)
            position.step += 1
            team.seed_step(settings.seed, position.step)
            share = learning_rate_share(
                position.step, steps=steps, warmup_share=settings.warmup_share, schedule=settings.schedule
            )
            set_learning_rate(optimizer, share)
            own_loss = _step(
                forward, parameters, parts, len(rows), data, optimizer, settings, precision, position, team
            )
            weights.follow(position.step)
            position.batch += 1
            now = time.monotonic()
            wanted = team.first and (stop_requested() or now - saved_at > SECONDS_BETWEEN_SAVES)
            own_tokens = sum(part.input_ids.numel() for part, share in parts if share)
            loss, tokens, saving = team.sum([own_loss, own_tokens, float(wanted)])
            position.loss_sum += loss * len(rows)
            position.tokens += int(tokens)
            position.seconds = before + now - started_at
            progress.update(position.step, _describe(position, loss, now - started_at))
            if saving:
                save_state(state_path, position, weights, optimizer, team)
                raise_if_stopped()
                saved_at = time.monotonic()
        _end_epoch(weights, data, validation_score, settings, position, team)
        save_state(state_path, position, weights, optimizer, team)
        if after_epoch is not None:
            after_epoch(position.history[-1])
        raise_if_stopped()
        saved_at = time.monotonic()
    best = position.best_score
    progress.update(
        steps, f"best validation score {best:.3f}" if math.isfinite(best) else "no validation score"
    )
    weights.keep_best()
    return position


def _plan(
    data: TrainingData, rows: NDArray[np.int64], settings: TuneSettings, epoch: int
) -> list[NDArray[np.int64]]:
    import numpy as np

    generator = np.random.default_rng(derive_seed(settings.seed, "batches", epoch))
    return plan_batches(data.encoded, rows, batch_tokens=settings.batch_tokens, generator=generator)


def _parts(
    data: TrainingData, rows: NDArray[np.int64], settings: TuneSettings, team: Team = ALONE
) -> list[tuple[Batch, float]]:
    """The batch, or the parts in which it is computed here, each with its share of the batch's loss."""
    budget = settings.micro_batch_tokens
    at_once = not budget or budget >= settings.batch_tokens
    own = team.own_rows(rows)
    if at_once and team.size == 1:
        return [(collate(data.encoded, rows, padding_id=data.padding_id), 1.0)]
    pieces = [own] if at_once else plan_batches(data.encoded, own, batch_tokens=budget)
    batches = [collate(data.encoded, piece, padding_id=data.padding_id) for piece in pieces if len(piece)]
    units = [data.loss_units(batch) if data.loss_units else None for batch in batches]
    known = [unit for unit in units if unit is not None]
    if len(known) < len(units):
        cut = f"micro_batch_tokens = {budget}" if team.size == 1 else f"processes = {team.size}"
        raise SettingsError(
            f"{cut}, but here the texts of a batch are compared with each other.",
            remedy=f"Leave it at {0 if team.size == 1 else 1}, and lower batch_tokens if memory is short.",
        )
    [total] = team.sum([sum(known)])
    parts = [(batch, unit / total) for batch, unit in zip(batches, known, strict=True)]
    idle = team.own_parts(len(parts)) - len(parts)
    filler = [(collate(data.encoded, rows[:1], padding_id=data.padding_id), 0.0)] if idle else []
    return parts + idle * filler


def _step(
    forward: Callable[[Batch], torch.Tensor],
    parameters: dict[str, torch.nn.Parameter],
    parts: list[tuple[Batch, float]],
    count: int,
    data: TrainingData,
    optimizer: torch.optim.Optimizer,
    settings: TuneSettings,
    precision: Precision,
    position: Position,
    team: Team,
) -> float:
    """One step of the optimiser on a batch of `count` texts; this process's share of the batch's loss."""
    import torch

    optimizer.zero_grad(set_to_none=True)
    total = 0.0
    device = next(iter(parameters.values())).device
    for batch, share in parts:
        with autocast(device.type, precision):
            outputs = forward(batch.to(device))
        given = outputs.cpu()
        terms = [(data.loss(given, batch), share)]
        if data.penalty is not None:
            terms.append((data.penalty(given, batch), len(batch.rows) / count if share else 0.0))
        values = [float(term.detach()) for term, _ in terms]
        for value in values:
            if not math.isfinite(value):
                _refuse(value, "loss", data, batch, optimizer, position)
        total += sum(value * part for value, (_, part) in zip(values, terms, strict=True))
        weighted = [_weighted(term, part * team.loss_factor()) for term, part in terms]
        (weighted[0] if len(weighted) == 1 else weighted[0] + weighted[1]).backward()  # type: ignore[no-untyped-call]
    team.sum_gradients(parameters.values())
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), settings.gradient_clip)
    length = team.number(norm)
    if not math.isfinite(length):
        _refuse(length, "gradient norm", data, parts[0][0] if parts else None, optimizer, position)
    optimizer.step()
    return total


def _weighted(value: torch.Tensor, weight: float) -> torch.Tensor:
    return value if weight == 1.0 else value * weight


def _refuse(
    value: float,
    what: str,
    data: TrainingData,
    batch: Batch | None,
    optimizer: torch.optim.Optimizer,
    position: Position,
) -> None:
    names = ", ".join(data.ids[int(row)] for row in batch.rows[:3]) if batch is not None else "of others"
    rate = max(group["lr"] for group in optimizer.param_groups)
    raise TrainingError(
        f"The {what} is {value} at step {position.step} (learning rate {rate:.2e}, passages {names}, ...).",
        remedy="The last good state is kept; lower learning_rate, or set precision = 'float32', and run again.",
    )


def _end_epoch(
    weights: Weights,
    data: TrainingData,
    validation_score: Callable[[], float] | None,
    settings: TuneSettings,
    position: Position,
    team: Team,
) -> None:
    if validation_score is None:
        score = float(position.epoch + 1)
    else:
        with weights.averaged():
            score = team.score(validation_score)
    mean_loss = position.loss_sum / len(data.training_rows)
    position.history.append(EpochRecord(position.epoch + 1, mean_loss, score, position.tokens))
    undefined = (
        math.isnan(score) and position.best_score == -math.inf
    )  # says nothing: the last weights are kept
    if score > position.best_score or undefined:
        position.best_score, position.epochs_without_gain = -math.inf if undefined else score, 0
        weights.remember()
    else:
        position.epochs_without_gain += 1
    position.epoch, position.batch, position.loss_sum, position.tokens = position.epoch + 1, 0, 0.0, 0
    position.finished = position.epoch == settings.epochs or position.epochs_without_gain >= settings.patience


def _describe(position: Position, loss: float, elapsed: float) -> str:
    tokens = position.tokens + sum(record.tokens for record in position.history)
    rate = tokens / max(position.seconds, 1e-9) if elapsed >= 0 else 0.0
    return f"epoch {position.epoch + 1}, loss {loss:.3f}, {rate:,.0f} tokens/s"
