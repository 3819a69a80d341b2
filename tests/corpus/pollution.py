"""Twenty-five ways in which CSV files of the world are broken, and how many rows a person would say that each holds.

`rows` counts the records of the file in the sense of RFC 4180, broken ones included, after one header; None says that
the file as a whole cannot be taken for such a table, so that only a refusal is right.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

HEADER = "passage_id,text,year,weight"


@dataclass(frozen=True)
class Polluted:
    """The bytes of a file, the rows in it (None: it must be refused), and how many at most may be kept."""

    data: bytes
    rows: int | None
    good: int | None = None


def _line(number: int, generator: random.Random, text: str | None = None, weight: str = "1.5") -> str:
    words = " ".join(
        generator.choice(["growth", "peace", "data", "trade", "l'état", "数据"]) for _ in range(6)
    )
    return f"p{number:04d},{text if text is not None else words},{generator.randint(1990, 2022)},{weight}"


def _lines(generator: random.Random, rows: int | None = None) -> list[str]:
    return [_line(number, generator) for number in range(rows or generator.randint(5, 40))]


def _file(lines: list[str], *, header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *lines]) + end).encode()


def _insert(lines: list[str], new: str, generator: random.Random) -> list[str]:
    at = generator.randint(0, len(lines))
    return [*lines[:at], new, *lines[at:]]


def quotes(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, '"he said ""growth"", twice"'), g)
    return Polluted(_file(lines), len(lines), len(lines))


def backslash_escapes(g: random.Random) -> Polluted:
    # In CSV a backslash is a letter: the quote after it ends the cell, and what follows is broken.
    lines = _lines(g)
    return Polluted(_file([*lines, _line(9000, g, '"a \\" b"')]), len(lines) + 1, len(lines) + 1)


def newlines_in_quotes(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, '"one\ntwo\r\nthree"'), g)
    return Polluted(_file(lines), len(lines), len(lines))


def mixed_line_ends(g: random.Random) -> Polluted:
    lines = _lines(g)
    text = HEADER + "\r\n" + "".join(line + g.choice(["\n", "\r\n", "\r"]) for line in lines)
    return Polluted(text.encode(), len(lines), len(lines))


def ragged_short(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), "p9000,only a text", g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def ragged_long(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g) + ",one more", g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def duplicate_header(g: random.Random) -> Polluted:
    return Polluted(_file([f"{line},again" for line in _lines(g)], header=HEADER + ",text"), None)


def missing_header(g: random.Random) -> Polluted:
    return Polluted(("\n".join(_lines(g)) + "\n").encode(), None)


def preamble(g: random.Random) -> Polluted:
    return Polluted(b"Exported on 3 March\nSource: somewhere\n\n" + _file(_lines(g)), None)


def footer(g: random.Random) -> Polluted:
    lines = [*_lines(g), "Total,,," + str(g.randint(1, 99))]
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def two_tables(g: random.Random) -> Polluted:
    first, second = _lines(g, 8), [f"country,{g.randint(1, 9)}" for _ in range(4)]
    return Polluted(_file([*first, "name,number", *second]), 13, 8)


def nul_bytes(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, "gr\0owth"), g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def delimiter_changes(g: random.Random) -> Polluted:
    lines = _lines(g)
    other = [_line(9000 + number, g).replace(",", ";") for number in range(3)]
    return Polluted(_file([*lines, *other]), len(lines) + 3, len(lines))


def decimal_comma(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, weight='"2,5"'), g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def thousands(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, weight='"1,250.0"'), g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def currency(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, weight=g.choice(["$3", "3 €", "£3"])), g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def byte_order_mark(g: random.Random) -> Polluted:
    lines = _lines(g)
    return Polluted(b"\xef\xbb\xbf" + _file(lines), len(lines), len(lines))


def no_bytes(_: random.Random) -> Polluted:
    return Polluted(b"", None)


def header_only(_: random.Random) -> Polluted:
    return Polluted(_file([]), None)


def one_huge_cell(g: random.Random) -> Polluted:
    lines = _insert(_lines(g), _line(9000, g, "growth " * 3_000_000), g)
    return Polluted(_file(lines), len(lines), len(lines) - 1)


def many_columns(g: random.Random) -> Polluted:
    more = ",".join(f"c{number}" for number in range(10_000))
    lines = [line + ",0" * 10_000 for line in _lines(g, 5)]
    return Polluted(_file(lines, header=f"{HEADER},{more}"), 5, 5)


def trailing_spaces(g: random.Random) -> Polluted:
    lines = [f"{line}   " for line in _lines(g)]
    return Polluted(_file(lines), len(lines), len(lines))


def leading_zeros(g: random.Random) -> Polluted:
    lines = [f"00{line[1:]}" for line in _lines(g)]
    return Polluted(_file(lines), len(lines), len(lines))


def formula_cells(g: random.Random) -> Polluted:
    lines = _insert(
        _lines(g), _line(9000, g, g.choice(["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3"])), g
    )
    return Polluted(_file(lines), len(lines), len(lines))


def dates_for_years(g: random.Random) -> Polluted:
    lines = _lines(g)
    bad = [f"p{9000 + number},growth,{day},1" for number, day in enumerate(["29-02-1999", "03/04/2001", ""])]
    # A column of whole numbers with a few dates in it is neither numbers nor names: which is meant, only the user knows.
    return Polluted(_file([*lines, *bad]), None)


KINDS: dict[str, Callable[[random.Random], Polluted]] = {
    made.__name__: made
    for made in (
        quotes, backslash_escapes, newlines_in_quotes, mixed_line_ends, ragged_short, ragged_long, duplicate_header,
        missing_header, preamble, footer, two_tables, nul_bytes, delimiter_changes, decimal_comma, thousands, currency,
        byte_order_mark, no_bytes, header_only, one_huge_cell, many_columns, trailing_spaces, leading_zeros, formula_cells,
        dates_for_years,
    )
}  # fmt: skip
