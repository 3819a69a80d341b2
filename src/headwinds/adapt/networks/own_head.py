"""The network of an imported text classifier: the checkpoint with its own classifier, as it came or trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from headwinds.adapt.networks.generator import mask_of
from headwinds.errors import MismatchError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from headwinds.adapt.training.batches import Batch


class OwnHead(nn.Module):
    """Logits of each label for each text; of a text that needs several windows the mean of theirs."""

    own_head = True

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder

    @property
    def body(self) -> Any:
        """What sees the texts: the checkpoint without its classifier."""
        return self.encoder.base_model

    def last_layer(self) -> tuple[str, nn.Linear] | None:
        """Name and layer whose outputs are the logits: the one of their number beside the body; None if unsure."""
        found = [
            (name, module)
            for name, module in self.encoder.named_modules()
            if isinstance(module, nn.Linear)
            and module.out_features == self.encoder.config.num_labels
            and not name.startswith(f"{self.encoder.base_model_prefix}.")
        ]
        sure = len(found) == 1 and self.body is not self.encoder
        return found[0] if sure else None

    @property
    def head_names(self) -> tuple[str, ...]:
        """Names of the parameters of the last layer, which have the head's learning rate; none where it is not sure."""
        last = self.last_layer()
        if last is None:
            return ()
        return tuple(f"encoder.{last[0]}.{name}" for name, _ in last[1].named_parameters())

    def grow(self, labels: tuple[str, ...], *, seed: int) -> None:
        """Give outputs to labels beyond those that there are: small random weights, as where a model begins, and no bias.

        Raises
        ------
        MismatchError
            Nobody can say which layer gives the labels.
        """
        config: Any = self.encoder.config
        known = config.num_labels
        if len(labels) == known:
            return
        last = self.last_layer()
        if last is None:
            raise MismatchError(
                f"The imported model ({config.model_type}) has no layer of which it is sure that it gives the labels.",
                remedy="Tune anew from the checkpoint on all rows.",
            )
        name, old = last
        new = nn.Linear(old.in_features, len(labels), bias=old.bias is not None, dtype=old.weight.dtype)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            new.weight.normal_(0.0, 0.02, generator=generator)
            new.weight[:known].copy_(old.weight)
            if old.bias is not None:
                new.bias.zero_()
                new.bias[:known].copy_(old.bias)
        above, _, own = name.rpartition(".")
        setattr(self.encoder.get_submodule(above), own, new)
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
        if hasattr(self.encoder, "num_labels"):
            self.encoder.num_labels = len(labels)

    def switch_off_dropout(self) -> None:
        """As in networks of ours: whatever layers drop, by a module of their own or by a share that they hold."""
        for module in self.encoder.modules():
            for name, value in list(vars(module).items()):
                if isinstance(value, float) and ("drop" in name or isinstance(module, nn.Dropout)):
                    setattr(module, name, 0.0)

    def added(self, batch: Batch) -> torch.Tensor | None:
        """Nothing comes to the word embeddings."""
        return None

    def forward(self, batch: Batch, states: torch.Tensor | None = None) -> torch.Tensor:
        """Return logits in float32, shape (texts, labels)."""
        arguments: dict[str, Any] = {"input_ids": batch.input_ids, "attention_mask": mask_of(batch)}
        if batch.types is not None:
            arguments["token_type_ids"] = batch.types
        logits: torch.Tensor = self.encoder(**arguments).logits.float()
        if len(batch.rows) == len(logits):
            return logits
        texts = len(batch.rows)
        total = logits.new_zeros(texts, logits.shape[1]).index_add_(0, batch.owner, logits)
        number = logits.new_zeros(texts, 1).index_add_(0, batch.owner, logits.new_ones(len(logits), 1))
        return total / number
