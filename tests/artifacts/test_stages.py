"""A stage is done once, found again, redone when something changed, and goes on from its scratch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headwinds.artifacts.stages import SCRATCH, run_stage
from headwinds.artifacts.write import clean_stale


def _count(log: list[str], text: str = "content") -> Callable[[Path, Path], None]:
    def work(output: Path, scratch: Path) -> None:
        log.append("started")
        kept = scratch / "half"
        log.append("went on" if kept.exists() else "from the start")
        kept.write_text("half")
        (output / "file").write_text(text)

    return work


def test_a_stage_is_done_once(tmp_path: Path) -> None:
    log: list[str] = []
    first = run_stage(tmp_path, "tune/fold-1", "a" * 64, _count(log))
    again = run_stage(tmp_path, "tune/fold-1", "a" * 64, _count(log))
    assert (first.reused, again.reused) == (False, True)
    assert log == ["started", "from the start"]
    assert (again.path / "file").read_text() == "content"
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_another_fingerprint_redoes_it_and_the_old_stands_until_then(tmp_path: Path) -> None:
    run_stage(tmp_path, "score", "a" * 64, _count([], "old"))

    def work(output: Path, _: Path) -> None:
        assert (tmp_path / "score" / "file").read_text() == "old"
        (output / "file").write_text("new")

    assert not run_stage(tmp_path, "score", "b" * 64, work).reused
    assert (tmp_path / "score" / "file").read_text() == "new"


def test_a_stage_that_failed_goes_on_from_its_scratch_unless_something_changed(tmp_path: Path) -> None:
    def fails(_: Path, scratch: Path) -> None:
        (scratch / "half").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_stage(tmp_path, "score", "a" * 64, fails)
    assert not (tmp_path / "score").exists()
    log: list[str] = []
    run_stage(tmp_path, "score", "a" * 64, _count(log))
    assert log == ["started", "went on"]

    with pytest.raises(RuntimeError):
        run_stage(tmp_path, "measure", "a" * 64, fails)
    log.clear()
    run_stage(tmp_path, "measure", "b" * 64, _count(log))
    assert log == ["started", "from the start"]


def test_a_damaged_output_is_redone_and_said(tmp_path: Path) -> None:
    run_stage(tmp_path, "score", "a" * 64, _count([]))
    (tmp_path / "score" / "file").write_text("CONTENT")
    log: list[str] = []
    result = run_stage(tmp_path, "score", "a" * 64, _count(log))
    assert log[0] == "started"
    assert [finding.code for finding in result.findings] == ["W901"]
    assert "score/file is not what was written" in result.findings[0].sentence
    assert (tmp_path / "score" / "file").read_text() == "content"


def test_stages_whose_names_begin_alike_keep_their_own_scratch(tmp_path: Path) -> None:
    def fails(_: Path, scratch: Path) -> None:
        (scratch / "half").write_text("half")
        raise RuntimeError

    for name in ("tune/fold-1", "tune/fold-11"):
        with pytest.raises(RuntimeError):
            run_stage(tmp_path, name, "a" * 64, fails)
    run_stage(tmp_path, "tune/fold-1", "a" * 64, _count([]))
    log: list[str] = []
    run_stage(tmp_path, "tune/fold-11", "a" * 64, _count(log))
    assert log == ["started", "went on"]


def test_names_that_begin_like_ours_are_not_taken_for_what_a_killed_run_left(tmp_path: Path) -> None:
    for name in (".partial-notes", ".retired-people.csv", ".partial-0123abcd-x", ".retired-0123abcd-y"):
        (tmp_path / name).mkdir()
    clean_stale(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".partial-notes", ".retired-people.csv", "y"]


def test_what_was_retired_is_put_back_in_its_folder_though_that_one_is_temporary_too(tmp_path: Path) -> None:
    folder = tmp_path / ".partial-0123abcd-x"
    (folder / ".retired-4567abcd-y").mkdir(parents=True)
    clean_stale(folder)
    assert [one.name for one in folder.iterdir()] == ["y"]
