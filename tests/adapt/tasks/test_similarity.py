"""Correlation of ranks against scipy's, with ties and with repeated examples; losses against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
from headwinds.adapt.encoding import encode_texts
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks import sentence_similarity
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.sentence_similarity import (
    PartTargets,
    SentenceSimilarity,
    weighted_rank_correlation,
)
from headwinds.adapt.training.batches import Batch, collate
from headwinds.adapt.training.contrastive import plan_class_batches, supervised_contrastive_loss


def test_the_weighted_correlation_is_that_of_the_repeated_examples():
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=30), generator.integers(0, 5, 30).astype(float)
    weights = generator.integers(0, 4, (6, 30)).astype(float)
    found = weighted_rank_correlation(one, other, weights)
    for row, value in zip(weights.astype(int), found, strict=True):
        expected = stats.spearmanr(np.repeat(one, row), np.repeat(other, row)).statistic
        assert value == pytest.approx(expected, abs=1e-12)


def test_the_contrastive_loss_is_that_of_khosla_and_others():
    generator = torch.Generator().manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(5, 8, generator=generator), dim=1)
    classes = torch.tensor([0, 0, 1, 1, 2])
    total = 0.0
    for anchor in range(4):  # the fifth has no like
        others = [place for place in range(5) if place != anchor]
        alike = [place for place in others if classes[place] == classes[anchor]]
        below = sum(float(torch.exp(vectors[anchor] @ vectors[place] / 0.1)) for place in others)
        total -= sum(float(vectors[anchor] @ vectors[place] / 0.1) - np.log(below) for place in alike) / len(
            alike
        )
    found = supervised_contrastive_loss(vectors, classes, temperature=0.1)
    assert float(found) == pytest.approx(total / 4, rel=1e-5)


def test_class_batches_hold_several_of_each_class_and_all_examples_in_turn():
    generator = np.random.default_rng(1)
    classes = np.repeat(np.arange(20), 8)
    rows = np.arange(160)
    plan = plan_class_batches(classes, rows, batch_texts=32, together=4, batches=50, generator=generator)
    for batch in plan:
        assert len(batch) == len(set(batch.tolist())) == 32
        assert set(np.bincount(classes[batch])) <= {0, 4}
    seen = np.bincount(np.concatenate(plan), minlength=160)
    assert seen.min() >= 8
    assert seen.max() <= 12


def test_scored_pairs_are_learnt_by_their_order():
    """No loss where cosines are in the order of the scores by far; a large one where they are not."""
    vectors = torch.tensor([[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]])  # cosines 1 and 0
    marks = torch.ones((2, 1), dtype=torch.int64)
    batch = Batch(np.arange(2), torch.zeros((4, 1)), None, torch.tensor([0, 0, 1, 1]), marks=marks)
    task = SentenceSimilarity()
    texts = torch.arange(4).view(2, 2)
    assert float(task.loss(vectors, batch, PartTargets(torch.tensor([5.0, 1.0]), texts))) < 1e-6
    assert float(task.loss(vectors, batch, PartTargets(torch.tensor([1.0, 5.0]), texts))) > 10


@pytest.mark.parametrize("third", [False, True])
def test_texts_that_belong_together_are_no_contrast_to_each_other(third):
    """Many questions have one answer: a batch that holds it twice would push each from what it belongs to."""
    task = SentenceSimilarity()
    pairs = [
        ("lost card", "order"),
        ("no card", "order "),
        ("lost card", "block"),
        ("fee", "price"),
        ("price", "fee"),
    ]
    rows = [
        Row("here", {"text": one, "text_b": two, **({"text_c": f"none {n % 2}"} if third else {})})
        for n, (one, two) in enumerate(pairs)
    ]
    examples = task.read(rows, labelled=True)
    encoded = task.encode(examples, load_tokenizer(resolve_checkpoint("default")), max_tokens=16)
    batch = collate(encoded, np.arange(5), padding_id=0)
    parts = 3 if third else 2
    vectors = torch.nn.functional.normalize(
        torch.randn(5, parts, 8, generator=torch.Generator().manual_seed(0)), dim=2
    )
    contrast = {0: {3, 4}, 1: {2, 3, 4}, 2: {3, 4}, 3: {0, 1, 2}, 4: {0, 1, 2}}  # besides its own second text
    total = 0.0
    for row, others in contrast.items():
        against = [vectors[other, 1] for other in sorted({row, *others})]
        against += [vectors[other, 2] for other in range(5)] if third else []
        logits = torch.stack([vectors[row, 0] @ one for one in against]) * 20.0
        total += float(torch.logsumexp(logits, 0) - vectors[row, 0] @ vectors[row, 1] * 20.0)
    found = task.loss(vectors.flatten(1), batch, task.targets(examples, encoded, (), TuneSettings()))
    assert float(found) == pytest.approx(total / 5, rel=1e-5)


def test_the_parts_of_an_example_stay_apart_however_many_windows_they_fill():
    from headwinds.adapt.checkpoints import load_encoder
    from headwinds.adapt.networks.parts import PartEmbedder

    tokenizer = load_tokenizer(resolve_checkpoint("default"))
    encoder = load_encoder(resolve_checkpoint("default")).eval()
    long = " ".join(["growth and trade"] * 12)
    values = [{"text": "A short one.", "text_b": long}, {"text": long, "text_b": "Another."}]
    examples = SentenceSimilarity().read(
        [Row(f"line {n}", value) for n, value in enumerate(values)], labelled=True
    )
    encoded = SentenceSimilarity().encode(examples, tokenizer, max_tokens=16)
    assert encoded.marks[:, 0].tolist() == [1, len(encoded.windows_of(1)) - 1]
    with torch.inference_mode():
        together = PartEmbedder(encoder)(collate(encoded, [0, 1], padding_id=0)).view(2, 2, -1)
        for text, found in ((long, together[0, 1]), (long, together[1, 0]), ("Another.", together[1, 1])):
            alone = encode_texts(tokenizer, [text], max_tokens=16)
            batch = collate(alone, [0], padding_id=0)
            marks = torch.full((1, 1), len(alone.windows), dtype=torch.int64)
            batch = Batch(batch.rows, batch.input_ids, batch.attention_mask, batch.owner, marks=marks)
            assert torch.allclose(PartEmbedder(encoder)(batch).view(2, -1)[0], found, atol=1e-5)


def test_who_is_found_first_is_the_same_whatever_is_compared_at_once(monkeypatch):
    """A hundred thousand pairs compared all at once would be eighty gigabytes."""
    task = SentenceSimilarity()
    examples = task.read(
        [Row(f"row {n}", {"text": f"first {n}", "text_b": f"second {n % 11}"}) for n in range(13)],
        labelled=True,
    )
    vectors = np.random.default_rng(5).normal(size=(13, 2, 3))
    vectors[11:, 1] = vectors[:2, 1]  # equal texts have equal vectors
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    given = [{"vectors": own.tolist()} for own in vectors]
    cosine = vectors[:, 0] @ vectors[:, 1].T
    rank = (cosine > np.diag(cosine)[:, None] + 1e-9).sum(axis=1)
    wrong = [n for n in range(13) if cosine[n].argmax() % 11 != n % 11]
    for at_once in (10_000, 30, 1):
        monkeypatch.setattr(sentence_similarity, "COMPARED", at_once)
        found = task.metrics(given, examples, (), np.ones((1, 13)))
        assert [found[f"recall_at_{top}"][0] for top in (1, 5, 10)] == [
            pytest.approx((rank < top).mean()) for top in (1, 5, 10)
        ]
        assert [one.row for one in task.mistakes(given, examples, ())] == wrong
