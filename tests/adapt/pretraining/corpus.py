"""A small language in which the words around a gap tell what stands there, and what is written in it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from headwinds.adapt.pretraining.settings import PretrainSettings

SUBJECTS = {
    "innovation": ("raises", "growth"),
    "access": ("narrows", "divide"),
    "privacy": ("limits", "sharing"),
    "training": ("builds", "skills"),
    "capital": ("funds", "machines"),
    "policy": ("guides", "reform"),
}
PLACES = ("north", "south", "east", "west")
CHINESE = ("技术推动经济增长。", "数字鸿沟正在扩大。", "我们必须保护数据安全。", "创新提高生产率。")


def sentences(number: int = 400, seed: int = 3) -> list[str]:
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        parts = []
        for _ in range(int(generator.integers(1, 4))):
            subject = str(generator.choice(list(SUBJECTS)))
            verb, thing = SUBJECTS[subject]
            parts.append(f"in the {generator.choice(PLACES)} {subject} {verb} {thing}")
        found.append(" and ".join(parts) + " .")
    return found


def write_lines(folder: Path, number: int = 400) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "text.jsonl"
    lines = [
        json.dumps({"text": f"{text} {place}"}) for place, text in enumerate(sentences(number))
    ]  # the number keeps every document its own
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def small(**changes: object) -> PretrainSettings:
    values: dict[str, object] = {
        "architecture": "bert-tiny",
        "layers": 2,
        "width": 64,
        "vocabulary": 300,
        "sequence_tokens": 32,
        "batch_tokens": 512,
        "learning_rate": 4e-3,
        "held_out_share": 0.1,
        "tokens": 20 * 512,
        "precision": "float32",
        **changes,
    }
    return PretrainSettings(**values)  # type: ignore[arg-type]
