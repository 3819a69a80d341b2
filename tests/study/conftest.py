"""A study that can be changed at will: the example that `headwinds init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwinds.study.data import CheckedStudy
from headwinds.study.example import SHORT
from headwinds.study.example_data import example_files
from headwinds.study.run import run_study
from headwinds.study.study_file import read_study

PANEL = "a panel\n"
COUNTS = "year,passages\n2018,60\n2019,60\n2020,60\n"


def write_study(folder: Path) -> Path:
    files = example_files() | {"study.toml": SHORT, "panel.csv": PANEL, "counts.csv": COUNTS}
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study")


@pytest.fixture(scope="session")
def checked_once(tmp_path_factory: pytest.TempPathFactory) -> CheckedStudy:
    """What the check of the unchanged study hands on; not to be written to."""
    folder = write_study(tmp_path_factory.mktemp("checked") / "study")
    return run_study(
        read_study(folder / "study.toml"), folder.parent / "run", until="check", quiet=True
    ).checked
