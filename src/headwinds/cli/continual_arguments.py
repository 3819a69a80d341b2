"""What `watch` and `update` share: settings from a TOML file, which flags override, with the same names in both."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headwinds.errors import SettingsError

PATHS = ("live", "train", "output", "reference", "old", "validation", "gate", "registry")
SEVERAL = ("old_tests", "new_tests")


def collect(
    arguments: argparse.Namespace, section: str, names: Sequence[str], *, needed: Sequence[str]
) -> dict[str, Any]:
    """Every setting that is given, by its name in Python; paths of a file start at its folder.

    Raises
    ------
    SettingsError
        The file cannot be used, a setting is of a section that does not count here, or one that is needed is missing.
    """
    from headwinds.adapt.continual.settings import UpdateSettings, WatchSettings
    from headwinds.adapt.settings import TuneSettings
    from headwinds.cli.study_arguments import refuse_flags, settings_changes

    given = _from_file(Path(arguments.settings), section) if arguments.settings else {}
    changes = settings_changes(arguments.set)
    kinds = (UpdateSettings, TuneSettings) if section == "update" else (WatchSettings,)
    for name, value in changes.items():
        part, _, key = name.partition(".")
        if part not in _sections(section) or not key:
            raise SettingsError(
                f"--set {name}: only settings of {' and '.join(f'[{one}]' for one in _sections(section))} count here."
            )
        given[key] = value
    refuse_flags(changes, arguments, *kinds)
    flags = {name: getattr(arguments, name) for name in names}
    given |= {name: value for name, value in flags.items() if value is not None and value is not False}
    for name in needed:
        if not given.get(name):
            raise SettingsError(
                f"--{name.replace('_', '-')} is missing.",
                remedy=f"Give it, or {name} under [{section}] of --settings FILE.",
            )
    return given


def _sections(section: str) -> tuple[str, ...]:
    return (section, "tune") if section == "update" else (section,)


def _from_file(path: Path, section: str) -> dict[str, Any]:
    from headwinds.study.study_file import read_sections

    found = read_sections(path, ("watch", "update", "tune"))
    given = {**found[section], **(found["tune"] if section == "update" else {})}
    named = given.get("registry")
    for name in PATHS if named else (*PATHS, "model"):
        if name in given:
            given[name] = _placed(path, section, name, given[name])
    for name in SEVERAL:
        if name in given:
            values = given[name]
            if not isinstance(values, list):
                raise SettingsError(
                    f"{path}: {name} of [{section}] is no list.", remedy='For instance ["a.csv"].'
                )
            given[name] = [_placed(path, section, name, value) for value in values]
    for name in ("wait", "quiet"):
        if name in given:
            raise SettingsError(
                f"{path}: {name} is no setting of [{section}].", remedy=f"Give it as a flag: --{name}."
            )
    for name in ("group", "encoding", "version", "database", "licence", "limits", "model"):
        if name in given and not isinstance(given[name], str):
            raise SettingsError(f"{path}: {name} of [{section}] is no text.", remedy="Put it in quotes.")
    for name, kind in (("promote", bool), ("seed", int)):
        if name in given and type(given[name]) is not kind:
            raise SettingsError(
                f"{path}: {name} = {given[name]!r} of [{section}] cannot be used.",
                remedy="true or false." if kind is bool else "A whole number.",
            )
    return given


def _placed(path: Path, section: str, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{path}: {name} of [{section}] is no path.", remedy="Put it in quotes.")
    return str(path.parent / value)
