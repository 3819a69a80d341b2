"""What a `tokenizer.json` may ask of the tokenizers library: nothing that makes texts explode, or a search run for ever.

The file is data, and no code runs from it. But each text is rewritten and searched as it says, in a library that cannot be
interrupted, and some patterns take a time that doubles with each character.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headwinds.errors import CheckpointError

LARGEST_FILE = 200_000_000
LONGEST_PATTERN = 5_000
MOST_GROWTH = 64
"""Times that what a file puts into a text may lengthen it; what is in use puts one sign for another."""
MOST_PIECES = 64
"""Of a template that puts special tokens around texts, and of the tokens that one of its pieces stands for."""
STEPS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)
"""In a pattern, what stands for one character."""
_accepted: set[bytes] = set()
"""SHA-256 of files that were read to their end in this process: one is often loaded, and reading it takes a while."""
REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{\d*,?\d*\})")


def check_tokenizer(folder: Path) -> None:
    """Refuse a `tokenizer.json` that could hold up whoever tokenizes with it.

    Raises
    ------
    CheckpointError
        It is no JSON object, is too large, repeats a group of a pattern, or lengthens texts beyond measure.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        return
    if path.stat().st_size > LARGEST_FILE:
        raise CheckpointError(
            f"{path} is larger than {LARGEST_FILE:,} bytes.", remedy="Name another checkpoint."
        )
    data = path.read_bytes()
    digest = hashlib.sha256(data).digest()
    if digest in _accepted:
        return
    try:
        content = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.", remedy="Fetch it again.") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, expected an object.")
    growth = 1.0
    for step in _steps([content.get(name) for name in STEPS]):
        pattern = step.get("pattern")
        regex = pattern.get("Regex") if isinstance(pattern, dict) else None
        if isinstance(regex, str) and (
            len(regex) > LONGEST_PATTERN or REPEATED_GROUP.search(CLASS.sub("c", regex))
        ):
            raise _refused(path, "searches by a pattern that repeats a group, which can take for ever")
        put_in = [step.get(name) for name in ("content", "prepend", "replacement")]
        growth *= max(1, *(len(one) for one in put_in if isinstance(one, str)), 0)
        if growth > MOST_GROWTH:
            raise _refused(path, f"can make texts more than {MOST_GROWTH} times as long")
        lists = [step.get("single"), step.get("pair"), *_ids(step.get("special_tokens"))]
        if any(isinstance(one, list) and len(one) > MOST_PIECES for one in lists):
            raise _refused(path, f"puts more than {MOST_PIECES} tokens around a text")
    _accepted.add(digest)


def _refused(path: Path, what: str) -> CheckpointError:
    return CheckpointError(f"{path} {what}.", remedy="Name another checkpoint.")


def _ids(tokens: Any) -> list[Any]:
    if not isinstance(tokens, dict):
        return []
    return [one.get("ids") for one in tokens.values() if isinstance(one, dict)]


def _steps(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within; the depth is that which the JSON reader allows, so no stack is needed."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
