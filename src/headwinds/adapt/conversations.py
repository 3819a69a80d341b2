"""Conversations as tokens: by the checkpoint's own template, or a plain one; which tokens are the assistant's is exact.

A template comes with a checkpoint's folder and is data: it is rendered in the sandbox of jinja that `transformers` uses,
where it can reach neither files nor Python's objects, and within bounds of time and memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headwinds.adapt.bounded_rendering import check_template, rendered_within
from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.written_encoding import Form, ending
from headwinds.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.tasks.written_examples import Turn, WrittenExamples

ASSISTANT = "assistant"
LARGEST_TEMPLATE = 100_000
PRIVATE = (0xF0000, 0xFFFFE)
"""Characters that mean nothing, from which those are taken that stand for a special token's spelling."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens that stand together, and whether the assistant wrote them."""

    tokens: list[int]
    learnt: bool


def encode_conversations(
    examples: WrittenExamples, tokenizer: PreTrainedTokenizerBase, max_tokens: int, form: Form
) -> EncodedTexts:
    """The turns before the last one of the assistant are read; that one is written where it is known.

    The assistant's earlier turns are learnt too. Where a conversation is longer than the checkpoint reads, its oldest turns
    are left out (a system's turn stays), and the share that is read is told.

    Raises
    ------
    DataError
        The turns that cannot be left out do not fit, or nothing may be left out.
    CheckpointError
        The checkpoint has an encoder; its template fails, asks for what is forbidden, or changes turns that have been.
    """
    import numpy as np

    if not form.decoder_only:
        raise CheckpointError(
            "Task dialogue needs a checkpoint that is a decoder alone, and this one has an encoder.",
            remedy='Name one (GPT, Llama ...), or "scratch:decoder-small".',
        )
    windows, learnt, shares, counts, written = [], [], [], [], []
    firsts = examples.firsts()
    for row, turns in enumerate(examples.turns):
        last = None
        if firsts is not None:
            last = next_turn(tokenizer, turns, firsts[row])
            if len(last) > max_tokens // 2:
                raise DataError(
                    f"{examples.places[row]}: the last turn has {len(last):,} tokens, "
                    f"and the checkpoint writes at most {max_tokens // 2:,}.",
                    remedy="Shorten it, or name a checkpoint that writes more.",
                )
            written.append(np.array(last, dtype=np.int32))
        room = max_tokens - (max_tokens // 2 if last is None else len(last))
        segments, share = _fitting(tokenizer, turns, room, examples.places[row], form)
        tokens = [token for segment in segments for token in segment.tokens]
        own = [int(segment.learnt) for segment in segments for _ in segment.tokens]
        own[0] = 0  # nothing stands before it that could tell it
        windows.append(np.array(tokens, dtype=np.int32))
        learnt.append(np.array(own, dtype=np.int32))
        shares.append(share)
        counts.append(round(len(tokens) / share))
    return EncodedTexts(
        windows,
        np.arange(len(windows) + 1),
        np.array(counts, dtype=np.int64),
        read_share=np.array(shares),
        written=written if firsts is not None else None,
        learnt=learnt,
    )


def segments_of(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn]) -> list[Segment]:
    """A conversation up to where the assistant is to write, in parts that are the assistant's or are not.

    What is said is text, also where it spells a token that ends a turn or begins one: nobody writes a turn of another's.
    """
    end = ending(tokenizer)
    turns, spelt = _with_stand_ins(tokenizer, turns)
    found: list[Segment] = []
    said = ""
    for number, turn in enumerate(turns):
        if turn.role != ASSISTANT:
            continue
        before = _rendered(tokenizer, turns[:number], invite=True)
        after = _rendered(tokenizer, turns[: number + 1], invite=False)
        if not before.startswith(said) or not after.startswith(before):
            raise CheckpointError(
                "The chat template of this checkpoint changes turns that have been, so that what the assistant wrote cannot "
                "be told from what it read.",
                remedy="Take the template out of its folder to use the plain one, or name another checkpoint.",
            )
        found.append(Segment(_tokens(tokenizer, before[len(said) :], spelt), learnt=False))
        own = _tokens(tokenizer, after[len(before) :], spelt)
        place = own.index(end) + 1 if end in own else len(own)
        found.append(Segment(own[:place] if end in own else [*own, end], learnt=True))
        found.append(Segment(own[place:], learnt=False))
        said = after
    whole = _rendered(tokenizer, turns, invite=True)
    if not whole.startswith(said):
        raise CheckpointError(
            "The chat template of this checkpoint changes turns that have been.",
            remedy="Name another checkpoint.",
        )
    found.append(Segment(_tokens(tokenizer, whole[len(said) :], spelt), learnt=False))
    return [segment for segment in found if segment.tokens]


def next_turn(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn], reply: str) -> list[int]:
    """The tokens of the assistant's next turn, with the one that ends it."""
    from headwinds.adapt.tasks.written_examples import Turn

    segments = segments_of(tokenizer, [*turns, Turn(ASSISTANT, reply)])
    return next(segment.tokens for segment in reversed(segments) if segment.learnt)


def _fitting(
    tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn], room: int, place: str, form: Form
) -> tuple[list[Segment], float]:
    """The newest turns for which there is room, and the share of the tokens that they are."""
    kept = list(turns)
    segments = segments_of(tokenizer, kept)
    whole = length = sum(len(segment.tokens) for segment in segments)
    while length > room:
        oldest = next((number for number, turn in enumerate(kept) if turn.role != "system"), len(kept) - 1)
        if form.refuse_long or len(kept) - oldest < 2:
            raise DataError(
                f"{place}: the conversation has {whole:,} tokens, and the checkpoint reads at most {room:,} of them.",
                remedy="Shorten it, name a checkpoint that reads more, or set long_inputs = 'tell' to read its end.",
            )
        del kept[oldest]
        while len(kept) > oldest + 1 and kept[oldest].role == ASSISTANT:
            del kept[oldest]  # a conversation does not begin with an answer
        segments = segments_of(tokenizer, kept)
        length = sum(len(segment.tokens) for segment in segments)
    return segments, length / whole


def _with_stand_ins(
    tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn]
) -> tuple[Sequence[Turn], dict[str, str]]:
    """The turns with a character of its own for each special token that they spell out, and what each stands for."""
    contents = [turn.content for turn in turns]
    special = {*tokenizer.all_special_tokens}
    added = getattr(tokenizer, "added_tokens_decoder", {})  # not every kind of tokenizer tells them
    special |= {one.content for one in added.values() if one.special}
    there = [
        one
        for one in sorted(special, key=lambda one: (-len(one), one))
        if any(one in own for own in contents)
    ]
    if not there:
        return turns, {}
    used = {*"".join(contents)}
    free = (chr(place) for place in range(*PRIVATE) if chr(place) not in used)
    spelt = dict(zip(free, there, strict=False))
    for character, text in spelt.items():
        contents = [content.replace(text, character) for content in contents]
    return [replace(turn, content=content) for turn, content in zip(turns, contents, strict=True)], spelt


def _tokens(tokenizer: PreTrainedTokenizerBase, text: str, spelt: Mapping[str, str]) -> list[int]:
    pieces = re.split(f"([{''.join(spelt)}])", text) if spelt else [text]
    found: list[int] = []
    for piece in pieces:
        found += tokenizer(
            spelt.get(piece, piece),
            add_special_tokens=False,
            return_attention_mask=False,
            verbose=False,
            split_special_tokens=piece in spelt,
        )["input_ids"]
    return found


def _rendered(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn], *, invite: bool) -> str:
    template = getattr(tokenizer, "chat_template", None)
    if not template:
        end = str(tokenizer.eos_token)
        said = "".join(f"{turn.role}: {turn.content}{end}" for turn in turns)
        return f"{said}{ASSISTANT}:" if invite else said
    if not turns:
        return ""
    return _by_template(tokenizer, template, turns, invite=invite)


def _by_template(
    tokenizer: PreTrainedTokenizerBase, template: object, turns: Sequence[Turn], *, invite: bool
) -> str:
    from jinja2.exceptions import SecurityError, TemplateError

    if len(str(template)) > LARGEST_TEMPLATE:
        raise CheckpointError(
            f"The chat template of this checkpoint is longer than {LARGEST_TEMPLATE:,} characters.",
            remedy="Name another checkpoint.",
        )
    check_template(str(template))
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    try:
        found = rendered_within(
            lambda: str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=invite))
        )
    except SecurityError as error:
        raise CheckpointError(
            f"The chat template of this checkpoint asks for what a template may not have: {error}.",
            remedy="Do not trust the folder; name another checkpoint.",
        ) from error
    except (TemplateError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"The chat template of this checkpoint cannot take a conversation of {', '.join(turn.role for turn in turns)}: "
            f"{error}.",
            remedy="Use the roles that it knows, or name another checkpoint.",
        ) from error
    return found
