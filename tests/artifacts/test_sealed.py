"""A scratch file is read back whole or not at all."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from headwinds.artifacts.sealed import read_sealed, write_sealed


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 40])
def test_what_was_sealed_is_read(tmp_path: Path, data: bytes) -> None:
    write_sealed(tmp_path / "state", data)
    assert read_sealed(tmp_path / "state") == data


def test_pieces_are_read_as_one(tmp_path: Path) -> None:
    write_sealed(tmp_path / "state", b"one ", memoryview(b"and two"), b"", b" and three")
    assert read_sealed(tmp_path / "state") == b"one and two and three"


def test_nothing_there_is_nothing_read(tmp_path: Path) -> None:
    assert read_sealed(tmp_path / "state") is None


@pytest.mark.parametrize("seed", range(10))
def test_damage_is_nothing_read(tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    write_sealed(tmp_path / "state", generator.randbytes(300))
    content = bytearray((tmp_path / "state").read_bytes())
    if seed % 2:
        content = content[: generator.randrange(len(content))]
    else:
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    (tmp_path / "state").write_bytes(bytes(content))
    assert read_sealed(tmp_path / "state") is None
