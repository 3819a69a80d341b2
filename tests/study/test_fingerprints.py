"""A stage is done again when something it depends on changed, and only then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headwinds.artifacts.fingerprint import file_digest
from headwinds.study import environment
from headwinds.study.data import CheckedStudy
from headwinds.study.run import run_study
from headwinds.study.settings import StudySettings
from headwinds.study.stages.check import check_stage
from headwinds.study.stages.explain import explain_stage
from headwinds.study.stages.measure import measure_stage
from headwinds.study.stages.score import score_stage
from headwinds.study.stages.tune import evaluation_stage, fold_stages
from headwinds.study.study_file import change_settings, read_study

STAGES = ("check", "tune/fold-1", "tune/evaluation", "score", "measure", "explain")


@pytest.fixture
def checked(study: Path, checked_once: CheckedStudy) -> tuple[StudySettings, CheckedStudy]:
    return read_study(study / "study.toml"), checked_once


def fingerprints(settings: StudySettings, checked: CheckedStudy) -> dict[str, str]:
    """Of every stage, with what the stages before it hand over held fixed: each answers for its own settings alone."""
    settings = replace(
        settings, explain=replace(settings.explain, panel=settings.explain.panel or "panel.csv")
    )
    models = [("a model", Path("model-1")), ("another", Path("model-2"))]
    scores = checked.folder / "check.json"
    stages = [
        check_stage(settings),
        fold_stages(settings, checked, quiet=True)[0],
        evaluation_stage(settings, checked, models, quiet=True),
        score_stage(checked, models, quiet=True),
        measure_stage(settings, checked, scores),
        explain_stage(settings, checked.folder),
    ]
    return {stage.name: stage.fingerprint for stage in stages}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in STAGES if before[name] != after[name]}


DEPENDENT = {
    "study.title": ("Another title", ()),
    "study.question": ("Another question?", ()),
    "study.language": ("zh", ("explain",)),  # its pictures are drawn with words
    "study.limits": (["None at all."], ()),
    "corpus.source": ("Somewhere", ()),
    "corpus.licence": ("CC0", ()),
    "gold.provenance": ("Read by two students.", ()),
    "study.seed": (5, ("check", "tune/fold-1", "tune/evaluation", "measure")),
    "corpus.text": ("other", ("check",)),
    "corpus.keys": ([], ("check",)),
    "corpus.stratum": (["year"], ("check",)),
    "corpus.weight": ("w", ("check",)),
    "corpus.encoding": ("utf-8-sig", ("check",)),
    "corpus.on_bad_rows": ("refuse", ("check",)),
    "corpus.population": ("counts.csv", ("measure",)),
    "gold.stratum": (["year"], ("check",)),
    "gold.encoding": ("latin-1", ("check",)),
    "tune.folds": (4, ("check", "tune/fold-1")),
    "tune.validation_share": (0.3, ("check", "tune/fold-1")),
    "tune.max_tokens": (128, ("check", "tune/fold-1")),
    "tune.epochs": (3, ("tune/fold-1",)),
    "tune.learning_rate": (3e-4, ("tune/fold-1",)),
    "tune.batch_tokens": (512, ("tune/fold-1",)),
    "tune.micro_batch_tokens": (256, ("tune/fold-1",)),
    "tune.activation_checkpointing": (True, ("tune/fold-1",)),
    "tune.training_share": (0.5, ("tune/fold-1",)),
    "tune.processes": (2, ("tune/fold-1",)),
    "tune.precision": ("float32", ("tune/fold-1",)),
    "tune.scoring_precision": ("float32", ("tune/fold-1",)),
    "measure.estimator": ("labelled-only", ("measure",)),
    "measure.by": ([[]], ("measure",)),
    "measure.level": (0.9, ("measure",)),
    "measure.minimum_gold": (20, ("measure",)),
    "measure.pretraining_until": ("2018-05", ("measure",)),
    "measure.fits": (["panel.csv"], ("measure",)),
    "measure.wordings": ({"short": "panel.csv"}, ("measure",)),
    "explain.outcome": ("rgdpna", ("explain",)),
    "explain.lag": (2, ("explain",)),
    "explain.before": ([1990, 2000], ("explain",)),
    "report.passages_a_point": (3, ("measure",)),
}


@pytest.mark.parametrize("name", DEPENDENT)
def test_a_setting_changes_the_stages_that_depend_on_it_and_no_other(name, checked):
    value, stages = DEPENDENT[name]
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    assert changed(before, fingerprints(change_settings(settings, {name: value}), inputs)) == set(stages)


def test_a_screen_changes_the_evaluation_alone_and_a_group_the_measuring(checked, study):
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    path = study / "study.toml"
    text = path.read_text()
    path.write_text(text + '\n[[screen]]\nname = "s"\nwords = ["techn"]\n')
    assert changed(before, fingerprints(read_study(path), inputs)) == {"tune/evaluation"}
    path.write_text(text + '\n[[group]]\nname = "g"\nkey = "year"\ngroups.late = ["2020"]\n')
    assert changed(before, fingerprints(read_study(path), inputs)) == {"measure"}


@pytest.mark.parametrize("name", ["documents.csv", "codebook.md", "gold.jsonl"])
def test_any_byte_of_any_input_counts(name, checked, study):
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    data = (study / name).read_bytes()
    for at in (0, len(data) // 2, len(data) - 1):
        (study / name).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert "check" in changed(before, fingerprints(settings, inputs))
    (study / name).write_bytes(data)
    assert fingerprints(settings, inputs) == before


def test_a_byte_of_the_panel_counts_for_the_stage_that_reads_it(checked, study):
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    (study / "panel.csv").write_text("a Panel\n")
    assert changed(before, fingerprints(settings, inputs)) == {"explain"}


def test_a_byte_of_the_populations_counts_counts_for_measuring(checked, study):
    settings, inputs = checked
    settings = change_settings(settings, {"corpus.population": "counts.csv"})
    before = fingerprints(settings, inputs)
    (study / "counts.csv").write_text("year,passages\n2018,61\n2019,60\n2020,60\n")
    assert changed(before, fingerprints(settings, inputs)) == {"measure"}


def move(study: Path) -> Path:
    return study.rename(study.with_name("moved"))


def copy(study: Path) -> Path:
    return Path(shutil.copytree(study, study.with_name("copied")))


def touch(study: Path) -> Path:
    for path in study.iterdir():
        os.utime(path, (1, 1))
    return study


def rename(study: Path) -> Path:
    (study / "documents.csv").rename(study / "speeches.csv")
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(text.replace("documents.csv", "speeches.csv"))
    return study


def comment(study: Path) -> Path:
    text = (study / "study.toml").read_text()
    (study / "study.toml").write_text(
        "# A remark.\n" + text.replace("epochs = 8", "epochs   =   8  # passes")
    )
    return study


@pytest.mark.parametrize("act", [move, copy, touch, rename, comment])
def test_what_is_the_same_content_is_the_same_study(act: Callable[[Path], Path], checked, study):
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    place = act(study)
    assert changed(before, fingerprints(read_study(place / "study.toml"), inputs)) == set()


def test_a_version_of_a_library_counts(checked, monkeypatch):
    settings, inputs = checked
    before = fingerprints(settings, inputs)
    installed = environment.installed_version
    monkeypatch.setattr(
        environment, "installed_version", lambda name: installed(name) + ("x" if name == "numpy" else "")
    )
    assert changed(before, fingerprints(settings, inputs)) == set(STAGES)


def test_the_models_before_it_count_for_scoring_and_the_scores_for_measuring(checked):
    settings, inputs = checked
    first, second = (score_stage(inputs, [(name, Path("m"))], quiet=True) for name in ("a", "b"))
    assert first.fingerprint != second.fingerprint
    first, second = (
        measure_stage(settings, inputs, inputs.folder / name) for name in ("check.json", "fold_rows.json")
    )
    assert first.fingerprint != second.fingerprint


def test_a_study_is_checked_once_and_the_same_check_gives_the_same_bytes(study, capsys):
    settings = read_study(study / "study.toml")
    run = run_study(settings, study / "run", until="check")
    assert not run.results["check"].reused
    again = run_study(settings, study / "run", until="check")
    assert again.results["check"].reused
    assert "check: found, nothing changed" in capsys.readouterr().err
    other = run_study(settings, study / "other", until="check", quiet=True)
    for path in sorted(run.results["check"].path.iterdir()):
        assert file_digest(path) == file_digest(other.results["check"].path / path.name), path.name
