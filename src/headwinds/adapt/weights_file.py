"""Weights on their way to the disk, with one line where memory or disk do not suffice.

The safetensors library ends the whole process where it finds no memory for what it makes, and tells of a disk in an error of
its own: so it is asked beforehand whether there is room, and its errors are told as ours.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.storage import storage_error
from headwinds.errors import TrainingError

if TYPE_CHECKING:
    import torch

ALIGNED = 8
NAMES = {
    "torch.float64": "F64",
    "torch.float32": "F32",
    "torch.bfloat16": "BF16",
    "torch.float16": "F16",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
}
"""What the format calls the kinds of numbers that a training run holds."""
MARGIN = 16 << 20
"""Bytes for all that is allocated besides the two copies that the library makes."""


def weights_bytes(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """The tensors as a safetensors file.

    Raises
    ------
    TrainingError
        There is no memory for it.
    """
    from safetensors.torch import save

    size = sum(value.numel() * value.element_size() for value in tensors.values())
    with told_if_no_room(size):
        bytearray(2 * size + MARGIN)  # given back at once; no page of it is touched
        content: bytes = save(dict(tensors))
    return content


def weights_pieces(tensors: Mapping[str, torch.Tensor]) -> list[bytes | memoryview]:
    """The same file in pieces that stand where the tensors do: no copy is made of what lies in the processor's memory.

    The library puts the whole file together first, twice. A state that is saved every half minute holds five numbers a
    weight, so that saving it took more memory than training did. The format is one header in JSON, then the numbers.
    """
    import torch

    header: dict[str, dict[str, object]] = {}
    pieces: list[bytes | memoryview] = []
    end = 0
    for name, value in tensors.items():
        plain = value.detach().contiguous().cpu()
        piece = plain.reshape(-1).view(torch.uint8).numpy().data
        header[name] = {"dtype": NAMES[str(plain.dtype)], "shape": list(plain.shape)}
        header[name]["data_offsets"] = [end, end + len(piece)]
        end += len(piece)
        pieces.append(piece)
    content = json.dumps(header).encode()
    content += b" " * (-len(content) % ALIGNED)
    return [len(content).to_bytes(8, "little"), content, *pieces]


@contextmanager
def told_if_no_room(size: int, folder: Path | None = None) -> Iterator[None]:
    """Tell in one line where `size` bytes of weights find no memory, or no place in `folder`.

    Raises
    ------
    TrainingError
        There is no memory.
    StorageError
        The disk refuses.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        found = re.search(r"\(os error (\d+)\)", str(error))
        if found is None or folder is None:
            raise
        number = int(found[1])
        raise storage_error(OSError(number, os.strerror(number)), folder, needed=size) from error
    except BaseException as error:
        # PyO3 tells a null pointer in a class of its own, which is no Exception.
        if not isinstance(error, MemoryError) and type(error).__name__ != "PanicException":
            raise
        raise TrainingError(
            f"Memory ran out when {size:,} bytes of weights were to be written, which takes twice as much.",
            remedy="Give the process more memory, or train less: method = 'lora' or 'head', a higher frozen_layers, "
            "average_decay = 0, a smaller checkpoint. What was saved before is kept.",
        ) from error
