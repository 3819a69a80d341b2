"""What is installed is whole: data files, extras, the container's recipe."""

from __future__ import annotations

import re
import tomllib

import pytest

from headwinds.machine.libraries import FOR
from house.repository import ROOT, SOURCE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PATTERNS = PROJECT["tool"]["setuptools"]["package-data"]["headwinds"]
EXTRAS = PROJECT["project"]["optional-dependencies"]


def data_files() -> set[str]:
    return {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


def declared(patterns: list[str]) -> dict[str, set[str]]:
    return {
        pattern: {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob(pattern) if path.is_file()}
        for pattern in patterns
    }


def test_every_data_file_is_declared_and_every_declaration_finds_one():
    found = declared(PATTERNS)
    assert sorted(data_files() - set().union(*found.values())) == []
    assert [pattern for pattern, files in found.items() if not files] == []


def test_a_data_file_that_is_not_declared_is_noticed():
    found = declared([pattern for pattern in PATTERNS if not pattern.startswith("report/")])
    assert "report/templates/style.css" in data_files() - set().union(*found.values())


def test_every_folder_of_modules_is_a_package():
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_extra_asks_for_something_and_says_what_for():
    assert [name for name, asked in EXTRAS.items() if not asked] == []
    assert sorted(set(EXTRAS) - set(FOR)) == []
    named = {
        other
        for asked in EXTRAS.values()
        for line in asked
        for found in re.findall(r"^headwinds\[(.+)\]$", line)
        for other in found.split(",")
    }
    assert named <= set(EXTRAS)


@pytest.mark.parametrize("name", sorted(set(EXTRAS) - {"dev", "annotate"}))
def test_who_works_on_headwinds_has_every_extra(name):
    # annotate asks for what serve asks for
    (line,) = (one for one in EXTRAS["dev"] if one.startswith("headwinds["))
    assert name in line.removeprefix("headwinds[").removesuffix("]").split(",")


def test_the_container_runs_without_root_and_copies_only_what_the_build_needs():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last = [line for line in lines if line and not line.startswith("#")]
    user = max(place for place, line in enumerate(last) if line.startswith("USER"))
    assert last[user] == "USER headwinds"
    assert not any(line.startswith("RUN") for line in last[user:])
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert allowed[0] == "*"
    copied = {
        word.rstrip("/")
        for line in lines
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert {f"!{word}" for word in copied} == {word for word in allowed if word.startswith("!")}


def test_every_extra_is_explained_where_a_newcomer_installs():
    page = (ROOT / "docs" / "how-to" / "install.md").read_text(encoding="utf-8")
    assert [name for name in EXTRAS if f"`{name}`" not in page] == []
