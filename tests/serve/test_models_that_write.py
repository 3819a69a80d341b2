"""Models that write, over HTTP: the bytes of the command line, pieces as they come, and the form of OpenAI's server."""

from __future__ import annotations

import contextlib
import http.client
import json
import time

import pytest

from adapt.test_every_task import EXAMPLES, FILES, FROM_SCRATCH
from headwinds import predict_file
from headwinds.adapt.settings import TuneSettings
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from serve.servers import served
from serve.test_serving import asked_names

TASKS = ("translation", "summarisation", "dialogue", "text-generation", "text-to-text", "code-generation")
PROMPTS = {"text-generation": {"attributes": ["weather"], "beginning": "It"}}
ROUTES = {"chat": "/v1/chat/completions", "text": "/v1/completions"}
CHAT = {"model": "dialogue", "messages": [{"role": "user", "content": "When does the museum open?"}]}
TEXT = {"model": "text-generation", "prompt": "The sun"}


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    """A tiny model of each task that writes, from scratch."""
    root = tmp_path_factory.mktemp("writers")
    found = {}
    for task in TASKS:
        train, test = (EXAMPLES / name for name in FILES[task])
        settings = TuneSettings(
            checkpoint=FROM_SCRATCH[task], task=task, epochs=1, max_new_tokens=12, vocabulary=500
        )
        tune_files(LabelledFiles(train, test=test), settings, root / task, quiet=True)
        found[task] = root / task
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory, writers):
    folder = tmp_path_factory.mktemp("served")
    with served(folder, *(f"{task}={place}" for task, place in writers.items()), several=True) as running:
        yield running


def events_of(server, path, body, **headers):
    """Status, and of a stream the events: name (of ours) and content, with the moment each came."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)) as connection:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
        reply = connection.getresponse()
        if not reply.getheader("content-type", "").startswith("text/event-stream"):
            return reply.status, json.loads(reply.read())
        found, name = [], ""
        for line in reply:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                found.append((name, text.removeprefix("data: "), time.monotonic()))
        return reply.status, found


def first_rows(task, count=3):
    lines = (EXAMPLES / FILES[task][1]).read_text(encoding="utf-8").splitlines()[:count]
    hidden = {"translation", "summary", "target", "code", "tests"} | (
        {"text"} if task == "text-generation" else set()
    )
    rows = [{name: value for name, value in json.loads(line).items() if name not in hidden} for line in lines]
    if task == "dialogue":
        rows = [{**row, "messages": row["messages"][:-1]} for row in rows]
    return [{"id": f"r{number}", **row} for number, row in enumerate(rows)]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_written_over_http_is_the_file_that_predict_writes(server, writers, tmp_path, task):
    rows = first_rows(task)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    predict_file(writers[task], tmp_path / "rows.jsonl", tmp_path / "out.jsonl")
    path = f"/v1/models/{task}/predict"
    status, _, body = server.ask("POST", path, {"rows": rows}, accept="application/x-ndjson")
    assert status == 200
    assert body == (tmp_path / "out.jsonl").read_bytes()


@pytest.mark.parametrize("task", [one for one in TASKS if one != "code-generation"])
def test_the_pieces_of_a_stream_are_together_the_text_of_the_prediction(server, task):
    row = first_rows(task, 1)[0]
    path = f"/v1/models/{task}/predict"
    whole = json.loads(server.ask("POST", path, {"rows": [row]})[2])["predictions"][0]
    status, found = events_of(server, path, {"rows": [row]}, accept="text/event-stream")
    assert status == 200
    assert [name for name, _, _ in found[-1:]] == ["prediction"]
    assert json.loads(found[-1][1]) == whole
    written = "".join(json.loads(content)["text"] for name, content, _ in found if name == "piece")
    output = {"translation": "translation", "summarisation": "summary", "dialogue": "reply"}.get(task, "")
    assert written == whole[output or {"text-generation": "text", "text-to-text": "target"}[task]]


def test_pieces_come_while_the_rest_is_still_being_written(server):
    _, found = events_of(
        server, ROUTES["text"], {**TEXT, "max_tokens": 400, "stream": True, "temperature": 1}
    )
    moments = [moment for _, _, moment in found]
    assert len(found) > 20
    assert moments[len(moments) // 2] - moments[0] > 0.2 * (moments[-1] - moments[0])


def test_a_chat_completion_has_the_form_of_openais(server):
    status, _, body = server.ask("POST", ROUTES["chat"], {**CHAT, "max_tokens": 8, "temperature": 0})
    found = json.loads(body)
    assert status == 200
    assert set(found) == {"id", "object", "created", "model", "system_fingerprint", "choices", "usage"}
    assert (found["object"], found["model"]) == ("chat.completion", "dialogue")
    assert found["id"].startswith("chatcmpl-")
    (choice,) = found["choices"]
    assert set(choice) == {"index", "message", "logprobs", "finish_reason"}
    assert set(choice["message"]) == {"role", "content", "refusal"}
    assert choice["message"]["role"] == "assistant"
    usage = found["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > 0
    assert choice["finish_reason"] == ("length" if usage["completion_tokens"] == 8 else "stop")


def test_a_completion_has_the_form_of_openais(server):
    status, _, body = server.ask("POST", ROUTES["text"], {**TEXT, "max_tokens": 5})
    found = json.loads(body)
    assert status == 200
    assert found["object"] == "text_completion"
    assert found["id"].startswith("cmpl-")
    assert [set(choice) for choice in found["choices"]] == [{"index", "text", "logprobs", "finish_reason"}]


@pytest.mark.parametrize(("route", "asked"), [("chat", CHAT), ("text", TEXT)])
def test_a_stream_is_chunks_of_openais_form_and_says_what_the_whole_answer_says(server, route, asked):
    asked = {**asked, "max_tokens": 30, "temperature": 0.9, "seed": 3, "n": 2}
    whole = json.loads(server.ask("POST", ROUTES[route], asked)[2])
    options = {"stream": True, "stream_options": {"include_usage": True}}
    status, found = events_of(server, ROUTES[route], {**asked, **options})
    assert status == 200
    assert found[-1][1] == "[DONE]"
    chunks = [json.loads(content) for _, content, _ in found[:-1]]
    assert len({one["id"] for one in chunks}) == 1
    kind = {"chat": "chat.completion.chunk", "text": "text_completion"}[route]
    assert {one["object"] for one in chunks} == {kind}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    for choice in whole["choices"]:
        own = [one["choices"][0] for one in chunks[:-1] if one["choices"][0]["index"] == choice["index"]]
        reasons = [one["finish_reason"] for one in own]
        assert reasons == [None] * (len(own) - 1) + [choice["finish_reason"]]
        if route == "chat":
            assert own[0]["delta"]["role"] == "assistant"
            assert "".join(one["delta"].get("content", "") for one in own) == choice["message"]["content"]
        else:
            assert "".join(one["text"] for one in own) == choice["text"]
    texts = [json.dumps(one.get("message") or one["text"]) for one in whole["choices"]]
    assert len(set(texts)) == 2  # two choices are two draws


def test_the_same_seed_gives_the_same_text_and_another_seed_another(server):
    def written(**changes):
        asked = {**TEXT, "max_tokens": 20, "temperature": 1.0, **changes}
        return json.loads(server.ask("POST", ROUTES["text"], asked)[2])["choices"][0]["text"]

    assert written(seed=1) == written(seed=1) != written(seed=2)


def test_a_text_ends_before_a_stop_whole_and_streamed(server):
    asked = {**TEXT, "max_tokens": 60, "temperature": 1.0, "seed": 5}
    whole = json.loads(server.ask("POST", ROUTES["text"], asked)[2])["choices"][0]["text"]
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]
    expected = whole[: whole.index(stop)].rstrip()
    cut = json.loads(server.ask("POST", ROUTES["text"], {**asked, "stop": stop})[2])["choices"][0]
    assert (cut["text"], cut["finish_reason"]) == (expected, "stop")
    _, found = events_of(server, ROUTES["text"], {**asked, "stop": [stop], "stream": True})
    assert "".join(json.loads(content)["choices"][0]["text"] for _, content, _ in found[:-1]) == expected


def test_several_prompts_are_answered_in_their_order(server):
    alone = [
        json.loads(server.ask("POST", ROUTES["text"], {**TEXT, "prompt": one, "max_tokens": 6})[2])
        for one in ("The sun", "Rain")
    ]
    both = json.loads(
        server.ask("POST", ROUTES["text"], {**TEXT, "prompt": ["The sun", "Rain"], "max_tokens": 6})[2]
    )
    assert [one["text"] for one in both["choices"]] == [one["choices"][0]["text"] for one in alone]
    assert both["usage"]["prompt_tokens"] == sum(one["usage"]["prompt_tokens"] for one in alone)


def test_models_are_listed_as_openai_lists_them(server):
    found = json.loads(server.ask("GET", "/v1/models")[2])
    assert found["object"] == "list"
    assert {one["id"] for one in found["data"]} == set(TASKS)
    assert {(one["object"], type(one["created"])) for one in found["data"]} == {("model", int)}
    alone = json.loads(server.ask("GET", "/v1/models/dialogue")[2])
    assert {"id": "dialogue", "object": "model", "owned_by": "headwinds"}.items() <= alone.items()


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"n": 1_000_000_000}, "n"),
        ({"n": 0}, "n"),
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -1}, "top_p"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": ""}, "stop"),
        ({"seed": 2**64}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"x": True}}, "stream_options"),
        ({"stream_options": {"include_obfuscation": "x"}}, "include_obfuscation"),
        ({"max_tokens": 3, "max_completion_tokens": 4}, "max_tokens"),
        ({"logprobs": 3}, "logprobs"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"chat_template_kwargs": {"chat_template": "x"}}, "chat_template_kwargs"),
        ({"guided_grammar": "x"}, "guided_grammar"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": ["a"] * 9}, "prompt"),
        ({"prompt": ["a"] * 5, "n": 2}, "n"),
        ({"model": 5}, "model"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named_in_openais_form(server, changes, parameter):
    status, _, body = server.ask("POST", ROUTES["text"], {**TEXT, **changes})
    error = json.loads(body)["error"]
    assert status == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", parameter)


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "root", "content": "x"}],
        [{"role": "user", "content": "x", "name": "y"}],
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/"}}]}],
        [{"role": "user", "content": "x"}] * 257,
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": " "}],
        [{"role": "assistant", "content": 5}, {"role": "user", "content": "x"}],
        [{"role": "assistant", "tool_calls": [{"id": "a"}]}, {"role": "user", "content": "x"}],
        "x",
    ],
)
def test_messages_that_cannot_be_answered_are_refused(server, messages):
    status, _, body = server.ask("POST", ROUTES["chat"], {**CHAT, "messages": messages})
    assert status == 400
    assert json.loads(body)["error"]["param"].startswith("messages")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"role": "user", "content": "x", "name": "y"}, "messages[0]: name is not read here"),
        (
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]},
            "content[1] is not",
        ),
    ],
)
def test_what_is_not_read_of_a_message_is_named(server, wrong, said):
    status, _, body = server.ask("POST", ROUTES["chat"], {**CHAT, "messages": [wrong]})
    assert status == 400
    assert said in json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    "silent",
    [
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None, "refusal": None, "tool_calls": None},
        {"role": "assistant"},
    ],
)
def test_a_conversation_goes_on_after_an_answer_that_was_empty(server, silent):
    """A model may write nothing, and programs send all turns back as they came."""
    asked = {**CHAT, "messages": [*CHAT["messages"], silent, {"role": "user", "content": "And when?"}]}
    status, _, body = server.ask("POST", ROUTES["chat"], {**asked, "max_tokens": 2})
    assert status == 200, body
    row = {"messages": [*CHAT["messages"], {"role": "assistant", "content": ""}, asked["messages"][-1]]}
    assert server.ask("POST", "/v1/models/dialogue/predict", {"rows": [row]})[0] == 200


def test_a_model_that_is_not_there_or_reads_one_message_is_said(server):
    status, _, body = server.ask("POST", ROUTES["chat"], {**CHAT, "model": "gpt"})
    assert (status, json.loads(body)["error"]["code"]) == (404, "model_not_found")
    turns = [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]
    status, _, body = server.ask("POST", ROUTES["chat"], {**CHAT, "model": "translation", "messages": turns})
    assert status == 400
    assert "one message" in json.loads(body)["error"]["message"]
    one = {**CHAT, "model": "translation", "max_tokens": 4}
    assert server.ask("POST", ROUTES["chat"], one)[0] == 200


def test_nothing_that_a_writer_is_asked_for_is_a_place_to_fetch_or_to_load(server):
    document = json.loads(server.ask("GET", "/openapi.json")[2])
    rows = {"version", "rows", "id", "text", "messages", "attributes", "beginning", "prompt", "entry_point"}
    chat = {
        "model",
        "role",
        "content",
        "type",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "n",
        "stop",
    }
    assert asked_names(document) == rows | chat | {
        "seed",
        "stream",
        "stream_options",
        "include_usage",
        "user",
    }


def test_a_caller_who_leaves_a_stream_is_not_written_for(server):
    asked = {**TEXT, "max_tokens": 500, "temperature": 1.5, "stream": True}
    body = json.dumps(asked)
    for _ in range(12):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("POST", ROUTES["text"], body, {"content-type": "application/json"})
        connection.getresponse().readline()
        connection.close()
    start = time.monotonic()
    assert server.ask("POST", ROUTES["text"], {**TEXT, "max_tokens": 2})[0] == 200
    assert time.monotonic() - start < 2
    for _ in range(20):  # an answer is given a moment before its tokens are taken off the count
        said = server.ask("GET", "/metrics")[2].decode().splitlines()
        if "headwinds_waiting_tokens 0" in said:
            break
        time.sleep(0.05)
    assert "headwinds_waiting_tokens 0" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 2e-293},
        {"temperature": 1e-9, "top_p": 2e-313},
        {"max_tokens": 5.0},
        {"seed": 7.0},
        {"n": None},
        {"unheard of": None},
    ],
)
def test_what_the_schema_allows_at_its_edges_is_answered(server, changes):
    status, _, said = server.ask("POST", ROUTES["text"], {**TEXT, "max_tokens": 2, **changes})
    assert status == 200, said


@pytest.mark.parametrize("changes", [{"user": {}}, {"metadata": "x"}, {"max_tokens": 5.5}, {"seed": 1e300}])
def test_what_the_schema_forbids_is_refused_by_its_name(server, changes):
    status, _, said = server.ask("POST", ROUTES["text"], {**TEXT, **changes})
    assert status == 400
    assert json.loads(said)["error"]["param"] == next(iter(changes))


def test_a_beginning_that_is_no_text_is_refused(server):
    status, _, said = server.ask(
        "POST", "/v1/models/text-generation/predict", {"rows": [{"beginning": {"a": 1}}]}
    )
    assert (status, json.loads(said)) == (
        422,
        {"error": "row 1: beginning is no text. Write one, or leave the cell empty."},
    )
