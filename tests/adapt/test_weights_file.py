"""Where memory or disk do not suffice for weights, one line says so: the library would end the process, or blame itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from headwinds.adapt.weights_file import NAMES, told_if_no_room, weights_bytes, weights_pieces
from headwinds.errors import StorageError, TrainingError

SHORT = """
import os, resource, sys, torch
import safetensors.torch, headwinds.adapt.weights_file as writing
tensors = {"a": torch.ones(15_000_000)}
taken = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[1]) * 2**20, -1))
try:
    print(len(writing.weights_bytes(tensors)))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
@pytest.mark.parametrize("megabytes", [30, 80])  # of the 57 of one copy none, and one of two
def test_too_little_memory_is_told_in_one_line(megabytes: int) -> None:
    found = subprocess.run(
        [sys.executable, "-c", SHORT, str(megabytes)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("TrainingError Memory ran out when 60,000,000 bytes of weights")
    assert "method = 'lora'" in found.stdout
    assert found.stdout.count("\n") == 1


def test_a_panic_of_the_library_is_told_as_memory() -> None:
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(TrainingError, match="Memory ran out"), told_if_no_room(7):
        raise panic("PyObject pointer is null")


def test_a_full_disk_is_told_as_every_other_writer_tells_it(tmp_path: Path) -> None:
    from safetensors import SafetensorError

    words = "Error while serializing: I/O error: No space left on device (os error 28)"
    with pytest.raises(StorageError, match="no room is left on the disk"), told_if_no_room(7, tmp_path):
        raise SafetensorError(words)
    with pytest.raises(SafetensorError, match="shape"), told_if_no_room(7, tmp_path):
        raise SafetensorError("the shape is wrong")


def test_what_fits_is_an_ordinary_file() -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(1, dtype=torch.int64)}
    found = load(weights_bytes(tensors))
    assert all(torch.equal(found[name], value) for name, value in tensors.items())


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_written_in_pieces_the_library_reads(kind: str) -> None:
    dtype = getattr(torch, kind.removeprefix("torch."))
    tensors = {
        "matrix": torch.arange(6).reshape(2, 3).to(dtype),
        "turned": torch.arange(6).reshape(2, 3).T.to(dtype),
        "number": torch.tensor(1).to(dtype),
        "nothing": torch.zeros(0, 4, dtype=dtype),
    }
    found = load(b"".join(weights_pieces(tensors)))
    assert set(found) == set(tensors)
    for name, value in tensors.items():
        assert found[name].dtype == dtype
        assert torch.equal(found[name], value)


def test_pieces_are_the_tensors_themselves_and_no_copies() -> None:
    tensor = torch.zeros(5)
    *_, piece = weights_pieces({"a": tensor})
    tensor[0] = 1.0
    assert bytes(piece) == tensor.numpy().tobytes()
