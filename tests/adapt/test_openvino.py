"""OpenVINO computes what the plain encoder computes, up to bytes, and is taken only where its labels are the same."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from headwinds import predict_file
from headwinds.adapt import fitting
from headwinds.adapt.checkpoints import load_encoder, resolve_checkpoint
from headwinds.adapt.evaluation import isotonic
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.openvino_encoder import (
    LEAST_AGREEMENT,
    LEAST_SHARED,
    agreement,
    compile_encoder,
    shared_labels,
)
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import SettingsError
from registry.fitted import write_rows


def test_bytes_are_near_the_plain_encoder_alone_as_in_company(tiny_checkpoint):
    encoder = load_encoder(resolve_checkpoint(str(tiny_checkpoint))).eval()
    compiled = compile_encoder(encoder)
    ids = torch.from_numpy(np.random.default_rng(0).integers(1000, 20000, (4, 20)))
    read = torch.ones(4, 20, dtype=torch.int64)
    read[2, 11:] = 0
    types = torch.zeros(4, 20, dtype=torch.int64)
    types[:, 7:] = 1
    with torch.inference_mode():
        right = encoder(input_ids=ids, attention_mask=read, token_type_ids=types).last_hidden_state
        found = compiled(ids, read, types=types)
        alone = compiled(ids[2:3, :11], None, types=types[2:3, :11])
    near = read.bool()
    assert (found - right)[near].abs().mean() < 0.05 * right[near].abs().mean()
    assert (alone[0] - found[2, :11]).abs().max() < 0.05 * right.abs().max()


def test_agreement_counts_label_decisions():
    assert (
        agreement([{"labels": ["a"]}, {"labels": []}], [{"labels": ["a", "b"]}, {"labels": []}], 4) == 7 / 8
    )
    assert agreement([{"label": "a"}, {"label": "b"}], [{"label": "a"}, {"label": "a"}], 2) == 0.5
    assert np.isnan(agreement([{"score": 1.0}], [{"score": 1.0}], 0))


def test_who_never_gives_a_label_does_not_agree_however_many_there_are():
    right, never = [{"labels": ["a"]}, {"labels": []}] * 50, [{"labels": []}] * 100
    assert agreement(never, right, 300) > LEAST_AGREEMENT
    assert shared_labels(never, right) == 0 < LEAST_SHARED < shared_labels(right, right) == 1
    right = [{"label": "usual"}] * 999 + [{"label": "rare"}]
    assert agreement([{"label": "usual"}] * 1000, right, 2) > LEAST_AGREEMENT
    assert shared_labels([{"label": "usual"}] * 1000, right) == 0
    assert (
        shared_labels(
            [{"label": "a"}, {"label": "b"}, {"label": "b"}], [{"label": "a"}] * 2 + [{"label": "b"}]
        )
        == 0.5
    )
    assert np.isnan(shared_labels(never, never))
    assert np.isnan(shared_labels([{"score": 1.0}], [{"score": 1.0}]))


@pytest.mark.parametrize("asked", [0.6, 1.01])
def test_it_is_taken_only_if_enough_labels_are_the_same(tiny_checkpoint, tmp_path, monkeypatch, asked):
    monkeypatch.setattr(fitting, "LEAST_AGREEMENT", asked)
    monkeypatch.setattr(fitting, "LEAST_SHARED", 0.0)
    write_rows(tmp_path / "train.csv", 90, 1)
    settings = TuneSettings(
        checkpoint=str(tiny_checkpoint), task="text-classification", epochs=4, learning_rate=0.003,
        batch_tokens=512, scoring_precision="openvino-int8",
    )  # fmt: skip
    tune_files(LabelledFiles(tmp_path / "train.csv"), settings, tmp_path / "out", quiet=True)
    facts = json.loads((tmp_path / "out" / "model" / "model.json").read_text())
    measured = json.loads((tmp_path / "out" / "model" / "history.json").read_text())["openvino"]
    assert measured["taken"] == (asked < 1) == (facts["precision"] == "openvino-int8")
    assert 0.6 <= measured["agreement"] <= 1
    assert 0 <= measured["shared"] <= 1
    for name in ("a", "b"):
        predict_file(tmp_path / "out", tmp_path / "train.csv", tmp_path / f"{name}.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize("column", ["label", "labels"])
def test_rising_maps_of_the_calibration_give_what_they_give_to_the_plain_encoder(
    tiny_checkpoint, tmp_path, monkeypatch, column
):
    monkeypatch.setattr(fitting, "LEAST_AGREEMENT", 0.5)
    monkeypatch.setattr(fitting, "LEAST_SHARED", 0.4)
    monkeypatch.setattr(isotonic, "FEWEST", 5)
    write_rows(tmp_path / "train.csv", 240, 1)
    rows = (tmp_path / "train.csv").read_text().replace("text,label,", f"text,{column},", 1)
    (tmp_path / "train.csv").write_text(rows)
    settings = TuneSettings(
        checkpoint=str(tiny_checkpoint), task="text-classification", epochs=4, learning_rate=0.003, batch_tokens=512,
        scoring_precision="openvino-int8", calibration="isotonic", validation_share=0.4,
    )  # fmt: skip
    tune_files(LabelledFiles(tmp_path / "train.csv"), settings, tmp_path / "out", quiet=True)
    model = load_model(tmp_path / "out" / "model")
    assert model.facts.precision == "openvino-int8"
    assert all(model.facts.decoder["isotonic"])
    plain = replace(model, facts=replace(model.facts, precision="float32"))
    examples = model.task.read(read_rows(tmp_path / "train.csv", model.task, labelled=False), labelled=False)
    ours, theirs = (predict_examples(one, examples) for one in (model, plain))
    assert np.mean([one[column] == other[column] for one, other in zip(ours, theirs, strict=True)]) > 0.9
    found, right = (np.array([row["probabilities"] for row in one]) for one in (ours, theirs))
    # A map rises in steps: at a step the last bits decide, between two of them nothing does.
    assert np.mean(np.abs(found - right) < 0.01) > 0.8
    assert np.ptp(right) > 0.5


def test_without_the_library_the_command_that_installs_it_is_told(tiny_checkpoint, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *_: None if name == "openvino" else there(name)
    )
    encoder = load_encoder(resolve_checkpoint(str(tiny_checkpoint)))
    with pytest.raises(SettingsError, match=r"headwinds\[quantized\]"):
        compile_encoder(encoder)


def test_the_library_is_asked_for_before_the_training_and_not_after_it(
    tiny_checkpoint, tmp_path, monkeypatch
):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *_: None if name == "openvino" else there(name)
    )
    write_rows(tmp_path / "train.csv", 20, 1)
    settings = TuneSettings(
        checkpoint=str(tiny_checkpoint), task="text-classification", scoring_precision="openvino-int8"
    )
    epochs = []
    with pytest.raises(SettingsError, match=r"headwinds\[quantized\]"):
        tune_files(
            LabelledFiles(tmp_path / "train.csv"),
            settings,
            tmp_path / "out",
            quiet=True,
            callbacks=[epochs.append],
        )
    assert epochs == []
