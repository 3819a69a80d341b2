"""Small studies whose answers are grades or classes, with what is true of every passage."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

PHRASES = {
    "0": ("the fleet is idle", "mills stand still", "nothing was built"),
    "1": ("a small workshop opened", "one bridge was mended", "few repairs began"),
    "2": ("many roads were paved", "several harbours grew", "more schools opened"),
    "3": ("every city boomed", "all factories doubled output", "the whole nation prospered"),
}
CLASSES = ("idle", "slow", "steady", "booming")
FILLER = ("we thank the president", "peace is our aim", "the assembly meets again", "our delegation listens")
YEARS = (2018, 2019, 2020)
SHARES = {2018: (0.5, 0.2, 0.2, 0.1), 2019: (0.3, 0.3, 0.2, 0.2), 2020: (0.1, 0.2, 0.3, 0.4)}
PASSAGES, LABELLED = 360, 180

STUDY = """
[study]
title = "How lively is the economy?"
question = "How lively do speakers say that their economy is, by year?"
limits = ["The documents are made up."]

[corpus]
path = "documents.csv"
keys = ["year"]

[codebook]
path = "codebook.md"
kind = "{kind}"

[gold]
path = "gold.jsonl"

[tune]
checkpoint = "{checkpoint}"
task = "{task}"
epochs = 16
folds = 2
batch_tokens = 256
learning_rate = 3e-3
head_learning_rate = 1e-2
average_decay = 0.0

[measure]
by = [["year"], []]
"""


def write_study(
    folder: Path, checkpoint: Path, *, kind: str, task: str = "ordinal-classification", seed: int = 1
) -> np.ndarray:
    """Write the study's files; returns the grade of every passage, in the order of the corpus."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    rows, truth = [], []
    for number in range(PASSAGES):
        year = YEARS[number % 3]
        grade = int(generator.choice(4, p=SHARES[year]))
        # One in six speaks as another grade would: no model can be right about it.
        said = grade if generator.random() > 1 / 6 else int(generator.integers(4))
        words = [generator.choice(FILLER), generator.choice(PHRASES[str(said)]), generator.choice(FILLER)]
        rows.append((f"p{number:03}", f"d{number // 6:02}-{year}", year, ", ".join(map(str, words))))
        truth.append(grade)
    with open(folder / "documents.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("passage_id", "document_id", "year", "text"), *rows])
    drawn = np.sort(generator.permutation(PASSAGES)[:LABELLED])
    gold = [
        {
            "passage_id": rows[row][0],
            **({"grades": {"boom": truth[row]}} if kind == "graded" else {"label": CLASSES[truth[row]]}),
            "inclusion_probability": LABELLED / PASSAGES,
        }
        for row in drawn.tolist()
    ]
    (folder / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in gold), encoding="utf-8")
    names = ("boom",) if kind == "graded" else CLASSES
    table = "".join(f"| {name} | the passage calls the economy {name} | |\n" for name in names)
    (folder / "codebook.md").write_text(f"| label | give it when | not when |\n| --- | --- | --- |\n{table}")
    (folder / "study.toml").write_text(STUDY.format(kind=kind, task=task, checkpoint=checkpoint))
    return np.array(truth)
