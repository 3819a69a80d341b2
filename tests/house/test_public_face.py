"""What the package shows to the world: few names, one version, a changelog that is kept."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import re
import tomllib

import pytest

import headwinds
from headwinds.contracts.result import Result
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


WINGS = ("headwinds.explain", "headwinds.measure")


@pytest.mark.parametrize("wing", WINGS)
def test_every_name_of_a_wing_is_there_in_order_and_explains_itself(wing):
    module = importlib.import_module(wing)
    assert list(module.__all__) == sorted(module.__all__) == dir(module)
    assert [name for name in module.__all__ if not getattr(module, name).__doc__] == []


@pytest.mark.parametrize("package", ["headwinds", *WINGS])
def test_no_name_is_hidden_by_a_module_once_that_is_imported(package):
    module = importlib.import_module(package)
    inside = {found.name for found in pkgutil.iter_modules(module.__path__)}
    assert inside & set(module.__all__) == set()


def test_every_result_has_the_one_face():
    for path in (ROOT / "src" / "headwinds" / "explain").rglob("*.py"):
        importlib.import_module(
            ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        )
    kinds = [kind for kind in descendants(Result) if kind.__module__.startswith("headwinds")]
    assert len(kinds) >= 2
    for kind in kinds:
        assert hasattr(kind, "table") or "table" in kind.__annotations__, kind
        assert kind.summary is not Result.summary, kind
        assert kind.plot is not Result.plot, kind


def descendants(kind: type) -> list[type]:
    return [one for child in kind.__subclasses__() for one in (child, *descendants(child))]
