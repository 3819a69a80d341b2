"""AdamW with a linear warm-up and a decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from headwinds.adapt.settings import TuneSettings


def make_optimizer(parameters: Mapping[str, torch.nn.Parameter], settings: TuneSettings) -> torch.optim.AdamW:
    """AdamW (Loshchilov, Hutter 2019): weight decay on matrices only, a rate of its own for the head.

    Every group carries `peak`, its learning rate at the end of the warm-up.
    """
    import torch

    groups = []
    for is_head in (False, True):
        for is_matrix in (False, True):
            members = [
                value
                for name, value in parameters.items()
                if name.startswith("head") == is_head and (value.ndim >= 2) == is_matrix
            ]
            if members:
                peak = settings.head_learning_rate if is_head else settings.learning_rate
                decay = settings.weight_decay if is_matrix else 0.0
                groups.append({"params": members, "lr": peak, "peak": peak, "weight_decay": decay})
    return torch.optim.AdamW(groups, fused=True)


def learning_rate_share(step: int, *, steps: int, warmup_share: float, schedule: str = "linear") -> float:
    """Share of the peak rate at `step` (1-based) of `steps`: linear up over the warm-up, then down.

    "linear" reaches zero at the last step; "inverse-sqrt" falls with the square root of the step (Vaswani et al. 2017,
    sec. 5.3) and so does not hang on the number of steps.
    """
    warmup = max(1.0, warmup_share * steps)
    if step <= warmup:
        return step / warmup
    if schedule == "inverse-sqrt":
        return float((warmup / step) ** 0.5)
    return max(0.0, (steps - step) / max(1.0, steps - warmup))


def set_learning_rate(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Set every group to `share` of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share
