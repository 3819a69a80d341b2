"""Every task and every method goes the same way: files in, a tested model out, the same predictions in a fresh process."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from adapt.fresh_process import predicted_again
from adapt.speakers import make_decoder, make_masked
from adapt.tiny import make_checkpoint
from headwinds.adapt.methods.registry import METHODS, PROMPTING
from headwinds.adapt.predicting import predict_file
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.registry import TASKS, get_task
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.artifacts.manifest import verify
from headwinds.doors import models
from house.repository import ROOT
from phrases.chinese_pages import english_of_a_test

EXAMPLES = ROOT / "examples"
FILES = {
    "text-classification": ("intents-train.csv", "intents-test.csv"),
    "ordinal-classification": ("outlook-train.csv", "outlook-test.csv"),
    "named-entity-recognition": ("entities-train.jsonl", "entities-test.jsonl"),
    "relation-extraction": ("relations-train.jsonl", "relations-test.jsonl"),
    "question-answering": ("xquad/questions-train.jsonl", "xquad/questions-test.jsonl"),
    "extractive-summarisation": ("summaries-train.jsonl", "summaries-test.jsonl"),
    "sentence-similarity": ("similar-train.jsonl", "similar-test.jsonl"),
    "multiple-choice": ("choices-train.jsonl", "choices-test.jsonl"),
    "translation": ("translations-train.jsonl", "translations-test.jsonl"),
    "summarisation": ("summaries-train.jsonl", "summaries-test.jsonl"),
    "text-to-text": ("facts-train.jsonl", "facts-test.jsonl"),
    "dialogue": ("dialogues-train.jsonl", "dialogues-test.jsonl"),
    "code-generation": ("problems-train.jsonl", "problems-test.jsonl"),
    "text-generation": ("controlled-train.jsonl", "controlled-test.jsonl"),
}
# Tasks that write need a checkpoint that writes: here one that is made from the example file itself.
FROM_SCRATCH = {
    "translation": "scratch:encoder-decoder-tiny",
    "summarisation": "scratch:encoder-decoder-tiny",
    "text-to-text": "scratch:decoder-tiny",
    "dialogue": "scratch:decoder-tiny",
    "text-generation": "scratch:decoder-tiny",
    "code-generation": "scratch:decoder-tiny",
}
NAMES = {"dialogue": "role system user assistant content", "relation-extraction": "start end"}
"""Of what stands in a column of the task."""
ORDER = "falling fast;falling;steady;rising;rising fast"
CODEBOOK = """
| label | give it when |
| --- | --- |
| card_arrival | a new bank card has not arrived in the mail yet |
| exchange_rate | what rate of exchange is used between currencies |
| lost_or_stolen_card | a bank card was lost or has been stolen |
| top_up_failed | putting money on the account by a top-up did not work |
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Room for the contexts of questions, and random weights: what is tested here is the way, not the quality."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), positions=512)


def tuned(task: str, checkpoint: Path, output: Path, **changes: object):
    codebook = output.parent / "codebook.md"
    codebook.write_text(CODEBOOK)
    train, test = (EXAMPLES / name for name in FILES[task])
    own = {"checkpoint": FROM_SCRATCH.get(task, str(checkpoint)), "task": task, "epochs": 1}
    if task == "ordinal-classification":
        own["label_order"] = ORDER
    if task in FROM_SCRATCH:
        own |= {"beams": 2, "max_new_tokens": 12, "vocabulary": 1000}
    settings = TuneSettings(**{**own, **changes})
    return tune_files(LabelledFiles(train, test=test, codebook=codebook), settings, output, quiet=True), test


def test_every_task_has_example_files():
    assert set(FILES) == set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_from_files_to_the_same_predictions_in_a_fresh_process(task, checkpoint, tmp_path):
    found, test = tuned(task, checkpoint, tmp_path / "out")
    verify(found.folder)
    evaluation = found.evaluation
    main = evaluation.metrics[get_task(task).main_metric]
    assert not main.lower > main.value
    assert not main.value > main.upper
    assert not any(item.lower == item.upper for item in evaluation.metrics.values())
    unbounded = any(
        item.value == item.value and item.lower != item.lower
        for name, item in evaluation.metrics.items()
        if "[" not in name and not name.startswith("distinct")
    )
    codes, groups = {one.code for one in evaluation.findings}, evaluation.groups
    assert unbounded == (groups < 5 or "W204" in codes)
    assert ("W205" in codes) == (groups < 10)
    table = evaluation.table
    assert (table["metric"][0], table["value"][0]) == (evaluation.main_metric, main.value)
    assert set(table["metric"]) == set(evaluation.metrics)
    assert f"Tested on {evaluation.examples} examples" in evaluation.summary()
    assert evaluation.main_metric in evaluation.to_html()
    here = tmp_path / "here.jsonl"
    count = predict_file(found.folder, test, here)
    assert count == evaluation.examples
    assert predicted_again(found.folder, test, tmp_path / "there.jsonl") == here.read_bytes()
    card = (tmp_path / "out" / "evaluation" / "card.md").read_text()
    errors = (tmp_path / "out" / "evaluation" / "errors.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in errors]
    assert not any(text in card for text in texts)  # a card is passed on; the texts are the user's
    page = (tmp_path / "out" / "evaluation" / "report.html").read_text()
    single = [item for name, item in evaluation.metrics.items() if "[" in name]
    bare = any(item.value == item.value and item.lower != item.lower for item in single)
    for written in (page, card):
        assert "examples drawn one by one" in written
        assert ("No interval is given where" in written) == (bare and not unbounded)
    assert ("(no interval)" in evaluation.summary()) >= unbounded
    assert f"{evaluation.examples:,} examples" in page
    assert f">{main.value:.3f}<" in page
    assert page.count("<article>") == min(len(errors), 50)
    assert not any(tag in page for tag in ("<script", "<link", "<img"))  # opens without a network
    stored = (tmp_path / "out" / "evaluation" / "predictions.jsonl").read_text().splitlines()
    alike = [json.loads(line) for line in here.read_text().splitlines()]
    for one, other in zip(alike, map(json.loads, stored), strict=True):
        assert {k: v for k, v in one.items() if k != "id"} == {k: v for k, v in other.items() if k != "id"}
        assert one["read_share"] == 1.0
    if "probabilities" in alike[0]:
        predict_file(found.folder, test, tmp_path / "here.csv")
        with (tmp_path / "here.csv").open(encoding="utf-8", newline="") as lines:
            for one, plain in zip(alike, csv.DictReader(lines), strict=True):
                own = {
                    name.removeprefix("label_")
                    for name, mark in plain.items()
                    if mark == "1" and "label_" in name
                }
                assert own == {one.get("label", one.get("relation"))}
    assert english_of_a_test(found.folder, tmp_path / "out" / "evaluation", NAMES.get(task, "")) == []


@pytest.mark.parametrize("method", METHODS)
def test_every_method_saves_what_it_predicts_with(method, checkpoint, tmp_path):
    if method in PROMPTING:  # these ask a model with an output layer of its own
        checkpoint = (make_masked if method == "cloze" else make_decoder)(
            tmp_path / "own", positions=256, steps=2
        )
    found, test = tuned(
        "text-classification", checkpoint, tmp_path / "out", method=method, rank=2, virtual_tokens=4
    )
    here = tmp_path / "here.jsonl"
    predict_file(found.folder, test, here)
    assert predicted_again(found.folder, test, tmp_path / "there.jsonl") == here.read_bytes()
    adapter = found.folder / "adapter"
    whole = found.folder / "encoder" / "model.safetensors"
    assert adapter.is_dir() != whole.is_file()
    if adapter.is_dir():
        saved = sum(path.stat().st_size for path in adapter.iterdir())
        assert saved < (checkpoint / "model.safetensors").stat().st_size / 10
        assert str(checkpoint) not in (adapter / "adapter_config.json").read_text()


def test_a_merged_adapter_needs_no_checkpoint_and_predicts_the_same(checkpoint, tmp_path):
    apart, test = tuned("text-classification", checkpoint, tmp_path / "apart", method="lora", rank=2)
    merged, _ = tuned(
        "text-classification", checkpoint, tmp_path / "merged", method="lora", rank=2, merge_adapter=True
    )
    assert (merged.folder / "encoder" / "model.safetensors").is_file()
    for folder, name in ((apart.folder, "a.jsonl"), (merged.folder, "m.jsonl")):
        predict_file(folder, test, tmp_path / name)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "m.jsonl").read_bytes()


def test_an_adapter_finds_its_checkpoint_from_every_working_directory(tmp_path, monkeypatch):
    make_checkpoint(tmp_path / "own", positions=64)
    monkeypatch.chdir(tmp_path)
    found, test = tuned("text-classification", Path("own"), Path("out"), method="lora", rank=2)
    model = found.folder.resolve()
    predict_file(model, test, tmp_path / "here.jsonl")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    predict_file(model, test, tmp_path / "there.jsonl")
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


def test_an_adapter_to_another_checkpoint_is_refused(tmp_path):
    from headwinds.adapt.fitted_model import load_model
    from headwinds.errors import CheckpointError

    own = make_checkpoint(tmp_path / "own", positions=64)
    found, _ = tuned("text-classification", own, tmp_path / "out", method="lora", rank=2)
    config = own / "config.json"
    config.write_text(config.read_text().replace('"layer_norm_eps": 1e-12', '"layer_norm_eps": 1e-11'))
    with pytest.raises(CheckpointError, match="not what it was when it was tuned"):
        load_model(found.folder)


def test_a_second_call_finds_the_model(checkpoint, tmp_path):
    first, _ = tuned("text-classification", checkpoint, tmp_path / "out")
    second, _ = tuned("text-classification", checkpoint, tmp_path / "out")
    assert (first.reused, second.reused) == (False, True)
    assert repr(second.evaluation) == repr(first.evaluation)  # a metric may be NaN, which equals nothing


def test_the_test_says_where_a_model_errs(checkpoint, tmp_path):
    from headwinds.adapt.predicting import evaluate_file

    found, test = tuned("text-classification", checkpoint, tmp_path / "out")
    evaluation = evaluate_file(found.folder, test, tmp_path / "again", slices=("label",))
    folder = tmp_path / "again" / "evaluation"
    verify(folder)
    errors = [json.loads(line) for line in (folder / "errors.jsonl").read_text().splitlines()]
    accuracy = evaluation.metrics["accuracy"].value
    assert len(errors) == evaluation.mistakes == round((1 - accuracy) * evaluation.examples)
    assert all(error["true"] != error["given"] for error in errors)
    assert [error["cost"] for error in errors] == sorted((error["cost"] for error in errors), reverse=True)
    assert sum(one.count for one in evaluation.confusions) <= evaluation.mistakes
    values = [one.metric for one in evaluation.slices]
    assert len({one.value for one in evaluation.slices}) == 4
    assert values == sorted(values)
    card = (folder / "card.md").read_text()
    assert "| macro f1 |" in card
    assert "109 training and 11 validation examples" in card


def test_two_models_are_compared_in_pairs(checkpoint, tmp_path):
    from headwinds.adapt.predicting import evaluate_file
    from headwinds.errors import MismatchError

    better, test = tuned("text-classification", checkpoint, tmp_path / "full")
    worse, _ = tuned("text-classification", checkpoint, tmp_path / "head", method="head")
    itself = evaluate_file(better.folder, test, tmp_path / "itself", against=better.folder)
    known = [one for one in itself.differences.values() if one.value == one.value]
    assert {(one.value, one.lower, one.upper) for one in known} == {(0, 0, 0)}
    assert len(known) >= 5
    found = evaluate_file(better.folder, test, tmp_path / "worse", against=worse.folder)
    for name, one in found.differences.items():
        expected = better.evaluation.metrics[name].value - worse.evaluation.metrics[name].value
        assert one.value == pytest.approx(expected, nan_ok=True)
    accuracy = found.differences["accuracy"]
    assert accuracy.lower <= accuracy.value <= accuracy.upper
    assert "Minus the other model" in (tmp_path / "worse" / "evaluation" / "card.md").read_text()
    other, _ = tuned("relation-extraction", checkpoint, tmp_path / "relations")
    with pytest.raises(MismatchError, match="is a model of relation-extraction"):
        evaluate_file(better.folder, test, tmp_path / "refused", against=other.folder)
    several = tmp_path / "several.jsonl"
    with test.open(encoding="utf-8", newline="") as lines:
        each = [{"text": row["text"], "labels": [row["label"]]} for row in csv.DictReader(lines)]
    several.write_text("".join(json.dumps(row) + "\n" for row in each))
    many = tune_files(
        LabelledFiles(several),
        TuneSettings(checkpoint=str(checkpoint), epochs=1, method="head"),
        tmp_path / "many",
        quiet=True,
    )
    with pytest.raises(
        MismatchError, match="gives exactly one label a text, and the model that is tested any number"
    ):
        evaluate_file(many.folder, several, tmp_path / "refused", against=better.folder)
    assert not (tmp_path / "refused" / "evaluation").exists()


def test_a_learning_curve_grows_by_adding_examples(checkpoint, tmp_path):
    from headwinds.adapt.learning_curve import learning_curve, read_learning_curve
    from headwinds.errors import SettingsError

    train, test = (EXAMPLES / name for name in FILES["text-classification"])
    settings = TuneSettings(checkpoint=str(checkpoint), epochs=1)
    files = LabelledFiles(train, test=test)
    curve = learning_curve(files, settings, [1.0, 0.25, 0.5], tmp_path / "curve", quiet=True)
    points = curve.points
    assert [(point.share, point.examples) for point in points] == [(0.25, 27), (0.5, 54), (1.0, 109)]
    assert repr(read_learning_curve(tmp_path / "curve")) == repr(points)
    whole, _ = tuned("text-classification", checkpoint, tmp_path / "whole")
    assert points[-1].interval == whole.evaluation.metrics["macro_f1"]
    again = models.learning_curve(
        task="text-classification",
        train=train,
        test=test,
        output=tmp_path / "curve",
        shares=(0.25, 1.0),
        quiet=True,
        checkpoint=str(checkpoint),
        epochs=1,
    )
    assert again.points == (points[0], points[2])
    assert list(curve.table["value"]) == [point.interval.value for point in points]
    assert curve.summary().splitlines()[0].startswith("25% of the training examples (27): macro f1 0.")
    assert "macro f1 0." in curve.to_html()
    assert [name.get_text() for name in curve.plot().axes[0].get_yticklabels()] == [
        "27 examples", "54 examples", "109 examples",
    ]  # fmt: skip
    for shares in ([], [0.0], [1.5], [0.5, 0.5], [0.5, 0.5000001]):
        with pytest.raises(SettingsError, match="above 0 and at most 1"):
            learning_curve(files, settings, shares, tmp_path / "refused", quiet=True)


def test_zero_shot_finds_by_meaning_alone(tmp_path):
    """The offline default, four intents, no label seen: far above the quarter that chance gives."""
    found, _ = tuned("text-classification", Path("default"), tmp_path / "out", method="zero-shot")
    assert found.evaluation.metrics["accuracy"].lower > 0.6


def test_zero_shot_needs_a_codebook(checkpoint, tmp_path):
    from headwinds.errors import SettingsError

    settings = TuneSettings(checkpoint=str(checkpoint), method="zero-shot")
    with pytest.raises(SettingsError, match="needs a codebook"):
        tune_files(LabelledFiles(EXAMPLES / "intents-train.csv"), settings, tmp_path / "out", quiet=True)
