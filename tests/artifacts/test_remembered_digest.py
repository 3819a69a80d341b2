"""A large file is read once a process, and again as soon as it may have changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headwinds.artifacts import fingerprint
from headwinds.artifacts.fingerprint import file_digest, remembered_digest


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read, in their order."""
    found: list[Path] = []

    def digest(path: Path) -> str:
        found.append(path)
        return file_digest(path)

    monkeypatch.setattr(fingerprint, "file_digest", digest)
    return found


def test_a_file_that_did_not_change_is_read_once(tmp_path, read, monkeypatch):
    monkeypatch.setattr(fingerprint, "SETTLED", 0)
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    assert remembered_digest(path) == remembered_digest(path) == file_digest(path)
    assert len(read) == 1


def test_another_content_of_the_same_size_and_time_is_noticed(tmp_path, read, monkeypatch):
    monkeypatch.setattr(fingerprint, "SETTLED", 0)
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    first, times = remembered_digest(path), path.stat()
    path.unlink()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert remembered_digest(path) == file_digest(path) != first


def test_what_was_written_just_now_may_still_be_written_and_is_read_again(tmp_path, read):
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    assert remembered_digest(path) == remembered_digest(path)
    assert len(read) == 2
