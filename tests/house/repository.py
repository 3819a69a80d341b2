"""Where things lie, for the tests of the house's own rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "headwinds"


def modules() -> list[Path]:
    """Every Python file of the package."""
    return sorted(SOURCE.rglob("*.py"))


def committed_texts() -> list[tuple[str, str]]:
    """Path and content of every file under version control that is text."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = []
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file():  # deleted in the working tree, or a link to nowhere
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.append((name, content.decode("utf-8")))
    return found
