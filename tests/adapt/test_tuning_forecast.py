"""The forecast of a tuning is made by a small one: for every task, without the rows that are not measured, and near."""

from __future__ import annotations

import json
import time

import pytest

from adapt.test_every_task import EXAMPLES, FILES, FROM_SCRATCH, ORDER
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.registry import TASKS
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.adapt.tuning_forecast import forecast_lines, forecast_tuning


def settings(task, checkpoint, **changes):
    own = {"checkpoint": FROM_SCRATCH.get(task, str(checkpoint)), "task": task, "batch_tokens": 256}
    if task == "ordinal-classification":
        own["label_order"] = ORDER
    if task in FROM_SCRATCH:
        own |= {"beams": 1, "vocabulary": 500}
    return TuneSettings(**{**own, **changes})


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_forecast(task, wide_checkpoint):
    found = forecast_tuning(LabelledFiles(EXAMPLES / FILES[task][0]), settings(task, wide_checkpoint))
    assert 0 < found.seconds < 600
    assert 0 < found.model_bytes + found.state_bytes < 2**27 < found.memory_bytes
    assert found.measured >= 2


@pytest.mark.parametrize("method", ["full", "head"])
def test_a_long_tuning_takes_about_as_long_as_was_forecast(tiny_checkpoint, tmp_path, method):
    """Within a factor of four: the machine has other work."""
    file = tmp_path / "train.jsonl"
    rows = [{"text": f"growth rises {n % 7} and incomes lift {n}", "label": "ab"[n % 2]} for n in range(3000)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = settings("text-classification", tiny_checkpoint, epochs=3, patience=3, method=method)
    found = forecast_tuning(LabelledFiles(file), chosen)
    assert found.measured < 300
    begun = time.monotonic()
    tune_files(LabelledFiles(file), chosen, tmp_path / "out", quiet=True)
    took = time.monotonic() - begun
    assert found.seconds / 4 < took < 4 * found.seconds, (found.seconds, took)


def test_what_cannot_be_reckoned_so_is_said(tiny_checkpoint):
    chosen = settings("text-classification", tiny_checkpoint, method="few-shot")
    found = forecast_tuning(LabelledFiles(EXAMPLES / FILES["text-classification"][0]), chosen)
    assert found is None
    assert "were not measured" in forecast_lines(found)[0]
