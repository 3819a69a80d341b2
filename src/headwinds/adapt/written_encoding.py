"""What a model reads before it writes, and what it is to write, as tokens. What does not fit is told, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.encoding import EncodedTexts
from headwinds.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Form:
    """How texts are laid out for a checkpoint.

    Attributes
    ----------
    decoder_only
        Whether what is written follows what is read in one sequence.
    separator
        What stands between them there.
    refuse_long
        Whether a text that is longer than the checkpoint reads is refused; else it is read from its beginning.
    """

    decoder_only: bool = False
    separator: str = "\n"
    refuse_long: bool = False


def encode_read_and_written(
    tokenizer: PreTrainedTokenizerBase,
    sources: Sequence[str],
    targets: Sequence[str] | None,
    places: Sequence[str],
    *,
    max_tokens: int,
    form: Form,
) -> EncodedTexts:
    """One window a text, and what is to be written where `targets` are known.

    A checkpoint with an encoder reads up to `max_tokens`, and writes up to as many; one without reads and writes as many
    together, so that a text gets what its target leaves (half, where the target is not known).

    Raises
    ------
    DataError
        A text is longer than can be read, and this is to be refused; a target is longer than can be written; a text yields
        no token.
    CheckpointError
        The tokenizer has no token that ends a text.
    """
    import numpy as np

    written = None if targets is None else _written(tokenizer, targets, places, max_tokens, form)
    begin, end = around(tokenizer, form)
    ids: list[list[int]] = tokenizer(
        list(sources), add_special_tokens=False, return_attention_mask=False, verbose=False
    )["input_ids"]
    windows, shares = [], np.ones(len(ids))
    for row, tokens in enumerate(ids):
        if not tokens:
            raise DataError(
                f"{places[row]}: the text yields no token with this checkpoint's tokenizer.",
                remedy="Remove it.",
            )
        room = max_tokens - len(begin) - len(end)
        if form.decoder_only:
            room -= max_tokens // 2 if written is None else len(written[row])
        windows.append(np.array([*begin, *fitting(tokens, room, places[row], form), *end], dtype=np.int32))
        shares[row] = min(1.0, room / len(tokens))
    counts = np.fromiter((len(tokens) for tokens in ids), np.int64, count=len(ids))
    return EncodedTexts(windows, np.arange(len(ids) + 1), counts, read_share=shares, written=written)


def fitting(tokens: list[int], room: int, place: str, form: Form) -> list[int]:
    """The tokens for which there is room.

    Raises
    ------
    DataError
        There are more, and that is to be refused; or there is no room at all.
    """
    if len(tokens) <= room:
        return tokens
    if form.refuse_long or room < 1:
        raise DataError(
            f"{place}: the text has {len(tokens):,} tokens, and the checkpoint reads at most {max(room, 0):,} of them.",
            remedy="Shorten it, name a checkpoint that reads more, or set long_inputs = 'tell' to read its beginning.",
        )
    return tokens[:room]


def ending(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that ends a text.

    Raises
    ------
    CheckpointError
        There is none.
    """
    if tokenizer.eos_token_id is None:
        raise CheckpointError(
            "This checkpoint's tokenizer has no token that ends a text (eos_token), so nothing would end what is written.",
            remedy="Name another checkpoint.",
        )
    return int(tokenizer.eos_token_id)


def around(tokenizer: PreTrainedTokenizerBase, form: Form) -> tuple[list[int], list[int]]:
    """Tokens before and after what is read."""
    own: list[int] = tokenizer("a", return_attention_mask=False)["input_ids"]
    bare: list[int] = tokenizer("a", add_special_tokens=False, return_attention_mask=False)["input_ids"]
    place = next((start for start in range(len(own)) if own[start : start + len(bare)] == bare), 0)
    begin, end = own[:place], own[place + len(bare) :]
    if not form.decoder_only:
        return begin, end
    separator: list[int] = tokenizer(form.separator, add_special_tokens=False)["input_ids"]
    return begin, separator


def _written(
    tokenizer: PreTrainedTokenizerBase,
    targets: Sequence[str],
    places: Sequence[str],
    max_tokens: int,
    form: Form,
) -> list[NDArray[np.int32]]:
    import numpy as np

    if form.decoder_only:
        end = ending(tokenizer)
        plain = {"return_attention_mask": False, "verbose": False, "add_special_tokens": False}
        bare = tokenizer(list(targets), **plain)["input_ids"]
        for row, tokens in enumerate(bare):
            if end in tokens:  # a text that spells the token goes on after it
                bare[row] = tokenizer(targets[row], **plain, split_special_tokens=True)["input_ids"]
        ids = [[*tokens, end] for tokens in bare]
    else:
        plain = {"return_attention_mask": False, "verbose": False}
        ids = tokenizer(text_target=list(targets), **plain)["input_ids"]
        for row, tokens in enumerate(ids):
            if tokenizer.eos_token_id in tokens[:-1]:
                ids[row] = tokenizer(text_target=targets[row], **plain, split_special_tokens=True)[
                    "input_ids"
                ]
    most = max_tokens // 2 if form.decoder_only else max_tokens
    for row, tokens in enumerate(ids):
        if len(tokens) > most:
            raise DataError(
                f"{places[row]}: the text to be written has {len(tokens):,} tokens, the checkpoint writes at most {most:,}.",
                remedy="Shorten it, or name a checkpoint that writes more.",
            )
    return [np.array(tokens, dtype=np.int32) for tokens in ids]
