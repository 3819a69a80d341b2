"""Text classification by a gap: the task as it is for method `cloze`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.prompts.models import load_for_prompts
from headwinds.adapt.prompts.patterns import CLOZE, CLOZE_OF_DECODER, encode_patterns, read_pattern
from headwinds.adapt.prompts.remembered import PromptedClassification
from headwinds.adapt.prompts.verbaliser import MOST_WORDS
from headwinds.adapt.tasks.text_classification import LabelledText

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.networks.gaps import GapClassifier
    from headwinds.adapt.prompts.patterns import Pattern
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class ClozeClassification(PromptedClassification):
    """Texts are read in a pattern with a gap; the words in it tell the label."""

    decoder_only: bool = False

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
