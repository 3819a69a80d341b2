"""Bottleneck adapters: where they stand, that they start as nothing, and that the encoder stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModel,
    BartConfig,
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    T5Config,
)

from adapt.test_every_task import tuned
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.networks.bottlenecks import AdaptedLinear, add_bottlenecks, sublayer_ends
from headwinds.errors import CheckpointError, SettingsError

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
NETWORKS = {
    "bert": (BertConfig(vocab_size=50, **SMALL), 4),
    "distilbert": (DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=32), 4),
    "llama": (LlamaConfig(vocab_size=50, **SMALL), 4),
    "gpt_neox": (GPTNeoXConfig(vocab_size=50, **SMALL), 4),
    "gpt2": (GPT2Config(vocab_size=50, n_embd=16, n_layer=2, n_head=2), 4),
    "bart": (
        BartConfig(
            vocab_size=50, d_model=16, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
            encoder_attention_heads=2, decoder_attention_heads=2,
        ),
        2 * 2 + 2 * 3,
    ),
    "t5": (T5Config(vocab_size=50, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2), 2 * 2 + 2 * 3),
}  # fmt: skip


def outputs(model, ids):
    extra = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    return model(input_ids=ids, **extra).last_hidden_state


@pytest.mark.parametrize("kind", NETWORKS)
def test_each_sublayer_gets_one_and_the_start_is_the_pretrained_network(kind):
    config, expected = NETWORKS[kind]
    torch.manual_seed(0)
    model = AutoModel.from_config(config).eval()
    ids = torch.arange(3, 9)[None]
    before = outputs(model, ids).detach()
    ends = sublayer_ends(model)
    assert len(ends) == expected
    add_bottlenecks(model, ends, 4)
    assert torch.allclose(outputs(model, ids), before, atol=1e-5)  # T5 rounds elsewhere
    trained = {name for name, value in model.named_parameters() if value.requires_grad}
    assert len(trained) == 4 * expected
    assert all(".bottleneck." in name for name in trained)
    outputs(model, ids).sum().backward()
    moved = [name for name, value in model.named_parameters() if value.grad is not None]
    assert set(moved) == trained


def test_a_bottleneck_is_the_formula_of_its_paper():
    linear = torch.nn.Linear(5, 3)
    adapted = AdaptedLinear(linear, 2, 3)
    entering = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    down, up = adapted.bottleneck["down"], adapted.bottleneck["up"]
    state = entering @ linear.weight.T + linear.bias
    inner = torch.nn.functional.gelu(state @ down.weight.T + down.bias)
    assert torch.allclose(adapted(entering), state + inner @ up.weight.T + up.bias, atol=1e-6)


def test_the_encoder_of_a_tuned_model_is_the_checkpoint_itself(tiny_checkpoint: Path, tmp_path: Path):
    found, _ = tuned("text-classification", tiny_checkpoint, tmp_path / "out", method="adapter", rank=3)
    model = load_model(found.folder)
    plain = AutoModel.from_pretrained(tiny_checkpoint)
    own = {name.replace(".linear.", "."): value for name, value in model.network.encoder.state_dict().items()}
    for name, value in plain.state_dict().items():
        assert torch.equal(own[name], value), name
    learnt = [value for name, value in own.items() if ".bottleneck.up.weight" in name]
    assert len(learnt) == 4
    assert all(value.abs().sum() > 0 for value in learnt)
    facts = json.loads((found.folder / "adapter" / "adapter_config.json").read_text())
    assert facts["width"] == 3


def test_it_cannot_be_merged(tiny_checkpoint: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="cannot be merged"):
        tuned("text-classification", tiny_checkpoint, tmp_path / "out", method="adapter", merge_adapter=True)


def test_a_configuration_of_another_network_is_refused(tmp_path: Path):
    from headwinds.adapt.methods.bottleneck import attach_bottlenecks

    path = tmp_path / "adapter_config.json"
    model = AutoModel.from_config(NETWORKS["bert"][0])
    path.write_text(json.dumps({"kind": "bottleneck", "layers": ["layers.0.down_proj"], "width": 2}))
    with pytest.raises(CheckpointError, match="not of this checkpoint"):
        attach_bottlenecks(model, path, {})
    path.write_text(json.dumps({"kind": "bottleneck", "layers": sublayer_ends(model), "width": 2}))
    with pytest.raises(CheckpointError, match="does not hold the weights"):
        attach_bottlenecks(AutoModel.from_config(NETWORKS["bert"][0]), path, {})
