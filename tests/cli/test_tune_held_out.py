"""`headwinds tune --test-share` from the terminal: the dry run, seeds, the curve, a search, and Python."""

from __future__ import annotations

import json

import pytest

import headwinds
from adapt.tiny import make_checkpoint
from headwinds.adapt.learning_curve import read_learning_curve
from headwinds.cli.main import main


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """What all commands begin with: 60 rows of ten years."""
    folder = tmp_path_factory.mktemp("files")
    file = folder / "rows.csv"
    rows = [f"we meet {n} again,{'ab'[n % 2]},{2001 + n // 6}" for n in range(60)]
    file.write_text("text,label,year\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return [
        "tune", "--task", "text-classification", "--train", str(file), "--method", "head", "--quiet",
        "--checkpoint", str(make_checkpoint(folder / "checkpoint")), "--set", "tune.epochs=1",
        "--test-share", "0.2", "--split-by", "year",
    ]  # fmt: skip


TOLD = (
    "Test: the 12 rows with year at or after 2009 (20.0% of 60 rows, asked for 20.0%); 48 rows are before it."
)


def test_the_dry_run_and_the_tuning_tell_the_cut(asked, tmp_path, capsys):
    assert main([*asked, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "42 training, 6 validation, 12 test examples" in said
    assert TOLD in said
    assert main([*asked, "--output", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "Tested on 12 examples" in said
    assert TOLD in said
    assert "Validation: the 6 rows with year from 2008 up to the test (12.5% of those before it)." in said


@pytest.mark.parametrize(
    ("more", "folders"),
    [
        (("--seeds", "0,1"), ("seed-0", "seed-1")),
        (("--learning-curve", "0.5,1", "--slices", "year"), ("share-0.5", "share-1")),
    ],
)
def test_seeds_and_shares_of_a_curve_meet_one_test(asked, tmp_path, capsys, more, folders):
    assert main([*asked, "--output", str(tmp_path), *more]) == 0
    if "--slices" in more:
        told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Worst year: 20")]
        assert len(told) == 2
        points = read_learning_curve(tmp_path)
        assert [len(one.slices) for one in points] == [2, 2]
        assert {one.value for one in points[0].slices} == {"2009", "2010"}
    found = [json.loads((tmp_path / name / "evaluation" / "evaluation.json").read_text()) for name in folders]
    assert [one["held_out"]["cut"] for one in found] == ["2009", "2009"]
    names = [
        (tmp_path / name / "evaluation" / "predictions.jsonl").read_text().splitlines() for name in folders
    ]
    ids = [[json.loads(line)["id"] for line in lines] for lines in names]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 12


def test_in_python_it_is_the_same_model(asked, tmp_path):
    assert main([*asked, "--output", str(tmp_path / "out")]) == 0
    found = headwinds.tune(
        task="text-classification", train=asked[4], output=tmp_path / "out", quiet=True, method="head", epochs=1,
        checkpoint=asked[asked.index("--checkpoint") + 1], test_share=0.2, split_by="year",
    )  # fmt: skip
    assert found.reused
    assert found.evaluation.held_out.test_rows == 12


def test_a_study_takes_no_share(capsys, tmp_path):
    assert main(["tune", "study.toml", "--test-share", "0.2"]) == 2
    assert "a study tests every fold on documents" in capsys.readouterr().err
