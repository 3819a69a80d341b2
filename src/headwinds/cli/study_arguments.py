"""Arguments that the verbs on a study share: the study file or your own files, single settings, where results go."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.cli.compute_arguments import add_compute_arguments, given_compute
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.study.run import StudyRun
    from headwinds.study.settings import StudySettings


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them to a verb's parser."""
    parser.add_argument("study", nargs="?", help="a study file (study.toml); or name your own files instead:")
    parser.add_argument("--corpus", help="documents: CSV, JSONL or Parquet, one passage a row")
    parser.add_argument("--gold", help="labelled passages: JSONL, CSV or Parquet")
    parser.add_argument("--codebook", help="the labels and what they mean: Markdown or TOML")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="change one setting, e.g. --set tune.epochs=3",
    )
    parser.add_argument(
        "--output", help="folder for the results (default: runs/NAME under the working directory)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long if another run holds the study",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")
    add_compute_arguments(parser)


def add_kind_arguments(parser: argparse._ActionsContainer) -> None:
    """Add what a user's own labels are: any of several, one class, or grades."""
    parser.add_argument(
        "--kind",
        default="multi-label",
        metavar="NAME",
        help="multi-label (any number of labels may hold), multi-class (exactly one does) or graded (a mean score, from "
        "columns score_<label>)",
    )
    parser.add_argument(
        "--grades", type=int, default=3, metavar="HIGHEST", help="the highest grade where graded (default: 3)"
    )


def chosen_settings(arguments: argparse.Namespace) -> StudySettings:
    """The settings that the arguments name.

    Raises
    ------
    SettingsError
        Neither a study nor the three files are named, or a setting cannot be read.
    """
    from headwinds.doors.studies import settings
    from headwinds.study.study_file import change_settings, read_study

    files = (arguments.corpus, arguments.gold, arguments.codebook)
    changes = settings_changes(arguments.set)
    changes |= {f"compute.{name}": value for name, value in given_compute(arguments).items()}
    if arguments.study and not any(files):
        return change_settings(read_study(Path(arguments.study)), changes)
    if not arguments.study and all(files):
        return settings(*files, **{name.replace(".", "__", 1): value for name, value in changes.items()})
    raise SettingsError(
        "Name a study file, or --corpus, --gold and --codebook together.", remedy="See `headwinds init`."
    )


def execute_until(stage: str, arguments: argparse.Namespace, *, brief: bool = False) -> StudyRun:
    """Run a study up to a stage, and write the brief where it is asked for."""
    from headwinds.doors.studies import run
    from headwinds.phrases.catalogue import heard, speaking

    settings = chosen_settings(arguments)
    # Before the run too: what is wrong with it is told in its language.
    with speaking(heard(settings.study.language)):
        return run(
            settings,
            until=stage,
            output=arguments.output,
            quiet=arguments.quiet,
            wait=arguments.wait,
            brief=brief,
        )


def refuse_flags(changes: dict[str, Any], arguments: argparse.Namespace, *sections: type) -> None:
    """Refuse by --set what a flag says, or what is no setting of `sections` and only a flag can say.

    Raises
    ------
    SettingsError
        It names the flag.
    """
    settings = {one.name for section in sections for one in fields(section)} - {"seed"}
    for name in changes:
        key = name.partition(".")[2]
        if not hasattr(arguments, key) or (key in settings and getattr(arguments, key) in (None, "", False)):
            continue
        raise SettingsError(
            f"--set {name}: this has a flag of its own.", remedy=f"Say it once, by --{key.replace('_', '-')}."
        )


def settings_changes(given: list[str]) -> dict[str, Any]:
    """Settings given as SECTION.KEY=VALUE, by "section.key".

    Raises
    ------
    SettingsError
        One is not of that form.
    """
    changes = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or name.count(".") != 1:
            raise SettingsError(
                f"--set {item!r} is not SECTION.KEY=VALUE.", remedy="For instance --set tune.epochs=3."
            )
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value
    return changes
