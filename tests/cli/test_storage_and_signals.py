"""A full disk, a second run, a signal: one line each, nothing half-written taken for done, the same command goes on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapt.warm_process import start
from headwinds.artifacts.filesystem import Piece, RealFileSystem, use_file_system
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.manifest import verify
from headwinds.cli.main import main
from headwinds.study.example_data import example_files


@pytest.fixture
def study(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "study"]) == 0
    assert "made-up documents.csv, codebook.md, gold.jsonl" in capsys.readouterr().out
    return tmp_path


class FullAfter(RealFileSystem):
    """A disk with room for so many writes and no more, until it is freed."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def write_file(self, path: Path, *pieces: Piece) -> None:
        if self.left == 0:
            data = b"".join(pieces)
            path.write_bytes(data[: len(data) // 2])  # as a real disk would: part of it is there
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        self.left -= 1
        super().write_file(path, *pieces)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_new_study_passes_its_check_as_it_stands(study, capsys):
    assert main(["check", "study/study.toml", "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == ["Nothing to mend.", "Checked: runs/study/check"]


def test_init_leaves_files_that_are_there_alone(tmp_path, capsys):
    (tmp_path / "documents.csv").write_text("mine")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "documents.csv").read_text() == "mine"
    assert "made-up codebook.md, gold.jsonl to try" in capsys.readouterr().out


def test_the_full_example_holds_every_setting_and_nothing_unknown(tmp_path, capsys):
    assert main(["init", str(tmp_path), "--full"]) == 0
    path = tmp_path / "study.toml"
    text = path.read_text()
    for key in ("path", "title", "question"):
        text = text.replace(f'{key} = "..."', f'{key} = "documents.csv"')
    path.write_text(text)
    for name, content in example_files().items():
        (tmp_path / name).write_text(content)
    capsys.readouterr()
    assert main(["check", str(path), "--output", str(tmp_path / "run")]) == 2
    # The file is in order; what is wrong is what the user must fill in: the codebook is no CSV file.
    assert "defines no label" in capsys.readouterr().err


def test_a_full_disk_is_told_and_nothing_half_written_is_taken_for_done(study, capsys):
    whole = study / "whole"
    assert main(["check", "study/study.toml", "--quiet", "--output", str(whole)]) == 0
    capsys.readouterr()
    stops = 0
    for room in range(100):
        output = study / f"run-{room}"
        arguments = ["check", "study/study.toml", "--quiet", "--output", str(output)]
        with use_file_system(FullAfter(room)):
            code = main(arguments)
        shown = capsys.readouterr()
        if code == 0:
            break
        stops += 1
        assert code == 2
        assert shown.out == ""
        assert len(shown.err.splitlines()) == 1
        assert "no room is left on the disk" in shown.err
        assert "Free some space and run the same command again" in shown.err
        assert not (output / "check").exists()
        assert main(arguments) == 0
        verify(output / "check")
        assert files(output / "check") == files(whole / "check")
        capsys.readouterr()
    assert stops >= 3, stops
    assert code == 0


def test_a_study_that_is_being_run_is_not_run_twice_and_its_holder_is_named(study, capsys):
    before = files(study)
    with study_lock(study / "runs" / "study"):
        assert main(["check", "study/study.toml", "--quiet"]) == 2
        line = capsys.readouterr().err
        assert len(line.splitlines()) == 1
        assert f"is being run by process {os.getpid()} on " in line
        assert "Wait for it, or stop it" in line
        assert {name: data for name, data in files(study).items() if ".lock" not in name} == before
    assert main(["check", "study/study.toml", "--quiet"]) == 0


HOLDER = """
import sys, time
from pathlib import Path
from headwinds.artifacts.lock import study_lock
with study_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(0.5)
"""


def test_the_second_run_waits_if_it_is_told_to(study, capsys):
    command = [sys.executable, "-c", HOLDER, str(study / "runs" / "study")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        assert main(["check", "study/study.toml", "--quiet", "--wait", "60"]) == 0
        assert holder.wait() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_working_stops_in_one_line_and_keeps_what_was_done(number, code, study):
    command = ["-m", "headwinds", "tune", "study/study.toml"]
    command += ["--set", "tune.folds=2", "--set", "tune.epochs=50", "--set", "tune.patience=50"]
    told = study / "told"
    with told.open("w") as errors:
        run = start(*command, stderr=errors)
    deadline = time.monotonic() + 120
    while (
        not (study / "runs" / "study" / ".scratch").is_dir()
        or not (study / "runs" / "study" / "check").is_dir()
    ):
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    asked = time.monotonic()
    run.send_signal(number)
    run.wait(60)
    shown = told.read_text()
    assert time.monotonic() - asked < 30
    assert run.returncode == code, shown
    last = shown.splitlines()[-1]
    assert last.startswith(
        f"headwinds tune: Stopped by {number.name}; what was done is kept. Run the same command again"
    )
    assert "Traceback" not in shown
    verify(study / "runs" / "study" / "check")
