"""The site has every page once, its links lead to pages, and its generated parts say what the source says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripts.docs_site.reference import command_line_page, python_page, study_file_page
from scripts.docs_site.replications import page_of, quantity
from scripts.docs_site.staging import LINK, navigation, repository_pages, stage, staged_text

from headwinds.cli.main import VERBS
from house.repository import ROOT


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    stage(folder, {"docs/reference/command-line.md": command_line_page()})
    return folder


def test_every_page_stands_once_in_the_navigation(staged):
    shown = re.findall(r"^[\w/.-]+\.md$", (staged / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted([*repository_pages(), "docs/reference/command-line.md"])


def test_every_link_of_a_staged_page_leads_to_a_staged_file(staged):
    dead = [
        f"{page.relative_to(staged)}: {match['target']}"
        for page in staged.rglob("*.md")
        for part in re.split(
            r"^```.*?^```$", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        for match in LINK.finditer(part)
        if not re.match(r"[a-z]+:|#", match["target"])
        and not (page.parent / match["target"].partition("#")[0]).exists()
    ]
    assert dead == []


def test_what_is_only_in_the_repository_is_named_and_not_linked():
    page = staged_text("docs/how-to/x.md", "See [the file](../../pyproject.toml).", frozenset())
    assert page == "See the file (`pyproject.toml`)."


def test_a_page_that_no_list_names_is_still_found():
    assert "docs/how-to/quite-new.md" in navigation(["docs/how-to/quite-new.md"])


def test_the_reference_has_every_verb_and_every_setting():
    page = command_line_page()
    assert [verb for verb in VERBS if f"`headwinds {verb}`" not in page] == []
    assert "scoring_precision" in study_file_page()


def test_the_reference_of_a_wing_has_every_name_of_it():
    from headwinds import measure

    page = python_page("headwinds.measure", "Measure")
    assert [name for name in measure.__all__ if f"headwinds.measure.{name}" not in page] == []


def test_a_comparison_of_a_test_becomes_a_row_with_both_numbers(tmp_path):
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\ndef test_the_slope_is_the_printed_one():\n"
        "    assert [1.0004] == pytest.approx([1.0], abs=1e-3)\n",
        encoding="utf-8",
    )
    out = tmp_path / "out.json"
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
        [
            *command,
            "--comparisons",
            str(out),
            "-c",
            str(ROOT / "pyproject.toml"),
            str(tmp_path / "test_one.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(out.read_text(encoding="utf-8"))
    assert (row["ours"], row["published"], row["same"]) == ([1.0004], [1.0], True)
    assert quantity(row["line"]) == "[1.0004]"
    row["test"] = "tests/replications/test_fernald.py::test_the_slope_is_the_printed_one"
    page = page_of([row])
    assert "**The slope is the printed one**" in page
    assert "| `[1.0004]` | 1.0000 | 1.0004 | 0.001 |" in page


def test_two_numbers_that_differ_are_not_the_same_when_noted():
    from scripts.docs_site.comparisons import Compared

    assert Compared(1.0, abs=0.1) != 1.2
    assert Compared(1.0, abs=0.1) == 1.05
