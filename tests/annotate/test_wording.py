"""The pages on which people read can be Chinese, every word of them; what a browser sends and stores stays the same."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from annotate.projects import make_project
from annotate.requests_to import ask
from annotate.test_guard import cookie_of
from headwinds.annotate.web.application import make_application
from headwinds.annotate.web.pages import READING
from headwinds.web.wording import FILLED, QUOTED, SCRIPT_PIECE, SCRIPT_TEXT, TEXT_NODE, page_in, page_words

FOLDER = files("headwinds.annotate.web")
PAGES = {
    one.name: one.read_text(encoding="utf-8")
    for part in ("templates", "static")
    for one in (FOLDER / part).iterdir()
    if not one.name.endswith(".css")
}
KEYS = {"Enter", "Esc", "Krippendorff's alpha", "Cohen's kappa"}


@pytest.mark.parametrize("name", PAGES)
def test_no_english_word_is_left_on_a_page_or_in_a_script(name):
    told = page_in(PAGES[name], name, "zh", READING)
    if name.endswith(".js"):
        code = re.sub(r"(?m)//.*$", "", told)
        left = [*SCRIPT_TEXT.findall(code), *SCRIPT_PIECE.findall(code)]
        left = [text for text in left if re.search(r"[a-z] [a-z]|^[A-Z][a-z]+ ", text) and "=" not in text]
        assert [text for text in left if "\n" not in text and text != "button, summary, a"] == []
        return
    pieces = [piece for text in TEXT_NODE.findall(told) for piece in FILLED.split(text)]
    words = [" ".join(one.split()) for one in pieces if not FILLED.fullmatch(one) and '="' not in one]
    labels = re.findall(r'(?:aria-label|title)="([^"{]*)"', told)
    said = [one for one in (*words, *labels) if re.search("[A-Za-z]{2}", one.replace("JavaScript", ""))]
    assert [one for one in said if one not in KEYS] == []


def test_every_word_of_the_pages_stands_on_one_and_no_translation_is_markup():
    said = set()
    for name, page in PAGES.items():
        found = [*SCRIPT_TEXT.findall(page), *SCRIPT_PIECE.findall(page)] if name.endswith(".js") else []
        if name.endswith(".j2"):
            found += QUOTED.findall(page)
            found += [piece for text in TEXT_NODE.findall(page) for piece in FILLED.split(text)]
        said |= {*found, *(" ".join(one.split()) for one in found)}
    assert [word for word in page_words("zh", READING) if word not in said] == []
    assert not [word for word in page_words("zh", READING).values() if set(word) & set('<>&"\\`$')]
    assert {name: page_in(page, name, "en", READING) for name, page in PAGES.items()} == PAGES


def test_no_name_that_a_script_looks_for_is_translated():
    for name, page in PAGES.items():
        told = page_in(page, name, "zh", READING)
        for form in (
            r'byId\("[^"]*"\)',
            r' (?:id|name|class|value|data-\w+|href)="[^"]*"',
            r'(?:kind|key) [=!]== "\w+"',
        ):
            assert re.findall(form, told) == re.findall(form, page), (name, form)


def test_a_reader_meets_chinese_pages_and_stores_what_an_english_page_stores(tmp_path):
    project = make_project(tmp_path, queue=4)
    app = make_application(project, language="zh")
    door = ask(app, "GET", "/enter").body.decode()
    assert '<html lang="zh">' in door
    assert "你的名字" in door
    cookie = cookie_of(app)
    page = ask(app, "GET", "/", headers=[cookie]).body.decode()
    assert "它该有哪些标签？一个都没有也是回答。" in page
    assert 'value="divide"' in page
    assert "The" not in re.sub("<[^>]*>", "", page).replace("JavaScript", "")
    assert "已全部保存" in ask(app, "GET", "/static/read.js").body.decode()
    agreed = ask(app, "GET", "/agreement", headers=[cookie]).body.decode()
    assert "还没有人读过。" in agreed
    assert "0／4 个段落已由足够多的人读过。" in re.sub(r"\s+", " ", agreed).replace(" ／ ", "／")
    form = (b"content-type", b"application/x-www-form-urlencoded")
    closed = make_application(project, token="a-token-of-the-test-0123", language="zh")
    wrong = ask(closed, "POST", "/enter", headers=[form], body=b"name=ann&token=guess")
    assert "令牌不对。" in wrong.body.decode()
    project.engine.dispose()
