"""Where work runs is said by the same keys in a study file, on the command line and in Python."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from headwinds.cli.compute_arguments import compute_settings
from headwinds.cli.study_arguments import add_study_arguments, chosen_settings
from headwinds.compute.settings import ComputeSettings
from headwinds.doors.studies import settings
from headwinds.errors import SettingsError
from headwinds.study.example import example_study

ON_RAY = '\n[compute]\non = "ray"\naddress = "10.0.0.5:6379"\nworkers = 3\n'


def chosen(study: Path, *flags: str) -> ComputeSettings:
    parser = argparse.ArgumentParser()
    add_study_arguments(parser)
    return chosen_settings(parser.parse_args([str(study), *flags])).compute


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(example_study() + ON_RAY, encoding="utf-8")
    return path


def test_a_study_file_says_where_and_flags_say_otherwise(study: Path) -> None:
    assert chosen(study) == ComputeSettings("ray", "10.0.0.5:6379", 3)
    assert chosen(study, "--workers", "5", "--fall-back") == ComputeSettings("ray", "10.0.0.5:6379", 5, True)
    assert chosen(study, "--on", "local") == ComputeSettings("local", "", 3)


def test_python_and_flags_without_a_study_take_the_same_keys() -> None:
    parser = argparse.ArgumentParser()
    add_study_arguments(parser)
    given = parser.parse_args(["--on", "ray", "--address", "10.0.0.5:6379", "--workers", "2"])
    asked = settings(
        "a.csv", "b.csv", "c.md", compute__on="ray", compute__address="10.0.0.5:6379", compute__workers=2
    )
    assert compute_settings(given) == asked.compute == ComputeSettings("ray", "10.0.0.5:6379", 2)
    assert compute_settings(parser.parse_args([])) == ComputeSettings()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--on", "cloud"], "expected one of local, ray"),
        (["--on", "local", "--address", "10.0.0.5:6379"], 'expected on = "ray" with it'),
        (["--workers", "-1"], "expected 0"),
    ],
)
def test_what_cannot_be_used_is_refused(study: Path, flags: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        chosen(study, *flags)
