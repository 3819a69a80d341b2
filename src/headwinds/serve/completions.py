"""Requests and answers in the form of OpenAI's chat completions and completions, which many programs speak.

A parameter that would change the text and is not done here is refused by name, never ignored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headwinds.serve.incoming import RequestError, plain_json

CHAT = "chat.completion"
TEXT = "text_completion"
MOST_CHOICES = 8
MOST_MESSAGES = 256
MOST_STOPS = 4
LONGEST_STOP = 64
MOST_NEW_TOKENS = 4096
# What these say by default changes nothing; any other value would, and is refused.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "response_format": ({"type": "text"},),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "echo": (False,),
    "suffix": ("",),
    "best_of": (1,),
    "store": (False,),
    "modalities": (["text"],),
}
TOLD = (
    "user", "metadata", "safety_identifier", "service_tier", "prompt_cache_key", "prompt_cache_retention",
)  # fmt: skip
"""Names of the caller's own, which are read by nobody here."""
KNOWN = {
    "model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stop", "seed", "stream",
    "stream_options", *NEUTRAL, *TOLD,
}  # fmt: skip


class ParameterError(RequestError):
    """A parameter of the request cannot be used; its name is told."""

    def __init__(self, parameter: str, words: str, status: int = 400) -> None:
        super().__init__(status, words)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, taken apart.

    Attributes
    ----------
    kind
        `CHAT` or `TEXT`.
    prompts
        Texts to be gone on with or answered to, or lists of messages.
    choices
        How many texts of each.
    changes, stop
        See `headwinds.serve.engine.Waiting`.
    stream, count_at_the_end
        Whether pieces are wanted, and with them the counts.
    """

    kind: str
    model: str
    prompts: tuple[Any, ...]
    choices: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    seed: int | None = None
    stream: bool = False
    count_at_the_end: bool = False


def read_request(body: bytes, kind: str) -> Asked:
    """A request of OpenAI's form.

    Raises
    ------
    ParameterError
        A parameter cannot be used.
    """
    content = plain_json(body)
    if not isinstance(content, dict):
        raise ParameterError("", "The body is no object.")
    content = {name: value for name, value in content.items() if value is not None}
    own = "messages" if kind == CHAT else "prompt"
    for name in sorted(content):
        if name not in KNOWN and name != own:
            raise ParameterError(name[:64], f"{name[:64]} is not a parameter that is known here.")
        if name in NEUTRAL and not any(_same(content[name], one) for one in NEUTRAL[name]):
            raise ParameterError(name, f"{name} is not done here; leave it out.")
        if name in TOLD and not isinstance(content[name], dict if name == "metadata" else str):
            raise ParameterError(name, f"{name} is {'no object' if name == 'metadata' else 'no text'}.")
    model = content.get("model")
    if not isinstance(model, str):
        raise ParameterError("model", "model is missing, or no text.")
    prompts = _messages(content.get("messages")) if kind == CHAT else _prompts(content.get("prompt"))
    choices = _whole(content, "n", 1, MOST_CHOICES, 1)
    if choices * len(prompts) > MOST_CHOICES:
        raise ParameterError("n", f"At most {MOST_CHOICES} texts are written for a request.")
    options = content.get("stream_options", {})
    if not isinstance(options, dict) or options.keys() - {"include_usage", "include_obfuscation"}:
        raise ParameterError("stream_options", "stream_options is {include_usage: true} or nothing.")
    options = {name: _yes_or_no(options, name) for name, one in options.items() if one is not None}
    return Asked(
        kind,
        model,
        prompts,
        choices,
        _changes(content),
        _stops(content.get("stop", [])),
        _whole(content, "seed", -(2**63), 2**63 - 1, 0) if "seed" in content else None,
        _yes_or_no(content, "stream"),
        options.get("include_usage", False),
    )


def _changes(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("max_tokens", "max_completion_tokens"):
        if name in content:
            found["max_new_tokens"] = _whole(content, name, 1, MOST_NEW_TOKENS, 1)
    if content.keys() >= {"max_tokens", "max_completion_tokens"} and not _same(
        content["max_tokens"], content["max_completion_tokens"]
    ):
        raise ParameterError("max_tokens", "max_tokens and max_completion_tokens are one thing; give one.")
    if "temperature" in content:
        found["temperature"] = _number(content, "temperature", 0.0, 2.0)
        found["beams"] = 1
    if "top_p" in content:
        found["top_p"] = _number(content, "top_p", 0.0, 1.0) or 1e-6
    return found


def _messages(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_MESSAGES:
        raise ParameterError("messages", f"messages is a list of 1 to {MOST_MESSAGES} messages.")
    found = []
    for number, message in enumerate(value):
        where = f"messages[{number}]"
        if not isinstance(message, dict):
            raise ParameterError(where, f"{where} is not {{role, content}}.")
        role = {"developer": "system"}.get(str(message.get("role")), message.get("role"))
        if role not in ("system", "user", "assistant"):
            raise ParameterError(where, f"{where}: role is system, developer, user or assistant.")
        for name in sorted(message):
            if name not in ("role", "content") and message[name] is not None:
                words = f"{where}: {name[:64]} is not read here; a message is {{role, content}}."
                raise ParameterError(where, words)
        found.append({"role": role, "content": _content(message.get("content"), where, role)})
    if found[-1]["role"] == "assistant":
        raise ParameterError(
            "messages", "The last of the messages is the assistant's; there is nothing to answer."
        )
    return (found,)


def _content(value: Any, where: str, role: str) -> str:
    """A text, or parts of one; only the assistant may have said nothing, as a model does whose first token ends its text."""
    if isinstance(value, list) and 0 < len(value) <= MOST_MESSAGES:
        for number, part in enumerate(value):
            if (
                not isinstance(part, dict)
                or part.get("type") != "text"
                or not isinstance(part.get("text"), str)
            ):
                raise ParameterError(
                    where, f"{where}: content[{number}] is not {{type: text, text}}; only text is read."
                )
        value = "".join(part["text"] for part in value)
    if role == "assistant" and value is None:
        return ""
    if not isinstance(value, str) or not (value.strip() or role == "assistant"):
        raise ParameterError(where, f"{where}: content is no text.")
    return value


def _prompts(value: Any) -> tuple[str, ...]:
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, list) or not 1 <= len(several) <= MOST_CHOICES:
        raise ParameterError("prompt", f"prompt is a text, or a list of 1 to {MOST_CHOICES} texts.")
    if not all(isinstance(one, str) for one in several):
        raise ParameterError("prompt", "prompt is a text or a list of texts; tokens are not read.")
    return tuple(several)


def _stops(value: Any) -> tuple[str, ...]:
    several = [value] if isinstance(value, str) else value
    good = isinstance(several, list) and len(several) <= MOST_STOPS
    if not good or not all(isinstance(one, str) and 1 <= len(one) <= LONGEST_STOP for one in several):
        raise ParameterError("stop", f"stop is at most {MOST_STOPS} texts of 1 to {LONGEST_STOP} characters.")
    return tuple(several)


def _whole(content: Mapping[str, Any], name: str, least: int, most: int, otherwise: int) -> int:
    value = content.get(name, otherwise)
    if isinstance(value, float) and value.is_integer():  # JSON knows one kind of number: 5.0 is 5
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ParameterError(name, f"{name} is a whole number from {least} to {most}.")
    return value


def _number(content: Mapping[str, Any], name: str, least: float, most: float) -> float:
    value = content[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ParameterError(name, f"{name} is a number from {least:g} to {most:g}.")
    return float(value)


def _yes_or_no(content: Mapping[str, Any], name: str) -> bool:
    value = content.get(name, False)
    if not isinstance(value, bool):
        raise ParameterError(name, f"{name} is true or false.")
    return value


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def row_of(task: str, prompt: Any) -> dict[str, Any]:
    """The row of a task that a prompt or a conversation is.

    Raises
    ------
    ParameterError
        It is a conversation, and the task reads a single text.
    """
    if task == "dialogue":
        return {"messages": prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]}
    if isinstance(prompt, list):
        if [one["role"] for one in prompt] != ["user"]:
            raise ParameterError("messages", f"A model of {task} reads one message, of the user.")
        prompt = prompt[0]["content"]
    return {{"text-generation": "beginning", "code-generation": "prompt"}.get(task, "text"): prompt}


def new_name(kind: str) -> str:
    """A name for an answer, by chance."""
    return f"{'chatcmpl' if kind == CHAT else 'cmpl'}-{secrets.token_hex(12)}"


def whole_answer(
    asked: Asked,
    name: str,
    created: int,
    version: str,
    texts: Sequence[tuple[str, bool]],
    read: int,
    written: int,
) -> dict[str, Any]:
    """An answer that is not streamed; `texts` with whether each came to its end."""
    choices = []
    for index, (text, ended) in enumerate(texts):
        said = (
            {"message": {"role": "assistant", "content": text, "refusal": None}}
            if asked.kind == CHAT
            else {"text": text}
        )
        choices.append({"index": index, **said, "logprobs": None, "finish_reason": _reason(ended)})
    return {**_head(asked, name, created, version), "choices": choices, "usage": usage(read, written)}


def chunk(
    asked: Asked,
    name: str,
    created: int,
    version: str,
    index: int,
    text: str | None,
    ended: bool | None = None,
    *,
    first: bool = False,
) -> dict[str, Any]:
    """A piece of a streamed answer; with `ended` its end."""
    reason = None if ended is None else _reason(ended)
    if asked.kind == CHAT:
        delta: dict[str, Any] = {"role": "assistant"} if first else {}
        said: dict[str, Any] = {"delta": delta | ({} if text is None else {"content": text})}
    else:
        said = {"text": text or ""}
    choice = {"index": index, **said, "logprobs": None, "finish_reason": reason}
    return {**_head(asked, name, created, version, stream=True), "choices": [choice]}


def counts(asked: Asked, name: str, created: int, version: str, read: int, written: int) -> dict[str, Any]:
    """The last piece of a stream that asked for counts."""
    return {**_head(asked, name, created, version, stream=True), "choices": [], "usage": usage(read, written)}


def usage(read: int, written: int) -> dict[str, int]:
    """Counts of tokens."""
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def refusal(status: int, words: str, parameter: str | None = None) -> dict[str, Any]:
    """An error in OpenAI's form."""
    kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
    return {"error": {"message": words, "type": kind, "param": parameter or None, "code": code}}


def data(content: dict[str, Any]) -> bytes:
    """A piece as a server-sent event."""
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


def _head(asked: Asked, name: str, created: int, version: str, *, stream: bool = False) -> dict[str, Any]:
    kind = "chat.completion.chunk" if stream and asked.kind == CHAT else asked.kind
    return {
        "id": name,
        "object": kind,
        "created": created,
        "model": asked.model,
        "system_fingerprint": f"fp_{version[:16]}",
    }


def _reason(ended: bool) -> str:
    return "stop" if ended else "length"
