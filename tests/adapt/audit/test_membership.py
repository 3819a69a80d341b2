"""Membership: an overfitted model is found out, one trained a little or privately is not."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from adapt.audit.conftest import write_rows
from headwinds.adapt.audit import AuditSettings, audit_model
from headwinds.adapt.audit.membership import _shadows, attack_intervals, epsilon_lower_bound
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import DataError

TOPICS = (
    "peace trade water school energy law",
    "health road river island music",
    "winter garden market bridge cloud",
)
WORDS = " ".join(TOPICS).split()


def arbitrary_rows(count: int, *, seed: int) -> list[dict[str, str]]:
    """Texts of arbitrary words, every second of one label: there is nothing to learn but the rows themselves."""
    generator = np.random.default_rng(seed)
    return [
        {"text": " ".join(generator.choice(WORDS, size=8)), "label": ("yes", "no")[number % 2]}
        for number in range(count)
    ]


def attacked(folder, checkpoint, **settings):
    """Train to the last epoch (the training rows validate too), and attack."""
    train = write_rows(folder / "train.csv", arbitrary_rows(120, seed=11))
    others = write_rows(folder / "others.csv", arbitrary_rows(120, seed=12))
    chosen = TuneSettings(
        **{
            "checkpoint": str(checkpoint), "epochs": 60, "patience": 60, "learning_rate": 3e-3, "head_learning_rate": 1e-2,
            "batch_tokens": 256, "precision": "float32", "average_decay": 0.0, "head_dropout": 0.0, **settings,
        }
    )  # fmt: skip
    files = LabelledFiles(train, validation=train)
    model = load_model(tune_files(files, chosen, folder / "run", quiet=True).folder)
    return audit_model(model, others, AuditSettings(parts=("membership",), train=train)).membership


def test_an_overfitted_model_is_found_out(tmp_path, audit_checkpoint):
    found = attacked(tmp_path, audit_checkpoint)
    assert found.leaks
    assert max(one.auc.lower for one in found.attacks) > 0.7
    assert found.verdict.startswith("its answers tell")


def test_one_epoch_is_not_found_out(tmp_path, audit_checkpoint):
    found = attacked(tmp_path, audit_checkpoint, epochs=1, learning_rate=3e-4, head_learning_rate=1e-3)
    assert not found.leaks, found
    assert all(one.auc.lower < 0.5 < one.auc.upper + 0.02 for one in found.attacks)


def test_a_privately_trained_head_is_not_found_out(tmp_path, audit_checkpoint):
    found = attacked(
        tmp_path, audit_checkpoint, method="head", private_epsilon=1.0, private_delta=1e-3, epochs=30,
        private_reproducible=True,
    )  # fmt: skip
    assert not found.leaks


def test_scores_without_a_difference_are_found_out_as_rarely_as_said():
    generator = np.random.default_rng(3)
    found = [attack_intervals(generator.normal(size=100), generator.normal(size=120)) for _ in range(1500)]
    by_area = sum(area.lower > 0.5 for area, _, _ in found) / 1500
    by_share = sum(chance < 0.0125 for _, _, chance in found) / 1500
    assert 0.004 < by_area < 0.021  # 1.25% is one side of an interval of 97.5%
    assert 0.001 < by_share < 0.021  # counts are whole numbers, so that less may be reached


def test_the_share_found_is_not_given_where_one_in_a_hundred_is_less_than_one():
    generator = np.random.default_rng(3)
    _, few, _ = attack_intervals(generator.normal(size=60), generator.normal(size=60))
    _, enough, chance = attack_intervals(generator.normal(size=60), generator.normal(size=100))
    assert np.isnan(few.value)
    assert chance > 0.0125
    assert 0 <= enough.lower <= enough.value <= enough.upper


def test_files_that_hold_the_same_texts_are_refused(single_model, single_folder):
    train = single_folder / "train.csv"
    with pytest.raises(DataError, match="stand both in training"):
        audit_model(single_model, train, AuditSettings(parts=("membership",), train=train))


def test_rows_that_stand_in_training_too_are_left_out_and_said(single_model, single_folder, tmp_path):
    train = single_folder / "train.csv"
    read = csv.DictReader(train.read_text(encoding="utf-8").splitlines())
    rows = [{name: row[name] for name in ("text", "label")} for row in read]
    strange = [{**row, "text": f"{row['text']} number {n}"} for n, row in enumerate(rows)]
    both = write_rows(tmp_path / "both.csv", [*strange, *rows[:7]])
    settings = AuditSettings(parts=("membership",), train=train)
    report = audit_model(single_model, both, settings)
    assert report.membership.others == len(strange)
    assert "too: 7;" in next(one.sentence for one in report.findings if one.code == "W273")
    alone = audit_model(single_model, write_rows(tmp_path / "alone.csv", strange), settings)
    assert alone.membership == report.membership
    assert "W273" not in {one.code for one in alone.findings}


@pytest.mark.parametrize("words", ["发展是各国的共同目标", "word", "..."])
def test_texts_without_spaces_or_without_words_are_attacked_too(words):
    texts = [f"{words}{'，。'[number % 2] * number}" for number in range(24)]
    truth = np.eye(2, dtype=bool)[np.arange(24) % 2]
    mean, spread = _shadows(texts, truth, False, seed=0)
    assert np.isfinite(mean).all()
    assert (spread > 0).all()


def test_scores_that_are_all_the_same_tell_nothing_and_claim_nothing():
    area, _, _ = attack_intervals(np.full(20, 0.5), np.full(30, 0.5))
    assert (area.value, area.lower, area.upper) == (0.5, 0.0, 1.0)
    below, _, _ = attack_intervals(np.arange(20.0), np.arange(30.0) + 100)
    assert (below.value, below.lower) == (0.0, 0.0)
    assert 0.1 < below.upper < 0.25


def test_texts_that_are_all_told_apart_have_an_interval_too():
    area, _, _ = attack_intervals(np.arange(20.0) + 100, np.arange(30.0))
    assert (area.value, area.upper) == (1.0, 1.0)
    assert 0.75 < area.lower < 0.9


def test_the_lower_bound_of_epsilon_is_that_of_its_definition():
    assert epsilon_lower_bound(50, 100, 50, 100, delta=1e-5) == 0
    assert epsilon_lower_bound(1000, 1000, 0, 1000, delta=0) == pytest.approx(
        np.log((0.025 ** (1 / 1000)) / (1 - 0.025 ** (1 / 1000))), rel=1e-9
    )
