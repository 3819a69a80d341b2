"""The measure stage asks the diagnostics, takes other fits and wordings in, and its numbers can be traced."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwinds.artifacts.stages import StageResult
from headwinds.errors import MismatchError, SettingsError
from headwinds.measure import read_indicator
from headwinds.study.premises import check_premises
from headwinds.study.run import StudyRun
from headwinds.study.stages.measure import measure_stage, traced_indices
from headwinds.study.study_file import read_study
from headwinds.study.trace_files import read_point, trace_study


def write_scores(path: Path, checked, seed: int) -> Path:
    """Scores that know half of the truth where it is known, and otherwise only how often labels are."""
    generator = np.random.default_rng(seed)
    corpus = pq.read_table(checked.corpus_path)
    names = checked.codebook.names
    probability = generator.uniform(0.1, 0.5, (corpus.num_rows, len(names)))
    rows = checked.gold["row"].to_numpy()
    probability[rows] += 0.3 * checked.truth()
    columns = {f"probability_{name}": probability[:, place] for place, name in enumerate(names)}
    columns |= {f"label_{name}": probability[:, place] >= 0.5 for place, name in enumerate(names)}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"passage_id": corpus["passage_id"], **columns}), path)
    return path


@pytest.fixture
def measured(study, checked_once, tmp_path):
    def measure(**changes):
        scores = write_scores(tmp_path / "run" / "score" / "scores.parquet", checked_once, 1)
        write_scores(study / "second.parquet", checked_once, 2)
        settings = read_study(study / "study.toml")
        settings = dataclasses.replace(settings, measure=dataclasses.replace(settings.measure, **changes))
        output = tmp_path / "run" / f"measure{len(changes)}"
        output.mkdir()
        measure_stage(settings, checked_once, scores).work(output, tmp_path)
        return settings, output

    return measure


def test_the_diagnostics_are_asked_by_default(measured):
    _, output = measured()
    names = {path.stem for path in (output / "diagnostics").iterdir()}
    assert {
        "calibration-by-period",
        "look-ahead",
        "outside",
        "placebo",
        "rates-by-period",
        "threshold",
    } <= names
    said = json.loads((output / "measure.json").read_text())["findings"]
    assert "W350" in {finding["code"] for finding in said}
    table = pq.read_table(output / "diagnostics" / "placebo.parquet")
    assert {"name", "value", "lower", "upper"} <= set(table.column_names)


def test_other_fits_give_the_index_a_model_part_and_wordings_a_table(measured):
    _, plain = measured()
    settings, output = measured(fits=("second.parquet",), wordings={"short": "second.parquet"})
    folder = next(output.glob("index*")).name
    both, one = (read_indicator(place / folder / "chosen") for place in (output, plain))
    assert one.model_factor is None
    assert both.model_factor.shape == (len(both), 2)
    assert np.nansum(both.layers[:, 2]) > 0
    assert {"seeds", "wording"} <= {path.stem for path in (output / "diagnostics").iterdir()}
    check_premises(settings)


def test_other_scores_that_are_missing_or_of_other_passages_are_one_line(measured, study):
    with pytest.raises(SettingsError, match=r"measure\.fits = 'third\.parquet'"):
        check_premises(
            dataclasses.replace(
                settings := read_study(study / "study.toml"),
                measure=dataclasses.replace(settings.measure, fits=("third.parquet",)),
            )
        )
    pq.write_table(pa.table({"passage_id": ["x"], "probability_a": [0.5]}), study / "third.parquet")
    with pytest.raises(MismatchError, match=r"third\.parquet"):
        measured(fits=("third.parquet",))


def test_a_number_of_a_study_is_traced(measured, checked_once, tmp_path):
    settings, output = measured()
    results = {
        name: StageResult(name, place, "", reused=True, seconds=0.0)
        for name, place in (
            ("check", checked_once.folder),
            ("score", tmp_path / "run" / "score"),
            ("measure", output),
        )
    }
    run = StudyRun(settings, tmp_path / "run", quiet=True, results=results)
    label = checked_once.codebook.names[0]
    found = trace_study(run, read_point(f"label={label},year=2019"), limit=4)
    assert len(found.table) == 4
    assert found.table["text"].str.len().min() > 0
    jump = trace_study(run, read_point(f"label={label},year=2018"), read_point("year=2019", label=label))
    assert np.isfinite(jump.value)
    with pytest.raises(SettingsError, match="same keys"):
        trace_study(run, read_point(f"label={label},year=2018"), read_point(f"label={label}"))


@pytest.mark.parametrize(
    ("changes", "same", "words"),
    [
        ({"minimum_gold": 5}, True, ""),
        ({"estimator": "labelled-only"}, False, "that of 'labelled-only', where the number is"),
        ({"fits": ("second.parquet",)}, False, "that of 'difference', of 2 fits together, where"),
    ],
)
def test_a_trace_of_a_study_is_of_the_number_on_its_page_or_says_what_stands_there(
    measured, checked_once, tmp_path, changes, same, words
):
    settings, output = measured(by=(("year",),), **changes)
    places = {"check": checked_once.folder, "score": tmp_path / "run" / "score", "measure": output}
    results = {name: StageResult(name, one, "", reused=True, seconds=0.0) for name, one in places.items()}
    run = StudyRun(settings, tmp_path / "run", quiet=True, results=results)
    index = read_indicator(output / "index-by-year" / "chosen")
    label = checked_once.codebook.names[0]
    found = trace_study(run, read_point(f"label={label},year=2019"))
    there = index.value[index.labels.index(label) + index.cells.index((2019,))]
    assert (abs(found.value - there) < 1e-12) == same
    told = [finding.sentence for finding in found.findings if finding.code == "N355"]
    assert bool(told) is not same
    if told:
        assert words in told[0]
        assert f"{there:.5f}" in told[0]


def test_every_index_by_one_key_has_its_passages_wherever_it_stands(measured):
    """The example counts the whole corpus first: the passages behind its years were lost to the page."""
    _, output = measured(by=((), ("year",)))
    table = pq.read_table(output / "passages.parquet").to_pandas()
    years = {cell[0] for cell in read_indicator(output / "index-by-year" / "chosen").cells}
    assert set(table["cell_year"]) == years
    assert traced_indices(((), ("year",), ("country",), ("country", "year"))) == (("year",), ("country",))
    assert traced_indices(((), ("country", "year"))) == ((),)
