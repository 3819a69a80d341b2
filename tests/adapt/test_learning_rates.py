"""The rates that a method takes where none is set, and those that it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapt.test_every_task import tuned
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.methods.registry import METHODS, get_method
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", METHODS)
def test_every_method_puts_in_the_rates_that_are_not_set_and_keeps_those_that_are(name):
    method = get_method(name)
    own = method.settings(TuneSettings(method=name), layers=2)
    assert own.learning_rate > 0
    assert own.head_learning_rate > 0
    told = method.settings(TuneSettings(method=name, learning_rate=2e-5, head_learning_rate=7e-5), layers=2)
    assert (told.learning_rate, told.head_learning_rate) == (2e-5, 7e-5)


def test_a_head_beside_a_frozen_encoder_takes_larger_steps_than_one_beside_an_encoder_that_learns():
    rates = {
        name: get_method(name).settings(TuneSettings(method=name), layers=2).head_learning_rate
        for name in ("full", "head", "lora", "ia3")
    }
    assert rates["full"] < rates["head"] == rates["lora"] == rates["ia3"]


def test_the_rate_of_a_head_that_learns_alone_may_be_called_by_either_name(tiny_checkpoint, tmp_path):
    def weights(**rates):
        folder = tmp_path / "-".join(["own", *rates])
        found, _ = tuned("text-classification", tiny_checkpoint, folder, method="head", epochs=2, **rates)
        return load_model(found.folder).network.head.weight.detach()

    told = weights(learning_rate=0.05)
    assert not told.equal(weights())
    assert told.equal(weights(head_learning_rate=0.05))


def test_a_head_is_done_within_the_default_epochs(tmp_path):
    """It tells 38 of the 40 intents right; at a tenth of its rate, which was the default once, 31."""
    files = LabelledFiles(EXAMPLES / "intents-train.csv", test=EXAMPLES / "intents-test.csv")
    found = tune_files(files, TuneSettings(method="head"), tmp_path / "head", quiet=True)
    assert found.evaluation.metrics["accuracy"].value >= 0.9
