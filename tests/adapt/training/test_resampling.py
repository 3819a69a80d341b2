"""Balanced resampling: each class as often as any other in every epoch, and no row forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from headwinds.adapt.encoding import EncodedTexts
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tasks.losses import ClassTargets
from headwinds.adapt.training.loop import TrainingData, plan_epochs
from headwinds.adapt.training.resampling import class_of_rows, classes_to_draw, draw_balanced
from headwinds.errors import SettingsError

CLASSES = np.repeat([0, 1, 2], [70, 25, 5])
ROWS = np.arange(300, 400)  # numbers among all examples
EPOCHS = 12


def counts_of(drawn):
    return np.bincount(CLASSES[drawn - 300], minlength=3)


def test_each_epoch_has_as_many_rows_as_before_and_of_each_class_the_same():
    for drawn in draw_balanced(CLASSES, ROWS, epochs=EPOCHS, seed=3):
        assert len(drawn) == 100
        assert sorted(counts_of(drawn)) == [33, 33, 34]
    total = sum(counts_of(drawn) for drawn in draw_balanced(CLASSES, ROWS, epochs=EPOCHS, seed=3))
    assert total.tolist() == [400, 400, 400]  # who has one more takes turns


def test_rows_are_drawn_without_replacement_as_far_as_that_goes():
    plans = draw_balanced(CLASSES, ROWS, epochs=EPOCHS, seed=3)
    for drawn in plans:
        each = np.bincount(drawn - 300, minlength=100)
        assert each[CLASSES == 0].max() == 1
        for name in (1, 2):
            assert np.ptp(each[name == CLASSES]) <= 1
    over_all = np.bincount(np.concatenate(plans) - 300, minlength=100)
    for name in range(3):
        assert np.ptp(over_all[name == CLASSES]) <= 1
    assert set(np.concatenate(plans[:3])) == set(ROWS)  # 70 rows of the common class, 33 an epoch


def test_the_same_seed_draws_the_same_and_every_epoch_draws_anew():
    ours, again = (draw_balanced(CLASSES, ROWS, epochs=3, seed=3) for _ in range(2))
    longer = draw_balanced(CLASSES, ROWS, epochs=5, seed=3)
    for one, other, third in zip(ours, again, longer, strict=False):
        assert one.tolist() == other.tolist() == third.tolist()
    assert set(ours[0]) != set(ours[1])
    assert set(ours[0]) != set(draw_balanced(CLASSES, ROWS, epochs=1, seed=4)[0])


def test_a_row_with_several_labels_counts_as_its_rarest():
    truth = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]])
    # Label 0 stands on four rows, labels 1 and 2 on three each: of these the first.
    assert class_of_rows(truth).tolist() == [0, 1, 2, 1, 1, 3]
    assert class_of_rows(np.array([2, 0, 2])).tolist() == [2, 0, 2]


def test_the_plan_of_the_training_is_balanced_only_where_it_is_asked_for():
    truth = torch.zeros(400, dtype=torch.int64)
    truth[torch.from_numpy(ROWS)] = torch.from_numpy(CLASSES)
    truth[:300] = 7  # a class that only validation has is none to draw
    targets = ClassTargets(truth, None, 0.0)
    windows = [np.ones(3 + number % 5, dtype=np.int32) for number in range(400)]
    encoded = EncodedTexts(windows, np.arange(401), np.full(400, 3))
    for resampling in ("none", "balanced"):
        chosen = TuneSettings(resampling=resampling, epochs=3, batch_tokens=64)
        classes = classes_to_draw(targets, ROWS, chosen)
        data = TrainingData(encoded, lambda *_: None, ROWS, 0, (), classes=classes)  # type: ignore[arg-type, return-value]
        for plan in plan_epochs(data, chosen):
            drawn = np.concatenate(plan)
            assert len(drawn) == len(ROWS)
            if resampling == "none":
                assert sorted(drawn) == list(ROWS)
            else:
                assert np.ptp(counts_of(drawn)) <= 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"class_weights": "balanced"}, "class_weights = 'balanced': rare classes would count twice"),
        ({"task": "named-entity-recognition"}, "those of named-entity-recognition have none"),
        ({"task": "translation"}, "those of translation have none"),
        ({"method": "few-shot"}, "method 'few-shot' as it is set draws no epochs"),
        ({"method": "zero-shot"}, "method 'zero-shot' as it is set draws no epochs"),
        ({"method": "in-context"}, "method 'in-context' as it is set draws no epochs"),
        ({"method": "cloze", "learn_from_labels": False}, "method 'cloze' as it is set draws no epochs"),
        ({"method": "head", "private_epsilon": 1.0}, "expected 'none' with private_epsilon = 1"),
    ],
)
def test_what_has_no_classes_or_no_epochs_is_refused_in_one_line(changes, said):
    settings = replace(TuneSettings(), **changes)
    with pytest.raises(SettingsError, match=said) as refused:
        replace(settings, resampling="balanced")
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("resampling = 'balanced'")


@pytest.mark.parametrize(
    "asked", [{"class_weights": "balanced"}, {"focal_gamma": 2.0}, {"calibration": "isotonic"}]
)
def test_what_needs_classes_is_refused_where_rows_have_none(asked):
    with pytest.raises(SettingsError, match="needs rows with a class, and those of translation have none"):
        TuneSettings(task="translation", **asked)
