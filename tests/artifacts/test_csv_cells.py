"""Cells come back as they were; text that a spreadsheet would run does not begin a guarded cell."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwinds.artifacts.csv_cells import FORMULA, csv_text, guarded


@given(st.text())
def test_a_guarded_text_never_starts_a_formula_and_plain_text_is_untouched(text):
    assert not guarded(text).lstrip().startswith(FORMULA)
    assert guarded(text) == (
        f"'{text}" if text.lstrip().startswith(FORMULA) or text[:1] in FORMULA[4:7] else text
    )


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
