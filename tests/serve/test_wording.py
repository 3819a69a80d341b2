"""The pages are in the language of whoever started the server; an answer is English unless its caller asks."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from headwinds.serve.openapi import document
from headwinds.serve.wording import PAGE, told_document
from headwinds.web.wording import SCRIPT_TEXT, TEXT_NODE, page_in, page_words
from serve.servers import served

PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in (files("headwinds.serve") / "pages").iterdir()
}
CODE = {
    "Headwinds",
    "/openapi.json",
    "Authorization: Bearer KEY",
    "Accept: application/x-ndjson",
    "headwinds predict",
}


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".html")])
def test_no_english_word_is_left_on_a_page_but_code(name):
    told = page_in(PAGES[name], name, "zh", PAGE)
    assert '<html lang="zh">' in told
    texts = [" ".join(text.split()) for text in TEXT_NODE.findall(told)]
    assert [
        text
        for text in texts
        if re.search("[A-Za-z]{2}", text) and text not in CODE and "Headwinds" not in text
    ] == []
    assert re.sub(">[^<>]*<", "><", told) == re.sub(">[^<>]*<", "><", PAGES[name]).replace(
        'lang="en"', 'lang="zh"'
    )


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".js")])
def test_no_sentence_of_a_script_is_left_in_english(name):
    told = page_in(PAGES[name], name, "zh", PAGE)
    left = [text for text in SCRIPT_TEXT.findall(told) if re.search("[a-z] [a-z]|[A-Z][a-z]+ |[a-z]: ", text)]
    assert [text for text in left if text not in ("use strict", "bar given", "Bearer ")] == []
    assert SCRIPT_TEXT.sub('""', told) == SCRIPT_TEXT.sub('""', PAGES[name])


def test_every_word_of_the_pages_stands_on_one_and_no_translation_is_markup():
    said = {" ".join(text.split()) for page in PAGES.values() for text in TEXT_NODE.findall(page)}
    said |= {
        text for name, page in PAGES.items() if name.endswith(".js") for text in SCRIPT_TEXT.findall(page)
    }
    assert [word for word in page_words("zh", PAGE) if word not in said] == []
    assert not [word for word in page_words("zh", PAGE).values() if set(word) & set('<>&"\\')]
    assert {name: page_in(page, name, "en", PAGE) for name, page in PAGES.items()} == PAGES


def test_pages_are_chinese_where_it_was_started_so_and_answers_where_they_are_asked_so(
    tmp_path, fitted, monkeypatch
):
    monkeypatch.setenv("HEADWINDS_LANGUAGE", "zh")
    with served(tmp_path, "--model", str(fitted.good)) as server:
        assert "试用模型" in server.ask("GET", "/")[2].decode()
        assert "密钥不对。" in server.ask("GET", "/static/app.js")[2].decode()
        plain = json.loads(server.ask("GET", "/v1/models/model")[2])
        chinese = json.loads(
            server.ask("GET", "/v1/models/model", accept_language="zh-CN,zh;q=0.9,en;q=0.1")[2]
        )
        assert plain["columns"][0] == {"name": "text", "meaning": "the text", "needed": True}
        assert chinese["columns"][0] == {"name": "text", "meaning": "文字", "needed": True}
        assert plain["card"]["metrics"] == chinese["card"]["metrics"]
        assert (plain["names"]["macro_f1"], chinese["names"]["macro_f1"]) == ("macro f1", "宏平均 F1")
        assert set(plain["names"]) == {plain["task"], *plain["card"]["metrics"]} == set(chinese["names"])
        assert not [name for name, said in chinese["names"].items() if said == plain["names"][name]]
        assert [one["code"] for one in plain["card"]["findings"]] == [
            one["code"] for one in chinese["card"]["findings"]
        ]
        described = server.ask("GET", "/openapi.json", accept_language="zh")[2].decode()
        told = re.findall(r'"(?:summary|description)":"([^"]*)"', described)
        assert len(told) > 20
        assert [one for one in told if not re.search("[\u4e00-\u9fff]", one)] == []
        for language, words in (
            ("zh", "没有这个模型。"),
            ("fr", "There is no such model."),
            ("", "There is no such model."),
        ):
            status, _, body = server.ask("GET", "/v1/models/none", accept_language=language)
            assert status == 404
            assert json.loads(body)["error"].startswith(words)
        for method, place, language, words in (
            ("GET", "/v1/nothing", "zh", "这里什么都没有。"),
            ("GET", "/v1/models/model/predict", "zh", "这里不这样做，可用 POST。"),
            ("GET", "/v1/models/model/predict", "", "This is not done here, but POST is."),
        ):
            assert json.loads(server.ask(method, place, accept_language=language)[2])["error"] == words


def test_every_analysis_of_panels_is_described_in_chinese_too():
    found = told_document(document({}, key=True, most_rows=1, panels=True), "zh")
    assert all(
        re.search("[\u4e00-\u9fff]", one["summary"])
        for way in found["paths"].values()
        for one in way.values()
    )
    assert told_document(found, "en") == found
