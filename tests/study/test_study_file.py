"""The study file: every wrong value is one line that names the file, the line, the key and what was expected."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.contracts.suggestions import nearest, nearest_file
from headwinds.errors import SettingsError
from headwinds.phrases.telling import told
from headwinds.study.example import example_study
from headwinds.study.settings import StudySettings
from headwinds.study.study_file import change_settings, read_study, settings_from

MINIMAL = """[study]
title = "T"
question = "Q?"
[corpus]
path = "documents.csv"
[codebook]
path = "codebook.md"
[gold]
path = "gold.jsonl"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        read_study(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    return line


def test_defaults_are_filled_in_and_the_seed_of_the_study_rules(tmp_path):
    read = read_study(write(tmp_path, MINIMAL.replace('"Q?"', '"Q?"\nseed = 7')))
    assert read.tune.seed == 7
    assert read.folder == tmp_path.resolve()
    assert read.measure.by == ((),)


def test_the_mark_that_some_editors_put_before_a_text_and_their_ends_of_lines_change_nothing(tmp_path):
    plain = read_study(write(tmp_path, MINIMAL))
    marked = tmp_path / "study.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert read_study(marked) == plain


def test_python_the_file_and_the_command_line_give_the_same_settings(tmp_path):
    plain = read_study(write(tmp_path, MINIMAL))
    changed = change_settings(plain, {"tune.epochs": 3, "measure.level": 0.9})
    path = write(tmp_path, MINIMAL + "[tune]\nepochs = 3\n[measure]\nlevel = 0.9\n")
    assert changed == read_study(path)
    content: dict[str, Any] = {
        "study": {"title": "T", "question": "Q?"},
        "corpus": {"path": "documents.csv"},
        "codebook": {"path": "codebook.md"},
        "gold": {"path": "gold.jsonl"},
        "tune": {"epochs": 3},
        "measure": {"level": 0.9},
    }
    given = settings_from(content, tmp_path.resolve())
    assert dataclasses.replace(given, file=path) == read_study(path)


def every_setting() -> list[tuple[str, str, Any, bool]]:
    """Section, key, type, and whether the section is repeated, of every setting there is."""
    found = []
    for section, hint in typing.get_type_hints(StudySettings).items():
        repeated = typing.get_origin(hint) is tuple
        kind = typing.get_args(hint)[0] if repeated else hint
        if dataclasses.is_dataclass(kind):
            found += [(section, key, part, repeated) for key, part in typing.get_type_hints(kind).items()]
    return found


SETTINGS = every_setting()
OTHER_TYPES = {str: "5", int: '"5"', float: '"0.5"', bool: "1"}


def with_setting(section: str, key: str, value: str, repeated: bool) -> str:
    """The minimal study with one setting given another value, on a line of its own."""
    lines = MINIMAL.splitlines()
    if repeated:
        lines += [
            f"[[{section}]]",
            *(['name = "n"'] if key != "name" else []),
            *(['key = "k"'] if section == "group" and key != "key" else []),
        ]
        return "\n".join([*lines, f"{key} = {value}", ""])
    if f"[{section}]" not in lines:
        lines.append(f"[{section}]")
    at = lines.index(f"[{section}]") + 1
    end = next((number for number in range(at, len(lines)) if lines[number].startswith("[")), len(lines))
    kept = [line for line in lines[at:end] if not line.startswith(f"{key} =")]
    return "\n".join([*lines[:at], f"{key} = {value}", *kept, *lines[end:], ""])


def test_there_are_settings_to_try():
    assert len(SETTINGS) > 50


@pytest.mark.parametrize(("section", "key", "kind", "repeated"), SETTINGS)
def test_every_setting_refuses_a_value_of_another_type_with_its_line(section, key, kind, repeated, tmp_path):
    text = with_setting(section, key, OTHER_TYPES.get(kind, "5"), repeated)
    path = write(tmp_path, text)
    line = refused(path)
    lines = text.splitlines()
    start = next(row for row, content in enumerate(lines) if content.strip("[]") == section)
    number = 1 + next(
        row for row, content in enumerate(lines) if row > start and content.startswith(f"{key} = ")
    )
    assert f"study.toml, line {number}: {key} in [{section}] is " in line
    assert "expected " in line


@pytest.mark.parametrize(
    ("section", "key", "repeated"),
    [(section, key, repeated) for section, key, _, repeated in SETTINGS if len(key) > 3],
)
def test_a_slip_in_any_key_is_told_with_the_key_that_was_meant(section, key, repeated, tmp_path):
    slip = key[:-2] + key[-1] + key[-2] if key[-1] != key[-2] else key + "x"
    line = refused(write(tmp_path, with_setting(section, slip, "5", repeated)))
    assert f"unknown key '{slip}' in [{section}]" in line
    assert f"Did you mean '{key}'?" in line
    assert ", line " in line


LIMITS = {
    "compute.on": ('"cloud"', '""'),
    "compute.workers": ("-1", "10001"),
    "study.seed": ("-1", "4294967296"),
    "corpus.on_bad_rows": ('"drop"', '""'),
    "corpus.text": ('""',),
    "corpus.keys": ('["year", "year"]', '[""]', '["weight"]'),
    "corpus.stratum": ('["a", "a"]', '[""]'),
    "codebook.kind": ('"classes"', '""'),
    "codebook.grades": ("0", "-1", "101"),
    "tune.batch_tokens": ("10000000", "0", "-5"),
    "tune.epochs": ("10000000", "0", "-1"),
    "tune.patience": (
        "10000000",
        "0",
    ),
    "tune.learning_rate": ("-1e-4", "nan", "inf", "1e308"),
    "tune.head_learning_rate": ("-1e-4", "nan", "inf"),
    "tune.gradient_clip": ("0", "nan", "inf"),
    "tune.weight_decay": ("-0.1", "nan", "inf"),
    "tune.warmup_share": ("-0.1", "1", "nan"),
    "tune.head_dropout": ("-0.1", "1", "nan"),
    "tune.encoder_dropout": ("-0.1", "1", "nan"),
    "tune.average_decay": ("-0.1", "1", "nan"),
    "tune.max_tokens": (
        "10000000",
        "-1",
    ),
    "tune.frozen_layers": (
        "10000000",
        "-2",
    ),
    "tune.task": ('"regression"',),
    "tune.method": ('"lorry"',),
    "tune.class_weights": ('"heavy"',),
    "tune.resampling": ('"rare"',),
    "tune.calibration": ('"platt"', '""'),
    "tune.focal_gamma": ("-1", "nan", "inf"),
    "tune.abstain_risk": ("-0.1", "1", "nan"),
    "tune.rank": ("0", "10000000"),
    "tune.virtual_tokens": ("0", "10000000"),
    "tune.pooling": ('"median"',),
    "tune.folds": ("10000000", "1", "0", "-3"),
    "tune.validation_share": ("0", "1", "nan"),
    "tune.micro_batch_tokens": ("-1", "10000000"),
    "tune.processes": ("0", "10000000"),
    "tune.sharding": ('"half"', '"full"'),
    "tune.training_share": ("0", "1.1", "nan"),
    "tune.schedule": ('"cosine"',),
    "tune.label_smoothing": ("-0.1", "1", "nan"),
    "tune.vocabulary": ("299", "10000000"),
    "tune.beams": ("0", "10000000"),
    "tune.samples": ("0", "10000000"),
    "tune.demonstrations": ("-1", "10000000"),
    "tune.verbaliser_words": ("0", "17"),
    "tune.augment_copies": ("0", "10000000"),
    "tune.private_epsilon": ("-1", "nan", "inf"),
    "tune.private_delta": ("0", "1", "nan"),
    "tune.private_clip": ("0", "nan", "inf"),
    "tune.private_batch": ("0", "10000000"),
    "tune.length_penalty": ("nan", "inf", "1e308"),
    "tune.temperature": ("-0.1", "0.5", "nan"),  # with the four beams of the default nothing is drawn
    "tune.top_p": ("0", "1.1", "nan"),
    "tune.min_new_tokens": ("-1", "10000000"),
    "tune.max_new_tokens": ("-1", "10000000"),
    "tune.prompt_separator": ('""',),
    "tune.long_inputs": ('"cut"',),
    "tune.precision": ('"float64"', '""'),
    "tune.scoring_precision": ('"int4"', '""'),
    "measure.estimator": ('"magic"', '""'),
    "measure.level": ("0", "0.4", "1", "95", "nan", "-inf"),
    "measure.minimum_gold": ("0", "-1", "10000000"),
    "measure.by": ("[]", '[["year", "year"]]', "[[], []]"),
    "explain.outcome": ('"happiness"', '""'),
    "explain.lag": ("-1", "51"),
    "explain.before": ("[2004, 1995]", "[1995, 1995]", "[95, 104]"),
    "explain.after": ("[2019, 2004]",),
    "report.passages_a_point": ("-1", "1001"),
}
CASES = [(name, value) for name, values in LIMITS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_every_impossible_value_is_told_with_its_line_and_what_was_expected(name, value, tmp_path):
    section, key = name.split(".")
    line = refused(write(tmp_path, with_setting(section, key, value, False)))
    assert ", line " in line
    assert f"[{section}] {key} = " in line
    assert "expected " in line


def test_every_number_has_its_limits_tried():
    numbers = {f"{section}.{key}" for section, key, kind, repeated in SETTINGS if kind in (int, float)}
    # The seed of tuning is that of the study, and is refused by itself.
    assert numbers - set(LIMITS) == {"tune.seed"}


POISON = {
    "a dotted path to code": '[tune]\ncheckpoint.target = "os.system"\n',
    "a second seed": "[tune]\nseed = 1\n",
    "a table for a value": "[tune]\nepochs = {a = 1}\n",
    "a list for a section": "tune = [1, 2]\n",
    "a number for a section": "tune = 5\n",
    "a list for a number": "[tune]\nepochs = [3]\n",
    "true for a number": "[tune]\nepochs = true\n",
    "a fraction for a whole number": "[tune]\nepochs = 3.5\n",
    "a number of 400 digits": f"[tune]\nlearning_rate = {'9' * 400}\n",
    "a number of 5,000 digits": f"[tune]\nlearning_rate = {'9' * 5000}\n",
    "a key twice": "[tune]\nepochs = 3\nepochs = 4\n",
    "a date for text": "[report]\npassages_a_point = 2020-01-01\n",
    "depth": "x = " + "[" * 5000 + "]" * 5000 + "\n",
    "a span of three": "[explain]\nbefore = [1995, 2000, 2004]\n",
    "a section for code": "[folder]\nx = 1\n",
    "the file itself": 'file = "other.toml"\n',
    "an unclosed string": '[tune]\nprecision = "auto\n',
}


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_file_is_one_line(name, tmp_path):
    text = POISON[name]
    top = not text.startswith("[")
    assert len(refused(write(tmp_path, text + MINIMAL if top else MINIMAL + text))) < 1200


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300))
def test_bytes_of_any_kind_are_settings_or_one_line(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_bytes(MINIMAL.encode() + data)
    try:
        read_study(path)
    except SettingsError as error:
        line = str(error)
    else:
        line = str(path)
    assert str(path) in line
    assert "\n" not in line


def test_files_that_are_no_study_are_told(tmp_path):
    assert "is a folder" in refused(tmp_path)
    assert "no study file" in refused(tmp_path / "none.toml")
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * 10_000_001)
    assert "larger than 1,000,000 bytes" in refused(large)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(MINIMAL.replace("Q?", "où?").encode("latin-1"))
    assert "line 3: not UTF-8" in refused(latin)


@pytest.mark.parametrize("section", ["study", "corpus", "codebook", "gold"])
def test_a_missing_section_is_named(section, tmp_path):
    lines = MINIMAL.splitlines(keepends=True)
    at = lines.index(f"[{section}]\n")
    end = next((row for row in range(at + 1, len(lines)) if lines[row].startswith("[")), len(lines))
    line = refused(write(tmp_path, "".join(lines[:at] + lines[end:])))
    assert f"the section [{section}] is missing" in line
    assert "headwinds init" in line


@pytest.mark.parametrize("full", [False, True])
def test_the_example_is_read_as_it_stands(full, tmp_path):
    read = read_study(write(tmp_path, example_study(full=full)))
    assert read.tune == dataclasses.replace(
        read_study(write(tmp_path, MINIMAL)).tune, epochs=read.tune.epochs
    )


@pytest.mark.parametrize("path", ["", "..", "none.csv", "a\0b", "x" * 5000])
def test_a_path_that_names_no_file_is_told_with_its_setting(path, tmp_path):
    study = read_study(write(tmp_path, MINIMAL))
    with pytest.raises(SettingsError, match=r"corpus\.path = "):
        study.locate(path, setting="corpus.path")


def test_only_a_near_name_is_offered():
    assert nearest("epoch", ["epochs", "folds"]) == " Did you mean 'epochs'?"
    assert nearest("zebra", ["epochs", "folds"]) == ""


def test_what_tables_end_on_makes_no_name_near():
    assert nearest_file("p.csv", ["corpus.csv", "gold.csv"]) == ""
    assert nearest_file("document.csv", ["documents.jsonl", "gold.csv"]) == " Did you mean 'documents.jsonl'?"


@pytest.mark.parametrize("key", ["title", "question"])
def test_a_report_has_a_title_and_a_question(key, tmp_path):
    said = refused(
        write(tmp_path, MINIMAL.replace(f'{key} = "{"T" if key == "title" else "Q?"}"', f'{key} = " "'))
    )
    assert f"line {2 if key == 'title' else 3}: [study] {key} = ' ' cannot be used" in said


def test_the_nearest_of_several_choices_is_told(tmp_path):
    said = refused(write(tmp_path, MINIMAL + '[measure]\nestimator = "diference"\n'))
    assert "Did you mean 'difference'?" in said


@pytest.mark.parametrize(
    "wrong",
    [
        '[corpus]\nencodng = "x"',
        '[corpus]\nkeys = "year"',
        "[tune]\nepochs = -1",
        "[tune]\nepochs = 1\nepochs = 2",
        "[tune",
        "[mesure]",
        '[measure]\nestimator = "diference"',
    ],
)
def test_what_is_wrong_with_a_chinese_study_is_told_in_chinese(wrong, tmp_path):
    """Also where the file cannot be read as a whole: its language stands in it all the same."""
    section = wrong.partition("]")[0] + "]"
    text = MINIMAL.replace("[corpus]", f'language = "zh"\n{wrong if section == "[corpus]" else "[corpus]"}')
    with pytest.raises(SettingsError) as caught:
        read_study(write(tmp_path, text if section == "[corpus]" else f"{text}{wrong}\n"))
    assert caught.value.language == "zh"
    line = told(caught.value, "zh").replace(str(tmp_path), "")
    for english in ("line ", "unknown", "expected", "cannot", "list of", "Did you", "the study", "Expected"):
        assert english not in line
