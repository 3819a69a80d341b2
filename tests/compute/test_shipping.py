"""What is brought to another machine is kept there as it was, in a folder of its user alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from headwinds.compute.shipping import keep_place, kept_at, name_places, read_place
from headwinds.errors import ComputeError


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of another machine."""
    (tmp_path / "node").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "node"))
    return tmp_path / "node"


def test_files_and_folders_arrive_as_they_were_also_a_folder_with_one_file_of_its_name(
    tmp_path: Path, node: Path
) -> None:
    for name in ("model/model", "other/a", "other/b/c", "single"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    places = name_places(tuple(tmp_path / name for name in ("model", "other", "single")))
    kept = [keep_place(place, read_place(place.path), "node") for place in places]
    assert all(path.is_relative_to(node) for path in kept)
    assert [read_place(path) for path in kept] == [read_place(place.path) for place in places]
    assert name_places(tuple(kept))[0].digest == places[0].digest


def test_nothing_is_kept_where_the_link_of_somebody_else_leads(tmp_path: Path, node: Path) -> None:
    (tmp_path / "single").write_text("x")
    (place,) = name_places((tmp_path / "single",))
    (tmp_path / "elsewhere").mkdir()
    kept_at(place).parents[2].symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ComputeError, match="no folder of this user"):
        keep_place(place, read_place(place.path), "node")
    assert list((tmp_path / "elsewhere").iterdir()) == []
