"""A command tells its help and its errors in the language of whoever types it, in lines that fit."""

from __future__ import annotations

import pytest

from headwinds.cli.help_language import wide_lines
from headwinds.cli.main import main
from headwinds.phrases.columns import columns


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "zh")
    monkeypatch.setenv("COLUMNS", "80")


def test_help_is_in_chinese_and_no_line_is_wider_than_the_terminal(chinese, capsys):
    with pytest.raises(SystemExit):
        main(["measure", "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith("用法：headwinds measure")
    assert "估计指数及其区间。" in shown
    assert "一个研究文件" in shown
    assert max(columns(line) for line in shown.splitlines()) <= 80


def test_an_error_is_one_chinese_line_with_its_remedy(chinese, capsys):
    assert main(["run", "nothing.toml"]) == 2
    assert (
        capsys.readouterr().err
        == "headwinds run: 没有研究文件 nothing.toml。用 `headwinds init FOLDER` 写一个。\n"
    )


def test_a_wrong_argument_is_one_chinese_line(chinese, capsys):
    with pytest.raises(SystemExit) as left:
        main(["predict", "--model", "m"])
    assert left.value.code == 2
    assert (
        capsys.readouterr().err
        == "headwinds predict: 缺少必需的参数：--input、--output。见 headwinds predict --help。\n"
    )


def test_a_language_without_translation_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "fr")
    assert main(["tasks"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "'fr' has no translation; there are en, zh." in said


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_study_in_a_language_without_translation_is_refused_before_anything_is_done(
    verb, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["init", "study"]) == 0
    assert main([verb, "study/study.toml", "--set", "study.language=fr"]) == 2
    said = capsys.readouterr().err
    assert "'fr'" in said
    assert said.splitlines()[-1].endswith("en, zh. Set one of them as language under [study].")
    assert not (tmp_path / "runs").exists()


def test_what_is_wrong_with_a_chinese_study_is_told_in_chinese_to_anybody(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "study"]) == 0
    capsys.readouterr()
    changed = ["--set", "study.language=zh", "--set", "corpus.path=gone.csv"]
    assert main(["check", "study/study.toml", *changed]) == 2
    assert "没有指向任何文件" in capsys.readouterr().err


def test_chinese_lines_break_between_characters_but_never_before_a_closing_mark():
    lines = wide_lines("从文献到关于增长的证据：调优语言模型，测量语料，解释增长。", 24)
    assert all(columns(line) <= 26 for line in lines)
    assert "".join(lines) == "从文献到关于增长的证据：调优语言模型，测量语料，解释增长。"
    assert not any(line[0] in "，。：" for line in lines)
    assert wide_lines("plain words of English text", 12) == ["plain words", "of English", "text"]
