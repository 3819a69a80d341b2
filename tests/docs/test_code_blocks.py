"""Every Python block of the pages runs, block after block, in one namespace a page.

A block that cannot run here says why after `no-run:` in its first line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```python(?P<info>[^\n]*)\n(?P<code>.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """The code between two fences, the first line of the code in its page, and what the opening fence says besides."""

    code: str
    line: int
    info: str


def blocks_in(page: str) -> list[Block]:
    """All Python blocks of a page, in order."""
    return [
        Block(found["code"], page.count("\n", 0, found.start("code")) + 1, found["info"].strip())
        for found in FENCE.finditer(page)
    ]


def run(blocks: list[Block], name: str) -> int:
    """Execute the blocks that are to run; return how many that were.

    The line numbers of a traceback are those of the page.
    """
    namespace: dict[str, object] = {"__name__": "__page__"}
    done = 0
    for block in blocks:
        if block.info:
            reasoned = re.fullmatch(r"no-run: \S.+", block.info)
            assert reasoned, (
                f"{name}:{block.line}: after '```python' comes nothing, or 'no-run: ' and a reason."
            )
            continue
        exec(compile("\n" * (block.line - 1) + block.code, name, "exec"), namespace)
        done += 1
    return done


ALONE = [page for page in PAGES if page.parent.name not in ("tutorials", "zh")]
"""Tutorials have commands too (test_tutorials.py); those in Chinese have the same ones, as a test below says."""


@pytest.mark.parametrize("page", ALONE, ids=[path.relative_to(ROOT).as_posix() for path in ALONE])
def test_every_python_block_of_the_page_runs(page, tmp_path, monkeypatch):
    (tmp_path / "studies").symlink_to(ROOT / "studies")  # read as from a clone, written elsewhere
    monkeypatch.chdir(tmp_path)
    run(blocks_in(page.read_text(encoding="utf-8")), page.relative_to(ROOT).as_posix())


def test_the_blocks_of_a_page_are_found():
    page = ROOT / "docs" / "explanation" / "essay-errata.md"
    found = blocks_in(page.read_text(encoding="utf-8"))
    assert len([block for block in found if not block.info]) >= 6


def test_a_wrong_number_in_a_page_is_noticed():
    with pytest.raises(AssertionError):
        run(
            blocks_in("Text\n\n```python\nx = 0.3778\n```\n\nMore\n\n```python\nassert x == 0.507222\n```\n"),
            "page",
        )


def test_a_block_is_left_out_only_with_a_reason():
    assert run(blocks_in("```python no-run: needs a GPU\nraise SystemExit\n```\n"), "page") == 0
    with pytest.raises(AssertionError, match="page:2"):
        run(blocks_in("```python no-run\nraise SystemExit\n```\n"), "page")


def test_the_links_between_pages_lead_somewhere():
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*PAGES, *ROOT.glob("*.md")]
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert dead == []


@pytest.mark.parametrize("name", ["first-model", "growth-accounts", "un-study"])
def test_a_tutorial_in_chinese_has_the_blocks_and_commands_of_the_english_one(name):
    """So they run, since those do; and nothing of the words is left in English."""
    english, chinese = (
        (ROOT / "docs" / place / f"{name}.md").read_text("utf-8") for place in ("tutorials", "zh")
    )
    fence = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
    assert fence.findall(chinese) == fence.findall(english)
    heading = re.compile(r"^#+ ", flags=re.MULTILINE)
    assert len(heading.findall(fence.sub("", chinese))) == len(heading.findall(fence.sub("", english)))
    for line in fence.sub("", chinese).splitlines():
        assert not line.strip() or re.search("[\u4e00-\u9fff]", line), line


def test_the_chinese_readme_has_the_blocks_and_the_commands_of_the_english_one():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    assert [block.code for block in blocks_in(chinese)] == [block.code for block in blocks_in(english)]
    shell = re.compile(r"^```sh\n.*?^```$", flags=re.MULTILINE | re.DOTALL)
    assert shell.findall(chinese) == shell.findall(english) != []
    command = re.compile(r"^    ((?:make|headwinds|pip) [^#\n]*?)\s*(?:#.*)?$", flags=re.MULTILINE)
    assert command.findall(chinese) == command.findall(english)
    verbs = re.compile(r"`headwinds (\w+) [^`]*…")
    assert set(verbs.findall(english)) <= set(verbs.findall(chinese))
