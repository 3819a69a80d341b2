"""A test held out of the training file: drawn, in whole groups, or the latest; it is never learnt from, and all is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from headwinds.adapt.evaluation.task_evaluation import read_task_evaluation
from headwinds.adapt.held_out import held_lines
from headwinds.adapt.search.space import Choice
from headwinds.adapt.search.trials import SearchSettings, search
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_data import prepare_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import DataError, HeadwindsError, SettingsError
from headwinds.phrases.catalogue import speaking, written

ROWS_A_YEAR = {2001: 3, 2002: 9, 2003: 11, 2004: 7, 2005: 13, 2006: 5, 2007: 12}
SETTINGS = TuneSettings(method="head", epochs=1)


def write(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_rows():
    """60 rows in seven years and six countries, in no order of time; each text stands once."""
    rows = [
        {
            "id": f"r{year}-{number}",
            "text": f"we meet {year} again {number}",
            "label": "ab"[number % 2],
            "year": year,
            "country": "ABCDEF"[(number * 5 + year) % 6],
        }
        for year, count in ROWS_A_YEAR.items()
        for number in range(count)
    ]
    return rows[1::2] + rows[::2]


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "rows.jsonl", make_rows())


def parts(files: LabelledFiles, settings: TuneSettings = SETTINGS):
    """The rows that train, validate and test, and how that was told."""
    _, data, test = prepare_files(files, settings)
    by_id = {row["id"]: row for row in map(json.loads, files.train.read_text().splitlines())}
    ids = data.examples.ids
    training, validation = (
        [by_id[ids[number]] for number in side.tolist()] for side in (data.training, data.validation)
    )
    return training, validation, [by_id[name] for name in test.examples.ids], data.held_out


def test_without_a_share_nothing_is_held_out(file):
    _, data, test = prepare_files(LabelledFiles(file), SETTINGS)
    assert test is None
    assert data.held_out is None
    assert len(data.training) + len(data.validation) == 60


def test_the_latest_rows_are_the_test_and_the_latest_before_them_validate(file):
    training, validation, test, held = parts(LabelledFiles(file, test_share=0.25, split_by="year"))
    assert {row["year"] for row in test} == {2006, 2007}  # 17 of 60; from 2007 on it would be 12
    assert {row["year"] for row in validation} == {2005}
    assert {row["year"] for row in training} == {2001, 2002, 2003, 2004}
    assert (held.cut, held.validation_cut) == ("2006", "2005")
    assert (held.test_rows, held.validation_rows, held.rows) == (17, 13, 60)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.5, 0.7])
def test_the_cut_in_time_is_the_one_that_comes_nearest_to_the_share(file, share):
    _, _, test, held = parts(LabelledFiles(file, test_share=share, split_by="year"))
    reached = [sum(count for year, count in ROWS_A_YEAR.items() if year >= cut) for cut in range(2003, 2008)]
    assert abs(len(test) - 60 * share) == min(abs(one - 60 * share) for one in reached)
    assert held.test_rows == len(test)


@pytest.mark.parametrize(
    ("written_as", "cut"),
    [
        (lambda n: n, "8"),
        (lambda n: f"{n}", "8"),  # "10" is before "8" as a text
        (lambda n: f" {n}.0 ", "8.0"),
        (lambda n: f"2001-{n:02}", "2001-08"),
        (lambda n: f"2001-05-{n:02}", "2001-05-08"),
        (lambda n: f"2001-05-31T{n:02}:30", "2001-05-31T08:30"),
        (lambda n: f"2001-05-31 {n:02}:30+02:00", "2001-05-31 08:30+02:00"),
    ],
)
def test_time_is_ordered_as_numbers_and_dates_not_as_text(tmp_path, written_as, cut):
    rows = [
        {"id": f"{n}-{m}", "text": f"we eat {n} {m}", "label": "ab"[m % 2], "when": written_as(n)}
        for n in (10, 3, 9, 1, 8, 2, 7, 4, 6, 5)
        for m in range(2)
    ]
    _, _, test, held = parts(
        LabelledFiles(write(tmp_path / "x.jsonl", rows), test_share=0.3, split_by="when")
    )
    assert {row["id"].partition("-")[0] for row in test} == {"8", "9", "10"}
    assert held.cut == cut


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("group", ["country", ""])
def test_what_is_drawn_is_near_the_share_hangs_on_the_seed_and_tears_no_group(file, group, seed):
    files = LabelledFiles(file, test_share=0.3, group=group, test_seed=seed)
    training, validation, test, held = parts(files)
    assert len(training) + len(validation) + len(test) == 60
    assert held.test_rows == len(test)
    if group:
        sides = [{row["country"] for row in side} for side in (training, validation, test)]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 6
        assert 10 <= len(test) <= 26
    else:
        assert len(test) == 18
    assert parts(files)[2] == test
    assert parts(files, replace(SETTINGS, seed=99))[2] == test  # seeds of one call meet one test
    assert any(parts(replace(files, test_seed=other))[2] != test for other in (seed + 1, seed + 2, seed + 3))


def test_time_and_groups_together_cut_where_no_group_is_torn(tmp_path):
    """Documents of one year each; but one runs over the cut that would come nearest."""
    rows = [{**row, "document": f"d{row['year']}-{row['label']}"} for row in make_rows()]
    for row in rows:
        if row["id"] in ("r2005-0", "r2006-0"):
            row["document"] = "late"
    files = LabelledFiles(
        write(tmp_path / "x.jsonl", rows), group="document", test_share=0.25, split_by="year"
    )
    training, validation, test, held = parts(files)
    assert held.cut == "2007"
    sides = [{row["document"] for row in side} for side in (training, validation, test)]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert held_lines(held)[-1] == "No group of document has rows on two sides."


def test_groups_with_rows_at_all_times_cannot_go_with_time(file):
    with pytest.raises(
        DataError, match="No cut by year sets rows aside for the test and leaves every group whole"
    ):
        parts(LabelledFiles(file, group="country", test_share=0.25, split_by="year"))


def change(place, **changes):
    rows = make_rows()
    rows[place] = {**rows[place], **changes}
    return rows


@pytest.mark.parametrize(
    ("rows", "split_by", "says"),
    [
        (make_rows(), "month", "line 1: there is no column 'month'; the file has id, text, label, year"),
        (change(4, year=None), "year", "line 5: year is empty"),
        (change(4, year="  "), "year", "line 5: year is empty"),
        (change(6, year="soon"), "year", "line 7: year is 'soon', which is neither a number nor a date"),
        (change(6, year="2001-02-30"), "year", "line 7: year is '2001-02-30', which is neither"),
        (change(6, year=True), "year", "line 7: year is True, which is neither"),
        (change(6, year="2003-05-01"), "year", "line 7: year is '2003-05-01', a day, and in"),
    ],
)
def test_a_column_of_no_times_is_refused_with_file_and_line(tmp_path, rows, split_by, says):
    file = write(tmp_path / "x.jsonl", rows)
    with pytest.raises(DataError) as refused:
        parts(LabelledFiles(file, test_share=0.25, split_by=split_by))
    assert f"{file}, {says}" in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"test_share": 1.0}, "test_share = 1.0 cannot be used"),
        ({"test_share": -0.1}, "test_share = -0.1 cannot be used"),
        ({"test_share": float("nan")}, "test_share = nan cannot be used"),
        ({"split_by": "year"}, "test_share does not say how much"),
        ({"test_share": 0.2, "test": Path("test.csv")}, "a test file and a test_share"),
        (
            {"test_share": 0.2, "split_by": "year", "validation": Path("v.csv")},
            "Leave out the validation file",
        ),
        (
            {"test_share": 0.2, "group": "country", "validation": Path("v.csv")},
            "Leave out the validation file",
        ),
        ({"test_share": 0.001}, "leaves no row to the test"),
        ({"test_share": 0.999}, "leaves no row to the training"),
        ({"test_share": 0.2, "split_by": "constant"}, "one value in constant"),
        ({"test_share": 0.2, "group": "constant"}, "one group of examples, so none can be held out"),
        ({"test_share": 0.3, "split_by": "rank"}, "leaves one label to the test: all 18 rows there have 'b'"),
        (
            {"test_share": 0.3, "split_by": "minus"},
            "leaves one label to the test: all 18 rows there have 'a'",
        ),
        ({"test_share": 0.6, "split_by": "rank"}, "leaves one label to the training"),
    ],
)
def test_what_makes_no_test_is_refused_in_one_line(tmp_path, asked, says):
    rows = [
        {
            "text": f"we eat {n}",
            "label": "a" if n < 30 else "b",
            "constant": 1,
            "rank": n,
            "minus": -n,
            "country": n,
        }
        for n in range(60)
    ]
    file = write(tmp_path / "x.jsonl", rows)
    with pytest.raises(HeadwindsError) as refused:
        prepare_files(LabelledFiles(file, **asked), SETTINGS)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_was_held_out_stands_with_the_model_and_with_its_test(file, tiny_checkpoint, tmp_path):
    settings = replace(SETTINGS, checkpoint=str(tiny_checkpoint))
    files = LabelledFiles(file, test_share=0.25, split_by="year")
    found = tune_files(files, settings, tmp_path / "out", quiet=True)
    held = found.evaluation.held_out
    assert (held.cut, held.test_rows, found.evaluation.examples) == ("2006", 17, 17)
    folder = tmp_path / "out" / "evaluation"
    assert read_task_evaluation(folder).held_out == held
    assert json.loads((found.folder / "history.json").read_text())["held_out"]["cut"] == "2006"
    told = "Test: the 17 rows with year at or after 2006 (28.3% of 60 rows, asked for 25.0%); 43 rows are before it."
    aside = "Validation: the 13 rows with year from 2005 up to the test (30.2% of those before it)."
    assert held_lines(held) == [told, aside]
    for name in ("card.md", "report.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert told in text
        assert aside in text
    with speaking("zh"):
        assert (
            written(told)
            == "检验：year 在 2006 及之后的 17 行（占 60 行的 28.3%，要求 25.0%）；之前有 43 行。"
        )

    again = tune_files(files, settings, tmp_path / "out", quiet=True)
    assert again.reused
    assert again.evaluation.held_out == held
    for changes in ({"test_share": 0.4}, {"split_by": ""}, {"test_seed": 1}, {"test_share": 0.0}):
        files = replace(files, **changes)
        assert not tune_files(files, settings, tmp_path / "out", quiet=True).reused


def test_labels_that_are_new_in_the_test_are_counted_and_named(tmp_path, tiny_checkpoint):
    rows = make_rows()
    for row in rows:
        if row["id"] in ("r2006-1", "r2007-2", "r2007-3"):
            row["label"] = "new"
        if row["id"] == "r2007-4":
            row["label"] = "newer"
    files = LabelledFiles(write(tmp_path / "x.jsonl", rows), test_share=0.25, split_by="year")
    settings = replace(SETTINGS, checkpoint=str(tiny_checkpoint))
    found = tune_files(files, settings, tmp_path / "out", quiet=True).evaluation
    assert found.held_out.unseen == {"new": 3, "newer": 1}
    assert found.examples + found.held_out.unseen_rows == found.held_out.test_rows == 17
    finding = next(one for one in found.findings if one.code == "W117")
    assert "In 4 of 17 test rows is a label that occurs in the test alone" in finding.sentence
    assert "new (3), newer (1)" in finding.sentence
    assert finding.sentence in (tmp_path / "out" / "evaluation" / "card.md").read_text(encoding="utf-8")


def test_a_test_of_new_labels_alone_is_refused(tmp_path):
    rows = [
        {**row, "label": f"new {row['label']}" if row["year"] > 2005 else row["label"]} for row in make_rows()
    ]
    with pytest.raises(DataError, match="No test row has only labels that occur outside the test: 'new a'"):
        parts(LabelledFiles(write(tmp_path / "x.jsonl", rows), test_share=0.25, split_by="year"))


def test_new_entity_types_are_counted_and_named_too(tmp_path):
    rows = [
        {
            "id": f"{n}",
            "text": "we met Ada",
            "spans": [{"start": 7, "end": 10, "label": "NEW" if n == 39 else "PER"}],
            "year": n,
        }
        for n in range(40)
    ]
    files = LabelledFiles(write(tmp_path / "x.jsonl", rows), test_share=0.25, split_by="year")
    _, _, test, held = parts(files, replace(SETTINGS, task="named-entity-recognition"))
    assert (len(test), held.test_rows, held.unseen) == (9, 10, {"NEW": 1})


def test_a_trial_of_a_search_never_sees_the_test(file):
    """A search fits without a test; with other seeds for its finalists."""
    files = LabelledFiles(file, test_share=0.25, group="country")
    tested = {row["id"] for row in parts(files)[2]}
    for seed in range(4):
        _, data, _ = prepare_files(replace(files, test=None), replace(SETTINGS, seed=seed))
        assert not tested & set(data.examples.ids)


def test_copies_are_made_of_training_rows_alone(file):
    files = LabelledFiles(file, test_share=0.25, split_by="year")
    _, data, test = prepare_files(files, replace(SETTINGS, augment="easy", augment_copies=2))
    sources = {place.rpartition(", copy")[0] or place for place in data.examples.places}
    assert len(data.examples.ids) > 43
    assert not sources & set(test.examples.places)


def test_the_gain_of_copies_is_measured_on_the_validation_rows_before_the_test(
    file, tiny_checkpoint, tmp_path
):
    files = LabelledFiles(file, test_share=0.25, split_by="year")
    settings = replace(SETTINGS, checkpoint=str(tiny_checkpoint), augment="easy", augment_compare=True)
    found = tune_files(files, settings, tmp_path / "out", quiet=True)
    assert (found.gain.examples, found.evaluation.examples) == (13, 17)
    lines = (
        next((tmp_path / "out").glob("gain-of-copies*"))
        .joinpath("predictions.jsonl")
        .read_text()
        .splitlines()
    )
    assert {json.loads(line)["id"].partition("-")[0] for line in lines} == {"r2005"}


@pytest.mark.filterwarnings("ignore:The number of trials is too small")
def test_a_search_ends_with_one_test_on_what_was_held_out(file, tiny_checkpoint, tmp_path):
    files = LabelledFiles(file, test_share=0.25, split_by="year")
    settings = replace(SETTINGS, checkpoint=str(tiny_checkpoint))
    plan = SearchSettings(trials=1, finalists=1, seeds=2)
    _, tuned = search(
        files, settings, {"head_learning_rate": Choice((1e-3, 1e-2))}, plan, tmp_path, quiet=True
    )
    assert (tuned.evaluation.examples, tuned.evaluation.held_out.cut) == (17, "2006")


def test_a_method_that_learns_from_no_label_is_tested_on_what_is_held_out(file, tmp_path):
    codebook = tmp_path / "codebook.md"
    codebook.write_text("| label | when | not |\n| --- | --- | --- |\n| a | one | |\n| b | two | |\n")
    files = LabelledFiles(file, codebook=codebook, test_share=0.25, split_by="year")
    _, data, test = prepare_files(files, replace(SETTINGS, method="zero-shot"))
    assert (len(data.examples.ids), len(test.examples.ids), test.held.cut) == (43, 17, "2006")


def test_a_share_of_a_study_is_refused_in_one_line():
    from headwinds.study.study_file import tune_settings

    with pytest.raises(
        SettingsError, match="a study tests every fold on documents that it did not learn from"
    ):
        tune_settings({"test_share": 0.2})
