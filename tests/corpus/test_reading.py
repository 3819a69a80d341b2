"""Every row of a file is kept as it stands or refused with its reason, through every format alike."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.files import COLUMNS, HEADER, ROWS, csv_text, json_lines, read, rows_of
from headwinds.corpus import records
from headwinds.corpus.reading import Columns, read_corpus
from headwinds.errors import DataError


def write_as(kind: str, folder: Path, rows=ROWS) -> Path:
    path = folder / f"documents{kind}"
    name, packed = (kind, "") if not kind.endswith((".gz", ".xz")) else (kind[:-3], kind[-3:])
    if name == ".parquet":
        pq.write_table(pa.table(dict(zip(HEADER, map(list, zip(*rows, strict=True)), strict=True))), path)
        return path
    text = json_lines(rows) if name == ".jsonl" else csv_text(rows, delimiter="\t" if name == ".tsv" else ",")
    pack = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}[packed]
    path.write_bytes(pack(text.encode()))
    return path


KINDS = (".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".csv.xz", ".tsv.gz", ".jsonl.gz", ".jsonl.xz")


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_rows(kind, tmp_path):
    assert rows_of(read(write_as(kind, tmp_path))) == list(ROWS)


# Text as the world writes it: any character but NUL and halves of one; it must say something once white space is gone.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    str.strip
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(texts, texts, st.integers(-9999, 9999).map(str)),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
@pytest.mark.parametrize("kind", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_text_of_any_script_with_any_line_end_inside_comes_back_as_it_was_written(kind, rows, tmp_path):
    assert rows_of(read(write_as(kind, tmp_path, rows))) == rows


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read_alike(line_end, tmp_path):
    path = tmp_path / "documents.csv"
    path.write_bytes(csv_text(ROWS, line_end=line_end).encode())
    assert rows_of(read(path)) == list(ROWS)


def test_line_ends_within_quotes_belong_to_the_text_and_lines_are_still_counted_right(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text('passage_id,text,year\np1,"one\ntwo\n\nthree",1990\np2,short row\n', newline="")
    corpus = read(path, refuse=True)
    assert corpus.table["text"].to_pylist() == ["one\ntwo\n\nthree"]
    assert [(item.row, item.reason) for item in corpus.refused] == [(6, "2 fields, expected 3")]


BAD_ROWS = {
    "too few fields": ("p9,lonely", "2 fields, expected 3"),
    "too many fields": ("p9,a,b,1990", "4 fields, expected 3"),
    "an id that stands there already": ("p1,again,1990", "passage_id 'p1' stands there already"),
    "no id": (",nameless,1990", "passage_id is empty"),
    "an id of spaces": ("  ,nameless,1990", "passage_id is empty"),
    "no text": ("p9,,1990", "text is empty"),
    "a text of white space": ("p9,\u00a0 \u2003,1990", "text is empty"),
    "no year": ("p9,words,", "year is empty"),
    "a NUL": ("p9,wo\0rds,1990", "holds a NUL character"),
    "characters after a closing quote": ('p9,"wo"rds,1990', "not valid CSV"),
    "a quote that never closes": ('p9,"words,1990', "a quote opens here that is never closed"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_stops_the_reading_with_its_line_or_is_refused_and_counted(name, tmp_path):
    line, reason = BAD_ROWS[name]
    path = tmp_path / "documents.csv"
    path.write_text(csv_text(ROWS, line_end="\n") + line + "\n", newline="")
    with pytest.raises(DataError, match="1 of 4 rows cannot be read: line 5: ") as caught:
        read(path)
    assert reason in str(caught.value)
    assert 'on_bad_rows = "refuse"' in str(caught.value)
    corpus = read(path, refuse=True)
    assert rows_of(corpus) == list(ROWS)
    assert [item.row for item in corpus.refused] == [5]
    assert reason in corpus.refused[0].reason


def test_the_first_three_bad_rows_are_shown_and_the_others_counted(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text(csv_text(ROWS, line_end="\n") + "p1,a,1990\n" * 5)
    with pytest.raises(DataError, match=r"5 of 8 rows .* line 5: .*; line 6: .*; line 7: .*; and 2 more"):
        read(path)


JSON_ROWS = {
    "cut off": ('{"passage_id": "p9", "te', "not valid JSON"),
    "a key twice": ('{"passage_id": "p9", "text": "a", "text": "b", "year": 1}', "'text' stands there twice"),
    "NaN": ('{"passage_id": "p9", "text": "a", "year": NaN}', "NaN is not JSON"),
    "a list": ('["p9", "a", 1990]', "holds a list, not an object"),
    "a number of 100,000 digits": (
        '{"passage_id": "p9", "text": "a", "year": ' + "9" * 100_000 + "}",
        "not valid JSON",
    ),
    "depth 100,000": ("[" * 100_000, "nested too deeply"),
    "half a character": (r'{"passage_id": "p9", "text": "a\ud800", "year": 1990}', "half a character"),
    "half a character in the id": (
        r'{"passage_id": "p\ud8009", "text": "a", "year": 1990}',
        "half a character",
    ),
    "a NUL": (r'{"passage_id": "p9", "text": "a\u0000", "year": 1990}', "NUL"),
    "a text that is a number": ('{"passage_id": "p9", "text": 5, "year": 1990}', "text is not text"),
    "a key that is a list": ('{"passage_id": "p9", "text": "a", "year": [1990]}', "year is a list"),
    "a key that is missing": ('{"passage_id": "p9", "text": "a"}', "year is empty"),
}


@pytest.mark.parametrize("name", JSON_ROWS)
def test_a_bad_line_of_json_is_refused_with_its_number(name, tmp_path):
    line, reason = JSON_ROWS[name]
    path = tmp_path / "documents.jsonl"
    path.write_text(json_lines(ROWS[:1]) + "\n" + line + "\n" + json_lines(ROWS[1:]))
    corpus = read(path, refuse=True)
    assert rows_of(corpus) == list(ROWS)
    assert [item.row for item in corpus.refused] == [3]
    assert reason in corpus.refused[0].reason


def test_an_empty_line_is_no_row(tmp_path):
    for name, text in (
        ("documents.csv", csv_text(ROWS, line_end="\n\n")),
        ("documents.jsonl", json_lines(ROWS) + "\n\n"),
    ):
        (tmp_path / name).write_text(text, newline="")
        assert read(tmp_path / name).rows_in == len(ROWS)


WHOLE_FILES = {
    "nothing": ("documents.csv", b"", "is empty"),
    "white space": ("documents.csv", b" \n \n", "is empty"),
    "a mark and nothing": ("documents.csv", b"\xef\xbb\xbf", "is empty"),
    "a header and nothing": (
        "documents.csv",
        b"passage_id,text,year\n",
        "no row that can be read below its header",
    ),
    "no header": ("documents.csv", b"\np1,a,1990\n", "line 1: empty, expected the names of the columns"),
    "a column twice": ("documents.csv", b"passage_id,text,text\n", "'text' stands there 2 times"),
    "semicolons": ("documents.csv", b"passage_id;text;year\np1;a;1990\n", "separated by semicolons"),
    "tabs": ("documents.csv", b"passage_id\ttext\tyear\n", "separated by tabs"),
    "a near name": (
        "documents.csv",
        b"passage_id,texts,year\n",
        "no column 'text'; it has .* Did you mean 'texts'",
    ),
    "one bad row alone": (
        "documents.csv",
        b"passage_id,text,year\np1\n",
        "1 of 1 rows cannot be read: line 2",
    ),
    "a quote in the header": ("documents.csv", b'"passage_id,text\n', "line 1: the header is not valid CSV"),
    "prose for JSON": (
        "documents.jsonl",
        b"Dear colleague,\n",
        "line 1: not valid JSON .* expected one JSON object",
    ),
    "a workbook": ("documents.xlsx", b"PK\x03\x04", "is a workbook of a spreadsheet, .* Save As"),
    "a workbook by another name": (
        "documents.csv",
        b"PK\x03\x04\x14\x00",
        "a workbook of a spreadsheet or an archive",
    ),
    "no Parquet": ("documents.parquet", b"PAR1 not", "not a readable Parquet file"),
    "no gzip": ("documents.csv.gz", b"passage_id,text\n", "cannot be unpacked"),
    "a cut gzip": (
        "documents.csv.gz",
        gzip.compress(b"passage_id,text,year\n" * 99)[:-20],
        "cannot be unpacked",
    ),
    "a spoilt gzip": ("documents.csv.gz", gzip.compress(b"x")[:10] + b"\xff" * 20, "cannot be unpacked"),
    "a cut xz": (
        "documents.csv.xz",
        lzma.compress(b"passage_id,text,year\n" * 99)[:-20],
        "cannot be unpacked",
    ),
    "an unknown ending": ("documents.docx", b"PK", "ends in .docx, expected one of .csv"),
    "no ending": ("documents", b"PK", "has no ending, expected one of .csv"),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_a_file_that_is_wrong_as_a_whole_is_told_in_one_line(name, tmp_path):
    file, data, message = WHOLE_FILES[name]
    path = tmp_path / file
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_shows_what_the_folder_holds(tmp_path):
    write_as(".csv", tmp_path)
    with pytest.raises(
        DataError, match=r"There is no file .*speeches.csv. The folder holds documents.csv. Check"
    ):
        read(tmp_path / "speeches.csv")
    for name in (".hidden", *(f"part-{number}.jsonl" for number in range(9))):
        (tmp_path / name).touch()
    with pytest.raises(
        DataError, match=r"The folder holds documents.csv, part-0.jsonl.* and 2 more. Check the path."
    ):
        read(tmp_path / "speeches.csv")
    with pytest.raises(DataError, match=r"There is no file .*\. Did you mean 'documents.csv'"):
        read(tmp_path / "document.csv")
    with pytest.raises(DataError, match="is a folder, expected a file"):
        read(tmp_path)


def test_what_unpacks_to_far_more_than_it_is_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LARGEST_UNPACKED", 10_000)
    path = tmp_path / "documents.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 1_000_000))
    with pytest.raises(DataError, match="unpacks to over"):
        read(path)


def test_a_cell_beyond_the_limit_is_refused_and_the_next_row_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LARGEST_CELL", 1000)
    path = tmp_path / "documents.csv"
    path.write_text(csv_text([ROWS[0], ("p9", "x" * 2000, "1990"), ROWS[1]]))
    corpus = read(path, refuse=True)
    assert rows_of(corpus) == list(ROWS[:2])
    assert "field limit" in corpus.refused[0].reason


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", [".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".jsonl.xz"])
def test_whatever_is_done_to_the_bytes_the_rows_add_up_or_the_file_is_refused_without_a_crash(
    kind, seed, tmp_path
):
    generator = random.Random(seed)
    rows = [(f"p{i}", f'text "{i}", with, marks\nand "ends"', str(1990 + i)) for i in range(30)]
    path = write_as(kind, tmp_path, rows)
    data = bytearray(path.read_bytes())
    for _ in range(generator.randint(1, 8)):
        at = generator.randrange(len(data))
        change = generator.choice(["flip", "cut", "drop", "insert", "quote"])
        if change == "flip":
            data[at] ^= 1 << generator.randrange(8)
        elif change == "cut" and len(data) > 20:
            del data[-generator.randint(1, 15) :]
        elif change == "drop":
            del data[at]
        else:
            data[at:at] = b'"' if change == "quote" else generator.randbytes(2)
    path.write_bytes(data)
    with contextlib.suppress(DataError):
        read(path, refuse=True)  # which holds the sum of rows


def test_parquet_that_lies_is_told_not_crashed_on(tmp_path):
    path = tmp_path / "documents.parquet"
    wrong = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    pq.write_table(pa.table({"passage_id": ["p1"], "text": wrong, "year": [1990]}), path)
    with pytest.raises(DataError, match="damaged after row 0"):
        read(path)
    pq.write_table(
        pa.table([pa.array(["p1"]), pa.array(["a"]), pa.array(["b"])], names=["passage_id", "text", "text"]),
        path,
    )
    with pytest.raises(DataError, match="'text' stands there twice"):
        read(path)
    pq.write_table(pa.table({"passage_id": pa.array([], pa.string())}), path)
    with pytest.raises(DataError, match="is empty"):
        read(path)


def test_whole_numbers_stored_with_gaps_as_fractions_stay_whole_and_the_gap_is_refused(tmp_path):
    path = tmp_path / "documents.parquet"
    pq.write_table(
        pa.table(
            {"passage_id": [1.0, 2.0, 3.0], "text": ["a", "b", "c"], "year": [1990.0, float("nan"), 1992.0]}
        ),
        path,
    )
    corpus = read(path, refuse=True)
    assert corpus.table["passage_id"].to_pylist() == ["1", "3"]
    assert corpus.table["year"].to_pylist() == [1990, 1992]
    assert [(item.row, item.reason) for item in corpus.refused] == [(2, "year is empty")]
    with pytest.raises(DataError, match="1 of 3 rows cannot be read: row 2: year is empty"):
        read(path)


def test_codes_with_leading_zeros_stay_text(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text("passage_id,text,year\n007,a,007\n7,b,008\n")
    corpus = read(path)
    assert corpus.table["passage_id"].to_pylist() == ["007", "7"]
    assert corpus.table["year"].to_pylist() == ["007", "008"]


def test_one_period_that_is_no_number_among_many_is_told_with_its_passage(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text(csv_text([(f"p{i}", "a", str(1990 + i)) for i in range(20)]) + "p99,a,19x9\n")
    with pytest.raises(DataError, match=r"year = '19x9' in passage 'p99' is no whole number; 20 of 21 are"):
        read(path)


WEIGHTS = ("", "0", "-1", "nan", "inf", "1e400", "1,5", "1_000", "many")


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_weight_must_be_a_finite_number_above_zero(weight, tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text(f'passage_id,text,weight\np1,a,2.5\np2,b,"{weight}"\n')
    columns = Columns(document_id="", weight="weight")
    corpus = read_corpus(path, columns, on_bad_rows="refuse")
    assert corpus.table["weight"].to_pylist() == [2.5]
    assert "weight = " in corpus.refused[0].reason
    assert corpus.rows_in == 2


def test_a_row_without_its_sampling_stratum_is_refused(tmp_path):
    path = tmp_path / "documents.jsonl"
    path.write_text(
        '{"passage_id": 0, "text": "a", "s": "none", "t": 1}\n{"passage_id": 1, "text": "b", "s": "none"}\n'
    )
    corpus = read_corpus(path, Columns(document_id="", stratum=("s", "t")), on_bad_rows="refuse")
    assert corpus.table["stratum"].to_pylist() == ["none / 1"]
    assert [(item.row, item.reason) for item in corpus.refused] == [(2, "t is empty")]


def test_rows_without_ids_are_numbered_by_their_line_and_are_their_own_documents(tmp_path):
    path = tmp_path / "documents.csv"
    path.write_text("text\none\n\ntwo\n")
    corpus = read_corpus(path, Columns(passage_id="", document_id=""))
    assert corpus.table["passage_id"].to_pylist() == corpus.table["document_id"].to_pylist() == ["2", "4"]


def test_every_missing_column_is_told_before_any_row_is_read(tmp_path):
    path = write_as(".csv", tmp_path)
    with pytest.raises(
        DataError, match=r"has no column 'yeer'; it has passage_id, text, year. Did you mean 'year'"
    ):
        read_corpus(path, Columns(document_id="", keys=("yeer",)))
    assert COLUMNS.keys == ("year",)
