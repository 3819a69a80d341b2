"""Cells come back as they were; text that a spreadsheet would run does not begin a guarded cell."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.artifacts.csv_cells import FORMULA, csv_text, guarded, table_text

UNSEEN = (
    "\0\x1b\x7f\x85\xa0\xad\u034f\u061c\u115f\u180e\u200b\u200d\u200e\u202e\u2028\u2060\u2800\u3000\u3164\ufe0f\ufeff"
    "\U000e0020"
)


@given(st.text(st.characters() | st.sampled_from(UNSEEN + "=+-@")))
def test_a_guarded_text_never_starts_a_formula_and_plain_text_is_untouched(text):
    assert guarded(text) in (text, f"'{text}")
    assert not guarded(text).lstrip().startswith(FORMULA)
    assert not guarded(text).strip(UNSEEN + " ").startswith(FORMULA)
    seen = [character for character in text if character.isprintable() and not character.isspace()]
    if not text.startswith(FORMULA) and not set(seen) & set(FORMULA):
        assert guarded(text) == text


@pytest.mark.parametrize("sign", [sign for sign in FORMULA if not sign.isspace()])
def test_what_is_not_seen_does_not_hide_a_formula(sign):
    for unseen in (*UNSEEN, UNSEEN, f" {UNSEEN} "):
        assert guarded(f"{unseen}{sign}1+1") == f"'{unseen}{sign}1+1", ascii(unseen)
        assert guarded(f"{unseen}plain {sign}1") == f"{unseen}plain {sign}1", ascii(unseen)


@pytest.mark.parametrize("delimiter", [",", "\t"])
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2
        )
    )
)
def test_every_cell_comes_back_as_it_was_whatever_ends_lines_in_it(rows, delimiter):
    text = csv_text(["a", "b"], rows, delimiter=delimiter)
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == [["a", "b"], *rows]


def test_a_table_is_written_as_pandas_writes_it_but_that_no_carriage_return_ends_a_row():
    table = pd.DataFrame(
        {
            "text": ["plain", "two\rrows", 'a "quoted", cell', "two\nlines"],
            "value": [0.1, np.nan, 1e-30, np.inf],
            "count": [1, 2, 3, 4],
            "given": [True, False, True, False],
        }
    )
    plain = table.drop(index=1)
    assert table_text(plain) == plain.to_csv(index=False, lineterminator="\n")
    read = list(csv.reader(io.StringIO(table_text(table), newline="")))
    assert [row[0] for row in read] == ["text", *table["text"]]
    assert read[2][1] == ""


def test_a_table_for_spreadsheets_has_its_texts_and_its_columns_guarded_and_no_number():
    table = pd.DataFrame({"=name": ["=1+1", "plain"], "value": [-1.5, 2.0]})
    assert table_text(table, for_spreadsheets=True) == "'=name,value\n'=1+1,-1.5\nplain,2.0\n"
    assert table_text(table) == "=name,value\n=1+1,-1.5\nplain,2.0\n"
