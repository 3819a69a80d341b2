"""Two small fitted models of one task, really tuned: one that learnt, one that hardly did; and files to test them on."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from adapt.tiny import FILLER, TOPICS, make_checkpoint

TASK = "text-classification"


@dataclass(frozen=True)
class Fitted:
    folder: Path

    @property
    def good(self) -> Path:
        return self.folder / "good"

    @property
    def better(self) -> Path:
        return self.folder / "better"

    @property
    def poor(self) -> Path:
        return self.folder / "poor"

    @property
    def other_labels(self) -> Path:
        return self.folder / "other"

    @property
    def test(self) -> Path:
        return self.folder / "test.csv"


def write_rows(path: Path, count: int, seed: int, topics=TOPICS) -> None:
    generator = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "region"])
        for number in range(count):
            label = sorted(topics)[number % len(topics)]
            text = f"{generator.choice(FILLER)}. {generator.choice(topics[label])}"
            writer.writerow([text, label, ("north", "south")[number // 7 % 2]])


def make_fitted(folder: Path) -> Fitted:
    """`good` and `better` know the labels; `poor` was hardly fitted; `other` has one label of its own."""
    from headwinds import tune

    checkpoint = make_checkpoint(folder / "checkpoint")
    write_rows(folder / "train.csv", 90, 1)
    write_rows(folder / "test.csv", 80, 2)
    write_rows(folder / "other.csv", 60, 3, {"driver": TOPICS["driver"], "tax": TOPICS["divide"]})
    common = {"task": TASK, "checkpoint": str(checkpoint), "quiet": True, "batch_tokens": 256}
    for name, epochs, rate, train, seed in (
        ("good", 8, 0.003, "train.csv", 0),
        ("better", 8, 0.003, "train.csv", 1),
        ("poor", 1, 1e-7, "train.csv", 2),
        ("other", 1, 0.005, "other.csv", 0),
    ):
        test = {"test": folder / "test.csv"} if train == "train.csv" else {}
        given = {**common, "learning_rate": rate, "head_learning_rate": rate * 7}
        tune(train=folder / train, output=folder / name, epochs=epochs, seed=seed, **test, **given)
    return Fitted(folder)
