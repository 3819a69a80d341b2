"""`headwinds tune` on labelled files from the terminal: the dry run, several seeds, what is refused."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from adapt.tiny import make_checkpoint
from headwinds.adapt.seeds import read_seeds
from headwinds.cli.main import main
from house.repository import ROOT

EXAMPLES = ROOT / "examples"
TRAIN, TEST = str(EXAMPLES / "intents-train.csv"), str(EXAMPLES / "intents-test.csv")

PAGE = (ROOT / "docs" / "how-to" / "tune-a-model.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:]
    for line in PAGE.splitlines()
    if line.startswith("    headwinds tune") and "examples/" in line
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_checkpoint(tmp_path_factory.mktemp("checkpoint")))


def asked(checkpoint: str, *more: str) -> list[str]:
    return [
        "tune", "--task", "text-classification", "--train", TRAIN, "--checkpoint", checkpoint, "--set", "tune.epochs=1",
        "--quiet", *more,
    ]  # fmt: skip


def test_a_dry_run_tells_what_would_be_done_and_writes_nothing(checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(asked(checkpoint, "--test", TEST, "--dry-run")) == 0
    said = capsys.readouterr().out
    assert "109 training, 11 validation, 40 test examples" in said
    assert "labels (4)" in said
    assert "not cut: 0" in said
    assert re.search(r"about \d+ s, \d+\.\d GiB of memory, 0\.0\d GiB of disk: measured", said)
    assert "nothing was kept" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--seeds", "0,3,5"), "so once for each of 3 seeds"),
        (("--learning-curve", "0.5,1"), "so once on each of 2 shares"),
        (
            ("--search", "7", "--space", "epochs=1..2"),
            "a search of at most 7 trials over epochs, and 3 finalists",
        ),
    ],
)
def test_a_dry_run_tells_how_often_it_would_be_done(checkpoint, capsys, more, says):
    assert main(asked(checkpoint, "--test", TEST, "--dry-run", *more)) == 0
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    "more", [("--seeds", "0,0"), ("--learning-curve", "0.5,2"), ("--search", "3", "--space", "epoch=1..2")]
)
def test_a_dry_run_refuses_what_the_run_would_refuse(checkpoint, capsys, more):
    told = []
    for last in (["--dry-run"], ["--output", "nowhere"]):
        assert main(asked(checkpoint, "--test", TEST, *last, *more)) == 2
        told.append(capsys.readouterr().err)
    assert told[0] == told[1]


PAIRS = [{"text": f"rain {row}", "text_b": f"snow {row}", "score": row % 5} for row in range(30)]
LONG = "rain falls on the field " * 30


def of_a_task(checkpoint, task, rows, folder, *more):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [
        "tune", "--task", task, "--train", str(path), "--test-share", "0.3", "--checkpoint", str(checkpoint),
        "--set", "tune.epochs=1", "--set", "tune.max_tokens=64", "--quiet", *more,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("task", "rows", "longer"),
    [
        (
            "multiple-choice",
            [
                {"question": "Which?", "choices": ["a", "b", "c"][: 2 + row % 2], "answer": 0}
                for row in range(20)
            ],
            0,
        ),
        ("sentence-similarity", [*PAIRS[:20], *({**row, "text_b": LONG} for row in PAIRS[20:])], 7),
        ("text-classification", [{"text": LONG, "label": "ab"[row % 2]} for row in range(20)], 13),
    ],
)
def test_a_dry_run_counts_the_examples_that_are_longer_than_a_window(
    task, rows, longer, checkpoint, tmp_path, capsys
):
    """A question of three choices is no longer than one of two; where all are long, all are counted."""
    assert main(of_a_task(checkpoint, task, rows, tmp_path, "--dry-run")) == 0
    said = capsys.readouterr().out
    assert f"windows of 64; longer, read in several and not cut: {longer}" in said


def test_pairs_with_scores_are_not_told_as_none_wrong(checkpoint, tmp_path, capsys):
    output = tmp_path / "out"
    command = of_a_task(checkpoint, "sentence-similarity", PAIRS, tmp_path, "--output", str(output))
    assert main(command) == 0
    said = capsys.readouterr().out
    for text in (said, *((output / "evaluation" / name).read_text() for name in ("report.html", "card.md"))):
        assert "none is right or wrong" in text
        assert "0 examples are" not in text


def test_places_with_commas_in_their_names_stand_apart(checkpoint, tmp_path, capsys):
    assert main(asked(checkpoint, "--test", TRAIN, "--output", str(tmp_path / "out"))) == 0
    [told] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("W101")]
    assert f"first {TRAIN}, line 2; {TRAIN}, line 3; {TRAIN}, line 4." in told


def test_scores_that_are_all_one_are_refused(checkpoint, tmp_path, capsys):
    rows = [{**row, "score": 3} for row in PAIRS]
    command = of_a_task(checkpoint, "sentence-similarity", rows, tmp_path, "--output", str(tmp_path / "out"))
    assert main(command) == 2
    assert "Every pair of the training file has the score 3" in capsys.readouterr().err


def test_several_seeds_are_told_with_their_spread(checkpoint, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(asked(checkpoint, "--test", TEST, "--output", str(output), "--seeds", "0,3")) == 0
    said = capsys.readouterr().out
    assert "Over 2 seeds" in said
    spread = read_seeds(output)["accuracy"]
    values = [
        json.loads((output / f"seed-{seed}" / "evaluation" / "evaluation.json").read_text())["metrics"][
            "accuracy"
        ]["value"]
        for seed in (0, 3)
    ]
    assert spread.mean == pytest.approx(sum(values) / 2)
    assert (spread.lowest, spread.highest) == (min(values), max(values))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--seeds", "0,1", "--output", "out"), "there is no test file"),
        (("--seeds", "0,0", "--test", TEST, "--output", "out"), "each once"),
        (("--seeds", "a", "--test", TEST, "--output", "out"), "expected whole numbers"),
        (("--method", "lorra", "--output", "out"), "Did you mean 'lora'?"),
        (("--set", "measure.level=0.9", "--output", "out"), "only settings of [tune] count here"),
        ((), "there is no --output FOLDER. Add it"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(checkpoint, tmp_path, capsys, monkeypatch, more, says):
    monkeypatch.chdir(tmp_path)
    assert main(asked(checkpoint, *more)) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command[0]} {command[2]}")
def test_the_tuning_of_the_page_runs(command, checkpoint, tmp_path, capsys, monkeypatch):
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--checkpoint", checkpoint, "--set", "tune.epochs=1", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "Tested on" in said
    assert (tmp_path / "examples").is_symlink()


def test_tasks_and_methods_are_listed(capsys):
    assert main(["tasks"]) == 0
    said = capsys.readouterr().out
    assert "named-entity-recognition: " in said
    assert "  spans: " in said
    assert main(["methods"]) == 0
    assert "lora: " in capsys.readouterr().out


def test_predict_and_evaluate_from_the_terminal(checkpoint, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(asked(checkpoint, "--output", str(output))) == 0
    assert (
        main(["predict", "--model", str(output), "--input", TEST, "--output", str(tmp_path / "p.csv")]) == 0
    )
    header = (tmp_path / "p.csv").read_text().splitlines()[0]
    assert header.startswith("id,label,probability,probability_card_arrival,label_card_arrival")
    assert (
        main(["evaluate", "--model", str(output), "--test", TEST, "--output", str(tmp_path / "again")]) == 0
    )
    assert "accuracy: " in capsys.readouterr().out
    assert (
        main(["predict", "--model", str(output), "--input", TEST, "--output", str(tmp_path / "p.txt")]) == 2
    )
    assert "ends in '.txt', expected one of" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_file_in_another_encoding_is_read_in_it_by_every_verb(checkpoint, tmp_path, capsys, encoding):
    lines = [f"économie numéro {number},{('oui', 'non')[number % 2]}" for number in range(40)]
    for place, code in ((tmp_path / "own.csv", encoding), (tmp_path / "plain.csv", "utf-8")):
        place.write_text("text,label\n" + "\n".join(lines) + "\n", encoding=code)
    told = {}
    for name, more in (("plain", []), ("own", ["--encoding", encoding])):
        file, output = str(tmp_path / f"{name}.csv"), tmp_path / name
        asked = [
            "--task",
            "text-classification",
            "--checkpoint",
            checkpoint,
            "--set",
            "tune.epochs=1",
            "--quiet",
        ]
        assert main(["tune", *asked, "--train", file, "--test", file, "--output", str(output), *more]) == 0
        predicted = str(tmp_path / f"{name}.jsonl")
        assert main(["predict", "--model", str(output), "--input", file, "--output", predicted, *more]) == 0
        again = str(tmp_path / f"{name}-again")
        assert main(["evaluate", "--model", str(output), "--test", file, "--output", again, *more]) == 0
        rows = [json.loads(line) for line in Path(predicted).read_text(encoding="utf-8").splitlines()]
        told[name] = [{key: value for key, value in row.items() if key != "id"} for row in rows]
    assert told["own"] == told["plain"]


def test_a_file_in_another_encoding_is_refused_with_what_to_say(checkpoint, tmp_path, capsys):
    place = tmp_path / "own.csv"
    place.write_text("text,label\néconomie,oui\ncroissance,non\n", encoding="cp1252")
    asked = [
        "tune",
        "--task",
        "text-classification",
        "--train",
        str(place),
        "--output",
        str(tmp_path / "out"),
    ]
    assert main(asked) == 2
    assert 'Set encoding = "cp1252"' in capsys.readouterr().err
