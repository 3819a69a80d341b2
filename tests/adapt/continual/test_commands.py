"""`headwinds watch` and `headwinds update`: flags, a file with the same names, exit codes, one line for a mistake."""

from __future__ import annotations

import json

import pytest

from headwinds.cli.main import main
from headwinds.doors.registering import add_model, open_registry, promote_model
from headwinds.registry.index import versions_of


def gate(folder, life, **values):
    path = folder / "gate.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    for name, role in (("old-test", "old"), ("later-test", "new")):
        lines += ["[[tests]]", f"path = {json.dumps(str(life.file(name)))}", f'role = "{role}"']
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_of_settings_runs_watch_and_update_unattended_to_promotion(life, tmp_path, capsys):
    easy = {"largest_calibration_error": 1.0, "largest_loss": 0.3}
    registry = open_registry(tmp_path / "registry")
    add_model(registry, "speeches", life.model)
    assert promote_model(registry, "speeches", gate(tmp_path, life, **easy)).promoted
    file = tmp_path / "life.toml"
    file.write_text(
        f"""
[watch]
registry = "registry"
model = "speeches"
live = "{life.file("later")}"
reference = "{life.file("old-test")}"
output = "watch"
looks = 4
permutations = 199

[update]
registry = "registry"
model = "speeches"
train = "{life.file("later")}"
old = "{life.file("old")}"
output = "update"
gate = "gate.toml"
promote = true
memory = 50

[tune]
epochs = 12
patience = 12
learning_rate = 0.003
head_learning_rate = 0.02
batch_tokens = 256
"""
    )
    assert main(["watch", "--settings", str(file)]) == 1
    assert "SHIFTED" in capsys.readouterr().out
    assert main(["update", "--settings", str(file), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "Backward transfer" in said
    assert "is now in production" in said
    first, second = versions_of(registry, "speeches")
    assert (first.stage, second.stage, second.parent) == ("retired", "production", first.version)
    assert second.card.metrics["accuracy"][0] > 0.5
    hard = gate(tmp_path, life, floor=1.01)
    more = ["--gate", str(hard), "--output", str(tmp_path / "again"), "--set", "tune.epochs=1", "--quiet"]
    more += ["--memory", "0"]
    assert main(["update", "--settings", str(file), *more]) == 1
    assert "refused" in capsys.readouterr().out
    assert (tmp_path / "update" / "model" / "memory.jsonl").exists()
    assert not (tmp_path / "again" / "model" / "memory.jsonl").exists()
    assert [one.stage for one in versions_of(registry, "speeches")] == ["retired", "production", "candidate"]
    grown = ["--train", str(life.file("new")), "--output", str(tmp_path / "grown"), "--quiet"]
    assert main(["update", "--settings", str(file), *grown]) == 2
    line = capsys.readouterr().err
    assert "security, tax" in line
    assert "another name" in line
    assert not (tmp_path / "grown").exists()
    registry.engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        (["watch"], None, "--model is missing"),
        (["update", "--model", "x"], None, "--train is missing"),
        (["watch", "--set", "tune.epochs=1"], None, r"only settings of [watch]"),
        (["update"], "[update]\nold_tests = 3\n", "old_tests of [update] is no list"),
        (["update"], "[updat]\n", "Did you mean 'update'"),
        (["update"], "[update]\npromote = 1\n", "promote = 1"),
        (["update"], "[update\n", "not valid TOML"),
        (["watch"], "[watch]\nmodel = 1\n", "is no path"),
        (
            ["watch", "--model", "m", "--live", "l", "--output", "o", "--registry", "nowhere/x"],
            None,
            "registry = 'nowhere/x' is not there",
        ),
    ],
)
def test_a_mistake_is_one_line(tmp_path, monkeypatch, capsys, arguments, content, words):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "life.toml").write_text(content)
        arguments = [*arguments, "--settings", "life.toml"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
