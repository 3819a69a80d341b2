"""Corpora in many files: read in pieces with what the whole would give, every row taken or refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwinds.artifacts.stores import open_store
from headwinds.corpus import repeated_ids
from headwinds.corpus.partitions import Cursor, find_partitions
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.corpus.repeated_ids import repeated_rows
from headwinds.corpus.shards import plan_shards, read_shard
from headwinds.corpus.survey import needed_columns, survey
from headwinds.errors import DataError

COLUMNS = Columns(document_id="", keys=("year",))


def polluted(rows: int) -> dict[str, list[Any]]:
    """Rows of which some repeat an id, some have no text, and some of the first of an id cannot be read."""
    draw = random.Random(4)
    return {
        "passage_id": [
            None if draw.random() < 0.02 else f"p{draw.randrange(rows * 2 // 3)}" for _ in range(rows)
        ],
        "text": [draw.choice(["growth", "peace", "  ", None, "technology é"]) for _ in range(rows)],
        "year": [draw.choice([1990, 1991, None, 1992]) for _ in range(rows)],
    }


def shards_of(place: Path, rows: int, columns: Columns = COLUMNS, *, backwards: bool = False):
    """The table and refusals of all shards, read in any order."""
    partitions = find_partitions(str(place), needed_columns(columns))
    found = survey(partitions, columns, place.parent)
    shards = plan_shards(partitions, columns, found, rows=rows)
    cursor = Cursor(partitions, needed_columns(columns))
    read = {
        shard.number: read_shard(shard, cursor, partitions, columns, found.whole)
        for shard in (reversed(shards) if backwards else shards)
    }
    cursor.close()
    pieces = [read[number] for number in sorted(read)]
    table = pa.concat_tables([piece.table for piece in pieces])
    return table, [one for piece in pieces for one in piece.refused], shards


@pytest.mark.parametrize(("rows", "backwards"), [(7, False), (64, True), (1000, False)])
def test_pieces_hold_what_the_whole_file_gives_row_by_row_and_reason_by_reason(tmp_path, rows, backwards):
    file = tmp_path / "corpus.parquet"
    pq.write_table(pa.table(polluted(700)), file, row_group_size=100)
    whole = read_corpus(file, COLUMNS, on_bad_rows="refuse")
    table, refused, _ = shards_of(file, rows, backwards=backwards)
    assert len(whole.refused) > 300
    assert table.combine_chunks() == whole.table
    assert [(one.row, one.reason) for one in refused] == [(one.row, one.reason) for one in whole.refused]


def test_nested_folders_give_their_names_as_columns(tmp_path):
    for year, part, ids in [("1990", "b", ["p1"]), ("1990", "a", ["p0"]), ("1991", "a", ["p2", "p3"])]:
        folder = tmp_path / "corpus" / "kind=speech%20one" / f"year={year}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            pa.table({"passage_id": ids, "text": ["growth"] * len(ids)}), folder / f"{part}.parquet"
        )
    (tmp_path / "corpus" / "_SUCCESS").write_text("")
    columns = Columns(document_id="", keys=("year", "kind"))
    table, refused, _ = shards_of(tmp_path / "corpus", 3, columns)
    assert not refused
    assert table["passage_id"].to_pylist() == ["p0", "p1", "p2", "p3"]
    assert table["year"].to_pylist() == [1990, 1990, 1991, 1991]
    assert table["kind"].to_pylist() == ["speech one"] * 4


def test_a_missing_value_in_a_folders_name_refuses_its_rows(tmp_path):
    for value in ("1990", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / "corpus" / f"year={value}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"passage_id": [f"p{value}"], "text": ["growth"]}), folder / "a.parquet")
    table, refused, _ = shards_of(tmp_path / "corpus", 10)
    assert table["year"].to_pylist() == [1990]
    assert [one.reason for one in refused] == ["year is empty"]
    assert refused[0].file.startswith("year=__HIVE")


def test_the_names_of_shards_depend_on_content_and_not_on_files_that_come_after(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()

    def write(name: str, ids: range) -> None:
        rows = {
            "passage_id": [f"p{one}" for one in ids],
            "text": ["growth"] * len(ids),
            "year": [1] * len(ids),
        }
        pq.write_table(pa.table(rows), folder / name)

    write("a.parquet", range(50))
    before = [one.key for one in shards_of(folder, 10)[2]]
    write("b.parquet", range(100, 120))
    after = [one.key for one in shards_of(folder, 10)[2]]
    assert after[:5] == before
    assert len(set(after)) == 7
    write("a.parquet", range(1, 51))
    assert not set(before) & {one.key for one in shards_of(folder, 10)[2]}


@pytest.mark.parametrize("limit", [1 << 20, 1000])
def test_every_repetition_of_an_id_is_found_in_memory_and_on_disk(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(repeated_ids, "RUN_ROWS", limit)
    draw = random.Random(1)
    words = [None if draw.random() < 0.01 else str(draw.randrange(9000)) for _ in range(12_000)]
    stretches = [(start, words[start : start + 500]) for start in range(0, len(words), 500)]
    rows, groups = repeated_rows(stretches, len(words), tmp_path)
    count = {word: words.count(word) for word in set(words) if word is not None}
    assert rows.tolist() == [row for row, word in enumerate(words) if word is not None and count[word] > 1]
    by_group: dict[int, set[str]] = {}
    for row, group in zip(rows.tolist(), groups.tolist(), strict=True):
        by_group.setdefault(group, set()).add(str(words[row]))
    assert all(len(own) == 1 for own in by_group.values())
    assert len(by_group) == sum(number > 1 for number in count.values())
    assert bool(list(tmp_path.iterdir())) == (limit == 1000)


def test_a_cursor_reads_any_rows_in_any_order(tmp_path):
    for number in range(3):
        rows = np.arange(number * 20_000, (number + 1) * 20_000)
        pq.write_table(pa.table({"text": rows}), tmp_path / f"{number}.parquet", row_group_size=7_000)
    partitions = find_partitions(str(tmp_path), ["text"])
    cursor = Cursor(partitions, ["text"])
    for start, stop in [
        (0, 10),
        (5, 30_000),
        (59_990, 60_000),
        (100, 101),
        (45_000, 45_010),
        (45_010, 60_000),
    ]:
        read = [cursor.read(one)["text"].to_pylist() for one in partitions.segments(start, stop)]
        assert [value for piece in read for value in piece] == list(range(start, stop))
    cursor.close()


def test_a_folder_whose_name_ends_as_a_file_is_a_folder_in_a_store_too(tmp_path):
    for store in (f"memory://{tmp_path.name}/corpus.parquet", str(tmp_path / "corpus.parquet")):
        content = pa.BufferOutputStream()
        pq.write_table(pa.table({"text": ["growth", "peace"]}), content)
        open_store(store).write("part.parquet", content.getvalue().to_pybytes())
        assert find_partitions(store, ["text"]).rows == 2


def test_what_cannot_be_read_in_pieces_is_told_in_one_line(tmp_path):
    def said(place: Path | str, columns: Columns = COLUMNS) -> str:
        with pytest.raises(DataError) as caught:
            shards_of(Path(place), 10, columns)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    folder = tmp_path / "corpus"
    assert "no file that ends in .parquet" in said(folder)
    folder.mkdir()
    assert "no file that ends in .parquet" in said(folder)
    good = pa.table({"passage_id": ["p1"], "text": ["growth"], "year": [1990]})
    pq.write_table(good, folder / "a.parquet")
    pq.write_table(good.drop_columns(["year"]), folder / "b.parquet")
    assert f"{folder}/b.parquet has no column 'year'" in said(folder)
    (folder / "b.parquet").write_bytes(b"PAR1 and nothing")
    assert f"{folder}/b.parquet is not a readable Parquet file" in said(folder)
    (folder / "b.parquet").unlink()
    (folder / "more.csv").write_text("passage_id,text\n")
    assert "more.csv beside Parquet files, and it would be left out" in said(folder)
    assert "There is no object or file" in said(tmp_path / "none.parquet")
    (folder / "more.csv").unlink()
    pq.write_table(good.slice(0, 0), folder / "a.parquet")
    assert "without rows" in said(folder)


def test_a_key_of_numbers_with_a_few_words_in_it_is_told(tmp_path):
    rows = {"passage_id": ["a", "b", "c"], "text": ["x"] * 3, "year": ["1990", "1991", "nineteen"]}
    pq.write_table(pa.table(rows), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="year = 'nineteen' is no whole number; 2 of 3 are"):
        shards_of(tmp_path, 10)


def test_rows_are_numbered_through_all_files_where_they_have_no_ids(tmp_path):
    for name in ("a", "b"):
        pq.write_table(pa.table({"text": ["x", "", "y"]}), tmp_path / f"{name}.parquet")
    table, refused, _ = shards_of(tmp_path, 2, Columns(passage_id="", document_id=""))
    assert table["passage_id"].to_pylist() == ["1", "3", "4", "6"]
    assert [(one.file, one.row) for one in refused] == [("a.parquet", 2), ("b.parquet", 2)]
