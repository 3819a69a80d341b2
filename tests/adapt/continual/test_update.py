"""An update: what each strategy keeps and learns, what the new model is, and what is refused in one line."""

from __future__ import annotations

import csv
import json
import shutil
from functools import cache

import numpy as np
import pytest
import torch

from adapt.continual.lives import LATER, NEW, OLD, RATES, write_topics
from headwinds import load_model, predict_file, tune, update
from headwinds.adapt.continual.memory import read_memory
from headwinds.adapt.continual.settings import STRATEGIES
from headwinds.adapt.fitted_model import read_facts
from headwinds.adapt.predicting import evaluate_file
from headwinds.adapt.prediction import make_predictor, predict_outputs
from headwinds.adapt.sides import split_off
from headwinds.adapt.tasks.contract import Row
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import CheckpointError, DataError, HeadwindsError, MismatchError, SettingsError
from phrases.chinese_pages import english_of_a_test

GIVEN = {"epochs": 12, "patience": 12, "quiet": True, **RATES}


def changed(life, folder, strategy, **more):
    """A class-incremental update: after it, accuracy on the old and the new test."""
    found = update(
        life.model,
        life.file("new"),
        output=folder,
        old=life.file("old"),
        old_tests=[life.file("old-test")],
        new_tests=[life.file("new-test")],
        strategy=strategy,
        **{**GIVEN, **more},
    )
    return found, [one.after.value for one in found.report.tests]


@pytest.fixture(scope="module")
def updated(life, tmp_path_factory):
    """A class-incremental update by strategy, made once, which keeps 40 rows; who harms its folder copies it."""
    folder = tmp_path_factory.mktemp("updated")

    @cache
    def by(strategy):
        return changed(life, folder / strategy, strategy, memory=40)

    return by


def untested(life, folder, strategy, **more):
    """The same update where no test is asked for, for what only the weights and files say."""
    given = {**GIVEN, "old": life.file("old"), "strategy": strategy, **more}
    return update(life.model, life.file("new"), output=folder, **given)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_gives_an_ordinary_model_that_knows_the_old_and_the_new_labels(
    life, updated, tmp_path, strategy
):
    found, accuracy = updated(strategy)
    run = found.folder.parent
    assert load_model(found.folder).facts.labels == ("divide", "driver", "security", "tax")
    assert predict_file(found.folder, life.file("new-test"), tmp_path / "p.jsonl") == 60
    assert accuracy[1] > 0.6
    assert (run / "evaluation" / "card.md").is_file()
    again, _ = changed(life, run, strategy, memory=40)
    assert again.reused
    assert again.report.table.equals(found.report.table)
    assert english_of_a_test(found.folder, run / "evaluation", "old new test") == []  # names of rows


def test_new_rows_alone_are_learnt_at_the_cost_of_the_old_and_replay_keeps_both(updated):
    naive, (old_after, _) = updated("sequential")
    kept, (old_kept, new_kept) = updated("replay-distillation")
    assert old_after < 0.3
    assert min(old_kept, new_kept) > 0.8
    assert naive.report.backward_transfer.upper < 0
    assert kept.report.backward_transfer.value > -0.1
    assert "W241" in naive.report.summary()
    assert "W241" not in kept.report.summary()


def test_an_update_keeps_rows_by_label_alike_and_the_next_one_needs_no_file_of_old_rows(
    life, updated, tmp_path
):
    first, _ = updated("replay-distillation")
    kept = read_memory(first.folder)
    labels = [row.values["label"] for row in kept]
    assert len(kept) == 40
    assert {labels.count(name) for name in set(labels)} <= {9, 10, 11}
    assert sum(row.stands_for for row in kept) == pytest.approx(140)
    later = write_topics(
        tmp_path / "more.csv", 40, 9, {"weather": ["it rains all day", "storms come in from sea"]}
    )
    second = update(
        first.folder,
        later,
        output=tmp_path / "second",
        old_tests=[life.file("old-test"), life.file("new-test")],
        memory=40,
        **GIVEN,
    )
    assert load_model(second.folder).facts.labels[-1] == "weather"
    assert [one.after.value > 0.7 for one in second.report.tests] == [True, True]
    assert len(read_memory(second.folder)) == 40
    parts = {json.dumps(dict(row.values), sort_keys=True): row.part for row in kept}
    for row in read_memory(second.folder):
        assert parts.get(json.dumps(dict(row.values), sort_keys=True), row.part) == row.part


def test_a_test_of_an_updated_model_is_told_of_texts_that_it_keeps(life, tmp_path):
    given = {"old": life.file("old"), "quiet": True, "epochs": 1, "method": "head", **RATES}
    found = update(life.model, life.file("later"), output=tmp_path / "run", **given)
    tested = evaluate_file(found.folder, life.file("later"), tmp_path / "later")
    told = next(str(one) for one in tested.findings if one.code == "W101")
    assert f"{tested.examples} of {tested.examples} test examples" in told
    strange = write_topics(tmp_path / "strange.csv", 10, 1, {"driver": ["wholly new"], "divide": ["as new"]})
    tested = evaluate_file(found.folder, strange, tmp_path / "strange")
    assert "W101" not in [one.code for one in tested.findings]


def test_a_model_that_is_to_keep_nothing_has_no_texts_in_its_folder(life, tmp_path):
    found = untested(life, tmp_path / "out", "replay", memory=0, epochs=1)
    assert not (found.folder / "memory.jsonl").exists()
    text = life.file("new").read_text(encoding="utf-8").splitlines()[1].split(",")[1]
    for path in found.folder.rglob("*"):
        assert path.is_dir() or text.encode() not in path.read_bytes()


def test_elastic_weights_move_less_the_more_strongly_they_are_held(life, tmp_path):
    moves = []
    start = {k: v.clone() for k, v in load_model(life.model / "model").network.encoder.state_dict().items()}
    for strength in (0.0, 1e4):
        found = untested(
            life, tmp_path / f"{strength}", "elastic-weight-consolidation", elastic_strength=strength
        )
        now = load_model(found.folder).network.encoder.state_dict()
        moves.append(sum(float(((now[name] - value) ** 2).sum()) for name, value in start.items()))
    assert moves[1] < 0.5 * moves[0]


def test_weights_that_mattered_are_the_same_whatever_was_drawn_before(life, tmp_path):
    """The head drops out where they are measured, by draws that only the seed rules: else the model hung on the process."""
    made = []
    for name in ("one", "two"):
        torch.seed()
        found = untested(life, tmp_path / name, "elastic-weight-consolidation", epochs=2, fisher_examples=20)
        made.append((found.folder / "head.safetensors").read_bytes())
    assert made[0] == made[1]


def test_distillation_holds_the_old_answers_without_any_old_row(life, tmp_path):
    texts = [row["text"] for row in csv.DictReader(life.file("new").read_text().splitlines())]

    def answers(folder):
        model = load_model(folder)
        examples = model.task.read([Row("x", {"text": text}) for text in texts], labelled=False)
        encoded = model.task.encode(examples, model.tokenizer, max_tokens=model.facts.max_tokens)
        predictor = make_predictor(
            model.network, model.tokenizer, max_tokens=model.facts.max_tokens, precision="float32"
        )
        logits = np.array(predict_outputs(predictor, encoded))
        return logits[:, 0] - logits[:, 1]

    before = answers(life.model / "model")
    apart = {}
    for strategy in ("sequential", "distillation"):
        found = update(life.model, life.file("new"), output=tmp_path / strategy, strategy=strategy, **GIVEN)
        apart[strategy] = np.abs(answers(found.folder) - before).mean()
    assert apart["distillation"] < 0.6 * apart["sequential"]


def test_the_same_labels_in_other_words_are_learnt_and_the_old_words_kept(life, tmp_path):
    found = update(
        life.model,
        life.file("later"),
        output=tmp_path / "out",
        old=life.file("old"),
        old_tests=[life.file("old-test")],
        new_tests=[life.file("later-test")],
        **GIVEN,
    )
    assert load_model(found.folder).facts.labels == ("divide", "driver")
    old, new = found.report.tests
    assert old.difference.value > -0.15
    assert new.difference.lower > 0
    assert found.report.average_final.value == pytest.approx((old.after.value + new.after.value) / 2)


@pytest.mark.parametrize("method", ["head", "bitfit", "lora", "dora", "ia3"])
def test_a_model_can_be_updated_by_head_biases_or_adapter_and_is_saved_whole(life, tmp_path, method):
    found, accuracy = changed(life, tmp_path / "out", "replay", method=method, learning_rate=0.01, epochs=10)
    assert load_model(found.folder).facts.method == method
    assert (found.folder / "encoder" / "model.safetensors").is_file()
    assert not (found.folder / "adapter").exists()
    assert np.mean(accuracy) > 0.5


def test_an_adapter_of_an_update_can_be_updated_in_full_again(life, updated, tmp_path):
    first, _ = updated("adapter")
    start = load_model(first.folder).network.encoder.state_dict()
    given = {**GIVEN, "epochs": 2, "method": "full"}
    second = update(first.folder, life.file("new"), output=tmp_path / "second", **given)
    now = load_model(second.folder).network.encoder.state_dict()
    assert any(float((now[name] - value).abs().max()) > 1e-3 for name, value in start.items())


def test_any_number_of_labels_a_text_and_tags_of_tokens_are_updated_too(life, tmp_path):
    several = {"driver;divide": OLD["driver"], "divide": OLD["divide"]}
    old = write_topics(tmp_path / "old.csv", 60, 1, several, "labels")
    new = write_topics(
        tmp_path / "new.csv", 60, 2, {"divide;tax": LATER["divide"], "tax": NEW["tax"]}, "labels"
    )
    model = tmp_path / "model"
    common = {**RATES, "quiet": True}
    checkpoint = str(life.folder / "checkpoint")
    tune(task="text-classification", train=old, output=model, checkpoint=checkpoint, epochs=4, **common)
    for strategy in ("replay-distillation", "elastic-weight-consolidation"):
        found = update(
            model,
            new,
            old=old,
            output=tmp_path / strategy,
            old_tests=[],
            strategy=strategy,
            epochs=2,
            **common,
        )
        assert load_model(found.folder).facts.labels == ("divide", "driver", "tax")
    rows = [{"tokens": ["Ada", "met", "Bob"], "tags": ["B-PER", "O", "B-PER"], "n": n} for n in range(30)]
    tagged = tmp_path / "tags.jsonl"
    tagged.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tagger = tmp_path / "tagger"
    tune(
        task="named-entity-recognition",
        train=tagged,
        output=tagger,
        checkpoint=checkpoint,
        epochs=1,
        **common,
    )
    found = update(tagger, tagged, old=tagged, output=tmp_path / "t", strategy="replay", epochs=1, **common)
    assert load_model(found.folder).facts.labels == load_model(tagger / "model").facts.labels
    with pytest.raises(SettingsError, match="named-entity-recognition has none"):
        update(tagger, tagged, old=tagged, output=tmp_path / "u", **common)


def test_a_test_text_that_is_learnt_from_is_told(life, tmp_path):
    lines = life.file("new").read_text(encoding="utf-8").splitlines()
    leaky = tmp_path / "leaky.csv"
    leaky.write_text(
        "\n".join([*life.file("new-test").read_text(encoding="utf-8").splitlines(), *lines[1:4]]) + "\n"
    )
    found = update(
        life.model,
        life.file("new"),
        output=tmp_path / "out",
        strategy="sequential",
        new_tests=[leaky],
        epochs=1,
        quiet=True,
    )
    assert [one.code for one in found.report.findings if one.code == "W101"] == ["W101"]


def refused(kind, words, *arguments, **named):
    with pytest.raises(kind, match=words) as caught:
        update(*arguments, **named)
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_updated_is_refused_in_one_line_before_anything_is_trained(life, tmp_path):
    out = {"output": tmp_path / "out", "quiet": True}
    new, old = life.file("new"), life.file("old")
    empty = tmp_path / "empty.csv"
    empty.write_text("text,label\n")
    refused(DataError, "has no rows", life.model, empty, old=old, **out)
    refused(SettingsError, "keeps none and no file is named", life.model, new, **out)
    refused(SettingsError, "learns from all rows", life.model, new, strategy="joint", **out)
    refused(
        SettingsError, "strategy = 'rehearse' cannot be used", life.model, new, strategy="rehearse", **out
    )
    refused(SettingsError, "unknown key 'memry'", life.model, new, memry=3, **out)
    refused(
        SettingsError, "pooling = 'mean' cannot be set in an update", life.model, new, pooling="mean", **out
    )
    drawn = {"old": old, "strategy": "replay", "resampling": "balanced"}
    refused(SettingsError, "itself decides how often old rows come", life.model, new, **drawn, **out)
    private = {"old": old, "method": "head", "private_epsilon": 4.0}
    refused(
        SettingsError, "private_epsilon = 4.0 cannot be set in an update", life.model, new, **private, **out
    )
    refused(SettingsError, "is no adapter", life.model, new, strategy="adapter", method="full", **out)
    refused(SettingsError, "cannot continue a model", life.model, new, method="few-shot", **out)
    refused(SettingsError, "promote needs", life.model, new, promote=True, **out)
    refused(DataError, "is learnt from, so it cannot test", life.model, new, old=old, old_tests=[old], **out)
    several = write_topics(tmp_path / "several.csv", 20, 1, OLD, "labels")
    refused(MismatchError, "any number of labels a text", life.model, several, strategy="sequential", **out)
    strange = write_topics(tmp_path / "strange.csv", 40, 1, {"weather": ["it rains"], "driver": ["x"]})
    refused(
        MismatchError,
        "'?weather",
        life.model,
        life.file("later"),
        old=old,
        old_tests=[strange],
        epochs=1,
        **out,
    )
    assert not (tmp_path / "out" / "evaluation").exists()


def test_a_test_that_cannot_be_used_is_refused_before_anything_is_trained(life, tmp_path):
    given = {"old": life.file("old"), "output": tmp_path / "out", "quiet": True}
    empty = tmp_path / "empty.csv"
    empty.write_text("text,label\n")
    later = life.file("later")
    refused(DataError, "There is no file", life.model, later, old_tests=[tmp_path / "none.csv"], **given)
    refused(DataError, "has no rows", life.model, later, new_tests=[empty], **given)
    refused(
        MismatchError, "'security' does not occur", life.model, later, new_tests=[life.file("new")], **given
    )
    assert not (tmp_path / "out").exists()


def test_an_update_is_not_written_over_the_model_that_it_starts_from(life, tmp_path):
    shutil.copytree(life.model, tmp_path / "run")
    before = (tmp_path / "run" / "model" / "model.json").read_bytes()
    given = {"old": life.file("old"), "quiet": True}
    for output in (tmp_path / "run", tmp_path / "run" / "model", tmp_path / "x" / ".." / "run"):
        words = "is where the old model stands"
        refused(SettingsError, words, tmp_path / "run", life.file("later"), output=output, **given)
    assert (tmp_path / "run" / "model" / "model.json").read_bytes() == before


def test_labels_that_the_old_model_did_not_give_are_told_since_one_may_be_a_slip(life, tmp_path):
    slip = {"driver": OLD["driver"], "divde": OLD["divide"]}
    rows = write_topics(tmp_path / "slip.csv", 40, 1, slip)
    given = {"old": life.file("old"), "quiet": True, "epochs": 1, "method": "head", **RATES}
    found = update(life.model, rows, output=tmp_path / "out", **given)
    assert [one.code for one in found.findings] == ["W245"]
    assert "(1): divde." in found.summary()
    again = update(life.model, rows, output=tmp_path / "out", **given)
    assert again.reused
    assert "divde" in again.summary()
    known = update(life.model, life.file("later"), output=tmp_path / "other", **given)
    assert known.findings == ()


def test_it_is_told_that_an_update_of_a_private_model_is_not_private(life, tmp_path):
    private = {"private_epsilon": 8.0, "private_delta": 1e-3, "private_batch": 1000}
    fitted = {
        "method": "head",
        "epochs": 1,
        "checkpoint": read_facts(life.model / "model").checkpoint,
        "quiet": True,
    }
    old = tune(
        task="text-classification", train=life.file("old"), output=tmp_path / "old", **fitted, **private
    )
    given = {"method": "head", "epochs": 1, "quiet": True, "memory": 0}
    found = update(old.folder, life.file("later"), old=life.file("old"), output=tmp_path / "new", **given)
    assert [one.code for one in found.findings] == ["W250"]
    assert "privacy" not in read_facts(found.folder).decoder


def test_old_rows_that_the_old_model_learnt_from_do_not_judge_the_new_one_or_it_is_told(life, tmp_path):
    given = {"old": life.file("old"), "quiet": True, "epochs": 1, "method": "head", **RATES}
    found = update(life.model, life.file("later"), output=tmp_path / "same", memory=1000, **given)
    rows = list(csv.DictReader(life.file("old").read_text(encoding="utf-8").splitlines()))
    _, aside = split_off([str(n) for n in range(len(rows))], 0.1, seed=derive_seed(0, "validation"))
    kept = read_memory(found.folder)[: len(rows)]
    assert [n for n, row in enumerate(kept) if row.part == "validation"] == aside.tolist()
    assert found.findings == ()
    for number, change in enumerate(({"seed": 1}, {"old": life.file("same")}, {"validation_share": 0.2})):
        changed_one = {**given, **change}
        found = update(life.model, life.file("later"), output=tmp_path / str(number), **changed_one)
        assert [one.code for one in found.findings] == ["W247"]
    assert "old rows that help to choose the epoch and to calibrate (15)" in found.summary()
    anew = {**given, "seed": 1, "strategy": "joint"}
    assert update(life.model, life.file("later"), output=tmp_path / "anew", **anew).findings == ()


@pytest.mark.parametrize("harm", ["weights", "memory", "facts"])
def test_a_truncated_model_is_named_and_nothing_is_loaded(life, updated, tmp_path, harm):
    found, _ = updated("replay")
    copied = tmp_path / "copy"
    shutil.copytree(found.folder, copied)
    name = {"weights": "head.safetensors", "memory": "memory.jsonl", "facts": "model.json"}[harm]
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: len(content) // 2])
    refused(CheckpointError, name.replace(".", r"\."), copied, life.file("new"), output=tmp_path / "out")
