"""Which libraries are installed, read against what the package itself declares: the needed ones, then every extra."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING

from headwinds.machine.diagnosis import Line

if TYPE_CHECKING:
    from packaging.requirements import Requirement

FOR = {
    "annotate": "labels by several people",
    "serve": "models over HTTP",
    "postgresql": "labels or versions of models in PostgreSQL",
    "r-data": "panels in R's format",
    "quantification": "shares by QuaPy's posteriors",
    "privacy": "personal data found, training with differential privacy",
    "search": "a search over settings",
    "cluster": "work on a Ray cluster",
    "object-store": "corpora and scores in object stores",
    "quantized": "predictions in eight-bit integers by OpenVINO",
    "mlflow": "a tuning tracked in MLflow",
    "tensorboard": "a tuning tracked in TensorBoard",
    "docs": "the site of these pages",
    "dev": "working on Headwinds itself",
}


def library_lines() -> list[Line]:
    """Python and the needed libraries in one line or more, then one line an extra."""
    declared = _declared()
    versions = {name: metadata.version(name) for name in ("headwinds", "torch", "transformers")}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [
        Line(
            "libraries",
            "versions",
            f"Python {platform.python_version()}, {told}",
            values={"python": platform.python_version(), **versions},
        )
    ]
    wrong = _wrong(declared[""])
    if wrong:
        remedy = "Install it anew: pip install --upgrade headwinds"
        lines.append(Line("libraries", "needed", "; ".join(wrong), "broken", remedy, {"wrong": wrong}))
    else:
        count = len(declared[""])
        lines.append(Line("libraries", "needed", f"all {count} are installed", values={"wrong": []}))
    return [*lines, *(_extra(name, wanted) for name, wanted in declared.items() if name)]


def _extra(name: str, wanted: list[Requirement]) -> Line:
    purpose = FOR.get(name, "optional parts")
    wrong, values = _wrong(wanted), {one.name: _installed(one.name) for one in wanted}
    if wrong:
        remedy = f"For {purpose}: pip install 'headwinds[{name}]'"
        return Line("libraries", f"[{name}]", "; ".join(wrong), "missing", remedy, values)
    return Line("libraries", f"[{name}]", f"{purpose}: installed", values=values)


def _wrong(wanted: list[Requirement]) -> list[str]:
    """What is not installed, or in a version that is not taken, in words."""
    found = []
    for one in wanted:
        version = _installed(one.name)
        if version is None:
            found.append(f"{one.name} is not installed")
        elif not one.specifier.contains(version, prereleases=True):
            found.append(f"{one.name} {version} is installed, {one.specifier} is needed")
    return found


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _declared() -> Mapping[str, list[Requirement]]:
    """Requirements by extra, "" for the needed ones, as the installed package declares them."""
    from packaging.requirements import Requirement

    lines = [Requirement(line) for line in metadata.requires("headwinds") or ()]
    extras = metadata.metadata("headwinds").get_all("Provides-Extra") or []
    needed = [one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""})]
    found = {"": needed}
    for extra in sorted(extras, key=lambda name: (name == "dev", name)):
        asked = {one.name: one for one in _of_extra(extra, lines) if one not in needed}
        found[extra] = sorted(asked.values(), key=lambda one: one.name)
    return found


def _of_extra(extra: str, lines: list[Requirement]) -> Iterator[Requirement]:
    """What an extra asks for; one that names other extras of ours asks for theirs too."""
    for one in lines:
        if one.marker is None or not one.marker.evaluate({"extra": extra}):
            continue
        if one.name == "headwinds":
            for other in sorted(one.extras):
                yield from _of_extra(other, lines)
        else:
            yield one
