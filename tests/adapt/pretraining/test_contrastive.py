"""The contrastive objective: parts of one text find each other; what it asks, its loss by hand, and what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from adapt.pretraining.corpus import SUBJECTS, small
from headwinds.adapt.pretraining.objectives.contract import Vocabulary
from headwinds.adapt.pretraining.objectives.contrastive import (
    PART_TOKENS,
    TEMPERATURE,
    Contrastive,
    pair_losses,
)
from headwinds.adapt.pretraining.packing import Rows
from headwinds.adapt.pretraining.pretraining import pretrain_files
from headwinds.errors import HeadwindsError

VOCABULARY = Vocabulary(100, {"cls": 1, "sep": 2, "pad": 0}, np.arange(5, 100, dtype=np.int32))


def packed(sizes: list[list[int]], documents: list[list[int]]) -> Rows:
    """Rows of pieces of these sizes, each [CLS] words [SEP]."""
    length = sum(sizes[0])
    tokens = np.random.default_rng(0).integers(5, 100, (len(sizes), length)).astype(np.int32)
    pieces, owners, positions = (np.zeros_like(tokens) for _ in range(3))
    number = 0
    for row, parts in enumerate(sizes):
        start = 0
        for size, document in zip(parts, documents[row], strict=True):
            inside = slice(start, start + size)
            tokens[row, start], tokens[row, start + size - 1] = 1, 2
            pieces[row, inside], owners[row, inside], positions[row, inside] = (
                number,
                document,
                np.arange(size),
            )
            number, start = number + 1, start + size
    return Rows(tokens, pieces, positions, owners, np.isin(tokens, (1, 2)))


ROWS = packed([[64, 64], [100, 28], [2 * PART_TOKENS, 96]], [[0, 1], [1, 2], [3, 4]])


def test_each_long_piece_becomes_two_texts_that_are_asked_for_each_other_and_a_short_one_is_left():
    asked = Contrastive().ask(ROWS, VOCABULARY, small(), seed=1)
    wanted = asked.wanted.ravel()
    numbers, counts = np.unique(wanted[wanted >= 0], return_counts=True)
    assert numbers.tolist() == list(range(5))
    assert (counts == 2).all()
    assert (asked.wanted[1, 100:] == -1).all()  # 28 tokens
    firsts = np.flatnonzero(wanted >= 0)
    tokens, pieces, positions = asked.tokens.ravel(), asked.pieces.ravel(), asked.positions.ravel()
    assert (tokens[firsts] == 1).all()
    for first in firsts:
        mine = np.flatnonzero(pieces == pieces[first])
        assert tokens[mine[-1]] == 2
        assert (positions[mine] == np.arange(len(mine))).all()
        assert len(mine) >= PART_TOKENS
    changed = (asked.tokens != ROWS.tokens).sum()
    assert changed <= 2 * 5
    assert len(np.unique(pieces)) == 5 * 2 + 1


def test_the_cut_moves_with_the_seed_and_hangs_on_it_alone():
    asked = [Contrastive().ask(ROWS, VOCABULARY, small(), seed=seed).pieces for seed in (1, 1, 2)]
    assert (asked[0] == asked[1]).all()
    assert (asked[0] != asked[2]).any()


def test_the_loss_is_that_of_the_paper_and_other_texts_of_a_document_are_no_candidates():
    generator = np.random.default_rng(2)
    vectors = generator.normal(size=(8, 5))
    pairs, documents = [0, 0, 1, 1, 2, 2, 3, 3], [9, 9, 9, 9, 7, 7, 6, 6]
    losses, candidates = pair_losses(torch.tensor(vectors), torch.tensor(pairs), torch.tensor(documents))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for one in range(8):
        scores = {
            other: math.exp(float(unit[one] @ unit[other]) / TEMPERATURE)
            for other in range(8)
            if other != one and (pairs[other] == pairs[one] or documents[other] != documents[one])
        }
        [partner] = [other for other in scores if pairs[other] == pairs[one]]
        expected = -math.log(scores[partner] / sum(scores.values()))
        assert float(losses[one]) == pytest.approx(expected, rel=1e-9)
        assert int(candidates[one]) == len(scores)


def write_topics(folder: Path, number: int = 300, sentences: int = 8) -> Path:
    """Documents that keep to a subject: what two parts have in common."""
    generator = np.random.default_rng(4)
    lines = []
    for place in range(number):
        subject = str(generator.choice(list(SUBJECTS)))
        names = [f"{subject} {word}" for word in SUBJECTS[subject]]
        words = [f"we say that {generator.choice(names)} of case {place} {subject}" for _ in range(sentences)]
        lines.append(json.dumps({"text": " . ".join(words)}))
    path = folder / "topics.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_topics(tmp_path_factory.mktemp("topics"))


CHANGES = {"objective": "contrastive", "layers": 0, "width": 0, "sequence_tokens": 64, "batch_tokens": 1024}


def test_a_checkpoint_learns_to_find_the_other_part_and_is_an_encoder_afterwards(
    topics: Path, tmp_path: Path, tiny_checkpoint: Path
):
    def learnt(rate: float) -> tuple[float, float]:
        settings = small(
            **CHANGES,
            checkpoint=str(tiny_checkpoint),
            learning_rate=rate,
            tokens=40 * 1024,
            held_out_share=0.2,
        )
        made = pretrain_files([topics], settings, tmp_path / str(rate), quiet=True)
        report = made.report
        assert report.perplexity.value > 1
        assert report.baseline.value <= 2 * 1024 / (2 * PART_TOKENS)
        assert "perplexity of a text's other part" in report.summary()
        assert "by guessing" in report.summary()
        assert "W116" not in [finding.code for finding in report.findings]  # no output layer is needed
        return report.perplexity.value, report.ratio.upper

    before, _ = learnt(1e-9)
    after, ratio = learnt(2e-3)
    assert after < 0.7 * before
    assert ratio < 0.5

    from transformers import AutoModel

    again = AutoModel.from_pretrained(str(tmp_path / "0.002" / "model"), local_files_only=True)
    assert again.config.hidden_size > 0


def test_what_cannot_be_asked_is_refused_before_anything_is_trained(
    topics: Path, tmp_path: Path, tiny_checkpoint: Path
):
    def refused(path: Path, **changes: object) -> str:
        settings = small(**{**CHANGES, "checkpoint": str(tiny_checkpoint), **changes})
        with pytest.raises(HeadwindsError) as caught:
            pretrain_files([path], settings, tmp_path / "refused", quiet=True)
        return str(caught.value)

    assert "compares all texts of a step" in refused(topics, micro_batch_tokens=64)
    assert "Name a checkpoint" in refused(topics, checkpoint="", layers=2, width=64)
    short = tmp_path / "short.txt"
    short.write_text("\n\n".join(f"growth number {place}" for place in range(100)), encoding="utf-8")
    told = refused(short)
    assert "documents of 30 tokens or more; the longest has" in told
    told = refused(topics, held_out_share=1e-6)
    assert "No document is held out for the test: of" in told
    assert not (tmp_path / "refused" / "model").exists()


def test_documents_that_are_too_short_are_counted(topics: Path, tmp_path: Path, tiny_checkpoint: Path):
    mixed = tmp_path / "mixed.jsonl"
    lines = [json.dumps({"text": f"growth number {place}"}) for place in range(30)]
    mixed.write_text("\n".join([topics.read_text(encoding="utf-8"), *lines]), encoding="utf-8")
    settings = small(**CHANGES, checkpoint=str(tiny_checkpoint), tokens=1024)
    report = pretrain_files([mixed], settings, tmp_path / "mixed", quiet=True).report
    [finding] = [finding for finding in report.findings if finding.code == "W118"]
    assert "fewer than 30 tokens" in str(finding)
