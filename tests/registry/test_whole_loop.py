"""A model's whole life on real passages of the UN General Debate: from the first labels to an update and back."""

from __future__ import annotations

import csv
import json
import threading
import time

import pytest

from headwinds import tune, update, watch
from headwinds.doors.registering import add_model, open_registry, promote_model, rollback_model
from headwinds.registry.index import versions_of
from registry.speeches import make_small, passages
from serve.servers import served

TASK = "text-classification"
HEAD = {
    "method": "head",
    "epochs": 30,
    "patience": 30,
    "pooling": "normalised-mean",
    "head_learning_rate": 0.03,
}
CLIENTS = 30


def write(path, rows, *, labelled=True, turned=False):
    other = {"headwind or driver": "neither", "neither": "headwind or driver"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["document_id", "text", *(["label"] if labelled else [])])
        for document, text, label in rows:
            given = [other[label] if turned else label] if labelled else []
            writer.writerow([document, text, *given])
    return path


@pytest.mark.slow
def test_a_shifted_period_is_noticed_learnt_judged_served_under_load_and_taken_back(tmp_path):
    periods = passages()
    early, late = periods["1990-2000"], periods["2012-2022"]
    files = {
        "early": write(tmp_path / "early.csv", early[:110]),
        "early-test": write(tmp_path / "early-test.csv", early[110:200]),
        "early-live": write(tmp_path / "early-live.csv", early[200:280], labelled=False),
        "late-live": write(tmp_path / "late-live.csv", late[:80], labelled=False),
        "late": write(tmp_path / "late.csv", late[80:190]),
        "late-turned": write(tmp_path / "late-turned.csv", late[80:190], turned=True),
        "late-test": write(tmp_path / "late-test.csv", late[190:280]),
    }
    gate = tmp_path / "gate.toml"
    gate.write_text(
        'metric = "accuracy"\nlargest_loss = 0.2\nsmallest_gain = 0.0\nlargest_calibration_error = 0.3\n'
        + "".join(
            f'[[tests]]\npath = "{files[name]}"\nrole = "{role}"\ngroup = "document_id"\n'
            for name, role in (("early-test", "old"), ("late-test", "new"))
        )
    )
    tune(
        task=TASK,
        train=files["early"],
        test=files["early-test"],
        checkpoint=make_small(tmp_path / "checkpoint"),
        output=tmp_path / "first",
        quiet=True,
        **HEAD,
    )
    registry = open_registry(tmp_path / "registry")
    first = add_model(registry, "speeches", tmp_path / "first", licence="CC0")
    assert promote_model(registry, "speeches", gate).promoted

    def look(name):
        return watch(
            "speeches",
            files[name],
            registry=tmp_path / "registry",
            output=tmp_path / "watch",
            reference=files["early-test"],
            looks=4,
            permutations=499,
        )

    assert not look("early-live").raised
    alarm = look("late-live")
    assert alarm.raised
    assert len(alarm.proposals) == 20

    training = {name: value for name, value in HEAD.items() if name != "pooling"}
    common = {
        "registry": tmp_path / "registry",
        "old": files["early"],
        "gate": gate,
        "quiet": True,
        **training,
    }
    rows = [{"text": text} for _, text, _ in late[190:220]]
    answers = []
    stop = threading.Event()
    with served(tmp_path, "--registry", "registry") as server:

        def client(number):
            while not stop.is_set():
                status, found = server.predict([rows[number]])
                answers.append((status, found.get("number")))
                time.sleep(0.02)

        def serves(number):
            for _ in range(600):
                if json.loads(server.ask("GET", "/v1/models")[2])["models"][0]["number"] == number:
                    return
                time.sleep(0.1)
            raise AssertionError(f"version {number} was never served")

        bad = update("speeches", files["late-turned"], output=tmp_path / "bad", promote=True, **common)
        assert not bad.decision.promoted
        serves(1)
        update("speeches", files["late"], output=tmp_path / "good", **common)
        clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for one in clients:
            one.start()
        try:
            good = update("speeches", files["late"], output=tmp_path / "good", promote=True, **common)
            assert good.decision.promoted, good.summary()
            serves(3)
            assert rollback_model(registry, "speeches").version == first.version
            serves(1)
        finally:
            stop.set()
            for one in clients:
                one.join()
    stages = [(one.stage, one.parent) for one in versions_of(registry, "speeches")]
    registry.engine.dispose()
    assert stages == [("production", ""), ("candidate", first.version), ("retired", first.version)]
    assert {status for status, _ in answers} == {200}
    assert {number for _, number in answers} == {1, 3}
    assert len(answers) >= CLIENTS
    assert good.report.backward_transfer.upper > -0.1
