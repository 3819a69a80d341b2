"""Fifty ways to damage a finished folder; every one is noticed before a byte of it is used, and the file is named."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from headwinds.artifacts.manifest import MANIFEST, is_complete, verify
from headwinds.artifacts.write import atomic_directory
from headwinds.errors import ArtifactError

FILES = ("model.json", "weights.safetensors", "shards/one.parquet", "shards/two.parquet", "empty.txt")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    generator = random.Random(1)
    with atomic_directory(tmp_path / "artifact") as folder:
        (folder / "shards").mkdir()
        for name in FILES:
            size = 0 if name == "empty.txt" else 400
            (folder / name).write_bytes(generator.randbytes(size))
    return tmp_path / "artifact"


def _flip(path: Path, generator: random.Random) -> None:
    content = bytearray(path.read_bytes())
    bit = generator.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(content))


def _truncate(path: Path, generator: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: generator.randrange(len(content))])


def _swap(one: Path, two: Path) -> None:
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def _refused(artifact: Path, named: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        verify(artifact)
    line = str(caught.value)
    assert named in line
    assert "\n" not in line
    assert not is_complete(artifact)


def test_what_was_written_is_complete(artifact: Path) -> None:
    verify(artifact)
    (artifact / "model.json").touch()  # a new date is no new content
    verify(artifact)


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_is_noticed(artifact: Path, seed: int) -> None:
    generator = random.Random(seed)
    name = generator.choice((*FILES[:4], MANIFEST))
    _flip(artifact / name, generator)
    # A changed manifest is either no manifest any more, or one that no file agrees with.
    _refused(artifact, str(artifact) if name == MANIFEST else name.split("/")[-1])


@pytest.mark.parametrize("seed", range(15))
def test_a_truncated_file_is_noticed(artifact: Path, seed: int) -> None:
    generator = random.Random(100 + seed)
    name = generator.choice((*FILES[:4], MANIFEST))
    _truncate(artifact / name, generator)
    _refused(artifact, name.split("/")[-1])


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_noticed(artifact: Path, name: str) -> None:
    (artifact / name).unlink()
    _refused(artifact, name.split("/")[-1])


@pytest.mark.parametrize("name", ["extra.bin", "shards/three.parquet", ".hidden", "shards/deep/one.parquet"])
def test_an_extra_file_is_noticed(artifact: Path, name: str) -> None:
    (artifact / name).parent.mkdir(exist_ok=True)
    (artifact / name).write_bytes(b"")
    _refused(artifact, name.split("/")[-1])


def test_swapped_shards_are_noticed(artifact: Path) -> None:
    _swap(artifact / "shards" / "one.parquet", artifact / "shards" / "two.parquet")
    _refused(artifact, "one.parquet")


def test_content_appended_to_an_empty_file_is_noticed(artifact: Path) -> None:
    (artifact / "empty.txt").write_bytes(b"\n")
    _refused(artifact, "empty.txt")


def test_a_manifest_of_another_artifact_is_noticed(artifact: Path, tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "other") as folder:
        (folder / "model.json").write_bytes(b"{}")
    shutil.copy(tmp_path / "other" / MANIFEST, artifact / MANIFEST)
    _refused(artifact, "empty.txt")


def test_a_manifest_that_was_mended_by_hand_is_noticed(artifact: Path) -> None:
    plain = json.loads((artifact / MANIFEST).read_bytes())
    del plain["files"]["model.json"]
    (artifact / MANIFEST).write_text(json.dumps(plain))
    _refused(artifact, MANIFEST)


def test_a_link_in_the_place_of_a_file_is_noticed(artifact: Path, tmp_path: Path) -> None:
    shutil.move(artifact / "model.json", tmp_path / "model.json")
    (artifact / "model.json").symlink_to(tmp_path / "model.json")
    _refused(artifact, "model.json")


def test_a_folder_without_a_manifest_was_never_finished(artifact: Path) -> None:
    (artifact / MANIFEST).unlink()
    _refused(artifact, MANIFEST)
