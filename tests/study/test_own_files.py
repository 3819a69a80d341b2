"""One stage alone on a user's own files: any classifier's scores are measured, any corpus is scored with a model."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from adapt.tiny import make_checkpoint, make_labelled
from headwinds.adapt.fold import fit_fold, plan_folds
from headwinds.adapt.settings import TuneSettings
from headwinds.artifacts.manifest import verify
from headwinds.cli.main import main
from headwinds.corpus.reading import Columns
from headwinds.errors import CheckpointError, DataError, MismatchError, SettingsError
from headwinds.measure.indicator_store import read_indicator
from headwinds.measure.registry import ESTIMATORS, assumption
from headwinds.study.own_files import measure_file, score_file
from headwinds.study.scores_file import ScoresFile
from headwinds.study.settings import MeasureSettings

PASSAGES, LABELLED = 3000, 500


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Scores of a rule that gives too many labels, and a simple random sample of labelled passages."""
    generator = random.Random(5)
    rows = []
    for number in range(PASSAGES):
        year = 2000 + number % 3
        truth = generator.random() < 0.1 + 0.1 * (year - 2000)
        flagged = generator.random() < (0.85 if truth else 0.15)
        rows.append(
            {"passage_id": f"p{number}", "year": year, "truth": truth, "probability_tech": float(flagged)}
        )
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["passage_id", "year", "probability_tech"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    with open(tmp_path / "gold.jsonl", "w") as file:
        for row in generator.sample(rows, LABELLED):
            labels = ["tech"] if row["truth"] else []
            line = {
                "passage_id": row["passage_id"],
                "labels": labels,
                "inclusion_probability": LABELLED / PASSAGES,
            }
            file.write(json.dumps(line) + "\n")
    return tmp_path / "scores.csv", tmp_path / "gold.jsonl"


def by_year(scores: Path) -> ScoresFile:
    return ScoresFile(scores, by=(("year",),), document_id="")


def test_the_measured_shares_are_right_where_the_plain_count_is_not(files, tmp_path):
    scores, gold = files
    index = measure_file(by_year(scores), gold, tmp_path / "out")["index-by-year"]
    plain = measure_file(by_year(scores), gold, tmp_path / "plain", estimator="classify-and-count")[
        "index-by-year"
    ]
    assert index.cells == ((2000,), (2001,), (2002,))
    for number in range(3):
        truth = 0.1 + 0.1 * number
        assert index.lower[number] < truth < index.upper[number]
    assert plain.value[0] > 0.18  # 0.1 is the truth
    assert index.method == "difference"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_can_be_asked_for_and_says_what_it_assumes(files, tmp_path, name):
    index = measure_file(by_year(files[0]), files[1], tmp_path / "out", estimator=name)["index-by-year"]
    assert index.method == name
    assert f"It assumes that {assumption(name)}" in " ".join(str(finding) for finding in index.findings)
    assert read_indicator(tmp_path / "out" / "measure" / "index-by-year").method == name
    if name != "classify-and-count":
        truth = np.array([0.1, 0.2, 0.3])
        assert np.abs(index.value - truth).max() < 0.08


def test_an_estimator_that_does_not_exist_is_told_with_those_that_do(files, tmp_path):
    with pytest.raises(
        SettingsError, match="there is no estimator 'magic'; the estimators are adjusted-count"
    ):
        measure_file(by_year(files[0]), files[1], tmp_path / "out", estimator="magic")


def test_two_indices_of_one_name_are_refused_and_none_vanishes(files, tmp_path):
    by = (("a", "b-c"), ("a-b", "c"))
    with pytest.raises(SettingsError, match="would have one name, index-by-a-b-c"):
        measure_file(ScoresFile(files[0], by=by, document_id=""), files[1], tmp_path / "out")
    with pytest.raises(SettingsError, match="would have one name, index-by-a-b-c"):
        MeasureSettings(by=by)


def test_what_is_written_is_read_back_equal_and_whole(files, tmp_path):
    index = measure_file(by_year(files[0]), files[1], tmp_path / "out")["index-by-year"]
    verify(tmp_path / "out" / "measure")
    back = read_indicator(tmp_path / "out" / "measure" / "index-by-year")
    np.testing.assert_array_equal(back.value, index.value)
    np.testing.assert_allclose(back.covariance, index.covariance, rtol=0, atol=0)
    with open(tmp_path / "out" / "measure" / "index-by-year" / "index.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == list(index.value)


def test_other_fits_widen_the_index_and_the_diagnostics_stand_beside_it(files, tmp_path, capsys):
    scores, gold = files
    generator = random.Random(9)
    with open(scores, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        flipped = generator.random() < 0.2
        row["probability_tech"] = str(
            1 - float(row["probability_tech"]) if flipped else row["probability_tech"]
        )
    with open(tmp_path / "fit.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    arguments = ["measure", "--scores", str(scores), "--gold", str(gold), "--by", "year", "--document", ""]
    more = ["--fit", str(tmp_path / "fit.csv"), "--pretraining-until", "2001"]
    assert main([*arguments, *more, "--output", str(tmp_path / "two")]) == 0
    told = capsys.readouterr().out
    assert "W350" in told
    index = read_indicator(tmp_path / "two" / "measure" / "index-by-year")
    assert index.model_factor.shape == (3, 2)
    assert (index.layers[:, 2] > 0).all()
    verify(tmp_path / "two" / "measure")
    names = {path.stem for path in (tmp_path / "two" / "measure" / "diagnostics").iterdir()}
    assert {"calibration-by-period", "look-ahead", "outside", "placebo", "rates-by-period", "seeds"} <= names
    rows.pop()
    with open(tmp_path / "fit.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert main([*arguments, *more, "--output", str(tmp_path / "three")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_decision_column_is_believed_over_one_half(files, tmp_path):
    scores, gold = files
    lines = scores.read_text().splitlines()
    decided = [lines[0] + ",label_tech"] + [f"{line},0" for line in lines[1:]]
    (tmp_path / "decided.csv").write_text("\n".join(decided) + "\n")
    index = measure_file(
        ScoresFile(tmp_path / "decided.csv", document_id=""),
        gold,
        tmp_path / "out",
        estimator="classify-and-count",
    )["index"]
    assert list(index.value) == [0.0]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda text: text.replace("probability_tech", "score"), DataError, "no column probability_<label>"),
        (lambda text: text.replace(",1.0\n", ",1.5\n", 1), DataError, "expected a share from 0 to 1"),
        (lambda text: text.replace(",1.0\n", ",high\n", 1), DataError, "expected a number"),
        (lambda text: text.replace("p17,", "p16,"), DataError, "that stand there before: 1, first p16"),
        (lambda text: text.replace("year", "jahr", 1), DataError, "'year'"),
        (lambda text: "\n".join(text.splitlines()[:10]) + "\n", MismatchError, "gold"),
        (lambda text: text.replace("p5,2002", "p5"), DataError, "line 7"),
        (lambda text: text.replace("p5,2002", "p5,"), DataError, "line 7: year is empty; such lines: 1"),
    ],
)
def test_scores_that_cannot_be_used_are_told_with_their_place(files, tmp_path, change, error, words):
    scores, gold = files
    changed = change(scores.read_text().replace("\r\n", "\n"))
    assert changed != scores.read_text()
    scores.write_text(changed)
    with pytest.raises(error, match=words) as caught:
        measure_file(by_year(scores), gold, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_years_that_a_table_holds_as_fractions_are_years(files, tmp_path):
    import pandas as pd

    scores, gold = files
    pd.read_csv(scores).astype({"year": float}).to_parquet(tmp_path / "scores.parquet")
    index = measure_file(by_year(tmp_path / "scores.parquet"), gold, tmp_path / "out")["index-by-year"]
    assert index.cells == ((2000,), (2001,), (2002,))


def without(name):
    return lambda rows: [{key: value for key, value in row.items() if key != name} for row in rows]


def in_year(year):
    """The gold of one year alone, with its year."""
    return lambda rows: [
        {**row, "year": year} for row in rows if 2000 + int(row["passage_id"][1:]) % 3 == year
    ]


def by_two(rows):
    """Two annotators' lines for one passage, not brought to one label."""
    return [{**rows[0], "annotator": "ann"}, *rows[1:], {**rows[0], "annotator": "bob"}]


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        (without("inclusion_probability"), [], "Was it a simple random sample?"),
        (lambda rows: [*without("inclusion_probability")(rows[:1]), *rows[1:]], [], "line 1: inclusion_prob"),
        (in_year(2001), ["--stratum", "year"], "stratum '2000' holds passages but no gold"),
        (
            lambda rows: [{**row, "year": 2001} for row in rows],
            ["--stratum", "year"],
            "is in stratum '2001', and in the scores in '200[02]'",
        ),
        (by_two, [], "was labelled by 'ann' in line 1 and by 'bob' here"),
        (lambda rows: [*rows, rows[0]], [], "stands already in line 1"),
        (
            lambda rows: rows,
            ["--kind", "multi-class", "--scores", "classes.csv"],
            "line 4: .* add up to 1.3, exp",
        ),
        (
            lambda rows: rows,
            ["--kind", "multi-class", "--scores", "summed.csv"],
            "has 0 classes, expected one",
        ),
        (lambda rows: rows, ["--kind", "graded"], "has no column score_<label>; it has passage_id, "),
        (lambda rows: rows, ["--kind", "classes"], "expected one of multi-label, multi-class, graded"),
        (lambda rows: rows, ["--wording", "short"], "expected NAME=FILE"),
    ],
    ids=[
        "no-probabilities",
        "one-without",
        "stratum-without-gold",
        "another-stratum",
        "two-annotators",
        "one-annotator-twice",
        "sums",
        "no-class",
        "no-scores",
        "kind",
        "wording",
    ],
)
def test_what_cannot_be_measured_honestly_is_refused_at_the_command_line_in_one_line(
    files, tmp_path, capsys, monkeypatch, change, arguments, words
):
    scores, gold = files
    rows = [json.loads(line) for line in gold.read_text().splitlines()]
    gold.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
    lines = scores.read_text().splitlines()
    other = [f"{1 - float(line.rsplit(',', 1)[1])}" for line in lines[1:]]
    summed = [
        lines[0] + ",probability_other",
        *(f"{line},{one}" for line, one in zip(lines[1:], other, strict=True)),
    ]
    (tmp_path / "summed.csv").write_text("\n".join(summed) + "\n")
    summed[3] = ",".join(["p2", "2002", "1.0", "0.3"])
    (tmp_path / "classes.csv").write_text("\n".join(summed) + "\n")
    monkeypatch.chdir(tmp_path)
    basic = ["--scores", "scores.csv", "--gold", "gold.jsonl", "--document", "", "--by", "year"]
    assert main(["measure", *basic, "--output", "out", *arguments]) == 2
    told = capsys.readouterr().err
    assert re.search(words, told), told
    assert told.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("held", [True, False])
def test_a_year_whose_gold_is_all_alike_has_an_interval_with_a_width(files, tmp_path, held):
    scores, gold = files
    year = {row["passage_id"]: row["year"] for row in csv.DictReader(scores.read_text().splitlines())}
    rows = [json.loads(line) for line in gold.read_text().splitlines()]
    changed = [
        {**row, "labels": ["tech"] if held else []} if year[row["passage_id"]] == "2001" else row
        for row in rows
    ]
    gold.write_text("".join(json.dumps(row) + "\n" for row in changed))
    index = measure_file(by_year(scores), gold, tmp_path / "out")["index-by-year"]
    assert index.value[1] == pytest.approx(float(held))
    assert 0.005 < index.upper[1] - index.lower[1] < 0.05
    assert "N304" in {finding.code for finding in index.findings}


def test_classes_of_which_one_holds_add_up_to_one_from_files(files, tmp_path):
    scores, gold = files
    lines = scores.read_text().splitlines()
    both = [lines[0] + ",probability_other"]
    both += [f"{line},{1 - float(line.rsplit(',', 1)[1])}" for line in lines[1:]]
    scores.write_text("\n".join(both) + "\n")
    rows = [json.loads(line) for line in gold.read_text().splitlines()]
    rows = [{**row, "labels": row["labels"] or ["other"]} for row in rows]
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = ScoresFile(scores, by=(("year",),), document_id="", kind="multi-class")
    index = measure_file(file, gold, tmp_path / "out")["index-by-year"]
    np.testing.assert_allclose(index.value[:3] + index.value[3:], 1.0, atol=1e-12)
    assert (np.abs(index.value[:3] - [0.1, 0.2, 0.3]) < 0.06).all()


def test_another_wording_is_compared_and_what_was_not_given_is_said(files, tmp_path, capsys):
    """Rates by spans of years, look-ahead and other scores: asked, or said not to have been, by default."""
    scores, gold = files
    arguments = ["measure", "--scores", str(scores), "--gold", str(gold), "--by", "year", "--document", ""]
    assert main([*arguments, "--output", str(tmp_path / "one")]) == 0
    told = capsys.readouterr().out
    assert "N345 until when the texts of the model behind the scores reach is not known" in told
    assert "N354 there are no scores of another seed of the model (fits) and another wording" in told
    folder = tmp_path / "one" / "measure" / "diagnostics"
    with open(folder / "rates-by-period.csv") as file:
        assert {row["group"] for row in csv.DictReader(file)} == {"2000", "2001", "2002"}
    text = scores.read_text().replace(",1.0", ",0.9").replace(",0.0", ",0.2")
    (tmp_path / "short.csv").write_text(text)
    more = ["--wording", f"short={tmp_path / 'short.csv'}"]
    assert main([*arguments, *more, "--output", str(tmp_path / "two")]) == 0
    assert "another wording" not in capsys.readouterr().out
    with open(tmp_path / "two" / "measure" / "diagnostics" / "wording.csv") as file:
        row = next(csv.DictReader(file))
    assert row["wording"] == "short"
    assert abs(float(row["value"])) < 1e-9  # the same ranks, another scale: the corrected index does not move
    assert float(row["mean_score_then"]) > float(row["mean_score"])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_share_is_refused(files, tmp_path, level):
    with pytest.raises(SettingsError, match="level"):
        measure_file(by_year(files[0]), files[1], tmp_path / "out", level=level)


def test_the_command_prints_the_shares_and_where_they_are(files, tmp_path, capsys):
    scores, gold = files
    arguments = [
        "--scores",
        scores,
        "--gold",
        gold,
        "--by",
        "year",
        "--document",
        "",
        "--output",
        tmp_path / "o",
    ]
    assert main(["measure", *map(str, arguments)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"index-by-year: {tmp_path / 'o' / 'measure' / 'index-by-year' / 'index.csv'}"
    assert shown[1].startswith("  tech 2000: ")
    assert main(["measure", "--scores", str(scores)]) == 2
    assert "--scores goes with --gold FILE and --output FOLDER" in capsys.readouterr().err


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    chosen = TuneSettings(
        checkpoint=str(make_checkpoint(folder / "c")), epochs=1, folds=2, learning_rate=1e-3
    )
    data = make_labelled()
    fit_fold(data, plan_folds(data, chosen)[0], chosen, folder / "m", folder / "scratch", quiet=True)
    return folder / "m"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    with open(tmp_path / "mine.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "body", "country"])
        writer.writerows(
            [f"x{number}", text, "FRA" if number % 2 else "DEU"]
            for number, text in enumerate(make_labelled().texts[:40])
        )
    return tmp_path / "mine.csv"


MINE = Columns(passage_id="id", document_id="", text="body", keys=("country",))


def test_own_documents_are_scored_and_found_again(model, documents, tmp_path):
    path = score_file(model, documents, tmp_path / "out", columns=MINE, quiet=True)
    table = pq.read_table(path)
    assert table["passage_id"].to_pylist() == [f"x{number}" for number in range(40)]
    assert table["country"].to_pylist()[:2] == ["DEU", "FRA"]
    assert {"probability_driver", "label_driver", "read_share"} <= set(table.column_names)
    assert set(table["read_share"].to_pylist()) == {1.0}
    before = path.stat().st_mtime_ns
    assert score_file(model, documents, tmp_path / "out", columns=MINE, quiet=True) == path
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "model").symlink_to(model)
    assert score_file(tmp_path / "tuned", documents, tmp_path / "out", columns=MINE, quiet=True) == path
    assert path.stat().st_mtime_ns == before
    documents.write_text(documents.read_text() + "x99,peace,FRA\n")
    score_file(model, documents, tmp_path / "out", columns=MINE, quiet=True)
    assert pq.read_metadata(path).num_rows == 41


def test_a_model_that_was_changed_is_refused_before_anything_is_scored(model, documents, tmp_path):
    shutil.copytree(model, tmp_path / "changed")
    with open(tmp_path / "changed" / "head.safetensors", "ab") as file:
        file.write(b"0")
    for folder in (tmp_path / "changed", tmp_path / "nothing"):
        with pytest.raises(CheckpointError) as caught:
            score_file(folder, documents, tmp_path / "out", columns=MINE, quiet=True)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()
