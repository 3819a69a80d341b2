"""Words that a masked language model puts in the place of others (Kobayashi 2018; Wu et al. 2019 without conditioning)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.augmentation.edits import EDITED, Edit, free_words
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    import numpy as np

TRIED = 10  # likeliest words from which one is drawn


class MaskedWords:
    """Substitutes of free words by a masked language model, one at a time."""

    def __init__(self, name: str) -> None:
        from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
        from headwinds.adapt.prompts.models import fills_gaps, load_for_prompts

        checkpoint = resolve_checkpoint(name)
        if not fills_gaps(checkpoint):
            raise CheckpointError(
                f"augment_checkpoint = {name!r} is a decoder, and augment = 'masked' needs a masked language model.",
                remedy="Name one (BERT, RoBERTa ... as ...ForMaskedLM), or set augment = 'generated'.",
            )
        self.tokenizer = load_tokenizer(checkpoint)
        self.model: Any = load_for_prompts(checkpoint, "masked").eval()
        self.longest = checkpoint.max_tokens

    def edits(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        generator: np.random.Generator,
        words: Sequence[tuple[int, int]] | None = None,
    ) -> list[Edit]:
        """Free words with what is drawn for them from the likeliest others; none for a text longer than a window."""
        import torch

        words = free_words(text, spans) if words is None else words
        count = max(1, round(EDITED * len(words)))
        chosen = [words[int(number)] for number in generator.permutation(len(words))[:count]]
        found = []
        for start, end in chosen:
            hidden = text[:start] + str(self.tokenizer.mask_token) + text[end:]
            coded = self.tokenizer(hidden, return_tensors="pt", verbose=False)
            place = (coded["input_ids"][0] == self.tokenizer.mask_token_id).nonzero().flatten()
            if coded["input_ids"].shape[1] > self.longest or len(place) != 1:
                continue
            with torch.inference_mode():
                logits = self.model(**coded).logits[0, int(place[0])].double()
            likely = torch.topk(logits, min(4 * TRIED, len(logits))).indices.tolist()
            others = [(token, str(self.tokenizer.decode([token])).strip()) for token in likely]
            usable = [(t, w) for t, w in others if w.isalpha() and w.casefold() != text[start:end].casefold()]
            if usable:
                share = torch.softmax(logits[[token for token, _ in usable[:TRIED]]], dim=0).numpy()
                found.append(Edit(start, end, usable[int(generator.choice(len(share), p=share))][1]))
        return found
