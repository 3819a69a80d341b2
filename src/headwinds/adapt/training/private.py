"""Differentially private training of a head (DP-SGD: Abadi et al. 2016, algorithm 1), by Opacus's optimiser and accountants.

Covered: the weights and biases of the head, with respect to adding or taking away one training row. Every row enters a step
by its own coin (Poisson sampling), its gradient is computed alone and clipped, and Gaussian noise is added to the sum.

Not covered, and said in the model's own facts: validation rows (temperature, slopes and thresholds are fitted to them), the
names of the labels, the number of rows, the fingerprint of the files, what the encoder learnt before, several rows of one
person, and whoever can read the memory or time the computation. The noise is drawn by torch's generator, seeded by the
operating system: not by a cryptographic one, and floating-point numbers leave traces of what was added (Mironov 2012).
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Optimised
from headwinds.adapt.training.accountant import ACCOUNTANT, Steps, epsilon_of, least_noise, spent_epsilon
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.frozen import forward_of, freeze_states
from headwinds.adapt.training.progress import watch
from headwinds.adapt.training.row_gradients import linear_row_gradients
from headwinds.adapt.training.state import Position
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding
from headwinds.errors import SettingsError
from headwinds.extras import require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import torch

    from headwinds.adapt.methods.contract import Fitting
    from headwinds.adapt.training.batches import Batch

UNIT = "one training row"
NOT_COVERED = (
    "validation rows, label names, the number of rows, fingerprints of the files, what the encoder learnt before, several "
    "rows of one person"
)


@dataclass(frozen=True, slots=True)
class PrivacySpent:
    """What a private training spent; stands in the model's decoder under `privacy`.

    Attributes
    ----------
    epsilon, delta
        By the accountant named.
    accountant
        "prv": numerical composition of privacy loss distributions (Gopi, Lee, Wutschitz 2021).
    epsilon_renyi
        The same by Rényi differential privacy (Mironov, Talwar, Zhang 2019), which is never too small; NaN is not possible.
    noise, clip
        Standard deviation of the noise over the clipping norm; the norm.
    sample_rate, steps, rows
        Chance of a row to be in a step; how many steps; training rows.
    unit, not_covered
        Whose privacy; and whose not.
    secret
        False where the noise came from the setting's seed, so that who knows the seed can take it off.
    """

    epsilon: float
    delta: float
    accountant: str
    epsilon_renyi: float
    noise: float
    clip: float
    sample_rate: float
    steps: int
    rows: int
    unit: str
    not_covered: str
    secret: bool


@dataclass(frozen=True, slots=True)
class PrivacyTotal:
    """What several models of the same rows spent together: who sees all of them learns so much of a training row at most."""

    models: int
    epsilon: float
    delta: float


def spent_together(every: Sequence[PrivacySpent]) -> PrivacyTotal:
    """The composition of several private trainings, by the accountant that counted each, at the smallest delta of theirs."""
    delta = min(one.delta for one in every)
    steps = tuple(Steps(one.noise, one.sample_rate, one.steps) for one in every)
    return PrivacyTotal(len(every), epsilon_of(ACCOUNTANT, steps, delta), delta)


def told_together(decoders: Sequence[Mapping[str, Any]]) -> tuple[PrivacyTotal | None, tuple[Finding, ...]]:
    """What the models with these decoders spent together, and that it is more than each says; None where none is private."""
    every = [PrivacySpent(**one["privacy"]) for one in decoders if one.get("privacy")]
    if not every:
        return None, ()
    total = spent_together(every)
    if total.models == 1:
        return total, ()
    return total, (
        Finding(
            "W224",
            f"The {total.models} models learnt in private from the same rows, and each tells its own epsilon: together they "
            f"spent {total.epsilon:.2f} at delta {total.delta:g}. Rows that validated for any of them are not covered.",
            "Say this epsilon where more than one of the models, or a choice among them, is given away.",
        ),
    )


def optimise_privately(fitting: Fitting) -> Optimised:
    """Train the head alone, from zero, so that the given epsilon is spent; the last weights are kept.

    An interrupted training begins anew with new noise: nothing of it was released.

    Raises
    ------
    SettingsError
        Delta is not below 1 / rows, the epsilon cannot be reached, the extra `privacy` is not installed, or a loss
        compares rows.
    Interrupted
        A signal came.
    """
    import torch

    require("opacus")
    network, settings, rows = fitting.network, fitting.settings, fitting.data.training
    spent = plan_privacy(
        len(rows),
        epsilon=settings.private_epsilon,
        delta=settings.private_delta,
        clip=settings.private_clip,
        batch=settings.private_batch,
        epochs=settings.epochs,
        secret=not settings.private_reproducible,
    )
    task = fitting.task
    targets = task.targets(fitting.data.examples, fitting.encoded, fitting.data.labels, settings)
    padding = int(fitting.tokenizer.pad_token_id or 0)
    if task.loss_units(collate(fitting.encoded, rows[:1], padding_id=padding), targets) is None:
        raise SettingsError(
            f"private_epsilon cannot be used with {task.name}: its loss compares rows with each other.",
            remedy="Leave it at 0.",
        )
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith("head"))
    head = [network.head.weight, network.head.bias]
    with torch.no_grad():
        for parameter in head:  # what the task made of the training rows' shares must not remain
            parameter.zero_()
    network.eval()
    forward = forward_of(network, freeze_states(network, fitting.encoded, settings, fitting.precision))

    def summed_loss(batch: Batch) -> torch.Tensor:
        # Every row weighs the same, as weights of classes are refused: the mean is over so many rows.
        summed: torch.Tensor = task.loss(forward(batch), batch, targets) * len(batch.rows)
        return summed

    def gradients(chosen: Sequence[int]) -> tuple[torch.Tensor, ...]:
        parts = plan_batches(fitting.encoded, rows[list(chosen)], batch_tokens=settings.batch_tokens)
        found = [
            linear_row_gradients(
                network.head, summed_loss, collate(fitting.encoded, part, padding_id=padding)
            )
            for part in parts
        ]
        return tuple(torch.cat(own) for own in zip(*found, strict=True))

    seed = derive_seed(settings.seed, "private") if settings.private_reproducible else secrets.randbits(63)
    with watch(fitting.title, spent.steps, quiet=fitting.quiet) as progress:
        private_steps(
            head,
            gradients,
            spent,
            learning_rate=settings.head_learning_rate,
            seed=seed,
            after_step=lambda step: progress.update(step, f"epsilon {spent.epsilon:.2f} at the end"),
        )
    position = Position(epoch=settings.epochs, step=spent.steps, finished=True)
    # Neither loss nor score of an epoch is told: the training rows are in them without noise.
    return Optimised(position, privacy=asdict(spent))


def plan_privacy(
    rows: int, *, epsilon: float, delta: float, clip: float, batch: int, epochs: int, secret: bool = True
) -> PrivacySpent:
    """The noise with which `epochs` passes spend at most `epsilon`.

    Raises
    ------
    SettingsError
        Delta is not below 1 / rows, or no noise is enough.
    """
    require("opacus")
    if delta >= 1 / rows:
        raise SettingsError(
            f"private_delta = {delta:g} is not below 1 / {rows} training rows: giving a whole row away would be allowed.",
            remedy="Lower it.",
        )
    rate = min(1.0, batch / rows)
    steps = max(1, round(epochs / rate))
    try:
        noise = least_noise(epsilon, delta, rate, steps)
    except (ValueError, RuntimeError) as error:
        raise SettingsError(
            f"private_epsilon = {epsilon:g} cannot be reached in {steps} steps: {error}.",
            remedy="Raise it, or lower epochs.",
        ) from error
    return PrivacySpent(
        epsilon=spent_epsilon(ACCOUNTANT, noise=noise, sample_rate=rate, steps=steps, delta=delta),
        delta=delta,
        accountant=ACCOUNTANT,
        epsilon_renyi=spent_epsilon("rdp", noise=noise, sample_rate=rate, steps=steps, delta=delta),
        noise=noise,
        clip=clip,
        sample_rate=rate,
        steps=steps,
        rows=rows,
        unit=UNIT,
        not_covered=NOT_COVERED,
        secret=secret,
    )


def private_steps(
    parameters: Sequence[torch.nn.Parameter],
    gradients: Callable[[Sequence[int]], tuple[torch.Tensor, ...]],
    spent: PrivacySpent,
    *,
    learning_rate: float,
    seed: int,
    after_step: Callable[[int], None] | None = None,
) -> None:
    """Take the steps that were planned, in place; `gradients` gives those of each of some rows, stacked, in any order.

    Opacus samples the rows, clips, adds the noise, and divides by the expected batch, whatever came.
    """
    import torch
    from opacus.optimizers import DPOptimizer
    from opacus.utils.uniform_sampler import UniformWithReplacementSampler

    draws = torch.Generator().manual_seed(seed)
    noise = torch.Generator().manual_seed(derive_seed(seed, "noise"))
    optimizer: Any = DPOptimizer(
        torch.optim.Adam(list(parameters), lr=learning_rate),
        noise_multiplier=spent.noise,
        max_grad_norm=spent.clip,
        expected_batch_size=max(1, round(spent.sample_rate * spent.rows)),
        generator=noise,
    )
    sampler = UniformWithReplacementSampler(
        num_samples=spent.rows, sample_rate=spent.sample_rate, generator=draws, steps=spent.steps
    )
    for step, chosen in enumerate(sampler):
        raise_if_stopped()
        optimizer.zero_grad()
        each = gradients(chosen) if chosen else [own.new_zeros((0, *own.shape)) for own in parameters]
        for parameter, own in zip(parameters, each, strict=True):
            parameter.grad_sample = own  # type: ignore[attr-defined]
        optimizer.step()
        if after_step is not None:
            after_step(step + 1)
    optimizer.zero_grad()
