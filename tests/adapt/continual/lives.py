"""A small model that knows two labels, and files of a later time: two new labels, or the old ones in other words."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from adapt.tiny import FILLER, make_checkpoint
from headwinds import tune

OLD = {
    "driver": ["technology raises growth", "innovation lifts incomes", "science brings prosperity"],
    "divide": ["the digital divide grows", "poor regions lack networks", "access stays unequal"],
}
NEW = {
    "security": ["cyber attacks threaten data", "privacy must be protected", "hackers steal information"],
    "tax": ["the tax rises again", "duties are levied on trade", "revenue falls short"],
}
LATER = {
    "driver": ["machines learn and firms earn", "engineers build faster trains", "robots help the harvest"],
    "divide": ["villages wait for a signal", "the old cannot read screens", "cables end at the capital"],
}
RATES = {"learning_rate": 0.003, "head_learning_rate": 0.02, "batch_tokens": 256}


@dataclass(frozen=True)
class Life:
    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.csv"


def write_topics(
    path: Path, count: int, seed: int, topics: dict[str, list[str]], column: str = "label"
) -> Path:
    generator = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", column, "document"])
        for number in range(count):
            label = sorted(topics)[number % len(topics)]
            text = f"{generator.choice(FILLER)}. {generator.choice(topics[label])} in {1900 + generator.randrange(99)}"
            writer.writerow([f"{path.stem}-{number}", text, label, f"d{number // 2}"])
    return path


def make_life(folder: Path) -> Life:
    checkpoint = make_checkpoint(folder / "checkpoint")
    life = Life(folder)
    for name, count, seed, topics in (
        ("old", 80, 1, OLD),
        ("old-test", 60, 2, OLD),
        ("new", 60, 3, NEW),
        ("new-test", 60, 4, NEW),
        ("later", 80, 5, LATER),
        ("later-test", 60, 6, LATER),
        ("same", 60, 7, OLD),
    ):
        write_topics(life.file(name), count, seed, topics)
    tune(
        task="text-classification",
        train=life.file("old"),
        output=life.model,
        checkpoint=str(checkpoint),
        epochs=8,
        quiet=True,
        **RATES,
    )
    return life
