"""A classifier that was imported lives on: it is watched, updated by its own layers, exported and loaded again."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from adapt.continual.lives import OLD, RATES, write_topics
from adapt.tiny import make_classifier
from headwinds import predict_file, update, watch
from headwinds.adapt.continual.memory import read_memory
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.adapt.imported import import_checkpoint
from headwinds.adapt.networks.own_head import OwnHead
from headwinds.adapt.plain_folder import write_plain_folder
from headwinds.cli.main import main
from headwinds.doors.registering import import_model, open_registry
from headwinds.errors import HeadwindsError, MismatchError, SettingsError
from headwinds.registry.index import versions_of

TASK = "text-classification"
PLAN = {"permutations": 199, "looks": 2}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Random weights: it knows the names of the labels, and nothing of them."""
    return make_classifier(tmp_path_factory.mktemp("foreign"), ("driver", "divide"), seed=1)


@pytest.fixture(scope="module")
def imported(foreign, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported") / "model"
    import_checkpoint(str(foreign), TASK, folder)
    return folder


def updated(model, life, output, **more):
    given = {"old": life.file("old"), "epochs": 16, "patience": 16, "quiet": True, **RATES, **more}
    return update(model, life.file("later"), output=output, **given)


def test_it_is_updated_by_its_own_layers_and_is_then_like_any_other(life, foreign, imported, tmp_path):
    tests = {"old_tests": [life.file("old-test")], "new_tests": [life.file("later-test")]}
    found = updated(imported, life, tmp_path / "a", **tests)
    accuracy = found.report.table.set_index("test")["after"]
    assert accuracy.min() > 0.9
    facts = read_facts(found.folder)
    assert (facts.method, facts.labels, facts.own_head) == ("full", ("driver", "divide"), True)
    assert facts.training_examples > 0
    assert facts.decoder["temperature"] != 1.0
    twice = [
        updated(imported, life, tmp_path / name, epochs=2).folder / "model.json" for name in ("b", "again")
    ]
    assert twice[0].read_bytes() == twice[1].read_bytes()

    predict_file(found.folder, life.file("later-test"), tmp_path / "ours.jsonl")
    ours = [json.loads(line) for line in (tmp_path / "ours.jsonl").read_text().splitlines()]
    model = load_model(found.folder)
    write_plain_folder(model, tmp_path / "plain")
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "plain").eval()
    texts = [row["text"] for row in csv.DictReader(life.file("later-test").read_text().splitlines())]
    with torch.inference_mode():
        logits = torch.cat([theirs(**model.tokenizer(text, return_tensors="pt")).logits for text in texts])
    expected = (logits / facts.decoder["temperature"]).softmax(1).numpy()
    # what was trained is what is exported; digits are those of the numbers that it predicts in
    assert np.abs(np.array([one["probabilities"] for one in ours]) - expected).max() < 0.02

    assert read_memory(found.folder)
    next_one = update(found.folder, life.file("same"), output=tmp_path / "c", epochs=1, quiet=True, **RATES)
    assert read_facts(next_one.folder).own_head


@pytest.mark.parametrize("strategy", ["replay", "elastic-weight-consolidation"])
def test_it_learns_labels_that_it_did_not_give_and_keeps_its_own_outputs(life, imported, tmp_path, strategy):
    tests = {"old_tests": [life.file("old-test")], "new_tests": [life.file("new-test")]}
    epochs = 24 if strategy == "replay" else 1  # its weights are random: it has all to learn
    given = {
        "old": life.file("old"),
        "epochs": epochs,
        "patience": 24,
        "strategy": strategy,
        **RATES,
        **tests,
    }
    found = update(imported, life.file("new"), output=tmp_path / "a", quiet=True, **given)
    assert "W245" in {one.code for one in found.findings}
    facts = read_facts(found.folder)
    assert facts.labels == ("driver", "divide", "security", "tax")
    if strategy == "replay":
        assert found.report.table.set_index("test")["after"].min() > 0.8
    config = json.loads((found.folder / "encoder" / "config.json").read_text(encoding="utf-8"))
    assert list(config["id2label"].values()) == list(facts.labels)
    next_one = update(found.folder, life.file("same"), output=tmp_path / "b", quiet=True, epochs=1, **RATES)
    assert read_facts(next_one.folder).labels == facts.labels


def test_its_last_layer_has_the_rate_of_a_head(life, imported, tmp_path):
    given = {"strategy": "sequential", "old": None, "epochs": 1, "learning_rate": 1e-12}
    found = updated(imported, life, tmp_path, **given)
    now, before = (load_model(folder).network.state_dict() for folder in (found.folder, imported))
    moved = {name: float((now[name] - before[name]).abs().max()) for name in now}
    last = [moved.pop(f"encoder.classifier.{name}") for name in ("weight", "bias")]
    assert min(last) > 1e-3 > 1e-6 > max(moved.values())


def test_outputs_of_new_labels_change_none_of_those_that_there_were(imported):
    """Whatever the layer is called; where two could be it, nothing is guessed."""
    config = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    for kind, more in (
        ("bert", {"intermediate_size": 64}),
        ("roberta", {"intermediate_size": 64}),
        ("distilbert", {"dim": 32, "n_layers": 1, "n_heads": 4, "hidden_dim": 64}),
    ):
        made = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(kind, **config, **more))
        network = OwnHead(made.eval())
        ids = torch.arange(5, 15)[None]
        with torch.inference_mode():
            before = network.encoder(input_ids=ids).logits
        network.grow(("LABEL_0", "LABEL_1", "tax"), seed=1)
        with torch.inference_mode():
            after = network.encoder(input_ids=ids).logits
        assert after.shape == (1, 3)
        assert torch.allclose(after[:, :2], before, atol=1e-6)
        assert made.config.num_labels == 3
    twin = AutoConfig.for_model("roberta", **{**config, "hidden_size": 4}, intermediate_size=64, num_labels=4)
    unsure = OwnHead(AutoModelForSequenceClassification.from_config(twin))
    refused(MismatchError, "no layer of which it is sure", unsure.grow, tuple("abcde"), seed=1)


@pytest.mark.parametrize(
    "given",
    [
        {"strategy": "replay"},
        {"strategy": "elastic-weight-consolidation"},
        {"strategy": "distillation", "old": None},
        {"strategy": "sequential", "old": None, "frozen_layers": 1},
        {"strategy": "adapter", "old": None},
        {"strategy": "joint"},
        {"method": "bitfit"},
        {"method": "lora"},
    ],
)
def test_every_strategy_brings_it_on(life, imported, tmp_path, given):
    found = updated(imported, life, tmp_path, **{"epochs": 1, **given})
    model, before = load_model(found.folder), load_model(imported)
    now, then = model.network.state_dict(), before.network.state_dict()
    assert sorted(now) == sorted(then)
    assert any(not torch.equal(now[name], then[name]) for name in now)
    held = "encoder.bert.embeddings.word_embeddings.weight"
    if "frozen_layers" in given:
        assert torch.equal(now[held], then[held])
        assert torch.equal(
            now["encoder.bert.encoder.layer.0.output.dense.weight"],
            then["encoder.bert.encoder.layer.0.output.dense.weight"],
        )


def test_weights_that_mattered_for_what_it_learnt_elsewhere_are_held_too(life, imported, tmp_path):
    def weights(strength):
        given = {"strategy": "elastic-weight-consolidation", "elastic_strength": strength, "epochs": 1}
        return (
            updated(imported, life, tmp_path / str(strength), **given).folder
            / "encoder"
            / "model.safetensors"
        )

    assert weights(100.0).read_bytes() != weights(0.0).read_bytes()


def test_it_is_trained_on_without_the_dropout_that_it_came_with(imported):
    network = load_model(imported).network.train()
    ids = torch.arange(1000, 1020)[None]

    def states():
        return network.body(input_ids=ids).last_hidden_state

    assert not torch.equal(states(), states())
    network.switch_off_dropout()
    assert torch.equal(states(), states())


def test_it_is_watched_against_a_reference_that_is_named(life, imported, tmp_path):
    later = watch(
        imported, life.file("later"), output=tmp_path / "w", reference=life.file("old-test"), **PLAN
    )
    assert later.raised
    assert "W246" in {one.code for one in later.findings}
    assert later.table.set_index("test").loc["inputs", "shifted"]
    same = watch(imported, life.file("same"), output=tmp_path / "w", reference=life.file("old-test"), **PLAN)
    assert not same.raised


def refused(kind, words, call, *given, **named):
    with pytest.raises(kind, match=words) as caught:
        call(*given, **named)
    assert isinstance(caught.value, HeadwindsError)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_said_in_one_line(life, imported, tmp_path):
    out = {"output": tmp_path / "out"}
    refused(
        SettingsError, "keeps no reference texts.*--reference FILE", watch, imported, life.file("same"), **out
    )
    words = "needs old rows; .* keeps none.*--old FILE"
    refused(SettingsError, words, update, imported, life.file("later"), quiet=True, **out)
    new = write_topics(tmp_path / "new.csv", 40, 1, {**OLD, "tax": ["the tax rises"]})
    given = {"old": life.file("old"), "quiet": True, **out}
    words = r"does not give \(tax; it gives driver, divide\), and method 'lora' does not train all"
    refused(MismatchError, words, update, imported, new, method="lora", **given)
    refused(SettingsError, "method = 'head'", update, imported, life.file("later"), method="head", **given)
    pairs = tmp_path / "pairs.csv"
    rows = [
        f"{number},growth {number},and more,{'driver' if number % 2 else 'divide'}" for number in range(40)
    ]
    pairs.write_text("id,text,text_b,label\n" + "\n".join(rows) + "\n")
    single = {"strategy": "sequential", "quiet": True, **out}
    refused(MismatchError, "learnt from single texts", update, imported, pairs, **single)
    refused(MismatchError, "learnt from single texts", update, life.model, pairs, **single)


def test_the_commands_bring_an_imported_version_on_in_a_registry(life, foreign, tmp_path, capsys):
    registry = open_registry(tmp_path / "r")
    import_model(registry, "stance", foreign, task=TASK)
    place = ["--registry", str(tmp_path / "r"), "--model", "stance", "--version", "1"]
    live = ["--live", str(life.file("later")), "--reference", str(life.file("old-test"))]
    assert main(["watch", *place, *live, "--output", str(tmp_path / "w")]) == 1
    (tmp_path / "gate.toml").write_text(
        f'floor = 0.5\nlargest_calibration_error = 1.0\n[[tests]]\npath = "{life.file("later-test")}"\nrole = "new"\n'
    )
    rows = [
        "--train",
        str(life.file("later")),
        "--old",
        str(life.file("old")),
        "--output",
        str(tmp_path / "u"),
    ]
    more = ["--promote", "--gate", str(tmp_path / "gate.toml"), "--quiet", "--set", "tune.epochs=12"]
    rates = [f"--set=tune.{name}={value}" for name, value in RATES.items()]
    assert main(["update", *place, *rows, *more, *rates]) == 0
    first, second = versions_of(registry, "stance")
    assert (second.stage, second.parent, second.card.method) == ("production", first.version, "full")
    assert first.card.labels == second.card.labels
    registry.engine.dispose()
    capsys.readouterr()
