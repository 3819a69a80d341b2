"""Text classification by examples in the prompt: the task as it is for method `in-context`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.prompts.models import load_for_prompts
from headwinds.adapt.prompts.patterns import around, read_pattern
from headwinds.adapt.prompts.remembered import PromptedClassification
from headwinds.adapt.prompts.retrieval import nearest
from headwinds.adapt.tasks.text_classification import LabelledText, TextClassification
from headwinds.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.networks.continuations import ContinuationScorer
    from headwinds.adapt.settings import TuneSettings

PATTERN = "Text: {text}\nLabel: {mask}"
PATTERN_OF_PAIRS = "Text: {text}\nSecond text: {text_b}\nLabel: {mask}"
BETWEEN = "\n\n"
CONTENT_FREE = "N/A"


@dataclass(frozen=True, slots=True)
class InContextClassification(PromptedClassification):
    """Labelled examples stand before a text, the nearest last; each label is scored as what goes on from there."""

    demonstrations: int = 4
    retrieval: str = "encoder"
    content_free: bool = True

    def load(self, checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
        """The decoder with its output layer."""
        return load_for_prompts(checkpoint, "decoder", dropout=dropout)

    def encode(
        self, examples: LabelledText, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """A window a label and text; `marks` says how many examples stand before the text.

        Where not all fit, the farthest are left out; a text is never cut.

        Raises
        ------
        DataError
            A text does not fit, even alone.
        """
        import numpy as np

        pool = [item["text"] for item in self.memory["demonstrations"]]
        near = nearest(pool, examples.texts, count=self.demonstrations, by=self.retrieval)
        # A text of the pool itself must not be shown its own label.
        chosen = [
            [n for n in own.tolist() if pool[n] != text]
            for own, text in zip(near, examples.texts, strict=True)
        ]
        words = [self._tokens(tokenizer, _shown(name)) for name in self.memory["labels"]]
        begin = around(tokenizer)[0]
        windows: list[NDArray[np.int32]] = []
        learnt: list[NDArray[np.int32]] = []
        used, tokens = [], []
        for row, text in enumerate(examples.texts):
            second = None if examples.seconds is None else examples.seconds[row]
            asked = tokenizer(self._asked(text, second), add_special_tokens=False)["input_ids"]
            room = max_tokens - len(begin) - max(map(len, words))
            if len(asked) > room:
                raise DataError(
                    f"{examples.places[row]}: with the pattern this has {len(asked):,} tokens, and the checkpoint has room "
                    f"for {room:,} beside a label; a text is never cut.",
                    remedy="Shorten it, or name a checkpoint that reads more.",
                )
            prompts, count = self._prompts(tokenizer, chosen[row], (text, second), room)
            for prompt in prompts:
                for own in words:
                    windows.append(np.array([*begin, *prompt, *own], dtype=np.int32))
                    mark = np.zeros(len(windows[-1]), dtype=np.int32)
                    mark[-len(own) :] = 1
                    learnt.append(mark)
            used.append(count)
            tokens.append(len(asked))
        each = len(words) * (1 + self.content_free)
        return EncodedTexts(
            windows,
            np.arange(len(examples.ids) + 1, dtype=np.int64) * each,
            np.array(tokens, dtype=np.int64),
            marks=np.array(used, dtype=np.int64)[:, None],
            learnt=learnt,
        )

    def network(  # type: ignore[override]
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> ContinuationScorer:
        """See the contract."""
        from headwinds.adapt.networks.continuations import ContinuationScorer

        return ContinuationScorer(encoder, len(labels), content_free=self.content_free)

    def decode(
        self,
        outputs: Sequence[Any],
        examples: LabelledText,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """As of the task, with the number of `demonstrations` that stood before the text."""
        found = TextClassification.decode(self, outputs, examples, encoded, labels, decoder)
        used = [0] * len(found) if encoded.marks is None else encoded.marks[:, 0].tolist()
        return [{**item, "demonstrations": count} for item, count in zip(found, used, strict=True)]

    def _prompts(
        self,
        tokenizer: PreTrainedTokenizerBase,
        chosen: list[int],
        asked: tuple[str, str | None],
        room: int,
    ) -> tuple[list[list[int]], int]:
        """The prompt, and the same with a text without content; with as many examples as fit."""
        pool = self.memory["demonstrations"]
        empty = (CONTENT_FREE, None if asked[1] is None else CONTENT_FREE)
        wanted = (asked, empty) if self.content_free else (asked,)
        for count in range(len(chosen), -1, -1):
            shown = [
                self._asked(pool[number]["text"], pool[number].get("text_b")) + _shown(pool[number]["label"])
                for number in reversed(chosen[:count])
            ]
            prompts = [
                tokenizer(BETWEEN.join([*shown, self._asked(*one)]), add_special_tokens=False, verbose=False)[
                    "input_ids"
                ]
                for one in wanted
            ]
            if max(map(len, prompts)) <= room:
                return prompts, count
        return prompts, 0

    def _asked(self, text: str, second: str | None) -> str:
        """The pattern up to the gap, without the space before it."""
        own = self.pattern or (PATTERN if second is None else PATTERN_OF_PAIRS)
        parts = read_pattern(own, pairs=second is not None, decoder_only=True).parts
        fill = {"{text}": text, "{text_b}": second or "", "{mask}": ""}
        return "".join(fill.get(part, part) for part in parts).rstrip()

    @staticmethod
    def _tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return found


def _shown(label: str) -> str:
    return f" {label.replace('_', ' ')}"
