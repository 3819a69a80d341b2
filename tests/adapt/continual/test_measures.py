"""The measures of a stream against numbers worked by hand, and the pieces of an update by themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headwinds.adapt.continual.importance import fisher_diagonal
from headwinds.adapt.continual.labelling import entropy, texts_to_label
from headwinds.adapt.continual.memory import KeptRow, choose_memory, level, read_memory, write_memory
from headwinds.adapt.continual.prior_shift import expected_shares, label_shares
from headwinds.adapt.continual.replay import repeat_as_stood_for, repeat_to_share
from headwinds.adapt.continual.stream_measures import average_accuracy, backward_transfer, forgetting
from headwinds.adapt.encoding import EncodedTexts

ACCURACY = np.array([[0.9, np.nan, np.nan], [0.7, 0.8, np.nan], [0.75, 0.6, 0.95]])


def test_measures_of_a_stream_are_those_of_their_papers():
    assert average_accuracy(ACCURACY) == pytest.approx((0.75 + 0.6 + 0.95) / 3)
    assert backward_transfer(ACCURACY) == pytest.approx(((0.75 - 0.9) + (0.6 - 0.8)) / 2)
    assert forgetting(ACCURACY) == pytest.approx(((0.9 - 0.75) + (0.8 - 0.6)) / 2)
    assert np.isnan(forgetting(np.array([[0.9]])))
    assert np.isnan(backward_transfer(np.array([[0.9]])))


def test_a_memory_holds_kinds_alike_and_what_it_stands_for_adds_up():
    rows = [KeptRow({"n": n}, "training" if n % 5 else "validation") for n in range(200)]
    kinds = ["common" if n < 160 else "rare" if n < 190 else "rarest" for n in range(200)]
    kept = choose_memory(rows, kinds, 60, seed=0)
    assert len(kept) == 60
    assert sum(row.stands_for for row in kept) == pytest.approx(200)
    assert sum(row.part == "validation" for row in kept) == 12
    counts = {name: sum(kinds[row.values["n"]] == name for row in kept) for name in set(kinds)}
    assert counts["rarest"] == 10
    assert abs(counts["common"] - counts["rare"]) <= 2
    assert kept == choose_memory(rows, kinds, 60, seed=0)
    assert kept != choose_memory(rows, kinds, 60, seed=1)
    assert choose_memory(rows, kinds, 500, seed=0) == tuple(rows)
    assert level(np.array([3, 100, 100]), 20).tolist() == [3, 9, 8]


def test_a_text_with_any_end_of_a_line_in_it_is_kept_and_read_again(tmp_path):
    """U+2028 and U+0085 end a line for Python's splitlines, and a model that kept one could never be updated again."""
    texts = ["one\u2028two", "one\u0085two", "one\u2029two\r\nthree", "\x0b\x0c\x1e", ""]
    rows = tuple(KeptRow({"text": text, "label": "a"}, "training", 2.0) for text in texts)
    write_memory(rows, tmp_path)
    assert read_memory(tmp_path) == rows


def test_old_rows_are_repeated_to_their_share_or_to_what_they_stand_for():
    old, new = np.arange(10), np.arange(10, 110)
    half = repeat_to_share(old, new, 0.5, seed=0)
    assert 95 <= (half < 10).sum() <= 105
    assert set(half) == set(range(110))
    stood = repeat_as_stood_for(old, np.linspace(0.5, 5.0, 10), new, 3, seed=0)
    counts = np.bincount(stood)[:10]
    assert counts.min() == 1
    assert counts.max() == 3
    assert np.array_equal(repeat_to_share(old[:0], new, 0.5, seed=0), new)


def shifted(rows, share, seed, several=False):
    """Calibrated probabilities of two classes at even shares, and texts of which `share` are of the first."""
    generator = np.random.default_rng(seed)
    first = generator.random(rows) < share
    odds = np.exp(2 * generator.normal(np.where(first, 1.0, -1.0), 1.0))
    probability = odds / (1 + odds)
    return probability[:, None] if several else np.column_stack([probability, 1 - probability])


@pytest.mark.parametrize("several", [False, True])
def test_shares_under_label_shift_are_found_and_their_intervals_hold_them_as_often_as_they_say(several):
    held = 0
    for seed in range(40):
        before, after = shifted(200, 0.5, 2 * seed, several), shifted(200, 0.2, 2 * seed + 1, several)
        own = [str(number) for number in range(200)]
        found = label_shares(
            before, after, own, own, ("a", "b")[: before.shape[1]], several=several, seed=seed
        )
        held += found[0].live.lower <= 0.2 <= found[0].live.upper
        assert found[0].reference.lower < 0.5 < found[0].reference.upper or seed
    assert 32 <= held <= 40  # 38 are expected; 99.9% limits of a binomial
    wide = expected_shares(shifted(20_000, 0.2, 5), np.array([0.5, 0.5]), np.ones(20_000), several=False)
    assert wide[0] == pytest.approx(0.2, abs=0.01)


def test_what_is_proposed_is_uncertain_and_not_twice_the_same():
    vectors = np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 0.01], [0.0, 5.0]])
    chances = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]])
    wanted = texts_to_label(entropy(chances, several=False), vectors, np.zeros((1, 2)), 4)
    assert wanted[0] in (1, 2)
    assert wanted[1] == 3
    assert sorted(wanted) == [0, 1, 2, 3]
    assert entropy(np.array([[0.5, 0.5]]), several=True)[0] == pytest.approx(2 * np.log(2))


@pytest.mark.parametrize("several", [False, True])
def test_what_mattered_is_the_fisher_information_of_a_linear_model_by_hand(several):
    """Of weight (c, j) the mean of x_j squared times p_c (1 - p_c): labels are drawn from the model, none is given."""
    generator = torch.Generator().manual_seed(1)
    texts, width, labels = 1500, 3, 3
    features = torch.randn(texts, width, generator=generator) * torch.tensor([0.5, 1.0, 2.0])
    weight = torch.nn.Parameter(
        torch.randn(labels + 1, width, generator=generator)
    )  # and a label that is new
    windows = [np.array([number], dtype=np.int32) for number in range(texts)]
    encoded = EncodedTexts(windows, np.arange(texts + 1), np.ones(texts, dtype=np.int64))
    found = fisher_diagonal(
        lambda batch: features[batch.rows] @ weight.T,
        {"weight": weight},
        encoded,
        np.arange(texts),
        known=labels,
        several=several,
        padding_id=0,
        precision="float32",
        seed=3,
    )["weight"]
    logits = (features @ weight.T)[:, :labels].detach()
    share = torch.sigmoid(logits) if several else torch.softmax(logits, dim=1)
    right = (share * (1 - share)).T @ features**2 / texts
    torch.testing.assert_close(found[:labels], right, rtol=0.15, atol=0.005)
    assert not found[labels:].any()
