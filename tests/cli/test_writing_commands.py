"""The commands of the page about models that write run as they stand there, but for the number of epochs."""

from __future__ import annotations

import json

import pytest

from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.registry import TASKS, get_task
from headwinds.cli.main import main
from house.repository import ROOT

PAGE = ROOT / "docs" / "how-to" / "write-texts.md"
COMMANDS = [
    line.split()[1:]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("    headwinds ")
]
TUNING = [command for command in COMMANDS if command[0] == "tune"]
QUICK = ["--set", "tune.epochs=1", "--set", "tune.max_new_tokens=5", "--set", "tune.beams=1", "--quiet"]


@pytest.fixture
def at_the_root(tmp_path, monkeypatch):
    """A folder where `examples/` is visible and outputs go."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_a_command_for_each_task_that_writes():
    named = {command[command.index("--task") + 1] for command in TUNING}
    # Code is written on the page about prompts; it needs tests beside its rows.
    assert named | {"code-generation"} == {name for name in TASKS if writes(get_task(name))}


@pytest.mark.parametrize("command", TUNING, ids=lambda command: command[2])
def test_the_command_of_the_page_runs(command, at_the_root, capsys):
    assert main([*command, *QUICK]) == 0
    said = capsys.readouterr().out
    assert "perplexity: " in said
    assert "are far from every reference" in said
    assert "wrong" not in said
    card = (at_the_root / command[-1] / "evaluation" / "card.md").read_text(encoding="utf-8")
    assert "read from their beginning" in card or "read from their end" in card
    assert "calibrated" not in card


def test_predictions_of_the_page_are_written(at_the_root):
    assert main([*TUNING[0], *QUICK]) == 0
    assert main(COMMANDS[-1]) == 0
    lines = (at_the_root / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 8
    assert set(json.loads(lines[0])) == {"id", "translation", "tokens", "ended", "read_share"}


def test_a_dry_run_makes_the_vocabulary_and_leaves_nothing(at_the_root, capsys):
    command = TUNING[0][: TUNING[0].index("--output")]
    assert main([*command, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "38 training, 4 validation, 8 test examples" in said
    assert "longer and not read whole: 0" in said
    assert [path.name for path in at_the_root.iterdir()] == ["examples"]
