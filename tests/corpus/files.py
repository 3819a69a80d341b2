"""Small files to read, and the promise that every one of them is held to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headwinds.contracts import Corpus
from headwinds.corpus.reading import Columns, read_corpus

COLUMNS = Columns(document_id="", keys=("year",))
HEADER = ("passage_id", "text", "year")
ROWS = (("p1", "growth, and again growth", "1990"), ("p2", 'a "quoted" word', "1991"), ("p3", "ends", "1992"))


def csv_text(rows: Sequence[Sequence[str]], *, delimiter: str = ",", line_end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([HEADER, *rows])
    return text.getvalue()


def json_lines(rows: Sequence[Sequence[Any]]) -> str:
    return "".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def read(path: Path, *, encoding: str = "utf-8", refuse: bool = False) -> Corpus:
    """Read, and hold the reader to its first promise: no row is lost and none appears."""
    corpus = read_corpus(path, COLUMNS, encoding=encoding, on_bad_rows="refuse" if refuse else "stop")
    assert corpus.rows_in == len(corpus) + len(corpus.refused)
    return corpus


def rows_of(corpus: Corpus) -> list[tuple[str, str, str]]:
    columns = [corpus.table[name].to_pylist() for name in HEADER]
    return [(passage, text, str(year)) for passage, text, year in zip(*columns, strict=True)]
