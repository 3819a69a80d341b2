"""Labelled files as people have them: what is odd is read, or refused with its place; nothing is dropped without a word."""

from __future__ import annotations

import json
import warnings

import pytest

from adapt.tiny import make_checkpoint
from headwinds.adapt.evaluation.task_evaluation import read_task_evaluation
from headwinds.cli.main import main

TEXTS = {"Food, drink": "we eat and drink", "Food": "we eat bread", "x/y": "the divide grows"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(make_checkpoint(tmp_path_factory.mktemp("checkpoint")))


def written(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def tuned(checkpoint, train, output, *more):
    asked = [
        "tune",
        "--task",
        "text-classification",
        "--checkpoint",
        checkpoint,
        "--method",
        "head",
        "--quiet",
    ]
    return main([*asked, "--set", "tune.epochs=1", "--train", train, "--output", str(output), *more])


@pytest.fixture(scope="module")
def model(checkpoint, tmp_path_factory):
    """Three labels, two of which share words and a comma."""
    folder = tmp_path_factory.mktemp("model")
    rows = [{"text": f"{text} {n}", "label": label} for n in range(12) for label, text in TEXTS.items()]
    train = written(folder / "train.jsonl", rows)
    assert tuned(checkpoint, train, folder / "out", "--test", train) == 0
    return folder / "out"


def test_confusions_of_labels_with_commas_are_counted(model):
    found = read_task_evaluation(model / "evaluation")
    assert found.mistakes > 5
    assert (
        sum(one.count for one in found.confusions) >= found.mistakes - 2
    )  # those that occur once are not shown
    assert any("Food, drink" in (one.true, one.given) for one in found.confusions)


def test_labels_that_differ_in_capitals_alone_are_told():
    from headwinds.adapt.evaluation.alike_labels import alike_labels

    (found,) = alike_labels(("Food", "trade", "FOOD", "ｆｏｏｄ", "divide"))
    assert "FOOD / Food / ｆｏｏｄ" in str(found)
    assert alike_labels(("food", "foods", "ward", "Wärd")) == ()


def test_a_text_without_a_token_is_told_by_its_line_wherever_it_stands(model, tmp_path, capsys):
    rows = [{"text": "growth"} for _ in range(1500)]
    rows[1400] = {"text": "\u200b\u200b"}
    file = written(tmp_path / "rows.jsonl", rows)
    assert main(["predict", "--model", str(model), "--input", file, "--output", str(tmp_path / "p.csv")]) == 2
    assert f"{file}, line 1401: the text yields no token" in capsys.readouterr().err


def test_a_row_without_an_id_is_called_by_its_place(model, tmp_path):
    file = written(
        tmp_path / "rows.jsonl", [{"text": "a", "id": None}, {"text": "b", "id": ""}, {"text": "c", "id": 7}]
    )
    out = tmp_path / "p.jsonl"
    assert main(["predict", "--model", str(model), "--input", file, "--output", str(out)]) == 0
    ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert ids == [f"{file}, line 1", f"{file}, line 2", "7"]


def test_two_rows_of_one_id_are_refused_with_their_places_in_whatever_file(
    model, checkpoint, tmp_path, capsys
):
    """Predictions and mistakes are told by id, and passed silently with two of one name."""
    rows = [{"id": n, "text": f"we eat {n}", "label": "ab"[n % 2]} for n in range(20)]
    good = written(tmp_path / "good.jsonl", rows)
    rows[7]["id"] = rows[9]["id"] = 2
    bad = written(tmp_path / "bad.jsonl", rows)
    out = tmp_path / "out.csv"
    for asked in (
        ["tune", "--train", bad],
        ["tune", "--train", good, "--validation", bad],
        ["tune", "--train", good, "--test", bad],
        ["predict", "--model", str(model), "--input", bad],
        ["evaluate", "--model", str(model), "--test", bad],
    ):
        own = ["--task", "text-classification", "--checkpoint", checkpoint] if asked[0] == "tune" else []
        assert main([*asked, *own, "--output", str(out)]) == 2
        told = capsys.readouterr().err
        assert f"{bad}, line 8: id '2' stands at {bad}, line 3 too; rows whose id stood before: 2." in told
    assert not out.exists()


def test_a_row_of_json_without_a_key_is_not_called_empty(model, tmp_path, capsys):
    file = written(tmp_path / "rows.jsonl", [{"text": "we eat"}, {"Text": "we drink"}])
    assert main(["predict", "--model", str(model), "--input", file, "--output", str(tmp_path / "p.csv")]) == 2
    assert f"{file}, line 2: there is no key 'text'. Did you mean 'Text'?" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["--test", "--validation"])
def test_files_with_label_and_with_labels_are_never_compared(checkpoint, model, tmp_path, capsys, part):
    one = written(tmp_path / "one.jsonl", [{"text": f"we eat {n}", "label": "ab"[n % 2]} for n in range(20)])
    many = written(
        tmp_path / "many.jsonl", [{"text": f"we eat {n}", "labels": ["ab"[n % 2]]} for n in range(20)]
    )
    for train, other in ((one, many), (many, one)):
        assert tuned(checkpoint, train, tmp_path / "out", part, other) == 2
        assert f"{other}, line 1: there is a column label" in capsys.readouterr().err
    several = written(tmp_path / "several.jsonl", [{"text": "we eat", "labels": ["Food"]}])
    asked = ["evaluate", "--model", str(model), "--test", several, "--output", str(tmp_path / "again")]
    assert main(asked) == 2
    assert "the model learns from a column label." in capsys.readouterr().err


def test_draws_in_which_no_label_occurs_give_no_warning(checkpoint, tmp_path):
    """Of 20 texts one has labels: a third of the bootstrap's draws leave it out."""
    rows = [{"text": f"we eat {n}", "labels": ["a", "b"] if n == 0 else []} for n in range(20)]
    train = written(tmp_path / "train.jsonl", rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tuned(checkpoint, train, tmp_path / "out", "--test", train) == 0
    found = read_task_evaluation(tmp_path / "out" / "evaluation").metrics["macro_average_precision"]
    assert found.value > 0
    assert found.lower != found.lower


def test_a_context_without_a_token_is_refused_and_no_file_holds_what_is_no_json(checkpoint, tmp_path, capsys):
    """It was predicted with a margin of minus infinity, which JSON cannot say."""
    rows = [{"question": "Where?", "context": f"We met in Rome {n}.", "answers": ["Rome"]} for n in range(20)]
    train = written(tmp_path / "train.jsonl", rows)
    asked = ["--task", "question-answering", "--checkpoint", checkpoint, "--set", "tune.epochs=1", "--quiet"]
    assert main(["tune", *asked, "--train", train, "--output", str(tmp_path / "out")]) == 0
    file = written(tmp_path / "rows.jsonl", [rows[0], {"question": "Where?", "context": "\u200b"}])
    out = tmp_path / "p.jsonl"
    assert main(["predict", "--model", str(tmp_path / "out"), "--input", file, "--output", str(out)]) == 2
    assert f"{file}, line 2: the second text of the pair yields no token" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["predict", "mask"])
def test_half_an_emoji_in_a_file_is_told_by_its_line(model, tmp_path, capsys, verb):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "good"}\n{"text": "cut \\ud83d", "id": 3}\n')
    asked = [verb, "--input", str(file), "--output", str(tmp_path / "out.jsonl")]
    asked += ["--model", str(model)] if verb == "predict" else []
    assert main(asked) == 2
    assert f"{file}, line 2: 'text' holds half a character" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["text-classification", "ordinal-classification"])
def test_pairs_and_single_texts_are_never_taken_for_each_other(checkpoint, tmp_path, capsys, task):
    """A file that has lost its column text_b was predicted without a word."""
    pairs = [{"text": "we eat", "text_b": f"bread {n}", "label": str(n % 2)} for n in range(20)]
    single = [{name: value for name, value in row.items() if name != "text_b"} for row in pairs]
    one, two = written(tmp_path / "one.jsonl", single), written(tmp_path / "two.jsonl", pairs)
    asked = ["tune", "--task", task, "--checkpoint", checkpoint, "--set", "tune.epochs=1", "--quiet"]
    for own, other, remedy in (
        (one, two, "Leave the column text_b out."),
        (two, one, "Give a column text_b."),
    ):
        model = str(tmp_path / ("of-" + own.rpartition("/")[2]))
        assert main([*asked, "--train", own, "--output", model]) == 0
        out = str(tmp_path / "p.jsonl")
        assert main(["predict", "--model", model, "--input", own, "--output", out]) == 0
        assert main(["predict", "--model", model, "--input", other, "--output", out]) == 2
        said = capsys.readouterr().err
        assert f"{other}, line 1: the model learnt from" in said
        assert remedy in said
