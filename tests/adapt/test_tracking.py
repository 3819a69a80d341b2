"""Who follows a tuning is told of every epoch and of the test, and the model is the same as without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import headwinds
from adapt.test_every_task import EXAMPLES, FILES
from headwinds.artifacts.fingerprint import file_digest
from headwinds.cli.main import main
from headwinds.errors import SettingsError

TRAIN, TEST = (EXAMPLES / name for name in FILES["text-classification"])


def tuned(checkpoint: Path, output: Path, **more):
    return headwinds.tune(
        task="text-classification", train=TRAIN, test=TEST, output=output, quiet=True, checkpoint=str(checkpoint),
        epochs=2, **more,
    )  # fmt: skip


def history_of(output: Path):
    return json.loads((output / "model" / "history.json").read_text())["epochs"]


def test_callbacks_see_every_epoch_and_change_nothing(tiny_checkpoint, tmp_path):
    seen = []
    tuned(tiny_checkpoint, tmp_path / "told", callbacks=[seen.append])
    tuned(tiny_checkpoint, tmp_path / "plain")
    assert [(one.epoch, one.loss) for one in seen] == [
        (one["epoch"], one["loss"]) for one in history_of(tmp_path / "told")
    ]
    assert len(seen) == 2
    one, other = (tmp_path / name / "model" / "head.safetensors" for name in ("told", "plain"))
    assert file_digest(one) == file_digest(other)
    tuned(tiny_checkpoint, tmp_path / "told", callbacks=[seen.append])
    assert len(seen) == 2  # a model that is found again tells nothing


def test_what_a_callback_raises_ends_the_tuning_and_the_next_call_goes_on(tiny_checkpoint, tmp_path):
    def stop(record):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tuned(tiny_checkpoint, tmp_path / "out", callbacks=[stop])
    seen = []
    assert not tuned(tiny_checkpoint, tmp_path / "out", callbacks=[seen.append]).reused
    assert [one.epoch for one in seen] == [1, 2]


def test_tensorboard_holds_the_epochs_and_the_test(tiny_checkpoint, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = tuned(tiny_checkpoint, tmp_path / "out", track="tensorboard")
    (folder,) = (tmp_path / "out" / "tracking" / "tensorboard").iterdir()
    events = EventAccumulator(str(folder))
    events.Reload()
    losses = [(one.step, one.value) for one in events.Scalars("loss")]
    expected = [(one["epoch"], one["loss"]) for one in history_of(tmp_path / "out")]
    assert losses == [(step, pytest.approx(value, rel=1e-5)) for step, value in expected]
    accuracy = events.Scalars("test_accuracy")[0].value
    assert accuracy == pytest.approx(found.evaluation.metrics["accuracy"].value, rel=1e-5)
    tuned(tiny_checkpoint, tmp_path / "out", track="tensorboard")
    assert len(list(folder.iterdir())) == 1  # nothing was tuned, nothing is told


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_mlflow_holds_the_epochs_the_test_and_the_settings(tiny_checkpoint, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    arguments = ["tune", "--task", "text-classification", "--train", str(TRAIN), "--test", str(TEST), "--quiet",
                 "--checkpoint", str(tiny_checkpoint), "--set", "tune.epochs=2"]  # fmt: skip
    assert main([*arguments, "--output", str(tmp_path / "out"), "--track", "mlflow"]) == 0
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'out' / 'tracking' / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("headwinds").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "2"
    losses = [(one.step, one.value) for one in client.get_metric_history(run.info.run_id, "loss")]
    assert losses == [(one["epoch"], one["loss"]) for one in history_of(tmp_path / "out")]
    assert 0 <= run.data.metrics["test_accuracy"] <= 1


def test_an_unknown_tracker_is_refused_before_the_training(tiny_checkpoint, tmp_path):
    with pytest.raises(SettingsError, match="expected one of mlflow, tensorboard"):
        tuned(tiny_checkpoint, tmp_path / "out", track="wandb")
    assert not (tmp_path / "out" / "model").exists()


def test_several_tunings_are_not_tracked(tiny_checkpoint, tmp_path, capsys):
    assert main(["tune", "--task", "text-classification", "--train", str(TRAIN), "--test", str(TEST), "--seeds", "0,1",
                 "--output", str(tmp_path / "out"), "--track", "mlflow"]) == 2  # fmt: skip
    assert "--track is for one tuning" in capsys.readouterr().err


def test_memory_that_runs_out_is_told_with_what_to_lower_and_the_next_call_goes_on(tiny_checkpoint, tmp_path):
    import torch

    from headwinds.errors import TrainingError

    def take_all(record):
        torch.empty(2**52)  # the allocator itself refuses

    with pytest.raises(TrainingError, match="set micro_batch_tokens = 512") as caught:
        tuned(tiny_checkpoint, tmp_path / "out", callbacks=[take_all])
    assert "Memory ran out, with up to 2,048 tokens computed at once" in str(caught.value)
    seen = []
    tuned(tiny_checkpoint, tmp_path / "out", callbacks=[seen.append])
    assert [one.epoch for one in seen] == [1, 2]


def test_a_tokenizer_with_more_tokens_than_the_network_is_refused(tmp_path):
    from adapt.tiny import make_checkpoint
    from headwinds.errors import CheckpointError

    own = make_checkpoint(tmp_path / "own")
    tokenizer = json.loads((own / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["##quitenew"] = len(tokenizer["model"]["vocab"])
    (own / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(CheckpointError, match=r"has 30,523 tokens, and its network knows 30,522"):
        tuned(own, tmp_path / "out")
