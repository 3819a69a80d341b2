"""Tiny fitted classifiers: of any number of labels, and of one label of three."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from adapt.tiny import FILLER, TOPICS, make_checkpoint
from headwinds.adapt.fitted_model import FittedModel, load_model
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles

REGIONS = ("Africa", "Asia", "Europe")


def write_rows(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def make_rows(count: int, *, seed: int, several: bool) -> list[dict[str, str]]:
    """Texts of one topic each, or of any number, by speakers of three regions."""
    generator = np.random.default_rng(seed)
    names, rows = list(TOPICS), []
    for number in range(count):
        given = generator.random(3) < 0.4 if several else np.arange(3) == generator.integers(3)
        sentences = [str(generator.choice(FILLER))]
        sentences += [str(generator.choice(TOPICS[n])) for n, has in zip(names, given, strict=True) if has]
        who = str(generator.choice(["he thanks France", "she thanks Kenya", "they thank Japan"]))
        labels = ";".join(n for n, has in zip(names, given, strict=True) if has)
        rows.append(
            {
                "id": f"r{seed}-{number}",
                "text": ". ".join([who, *sentences]),
                "labels" if several else "label": labels,
                "region": REGIONS[int(generator.integers(3))],
                "speech": f"s{number // 3}",
            }
        )
    return rows


def fit(folder: Path, checkpoint: Path, *, several: bool, **settings: object) -> FittedModel:
    train = write_rows(folder / "train.csv", make_rows(150, seed=1, several=several))
    chosen = TuneSettings(
        **{
            "checkpoint": str(checkpoint),
            "epochs": 14,
            "patience": 25,
            "learning_rate": 3e-3,
            "head_learning_rate": 1e-2,
            "batch_tokens": 256,
            "precision": "float32",
            **settings,
        }
    )
    return load_model(tune_files(LabelledFiles(train), chosen, folder / "run", quiet=True).folder)


@pytest.fixture(scope="session")
def audit_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), positions=64)


@pytest.fixture(scope="session")
def several_model(tmp_path_factory: pytest.TempPathFactory, audit_checkpoint: Path) -> FittedModel:
    return fit(tmp_path_factory.mktemp("several"), audit_checkpoint, several=True)


@pytest.fixture(scope="session")
def single_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("single")


@pytest.fixture(scope="session")
def single_model(single_folder: Path, audit_checkpoint: Path) -> FittedModel:
    return fit(single_folder, audit_checkpoint, several=False, pooling="mean")


NAMES = ("anna", "mark", "rose", "hope", "bill", "grace", "miles", "summer")


@pytest.fixture(scope="session")
def names_model(tmp_path_factory: pytest.TempPathFactory, audit_checkpoint: Path) -> FittedModel:
    """Learnt where names have capitals: the same words without are none."""
    folder = tmp_path_factory.mktemp("names")
    generator = np.random.default_rng(5)
    rows = []
    for _ in range(240):
        first, other = (str(one) for one in generator.choice(NAMES, 2))
        before = str(generator.choice(["we met", "they wrote to", "a letter of", "here is"]))
        after = str(generator.choice(["about the", "and saw the", "for the"]))
        start = len(before) + 1
        text = f"{before} {first.capitalize()} {after} {other}"
        rows.append({"text": text, "spans": [{"start": start, "end": start + len(first), "label": "PER"}]})
    train = folder / "train.jsonl"
    train.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    chosen = TuneSettings(
        task="named-entity-recognition",
        checkpoint=str(audit_checkpoint),
        epochs=6,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        batch_tokens=256,
        precision="float32",
    )
    return load_model(tune_files(LabelledFiles(train), chosen, folder / "run", quiet=True).folder)
