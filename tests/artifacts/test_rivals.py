"""Several processes that write one path: one wins whole, a reader never sees a mixture."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from headwinds.artifacts.manifest import verify
from headwinds.artifacts.write import atomic_directory, write_bytes
from headwinds.errors import ArtifactError

WRITERS, ROUNDS = 8, 12


def _write(folder: Path, writer: int, kind: str) -> None:
    for number in range(ROUNDS):
        text = f"writer {writer} round {number} ".encode() * 200
        if kind == "file":
            write_bytes(folder / "thing", text)
        else:
            with atomic_directory(folder / "thing", replace=True) as output:
                (output / "a").write_bytes(text)
                (output / "b").write_bytes(text)
    os._exit(0)


def _file_is_whole(path: Path) -> bool:
    content = path.read_bytes()
    first = content[: len(content) // 200]
    return len(content) > 0 and content == first * 200


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_of_rival_writers_one_wins_whole(tmp_path: Path, kind: str) -> None:
    context = multiprocessing.get_context("fork")
    rivals = [context.Process(target=_write, args=(tmp_path, number, kind)) for number in range(WRITERS)]
    for rival in rivals:
        rival.start()
    looks = 0
    while any(rival.is_alive() for rival in rivals):
        if kind == "file" and (tmp_path / "thing").exists():
            assert _file_is_whole(tmp_path / "thing")
            looks += 1
    for rival in rivals:
        rival.join()
        assert rival.exitcode == 0
    if kind == "file":
        assert looks > 10
        assert _file_is_whole(tmp_path / "thing")
    else:
        verify(tmp_path / "thing")
        assert (tmp_path / "thing" / "a").read_bytes() == (tmp_path / "thing" / "b").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]


def test_without_replace_the_second_writer_is_refused(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "thing") as output:
        (output / "a").write_bytes(b"first")
    with (
        pytest.raises(ArtifactError, match="exists already"),
        atomic_directory(tmp_path / "thing") as output,
    ):
        (output / "a").write_bytes(b"second")
    assert (tmp_path / "thing" / "a").read_bytes() == b"first"
