"""Weights on their way to the disk, with one line where memory or disk do not suffice.

The safetensors library ends the whole process where it finds no memory for what it makes, and tells of a disk in an error of
its own: so it is asked beforehand whether there is room, and its errors are told as ours.
"""

from __future__ import annotations

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
