"""Every page that is written begins with one head, which lets nothing run; no error tells a user's cell whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tasks.registry import get_task
from headwinds.artifacts.page_head import POLICY, page_head
from headwinds.errors import LONGEST_QUOTE, DataError, quoted

SOURCE = Path(__file__).parents[2] / "src" / "headwinds"
WHOLE_PAGES = ("artifacts/page_head.py",)
LONG = "Dear Ms Example of 12 Example Street, your letter about your illness of the 3rd of May has come"


def test_python_code_begins_a_page_in_one_place() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search("<!doctype", path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert found == set(WHOLE_PAGES)


def test_the_head_and_the_templates_of_files_let_no_script_run_that_is_not_ours() -> None:
    assert f'content="{POLICY}"' in page_head("<x>")
    assert "script-src" not in POLICY
    assert "<x>" not in page_head("<x>")
    for path in (SOURCE / "report" / "templates").glob("*.html.j2"):
        text = path.read_text(encoding="utf-8")
        if "<!doctype" in text:
            assert "default-src 'none'" in text, path


@pytest.mark.parametrize("value", [LONG, [LONG], {"text": LONG}, "'" * 100, "\\" * 100, "x" * LONGEST_QUOTE])
def test_a_quote_tells_no_more_than_forty_characters_of_a_cell(value: object) -> None:
    assert LONG[:41] not in quoted(value)
    assert len(quoted(value).replace("\\\\", "\\")) <= LONGEST_QUOTE + 2
    assert quoted("x" * LONGEST_QUOTE) == repr("x" * LONGEST_QUOTE)


ROWS = {
    "text-classification": {"text": [LONG], "label": "a"},
    "named-entity-recognition": {"text": LONG, "spans": [LONG]},
    "sentence-similarity": {"text": "a", "text_b": "b", "score": LONG},
    "multiple-choice": {"text": "a", "choices": ["x", "y"], "answer": LONG},
    "relation-extraction": {"text": LONG, "head": LONG, "tail": [0, 1], "label": "a"},
    "question-answering": {"text": "why", "context": "because", "answers": [LONG]},
    "dialogue": {"messages": [{"role": LONG, "content": LONG}]},
}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_task_that_cannot_read_a_cell_does_not_tell_it_whole(name: str) -> None:
    with pytest.raises(DataError) as caught:
        get_task(name).read([Row("line 2", ROWS[name])], labelled=True)
    assert LONG[: LONGEST_QUOTE + 1] not in str(caught.value)
