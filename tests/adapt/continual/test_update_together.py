"""Two processes update a model as one does: the same rows, the same penalty, the same weights up to rounding."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from adapt.continual.lives import RATES
from headwinds import update
from headwinds.adapt.training import launching
from headwinds.errors import SettingsError

PLAIN = {"epochs": 3, "patience": 3, "quiet": True, "precision": "float32", "head_dropout": 0.0, **RATES}


@pytest.fixture(autouse=True)
def quickly(imported, monkeypatch):
    monkeypatch.setattr(launching.multiprocessing, "get_context", lambda _: imported)


def updated(life, folder, new=None, **changes):
    given = {**PLAIN, **changes}
    return update(life.model, new or life.file("new"), output=folder, old=life.file("old"), **given).folder


def weights(folder) -> dict[str, torch.Tensor]:
    """Those that matter: attention is the same whatever the keys' bias is, so that its gradient is rounding alone."""
    return {
        f"{path.relative_to(folder)}/{name}": value
        for path in sorted(folder.rglob("*.safetensors"))
        for name, value in load_file(path).items()
        if not name.endswith("key.bias")
    }


def largest_difference(one, other) -> float:
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def losses(folder) -> list[float]:
    return [epoch["loss"] for epoch in json.loads((folder / "history.json").read_text())["epochs"]]


@pytest.mark.parametrize("strategy", ["replay-distillation", "elastic-weight-consolidation", "adapter"])
def test_two_processes_end_with_the_weights_of_one(life, tmp_path, strategy):
    one = updated(life, tmp_path / "one", strategy=strategy)
    two = updated(life, tmp_path / "two", strategy=strategy, processes=2)
    # Equal to the bit would mean that nobody shared anything.
    assert 0 < largest_difference(one, two) < 1e-5
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    start = losses(updated(life, tmp_path / "other", strategy=strategy, seed=1))
    assert losses(one) != pytest.approx(start, abs=1e-4)
    assert (one / "memory.jsonl").read_bytes() == (two / "memory.jsonl").read_bytes()


def test_classes_of_different_weight_do_not_change_how_texts_share_what_holds_the_old(life, tmp_path):
    rare = life.file("new").read_text(encoding="utf-8").splitlines()
    kept = [line for number, line in enumerate(rare) if ",tax," not in line or number % 5 == 0]
    (tmp_path / "uneven.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    changes = {"class_weights": "balanced", "distillation_weight": 2.0}
    found = [
        updated(life, tmp_path / name, tmp_path / "uneven.csv", **{**changes, **more})
        for name, more in (
            ("one", {}),
            ("parts", {"micro_batch_tokens": 100}),
            ("two", {"processes": 2}),
        )
    ]
    assert largest_difference(found[0], found[1]) < 1e-5
    assert largest_difference(found[0], found[2]) < 1e-5


def test_sharded_weights_are_updated_to_the_same(life, tmp_path):
    one = updated(life, tmp_path / "one")
    cut = updated(life, tmp_path / "cut", processes=2, sharding="full")
    assert largest_difference(one, cut) < 1e-5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"processes": 4096, "device": "cpu"}, r"processes = 4096, but this machine has \d+ core"),
        ({"processes": 2, "sharding": "full", "strategy": "elastic-weight-consolidation"}, "in one piece"),
    ],
)
def test_what_cannot_be_shared_is_refused_in_one_line(life, tmp_path, changes, words):
    with pytest.raises(SettingsError, match=words):
        updated(life, tmp_path / "refused", **changes)
