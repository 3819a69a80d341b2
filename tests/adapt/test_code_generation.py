"""Code that was written is judged by running it, and by nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from adapt.fresh_process import predicted_again
from adapt.test_every_task import EXAMPLES
from headwinds.adapt.execution import trial
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.predicting import predict_file
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.code_generation import program
from headwinds.adapt.tasks.registry import get_task
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import DataError, SettingsError

TRAIN, TEST = EXAMPLES / "problems-train.jsonl", EXAMPLES / "problems-test.jsonl"


def problems(file: Path):
    task = get_task("code-generation")
    return task, task.read(read_rows(file, task), labelled=True)


@pytest.mark.parametrize("file", [TRAIN, TEST])
def test_the_solutions_of_the_examples_pass_their_tests(file):
    task, examples = problems(file)
    found = [{"code": list(own), "ended": True} for own in examples.references]
    ones = np.ones((1, len(found)))
    assert task.metrics(found, examples, (), ones)["pass_at_1"].tolist() == [1.0]
    assert task.mistakes(found, examples, ()) == []


def test_pass_at_k_counts_programs_without_bias():
    """Of ten programs for each problem so many pass; pass@1 is their share, pass@10 whether any does."""
    task, examples = problems(TEST)
    wrong = "def double(x):\n    return x\ndef total(x):\n    return None\ndef mean(x):\n    return 'all'"
    right = [3, 0, 10]
    found = [
        {"code": [own[0]] * count + [wrong] * (10 - count), "ended": True}
        for own, count in zip(examples.references, right, strict=True)
    ]
    metrics = task.metrics(found, examples, (), np.ones((1, 3)))
    assert math.isclose(metrics["pass_at_1"][0], np.mean(right) / 10)
    assert math.isclose(metrics["pass_at_10"][0], 2 / 3)
    assert "pass_at_100" not in metrics
    assert [one.row for one in task.mistakes(found, examples, ())] == [1]


def test_code_goes_on_from_the_head_of_its_function():
    head = 'def double(x):\n    """Twice."""\n'
    assert trial.try_code(program(head, "return 2 * x", "double"), "assert double(2) == 4").passed
    whole = "def double(x):\n    return 2 * x"
    assert program(head, whole, "double") == program("Twice the number.", whole, "double") == whole


def test_a_function_that_is_written_anew_stands_after_the_imports_and_helpers_of_its_prompt():
    """Of the 26 such prompts of HumanEval 22 right functions passed their tests alone, and 26 with what they use."""
    head = "from typing import List\n\ndef half(x): return x / 2\n\ndef mean(xs: List[float]) -> float:\n"
    whole = "def mean(xs: List[float]) -> float:\n    return 2 * half(sum(xs) / len(xs))"
    assert trial.try_code(program(head, whole, "mean"), "assert mean([1, 3]) == 2").passed
    in_words = f"Write this function:\n{head[-38:]}"
    assert program(in_words, whole, "mean") == whole  # words are no code


def test_several_programs_are_drawn_and_drawn_the_same_again(tmp_path):
    settings = TuneSettings(
        checkpoint="scratch:decoder-tiny",
        task="code-generation",
        epochs=1,
        vocabulary=400,
        samples=3,
        beams=1,
        temperature=1.0,
        max_new_tokens=12,
    )
    found = tune_files(LabelledFiles(TRAIN, test=TEST), settings, tmp_path / "out", quiet=True)
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, TEST, here)
    assert predicted_again(found.folder, TEST, tmp_path / "there.jsonl") == here.read_bytes()
    programs = [json.loads(line)["code"] for line in here.read_text().splitlines()]
    assert [len(own) for own in programs] == [3, 3, 3]
    assert any(len(set(own)) > 1 for own in programs)


def test_what_cannot_be_judged_is_refused_before_the_training(tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match="all would be the same"):
        TuneSettings(task="code-generation", samples=3)
    settings = TuneSettings(checkpoint="scratch:decoder-tiny", task="code-generation", vocabulary=400)
    monkeypatch.setattr(trial, "unconfinable", lambda: "the kernel has no Landlock")
    with pytest.raises(SettingsError, match="cannot be run safely here: the kernel has no Landlock"):
        tune_files(LabelledFiles(TRAIN, test=TEST), settings, tmp_path / "out", quiet=True)
    assert not (tmp_path / "out" / "model").exists()
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"prompt": "Add.", "code": "", "tests": ""}\n')
    with pytest.raises(DataError, match="both empty"):
        problems(empty)
