"""`headwinds sample` and `headwinds labels plan` on files, from the terminal as from Python."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest

from headwinds.artifacts.manifest import verify
from headwinds.cli.main import main
from headwinds.contracts import Codebook, Label
from headwinds.corpus.gold import read_gold
from headwinds.doors.measuring import measure_file
from headwinds.doors.sampling import plan_labels_file, plan_slope_file, sample_file
from headwinds.errors import DataError, HeadwindsError, MismatchError, SettingsError

PASSAGES = 2000


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    generator = random.Random(4)
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["passage_id", "text", "country", "year", "weight", "probability_tech"])
        for number in range(PASSAGES):
            score = generator.betavariate(0.3 + 0.15 * (number % 20), 3)
            text = "digital age" if score > 0.5 else "peace"
            writer.writerow([f"p{number}", text, f"C{number % 20}", 2000 + number % 5, 2, f"{score:.4f}"])
    return tmp_path / "scores.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def label(batch: Path, scores: Path, earlier: Path | None = None) -> list[dict[str, str]]:
    """Read the drawn passages as an annotator would, from a truth that the scores only hint at."""
    score = {row["passage_id"]: float(row["probability_tech"]) for row in rows_of(scores)}
    found = []
    for row in rows_of(batch) + (rows_of(earlier) if earlier else []):
        positive = random.Random(row["passage_id"]).random() < 0.1 + 0.7 * score[row["passage_id"]]
        found.append({**row, "labels": "tech" if positive else ""})
    return found


def write(rows: list[dict[str, str]], path: Path) -> Path:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(
            file, ["passage_id", "inclusion_probability", "labels"], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_rounds_drawn_on_files_end_in_an_index(scores, tmp_path):
    first = sample_file(scores, tmp_path / "one", 150, design="simple", weight="weight", seed=1)
    assert set(np.round(first.inclusion_probability, 9)) == {150 / PASSAGES / 2}
    gold = write(label(first.folder / "batch.csv", scores), tmp_path / "gold1.csv")
    second = sample_file(
        scores, tmp_path / "two", 150, design="uncertainty", weight="weight", previous=gold, seed=2
    )
    verify(second.folder)
    assert not set(first.passage_ids) & set(second.passage_ids)
    both = label(second.folder / "batch.csv", scores, second.folder / "earlier.csv")
    assert len(both) == 300
    expanded = sum(1 / float(row["inclusion_probability"]) for row in both)
    assert expanded == pytest.approx(2 * PASSAGES, rel=0.1)
    index = measure_file(
        scores, write(both, tmp_path / "gold2.csv"), tmp_path / "out", document_id="", weight="weight"
    )
    truth = np.mean(
        [
            random.Random(row["passage_id"]).random() < 0.1 + 0.7 * float(row["probability_tech"])
            for row in rows_of(scores)
        ]
    )
    assert index["index"].lower[0] < truth < index["index"].upper[0]


def test_the_frame_records_every_passages_probability(scores, tmp_path):
    found = sample_file(
        scores, tmp_path / "out", 60, design="stratified", stratum=["year"], screen=["digital"], score_bins=2
    )
    frame = rows_of(found.folder / "frame.csv")
    assert len(frame) == PASSAGES
    assert sum(float(row["inclusion_probability"]) for row in frame) == pytest.approx(60)
    assert sum(int(row["drawn"]) for row in frame) == 60
    assert {row["stratum"].split(" / ")[0] for row in frame} == {"screen", "none"}


def test_labels_of_a_stratified_batch_are_measured_within_its_strata(scores, tmp_path):
    """What was drawn within countries has their column, so that the same option serves both commands."""
    drawn = sample_file(
        scores, tmp_path / "one", 400, design="stratified", stratum=["country"], allocation="equal", seed=1
    )
    assert set(drawn.draw.stratum) == {f"C{number}" for number in range(20)}
    rows = label(tmp_path / "one" / "sample" / "batch.csv", scores)
    with open(tmp_path / "gold.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    found = measure_file(scores, tmp_path / "gold.csv", tmp_path / "out", document_id="", stratum=["country"])
    assert np.isfinite(found["index"].variance).all()


def test_a_passage_without_a_stratum_is_not_drawn_from(scores, tmp_path):
    text = scores.read_text().replace(",C3,", ",,", 1)
    scores.write_text(text)
    with pytest.raises(DataError, match="line 5: country is empty"):
        sample_file(scores, tmp_path / "one", 40, design="stratified", stratum=["country"], seed=1)


def test_the_terminal_and_python_draw_the_same_bytes(scores, tmp_path, capsys):
    sample_file(scores, tmp_path / "python", 40, design="uncertainty", seed=3)
    arguments = ["sample", str(scores), "-n", "40", "--design", "uncertainty", "--seed", "3"]
    assert main([*arguments, "--output", str(tmp_path / "terminal")]) == 0
    for name in ("batch.csv", "frame.csv"):
        one, other = (tmp_path / door / "sample" / name for door in ("python", "terminal"))
        assert one.read_bytes() == other.read_bytes()
    assert "40 passages of 2,000" in capsys.readouterr().out


def test_a_plan_is_the_same_at_both_doors(scores, tmp_path, capsys):
    first = sample_file(scores, tmp_path / "one", 200, seed=1)
    gold = write(label(first.folder / "batch.csv", scores), tmp_path / "gold.csv")
    plan = plan_labels_file(scores, gold, 0.02, document_id="")
    arguments = ["labels", "plan", "--scores", str(scores), "--gold", str(gold), "--document", ""]
    assert main([*arguments, "--standard-error", "0.02"]) == 0
    assert capsys.readouterr().out == plan.summary() + "\n"
    assert plan.additional > 0
    slope = plan_slope_file(
        scores, gold, 1.2, by=["country"], label="tech", slope=1.0, outcome_error=0.5, document_id=""
    )
    assert slope.now >= 0.5
    assumed = "passages=5000,prevalence=0.2,true_positive_rate=0.8,false_positive_rate=0.1"
    assert main(["labels", "plan", "--standard-error", "0.01", "--assume", assumed]) == 0
    assert "more labels bring the share" in capsys.readouterr().out
    more = ["--slope", "2", "--outcome-error", "0.1", "--standard-error", "0.15"]
    assert main(["labels", "plan", "--assume", assumed, *more]) == 0
    assert "the slope on the label" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["labels", "plan", "--standard-error", "0.01"], "needs a pilot"),
        (["labels", "plan", "--standard-error", "0.01", "--assume", "prevalence=0.2"], "lacks passages"),
        (["labels", "plan", "--standard-error", "0.01", "--assume", "rate=0.2"], "not NAME=VALUE"),
        (["labels", "plan", "--standard-error", "0.01", "--assume", "passages=many"], "expected a number"),
        (
            [
                "labels",
                "plan",
                "--standard-error",
                "-1",
                "--assume",
                "passages=500,prevalence=0.2,true_positive_rate=0.8,false_positive_rate=0.1",
            ],
            "standard_error = -1",
        ),
        (["sample", "nothing.csv", "-n", "5", "--output", "out"], "There is no file nothing.csv"),
    ],
)
def test_a_mistake_at_the_terminal_is_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        (lambda text: text, {"n": 3000}, SettingsError, "n = 3,000 cannot be drawn"),
        (lambda text: text, {"n": 5, "design": "best"}, SettingsError, "design = 'best'"),
        (lambda text: text, {"n": 5, "design": "stratified"}, SettingsError, "needs strata"),
        (lambda text: text, {"n": 5, "stratum": ["region"], "design": "stratified"}, DataError, "'region'"),
        (lambda text: text.replace("p17,", "p16,"), {"n": 5}, DataError, "stands already in line 18"),
        (
            lambda text: text.replace("probability_tech", "score"),
            {"n": 5, "design": "uncertainty"},
            DataError,
            "no column",
        ),
        (lambda text: text.replace(",2,", ",2,1", 1), {"n": 5}, DataError, "line 2: probability_tech"),
        (lambda text: text, {"n": 5, "weight": "year", "previous": "gold.csv"}, MismatchError, "'q1'"),
    ],
)
def test_a_file_that_cannot_be_sampled_is_one_line(
    scores, tmp_path, monkeypatch, change, options, error, words
):
    monkeypatch.chdir(tmp_path)
    Path("gold.csv").write_text("passage_id,inclusion_probability\nq1,0.1\n")
    scores.write_text(change(scores.read_text().replace("\r\n", "\n")))
    with pytest.raises(error, match=words) as caught:
        sample_file(scores, "out", **options)
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("annotators", "words"),
    [
        (("ann", "ann"), "annotator 'ann' labelled passage_id 'p1' already in line 2"),
        (("ann", "bo"), "by 'ann' in line 2 and by 'bo' here"),
    ],
)
def test_duplicated_annotators_are_told(tmp_path, annotators, words):
    path = tmp_path / "gold.csv"
    path.write_text("passage_id,labels,annotator\n" + "".join(f"p1,tech,{name}\n" for name in annotators))
    with pytest.raises(DataError, match=words):
        read_gold(path, Codebook((Label("tech", ""),)))
