"""JSON schemas of what is asked and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.serve.completions import LONGEST_STOP, MOST_CHOICES, MOST_MESSAGES, MOST_NEW_TOKENS, MOST_STOPS
from headwinds.serve.incoming import MOST_COLUMNS

if TYPE_CHECKING:
    from headwinds.adapt.tasks.contract import Task

TEXT: dict[str, Any] = {"type": "string"}
# One character that is no space as Python counts them; what engines of regular expressions call a space differs.
FILLED: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "pattern": r"[^\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
}
NUMBER: dict[str, Any] = {"type": "integer"}
TRUTH: dict[str, Any] = {"type": "boolean"}
NOTHING: dict[str, Any] = {"type": "null"}
TEXTS = {"text", "text_b", "question", "context", "prompt"}
"""Columns whose cells are texts whatever the task; of those that stand nowhere here the task says what they hold."""


def thing(
    required: dict[str, Any], optional: dict[str, Any] | None = None, *, more: bool | dict[str, Any] = False
) -> dict[str, Any]:
    """Schema of an object; `more` says whether it may have other fields, or what they may hold."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": more,
    }


def some(item: dict[str, Any], least: int = 0, most: int | None = None) -> dict[str, Any]:
    """Schema of a list."""
    found: dict[str, Any] = {"type": "array", "items": item, "minItems": least}
    return found if most is None else {**found, "maxItems": most}


def maybe(shape: dict[str, Any]) -> dict[str, Any]:
    """That, or null."""
    return {"anyOf": [shape, NOTHING]}


ERROR = thing({"error": TEXT})
HEALTH = thing({"status": TEXT})
READY = thing({"ready": TRUTH})
LINE = {
    "name": TEXT, "number": NUMBER, "version": TEXT, "task": TEXT, "writes": TRUTH, "precision": TEXT,
    "other_versions": some(NUMBER),
}  # fmt: skip
ENTRY = thing({"id": TEXT, "object": TEXT, "created": NUMBER, "owned_by": TEXT})
MODELS = thing({"models": some(thing(LINE)), "object": TEXT, "data": some(ENTRY)})
COLUMN = thing({"name": TEXT, "meaning": TEXT, "needed": TRUTH})
CARD = thing(
    {
        **LINE,
        **ENTRY["properties"],
        "columns": some(COLUMN),
        "card": {"type": "object"},
        "costs": some(TEXT),
        "explains": TRUTH,
        "run": some(TEXT),
        "names": {"type": "object", "additionalProperties": TEXT},
    }
)
FRACTION: dict[str, Any] = {"type": "number"}
EXPLANATION = thing(
    {
        "model": TEXT,
        "version": TEXT,
        "label": TEXT,
        "probability": FRACTION,
        "log_odds": FRACTION,
        "method": TEXT,
        "pieces": some(thing({"text": TEXT, "contribution": FRACTION})),
    }
)
ASKING = thing({"role": {"enum": ["system", "user", "tool"]}, "content": FILLED}, more=True)
TURN = {"anyOf": [ASKING, thing({"role": {"const": "assistant"}, "content": TEXT}, more=True)]}
NAME = {"anyOf": [FILLED, NUMBER, TRUTH]}
KINDS: dict[str, dict[str, Any]] = {
    "messages": {"anyOf": [some(TURN, 2), some(ASKING, 1, 1)]},
    "attributes": {
        "anyOf": [
            {**some(NAME), "uniqueItems": True},
            {"type": "string", "pattern": r"^(?!\s*\[)"},
            NOTHING,
        ]
    },
    "beginning": maybe(TEXT),
    "entry_point": maybe(TEXT),
}
"""What cells of other columns hold."""
EVENT = thing({"data": TEXT}, {"event": TEXT})
"""Each server-sent event of a stream."""
REFUSAL = thing({"error": thing({"message": TEXT, "type": TEXT, "param": maybe(TEXT), "code": maybe(TEXT)})})
PARTS = some(thing({"type": {"const": "text"}, "text": FILLED}), 1, MOST_MESSAGES)
ASKER = {"role": {"enum": ["system", "developer", "user"]}, "content": {"anyOf": [FILLED, PARTS]}}
SAID_BEFORE = {"content": {"anyOf": [TEXT, PARTS, NOTHING]}}
MESSAGE = {
    "anyOf": [thing(ASKER, more=NOTHING), thing({"role": {"const": "assistant"}}, SAID_BEFORE, more=NOTHING)]
}
OPTIONS: dict[str, Any] = {
    "max_tokens": {"type": "integer", "minimum": 1, "maximum": MOST_NEW_TOKENS},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "n": {"type": "integer", "minimum": 1, "maximum": MOST_CHOICES},
    "stop": {
        "anyOf": [
            {"type": "string", "minLength": 1, "maxLength": LONGEST_STOP},
            some({"type": "string", "minLength": 1, "maxLength": LONGEST_STOP}, 0, MOST_STOPS),
        ]
    },
    "seed": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "stream": TRUTH,
    "stream_options": thing({}, {"include_usage": maybe(TRUTH)}),
    "user": TEXT,
}
OPTIONS = {name: maybe(shape) for name, shape in OPTIONS.items()}  # null leaves it out
CHAT = thing(
    {"model": TEXT, "messages": some(MESSAGE, 1, MOST_MESSAGES)},
    {**OPTIONS, "max_completion_tokens": OPTIONS["max_tokens"]},
    more=NOTHING,
)
PROMPT = {"anyOf": [FILLED, some(FILLED, 1, MOST_CHOICES)]}
COMPLETION = thing({"model": TEXT, "prompt": PROMPT}, OPTIONS, more=NOTHING)
USAGE = thing({"prompt_tokens": NUMBER, "completion_tokens": NUMBER, "total_tokens": NUMBER})
CHOICE = {"index": NUMBER, "logprobs": {"type": "null"}, "finish_reason": {"enum": ["stop", "length"]}}
HEAD = {"id": TEXT, "object": TEXT, "created": NUMBER, "model": TEXT, "system_fingerprint": TEXT}
SAID = thing({"role": {"const": "assistant"}, "content": TEXT, "refusal": {"type": "null"}})
CHAT_ANSWER = thing({**HEAD, "choices": some(thing({**CHOICE, "message": SAID})), "usage": USAGE})
COMPLETION_ANSWER = thing({**HEAD, "choices": some(thing({**CHOICE, "text": TEXT})), "usage": USAGE})


def rows(task: Task[Any], most_rows: int, pairs: bool | None = None) -> dict[str, Any]:
    """Schema of the body that is predicted: where a second text may be left out, all rows have one or none has.

    `pairs` says which, where the model learnt from one of the two.
    """
    several = some(row(task), 1, most_rows)
    if _may_be_pairs(task):
        several = {**several, "anyOf": [{"items": one} for one in _second_texts(pairs)]}
    return thing({"rows": several})


def explained(task: Task[Any], labels: tuple[str, ...], pairs: bool | None = None) -> dict[str, Any]:
    """Schema of the body that is explained; `pairs` as of `rows`."""
    one = row(task)
    if _may_be_pairs(task):
        one = {**one, "anyOf": _second_texts(pairs)}
    return thing({"row": one}, {"label": {"enum": list(labels)}})


def _may_be_pairs(task: Task[Any]) -> bool:
    return any(column.name == "text_b" and not column.needed for column in task.columns)


def _second_texts(pairs: bool | None) -> list[dict[str, Any]]:
    """What a row may have for a second text: one, or none."""
    forms: dict[bool, dict[str, Any]] = {
        True: {"required": ["text_b"], "properties": {"text_b": FILLED}},
        False: {"properties": {"text_b": NOTHING}},
    }
    return [form for kind, form in forms.items() if pairs in (None, kind)]


def row(task: Task[Any]) -> dict[str, Any]:
    """Schema of a row of a task."""
    columns = [column for column in task.columns if not column.label]
    properties: dict[str, Any] = {"id": {**TEXT, "description": "A name for the row; by default its place."}}
    for column in columns:
        kind = FILLED if column.name in TEXTS else KINDS.get(column.name, {})
        if not column.needed and kind is FILLED:
            kind = maybe(kind)
        properties[column.name] = {**kind, "description": column.meaning}
    return {
        "type": "object",
        "properties": properties,
        "required": [column.name for column in columns if column.needed],
        "maxProperties": MOST_COLUMNS,
    }


def predictions() -> dict[str, Any]:
    """Schema of the answer in JSON; what a prediction holds beside its id and the share read is the task's."""
    one = thing({"id": TEXT, "read_share": {"type": "number", "minimum": 0, "maximum": 1}}, more=True)
    return thing({"model": TEXT, "number": NUMBER, "version": TEXT, "predictions": some(one, 1)})
