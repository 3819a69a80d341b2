"""Text classification by a gap: the task as it is for method `cloze`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.prompts.models import load_for_prompts
from headwinds.adapt.prompts.patterns import CLOZE, CLOZE_OF_DECODER, encode_patterns, read_pattern
from headwinds.adapt.prompts.verbaliser import MOST_WORDS
from headwinds.adapt.tasks.text_classification import LabelledText, TextClassification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.networks.gaps import GapClassifier
    from headwinds.adapt.prompts.patterns import Pattern
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class ClozeClassification(TextClassification):
    """Texts are read in a pattern with a gap; the words in it tell the label.

    `memory` is what the prompts need to know, kept with the decoder.
    """

    pattern: str = ""
    decoder_only: bool = False
    memory: Mapping[str, Any] = field(default_factory=dict)

    def load(self, checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
        """The checkpoint with its output layer."""
        return load_for_prompts(checkpoint, "decoder" if self.decoder_only else "masked", dropout=dropout)

    def parts(self, *, pairs: bool) -> Pattern:
        """The pattern that is set, or the one that comes with us."""
        own = self.pattern or (CLOZE_OF_DECODER if self.decoder_only else CLOZE)
        if pairs and not self.pattern:
            own = own.replace("{text}", "{text} {text_b}")
        return read_pattern(own, pairs=pairs, decoder_only=self.decoder_only)

    def encode(
        self, examples: LabelledText, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        return encode_patterns(
            tokenizer,
            self.parts(pairs=examples.seconds is not None),
            examples.texts,
            examples.seconds,
            examples.places,
            max_tokens=max_tokens,
            decoder_only=self.decoder_only,
        )

    def network(  # type: ignore[override]
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> GapClassifier:
        """See the contract."""
        from headwinds.adapt.networks.gaps import GapClassifier

        return GapClassifier(encoder, len(labels), MOST_WORDS)

    def initialise(
        self,
        network: Any,
        examples: LabelledText,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """The method gives the words."""

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """See the contract."""
        found = TextClassification.fit_decoder(self, outputs, examples, rows, encoded, labels, settings)
        return {**found, "prompt": dict(self.memory)}
