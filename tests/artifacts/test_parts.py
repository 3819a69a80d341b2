"""A part is taken for done only if it is the one that is wanted, whatever was killed in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwinds.artifacts.parts import begin, finish, finished_result, is_whole, write_part
from headwinds.artifacts.stores import Store, open_store

FIRST, SECOND = {0: "A0", 1: "A1"}, {0: "B0", 1: "B1"}


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        pytest.importorskip("fsspec")
    return open_store(str(tmp_path) if request.param == "folder" else f"memory://parts{tmp_path}")


@pytest.mark.parametrize("ended", [True, False])
def test_what_another_run_left_without_its_note_is_not_taken_for_ours(store: Store, ended: bool) -> None:
    begin(store, "scores", FIRST)
    parts = [write_part(store, "scores", n, key, b"aaaa", 1, []) for n, key in FIRST.items()]
    if ended:
        finish(store, "scores", parts, {"fingerprint": "A"})
    begin(store, "scores", SECOND)
    write_part(store, "scores", 0, "B0", b"bbbb", 1, [])
    store.write("scores/parts/part-000001.parquet", b"bbbb")  # and killed before its note
    notes = begin(store, "scores", FIRST)
    assert [number for number, note in notes.items() if is_whole(store, "scores", note)] == []


def test_what_both_runs_want_is_made_once_however_often_they_are_killed(store: Store) -> None:
    begin(store, "scores", FIRST)
    finish(store, "scores", [write_part(store, "scores", n, k, b"aa", 1, []) for n, k in FIRST.items()], {})
    for _ in range(2):
        notes = begin(store, "scores", {0: "A0", 1: "B1"})
        assert [number for number, note in notes.items() if is_whole(store, "scores", note)] == [0]
    parts = [notes[0], write_part(store, "scores", 1, "B1", b"b", 1, [])]
    finish(store, "scores", parts, {"fingerprint": "B"})
    assert finished_result(store, "scores", "B") == {"fingerprint": "B"}
    assert not store.sizes(".scratch/")
