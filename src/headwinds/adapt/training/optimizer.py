"""AdamW with a linear warm-up and a decay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import torch


class Rates(Protocol):
    """The settings that an optimiser needs, of whatever is trained."""

    @property
    def learning_rate(self) -> float:
        """Peak rate of all but the head."""

    @property
    def head_learning_rate(self) -> float:
        """Peak rate of the head."""

    @property
    def weight_decay(self) -> float:
        """Of matrices."""


def make_optimizer(
    parameters: Mapping[str, torch.nn.Parameter], settings: Rates, *, heads: Collection[str] = ()
) -> torch.optim.AdamW:
    """AdamW (Loshchilov, Hutter 2019): weight decay on matrices only, a rate of its own for the head.

    The head is what has a name that begins so, and what `heads` names beside it: a checkpoint's own classifier stands
    inside of it. Every group carries `peak`, its learning rate at the end of the warm-up.
    """
    import torch

    groups = []
    for is_head in (False, True):
        for is_matrix in (False, True):
            members = [
                value
                for name, value in parameters.items()
                if (name.startswith("head") or name in heads) == is_head and (value.ndim >= 2) == is_matrix
            ]
            if members:
                peak = settings.head_learning_rate if is_head else settings.learning_rate
                decay = settings.weight_decay if is_matrix else 0.0
                groups.append(
                    {"params": members, "lr": peak, "peak": peak, "weight_decay": decay, "head": is_head}
                )
    return torch.optim.AdamW(groups, fused=True)


def learning_rate_share(
    step: int, *, steps: int, warmup_share: float, schedule: str = "linear", decay_share: float = 0.0
) -> float:
    """Share of the peak rate at `step` (1-based) of `steps`: linear up over the warm-up, then down.

    "linear" reaches zero at the last step, and so does "cosine" by half a wave (Loshchilov, Hutter 2017); "trapezoid" stays
    at the peak and falls in the last `decay_share` of the steps (Zhai et al. 2022); "inverse-sqrt" falls with the square
    root of the step (Vaswani et al. 2017, sec. 5.3) and so does not hang on the number of steps.
    """
    warmup = max(1.0, warmup_share * steps)
    if step <= warmup:
        return step / warmup
    if schedule == "inverse-sqrt":
        return float((warmup / step) ** 0.5)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1.0, steps - warmup)))
    if schedule == "trapezoid":
        return min(1.0, max(0.0, (steps - step) / max(1.0, decay_share * steps)))
    return max(0.0, (steps - step) / max(1.0, steps - warmup))


def set_learning_rate(optimizer: torch.optim.Optimizer, share: float, *, of_body: float = 1.0) -> None:
    """Set every group to `share` of its peak; those that are no head to `of_body` of that."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share * (1.0 if group["head"] else of_body)
