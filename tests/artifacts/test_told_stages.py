"""A stage with pages is done once for all languages: in another one its data stay as they are, its pages are told anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwinds.artifacts.manifest import verify
from headwinds.artifacts.stages import StageResult, stored_fingerprint
from headwinds.artifacts.told_stages import run_told_stage
from headwinds.phrases.catalogue import speaking, spoken


class Stage:
    """Counts how often its work was done and its page was told."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.worked = self.told = 0

    def tell(self, output: Path) -> None:
        self.told += 1
        (output / "page.html").write_text(f"{spoken()}: {(output / 'deep' / 'data').read_text()}")

    def work(self, output: Path, _: Path) -> None:
        self.worked += 1
        (output / "deep").mkdir()
        (output / "deep" / "data").write_text(f"number {self.worked}")
        self.tell(output)

    def run(self, language: str, fingerprint: str = "a" * 64) -> StageResult:
        with speaking(language):
            found = run_told_stage(self.directory, "evaluation", fingerprint, self.work, self.tell)
        verify(found.path)
        return found

    @property
    def page(self) -> str:
        return (self.directory / "evaluation" / "page.html").read_text()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_another_language_tells_the_page_anew_and_repeats_no_work(stage: Stage) -> None:
    assert not stage.run("en").reused
    assert stage.page == "en: number 1"
    assert not stage.run("zh").reused
    assert (stage.page, stage.worked, stage.told) == ("zh: number 1", 1, 2)
    assert stage.run("zh").reused
    stage.run("en")
    assert (stage.page, stage.worked, stage.told) == ("en: number 1", 1, 3)


def test_english_has_the_fingerprint_of_the_data_and_another_language_says_which_it_is(stage: Stage) -> None:
    assert stored_fingerprint(stage.run("en").path) == "a" * 64
    assert stored_fingerprint(stage.run("zh").path) == f"{'a' * 64}-zh"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_other_inputs_are_worked_on_anew_in_every_language(stage: Stage, language: str) -> None:
    stage.run("en")
    stage.run(language, "b" * 64)
    assert (stage.page, stage.worked) == (f"{language}: number 2", 2)


def test_damaged_data_are_not_taken_over(stage: Stage) -> None:
    path = stage.run("en").path
    (path / "deep" / "data").write_text("number 9")
    assert [one.code for one in stage.run("zh").findings] == ["W901"]
    assert stage.page == "zh: number 2"
