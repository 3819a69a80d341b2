"""Text classification by prompts: what every form of it keeps, and does not learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.text_classification import LabelledText, TextClassification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.settings import TuneSettings


@dataclass(frozen=True, slots=True)
class PromptedClassification(TextClassification):
    """Labels are told by what a checkpoint's own output layer says of a pattern.

    `memory` is what the prompts need to know, kept with the decoder.
    """

    pattern: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)

    def initialise(
        self,
        network: Any,
        examples: LabelledText,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """Nothing is new: the method gives what the network needs to know."""

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """See the contract; with what the prompts need to know."""
        found = TextClassification.fit_decoder(self, outputs, examples, rows, encoded, labels, settings)
        return {**found, "prompt": dict(self.memory)}
