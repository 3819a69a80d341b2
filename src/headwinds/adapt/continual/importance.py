"""Elastic weight consolidation: weights that mattered for what was learnt before are held near where they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from headwinds.adapt.training.batches import collate
from headwinds.adapt.training.precision import Precision, autocast
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.methods.contract import Penalty
    from headwinds.adapt.training.batches import Batch

Forward = Callable[["Batch"], "torch.Tensor"]


def fisher_diagonal(
    forward: Forward,
    parameters: dict[str, torch.nn.Parameter],
    encoded: EncodedTexts,
    rows: NDArray[np.int64],
    *,
    known: int,
    several: bool,
    padding_id: int,
    precision: Precision,
    seed: int,
) -> dict[str, torch.Tensor]:
    """Diagonal of the Fisher information of each parameter, a mean over `rows`.

    The squared gradient of the log likelihood of labels that are drawn from the model itself, text by text: with the given
    labels it would be the empirical Fisher, which is another thing (Kunstner et al. 2019). Labels that the old model did
    not know (from `known` on) are left out.

    Parameters
    ----------
    known
        Number of labels of the old model, which come first.
    several
        Whether a text may have any number of labels.
    """
    import torch
    from torch.nn import functional

    found = {name: torch.zeros_like(value, dtype=torch.float32) for name, value in parameters.items()}
    generator = torch.Generator().manual_seed(derive_seed(seed, "fisher") % 2**63)
    # As in training the head drops out, by draws of its own: else the weights hung on what the process drew before.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "fisher dropout") % 2**63)
        for row in rows:
            batch = collate(encoded, [int(row)], padding_id=padding_id)
            with autocast("cpu", precision):
                outputs = forward(batch)
            logits = outputs[:, :known].float()
            with torch.no_grad():
                if several:
                    drawn = torch.bernoulli(torch.sigmoid(logits), generator=generator)
                else:
                    drawn = torch.multinomial(torch.softmax(logits, dim=1), 1, generator=generator)[:, 0]
            loss = (
                functional.binary_cross_entropy_with_logits(logits, drawn, reduction="sum")
                if several
                else functional.cross_entropy(logits, drawn, reduction="sum")
            )
            slopes = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
            for name, slope in zip(parameters, slopes, strict=True):
                if slope is not None:
                    found[name] += slope.float() ** 2 / len(rows)
    return found


def elastic_penalty(
    parameters: dict[str, torch.nn.Parameter], fisher: dict[str, torch.Tensor], strength: float
) -> Penalty:
    """Half the strength times the squared moves of the parameters, weighted by `fisher` (Kirkpatrick et al. 2017, eq. 3).

    The moves are from where the parameters are now.
    """
    start = {name: value.detach().clone() for name, value in parameters.items()}

    def penalty(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        total: Any = sum(
            (fisher[name] * (value.float() - start[name]) ** 2).sum() for name, value in parameters.items()
        )
        held: torch.Tensor = 0.5 * strength * total
        return held

    return penalty
