"""The weights of a checkpoint on disk: one safetensors file, or shards with an index that says which tensor is in which.

The index comes with the checkpoint and is as foreign as the rest of it. `transformers` opens whatever it names, so all of it
is compared with the headers of the shards before that library sees the folder; no tensor is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from headwinds.errors import CheckpointError

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"[A-Za-z0-9][\w.-]{0,200}\.safetensors")
LARGEST_INDEX = 100_000_000
FETCH_AGAIN = "Fetch or write it again."


def weights_files(folder: Path) -> tuple[Path, ...]:
    """The safetensors files that hold a checkpoint's weights, each whole; none if there are none.

    Raises
    ------
    CheckpointError
        A file is missing or truncated, or the index and the shards do not agree: it is named, and nothing is loaded.
    """
    if (folder / WHOLE).is_file():  # what `transformers` takes where both are there
        check_weights(folder / WHOLE)
        return (folder / WHOLE,)
    if not (folder / INDEX).is_file():
        return ()
    placed = read_index(folder / INDEX)
    shards = tuple(folder / name for name in sorted(set(placed.values())))
    for number, shard in enumerate(shards, start=1):
        if not shard.is_file():
            raise CheckpointError(
                f"{shard} is missing: shard {number} of {len(shards)} that {INDEX} names. Nothing was loaded.",
                remedy=FETCH_AGAIN,
            )
    for shard in shards:
        _compare(folder / INDEX, shard, check_weights(shard), placed)
    return shards


def check_weights(path: Path) -> frozenset[str]:
    """Compare the header of a safetensors file with its length, and return the names of its tensors; none is read.

    Raises
    ------
    CheckpointError
        It is truncated, damaged, or another kind of file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as file:
            return frozenset(file.keys())
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no whole safetensors file: {str(error).splitlines()[0]}. Nothing was loaded.",
            remedy=FETCH_AGAIN,
        ) from error


def read_index(path: Path) -> dict[str, str]:
    """Names of tensors and of the files that hold them, which are files of the index's folder.

    Raises
    ------
    CheckpointError
        It is no index, or names what is no safetensors file of the folder.
    """
    if path.stat().st_size > LARGEST_INDEX:
        raise CheckpointError(f"{path} is larger than {LARGEST_INDEX:,} bytes, expected an index of weights.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.") from error
    placed = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(placed, dict) or not placed or not isinstance(content.get("metadata"), dict):
        raise CheckpointError(
            f"{path} is no index of weights: it needs metadata and a weight_map from tensors to files.",
            remedy=FETCH_AGAIN,
        )
    for tensor, name in placed.items():
        if not isinstance(name, str) or not SHARD.fullmatch(name):
            raise CheckpointError(
                f"{path}: {tensor[:80]!r} is said to be in {str(name)[:80]!r}, which is no safetensors file of this folder.",
                remedy="Do not trust the checkpoint; name another one.",
            )
    return placed


def _compare(index: Path, shard: Path, held: frozenset[str], placed: dict[str, str]) -> None:
    """Every tensor of the index is in its shard, and every tensor of a shard in the index."""
    wanted = {tensor for tensor, name in placed.items() if name == shard.name}
    lacking, unknown = sorted(wanted - held), sorted(held - wanted)
    if lacking:
        raise CheckpointError(
            f"{shard} lacks {lacking[0]!r}, which {index.name} says is in it (tensors that it lacks: {len(lacking)}). "
            "Nothing was loaded.",
            remedy=FETCH_AGAIN,
        )
    if unknown:
        raise CheckpointError(
            f"{shard} holds {unknown[0]!r}, which {index.name} does not say of it (tensors so: {len(unknown)}). "
            "Nothing was loaded.",
            remedy=FETCH_AGAIN,
        )
