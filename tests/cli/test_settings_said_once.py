"""What has a flag is not said by --set too: it was dropped without a word, or ended in a traceback."""

from __future__ import annotations

import pytest

from headwinds.cli.main import main

VERBS = {
    "tune": ["--task", "text-classification", "--train", "x.csv", "--method", "head", "--output", "out"],
    "pretrain": ["x.txt", "--output", "out"],
    "update": ["--model", "m", "--train", "x.csv", "--output", "out"],
    "watch": ["--model", "m", "--live", "x.csv", "--output", "out"],
}
TWICE = [
    ("tune", "tune.seed=5", "--seed"),
    ("tune", "tune.task=ordinal-classification", "--task"),
    ("tune", "tune.method=lora", "--method"),
    ("pretrain", "pretrain.seed=4", "--seed"),
    ("pretrain", "pretrain.quiet=true", "--quiet"),
    ("update", "tune.seed=abc", "--seed"),
    ("update", "update.old=5", "--old"),
    ("update", "update.wait=3", "--wait"),
    ("watch", "watch.reference=4", "--reference"),
]


@pytest.mark.parametrize(("verb", "setting", "flag"), TWICE)
def test_a_setting_with_a_flag_is_refused_by_set(verb, setting, flag, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([verb, *VERBS[verb], "--set", setting]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"headwinds {verb}: --set {setting.partition('=')[0]}: this has a flag of its own. Say it once, by {flag}.\n"
    )


@pytest.mark.parametrize("name", ["wait", "quiet"])
def test_what_is_no_setting_is_refused_in_a_file_of_settings(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watch.toml").write_text(f"[watch]\n{name} = 3\n")
    assert main(["watch", "--settings", "watch.toml", *VERBS["watch"]]) == 2
    assert f"{name} is no setting of [watch]" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--group", "--slices"])
def test_a_column_that_is_not_there_is_told_with_those_that_are(flag, capsys, tmp_path):
    rows = "text,label\n" + "".join(f"growth {n},{'ab'[n % 2]}\n" for n in range(20))
    (tmp_path / "x.csv").write_text(rows)
    file = str(tmp_path / "x.csv")
    asked = [
        "--task",
        "text-classification",
        "--train",
        file,
        "--test",
        file,
        "--output",
        str(tmp_path / "out"),
    ]
    assert main(["tune", *asked, flag, "region"]) == 2
    assert "there is no column 'region'; the file has text, label." in capsys.readouterr().err
