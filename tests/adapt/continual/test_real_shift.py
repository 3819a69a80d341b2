"""The test of inputs on real speeches: at its level within one period, and sure between the nineties and the last decade."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from headwinds import load_model, tune
from headwinds.adapt.continual.embedding import embed
from headwinds.adapt.continual.permutation import kernel_discrepancy, permutation_test
from headwinds.adapt.tasks.contract import Row
from registry.speeches import make_small, passages

SIDE = 50
RUNS = 200


@pytest.mark.slow
def test_one_period_raises_as_often_as_its_level_and_a_later_one_nearly_always(tmp_path):
    periods = passages()
    early, late = periods["1990-2000"][:200], periods["2012-2022"][:200]
    train = tmp_path / "train.tsv"
    rows = [f"{text}\t{label}" for _, text, label in periods["1990-2000"][200:240]]
    train.write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    checkpoint = make_small(tmp_path / "checkpoint")
    settings = {"checkpoint": checkpoint, "method": "head", "epochs": 1, "quiet": True}
    tune(task="text-classification", train=train, output=tmp_path / "model", **settings)
    model = load_model(tmp_path / "model" / "model")
    examples = model.task.read([Row("x", {"text": text}) for _, text, _ in early + late], labelled=False)
    encoded = model.task.encode(examples, model.tokenizer, max_tokens=model.facts.max_tokens)
    vectors = embed(model, encoded)
    generator = np.random.default_rng(0)
    is_live = np.arange(2 * SIDE) >= SIDE

    def p_value(first, second, run):
        chosen = np.vstack([first, second])
        own = [str(number) for number in range(2 * SIDE)]
        statistic = kernel_discrepancy(chosen)
        return permutation_test(statistic, is_live, own, permutations=199, seed=run, name="x").p_value

    same, apart = [], []
    for run in range(RUNS):
        order = generator.permutation(200)
        same.append(p_value(vectors[:200][order[:SIDE]], vectors[:200][order[SIDE : 2 * SIDE]], run))
        if run < 40:
            other = generator.permutation(200)
            apart.append(p_value(vectors[:200][order[:SIDE]], vectors[200:][other[:SIDE]], run))
    raised = (np.array(same) <= 0.05).sum()
    assert binom.ppf(0.0005, RUNS, 0.05) <= raised <= binom.ppf(0.9995, RUNS, 0.05)
    assert np.mean(np.array(apart) <= 0.05) > 0.8
