"""Cells read as a reader would write them."""

from __future__ import annotations

from headwinds.report.cells import guess_kind
from headwinds.report.formats import THIN_SPACE, show
from headwinds.report.messages import load_messages


def test_years_are_not_split_into_thousands_wherever_they_stand():
    for column in ("year", "first", "last", "break_lower"):
        assert guess_kind(column, [1955, None, 2019]) == "key"
    assert guess_kind("first", [12_000, 13_000]) == "integer"


def test_a_tiny_probability_is_neither_zero_nor_in_powers_of_ten():
    words = load_messages()
    kind = guess_kind("wrong_sign", [3.7e-20, 0.31])
    assert show(3.7e-20, kind, words) == f"<{THIN_SPACE}0.01"
    assert show(0.31, kind, words) == "0.31"
    assert show(0.0, kind, words) == "0.00"


def test_a_small_number_keeps_two_digits_that_say_something():
    words = load_messages()
    shown = [show(value, "number", words) for value in (0.00071, -0.0032, 0.064, 12.3456, 0.0)]
    assert shown == ["0.00071", "\N{MINUS SIGN}0.0032", "0.064", "12.346", "0"]


def test_thousands_are_told_in_tables_as_in_the_sentences_beside_them():
    """Of English pages and of Chinese ones: "16,748", as `f"{count:,}"` has it in every sentence."""
    for words in (load_messages(), load_messages("zh")):
        shown = [
            show(value, kind, words)
            for value, kind in ((16748, "integer"), (-1234.56, "number"), (97371.2, "number"))
        ]
        assert shown == ["16,748", "\N{MINUS SIGN}1,234.6", "97,371"]
