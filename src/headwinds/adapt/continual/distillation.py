"""The old model's answers held while new rows are learnt: learning without forgetting (Li, Hoiem 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from headwinds.adapt.methods.contract import Penalty
    from headwinds.adapt.training.batches import Batch


def distillation_penalty(
    answers: torch.Tensor, held: torch.Tensor, *, several: bool, weight: float, temperature: float
) -> Penalty:
    """What a batch's outputs for the old labels lack of the old model's, as a mean over the batch's texts.

    Of one label of several the Kullback-Leibler divergence of the softened shares, times the temperature squared so that its
    gradient keeps its size (Hinton et al. 2015, sec. 2); of any number of labels the cross-entropy of each less its least
    value.

    Parameters
    ----------
    answers
        The old model's logits of every text, shape (texts, old labels).
    held
        Shape (texts,): whether the text counts.
    """
    import torch
    from torch.nn import functional

    def penalty(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        rows = torch.from_numpy(batch.rows)
        old, new = answers[rows] / temperature, outputs[:, : answers.shape[1]].float() / temperature
        if several:
            shares = torch.sigmoid(old)
            each = functional.binary_cross_entropy_with_logits(new, shares, reduction="none")
            least = functional.binary_cross_entropy_with_logits(old, shares, reduction="none")
            lack = (each - least).mean(dim=1)
        else:
            known, said = functional.log_softmax(old, dim=1), functional.log_softmax(new, dim=1)
            lack = (known.exp() * (known - said)).sum(dim=1)
        return weight * temperature**2 * (lack * held[rows]).sum() / len(rows)

    return penalty
