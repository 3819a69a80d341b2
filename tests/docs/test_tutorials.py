"""The tutorials run from top to bottom as a reader would: every command and every Python block, in one folder.

A command block is marked `sh`. What takes minutes is made small by what its fence names after `in-tests:`; what cannot run
here says why after `no-run:`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import pytest

from adapt.tiny import make_checkpoint
from headwinds.cli.main import main
from house.repository import ROOT

FENCE = re.compile(r"^```(?P<kind>python|sh)(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@dataclass(frozen=True, slots=True)
class Step:
    """A block: its kind, its text, the line of the page that it starts in, what its fence says besides."""

    kind: str
    code: str
    line: int
    info: str


def steps_of(page: str) -> list[Step]:
    return [
        Step(
            found["kind"], found["code"], page.count("\n", 0, found.start("code")) + 1, found["info"].strip()
        )
        for found in FENCE.finditer(page)
    ]


def follow(page: str, name: str) -> tuple[int, int]:
    """Run every step; how many Python blocks and how many commands that were."""
    namespace: dict[str, object] = {"__name__": "__page__"}
    blocks = commands = 0
    for step in steps_of(page):
        if re.fullmatch(r"no-run: \S.+", step.info):
            continue
        if step.kind == "python":
            assert not step.info, (
                f"{name}:{step.line}: after '```python' comes nothing, or 'no-run: ' and a reason."
            )
            exec(compile("\n" * (step.line - 1) + step.code, name, "exec"), namespace)
            blocks += 1
            continue
        more = re.fullmatch(r"(?:in-tests: (\S.+))?", step.info)
        assert more, f"{name}:{step.line}: {step.info!r} is neither 'in-tests: ' nor 'no-run: '."
        for line in filter(None, step.code.replace("\\\n", " ").splitlines()):
            words = shlex.split(line)
            assert words[0] == "headwinds", f"{name}:{step.line}: {line}"
            assert main([*words[1:], *shlex.split(more[1] or "")]) == 0, f"{name}:{step.line}: {line}"
            commands += 1
    return blocks, commands


@pytest.fixture
def beside_the_clone(tmp_path, monkeypatch):
    """A folder that looks like a clone and where outputs go, with a model small enough for tests in it."""
    for name in ("studies", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    make_checkpoint(tmp_path / "tiny", positions=128)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=[path.stem for path in TUTORIALS])
def test_a_tutorial_can_be_followed_from_top_to_bottom(page, beside_the_clone, capsys):
    blocks, commands = follow(page.read_text(encoding="utf-8"), page.name)
    assert blocks >= 3
    assert commands >= 1


def test_a_command_that_fails_is_noticed(beside_the_clone):
    with pytest.raises(AssertionError, match="page:2"):
        follow("```sh\nheadwinds check nothing.toml\n```\n", "page")


def test_a_step_is_left_out_only_with_a_reason(beside_the_clone):
    assert follow("```sh no-run: it serves\nheadwinds serve --model none\n```\n", "page") == (0, 0)
    with pytest.raises(AssertionError, match="page:2"):
        follow("```sh no-run\nheadwinds --help\n```\n", "page")
