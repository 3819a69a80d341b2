"""BLEU and chrF of weighted sets are those of sacrebleu on the sets written out."""

from __future__ import annotations

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from headwinds.adapt.evaluation.diversity import distinct
from headwinds.adapt.evaluation.translation import (
    bleu,
    bleu_counts,
    chrf,
    chrf_counts,
    suitable_tokenizer,
)

WORDS = [
    "der",
    "die",
    "das",
    "Mann",
    "Frau",
    "Hund",
    "geht",
    "läuft",
    "im",
    "Park,",
    "am",
    "Abend.",
    "schnell",
    "!",
]


def made(seed: int, count: int = 30) -> tuple[list[str], list[tuple[str, ...]]]:
    generator = np.random.default_rng(seed)

    def text(least: int) -> str:
        return " ".join(generator.choice(WORDS, generator.integers(least, 12)))

    references = [tuple(text(1) for _ in range(generator.integers(1, 3))) for _ in range(count)]
    texts = [
        own[0] if generator.random() < 0.3 else " ".join(own[0].split()[:4] + text(0).split())
        for own in references
    ]
    return texts, references


@pytest.mark.parametrize("seed", range(4))
def test_weighted_scores_are_those_of_the_set_written_out(seed: int) -> None:
    texts, references = made(seed)
    weights = np.random.default_rng(seed).integers(0, 3, (5, len(texts))).astype(float)
    ours = (
        bleu(bleu_counts(texts, references, tokenizer="13a"), weights),
        chrf(chrf_counts(texts, references), weights),
    )
    for number, weight in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(len(texts)), weight)
        streams = [[references[row][0] for row in rows], [(references[row] + (None,))[1] for row in rows]]
        hypotheses = [texts[row] for row in rows]
        assert ours[0][number] == pytest.approx(BLEU().corpus_score(hypotheses, streams).score, abs=1e-9)
        assert ours[1][number] == pytest.approx(CHRF().corpus_score(hypotheses, streams).score, abs=1e-9)


@pytest.mark.parametrize(
    "texts", [["ein", "zwei"], ["", ""], ["der Mann geht", "x"], ["der Mann geht heute", "der"]]
)
def test_short_and_empty_texts_score_as_with_the_package(texts: list[str]) -> None:
    references = [("der Mann geht im Park",), ("eine Frau läuft",)]
    streams = [[own[0] for own in references]]
    one = np.ones((1, 2))
    assert bleu(bleu_counts(texts, references, tokenizer="13a"), one)[0] == pytest.approx(
        BLEU().corpus_score(texts, streams).score, abs=1e-9
    )
    assert chrf(chrf_counts(texts, references), one)[0] == pytest.approx(
        CHRF().corpus_score(texts, streams).score, abs=1e-9
    )


def test_chinese_is_cut_into_characters() -> None:
    assert suitable_tokenizer([("增长很强",)]) == "zh"
    assert suitable_tokenizer([("経済はのびている",)]) == "char"
    assert suitable_tokenizer([("Das Wachstum ist stark",), ("Growth in 中国",)]) == "13a"


def test_distinct_counts_different_words_and_is_silent_on_draws() -> None:
    texts = ["a b a", "a c"]
    found = distinct(texts, np.array([[1.0, 1.0], [1.0, 0.0], [2.0, 0.0]]), 1)
    assert found[:2] == pytest.approx([3 / 5, 2 / 3])
    assert np.isnan(found[2])
    assert distinct(texts, np.ones((1, 2)), 2)[0] == pytest.approx(1.0)
