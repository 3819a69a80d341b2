"""One number, four places: page, CSV, Parquet and JSON say the same."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.errors import MismatchError
from headwinds.report.anchors import passages_anchor, slug
from headwinds.report.cells import read_table
from headwinds.report.files import csv_bytes, json_bytes, parquet_bytes, table_as_json
from headwinds.report.formats import show, show_interval
from headwinds.report.messages import load_messages


def test_results_say_the_numbers_of_the_indicator(files, made):
    results = json.loads(files["results.json"])
    rows = [row["values"] for row in results["tables"]["index-by-year-driver"]["rows"]]
    indicator = made.indicators[0].corrected
    mine = [place for place, label in enumerate(indicator.labels) if label == "driver"]
    assert [row["year"] for row in rows] == [indicator.cells[place][0] for place in mine]
    for row, place in zip(rows, mine, strict=True):
        for name in ("value", "lower", "upper"):
            number = float(getattr(indicator, name)[place])
            assert row[name] is None if math.isnan(number) else row[name] == number


def test_a_missing_number_is_null_and_named_as_not_available(files):
    rows = json.loads(files["results.json"])["tables"]["index-by-year-driver"]["rows"]
    assert rows[1]["values"]["value"] is None
    assert {"value", "lower", "upper"} <= set(rows[1]["not_available"])
    assert rows[1]["values"]["status"] == "not available"
    assert set(rows[2]["not_available"]) >= {"lower", "upper"}
    assert rows[2]["values"]["status"] == "no interval"
    assert "value" not in rows[2]["not_available"]


def test_json_csv_and_parquet_hold_the_same_table(files):
    tables = json.loads(files["results.json"])["tables"]
    assert len(tables) > 10
    for name, table in tables.items():
        parquet = pq.read_table(io.BytesIO(files[f"tables/{name}.parquet"])).to_pylist()
        assert parquet == [row["values"] for row in table["rows"]], name
        [header, *lines] = csv.reader(io.StringIO(files[f"tables/{name}.csv"].decode()))
        assert len(lines) == len(parquet)
        assert len(header) == len(table["columns"])
        for line, row in zip(lines, parquet, strict=True):
            for text, value in zip(line, row.values(), strict=True):
                if isinstance(value, float):
                    assert float(text) == value
                elif value is None:
                    assert text == ""


def test_the_page_shows_the_numbers_of_the_table(page, files):
    row = json.loads(files["results.json"])["tables"]["index-by-year-divide"]["rows"][3]["values"]
    shown = show_interval(row["value"], row["lower"], row["upper"], "share", load_messages())
    assert f'<a href="#passages-divide-1993">{shown}</a>' in page


def test_provenance_is_written_as_it_was_given(files, made):
    assert json.loads(files["provenance.json"]) == made.provenance


def test_json_is_strict():
    text = json_bytes({"a": math.nan, "b": [math.inf, np.float64("nan"), pd.NA], "c": np.int64(3)}).decode()
    assert json.loads(text, parse_constant=pytest.fail) == {"a": None, "b": [None, None, None], "c": 3}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", " =", "＝"])
def test_text_that_a_spreadsheet_would_run_is_guarded(start):
    table = read_table("t", "t", pd.DataFrame({f"{start}1+1": [f"{start}cmd|' /C calc'!A0"], "n": [-1.5]}))
    [header, row] = csv.reader(io.StringIO(csv_bytes(table).decode(), newline=""))
    assert header[0].startswith("'")
    assert row[0].startswith("'")
    assert row[1] == "-1.5"


def test_reading_a_table_keeps_every_row_of_pandas_and_arrow_alike():
    frame = pd.DataFrame({"a": ["x", None], "b": [1.5, np.nan], "c": [True, False], "d": [1, 2]})
    arrow = pa.table({"a": ["x", None], "b": [1.5, None], "c": [True, False], "d": [1, 2]})
    left, right = read_table("t", "t", frame, required=("b",)), read_table("t", "t", arrow, required=("b",))
    assert left == right
    assert left.columns == ("b", "a", "c", "d")
    assert left.rows == ((1.5, "x", True, 1), (None, None, False, 2))
    assert left.kinds == ("number", "text", "yes_no", "integer")


def test_an_empty_table_is_a_table_without_rows():
    table = read_table("t", "t", pd.DataFrame({"entity": [], "period": []}))
    assert table.rows == ()
    assert table_as_json(table)["rows"] == []
    assert pq.read_table(io.BytesIO(parquet_bytes(table))).num_rows == 0


def test_a_column_named_twice_is_refused():
    with pytest.raises(MismatchError, match="twice"):
        read_table("t", "t", pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (None, "number", "not available"),
        (math.nan, "share", "not available"),
        (0.0, "number", "0"),
        (-0.70012, "number", "−0.700"),
        (-0.00001, "metric", "0.00"),
        (0.0314, "share", "3.1\u202f%"),
        (0.0031, "share", "0.31\u202f%"),
        (184845.0, "integer", "184,845"),
        (1990, "key", "1990"),
        (True, "yes_no", "yes"),
        (0.00000012, "number", "1.20e-07"),
    ],
)
def test_values_are_shown_as_a_reader_expects(value, kind, shown):
    assert show(value, kind, load_messages()) == shown


def test_an_interval_that_is_not_available_does_not_hide_the_value():
    shown = show_interval(0.5, None, 0.6, "metric", load_messages())
    assert shown == "0.50 (interval not available)"


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_names_of_places_are_safe_and_never_run_into_each_other(names):
    first, second = (slug(name) for name in names)
    assert first != second
    assert all(letter.isalnum() or letter in "_-" for letter in first)
    assert first.isascii()


def test_the_anchor_of_a_year_can_be_typed():
    assert passages_anchor("driver", (1990,)) == "passages-driver-1990"
