"""Losses of classification, with weights against imbalance and with focus on what is hard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.settings import TuneSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClassTargets:
    """What a classifier is to give, and how much each class weighs.

    Attributes
    ----------
    truth
        Shape (texts,): class numbers; or (texts, labels) of 0 and 1 where a text may have any number of labels.
    focal_gamma
        0 is cross-entropy; more takes weight from what is right already (Lin et al. 2017, eq. 4).
    weight
        Shape (labels,): of a class; of the positives of a label. None where all weigh the same.
    """

    truth: torch.Tensor
    focal_gamma: float
    weight: torch.Tensor | None = None


def balanced(targets: T, training: NDArray[np.int64], labels: int, settings: TuneSettings) -> T:
    """The targets of any task, with the weights that the settings ask for, as the rows of `training` give them.

    "balanced" gives every class the same total weight, mean 1; the positives of a label as much as its negatives. What
    validates or tests is not counted.
    """
    import torch

    if not isinstance(targets, ClassTargets) or settings.class_weights != "balanced":
        return targets
    truth = targets.truth[torch.from_numpy(training)]
    if truth.ndim == 1:
        counts = torch.bincount(truth, minlength=labels).float().clamp(min=1)
        weight = len(truth) / (labels * counts)
    else:
        positives = truth.sum(dim=0).clamp(min=1)
        weight = (len(truth) - positives).clamp(min=1) / positives
    return replace(targets, weight=weight)


def classification_loss(outputs: torch.Tensor, rows: torch.Tensor, targets: ClassTargets) -> torch.Tensor:
    """Mean loss of the texts in `rows`: cross-entropy, or binary cross-entropy over all labels."""
    import torch
    from torch.nn import functional

    truth = targets.truth[rows]
    if truth.ndim == 1:
        each = functional.cross_entropy(outputs, truth, reduction="none")
        if targets.focal_gamma:
            each = _focused(each, targets.focal_gamma)
        if targets.weight is None:
            return each.mean()
        weight = targets.weight[truth]
        return (weight * each).sum() / weight.sum()
    each = functional.binary_cross_entropy_with_logits(outputs, truth, reduction="none")
    if targets.focal_gamma:
        each = _focused(each, targets.focal_gamma)
    if targets.weight is not None:
        each = torch.where(truth > 0.5, each * targets.weight, each)
    return each.mean()


def _focused(each: torch.Tensor, gamma: float) -> torch.Tensor:
    """Losses that weigh less the surer the model is of what is right.

    Of a text that it is wholly sure of, a power below 1 has no slope at nothing: it is bounded away from there.
    """
    import torch

    doubt = (1 - torch.exp(-each)).clamp(min=torch.finfo(each.dtype).tiny)
    focused: torch.Tensor = doubt**gamma * each
    return focused


def classification_units(rows: torch.Tensor, targets: ClassTargets) -> float:
    """Over how much `classification_loss` takes the mean: the weights of the classes, or the texts."""
    if targets.truth.ndim > 1 or targets.weight is None:
        return float(len(rows))
    return float(targets.weight[targets.truth[rows]].sum())
