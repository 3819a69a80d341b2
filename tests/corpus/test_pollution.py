"""Rows in = rows kept + rows refused, in every kind of broken CSV file; what is no table at all is refused in one line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from corpus.pollution import KINDS, Polluted
from headwinds.contracts import Corpus
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.errors import DataError

COLUMNS = Columns(document_id="", weight="weight", keys=("year",))


def broken_promise(made: Polluted, path: Path) -> str:
    """What is wrong with how the file was read; empty where nothing is."""
    path.write_bytes(made.data)
    try:
        corpus: Corpus = read_corpus(path, COLUMNS, on_bad_rows="refuse")
    except DataError as error:
        if "\n" in str(error):
            return f"an error of several lines: {error}"
        return "" if made.rows is None else f"refused as a whole: {error}"
    if made.rows is None:
        return f"{len(corpus)} rows taken from a file that is no such table"
    if not corpus.rows_in == made.rows == len(corpus) + len(corpus.refused):
        return (
            f"{made.rows} rows, {corpus.rows_in} counted, {len(corpus)} kept, {len(corpus.refused)} refused"
        )
    if made.good is not None and len(corpus) > made.good:
        return f"{len(corpus)} rows kept, of which at most {made.good} can be read"
    return ""


def test_there_are_twenty_five_kinds():
    assert len(KINDS) == 25


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_of_a_broken_file_add_up(kind, tmp_path):
    for seed in range(1 if kind == "one_huge_cell" else 12):
        wrong = broken_promise(KINDS[kind](random.Random(seed)), tmp_path / "documents.csv")
        assert not wrong, f"seed {seed}: {wrong}"
