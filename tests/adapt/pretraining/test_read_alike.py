"""Tuning begins where pretraining ended: the same weights, and a text alone is read as it was read among others in a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from adapt.pretraining.corpus import sentences, small, write_lines
from headwinds.adapt.checkpoints import _usable_positions, load_encoder, load_tokenizer, resolve_checkpoint
from headwinds.adapt.pretraining.objectives.contract import Exercise
from headwinds.adapt.pretraining.objectives.masked import inputs_of
from headwinds.adapt.pretraining.packing import Layout, pack
from headwinds.adapt.pretraining.pretraining import pretrain_files
from headwinds.adapt.pretraining.token_store import Documents

ENCODERS = ("bert-tiny", "modernbert-tiny", "electra-tiny")


@pytest.mark.parametrize("architecture", ENCODERS)
def test_a_text_is_tuned_with_the_weights_and_the_states_that_pretraining_gave_it(
    architecture: str, tmp_path: Path
):
    settings = small(architecture=architecture, tokens=20 * 512)
    folder = pretrain_files([write_lines(tmp_path / "text")], settings, tmp_path / "out", quiet=True).folder
    checkpoint = resolve_checkpoint(str(folder))
    tokenizer, encoder = load_tokenizer(checkpoint), load_encoder(checkpoint).eval()

    saved = load_file(folder / "model.safetensors")
    loaded = encoder.state_dict()
    ends = {name: [key for key in saved if key.endswith(f".{name}")] for name in loaded}
    read = {name: keys[0] for name, keys in ends.items() if keys}
    assert all("pooler" in name or "position_ids" in name for name in set(loaded) - set(read))
    assert all(torch.equal(loaded[name], saved[key]) for name, key in read.items())

    texts = sentences(12, seed=8)
    plain = [
        np.asarray(tokenizer(text, add_special_tokens=False)["input_ids"], dtype=np.int32) for text in texts
    ]
    room = settings.sequence_tokens - 2
    plain = [tokens[:room] for tokens in plain]
    starts = np.concatenate([[0], np.cumsum([len(tokens) for tokens in plain])])
    documents = Documents(np.concatenate(plain), starts, np.arange(len(plain)))
    layout = Layout(settings.sequence_tokens, tokenizer.cls_token_id, tokenizer.sep_token_id)
    rows = pack(documents, np.arange(len(plain)), layout)
    exercise = Exercise(rows.tokens, rows.pieces, rows.positions, rows.tokens, rows.documents, 0)
    whole = 0
    with torch.inference_mode():
        together = encoder(**inputs_of(encoder, rows.tokens, exercise)).last_hidden_state
        for number, tokens in enumerate(plain):
            here = torch.from_numpy(rows.documents == number)
            if int(here.sum()) != len(tokens) + 2:  # cut in two where a row ends
                continue
            alone = encoder(
                input_ids=torch.tensor([[tokenizer.cls_token_id, *tokens, tokenizer.sep_token_id]])
            ).last_hidden_state[0]
            row = int(here.any(dim=1).nonzero()[0])
            if bool(here[row].sum() == len(alone)):
                whole += 1
                torch.testing.assert_close(together[row][here[row]], alone, rtol=1e-4, atol=1e-5)
    assert whole >= 4


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_a_window_has_no_more_tokens_than_a_checkpoint_has_positions(padding: int):
    config = {"model_type": "roberta", "pad_token_id": padding}
    assert _usable_positions(config, 40) == 40 - (padding + 1)
    assert _usable_positions({**config, "model_type": "bert"}, 40) == 40


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_a_checkpoint_that_counts_positions_from_its_padding_is_read_as_it_reads(padding: int):
    """RoBERTa's padding is token 1 as a rule; a checkpoint of another was continued with positions one or two off."""
    from transformers import RobertaConfig, RobertaModel

    torch.manual_seed(0)
    shape = {"num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 40}
    config = RobertaConfig(vocab_size=30, hidden_size=16, intermediate_size=16, pad_token_id=padding, **shape)
    encoder = RobertaModel(config).eval()
    texts = [np.arange(10, 16, dtype=np.int32), np.arange(15, 25, dtype=np.int32)]
    starts = np.array([0, 6, 16])
    rows = pack(Documents(np.concatenate(texts), starts, np.arange(2)), np.arange(2), Layout(20, 5, 6))
    exercise = Exercise(rows.tokens, rows.pieces, rows.positions, rows.tokens, rows.documents, 0)
    with torch.inference_mode():
        together = encoder(**inputs_of(encoder, rows.tokens, exercise)).last_hidden_state
        for number, tokens in enumerate(texts):
            alone = encoder(input_ids=torch.tensor([[5, *tokens, 6]])).last_hidden_state[0]
            here = together[torch.from_numpy(rows.documents == number)]
            torch.testing.assert_close(here, alone, atol=1e-5, rtol=1e-4)
