"""The overview of what was measured names every table, and no number that its tables do not have."""

import re

import pytest

from house.repository import ROOT

FOLDER = ROOT / "benchmarks"
OVERVIEW = (FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = [line for line in OVERVIEW.splitlines() if line.startswith("| [")]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def tables_of(text):
    return [FOLDER / name for name in re.findall(r"\]\(([^)]+\.md)\)", text)]


def test_every_table_is_named_and_is_there():
    named = {path.relative_to(FOLDER).as_posix() for path in tables_of(OVERVIEW)}
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.md")}
    assert named == there


@pytest.mark.parametrize("row", ROWS, ids=lambda row: tables_of(row)[0].parent.name)
def test_every_number_of_a_row_stands_in_one_of_its_tables(row):
    said = re.sub(r"\]\([^)]*\)", "]", row.split("|")[2])
    known = " ".join(path.read_text(encoding="utf-8") for path in tables_of(row))
    standing = {number.strip(",") for number in NUMBER.findall(known)}
    missing = [number for number in NUMBER.findall(said) if number.strip(",") not in standing]
    assert missing == []
