"""The power may go after any call that changes the disk: old or new is found, never a part, and the next run ends well."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from artifacts.power import LOSSES, FailingDisk, PowerCut
from headwinds.artifacts.filesystem import use_file_system
from headwinds.artifacts.manifest import is_complete, verify
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import atomic_directory, clean_stale, write_bytes, write_json


@dataclass(frozen=True)
class Promise:
    """Something written, from a state before to a state after.

    `state` reads what a user would find: None, or a value that tells old from new; it raises if it finds a part.
    """

    before: Callable[[Path], object]
    write: Callable[[Path], object]
    state: Callable[[Path], object]


def _put_file(content: bytes) -> Callable[[Path], None]:
    def put(root: Path) -> None:
        clean_stale(root / "folder")
        write_bytes(root / "folder" / "file", content)

    return put


def _fill(folder: Path, text: str) -> None:
    (folder / "deep").mkdir()
    (folder / "a.txt").write_text(f"{text} a" * 100)
    (folder / "deep" / "b.txt").write_text(f"{text} b" * 100)


def _put_directory(text: str) -> Callable[[Path], None]:
    def put(root: Path) -> None:
        clean_stale(root / "out")
        with atomic_directory(root / "out" / "thing", replace=True) as folder:
            _fill(folder, text)

    return put


def _directory_state(root: Path) -> str | None:
    clean_stale(root / "out")
    path = root / "out" / "thing"
    if not path.exists():
        return None
    verify(path)
    text = (path / "a.txt").read_text()[:3]
    assert (path / "deep" / "b.txt").read_text().startswith(text)
    return text


def _put_stage(fingerprint: str) -> Callable[[Path], None]:
    def work(output: Path, scratch: Path) -> None:
        write_json(scratch / "half.json", {"of": fingerprint})
        _fill(output, fingerprint)

    return lambda root: run_stage(root, "tune/fold-1", fingerprint, work)


def _stage_state(root: Path) -> str | None:
    clean_stale(root / "tune")
    path = root / "tune" / "fold-1"
    if not path.exists():
        return None
    verify(path)
    return (path / "a.txt").read_text()[:3]


def _file_state(root: Path) -> bytes | None:
    path = root / "folder" / "file"
    return path.read_bytes() if path.exists() else None


def _nothing(_: Path) -> None:
    pass


PROMISES = {
    "a new file in a new folder": Promise(_nothing, _put_file(b"new" * 50), _file_state),
    "a file replaced": Promise(_put_file(b"old" * 70), _put_file(b"new" * 50), _file_state),
    "a new directory": Promise(_nothing, _put_directory("new"), _directory_state),
    "a directory replaced": Promise(_put_directory("old"), _put_directory("new"), _directory_state),
    "a stage": Promise(_nothing, _put_stage("new"), _stage_state),
    "a stage done again with other inputs": Promise(_put_stage("old"), _put_stage("new"), _stage_state),
}
# Of all promises together, so that a change that loses calls, and with them points, is seen.
FEWEST_POINTS = 60


def _crash(promise: Promise, folder: Path, calls: int | None) -> FailingDisk:
    root = folder / "disk"
    root.mkdir(parents=True)
    promise.before(root)
    disk = FailingDisk(root, calls)
    with use_file_system(disk):
        try:
            promise.write(root)
        except PowerCut:
            assert disk.cut
    return disk


@pytest.mark.parametrize("name", PROMISES)
def test_every_crash_point_leaves_old_or_new(name: str, tmp_path: Path) -> None:
    promise = PROMISES[name]
    calls = _crash(promise, tmp_path / "whole", None).done
    old, new = _states(promise, tmp_path)
    for point in range(calls + 1):
        disk = _crash(promise, tmp_path / str(point), point)
        for loss in LOSSES:
            place = tmp_path / str(point) / loss
            disk.after_the_crash(place, loss)
            found = promise.state(place)
            assert found in (old, new), f"after call {point} of {calls}, unsynced {loss}: {found!r}"
            if point == calls:  # the call returned: what it wrote is durable
                assert found == new, f"returned, yet with unsynced {loss} it is {found!r}"
            promise.write(place)  # no human help
            assert promise.state(place) == new
            hidden = [path.name for path in place.rglob(".partial-*")] + [
                path.name for path in place.rglob(".retired-*")
            ]
            assert not hidden, f"after call {point}, unsynced {loss}, left behind: {hidden}"
        shutil.rmtree(tmp_path / str(point))


def _states(promise: Promise, folder: Path) -> tuple[object, object]:
    root = folder / "states"
    root.mkdir()
    promise.before(root)
    old = promise.state(root)
    promise.write(root)
    return old, promise.state(root)


def test_the_points_are_many_enough_to_mean_something(tmp_path: Path) -> None:
    points = sum(
        _crash(promise, tmp_path / str(number), None).done + 1
        for number, promise in enumerate(PROMISES.values())
    )
    assert points >= FEWEST_POINTS, points


def test_the_simulated_disk_can_fail_a_careless_writer(tmp_path: Path) -> None:
    """The proof of the proof: a writer without fsync is caught."""
    root = tmp_path / "disk"
    root.mkdir()
    disk = FailingDisk(root)
    disk.write_file(root / "temporary", b"new" * 50)
    disk.replace(root / "temporary", root / "file")
    disk.sync_directory(root)
    disk.after_the_crash(tmp_path / "lost", "lost")
    assert (tmp_path / "lost" / "file").read_bytes() == b""
    disk.after_the_crash(tmp_path / "torn", "torn")
    assert (tmp_path / "torn" / "file").read_bytes() == (b"new" * 50)[:75]


def test_a_folder_without_its_manifest_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "a.txt").write_text("content")
    assert not is_complete(tmp_path / "thing")
