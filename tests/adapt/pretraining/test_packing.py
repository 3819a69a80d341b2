"""Rows without padding: every token is there, a step is a function of its number, and no document sees another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from adapt.pretraining.corpus import sentences, small
from headwinds.adapt.pretraining import token_store
from headwinds.adapt.pretraining.beginning import begin, make_network, vocabulary_of
from headwinds.adapt.pretraining.objectives.contract import Exercise
from headwinds.adapt.pretraining.packing import Layout, Rows, RowStream, pack, row_count
from headwinds.adapt.pretraining.streams import Text
from headwinds.adapt.pretraining.token_store import Documents, TokenStore, write_tokens
from headwinds.adapt.pretraining.tokenizer_training import learn_tokenizer
from headwinds.errors import SettingsError

CLS, SEP = 1, 2
ENCODER, DECODER, BARE = Layout(16, CLS, SEP), Layout(16, None, SEP), Layout(16)


def documents(lengths: list[int], seed: int = 0) -> Documents:
    """Every token a number of its own, from 10 on."""
    total = sum(lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Documents(np.arange(10, 10 + total), starts, np.arange(len(lengths)))


@pytest.mark.parametrize("layout", [ENCODER, DECODER, BARE])
@pytest.mark.parametrize("lengths", [[100, 3, 14, 28, 1], [14] * 5, [5], [40, 41, 42] * 7])
def test_every_token_is_in_a_row_and_no_place_is_empty(layout: Layout, lengths: list[int]):
    found = documents(lengths)
    rows = pack(found, np.random.default_rng(1).permutation(len(found)), layout)
    assert rows.tokens.shape == (row_count(np.diff(found.starts), layout), layout.length)
    times = Counter(rows.tokens[~rows.special].tolist())
    assert set(times) == set(found.tokens.tolist())
    again = sum(times.values()) - len(times)
    assert again < layout.length  # only what fills the last row is there twice
    owner = np.repeat(np.arange(len(found)), np.diff(found.starts))
    words = ~rows.special
    assert (owner[rows.tokens[words] - 10] == rows.documents[words]).all()


def test_pieces_of_an_encoder_are_texts_and_positions_begin_with_each():
    rows = pack(documents([30, 5, 6]), np.arange(3), ENCODER)
    assert rows.tokens[0, 0] == rows.tokens[1, 0] == CLS
    assert rows.tokens[0, -1] == rows.tokens[1, -1] == SEP
    for row in range(len(rows)):
        for place in range(16):
            begins = place == 0 or rows.pieces[row, place] != rows.pieces[row, place - 1]
            assert rows.positions[row, place] == (0 if begins else rows.positions[row, place - 1] + 1)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[TokenStore, object]:
    """Several small shards."""
    monkeypatch.setattr(token_store, "SHARD_TOKENS", 700)
    monkeypatch.setattr(token_store, "TOGETHER_TEXTS", 16)
    texts = [Text(text, bytes([number % 256, number // 256])) for number, text in enumerate(sentences(300))]
    tokenizer = learn_tokenizer(
        lambda: [text.content for text in texts], "wordpiece", small(vocabulary=120), objective="masked"
    )
    return write_tokens(tmp_path, "x", tokenizer, lambda _: iter(texts), small()), tokenizer


def test_an_epoch_holds_every_shard_and_a_step_is_a_function_of_its_number(store: tuple[TokenStore, object]):
    tokens, _ = store
    assert len(tokens.folders) > 3
    stream = RowStream(tokens, ENCODER, rows_a_step=7, seed=5)
    steps = -(-stream.rows // 7)
    walked = [stream.step(step).tokens for step in range(1, 2 * steps)]
    assert all(len(rows) == 7 for rows in walked)
    seen = Counter(np.concatenate(walked)[: stream.rows].ravel().tolist())
    counts = tokens.token_counts()
    for token in np.flatnonzero(counts):
        assert seen[int(token)] >= counts[token]
    fresh = RowStream(tokens, ENCODER, rows_a_step=7, seed=5)
    for step in (2 * steps - 1, 3, steps):
        assert (fresh.step(step).tokens == walked[step - 1]).all()
    assert any((RowStream(tokens, ENCODER, rows_a_step=7, seed=6).step(1).tokens != walked[0]).ravel())


def test_shards_that_are_there_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(token_store, "SHARD_TOKENS", 700)
    monkeypatch.setattr(token_store, "TOGETHER_TEXTS", 16)
    texts = [Text(text, bytes([number % 256, number // 256])) for number, text in enumerate(sentences(300))]
    tokenizer = learn_tokenizer(
        lambda: [text.content for text in texts], "wordpiece", small(vocabulary=120), objective="masked"
    )

    def until(limit: int):
        for number, text in enumerate(texts):
            if number >= limit:
                raise KeyboardInterrupt
            yield text

    with pytest.raises(KeyboardInterrupt):
        write_tokens(tmp_path / "a", "x", tokenizer, lambda _: until(100), small())
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a" / "tokens").glob("shard-*")}
    assert before
    whole = write_tokens(tmp_path / "a", "x", tokenizer, lambda _: iter(texts), small())
    plain = write_tokens(tmp_path / "b", "x", tokenizer, lambda _: iter(texts), small())
    assert {name: (tmp_path / "a" / "tokens" / name).stat().st_mtime_ns for name in before} == before
    assert [path.name for path in whole.folders] == [path.name for path in plain.folders]
    assert (whole.token_counts() == plain.token_counts()).all()
    assert (whole.held_out().tokens == plain.held_out().tokens).all()
    found = write_tokens(tmp_path / "a", "x", tokenizer, lambda _: until(0), small())
    assert found.tokens == whole.tokens


def exercise_of(
    architecture: str, rows: Rows, tokenizer: object, changed: np.ndarray
) -> tuple[object, Exercise, Exercise]:
    beginning = begin(small(architecture=architecture, sequence_tokens=rows.tokens.shape[1]))
    vocabulary = vocabulary_of(tokenizer, beginning.objective.name)
    network = make_network(beginning, vocabulary).module.eval()
    other = Rows(changed, rows.pieces, rows.positions, rows.documents, rows.special)
    asked = [beginning.objective.ask(one, vocabulary, beginning.settings, seed=11) for one in (rows, other)]
    return network, asked[0], asked[1]


@pytest.mark.parametrize(
    "architecture", ["bert-tiny", "modernbert-tiny", "electra-tiny", "gpt2-tiny", "llama-tiny", "t5-tiny"]
)
def test_no_document_sees_another_in_its_row(architecture: str):
    """The losses of a document are, to the bit, what they are when the other document of its row is another one."""
    kind = {"gpt2": "causal", "llama": "causal", "t5": "spans"}.get(architecture.split("-")[0], "masked")
    tokenizer = learn_tokenizer(lambda: sentences(100), "wordpiece", small(vocabulary=250), objective=kind)
    generator = np.random.default_rng(2)
    tokens = generator.integers(80, 110, (1, 40)).astype(np.int32)
    pieces = np.repeat([[0, 1]], [22, 18], axis=1).astype(np.int32)
    positions = np.concatenate([np.arange(22), np.arange(18)])[None].astype(np.int32)
    rows = Rows(tokens, pieces, positions, pieces, np.zeros((1, 40), dtype=bool))
    changed = tokens.copy()
    changed[0, 22:] = generator.integers(80, 110, 18)
    network, one, other = exercise_of(architecture, rows, tokenizer, changed)
    with torch.inference_mode():
        first, second = network(one), network(other)
    first_document = one.documents.ravel()[first.places.numpy()] == 0
    if architecture == "t5-tiny":  # a span may reach over the end; those before it are untouched
        first_document &= one.written_pieces.ravel()[first.places.numpy()] == 0
        last = np.flatnonzero(first_document)[-3:]
        first_document[last] = False
    assert first_document.any()
    assert (~first_document).any()
    keep = torch.from_numpy(first_document)
    assert torch.allclose(first.asked[keep], second.asked[keep], atol=1e-5)
    assert not torch.allclose(first.asked[~keep], second.asked[~keep], atol=1e-3)


def test_more_spans_than_the_tokenizer_has_names_for_are_refused():
    tokenizer = learn_tokenizer(lambda: sentences(100), "unigram", small(vocabulary=250), objective="spans")
    beginning = begin(small(architecture="t5-tiny", sequence_tokens=4096, batch_tokens=4096))
    with pytest.raises(SettingsError, match="tokens that stand for one"):
        beginning.objective.layout(vocabulary_of(tokenizer, "spans"), beginning.settings)
