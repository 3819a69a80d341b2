"""Files stay small and are named after what they are."""

from __future__ import annotations

import statistics
import subprocess
import sys

from house.repository import ROOT, modules

LONGEST = 500
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "shared", "base"}


def test_no_module_is_longer_than_the_cap():
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()
    }
    real = sorted(length for path, length in lengths.items() if path.name != "__init__.py")
    print(
        f"\n{len(real)} modules; lines: median {statistics.median(real):.0f}, p90 {real[int(0.9 * len(real))]}"
    )
    assert {str(path): length for path, length in lengths.items() if length > LONGEST} == {}


def test_no_module_is_named_after_what_it_is_not():
    names = {part for path in modules() for part in (path.stem, path.parent.name)}
    assert names & NAMELESS == set()


def test_every_public_module_class_and_function_has_a_docstring():
    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--select",
        "D100,D101,D102,D103,D104,D106",
        "--output-format",
        "concise",
        "src",
    ]
    done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
