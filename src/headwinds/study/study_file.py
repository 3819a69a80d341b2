"""Reading a study file: unknown keys, wrong types and impossible values are one line each, with file and line number."""

from __future__ import annotations

import dataclasses
import re
import tomllib
import typing
from pathlib import Path
from typing import Any, TypeVar

from headwinds.adapt.pretraining.settings import PretrainSettings
from headwinds.adapt.settings import TuneSettings
from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError
from headwinds.phrases.catalogue import ENGLISH, heard, speaking
from headwinds.phrases.telling import told_languages
from headwinds.study.settings import StudySettings

Settings = TypeVar("Settings")

LARGEST_FILE = 1_000_000
LARGEST_NUMBER = 1e300
MEANT_FOR_CODE = ("folder", "file")
_LANGUAGE = re.compile(r"""^\s*language\s*=\s*["']([a-z]+)["']""", re.MULTILINE)
OF_LABELLED_FILES = ("test_share", "split_by")


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    """The file being read: for messages only."""

    path: Path
    lines: tuple[str, ...]

    def at(self, section: str, key: str) -> str:
        """`file, line N` of a key inside a section, or the file alone where it cannot be found."""
        inside = section == ""
        for number, line in enumerate(self.lines, start=1):
            header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
            if header:
                inside = header.group(1) == section
                if section == "" and header.group(1) == key:
                    return f"{self.path}, line {number}"
            elif inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return f"{self.path}, line {number}"
        return str(self.path)


def read_study(path: Path) -> StudySettings:
    """Read and check a study file; every default is filled in.

    Raises
    ------
    SettingsError
        The file is missing, is not TOML, or has a key that is unknown, of the wrong type, or of an impossible value.
    """
    text = _read_text(path)
    with speaking(heard(_language_of(text))):  # what is wrong with it is told in its language
        return _study_of(text, path)


def _language_of(text: str) -> str:
    """The language that a study file names, though it may not be readable as a whole; else English."""
    named = _LANGUAGE.search(text)
    return named.group(1) if named and named.group(1) in told_languages() else ENGLISH


def _study_of(text: str, path: Path) -> StudySettings:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of over 4,300 digits is a plain ValueError
        raise SettingsError(
            f"{path} is not valid TOML: {error}.", remedy="Mend it there; `headwinds init` writes an example."
        ) from error
    source = _Source(path, tuple(text.splitlines()))
    settings: StudySettings = _decode(StudySettings, content, "", source)
    _refuse_second_seed(content.get("tune", {}), source)
    tune = dataclasses.replace(settings.tune, seed=settings.study.seed)
    return dataclasses.replace(settings, tune=tune, folder=path.resolve().parent, file=path)


def settings_from(content: dict[str, Any], folder: Path) -> StudySettings:
    """Check settings given in Python; relative paths start at `folder`.

    Raises
    ------
    SettingsError
        As for a study file.
    """
    source = _Source(Path("settings"), ())
    settings: StudySettings = _decode(StudySettings, content, "", source)
    _refuse_second_seed(content.get("tune", {}), source)
    tune = dataclasses.replace(settings.tune, seed=settings.study.seed)
    return dataclasses.replace(settings, tune=tune, folder=folder, file=Path("settings"))


def _refuse_second_seed(tune: dict[str, Any], source: _Source) -> None:
    if "seed" in tune:
        raise SettingsError(
            f"{source.at('tune', 'seed')}: the seed of a study is set once, as seed under [study].",
            remedy="Set study.seed.",
        )


def change_settings(settings: StudySettings, changes: dict[str, Any]) -> StudySettings:
    """Settings with some values changed, each named "section.key".

    Raises
    ------
    SettingsError
        The section or key is unknown, or the value is of the wrong type or impossible.
    """
    for name, value in changes.items():
        section, _, key = name.partition(".")
        source = _Source(Path(f"--set {name}"), ())
        part = getattr(settings, section, None)
        if not dataclasses.is_dataclass(part) or isinstance(part, type):
            known = [
                item.name for item in dataclasses.fields(StudySettings) if item.name not in MEANT_FOR_CODE
            ]
            raise SettingsError(
                f"--set {name}: unknown section {section!r}.{nearest(section, known)}",
                remedy=f"Known: {', '.join(known)}.",
            )
        if section == "tune":
            _refuse_second_seed({key: value}, source)
        now = {item.name: getattr(part, item.name) for item in dataclasses.fields(part)}
        plain = {item: _as_toml(current) for item, current in now.items()} | {key: value}
        settings = dataclasses.replace(settings, **{section: _decode(type(part), plain, section, source)})
    return dataclasses.replace(settings, tune=dataclasses.replace(settings.tune, seed=settings.study.seed))


def tune_settings(changes: dict[str, Any], *, seed: int = 0) -> TuneSettings:
    """Settings of a tuning without a study; every default is filled in.

    Raises
    ------
    SettingsError
        A key is unknown, or a value is of the wrong type or impossible.
    """
    source = _Source(Path("settings"), ())
    settings: TuneSettings = _decode(TuneSettings, dict(changes), "tune", source)
    return dataclasses.replace(settings, seed=seed)


def section_settings(kind: type[Settings], changes: dict[str, Any], section: str) -> Settings:
    """Settings of a section that stands alone, such as [watch]; every default is filled in.

    Raises
    ------
    SettingsError
        A key is unknown, or a value is of the wrong type or impossible.
    """
    settings: Settings = _decode(kind, dict(changes), section, _Source(Path("settings"), ()))
    return settings


def pretrain_settings(changes: dict[str, Any], *, seed: int = 0) -> PretrainSettings:
    """Settings of a pretraining; every default is filled in.

    Raises
    ------
    SettingsError
        A key is unknown, or a value is of the wrong type or impossible.
    """
    return dataclasses.replace(section_settings(PretrainSettings, changes, "pretrain"), seed=seed)


def read_sections(path: Path, sections: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The tables of a TOML file that holds no study, by name; those that are missing are empty.

    Raises
    ------
    SettingsError
        The file cannot be read, or has something else.
    """
    if not path.is_file():
        raise SettingsError(f"There is no file of settings {path}.", remedy="Check the path.")
    try:
        content = tomllib.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.", remedy="Mend it there.") from error
    for name, value in content.items():
        if name not in sections or not isinstance(value, dict):
            raise SettingsError(
                f"{path}: unknown section {name!r}.{nearest(name, sections)}",
                remedy=f"Known: {', '.join(f'[{one}]' for one in sections)}.",
            )
    return {name: dict(content.get(name, {})) for name in sections}


def _as_toml(value: Any) -> Any:
    return [_as_toml(item) for item in value] if isinstance(value, tuple) else value


def _read_text(path: Path) -> str:
    if path.is_dir():
        raise SettingsError(
            f"{path} is a folder, expected a study file.", remedy=f"Try {path / 'study.toml'}."
        )
    if not path.is_file():
        raise SettingsError(
            f"There is no study file {path}.", remedy="Write one with `headwinds init FOLDER`."
        )
    if path.stat().st_size > LARGEST_FILE:
        raise SettingsError(f"{path} is larger than {LARGEST_FILE:,} bytes, expected a study file.")
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")  # some editors put a mark before the text
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}, line {line}: not UTF-8, which TOML must be.", remedy="Save it as UTF-8."
        ) from error


def _decode(kind: Any, content: Any, section: str, source: _Source) -> Any:
    """Build the dataclass `kind` from a TOML table."""
    if not isinstance(content, dict):
        raise SettingsError(
            f"{source.at('', section)}: [{section}] must be a table, found {_describe(content)}.",
            remedy=f"Write [{section}] on a line of its own, its keys below.",
        )
    hints = typing.get_type_hints(kind)
    known = {item.name: item for item in dataclasses.fields(kind) if item.name not in MEANT_FOR_CODE}
    for key in content:
        if section == "tune" and key in OF_LABELLED_FILES:
            raise SettingsError(
                f"{source.at(section, key)}: {key} is for `headwinds tune --train`: a study tests every fold on documents "
                "that it did not learn from.",
                remedy="Leave it out.",
            )
        if key not in known:
            place = f"[{section}]" if section else "the study file"
            raise SettingsError(
                f"{source.at(section, key)}: unknown key {key!r} in {place}.{nearest(key, known)}",
                remedy=f"Known keys: {', '.join(sorted(known))}.",
            )
    values = {}
    for name, item in known.items():
        if name in content:
            values[name] = _value(hints[name], content[name], name, section, source)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            place = f"[{section}] lacks the key {name!r}" if section else f"the section [{name}] is missing"
            raise SettingsError(
                f"{source.path}: {place}.", remedy="`headwinds init` writes a complete example."
            )
    try:
        return kind(**values)
    except SettingsError as error:
        key = error.message.split(" ", 1)[0]
        raise SettingsError(
            f"{source.at(section, key)}: [{section}] {error.message}", remedy=error.remedy
        ) from error


def _value(hint: Any, value: Any, key: str, section: str, source: _Source) -> Any:
    inner = f"{section}.{key}" if section else key
    if dataclasses.is_dataclass(hint):
        return _decode(hint, value, inner, source)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, list):
        if arguments[-1] is Ellipsis:
            if dataclasses.is_dataclass(arguments[0]):
                return tuple(_decode(arguments[0], item, inner, source) for item in value)
            return tuple(_value(arguments[0], item, key, section, source) for item in value)
        if len(value) == len(arguments):
            return tuple(
                _value(part, item, key, section, source) for part, item in zip(arguments, value, strict=True)
            )
    elif origin is dict and isinstance(value, dict):
        return {name: _value(arguments[1], item, name, inner, source) for name, item in value.items()}
    elif hint is float and type(value) in (int, float) and abs(value) < LARGEST_NUMBER:
        return float(value)
    elif hint in (str, int, bool, float) and type(value) is hint:
        return value
    raise SettingsError(
        f"{source.at(section, key)}: {key} in [{section}] is {_describe(value)}, expected {_in_words(hint)}.",
        remedy="Change it there.",
    )


def _describe(value: Any) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _in_words(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"a list of {_in_words(arguments[0])}"
        return f"a list of {len(arguments)} values ({', '.join(_in_words(item) for item in arguments)})"
    if origin is dict:
        return f"a table of {_in_words(arguments[1])}"
    return {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}.get(
        hint, "a table"
    )
