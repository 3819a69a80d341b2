"""Patterns: a text in a sentence with a gap, as windows of tokens of which each knows where its gap is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.encoding import EncodedTexts
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

CLOZE = "{text} It was about {mask}."
CLOZE_OF_DECODER = "{text} It was about {mask}"
OVERLAP = 8  # windows of a long text share this part of their room


@dataclass(frozen=True, slots=True)
class Pattern:
    """What stands around the texts and the gap: `parts` are literal text, "{text}", "{text_b}" and "{mask}"."""

    parts: tuple[str, ...]

    @property
    def spaced(self) -> bool:
        """Whether a space stands before the gap, so that the word in it begins with one."""
        before = self.parts[self.parts.index("{mask}") - 1] if self.parts[0] != "{mask}" else ""
        return before.endswith(" ")


def read_pattern(pattern: str, *, pairs: bool, decoder_only: bool) -> Pattern:
    """The parts of a pattern.

    Raises
    ------
    SettingsError
        {text} or {mask} do not stand there exactly once, {text_b} not as often as there are second texts, or the gap is
        not at the end, where a decoder alone needs it.
    """
    parts = tuple(part for part in re.split(r"(\{text\}|\{text_b\}|\{mask\})", pattern) if part)
    wanted = {"{text}": 1, "{mask}": 1, "{text_b}": int(pairs)}
    for name, count in wanted.items():
        if parts.count(name) != count:
            raise SettingsError(
                f"pattern = {pattern!r} holds {name} {parts.count(name)} times, expected {count}.",
                remedy=f"Write one like {CLOZE!r}.",
            )
    if decoder_only and parts[-1] != "{mask}":
        raise SettingsError(
            f"pattern = {pattern!r} goes on after the gap, and a decoder alone reads only what stands before it.",
            remedy=f"End it with {{mask}}, as {CLOZE_OF_DECODER!r}.",
        )
    return Pattern(parts)


def encode_patterns(
    tokenizer: PreTrainedTokenizerBase,
    pattern: Pattern,
    texts: Sequence[str],
    seconds: Sequence[str] | None,
    places: Sequence[str],
    *,
    max_tokens: int,
    decoder_only: bool,
) -> EncodedTexts:
    """Windows of every text, each in the whole pattern; `learnt` marks the one token whose output tells what is in the gap.

    A text that does not fit goes through the pattern in several windows, which overlap by an eighth: nothing is cut.

    Raises
    ------
    DataError
        A pair does not fit, or the pattern leaves no room.
    """
    import numpy as np

    begin, end = around(tokenizer)
    end = [] if decoder_only else end
    windows: list[NDArray[np.int32]] = []
    learnt: list[NDArray[np.int32]] = []
    first, counts = [0], []
    for row, text in enumerate(texts):
        second = "" if seconds is None else seconds[row]
        ids, inside, gap = _filled(tokenizer, pattern, text, second, decoder_only=decoder_only)
        room = max_tokens - len(begin) - len(end) - int((~inside).sum())
        own = np.flatnonzero(inside)
        counts.append(len(own))
        if room < min(len(own), OVERLAP) or (seconds is not None and len(own) > room):
            raise DataError(
                f"{places[row]}: with the pattern this needs {len(ids) + len(begin) + len(end):,} tokens, and a window "
                f"has {max_tokens:,}.",
                remedy="Shorten the pattern or the pair, or name a checkpoint that reads more.",
            )
        for start in _starts(len(own), room):
            kept = ~inside
            kept[own[start : start + room]] = True
            mark = np.zeros(len(ids), dtype=np.int32)
            mark[gap] = 1
            windows.append(np.array([*begin, *ids[kept], *end], dtype=np.int32))
            learnt.append(np.array([0] * len(begin) + mark[kept].tolist() + [0] * len(end), dtype=np.int32))
        first.append(len(windows))
    return EncodedTexts(windows, np.array(first), np.array(counts, dtype=np.int64), learnt=learnt)


def around(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text."""
    own: list[int] = tokenizer("a", return_attention_mask=False)["input_ids"]
    bare: list[int] = tokenizer("a", add_special_tokens=False, return_attention_mask=False)["input_ids"]
    place = next((start for start in range(len(own)) if own[start : start + len(bare)] == bare), 0)
    return own[:place], own[place + len(bare) :]


def _filled(
    tokenizer: PreTrainedTokenizerBase, pattern: Pattern, text: str, second: str, *, decoder_only: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
    """Tokens of the filled pattern, which of them are of its texts, and the token that tells the gap."""
    import numpy as np

    gap = "" if decoder_only else str(tokenizer.mask_token)
    fill = {"{text}": text, "{text_b}": second, "{mask}": gap}
    whole, own, at = "", np.zeros(0, dtype=bool), 0
    for part in pattern.parts:
        piece = fill.get(part, part)
        at = len(whole) if part == "{mask}" else at
        whole += piece
        own = np.concatenate([own, np.full(len(piece), part in ("{text}", "{text_b}"))])
    if decoder_only:
        whole = whole.rstrip()
    coded = tokenizer(
        whole,
        add_special_tokens=False,
        return_attention_mask=False,
        return_offsets_mapping=True,
        verbose=False,
    )
    ids = np.array(coded["input_ids"], dtype=np.int64)
    places = coded["offset_mapping"]
    inside = np.array([end > start and bool(own[start:end].all()) for start, end in places], dtype=bool)
    if decoder_only:
        inside[-1] = False  # the token before the gap stays in every window
        return ids, inside, len(ids) - 1
    number = next(
        index
        for index, (start, end) in enumerate(places)
        if ids[index] == tokenizer.mask_token_id and start <= at < end
    )
    return ids, inside, number


def _starts(count: int, room: int) -> list[int]:
    if count <= room:
        return [0]
    step = max(1, room - room // OVERLAP)
    starts = list(range(0, count - room, step))
    return [*starts, count - room]
