"""Dialogue: the assistant's next turn in a conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwinds.adapt.conversations import ASSISTANT, encode_conversations
from headwinds.adapt.evaluation.diversity import distinct
from headwinds.adapt.tasks.cells import id_cell
from headwinds.adapt.tasks.contract import Column, Row
from headwinds.adapt.tasks.translation import judge_translations
from headwinds.adapt.tasks.written import TextWriter
from headwinds.adapt.tasks.written_examples import Turn, WrittenExamples
from headwinds.errors import DataError, quoted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROLES = ("system", "user", ASSISTANT, "tool")


def dialogue() -> TextWriter:
    """The task; of each conversation all turns of the assistant are learnt, and the last one is what is tested."""
    return TextWriter(
        name="dialogue",
        summary="the assistant's next turn in a conversation",
        columns=(
            Column(
                "messages",
                "the turns, each with role (system, user, assistant) and content; to learn, the last is the assistant's",
            ),
        ),
        main_metric="log_probability_of_a_token",
        output="reply",
        judge=judge_replies,
        layout=encode_conversations,
        reader=read_conversations,
    )


def read_conversations(rows: Sequence[Row], labelled: bool) -> WrittenExamples:
    """Rows with `messages`; a last turn of the assistant is what is to be written.

    Raises
    ------
    DataError
        The turns cannot be read, or with `labelled` the last one is not the assistant's.
    """
    conversations = [_turns(row, labelled=labelled) for row in rows]
    for row, turns in zip(rows, conversations, strict=True):
        if labelled and turns[-1].role != ASSISTANT:
            raise DataError(
                f"{row.place}: the last of the messages is of role {quoted(turns[-1].role)}, and the assistant's is learnt.",
                remedy="Add the answer, or leave the row out.",
            )
        if turns[-1].role == ASSISTANT and len(turns) < 2:
            raise DataError(
                f"{row.place}: there is no message before the assistant's.", remedy="Leave the row out."
            )
    read = [turns[:-1] if turns[-1].role == ASSISTANT else turns for turns in conversations]
    return WrittenExamples(
        ids=tuple(id_cell(row) for row in rows),
        places=tuple(row.place for row in rows),
        texts=tuple("\n".join(f"{turn.role}: {turn.content}" for turn in turns) for turns in read),
        references=tuple((turns[-1].content,) if labelled else () for turns in conversations),
        turns=tuple(read),
    )


def judge_replies(
    texts: Sequence[str], examples: WrittenExamples, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """SacreBLEU and chrF against the turns that were, and how varied the replies are together."""
    return {
        **judge_translations(texts, examples, weights),
        "distinct_1": distinct(texts, weights, 1),
        "distinct_2": distinct(texts, weights, 2),
    }


def _turns(row: Row, *, labelled: bool) -> tuple[Turn, ...]:
    """The turns; an assistant that said nothing is no answer to learn, and none that ends a conversation."""
    value: Any = row.values.get("messages")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            said = "nested too deep" if isinstance(error, RecursionError) else error
            raise DataError(f"{row.place}: messages are not valid JSON ({said}).") from error
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, list | tuple) or not value:
        raise DataError(
            f"{row.place}: messages hold no list of turns.",
            remedy='Write [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}].',
        )
    found = []
    for number, turn in enumerate(value, 1):
        role = turn.get("role") if isinstance(turn, dict) else None
        content = turn.get("content") if isinstance(turn, dict) else None
        silent = role == ASSISTANT and not labelled
        if role not in ROLES or not isinstance(content, str) or not (content.strip() or silent):
            raise DataError(
                f"{row.place}: message {number} has role {quoted(role)} and content {quoted(content)}, expected one of "
                f"{', '.join(ROLES)} and a text.",
                remedy="Mend it, or leave the row out.",
            )
        found.append(Turn(role, content))
    return tuple(found)
