"""A file of predictions holds ids as they came; for a spreadsheet, and only if asked, formulas are guarded."""

from __future__ import annotations

import csv
import json

import pytest

from adapt.tiny import FILLER, make_checkpoint
from headwinds import tune
from headwinds.cli.main import main

STARTS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", " =1", "=cmd|' /C calc'!A0", "plain")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Its labels begin like formulas too."""
    folder = tmp_path_factory.mktemp("model")
    lines = [f"{FILLER[n % 3]} {n},{('=a', '@b')[n % 2]}" for n in range(40)]
    (folder / "train.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    tune(
        task="text-classification", train=folder / "train.csv", output=folder / "out", epochs=1, quiet=True,
        checkpoint=str(make_checkpoint(folder / "checkpoint")),
    )  # fmt: skip
    return folder / "out"


def written(model, tmp_path, name, *more):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"id": one, "text": "he thanks France"}) + "\n" for one in STARTS))
    assert (
        main(
            ["predict", "--model", str(model), "--input", str(rows), "--output", str(tmp_path / name), *more]
        )
        == 0
    )
    with (tmp_path / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if name.endswith(".csv") else [json.loads(line) for line in file]


def test_ids_and_labels_are_exact_in_every_format_unless_asked_otherwise(model, tmp_path):
    for name in ("out.jsonl", "out.csv"):
        found = written(model, tmp_path, name)
        assert tuple(one["id"] for one in found) == STARTS
        assert {one["label"] for one in found} <= {"=a", "@b"}


def test_for_a_spreadsheet_no_text_begins_like_a_formula_and_numbers_stay_numbers(model, tmp_path):
    exact, found = (
        written(model, tmp_path, "exact.csv"),
        written(model, tmp_path, "out.csv", "--for-spreadsheets"),
    )
    assert [one["id"] for one in found] == [*(f"'{one}" for one in STARTS[:-1]), "plain"]
    assert {one["label"] for one in found} <= {"'=a", "'@b"}
    assert [one["probability"] for one in found] == [one["probability"] for one in exact]


def test_what_is_no_csv_is_not_written_for_spreadsheets(model, tmp_path, capsys):
    arguments = [
        "predict",
        "--model",
        str(model),
        "--input",
        "x.csv",
        "--output",
        str(tmp_path / "out.jsonl"),
    ]
    assert main([*arguments, "--for-spreadsheets"]) == 2
    assert "Name a .csv file" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["predict", "mask"])
def test_a_file_that_is_read_is_never_written_over(model, tmp_path, capsys, verb):
    rows = tmp_path / "rows.csv"
    rows.write_text("text\nhe thanks a@example.org in France\n", encoding="utf-8")
    (tmp_path / "link.csv").hardlink_to(rows)
    before = rows.read_bytes()
    for name in ("rows.csv", "link.csv"):
        asked = [verb, "--input", str(rows), "--output", str(tmp_path / name)]
        asked += ["--model", str(model)] if verb == "predict" else ["--columns", "text"]
        assert main(asked) == 2
        assert "is the file that is read" in capsys.readouterr().err
    assert rows.read_bytes() == before
