"""With HEADWINDS_LANGUAGE=zh verbs print Chinese: no English word is left but names of settings, metrics and files."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import subprocess
import sys

import pytest

from adapt.tiny import make_checkpoint
from cli.test_explain_panel import CODES, panel
from headwinds.adapt.methods.registry import METHODS
from headwinds.adapt.tasks.registry import TASKS, get_task
from headwinds.cli.main import main
from headwinds.phrases.columns import columns
from headwinds.study.study_file import read_study
from house.repository import ROOT
from study.test_growth_files import own_panel

EXAMPLES = ROOT / "examples"
TRAIN, TEST = str(EXAMPLES / "intents-train.csv"), str(EXAMPLES / "intents-test.csv")
TUNE = [
    "tune",
    "--task",
    "text-classification",
    "--train",
    TRAIN,
    "--test",
    TEST,
    "--set",
    "tune.epochs=1",
    "--quiet",
]
NAME = re.compile(r"`[^`]*`|\S*[/._=\[\]-]\S*[A-Za-z]\S*|\S*[A-Za-z]\S*[/._=-]\S*|\w*\d\w*|\b[A-Z]{2,}\b")
"""Paths, settings, codes, abbreviations: what is a name by its form."""
METRICS = "accuracy macro micro weighted precision recall matthews correlation expected calibration error"


def english(text, names):
    """The English words of a text that are no names."""
    bare = NAME.sub(" ", text)
    return [word for word in re.findall("[A-Za-z]{2,}", bare) if word.lower() not in names.lower().split()]


@pytest.fixture
def said(monkeypatch, capsys, tmp_path):
    """Run a verb in Chinese, and give what it printed."""
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "zh")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        capsys.readouterr()
        assert main([str(one) for one in arguments]) == code
        text = capsys.readouterr().out
        assert re.search("[\u4e00-\u9fff]", text)
        return text

    return run


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A checkpoint, and a model tuned from it."""
    folder = tmp_path_factory.mktemp("tuned")
    checkpoint = make_checkpoint(folder / "checkpoint")
    assert main([*TUNE, "--checkpoint", str(checkpoint), "--output", str(folder / "run")]) == 0
    return checkpoint, folder / "run"


def test_tasks_and_methods(said):
    columns = " ".join(column.name for name in TASKS for column in get_task(name).columns)
    names = f"{' '.join((*TASKS, *METHODS))} {columns} BIO start end text label BIOES role content"
    assert english(said("tasks"), f"{names} system user assistant Python pass SQuAD") == []
    people = "Ben Zaken Houlsby Hu Liu Li Liang Lester"
    assert english(said("methods"), f"{' '.join(METHODS)} {people} rank") == []


def test_what_the_machine_has(said):
    found = said("doctor")
    names = "GiB GFLOP Python torch transformers headwinds PyTorch encoder Docker SVG OpenVINO MLflow TensorBoard Ray QuaPy"
    names += " PostgreSQL checkpoint bfloat16 pip install default owner name Headwinds runs float32 hub cache precision"
    assert english(re.sub(r"\n  处理器 .*", "", found), names) == []
    names = [re.match(r"  \[\S+ +|  默认模型 +", line) for line in found.splitlines()]
    assert len({columns(one[0]) for one in names if one}) == 1  # Chinese names too end where the others do


def test_a_study_to_begin_with_and_its_check(said, tmp_path):
    assert english(said("init", "study"), "headwinds run") == []
    assert read_study(tmp_path / "study" / "study.toml").study.language == "zh"  # so will its report be
    assert english(said("check", "study/study.toml", "--quiet"), "") == []


def test_a_dry_run_and_a_tuning(said, tuned):
    checkpoint, _ = tuned
    labels = "arrival pending exchange rate"
    dry = said(*TUNE, "--checkpoint", checkpoint, "--dry-run")
    assert "什么都没有留下（--dry-run）" in dry
    assert english(dry, f"full GiB {labels}") == []
    full = said(*TUNE, "--checkpoint", checkpoint, "--output", "out")
    assert english(full, f"{METRICS} jsonl") == []
    assert "在 40 个例子上检验" in full


def test_several_seeds_and_a_curve(said, tuned):
    asked = [*TUNE, "--checkpoint", tuned[0], "--output"]
    assert english(said(*asked, "seeds", "--seeds", "0,1"), f"{METRICS} seeds") == []
    assert english(said(*asked, "curve", "--learning-curve", "0.5,1"), f"{METRICS} curve") == []


def test_predictions_a_test_and_an_audit(said, tuned):
    _, run = tuned
    assert said("predict", "--model", run, "--input", TEST, "--output", "p.jsonl") == "40 个预测：p.jsonl\n"
    assert english(said("evaluate", "--model", run, "--test", TEST, "--output", "e"), METRICS) == []
    parts = ["--parts", "bias,robustness,energy", "--texts", "20", "--swaps", "gender"]
    audited = said("audit", run, "--on", TEST, "--output", "a", *parts)
    assert english(audited, f"{METRICS} gender full Wh she he") == []
    left = said(
        "audit", run, "--on", TEST, "--output", "b", "--texts", "10", "--explained", "2", "--swaps", "gender"
    )
    assert "群组，未做：没有指明按哪一列比较各组。请指明一列：--by COLUMN。" in left


def test_a_registry(said, tuned):
    place = ["--registry", "registry"]
    with open("gate.toml", "w", encoding="utf-8") as file:
        file.write(f'floor = 0.0\nlargest_calibration_error = 1\n[[tests]]\npath = "{TEST}"\nrole = "old"\n')
    assert main(["models", "add", "intents", "--model", str(tuned[1]), *place]) == 0
    judged = said("models", "promote", "intents", "--gate", "gate.toml", *place)
    assert english(judged, f"intents {METRICS}") == []
    assert "满足：旧检验 intents-test.csv" in judged
    shown = said("models", "show", "intents", "--version", "1", *place)
    labels = " ".join(json.loads((tuned[1] / "model" / "model.json").read_text(encoding="utf-8"))["labels"])
    assert english(shown, f"intents production {METRICS} full checkpoint {labels.replace('_', ' ')}") == []


def test_a_plan_a_draw_and_masked_data(said, tmp_path):
    assumed = "passages=5000,prevalence=0.2,true_positive_rate=0.8,false_positive_rate=0.1"
    assert english(said("labels", "plan", "--standard-error", "0.01", "--assume", assumed), "stratum") == []
    with (tmp_path / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["passage_id", "text", "probability_x", "year"])
        rows.writerows([[f"p{n}", f"write to ann{n}@example.org", n / 100, 2000 + n % 2] for n in range(100)])
    for design in ("simple", "stratified", "uncertainty"):
        drawn = said(
            "sample", "scores.csv", "-n", "10", "--design", design, "--stratum", "year", "--output", design
        )
        assert english(drawn, "neyman systematic all csv") == [], design
    assert (
        english(said("mask", "--input", "scores.csv", "--output", "m.csv", "--columns", "text"), "email IP")
        == []
    )


def test_growth_of_a_panel(said, tmp_path):
    found = said("explain", "--panel", own_panel(tmp_path), "--outcome", "rgdpna", "--output", "out")
    assert english(found, "rgdpna TFP AAA BBB") == []


SPAN = ["--series", "output", "--first", "1990", "--last", "2019"]


@pytest.mark.parametrize(
    "asked",
    [
        ["breaks", "--series", "output", "--growth", "--draws", "99", "--most", "1"],
        [
            "breaks",
            "--series",
            "output",
            "--growth",
            "--draws",
            "99",
            "--most",
            "1",
            "--entities",
            "AUT",
            "--no-hac",
        ],
        ["divide", "--series", "users", "--draws", "50", "--first", "2000"],
        *(["convergence", *SPAN, "--test", test] for test in ("beta", "sigma", "log-t", "clubs")),
        ["responses", "--outcome", "output", "--growth", "--shock", "shock", "--horizons", "2"],
        ["responses", "--outcome", "output", "--shock", "shock", "--horizons", "1", "--no-period-effects"],
    ],
    ids=lambda asked: "-".join(asked[:1] + asked[-1:]),
)
def test_one_analysis_of_a_panel(said, tmp_path, asked):
    panel().to_csv(tmp_path / "panel.csv", index=False)
    told = said("explain", *asked, "--panel", "panel.csv", "--output", "out")
    names = f"output users shock out log sup UDmax Theil Gini Driscoll Nickell {' '.join(CODES)}"
    assert english(told, names) == []
    (page,) = (path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("*.html"))
    assert '<html lang="zh">' in page
    assert english(html.unescape(" ".join(re.findall("<p>(.*?)</p>", page))), names) == []


def test_a_study_that_is_english_is_told_in_the_language_of_who_sits_there(said, tmp_path, capsys):
    said("init", "study")
    english_study = ["study/study.toml", "--set", "study.language=en"]
    assert main(["check", *english_study, "--output", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("检查：完成，用时")
    assert "已检查：" in shown.out


def test_a_chinese_study_is_told_in_chinese_to_anybody(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "study"]) == 0
    assert capsys.readouterr().out.startswith("Wrote study")
    assert main(["check", "study/study.toml", "--quiet", "--set", "study.language=zh"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("已检查：")


def test_a_terminal_without_chinese_letters_shows_their_numbers_and_no_traceback():
    environment = {**os.environ, "HEADWINDS_LANGUAGE": "zh", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "headwinds", "methods"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"full\\uff1a\\u8bad")
