"""Two processes train the model of one: the same gradient, ordinary files, exact resume, one line if one is gone."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from adapt.built import built
from adapt.test_every_task import FROM_SCRATCH
from adapt.tiny import make_checkpoint
from headwinds.adapt.fitted_model import load_model
from headwinds.adapt.fold import LabelledTexts, fit_fold, plan_folds
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.settings_rules import OF_CLASSES
from headwinds.adapt.tasks.losses import balanced
from headwinds.adapt.tasks.registry import TASKS
from headwinds.adapt.training import launching
from headwinds.adapt.training.loop import TrainingData, _parts
from headwinds.adapt.training.together import Seat, Together
from headwinds.artifacts.fingerprint import file_digest
from headwinds.artifacts.interruption import graceful_stop
from headwinds.errors import Interrupted, SettingsError, TrainingError

COMPARING = "sentence-similarity"


def settings(checkpoint: Path, **changes: object) -> TuneSettings:
    base = TuneSettings(
        checkpoint=str(checkpoint),
        epochs=4,
        patience=4,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        folds=3,
        batch_tokens=512,
        precision="float32",
        head_dropout=0.3,
        encoder_dropout=0.1,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fit(imported, tiny_checkpoint: Path, labelled: LabelledTexts, tmp_path_factory: pytest.TempPathFactory):
    """Fit a fold by settings; the same `name` goes on from the same state. Of several processes, `cold` ones start anew."""
    folder = tmp_path_factory.mktemp("processes")

    def run(name: str, *arguments, cold: bool = False, **given: object) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            if not cold:
                patch.setattr(launching.multiprocessing, "get_context", lambda _: imported)
            return fitted(name, *arguments, **given)

    def fitted(name: str, after_epoch=None, again: int = 0, **changes: object) -> Path:
        chosen = settings(tiny_checkpoint, **changes)
        rows = plan_folds(labelled, chosen)[0]
        output = folder / f"{name}-{again}"
        if after_epoch is None:
            fit_fold(labelled, rows, chosen, output, folder / f"{name}-scratch", quiet=True)
            return output
        from headwinds.adapt.fitting import FittingData, fit_model
        from headwinds.adapt.fold import data_digest, examples_of
        from headwinds.adapt.tasks.registry import get_task

        data = FittingData(
            examples_of(labelled),
            labelled.label_names,
            rows.training,
            rows.validation,
            data_digest(labelled),
        )
        fit_model(
            get_task(chosen.task),
            data,
            chosen,
            output,
            folder / f"{name}-scratch",
            quiet=True,
            seeds=(rows.number,),
            after_epoch=after_epoch,
        )
        return output

    return run


@pytest.fixture(scope="module")
def straight(fit) -> Path:
    """Two processes with dropout, never interrupted, started as a user's are."""
    return fit("straight", processes=2, cold=True)


@pytest.fixture(scope="module")
def sharded(fit) -> Path:
    """The same with parameters cut in two."""
    return fit("sharded", processes=2, sharding="full")


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): file_digest(path) for path in folder.rglob("*") if path.is_file()}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.relative_to(folder)}/{name}": value
        for path in sorted(folder.rglob("*.safetensors"))
        for name, value in load_file(path).items()
    }


def largest_difference(one: Path, other: Path) -> float:
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def losses(folder: Path) -> list[float]:
    return [epoch["loss"] for epoch in json.loads((folder / "history.json").read_text())["epochs"]]


class _Counted(Together):
    """A seat whose neighbours' units are known without them."""

    units = 0.0

    def sum(self, values):
        return [self.units]


@pytest.fixture(scope="module")
def roomy_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"), positions=512)


@pytest.mark.parametrize("name", [name for name in TASKS if name != COMPARING])
def test_the_gradients_of_three_processes_add_up_to_that_of_the_whole_batch(
    name: str, roomy_checkpoint: Path, tmp_path: Path
) -> None:
    chosen = TuneSettings(
        task=name,
        checkpoint=FROM_SCRATCH.get(name, str(roomy_checkpoint)),
        batch_tokens=10**6,
        head_dropout=0.0,
        class_weights="balanced" if name in OF_CLASSES else "none",
        label_smoothing=0.1,
    )
    made = built(chosen, tmp_path / "new")
    targets = made.task.targets(made.examples, made.encoded, made.labels, chosen)
    targets = balanced(targets, made.rows, len(made.labels), chosen)
    data = TrainingData(
        made.encoded,
        lambda outputs, batch: made.task.loss(outputs, batch, targets),
        made.rows,
        made.padding_id,
        made.examples.ids,
        lambda batch: made.task.loss_units(batch, targets),
    )
    rows = made.rows[:19]  # three cannot share them evenly
    seats = [_Counted(Seat(number, 3, tmp_path / "meeting", "cpu", 1, "none"), print) for number in range(3)]
    assert sorted(np.concatenate([seat.own_rows(rows) for seat in seats])) == list(rows)
    _Counted.units = 1.0
    _Counted.units = sum(unit for seat in seats for _, unit in _parts(data, rows, chosen, seat))
    gradients = []
    for parts in (
        _parts(data, rows, chosen),
        [part for seat in seats for part in _parts(data, rows, chosen, seat)],
    ):
        assert sum(share for _, share in parts) == pytest.approx(1)
        made.network.train()
        made.network.zero_grad()
        for batch, share in parts:
            (made.task.loss(made.network(batch), batch, targets) * share).backward()
        gradients.append(
            {key: one.grad.clone() for key, one in made.network.named_parameters() if one.grad is not None}
        )
    whole, summed = gradients
    largest = max(float(value.abs().max()) for value in whole.values())
    for key, value in whole.items():
        assert torch.allclose(value, summed[key], rtol=1e-3, atol=1e-5 * largest), key


def test_two_processes_end_with_the_weights_of_one(fit) -> None:
    plain = {"head_dropout": 0.0, "encoder_dropout": 0.0}
    one, two = fit("one", **plain), fit("two", processes=2, **plain)
    assert 0 < largest_difference(one, two) < 1e-5
    assert losses(two) == pytest.approx(losses(one), abs=1e-6)
    assert largest_difference(one, fit("another seed", seed=1, **plain)) > 1e-3
    assert sorted(path.name for path in two.rglob("*")) == sorted(path.name for path in one.rglob("*"))
    assert load_model(two).facts.labels == load_model(one).facts.labels


def test_two_processes_draw_the_same_rows_of_rare_classes(fit) -> None:
    drawn = {"head_dropout": 0.0, "encoder_dropout": 0.0, "epochs": 1, "resampling": "balanced"}
    one, two = fit("one drawn", **drawn), fit("two drawn", processes=2, **drawn)
    assert 0 < largest_difference(one, two) < 1e-5
    assert losses(two) == pytest.approx(losses(one), abs=1e-6)
    assert largest_difference(one, fit("one not drawn", **{**drawn, "resampling": "none"})) > 1e-3


def test_sharded_weights_are_the_same_and_saved_whole(sharded: Path, straight: Path) -> None:
    """By the same draws of dropout, which are of the seed, the step and the process."""
    assert largest_difference(straight, sharded) < 1e-5
    assert losses(sharded) == pytest.approx(losses(straight), abs=1e-6)
    load_model(sharded)


def test_a_killed_process_ends_all_with_one_line_and_the_run_ends_with_the_same_bytes(
    fit, straight: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed_at = []

    def kill_one(record: object) -> None:
        if not killed_at:
            killed_at.append(time.monotonic())
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"Process [12] of the 2 .* ended by SIGKILL.*to go on"):
        fit("killed", kill_one, processes=2)
    assert time.monotonic() - killed_at[0] < 10
    assert not multiprocessing.active_children()
    told = capfd.readouterr()
    assert not told.out + told.err
    epochs: list[int] = []
    found = fit("killed", lambda record: epochs.append(record.epoch), again=1, processes=2)
    assert epochs == [1, 2, 3, 4]
    assert digests(found) == digests(straight)


def test_a_signal_stops_sharded_processes_where_they_can_go_on(fit, sharded: Path) -> None:
    def stop(record: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    with graceful_stop(), pytest.raises(Interrupted) as stopped:
        fit("stopped", stop, processes=2, sharding="full")
    assert stopped.value.exit_code == 143
    assert digests(fit("stopped", again=1, processes=2, sharding="full")) == digests(sharded)


def test_a_process_ends_when_the_one_that_started_it_is_gone(imported, tmp_path: Path) -> None:
    ours, theirs = imported.Pipe()
    seat = Seat(0, 2, tmp_path / "meeting", "cpu", 1, "none")  # the other one never comes
    process = imported.Process(target=launching.take_seat, args=(seat, print, theirs), daemon=True)
    with launching._without_main():
        process.start()
    theirs.close()
    while not (tmp_path / "meeting").exists():
        process.join(0.1)
        assert process.is_alive()
    ours.close()
    process.join(10)
    assert process.exitcode == 1


def test_what_one_process_refuses_is_told_once(fit, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match=r"The (loss|gradient norm) is (nan|inf)"):
        fit("infinite", processes=2, head_learning_rate=9e5, learning_rate=9e5, gradient_clip=9e5)
    assert not multiprocessing.active_children()
    told = capfd.readouterr()
    assert not told.out + told.err


def test_processes_for_which_there_is_no_room_are_refused(fit) -> None:
    with pytest.raises(SettingsError, match=r"processes = 4096, but this machine has \d+ core"):
        fit("crowd", processes=4096, device="cpu")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "few-shot"}, "no gradient steps"),
        ({"method": "head", "private_epsilon": 1.0}, "private training"),
    ],
)
def test_methods_that_share_no_steps_refuse(fit, changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        fit("refused", processes=2, **changes)


@pytest.mark.parametrize("changes", [{"processes": 0}, {"sharding": "half"}, {"sharding": "full"}])
def test_settings_that_make_no_sense_are_refused(tiny_checkpoint: Path, changes: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(changes))):
        settings(tiny_checkpoint, **changes)
