"""The page of published numbers beside ours: the replication tests are run, and what they compare is written down."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.docs_site.staging import ROOT

HEAD = """# Published numbers beside ours

*Generated: the tests of `tests/replications` were run while this page was built, and each comparison that they make to
within a tolerance is a row. What they compare exactly (counts, dates, rounded figures) is not listed; a test whose
comparison fails stops the build.*
"""
MOST = 6
"""Numbers of a sequence that are shown."""


def replications_page() -> str:
    """The page.

    Raises
    ------
    RuntimeError
        A test fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "comparisons.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "scripts.docs_site.comparisons",
            "-p",
            "no:cacheprovider",
        ]
        done = subprocess.run(
            [*command, "--comparisons", str(file), "tests/replications"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"tests/replications fail:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
        return page_of(json.loads(file.read_text(encoding="utf-8")))


def page_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The page of the comparisons that were noted: a section a source, a table a test."""
    parts = [HEAD]
    for module in sorted((ROOT / "tests" / "replications").glob("test_*.py")):
        name = module.relative_to(ROOT).as_posix()
        about = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or name
        first = about.partition("\n")[0].rstrip(".")
        parts.append(f"## {first}\n\n`{name}`\n")
        tests = dict.fromkeys(row["test"] for row in rows if row["test"].startswith(f"{name}::"))
        for test in tests:
            parts.append(f"**{sentence(test)}**\n\n{table([row for row in rows if row['test'] == test])}")
        if not tests:
            parts.append("Compared exactly; see the tests.\n")
    return "\n".join(parts)


def sentence(test: str) -> str:
    """A test's name as the sentence that it is, with the case in brackets."""
    name, _, case = test.rpartition("::")[2].partition("[")
    words = name.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:] + (f" ({case.rstrip(']')})" if case else "")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is compared, the published number, ours, the tolerance."""
    lines = ["| compared | published | ours | within |", "|---|---|---|---|"]
    for row in rows:
        digits = decimals(row["tolerance"])
        what = f"{row['about']}: `{quantity(row['line'])}`" if row["about"] else f"`{quantity(row['line'])}`"
        published, ours = (shown(row[side], digits) for side in ("published", "ours"))
        within = ", ".join(
            f"{value:g}" if name == "abs" else f"{value:.2g} of it"
            for name, value in row["tolerance"].items()
        )
        lines.append(f"| {what} | {published} | {ours} | {within or '1e-6 of it'} |")
    return "\n".join(lines) + "\n"


def quantity(line: str) -> str:
    """The expression that is compared, as it stands in the test."""
    found = re.match(r"(?:assert )?(.*?) == \(?pytest\.approx", line)
    text = found.group(1) if found else line
    return text.replace("|", "/").replace("`", "")


def decimals(tolerance: Mapping[str, float]) -> int:
    """Decimals that show a difference as large as the tolerance."""
    value = tolerance.get("abs")
    if not value:
        return 6
    found = 0
    while value < 1 and found < 10:
        value, found = value * 10, found + 1
    return found + 1


def shown(values: Sequence[float], digits: int) -> str:
    """Numbers with so many decimals, the first few of many."""
    text = ", ".join(f"{value:.{digits}f}" for value in values[:MOST])
    return f"{text}, … ({len(values)})" if len(values) > MOST else text
