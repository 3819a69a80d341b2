"""Few-shot takes as much of its tuning as examples that it did not see speak for, and never less than it started from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from adapt.tiny import TOPICS
from headwinds.adapt.checkpoints import resolve_checkpoint
from headwinds.adapt.methods.tuned_share import SHARES, Trial, choose_share, judging_parts
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import TunedModel, tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.errors import DataError

CLASSES = np.repeat(np.arange(3), 8)
TRUTH = np.eye(3, dtype=bool)[CLASSES]


def taken(good: float) -> np.ndarray:
    """Of 20 draws the share that is taken, where the tuning's end tells the classes apart by `good`, its beginning not."""
    generator = np.random.default_rng(3)
    found = []
    for _ in range(20):
        start, end = generator.normal(size=(24, 6)), generator.normal(size=(24, 6))
        end[:, :3] += good * TRUTH
        line = {share: (1 - share) * start + share * end for share in SHARES}
        vectors = {share: one / np.linalg.norm(one, axis=1, keepdims=True) for share, one in line.items()}
        parts = judging_parts(CLASSES, seed=1)
        trials = [
            Trial(np.flatnonzero(parts != part), np.flatnonzero(parts == part), vectors.__getitem__)
            for part in (0, 1)
        ]
        found.append(choose_share(trials, TRUTH, several=False).share)
    return np.array(found)


def test_a_tuning_that_tells_classes_apart_is_taken():
    assert (taken(3.0) == 1.0).mean() > 0.9


def test_a_tuning_that_gains_nothing_is_seldom_taken():
    assert (taken(0.0) > 0).mean() < 0.4


def chosen(noise: dict[float, float], **options: float) -> np.ndarray:
    """Of 20 draws the share that is taken, where so much noise stands beside what tells the classes apart."""
    generator = np.random.default_rng(7)
    found = []
    for _ in range(20):
        drawn = generator.normal(size=(24, 6))
        vectors = {share: np.hstack([size * drawn, 3.0 * TRUTH]) for share, size in noise.items()}
        parts = judging_parts(CLASSES, seed=1)
        trials = [
            Trial(np.flatnonzero(parts != part), np.flatnonzero(parts == part), vectors.__getitem__)
            for part in (0, 1)
        ]
        found.append(choose_share(trials, TRUTH, several=False, **options).share)
    return np.array(found)


def test_of_shares_that_cannot_be_told_apart_the_largest_is_taken_where_a_part_of_the_examples_judges():
    near = {0.0: 100.0, 0.25: 3.0, 0.5: 1.0, 1.0: 2.0}
    assert (chosen(near) == 1.0).mean() > 0.9
    assert (chosen(near, alike=0.0) == 0.5).mean() > 0.5  # the likeliest


def test_a_share_that_is_clearly_worse_than_the_likeliest_is_not_taken_for_being_larger():
    assert (chosen({0.0: 100.0, 0.25: 3.0, 0.5: 1.0, 1.0: 6.0}) == 0.5).all()


def test_an_example_is_judged_once_and_never_by_what_saw_it():
    generator = np.random.default_rng(5)
    right = []
    for _ in range(20):
        truth = np.eye(2, dtype=bool)[generator.permutation(np.repeat([0, 1], 12))]
        vectors = generator.normal(size=(24, 30))  # wide enough to learn every example by heart
        parts = judging_parts(truth.argmax(axis=1), seed=0)
        made = [
            Trial(
                np.flatnonzero(parts != part),
                np.flatnonzero(parts == part),
                dict.fromkeys(SHARES, vectors).__getitem__,
            )
            for part in (0, 1)
        ]
        found = choose_share(made, truth, several=False)
        assert sorted(found.judged) == list(range(24))
        right.append((found.outputs.argmax(axis=1) == truth[found.judged].argmax(axis=1)).mean())
    assert 0.42 < np.mean(right) < 0.58  # by heart it would be 1


def test_parts_are_halves_and_for_a_few_examples_quarters():
    halves = judging_parts(CLASSES, seed=0)
    assert [np.bincount(halves[name == CLASSES]).tolist() for name in range(3)] == [[4, 4]] * 3
    pairs = np.repeat(np.arange(4), 2)
    quarters = judging_parts(pairs, seed=0)
    assert np.bincount(quarters).tolist() == [2, 2, 2, 2]
    kept = [np.bincount(pairs[quarters != part]).max() for part in range(4)]
    assert kept == [2] * 4  # something to contrast is left whichever part is out


QUESTIONS = {
    "number": ("How many people work in {}?", "What is the yearly cost of {}?"),
    "person": ("Who first wrote about {}?", "Which minister answers for {}?"),
    "place": ("In what city did {} begin?", "Where is {} most common?"),
}
SUBJECTS = ("coal mining", "jazz", "chess", "fishing", "banking", "beekeeping", "cinema", "rowing")


def write(path: Path, *, meaningless: bool = False, subjects: tuple[str, ...] = SUBJECTS) -> Path:
    """Questions whose subjects are alike across the labels: an encoder as it came sees above all the subject."""
    rows = [
        {"text": asked[number % 2].format(subject), "label": name}
        for name, asked in QUESTIONS.items()
        for number, subject in enumerate(subjects)
    ]
    if meaningless:
        names = np.random.default_rng(11).permutation([row["label"] for row in rows])
        rows = [{**row, "label": str(name)} for row, name in zip(rows, names, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tuned(train: Path, output: Path, *, checkpoint: str = "default", **files: Path) -> TunedModel:
    settings = TuneSettings(checkpoint=checkpoint, method="few-shot", epochs=2)
    return tune_files(LabelledFiles(train, **files), settings, output, quiet=True)


def encoder_of(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def test_where_labels_mean_nothing_the_encoder_stays_as_it_came(tiny_checkpoint, tmp_path):
    train = write(tmp_path / "train.jsonl", meaningless=True)
    found = tuned(train, tmp_path / "out", checkpoint=str(tiny_checkpoint))
    chosen = json.loads((found.folder / "history.json").read_text())["chosen"]
    assert chosen["share_of_tuning"] == 0.0
    before, after = encoder_of(tiny_checkpoint), encoder_of(found.folder / "encoder")
    assert all(np.array_equal(value, before[name]) for name, value in after.items())


@pytest.mark.slow
def test_where_labels_are_learnt_the_encoder_moves_and_words_stay(tmp_path):
    train, more = write(tmp_path / "train.jsonl"), ("steel", "poetry", "tea", "sailing")
    test = write(tmp_path / "more.jsonl", subjects=more)
    found = tuned(train, tmp_path / "out", test=test)
    history = json.loads((found.folder / "history.json").read_text())
    assert history["chosen"]["share_of_tuning"] > 0
    assert history["best_validation_score"] > np.log(1 / 3)
    before, after = (
        encoder_of(folder) for folder in (resolve_checkpoint("default").folder, found.folder / "encoder")
    )
    moved = {name for name, value in after.items() if not np.array_equal(value, before[name])}
    assert any(name.startswith("encoder.layer.5") for name in moved)
    assert not any(name.startswith("embeddings") for name in moved)
    assert found.evaluation.metrics["accuracy"].value > 0.9


def test_a_file_for_validation_judges_in_place_of_halves(tiny_checkpoint, tmp_path):
    train, more = write(tmp_path / "train.jsonl"), write(tmp_path / "more.jsonl", subjects=("steel", "tea"))
    found = tuned(train, tmp_path / "out", checkpoint=str(tiny_checkpoint), validation=more)
    history = json.loads((found.folder / "history.json").read_text())
    assert history["chosen"]["share_of_tuning"] in SHARES
    assert len(history["epochs"]) == 1  # tuned once, and judged by the file
    facts = json.loads((found.folder / "model.json").read_text())
    assert (facts["training_examples"], facts["validation_examples"]) == (24, 6)


def test_two_examples_of_two_classes_are_enough_and_one_of_each_is_not(tiny_checkpoint, tmp_path):
    rows = [{"text": text, "label": name} for name in ("driver", "divide") for text in TOPICS[name][:2]]
    (tmp_path / "four.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert tuned(tmp_path / "four.jsonl", tmp_path / "out", checkpoint=str(tiny_checkpoint)).folder.is_dir()
    (tmp_path / "two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[::2]))
    with pytest.raises(DataError, match="one of them with two examples"):
        tuned(tmp_path / "two.jsonl", tmp_path / "none", checkpoint=str(tiny_checkpoint))
