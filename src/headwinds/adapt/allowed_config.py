"""What the configuration files of a foreign checkpoint may hold: numbers, truth values and words; no place, no program.

`transformers` looks up some words of a configuration in its own tables. Anything that could be a path, an address, the name
of a repository or a dotted name of a module is refused before the library sees it, under whatever key it stands, since new
keys that are followed appear with new versions (two such keys were used to run code although remote code was off).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headwinds.errors import CheckpointError

FORBIDDEN_KEYS = frozenset({
    "auto_map",
    "trust_remote_code",
    "attn_implementation",
    "custom_pipelines",
    "quantization_config",
    "transformers_weights",
    "kernel_config",
    "use_kernels",
    "backbone",
    "backbone_config",
    "use_timm_backbone",
    "use_pretrained_backbone",
})  # fmt: skip
FORBIDDEN_BEGINNINGS = ("_attn_implementation", "_experts_implementation")
FREE = frozenset({
    "_name_or_path",
    "name_or_path",
    "id2label",
    "label2id",
    "task_specific_params",
    "prefix",
    "torch_dtype",
    "dtype",
})  # fmt: skip
"""Keys whose texts are told to people, or looked up in a table of ours, and followed by nobody."""
WORD = re.compile(r"[\w .,+()<>|\[\]-]{0,200}")
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
CLASS = re.compile(r"[A-Za-z]\w{0,99}")
LARGEST = 1_000_000
DEEPEST = 12
BESIDE = (
    "tokenizer_config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "processor_config.json",
)
ADAPTER = "adapter_config.json"
MODEL_SUFFIXES = frozenset({".json", ".jsonl", ".safetensors", ".txt", ".model", ".spm", ".jinja"})
"""Kinds of files that a fitted model consists of; none of them can carry code that loading it would run."""


def check_config(path: Path, config: dict[str, Any]) -> None:
    """Refuse a `config.json` that holds more than numbers and words.

    Raises
    ------
    CheckpointError
        A key names code, or a text could be followed.
    """
    for key, value, depth in _texts(config, "", 0):
        if depth > DEEPEST:
            raise CheckpointError(
                f"{path} is nested deeper than {DEEPEST}.", remedy="Name another checkpoint."
            )
        _check_key(path, key)
        if not isinstance(value, str) or key in FREE:
            continue
        if WORD.fullmatch(value) is None or MODULE.fullmatch(value) is not None:
            raise CheckpointError(
                f"{path}: {key[:64]!r} is {value[:80]!r}, which could name a place or a program, no word or number.",
                remedy="Remove the key if you trust the weights, or name another checkpoint.",
            )


def check_beside(folder: Path) -> None:
    """Refuse what asks for code in the files beside `config.json`, and an adapter, which a library would put on unasked.

    Raises
    ------
    CheckpointError
        As `check_config`; or a file is no JSON object.
    """
    if (folder / ADAPTER).exists():
        raise CheckpointError(
            f"{folder / ADAPTER} is of an adapter, which would be put on the checkpoint unasked.",
            remedy="Merge it into the weights, or move it out of the folder.",
        )
    for name in BESIDE:
        path = folder / name
        if not path.is_file():
            continue
        if path.stat().st_size > 10 * LARGEST:
            raise CheckpointError(
                f"{path} is larger than {10 * LARGEST:,} bytes.", remedy="Name another checkpoint."
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise CheckpointError(f"{path} is not valid JSON: {error}.") from error
        if not isinstance(content, dict):
            raise CheckpointError(f"{path} holds a {type(content).__name__}, expected an object.")
        for key, value, _ in _texts(content, "", 0):
            _check_key(path, key)
            if key == "tokenizer_class" and value is not None and not CLASS.fullmatch(str(value)):
                raise CheckpointError(
                    f"{path}: tokenizer_class is {str(value)[:80]!r}, expected the name of a class.",
                    remedy="Name another checkpoint.",
                )


def check_model_files(folder: Path, listed: set[str]) -> None:
    """Refuse a fitted model with a file that can carry code, or with one that its `model.json` does not name.

    Raises
    ------
    CheckpointError
        There is one; it is named.
    """
    for name in sorted(listed):
        if Path(name).suffix not in MODEL_SUFFIXES:
            raise CheckpointError(
                f"{folder / name} is of a kind that can carry code, and is no part of a fitted model.",
                remedy="Do not trust the folder; tune the model again.",
            )
    for part in ("encoder", "adapter"):
        for path in sorted((folder / part).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in listed:
                raise CheckpointError(
                    f"{path} is not named in model.json, and could change what is loaded.",
                    remedy="Remove it, or tune the model again.",
                )


def _check_key(path: Path, key: str) -> None:
    if key in FORBIDDEN_KEYS or key.startswith(FORBIDDEN_BEGINNINGS):
        raise CheckpointError(
            f"{path} sets {key!r}, which can make a library download or run code.",
            remedy="Remove the key if you trust the weights, or name another checkpoint.",
        )


def _texts(value: Any, key: str, depth: int) -> Iterator[tuple[str, Any, int]]:
    """Every key with what is no list and no object under it; what stands under a free key counts as that key's."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), None, depth
            if depth <= DEEPEST:
                yield from _texts(inner, key if key in FREE else str(name), depth + 1)
    elif isinstance(value, list):
        if depth <= DEEPEST:
            for inner in value:
                yield from _texts(inner, key, depth + 1)
        else:
            yield key, None, depth
    else:
        yield key, value, depth
