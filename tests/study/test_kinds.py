"""Grades and classes all the way: from a study file, or from files at the command line, to the words of the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import headwinds
from adapt.tiny import make_checkpoint
from headwinds.adapt.fit_cost import cost_beside
from headwinds.cli.main import main
from headwinds.doors.registering import add_model
from headwinds.errors import HeadwindsError
from headwinds.measure import read_indicator
from headwinds.registry.versions import version_of
from headwinds.study.trace_files import read_point, trace_study
from study.kinds import CLASSES, LABELLED, PASSAGES, YEARS, write_study

YEAR_OF = np.array(YEARS)[np.arange(PASSAGES) % 3]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


def ran(folder, checkpoint, kind, task):
    truth = write_study(folder / "study", checkpoint, kind=kind, task=task)
    run = headwinds.run(folder / "study" / "study.toml", output=folder / "run", quiet=True, brief=True)
    return truth, run


@pytest.fixture(scope="module")
def graded(tmp_path_factory, checkpoint):
    return ran(tmp_path_factory.mktemp("graded"), checkpoint, "graded", "ordinal-classification")


@pytest.fixture(scope="module")
def classed(tmp_path_factory, checkpoint):
    return ran(tmp_path_factory.mktemp("classed"), checkpoint, "multi-class", "text-classification")


def index_of(run, name="index-by-year"):
    return read_indicator(run.results["measure"].path / name / "chosen")


def page_of(run, name):
    return (run.results[name].path / f"{name}.html").read_text(encoding="utf-8")


def test_grades_become_a_mean_score_near_the_truth_and_narrower_than_the_gold_alone(graded):
    truth, run = graded
    index = index_of(run)
    assert index.unit == "mean score"
    assert index.labels == ("boom",) * 3
    wanted = np.array([truth[year == YEAR_OF].mean() for year in YEARS])
    error = np.sqrt(index.variance)
    assert (np.abs(index.value - wanted) < 3 * error).all()
    assert (np.abs(index.value - wanted) > 0).all()
    alone = read_indicator(run.results["measure"].path / "index-by-year" / "labelled-only")
    assert (error < 0.75 * np.sqrt(alone.variance)).all()


def test_the_scores_of_a_graded_study_are_the_expected_grades_of_a_model_that_did_not_see_the_passage(graded):
    import pyarrow.parquet as pq

    scored = pq.read_table(graded[1].results["score"].path / "scores.parquet")
    shares = np.column_stack([scored[f"probability_{grade}"].to_numpy() for grade in range(4)])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(scored["score_boom"].to_numpy(), shares @ np.arange(4), atol=1e-12)


def test_what_every_fold_cost_stands_on_its_card_and_in_no_output_of_the_study(graded, tmp_path):
    tune = graded[1].directory / "tune"
    registry = headwinds.open_registry(tmp_path / "registry")
    for name in ("fold-1", "fold-2"):
        cost = add_model(registry, name, tune / name).card.fitting
        assert cost == cost_beside(tune / name, version_of(tune / name)[0])
        assert 0 < cost.seconds < 600
        assert cost.whole
    registry.engine.dispose()
    assert sorted(path.name for path in tune.rglob("*cost.json")) == ["fold-1.cost.json", "fold-2.cost.json"]
    assert all(path.parent == tune for path in tune.rglob("*cost.json"))


def test_the_report_and_the_brief_speak_of_mean_scores_and_never_of_shares_with_a_label(graded):
    run = graded[1]
    index = index_of(run)
    page, brief = page_of(run, "report"), page_of(run, "brief")
    assert "The mean score of boom, on a scale from 0 to 3, is an estimated " in page
    assert f"{index.value[-1]:.2f} [{index.lower[-1]:.2f}, {index.upper[-1]:.2f}]" in page
    assert "Mean score from 0 to 3, by year" in page
    assert "The scale, from 0 to 3" in page
    assert "plain mean (naive)" in page
    for words in ("carry a label", "passages carry it", "Share of passages", "of all passages", "yes"):
        assert words not in page.split("The passages behind the indices")[0].split("<style>")[0], words
    assert f"about {index.value[-1]:.2f}, on a scale from 0 to 3" in brief
    from headwinds.report.from_study import gather
    from headwinds.report.summary_text import summary_lines

    assert "The mean score of boom, on a scale from 0 to 3" in "\n".join(summary_lines(gather(run)))
    assert "higher" in brief
    assert "of all passages" not in brief
    codes = {finding["code"] for finding in json.loads(run_file(run, "results.json"))["findings"]}
    assert "N380" in codes
    assert not codes & {"W306", "W346", "W352"}


def run_file(run, name):
    return (run.results["report"].path / name).read_text(encoding="utf-8")


def test_the_tables_and_passages_of_a_graded_report_are_in_grades(graded):
    run = graded[1]
    rows = list(csv.DictReader(run_file(run, "tables/index-by-year-boom.csv").splitlines()))
    assert [float(row["value"]) for row in rows] == pytest.approx(index_of(run).value.tolist())
    passages = list(csv.DictReader(run_file(run, "tables/passages.csv").splitlines()))
    assert max(float(row["score"]) for row in passages) > 1.5
    assert {row["gold"] for row in passages} & {"2", "2.0", "3", "3.0"}
    gains = list(csv.DictReader(run_file(run, "tables/label-gain.csv").splitlines()))
    whole = index_of(run, "index")
    assert float(gains[0]["half_width_now"]) == pytest.approx((whole.upper - whole.lower)[0] / 2, rel=1e-6)
    left = whole.passages[0] - whole.gold[0]  # nobody can label more passages than there are
    assert {int(row["additional_labels"]) for row in gains} == {min(500, left), min(2000, left)}


def test_a_graded_number_is_traced_to_scores_and_grades_that_add_up_to_it(graded):
    run = graded[1]
    found = trace_study(run, read_point("label=boom,year=2020"), limit=PASSAGES)
    assert found.value == pytest.approx(float(index_of(run).value[-1]))
    assert sum(part for _, part in found.parts) == pytest.approx(found.value)
    assert found.table["score"].max() > 1.5
    assert "gold 3" in found.summary()
    jump = trace_study(run, read_point("label=boom,year=2018"), read_point("year=2020", label="boom"))
    assert jump.value == pytest.approx(float(index_of(run).value[-1] - index_of(run).value[0]))


def test_classes_have_shares_that_add_up_to_one_near_the_truth(classed):
    truth, run = classed
    index = index_of(run)
    assert index.unit == "share"
    assert index.labels == tuple(name for name in CLASSES for _ in YEARS)
    shares = index.value.reshape(4, 3)
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-9)
    wanted = np.array([[(truth[year == YEAR_OF] == place).mean() for year in YEARS] for place in range(4)])
    assert (np.abs(shares - wanted) < 3.5 * np.sqrt(index.variance).reshape(4, 3)).all()


def test_a_class_is_traced_to_what_adds_up_to_its_share_in_the_index(classed):
    run = classed[1]
    index = index_of(run)
    for name, place in (("slow", 3), ("booming", 9)):
        found = trace_study(run, read_point(f"label={name},year=2018"))
        assert found.value == pytest.approx(float(index.value[place]), abs=1e-12)
        assert sum(part for _, part in found.parts) == pytest.approx(found.value)
    jump = trace_study(run, read_point("label=slow,year=2018"), read_point("year=2020", label="slow"))
    assert jump.value == pytest.approx(float(index.value[5] - index.value[3]))


def test_the_report_of_classes_speaks_of_passages_of_a_class(classed):
    page, brief = page_of(classed[1], "report"), page_of(classed[1], "brief")
    assert "Of the 4 classes measured, the largest in 2020 is " in page
    assert "of passages are of it (95 % interval in brackets)" in page
    assert "booming: Share of passages of the class, by year" in page
    assert "carry a label" not in page
    assert "Of 4 classes, " in brief
    assert "Share of passages of each class" in brief
    evaluated = {
        row["label"] for row in csv.DictReader(run_file(classed[1], "tables/metrics.csv").splitlines())
    }
    assert evaluated == {*CLASSES, "macro"}


def test_classes_in_order_may_be_learnt_as_such(tmp_path, checkpoint):
    truth = write_study(tmp_path / "study", checkpoint, kind="multi-class", task="ordinal-classification")
    run = headwinds.run(
        tmp_path / "study" / "study.toml", output=tmp_path / "run", until="measure", quiet=True
    )
    whole = index_of(run, "index")
    assert whole.labels == CLASSES
    assert whole.value[3] == pytest.approx((truth == 3).mean(), abs=0.06)


def spoilt_gold(study, change):
    lines = [json.loads(line) for line in (study / "gold.jsonl").read_text().splitlines()]
    lines[2] = {**lines[2], **change}
    (study / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("kind", "change", "settings", "words"),
    [
        (
            "graded",
            {"grades": {"boom": 4}},
            [],
            r"line 3: the grade of boom is 4, expected a number from 0 to 3",
        ),
        ("graded", {"grades": {"boom": -1}}, [], r"line 3: the grade of boom is -1"),
        ("graded", {"grades": {"boom": 1.5}}, [], r"has the grade 1\.5, expected a whole number"),
        (
            "graded",
            {"grades": {"bom": 1}},
            [],
            r"line 3: label 'bom' is not in the codebook. Did you mean 'boom'",
        ),
        ("graded", {"grades": {}}, [], r"line 3: the grade of boom is None"),
        ("graded", {"grades": 2}, [], r"line 3: grades is 2, expected a grade for each of boom"),
        ("graded", {}, ["codebook.grades=2"], r"the grade of boom is 3, expected a number from 0 to 2"),
        ("graded", {}, ["measure.estimator=adjusted-count"], r"takes error rates, and grades have none"),
        ("multi-class", {"label": "bust"}, [], r"line 3: class 'bust' is not in the codebook"),
        ("multi-class", {"label": "idle;slow"}, [], r"line 3: the passage has 2 classes, expected one"),
        ("multi-class", {"label": ""}, [], r"line 3: the passage has 0 classes, expected one"),
        ("multi-class", {"label": None}, [], r"line 3: label is missing"),
        (
            "multi-class",
            {},
            ["codebook.kind=multi-label"],
            r"gives each passage one label, and the codebook's kind",
        ),
        (
            "multi-class",
            {},
            ["tune.task=summarisation"],
            r"gives no label to a passage, so nothing can be counted",
        ),
        ("multi-class", {}, ["codebook.kind=classes"], r"expected one of multi-label, multi-class, graded"),
    ],
)
def test_what_is_wrong_with_grades_and_classes_is_one_line_before_anything_is_tuned(
    tmp_path, checkpoint, capsys, kind, change, settings, words
):
    import re

    write_study(tmp_path / "study", checkpoint, kind=kind)
    spoilt_gold(tmp_path / "study", change)
    changed = [part for one in settings for part in ("--set", one)]
    arguments = [str(tmp_path / "study" / "study.toml"), "--output", str(tmp_path / "run"), *changed]
    assert main(["run", *arguments]) == 2
    told = capsys.readouterr().err
    assert re.search(words, told), told
    assert told.count("\n") == 1
    assert not (tmp_path / "run" / "tune").exists()


def test_a_study_learns_one_scale_and_says_what_to_do_with_several(tmp_path, checkpoint):
    write_study(tmp_path / "study", checkpoint, kind="graded")
    with open(tmp_path / "study" / "codebook.md", "a") as file:
        file.write("| bust | the passage tells of ruin | |\n")
    lines = [json.loads(line) for line in (tmp_path / "study" / "gold.jsonl").read_text().splitlines()]
    lines = [{**line, "grades": {**line["grades"], "bust": 0}} for line in lines]
    (tmp_path / "study" / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(HeadwindsError, match=r"2 scales \(boom, bust\), and a study learns one"):
        headwinds.run(tmp_path / "study" / "study.toml", output=tmp_path / "run", until="check", quiet=True)


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("passage_id,probability_growth", "{id},0.5", r"no column score_boom; it scores nothing"),
        ("passage_id,score_bust", "{id},0.5", r"no column score_boom; it scores bust"),
        ("passage_id,score_boom", "{id},7", r"row 1: score_boom = 7\.0, expected from 0 to 3"),
    ],
)
def test_scores_of_another_label_space_are_refused_as_another_fit(graded, tmp_path, header, row, words):
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    from headwinds.study.frame import read_predictions

    checked = graded[1].checked
    ids = pq.read_table(checked.corpus_path)["passage_id"].to_pylist()
    text = "\n".join([header, *(row.format(id=one) for one in ids)]) + "\n"
    pq.write_table(pc.read_csv(pa.py_buffer(text.encode())), tmp_path / "other.parquet")
    with pytest.raises(HeadwindsError, match=words):
        read_predictions(tmp_path / "other.parquet", ids, checked.form)


def test_another_fit_of_a_graded_study_gives_the_mean_score_a_model_part(graded, tmp_path):
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    run = graded[1]
    study = run.settings.folder
    scored = pq.read_table(run.results["score"].path / "scores.parquet")
    moved = pc.min_element_wise(pc.add(scored["score_boom"], 0.1), 3.0)
    place = scored.column_names.index("score_boom")
    pq.write_table(scored.set_column(place, "score_boom", moved), study / "second.parquet")
    found = headwinds.run(
        headwinds.settings(
            study / "documents.csv",
            study / "gold.jsonl",
            study / "codebook.md",
            corpus__keys=["year"],
            codebook__kind="graded",
            tune__checkpoint=run.settings.tune.checkpoint,
            tune__task="ordinal-classification",
            tune__folds=2,
            tune__epochs=1,
            measure__by=[["year"]],
            measure__fits=[str(study / "second.parquet")],
            measure__wordings={"short": str(study / "second.parquet")},
        ),
        output=tmp_path / "run",
        until="measure",
        quiet=True,
    )
    index = index_of(found)
    assert index.model_factor is not None
    assert index.upper.max() > 1.0
    assert {"seeds", "wording", "placebo"} <= {
        path.stem for path in (found.results["measure"].path / "diagnostics").iterdir()
    }


@pytest.fixture
def own_files(tmp_path):
    """Scores of any regression model, and grades of a simple random sample, as files."""
    generator = np.random.default_rng(5)
    size, labelled = 3000, 400
    year = generator.choice(YEARS, size)
    grade = generator.binomial(3, 0.2 + 0.15 * (year - 2018))
    score = np.clip(grade + generator.normal(0.3, 0.6, size), 0, 3)
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("passage_id", "year", "score_boom", "text"),
                *((f"p{n}", year[n], score[n], f"text {n}") for n in range(size)),
            ]
        )
    drawn = generator.permutation(size)[:labelled]
    with open(tmp_path / "gold.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("passage_id", "boom", "inclusion_probability"),
                *((f"p{n}", grade[n], labelled / size) for n in drawn),
            ]
        )
    return tmp_path, np.array([grade[year == one].mean() for one in YEARS])


FILES = ("--scores", "scores.csv", "--gold", "gold.csv", "--document", "", "--kind", "graded")


def test_grades_of_any_model_are_measured_traced_planned_and_sampled_at_the_command_line(
    own_files, capsys, monkeypatch
):
    folder, truth = own_files
    monkeypatch.chdir(folder)
    assert main(["measure", *FILES, "--by", "year", "--output", "out"]) == 0
    told = capsys.readouterr().out
    assert "Mean score, from 0 to 3, with its 95 % interval:" in told
    assert "%" not in told.split("boom 2018: ")[1].split("\n")[0]
    index = read_indicator(Path("out/measure/index-by-year"))
    assert (np.abs(index.value - truth) < 3 * np.sqrt(index.variance)).all()
    assert "W327" not in told
    assert main(["trace", *FILES, "--cell", "label=boom,year=2019", "--limit", "5"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"'boom' in 2019: {index.value[1]:.5f}"[:24])
    assert ", score " in told
    assert main(["labels", "plan", *FILES, "--standard-error", "0.02"]) == 0
    told = capsys.readouterr().out
    assert "bring the mean score of every label to a standard error of 0.02" in told
    assert (
        main(
            [
                "sample",
                "scores.csv",
                "-n",
                "50",
                "--design",
                "uncertainty",
                "--kind",
                "graded",
                "--output",
                "s",
            ]
        )
        == 0
    )
    assert "50" in capsys.readouterr().out
    batch = list(csv.DictReader(Path("s/sample/batch.csv").read_text().splitlines()))
    score = {
        row["passage_id"]: float(row["score_boom"])
        for row in csv.DictReader(Path("scores.csv").read_text().splitlines())
    }
    middle = [float(row["inclusion_probability"]) for row in batch if 1 < score[row["passage_id"]] < 2]
    ends = [float(row["inclusion_probability"]) for row in batch if not 0.2 < score[row["passage_id"]] < 2.8]
    assert min(middle) > max(ends, default=0)


def test_the_labels_of_a_plan_bring_the_mean_score_to_about_the_error_it_forecasts(own_files):
    folder, _ = own_files
    from headwinds.doors.sampling import plan_labels_file

    now = plan_labels_file(
        folder / "scores.csv", folder / "gold.csv", 0.02, document_id="", kind="graded", label="boom"
    )
    index = headwinds.measure_file(
        folder / "scores.csv", folder / "gold.csv", folder / "o", document_id="", kind="graded"
    )["index"]
    assert now.now == pytest.approx(float(np.sqrt(index.variance[0])), rel=0.02)


def test_a_plan_from_assumed_correlations_brings_the_standard_error_it_promises():
    from headwinds.measure import (
        AssumedScores,
        estimate_shares,
        make_cells,
        make_frame,
        plan_labels_from_rates,
    )

    rng = np.random.default_rng(6)
    size = 4000
    plan = plan_labels_from_rates([AssumedScores("all", size, 0.8, 0.7)], 0.03)
    assert plan.of == "the mean score"
    labelled = int(plan.table["needed"][0])
    grade = np.clip(np.round(rng.normal(1.5, 0.75, size)), 0, 3)
    score = 1.5 + 0.7 * (grade - 1.5) + rng.normal(0, grade.std() * np.sqrt(1 - 0.49) * 0.98, size)
    score = np.clip(score, 0, 3)
    scale, tie = grade.std() / 0.8, np.corrcoef(grade, score)[0, 1]
    values = []
    for _ in range(400):
        gold = rng.permutation(size)[:labelled]
        frame = make_frame(
            document_ids=np.arange(size),
            strata=np.full(size, "all"),
            keys={},
            weight=np.ones(size),
            probability=score[:, None],
            label=score[:, None],
            gold_rows=gold,
            gold_labels=grade[gold][:, None],
            inclusion_probability=np.full(labelled, labelled / size),
            label_names=("boom",),
            kind="score",
            value_range=(0.0, 3.0),
        )
        values.append(estimate_shares(frame, make_cells(frame, ()), "difference").value[0])
    forecast = 0.03 * scale * np.sqrt((1 - tie**2) / (1 - 0.7**2))
    assert 0.88 * forecast <= np.std(values, ddof=1) <= 1.12 * forecast


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--assume", "passages=9000,standard_deviation=0.8,correlation=0.7", "--standard-error", "0.03"],
            "",
        ),
        (
            ["--assume", "passages=9000,correlation=0.7", "--standard-error", "0.03"],
            "lacks standard_deviation",
        ),
        (
            ["--assume", "passages=9000,prevalence=0.1", "--standard-error", "0.03"],
            "Names: name, passages, stand",
        ),
        (
            ["--assume", "passages=9000,standard_deviation=0,correlation=0.7", "--standard-error", "0.03"],
            r"standard_deviation = 0\.0 .* above 0",
        ),
        (
            ["--assume", "passages=9000,standard_deviation=1,correlation=1", "--standard-error", "0.03"],
            r"correlation = 1\.0 .* below 1",
        ),
    ],
)
def test_grades_are_planned_from_what_is_assumed_of_them(capsys, arguments, words):
    import re

    done = main(["labels", "plan", "--kind", "graded", *arguments])
    told = capsys.readouterr()
    assert done == (2 if words else 0)
    assert "bring the mean score to a standard error of 0.03" in told.out or re.search(words, told.err), told


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (("scores.csv", "score_boom", "5"), [], r"score_boom = 5\.0, expected a score from 0 to 3"),
        (("gold.csv", "boom", "7"), [], r"the grade of boom is '7', expected a number from 0 to 3"),
        (("gold.csv", "boom", ""), [], r"the grade of boom is '', expected a number from 0 to 3"),
        (("scores.csv", "score_boom", "x"), [], r"score_boom = 'x', expected a number"),
        (("gold.csv", "inclusion_probability", ""), [], r"inclusion_probability is missing"),
        (None, ["--grades", "0"], r"grades = 0 cannot be used"),
        (None, ["--estimator", "expectation-maximisation"], r"graded labels have none"),
        (None, ["--kind", "multi-class"], r"no column probability_<label>"),
    ],
)
def test_bad_grades_in_files_are_one_line(own_files, capsys, monkeypatch, change, more, words):
    import re

    folder, _ = own_files
    monkeypatch.chdir(folder)
    if change:
        name, column, value = change
        rows = list(csv.DictReader(Path(name).read_text().splitlines()))
        rows[4][column] = value
        with open(name, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    assert main(["measure", *FILES, "--output", "out", *more]) == 2
    told = capsys.readouterr().err
    assert re.search(words, told), told
    assert told.count("\n") == 1
    assert not Path("out").exists()


def test_a_study_says_what_its_readers_give_and_their_answers_come_back_as_its_gold(graded, tmp_path, capsys):
    folder = graded[1].settings.folder
    base = ["annotate", str(folder / "study.toml"), "--database", str(tmp_path / "labels.sqlite")]
    assert main([*base, "--import", str(folder / "gold.jsonl"), "--as", "ann"]) == 0
    assert f"Imported answers: {LABELLED};" in capsys.readouterr().out
    assert main([*base, "--export", str(tmp_path / "out.jsonl"), "--unsettled", "leave-out"]) == 0
    came = {
        line["passage_id"]: line
        for line in map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    }
    went = list(map(json.loads, (folder / "gold.jsonl").read_text().splitlines()))
    assert all(came[line["passage_id"]]["grades"] == line["grades"] for line in went)
    again = ["annotate", str(folder / "study.toml"), "--database", str(tmp_path / "labels.sqlite")]
    scores = graded[1].results["score"].path / "scores.parquet"
    assert (
        main([*again, "--propose", "20", "--strategy", "variance", "--scores", str(scores), "--by", "year"])
        == 0
    )
    assert "Queued passages: " in capsys.readouterr().out
