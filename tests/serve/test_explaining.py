"""What a text owes its label to; and the report of a run beside the model."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwinds.adapt.audit.explanation import attributions
from headwinds.adapt.audit.occlusion import MOST_PIECES, occluded
from headwinds.adapt.fitted_model import load_model
from headwinds.cli.main import main
from headwinds.serve.site import ServingLimits
from serve.servers import served

PATH = "/v1/models/speeches/explain"


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=600).filter(str.strip))
def test_what_is_asked_stays_within_one_request_and_leaves_one_piece_out_each(text):
    pieces, texts = occluded(text)
    assert texts[0] == text
    assert len(texts) == 1 + len(pieces) <= 1 + MOST_PIECES <= ServingLimits().most_rows
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(pieces))


def test_an_explanation_is_the_audits_and_its_pieces_are_together_the_text(server, fitted):
    text = "peace is our aim. 数字 hackers steal information!"
    found = json.loads(server.ask("POST", PATH, {"row": {"text": text}, "label": "security"})[2])
    assert "".join(one["text"] for one in found["pieces"]) == text
    audit = attributions(load_model(fitted.good / "model"), text, "security", method="occlusion")
    assert [one["text"] for one in found["pieces"] if one["text"].strip(" .!")] == list(audit.table["text"])
    told = [one["contribution"] for one in found["pieces"] if one["text"].strip(" .!")]
    assert told == pytest.approx(list(audit.table["value"]), abs=1e-5)
    assert found["log_odds"] == pytest.approx(audit.output, abs=1e-5)
    assert found["probability"] == pytest.approx(audit.probability, abs=1e-6)
    largest = max(found["pieces"], key=lambda one: one["contribution"])["text"]
    assert largest in ("hackers", "steal", "information")


@pytest.mark.parametrize(
    "body",
    [{}, {"row": {}}, {"row": {"text": ""}}, {"row": {"text": "x"}, "label": "none of them"}, {"row": {"text": "x"}, "n": 1},
     {"row": {"text": "?!"}},
     {"row": {"text": "x" * 6001}}, {"row": [1]}],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused_in_one_line(server, body):
    status, _, said = server.ask("POST", PATH, body)
    assert status == 422
    assert set(json.loads(said)) == {"error"}


def test_a_text_that_is_missing_empty_or_too_long_is_told_as_what_it_is(server):
    for row, said in (
        ({"txet": "x"}, "no key 'text'. Did you mean 'txet'?"),
        ({"text": " "}, "text is empty"),
        ({"text": "x" * 6001}, "text has 6,001 characters; at most 6,000"),
    ):
        status, _, body = server.ask("POST", PATH, {"row": row})
        assert status == 422
        assert said in json.loads(body)["error"]


def test_a_report_and_its_indices_are_linked_and_run_no_script(tmp_path, fitted):
    (tmp_path / "run" / "report" / "tables").mkdir(parents=True)
    report = "<!doctype html><style>p { color: red }</style><script>alert(1)</script><p>report</p>"
    (tmp_path / "run" / "report" / "report.html").write_text(report)
    (tmp_path / "run" / "report" / "tables" / "index-year.csv").write_text("year,value\n2020,0.1\n")
    (tmp_path / "run" / "report" / "tables" / "metrics.csv").write_text("x\n")
    arguments = ["--model", str(fitted.good), "--name", "speeches", "--run", f"speeches={tmp_path / 'run'}"]
    with served(tmp_path, *arguments) as server:
        assert json.loads(server.ask("GET", "/v1/models/speeches")[2])["run"] == [
            "index-year.csv",
            "report.html",
        ]
        status, headers, body = server.ask("GET", "/v1/models/speeches/run/report.html")
        assert (status, body.decode()) == (200, report)
        policy = [value for name, value in headers.items() if name.lower() == "content-security-policy"]
        assert len(policy) == 1
        assert policy[0].startswith("sandbox; default-src 'none'")
        assert "script-src" not in policy[0]
        assert server.ask("GET", "/v1/models/speeches/run/index-year.csv")[2] == b"year,value\n2020,0.1\n"
        for name in ("metrics.csv", "..", "%2e%2e%2freport.html", "report.html%00", "provenance.json"):
            assert server.ask("GET", f"/v1/models/speeches/run/{name}")[0] == 404


@pytest.mark.parametrize(("run", "words"), [("speeches", "NAME=FOLDER"), ("speeches=nowhere", "no report")])
def test_a_run_that_is_none_is_one_line(fitted, capsys, run, words):
    assert main(["serve", "--model", str(fitted.good), "--name", "speeches", "--run", run]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
