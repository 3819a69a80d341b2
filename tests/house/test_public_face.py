"""What the package shows to the world: few names, one version, a changelog that is kept."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib

import headwinds
from house.repository import ROOT


def version_in(name: str, pattern: str) -> str:
    found = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert found, f"{name} states no version"
    return found.group(1)


def test_the_root_shows_at_most_thirty_names_in_order():
    names = list(headwinds.__all__)
    assert 0 < len(names) <= 30
    assert names == sorted(names)
    assert len(names) == len(set(names))


def test_every_name_at_the_root_is_there_and_explains_itself():
    silent = [name for name in headwinds.__all__ if not getattr(headwinds, name).__doc__]
    assert silent == []


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version_in("CITATION.cff", r"^version: (\S+)$") == project
    assert headwinds.__version__ == project
    assert importlib.metadata.version("headwinds") == project


def test_the_changelog_has_an_unreleased_section_with_something_in_it():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, flags=re.MULTILINE | re.DOTALL)
    assert section
    assert "- " in section.group(1)


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    asked = [item for item in (*project["dependencies"], *extras) if not item.startswith("headwinds[")]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line.partition("==")[0]) for line in lines if not line.startswith("#")}
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines if not line.startswith("#")
    )
    assert [name for name in asked if normal(re.match(r"[A-Za-z0-9._-]+", name).group()) not in pinned] == []


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
