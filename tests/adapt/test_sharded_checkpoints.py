"""A checkpoint in several files is the same checkpoint; of one whose files do not agree nothing is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, GPT2Config, GPT2LMHeadModel

from headwinds.adapt.checkpoints import load_encoder, load_tokenizer, resolve_checkpoint
from headwinds.adapt.generators import load_generator
from headwinds.adapt.weights_found import INDEX
from headwinds.cli.main import main
from headwinds.errors import CheckpointError
from headwinds.machine.models import what_is_wrong

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def sharded(tiny_checkpoint, tmp_path_factory):
    """As `transformers` writes it."""
    folder = tmp_path_factory.mktemp("sharded")
    load_tokenizer(resolve_checkpoint(str(tiny_checkpoint))).save_pretrained(folder)
    AutoModel.from_pretrained(str(tiny_checkpoint)).save_pretrained(folder, max_shard_size="60KB")
    assert not (folder / "model.safetensors").exists()
    assert len(shards_of(folder)) > 2
    return folder


@pytest.fixture
def copied(sharded, tmp_path):
    return shutil.copytree(sharded, tmp_path / "copy")


def shards_of(folder):
    return sorted(folder.glob("model-*.safetensors"))


def refused(folder, words):
    with pytest.raises(CheckpointError, match=words) as caught:
        resolve_checkpoint(str(folder))
    assert "\n" not in str(caught.value)


def test_it_is_loaded_as_the_same_weights_in_one_file_are(tiny_checkpoint, sharded):
    found = load_encoder(resolve_checkpoint(str(sharded))).state_dict()
    whole = load_encoder(resolve_checkpoint(str(tiny_checkpoint))).state_dict()
    assert sorted(found) == sorted(whole)
    assert all(torch.equal(found[name], whole[name]) for name in whole)


def test_a_model_is_tuned_on_it_and_predicts(sharded, tmp_path, capsys):
    given = ["--train", str(EXAMPLES / "intents-train.csv"), "--checkpoint", str(sharded), "--quiet"]
    more = ["--method", "lora", "--set", "tune.epochs=1", "--output", str(tmp_path / "run")]
    assert main(["tune", "--task", "text-classification", *given, *more]) == 0
    rows = ["--input", str(EXAMPLES / "intents-test.csv"), "--output", str(tmp_path / "predicted.jsonl")]
    assert main(["predict", "--model", str(tmp_path / "run"), *rows]) == 0
    capsys.readouterr()


def test_every_shard_is_part_of_what_it_is(sharded, copied):
    before = resolve_checkpoint(str(sharded)).digest
    assert resolve_checkpoint(str(copied)).digest == before
    shard = shards_of(copied)[-1]
    weights = load_file(shard)
    name = next(iter(weights))
    save_file({**weights, name: weights[name] + 1}, shard, metadata={"format": "pt"})
    assert resolve_checkpoint(str(copied)).digest != before


def test_a_missing_or_truncated_shard_is_named(copied):
    first, *_, last = shards_of(copied)
    last.write_bytes(last.read_bytes()[:-10])
    refused(copied, f"{last.name} is no whole safetensors file.*Nothing was loaded")
    assert what_is_wrong(copied) == f"{last.name} is cut short"
    first.unlink()
    refused(copied, f"{first.name} is missing: shard 1 of .*Nothing was loaded")
    assert what_is_wrong(copied) == f"there is no {first.name}"


def test_every_tensor_is_accounted_for(copied):
    index = json.loads((copied / INDEX).read_text())
    name, place = next(iter(index["weight_map"].items()))
    added = {**index["weight_map"], "encoder.one_more": place}
    (copied / INDEX).write_text(json.dumps({**index, "weight_map": added}))
    refused(copied, f"{place} lacks 'encoder.one_more'")
    left = {tensor: shard for tensor, shard in index["weight_map"].items() if tensor != name}
    (copied / INDEX).write_text(json.dumps({**index, "weight_map": left}))
    refused(copied, f"holds '{name}', which {INDEX} does not say of it")


@pytest.mark.parametrize(
    "place",
    ["../elsewhere.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "x.bin", "x.safetensors\n", 7],
)
def test_an_index_that_names_what_is_no_file_of_the_folder_is_refused(copied, place):
    index = json.loads((copied / INDEX).read_text())
    index["weight_map"][next(iter(index["weight_map"]))] = place
    (copied / INDEX).write_text(json.dumps(index))
    refused(copied, "no safetensors file of this folder")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"weight_map": {}, "metadata": {}}', '{"weight_map": 3}']
)
def test_an_index_that_is_none_is_refused(copied, content):
    (copied / INDEX).write_text(content)
    refused(copied, f"{INDEX} is no")


@pytest.mark.parametrize("task", ["text-classification", "text-to-text"])
def test_weights_that_the_files_lack_are_not_drawn_at_random(copied, tmp_path, task):
    """A whole file, and an index that names all that is in it; but the configuration asks for a layer more."""
    if task == "text-to-text":
        torch.manual_seed(0)
        copied = tmp_path / "writer"
        load_tokenizer(resolve_checkpoint("default")).save_pretrained(copied)
        GPT2LMHeadModel(
            GPT2Config(vocab_size=30522, n_embd=32, n_layer=2, n_head=4, n_positions=64)
        ).save_pretrained(copied)
    found = resolve_checkpoint(str(copied))
    load = load_generator if task == "text-to-text" else load_encoder
    load(found)
    config = json.loads((copied / "config.json").read_text())
    layers = "n_layer" if task == "text-to-text" else "num_hidden_layers"
    (copied / "config.json").write_text(json.dumps({**config, layers: 3}))
    with pytest.raises(
        CheckpointError, match=r"lacks \d+ weights of the model itself, the first being .*\.2\."
    ):
        load(found)


def test_weights_of_other_sizes_are_told_without_a_setting_of_a_library(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "intermediate_size": 128}))
    with pytest.raises(CheckpointError, match=r"of other sizes than its config\.json says"):
        load_encoder(resolve_checkpoint(str(copied)))


def test_pickled_shards_are_named_and_never_loaded(copied):
    for shard in shards_of(copied):
        shard.rename(
            shard.with_name(shard.name.replace("model", "pytorch_model").replace("safetensors", "bin"))
        )
    (copied / INDEX).rename(copied / "pytorch_model.bin.index.json")
    refused(copied, "bin, which can carry code and is never loaded")


def test_an_adapter_beside_the_weights_or_weights_by_another_name_are_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps({**config, "transformers_weights": "pytorch-model.bin"}))
    refused(copied, "transformers_weights")
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "adapter_config.json").write_text("{}")
    refused(copied, "adapter_config.json is of an adapter")


def test_the_doctor_opens_no_file_that_an_index_names_outside_of_its_folder(copied, tmp_path):
    (tmp_path / "outside.safetensors").write_bytes(shards_of(copied)[0].read_bytes())
    index = json.loads((copied / INDEX).read_text())
    first = next(iter(index["weight_map"]))
    index["weight_map"][first] = "../outside.safetensors"
    (copied / INDEX).write_text(json.dumps(index))
    assert what_is_wrong(copied) == f"{INDEX} cannot be read"
