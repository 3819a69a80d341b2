"""The notebooks run from top to bottom at small size, and are kept without outputs."""

from __future__ import annotations

import re

import nbformat
import pytest

from adapt.tiny import make_checkpoint
from house.repository import ROOT

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
SMALL = {
    "growth-accounts": 'COUNTRIES = ["USA", "DEU"]',
    "your-own-documents": 'SETTINGS = {"checkpoint": "tiny", "epochs": 1}',
}
"""What stands after the cell tagged `parameters`, so that a run takes seconds."""


def test_there_is_one_for_each_way_in():
    assert [path.stem for path in NOTEBOOKS] == ["growth-accounts", "your-own-documents", "your-own-scores"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_is_kept_without_outputs_and_names_no_place_of_a_machine(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert sum("parameters" in cell.metadata.get("tags", ()) for cell in code) == 1
    assert not re.search(r"/(home|work|tmp|Users)/", path.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    for name in ("studies", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    make_checkpoint(tmp_path / "tiny", positions=128)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source += "\n" + SMALL.get(path.stem, "")
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert shown
