"""The profile counts every passage once and says what is thin."""

from __future__ import annotations

import numpy as np
import pytest

from headwinds.contracts import Gold
from headwinds.corpus.profile import damaged_texts, gold_findings, label_counts, profile_lengths


@pytest.mark.parametrize("seed", range(5))
def test_every_passage_stands_in_one_bin_of_the_histogram(seed):
    tokens = np.random.default_rng(seed).integers(0, 700, size=500)
    profile = profile_lengths(tokens, window=512)
    assert sum(profile.passages) == 500
    inside = [
        ((tokens >= low) & (tokens <= high)).sum()
        for low, high in zip(profile.lower, profile.upper, strict=True)
    ]
    assert profile.passages == tuple(inside)
    assert profile.beyond == (tokens > 512).sum()
    assert profile.lost_if_cut == pytest.approx((tokens[tokens > 512] - 512).sum() / tokens.sum())
    assert (profile.longest, profile.total) == (tokens.max(), tokens.sum())


def test_a_text_without_a_token_is_counted_too():
    profile = profile_lengths(np.array([0, 0]), window=512)
    assert (profile.passages, profile.lower, profile.lost_if_cut) == ((2,), (0,), 0)


def test_nothing_is_lost_where_all_fit():
    assert profile_lengths(np.array([1, 512]), window=512).lost_if_cut == 0


def gold(positives: int, strata: list[str]) -> Gold:
    rows = len(strata)
    labels = (np.arange(rows) < positives)[:, None]
    return Gold(tuple(map(str, range(rows))), ("growth",), labels, np.full(rows, 0.5), tuple(strata))


def test_label_counts_add_up_over_strata():
    counts = label_counts(gold(30, ["a"] * 20 + ["b"] * 40))
    assert [(row["stratum"], row["gold"], row["positives"]) for row in counts] == [
        ("a", 20, 20),
        ("b", 40, 10),
    ]


def test_rare_labels_strata_without_gold_and_strata_without_positives_are_told():
    assert gold_findings(gold(30, ["a"] * 60), ["a"]) == ()
    assert [item.code for item in gold_findings(gold(19, ["a"] * 60), ["a"])] == ["W110"]
    assert [item.code for item in gold_findings(gold(30, ["a"] * 60), ["a", "b"])] == ["E110"]
    assert [item.code for item in gold_findings(gold(30, ["a"] * 40 + ["b"] * 20), ["a", "b"])] == ["N111"]
    unknown = Gold(("0",), ("growth",), np.ones((1, 1), bool), np.array([np.nan]), ("a",))
    assert [item.code for item in gold_findings(unknown, ["a"])] == ["W110", "W112"]


def test_characters_that_were_lost_before_we_read_are_counted():
    assert damaged_texts(["p1", "p2"], ["whole", "naïve"]) == ()
    (finding,) = damaged_texts([f"p{row}" for row in range(5)], ["whole", *["na\ufffdve"] * 4])
    assert str(finding).startswith(
        "W106 Passages that hold U+FFFD where a character was lost: 4, first p1, p2, p3."
    )
