"""Every verb that reads labelled files reads them in the encoding that is said, and says so where it does not fit."""

from __future__ import annotations

import pytest

from adapt.tiny import make_checkpoint
from headwinds import tune
from headwinds.cli.main import main


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write(folder / "train.csv", "utf-8")
    tune(
        task="text-classification", train=folder / "train.csv", output=folder / "out", epochs=1, quiet=True,
        checkpoint=str(make_checkpoint(folder / "checkpoint")),
    )  # fmt: skip
    return str(folder / "out")


def write(path, encoding, first=0):
    lines = [f"économie numéro {number},{('oui', 'non')[number % 2]}" for number in range(first, first + 60)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding=encoding)
    return str(path)


@pytest.mark.parametrize("verb", ["watch", "update", "audit", "mask"])
def test_a_verb_reads_the_encoding_that_is_said(verb, model, tmp_path, capsys):
    own, plain = write(tmp_path / "own.csv", "utf-16"), write(tmp_path / "plain.csv", "utf-8")
    told = []
    for file, more in ((own, ["--encoding", "utf-16"]), (plain, [])):
        output = tmp_path / str(len(told))
        before = write(tmp_path / "before.csv", (more or [None, "utf-8"])[1], first=60)
        asked = {
            "watch": ["--model", model, "--live", file, "--reference", before, "--output", str(output)],
            "update": [
                "--model",
                model,
                "--train",
                file,
                "--strategy",
                "distillation",
                "--quiet",
                "--output",
                str(output),
            ],
            "audit": [model, "--on", file, "--parts", "robustness", "--texts", "5", "--output", str(output)],
            "mask": ["--input", file, "--output", f"{output}.csv"],
        }[verb]
        assert main([verb, *asked, *more]) == 0
        told.append(capsys.readouterr().out.replace(str(output), "OUT").replace("own.csv", "plain.csv"))
    assert told[0] == told[1]
    assert main([verb, *[one.replace(plain, own) for one in asked]]) == 2
    assert 'Set encoding = "utf-16", or save the file as UTF-8.' in capsys.readouterr().err
