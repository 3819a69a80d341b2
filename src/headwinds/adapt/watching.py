"""Looking on while a model writes: each piece of the text as it comes, where it is to end, whether anybody still waits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

HALF = "\ufffd"  # what a decoder shows of a character whose other bytes have not come yet


class Unwanted(Exception):
    """Nobody waits for the result any more."""


@dataclass(slots=True)
class Watch:
    """Who looks on.

    Attributes
    ----------
    say
        Called with each new piece; the pieces together are the text.
    wanted
        Whether anybody still waits; asked at every token.
    stop
        Texts at which the writing ends; they are no part of it.
    told
        What was said so far.
    """

    say: Callable[[str], None] = lambda _: None
    wanted: Callable[[], bool] = lambda: True
    stop: Sequence[str] = ()
    told: str = ""

    def look(self, tokens: Sequence[int], tokenizer: PreTrainedTokenizerBase, ends: Collection[int]) -> bool:
        """Say what is new of a text's tokens so far, up to any that ends it; whether the writing is to end.

        Raises
        ------
        Unwanted
            Nobody waits any more.
        """
        if not self.wanted():
            raise Unwanted
        kept = before_end(tokens, ends)
        text, stopped = self.cut(decoded(kept, tokenizer))
        held = 0 if stopped else max((_begun(text, one) for one in self.stop), default=0)
        shown = text[: len(text) - held].rstrip(HALF).rstrip()
        self.tell(shown)
        return stopped

    def tell(self, text: str) -> None:
        """Say what is new of a text; what was said cannot be taken back."""
        if text.startswith(self.told) and len(text) > len(self.told):
            self.say(text[len(self.told) :])
            self.told = text

    def cut(self, text: str) -> tuple[str, bool]:
        """A text up to the first of the stops in it, and whether there is one."""
        places = [text.index(one) for one in self.stop if one in text]
        return (text[: min(places)].rstrip(), True) if places else (text, False)


def before_end(tokens: Sequence[int], ends: Collection[int]) -> Sequence[int]:
    """The tokens before the first that ends a text; all where none does."""
    return tokens[: next((place for place, token in enumerate(tokens) if token in ends), len(tokens))]


def decoded(tokens: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> str:
    """Tokens as a text, without the space around it."""
    text = tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(text).strip()


def criterion(
    watch: Watch, tokenizer: PreTrainedTokenizerBase, ends: Collection[int], begun: int, *, alone: bool
) -> Any:
    """`watch` in the form that `generate` takes; pieces are said where one text is written `alone`, by one beam."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Looking(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
            tokens = input_ids[0, begun:].tolist() if alone else []
            end = watch.look(tokens, tokenizer, ends)
            return torch.full((len(input_ids),), end, dtype=torch.bool, device=input_ids.device)

    return StoppingCriteriaList([Looking()])


def _begun(text: str, stop: str) -> int:
    """How many characters at the end of a text may be the beginning of a stop."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
