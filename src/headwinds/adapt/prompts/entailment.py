"""Text classification by entailment: the task as it is for method `zero-shot` with a checkpoint that tells entailment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.prompts.models import load_for_prompts
from headwinds.adapt.tasks.text_classification import LabelledText, TextClassification
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.networks.entailed import EntailmentScorer
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class EntailedClassification(TextClassification):
    """A text is the premise, the description of each label a hypothesis (Yin, Hay, Roth 2019)."""

    entailment: int = 0
    memory: Mapping[str, Any] = field(default_factory=dict)

    def load(self, checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
        """The classifier of pairs."""
        return load_for_prompts(checkpoint, "entailment", dropout=dropout)

    def encode(
        self, examples: LabelledText, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """Windows of each text with each label's description, which stands whole in all of them.

        Raises
        ------
        DataError
            The texts are pairs, or a description leaves no room.
        """
        import numpy as np

        if examples.seconds is not None:
            raise DataError(
                "Zero-shot by entailment reads a text beside a label's description, and these are pairs of texts.",
                remedy="Put each pair into one text.",
            )
        described = [
            f"This text is about {text.partition(': ')[2] or text}." for text in self.memory["descriptions"]
        ]
        special = tokenizer.num_special_tokens_to_add(pair=True)
        lengths = [len(ids) for ids in tokenizer(described, add_special_tokens=False)["input_ids"]]
        room = max_tokens - special - max(lengths)
        if room < max_tokens // 4:
            label = self.memory["labels"][int(np.argmax(lengths))]
            raise DataError(
                f"The codebook's description of {label!r} leaves {max(room, 0)} of {max_tokens} tokens for a text.",
                remedy="Shorten it.",
            )
        count = len(described)
        coded = tokenizer(
            [text for text in examples.texts for _ in described],
            described * len(examples.texts),
            truncation="only_first",
            max_length=max_tokens,
            stride=room // 8,
            return_overflowing_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=True,
        )
        each = np.bincount(np.array(coded["overflow_to_sample_mapping"]), minlength=count * len(examples.ids))
        each = each.reshape(-1, count)
        plain = tokenizer(list(examples.texts), add_special_tokens=False, verbose=False)["input_ids"]
        first: NDArray[np.int64] = np.concatenate([[0], np.cumsum(each.sum(axis=1))]).astype(np.int64)
        typed = "token_type_ids" in tokenizer.model_input_names
        return EncodedTexts(
            [np.array(ids, dtype=np.int32) for ids in coded["input_ids"]],
            first,
            np.array([len(ids) for ids in plain], dtype=np.int64),
            types=[np.array(own, dtype=np.int32) for own in coded["token_type_ids"]] if typed else None,
            marks=np.cumsum(each, axis=1)[:, :-1].astype(np.int64),
        )

    def network(  # type: ignore[override]
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> EntailmentScorer:
        """See the contract."""
        from headwinds.adapt.networks.entailed import EntailmentScorer

        return EntailmentScorer(encoder, len(labels), self.entailment)

    def initialise(
        self,
        network: Any,
        examples: LabelledText,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """Nothing is new."""
