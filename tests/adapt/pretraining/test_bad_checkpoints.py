"""A checkpoint that cannot be continued, a disk that is full, settings that cannot be: one clear line each."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from adapt.pretraining.corpus import small, write_lines
from headwinds.adapt.pretraining.pretraining import pretrain_files
from headwinds.adapt.pretraining.settings import PretrainSettings, seconds_of
from headwinds.artifacts.filesystem import Piece, RealFileSystem, use_file_system
from headwinds.errors import CheckpointError, HeadwindsError, SettingsError, StorageError, TrainingError


def continued(text: Path, checkpoint: Path, output: Path, **changes: object) -> HeadwindsError:
    settings = small(checkpoint=str(checkpoint), layers=0, width=0, tokens=1024, **changes)
    with pytest.raises(HeadwindsError) as caught:
        pretrain_files([text], settings, output, quiet=True)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "text", 120)


def test_a_checkpoint_that_is_cut_off_is_named_and_nothing_is_trained(
    text: Path, tmp_path: Path, tiny_checkpoint: Path
):
    cut = tmp_path / "cut"
    shutil.copytree(tiny_checkpoint, cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5000])
    error = continued(text, cut, tmp_path / "out")
    assert isinstance(error, CheckpointError)
    assert "no whole safetensors file" in str(error)
    assert "Nothing was loaded" in str(error)
    assert str(cut) in str(error)
    assert not (tmp_path / "out" / "model").exists()


def test_a_checkpoint_that_lacks_weights_of_its_body_is_refused(
    text: Path, tmp_path: Path, tiny_checkpoint: Path
):
    from safetensors.torch import load_file, save_file

    partial = tmp_path / "partial"
    shutil.copytree(tiny_checkpoint, partial)
    weights = load_file(partial / "model.safetensors")
    gone = {name: value for name, value in weights.items() if "layer.1." not in name}
    save_file(gone, partial / "model.safetensors", {"format": "pt"})
    error = continued(text, partial, tmp_path / "out")
    assert isinstance(error, CheckpointError)
    assert "lacks" in str(error)
    assert "layer.1." in str(error)


def test_a_checkpoint_without_a_head_for_the_objective_is_refused(
    text: Path, tmp_path: Path, tiny_checkpoint: Path
):
    error = continued(text, tiny_checkpoint, tmp_path / "out", objective="causal")
    assert isinstance(error, CheckpointError)
    assert "is a bert model, which has no head for the objective 'causal'. It goes with 'masked'." in str(
        error
    )
    other = tmp_path / "other"
    shutil.copytree(tiny_checkpoint, other)
    config = json.loads((other / "config.json").read_text()) | {"model_type": "albert"}
    (other / "config.json").write_text(json.dumps(config))
    assert "Name one of these architectures: bert" in str(continued(text, other, tmp_path / "out"))


def test_a_sequence_longer_than_the_checkpoint_reads_is_refused(
    text: Path, tmp_path: Path, tiny_checkpoint: Path
):
    error = continued(text, tiny_checkpoint, tmp_path / "out", sequence_tokens=128)
    assert isinstance(error, SettingsError)
    assert "reads at most 64" in str(error)


class FullAt(RealFileSystem):
    """A disk with no room for files of some name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write_file(self, path: Path, *pieces: Piece) -> None:
        if self.name in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        super().write_file(path, *pieces)


@pytest.mark.parametrize("name", ["training.tokens", "state", "pretraining.json"])
def test_a_full_disk_is_told_and_the_same_command_ends_with_the_same_bytes(
    text: Path, tmp_path: Path, name: str
):
    settings = small(tokens=4 * 512, save_seconds=0.0)
    with use_file_system(FullAt(name)), pytest.raises(StorageError, match="no room is left") as caught:
        pretrain_files([text], settings, tmp_path / "out", quiet=True)
    assert "\n" not in str(caught.value)
    again = pretrain_files([text], settings, tmp_path / "out", quiet=True)
    whole = pretrain_files([text], settings, tmp_path / "whole", quiet=True)
    for file in ("model.safetensors", "pretraining.json", "manifest.json"):
        assert (again.folder / file).read_bytes() == (whole.folder / file).read_bytes()


def test_a_loss_that_is_not_finite_is_told_with_its_step(text: Path, tmp_path: Path):
    with pytest.raises(TrainingError, match="at step"):
        pretrain_files([text], small(learning_rate=1e14, gradient_clip=1e14), tmp_path / "out", quiet=True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("budget", "soon", "is not a time"),
        ("budget", "0m", "a time above 0"),
        ("schedule", "steps", "one of linear"),
        ("mask_share", 1.0, "below 1"),
        ("batch_tokens", 8, "at least sequence_tokens"),
        ("objective", "masking", "one of masked"),
        ("held_out_share", 0.0, "between 0 and 1"),
        ("seed", -1, "0 or more"),
    ],
)
def test_a_setting_that_cannot_be_is_told(name: str, value: object, said: str):
    with pytest.raises(SettingsError, match=said):
        PretrainSettings(**{name: value})  # type: ignore[arg-type]


def test_times_are_read():
    assert seconds_of("90s") == 90
    assert seconds_of("1h30m") == 5400
    assert seconds_of("1.5h") == 5400


def test_the_command_says_what_the_call_says(text: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from headwinds.cli.main import main

    output = tmp_path / "out"
    arguments = ["pretrain", str(text), "--output", str(output), "--architecture", "bert-tiny", "--quiet"]
    arguments += ["--vocabulary", "200", "--tokens", "1024"]
    for item in ("layers=1", "width=32", "sequence_tokens=32", "batch_tokens=512", "held_out_share=0.2"):
        arguments += ["--set", f"pretrain.{item}"]
    assert main([*arguments, "--dry-run"]) == 0
    assert "2 steps are 1,024 tokens" in capsys.readouterr().out
    assert main(arguments) == 0
    assert f"Model: {output / 'model'}" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "(found, nothing changed)" in capsys.readouterr().out
    assert main(["pretrain", str(tmp_path / "nothing"), "--output", str(output)]) == 2
    assert "There is no file" in capsys.readouterr().err
    assert main([*arguments, "--set", "tune.epochs=3"]) == 2
    assert "only settings of [pretrain]" in capsys.readouterr().err
    assert main([*arguments, "--set", "pretrain.mask_shar=0.3"]) == 2
    assert "mask_share" in capsys.readouterr().err
