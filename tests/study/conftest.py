"""A study that can be changed at will: the example that `headwinds init` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwinds.study.example import SHORT
from headwinds.study.example_data import example_files


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for name, content in (example_files() | {"study.toml": SHORT}).items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder
