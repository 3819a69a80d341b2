"""What a hostile request meets: a refusal, before anything of ours has looked at it."""

from __future__ import annotations

import json

import pytest

from annotate.projects import answer, make_project
from annotate.requests_to import ask, cookie_of
from headwinds.annotate.store import events
from headwinds.annotate.web.application import make_application
from headwinds.web import guard
from headwinds.web.guard import Buckets

TOKEN = "a-token-of-the-test-0123"
JSON = (b"content-type", b"application/json")
CLOSED = ["/", "/agreement", "/adjudicate", "/api/queue", "/api/mine", "/api/context?item=1", "/api/disputes"]


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path, queue=6)
    yield made
    made.engine.dispose()


@pytest.fixture
def app(project, monkeypatch):
    monkeypatch.setattr(guard, "BURST", 1e9)
    return make_application(project)


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"127.0.0.1.evil.example", b"localhost@evil.example", b"evil.example/127.0.0.1", b"",
     b"127.0.0.1:99999999",
     b"localhost/..", b"127.0.0.1#@evil.example", b"127.0.0.1 evil.example", b"\xff",
     b"localhost:80:80", b"[::1", b"2130706433"],
)  # fmt: skip
def test_a_host_that_is_not_ours_is_not_answered(app, host):
    reply = ask(app, "GET", "/health", headers=[(b"host", host)])
    assert reply.status == 421


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8765", b"[::1]:8765", b"127.0.0.1"])
def test_a_host_that_is_ours_is_answered(app, host):
    assert ask(app, "GET", "/health", headers=[(b"host", host)]).status == 200


def test_two_hosts_are_not_answered(app):
    assert (
        ask(app, "GET", "/health", headers=[(b"host", b"localhost"), (b"host", b"evil.example")]).status
        == 400
    )


@pytest.mark.parametrize("path", CLOSED)
def test_without_entering_every_closed_page_is_closed(app, path):
    for cookie in (
        [],
        [(b"cookie", b"x=1")],
        [(b"cookie", app.app.state.site.sessions.cookie.encode() + b"=YW5u.00")],
    ):
        reply = ask(app, "GET", path, headers=cookie)
        assert reply.status in (303, 401)
        assert b"Broadband" not in reply.body
    assert ask(app, "POST", "/api/answers", headers=[JSON], body=b"{}").status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"])
@pytest.mark.parametrize("path", ["/", "/api/answers", "/enter", "/health"])
def test_other_verbs_do_nothing(app, method, path):
    assert ask(app, method, path, headers=[cookie_of(app)]).status == 405


def test_a_token_is_asked_for_where_there_is_one_and_another_does_not_open(project):
    app = make_application(project, token=TOKEN)
    form = (b"content-type", b"application/x-www-form-urlencoded")
    for wrong in ("", "a-token-of-the-test-0124", TOKEN + "x", "é"):
        body = f"name=ann&token={wrong}".encode()
        assert ask(app, "POST", "/enter", headers=[form], body=body).status == 403
    cookie = cookie_of(app, token=TOKEN)
    assert ask(app, "GET", "/api/queue", headers=[cookie]).status == 200
    assert (
        ask(make_application(project, token=TOKEN + "2"), "GET", "/api/queue", headers=[cookie]).status == 401
    )
    assert ask(make_application(project, token=TOKEN), "GET", "/api/queue", headers=[cookie]).status == 200


def test_guessing_the_token_is_slowed_down(project):
    app = make_application(project, token=TOKEN)
    form = (b"content-type", b"application/x-www-form-urlencoded")
    found = [
        ask(app, "POST", "/enter", headers=[form], body=b"name=ann&token=guess").status for _ in range(15)
    ]
    assert found[:10] == [403] * 10
    assert found[-1] == 429


def test_a_cookie_cannot_be_made_up_for_somebody_else(app):
    name, _, value = cookie_of(app, "ann")[1].partition(b"=")
    _, _, signature = value.partition(b".")
    assert ask(app, "GET", "/api/queue", headers=[(b"cookie", name + b"=YmVu." + signature)]).status == 401


def test_only_named_annotators_enter_and_only_adjudicators_decide(project):
    app = make_application(project, names=("ann", "ben"), adjudicators=("ben",))
    form = (b"content-type", b"application/x-www-form-urlencoded")
    assert ask(app, "POST", "/enter", headers=[form], body=b"name=eve").status == 422
    ann, ben = cookie_of(app, "ann"), cookie_of(app, "ben")
    assert ask(app, "GET", "/adjudicate", headers=[ann]).status == 403
    assert ask(app, "GET", "/api/disputes", headers=[ann]).status == 403
    body = json.dumps({"answers": [answer(1, [], "adjudicate")]}).encode()
    assert ask(app, "POST", "/api/answers", headers=[ann, JSON], body=body).status == 403
    assert ask(app, "GET", "/adjudicate", headers=[ben]).status == 200


@pytest.mark.parametrize(
    "header",
    [(b"origin", b"http://evil.example"), (b"origin", b"null"), (b"origin", b"http://127.0.0.1:1"),
     (b"sec-fetch-site", b"cross-site")],
)  # fmt: skip
def test_another_sites_page_cannot_answer(app, project, header):
    body = json.dumps({"answers": [answer(1, [])]}).encode()
    assert ask(app, "POST", "/api/answers", headers=[cookie_of(app), JSON, header], body=body).status == 403
    assert events(project) == ()


def test_our_own_page_can(app, project):
    body = json.dumps({"answers": [answer(1, ["growth"])]}).encode()
    origin = (b"origin", b"http://127.0.0.1:8765")
    assert ask(app, "POST", "/api/answers", headers=[cookie_of(app), JSON, origin], body=body).status == 200
    assert len(events(project)) == 1


def test_bodies_that_are_too_large_are_refused_whether_or_not_they_say_so(app):
    cookie = cookie_of(app)
    said = ask(app, "POST", "/api/answers", headers=[cookie, JSON, (b"content-length", b"100000000")])
    chunks = [b"x" * 65536] * 10
    unsaid = ask(app, "POST", "/api/answers", headers=[cookie, JSON], body=chunks)
    packed = ask(
        app, "POST", "/api/answers", headers=[cookie, JSON, (b"content-encoding", b"gzip")], body=b"x"
    )
    assert (said.status, unsaid.status, packed.status) == (413, 413, 415)
    for length in (b"-1", b"1e3", b"0x10", b"9" * 30):
        assert ask(app, "POST", "/enter", headers=[(b"content-length", length)]).status == 413


GOOD = answer(1, ["growth"])
HOSTILE = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"answers": {}}', b'{"answers": [1]}', b'{"answers": null}', b"[" * 50_000,
    b'{"answers": [' + b'{"a":' * 20_000, b'{"answers": NaN}', b'{"answers": [' + b"9" * 5000 + b"]}",
    *(
        json.dumps({"answers": [{**GOOD, **change}]}).encode()
        for change in (
            {"item": 10**9 * 10}, {"item": -1}, {"item": 0}, {"item": True}, {"item": "1"}, {"item": 1.5}, {"item": None},
            {"client_id": "x"}, {"client_id": 5}, {"client_id": GOOD["client_id"].upper()},
            {"client_id": "../../etc/passwd"},
            {"kind": "import"}, {"kind": "delete"}, {"kind": None}, {"answer": []}, {"answer": "x"}, {"note": 5},
            {"note": "x" * 2001}, {"note": "a\0b"}, {"note": "\ud800"}, {"seconds": -1}, {"seconds": "1"}, {"seconds": 1e30},
            {"seconds": True}, {"made_at": "yesterday"}, {"made_at": None}, {"annotator": "ben"}, {"extra": 1},
        )
    ),
    json.dumps({"answers": [GOOD] * 101}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_what_cannot_be_read_is_refused_in_one_line_and_writes_nothing(app, project, body):
    reply = ask(app, "POST", "/api/answers", headers=[cookie_of(app), JSON], body=body)
    assert reply.status == 422
    assert "\n" not in reply.json()["error"]
    assert events(project) == ()


@pytest.mark.parametrize(
    "given",
    [
        {"labels": ["unknown"]},
        {"labels": ["growth", "growth"]},
        {"labels": "growth"},
        {},
        {"labels": [[]]},
        {"grades": {}},
    ],
)
def test_an_answer_that_is_not_in_the_codebook_is_refused_by_itself_and_the_others_stand(app, project, given):
    bad, good = {**answer(1, []), "answer": given}, answer(2, ["divide"])
    body = json.dumps({"answers": [bad, good]}).encode()
    reply = ask(app, "POST", "/api/answers", headers=[cookie_of(app), JSON], body=body).json()
    assert reply["stands"] == [good["client_id"]]
    assert list(reply["refused"]) == [bad["client_id"]]
    assert [event.item for event in events(project)] == [2]


PATHS = [
    "/static/../labels.sqlite", "/static/..%2flabels.sqlite", "/static/%2e%2e/labels.sqlite", "/static/....//labels.sqlite",
    "/static//etc/passwd", "/static/..\\labels.sqlite", "/static/style.css/", "/static/style.css%00", "/static/", "/static",
    "//evil.example/", "/static/~root", "/static/file:///etc/passwd", "/static/CON", "/static/" + "a" * 3000,
    "/static/\uff0e\uff0e/x",
    "/labels.sqlite", "/.git/config", "/static/style.css;x", "/api/../static/style.css", "/static/read.js.map",
    "/favicon.ico",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_a_file(app, path):
    reply = ask(app, "GET", path, headers=[cookie_of(app)])
    assert reply.status == 404
    assert reply.body == b'{"error":"There is nothing here."}'


@pytest.mark.parametrize(
    "query", ["", "item=", "item=-1", "item=1.5", "item=1e3", "item=99999999999", "item=../1", "item=%00"]
)
def test_a_passage_is_asked_for_by_a_number(app, query):
    assert ask(app, "GET", f"/api/context?{query}", headers=[cookie_of(app)]).status == 422


def test_every_answer_carries_the_policy_and_no_page_has_a_script_inside(app):
    for path in ("/", "/enter", "/agreement", "/adjudicate", "/health", "/static/read.js", "/nothing"):
        reply = ask(app, "GET", path, headers=[cookie_of(app)])
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        page = reply.body.decode()
        if path != "/static/read.js":
            assert "http://" not in page
            assert "https://" not in page
            assert page.count("<script") == page.count('<script type="module" src="/static/')
            assert " on" not in page.split("<body", 1)[-1].split(">", 1)[0]


def test_a_client_that_asks_too_often_is_told_when_to_come_back():
    moment = [0.0]
    buckets = Buckets(rate=2, burst=3, clock=lambda: moment[0])
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b") == 0
    moment[0] = 0.5
    assert buckets.wait("a") == 0
    assert buckets.wait("a") > 0


def test_the_buckets_do_not_grow_without_end():
    buckets = Buckets(rate=1, burst=2, clock=lambda: 0.0)
    for number in range(3 * guard.MOST_CLIENTS):
        buckets.wait(str(number))
    assert len(buckets.level) <= guard.MOST_CLIENTS


def test_markup_in_documents_labels_and_names_stays_text(tmp_path):
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    (tmp_path / "corpus.jsonl").write_text(
        json.dumps({"passage_id": "p", "document_id": attack, "text": attack, "year": attack}) + "\n",
        encoding="utf-8",
    )
    (tmp_path / "codebook.md").write_text(
        f"|label|give|\n|--|--|\n|a|{attack}|\n\n1. {attack}\n", encoding="utf-8"
    )
    from headwinds.annotate.rounds import Round, add_round

    project = make_project(tmp_path)
    add_round(project, Round("test", "test", {"p": 0.5}, ("p",), False))
    app = make_application(project)
    cookie = cookie_of(app, "%3Cscript%3Ealert(1)%3C/script%3E")
    for path in ("/", "/agreement", "/adjudicate", "/enter"):
        page = ask(app, "GET", path, headers=[cookie]).body.decode()
        assert "<script>" not in page
        assert "<img" not in page
    assert (
        ask(app, "GET", "/api/queue", headers=[cookie]).headers["content-type"].startswith("application/json")
    )
    project.engine.dispose()
