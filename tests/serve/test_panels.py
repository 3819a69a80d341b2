"""Analyses of panels over HTTP: the numbers of the command line and of Python to the bit, and what is refused."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from adapt.warm_process import run
from cli.test_explain_panel import panel
from explain.attribution.world import World
from headwinds.artifacts.write import atomic_directory
from headwinds.cli.main import main
from headwinds.doors import explaining
from headwinds.doors.growth import explain_file
from headwinds.errors import DataError
from headwinds.measure import indicator_document, indicator_of, read_indicator, write_indicator
from headwinds.serve.calculation import analysed
from headwinds.serve.incoming import RequestError
from headwinds.serve.panel_settings import SETTINGS, read_settings
from serve.servers import served

KEY = "a-key-of-the-test-0123"
SPANS = World(units=12, years=10).spans
GRAPH = """
title = "Rain"
[[node]]
name = "rain"
[[node]]
name = "harvest"
[[node]]
name = "growth"
[[edge]]
source = "rain"
target = "harvest"
lag = 1
[[edge]]
source = "harvest"
target = "growth"
evidence = "association"
"""


def accounts_panel(seed: int) -> pd.DataFrame:
    """What growth accounts are made of, for six countries."""
    generator = np.random.default_rng(seed)
    rows = []
    for code in ("AUT", "DEU", "FRA", "ITA", "JPN", "USA"):
        levels = np.exp(np.cumsum(0.02 + 0.01 * generator.standard_normal((26, 4)), axis=0))
        for year, (output, capital, quality, tfp) in zip(range(1994, 2020), levels, strict=True):
            rows.append((code, year, output, capital, quality, tfp, 10.0, 1700.0, 0.6))
    columns = ["entity", "period", "rgdpna", "rkna", "hc", "rtfpna", "emp", "avh", "labsh"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three panels of every kind, an index a world, and a graph."""
    folder = tmp_path_factory.mktemp("panels")
    for seed in range(3):
        drawn = panel(years=26 + 2 * seed)
        drawn["output"] *= np.exp(0.003 * np.random.default_rng(seed).standard_normal(len(drawn)))
        drawn.loc[drawn.index[5], "shock"] = np.nan
        drawn.to_csv(folder / f"panel-{seed}.csv", index=False)
        outcome, index, technology = World(units=12, years=10, index_noise=0.1).tables(seed)
        outcome.merge(technology, on=["entity", "period"], how="outer", suffixes=("", "_technology")).rename(
            columns={"value": "growth", "value_technology": "computers"}
        ).to_csv(folder / f"world-{seed}.csv", index=False)
        with atomic_directory(folder / f"index-{seed}") as inside:
            write_indicator(index, inside)
        accounts_panel(seed).to_csv(folder / f"accounts-{seed}.csv", index=False)
    (folder / "graph.toml").write_text(GRAPH, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    with served(folder, "--explain", token=KEY, cold=True) as running:
        end = time.monotonic() + 60
        while running.ask("GET", "/ready")[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        yield running


def column_of(values: list[str], name: str):
    """As a client would send what stands in a CSV file."""
    if name in ("entity", "countrycode"):
        return values
    return [None if value == "" else int(value) if value.isdigit() else float(value) for value in values]


def columns_of(path: Path) -> dict[str, list]:
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {name: column_of([row[place] for row in rows], name) for place, name in enumerate(head)}


def frame_of(table: dict) -> pd.DataFrame:
    """A table as a client rebuilds it; whole numbers that may be lacking stay whole."""
    found = {}
    for column in table["columns"]:
        dtype = {"integer": "Int64", "number": "float64", "truth": "bool"}.get(column["type"], "str")
        values = column["values"]
        if dtype == "float64":
            values = [np.nan if value is None else float(value) for value in values]
        found[column["name"]] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(found)


def bytes_of(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def jobs():
    """Fifty jobs: analysis, seed of the panel, settings."""
    for seed in range(3):
        yield (
            "breaks",
            seed,
            {"series": "output", "growth": True, "most": 1, "draws": 50 + seed, "seed": seed},
        )
        yield (
            "breaks",
            seed,
            {"series": "output", "growth": True, "entities": ["USA"], "draws": 99, "most": 1},
        )
        yield "breaks", seed, {"series": "users", "number": 1, "trimming": 0.2, "hac": False, "draws": 50,
                               "first": 1992, "last": 2012}  # fmt: skip
        yield "divide", seed, {"series": "users", "draws": 40, "first": 2000 + seed, "seed": seed}
        yield "divide", seed, {"series": "users", "draws": 20, "weights": "output", "regions": "continent",
                               "measures": ["gini", "theil"], "bound": 100.5}  # fmt: skip
        yield "convergence", seed, {"series": "output", "first": 1990, "last": 2010 + seed}
        yield "convergence", seed, {"series": "output", "first": 1990, "last": 2012, "test": "sigma"}
        yield "convergence", seed, {"series": "output", "first": 1990, "last": 2015, "test": "log-t"}
        yield "convergence", seed, {"series": "output", "first": 1990, "last": 2015, "test": "clubs"}
        yield "responses", seed, {"outcome": "output", "growth": True, "shock": "shock", "horizons": 2}
        yield "responses", seed, {"outcome": "output", "shock": "shock", "horizons": 1, "response": "change",
                                  "errors": "clustered", "lags": 2, "controls": ["users"], "half_panel": True}  # fmt: skip
        yield "responses", seed, {"outcome": "growth", "index": seed, "label": "divide", "horizons": 1}
        yield "attribution", seed, {"outcome": "growth", "index": seed, "technology": "computers", "draws": 60,
                                    "seed": seed, "before": SPANS[0], "after": SPANS[1]}  # fmt: skip
        yield "growth", seed, {"before": (1995, 2004), "after": (2004, 2019)}
        yield "growth", seed, {"before": (1995, 2000), "after": (2000, 2010), "entities": ["USA", "FRA"],
                               "outcome": "rgdpna"}  # fmt: skip
    yield "convergence", 0, {"series": "output", "first": 1991, "last": 2011, "conditions": ["users"]}
    yield "attribution", 1, {"outcome": "growth", "index": 1, "draws": 60, "before": SPANS[0], "after": SPANS[1],
                             "acknowledge": True, "assumed": -0.2, "channel": "growth", "half_panel": True,
                             "persistent": False}  # fmt: skip
    yield "graph", 0, {}
    yield "graph", 0, {"hidden": [("technology", "growth")]}
    yield "graph", 0, {"graph": "graph.toml"}


JOBS = list(jobs())
IN_A_PROCESS_OF_ITS_OWN = (0, 3, 12, 48)


def panel_of(analysis: str, settings: dict, seed: int, place: Path) -> Path:
    kind = "accounts" if analysis == "growth" else "world" if "index" in settings else "panel"
    return place / f"{kind}-{seed}.csv"


def by_command(analysis, seed, settings, place, output, *, process):
    command = ["explain", *([analysis] if analysis != "growth" else [])]
    if analysis != "graph":
        command += ["--panel", str(panel_of(analysis, settings, seed, place))]
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if name == "graph":
            command.append(str(place / value))
        elif name == "hidden":
            command += [part for pair in value for part in (flag, ",".join(pair))]
        elif name == "index":
            command += [flag, str(place / f"index-{value}")]
        elif name in ("before", "after"):
            command += [flag, "-".join(map(str, value))]
        elif isinstance(value, bool):
            command += [flag] if value else ["--no-" + name.replace("_", "-")]
        else:
            command.append(f"{flag}={','.join(value) if isinstance(value, list) else value}")
    command += ["--output", str(output)]
    if process:
        done = run("-m", "headwinds", *command)
        assert done.returncode == 0, done.stderr
    else:
        assert main(command) == 0
    folder = next(output.rglob("slowdown.csv")).parent if analysis == "growth" else output
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def by_python(analysis, seed, settings, place, output):
    given = dict(settings)
    for name, folder in (("index", "index-{}"), ("graph", "{}")):
        if name in given:
            given[name] = place / folder.format(given[name])
    if analysis == "graph":
        return explaining.explain_graph(**given).table
    path = panel_of(analysis, settings, seed, place)
    if analysis == "growth":
        return explain_file(path, output, **given).by_span.table
    return getattr(explaining, f"explain_{analysis}")(path, **given).table


def body_of(analysis, seed, settings, place):
    body = dict(settings)
    if "index" in body:
        body["index"] = indicator_document(read_indicator(place / f"index-{body['index']}"))
    if "graph" in body:
        body["graph"] = tomllib.loads((place / body["graph"]).read_text())
    if analysis != "graph":
        body["panel"] = columns_of(panel_of(analysis, settings, seed, place))
    return body


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(JOBS)))
def test_three_doors_give_the_same_numbers_to_the_bit(number, server, place, tmp_path, capsys):
    analysis, seed, settings = JOBS[number]
    files = by_command(
        analysis, seed, settings, place, tmp_path / "command", process=number in IN_A_PROCESS_OF_ITS_OWN
    )
    table = by_python(analysis, seed, settings, place, tmp_path / "python")
    body = body_of(analysis, seed, settings, place)
    status, _, said = server.ask("POST", f"/v1/explain/{analysis}", body)
    assert status == 200, said
    answer = json.loads(said)
    main_file = "accounts-by-span" if analysis == "growth" else analysis
    assert bytes_of(frame_of(answer["table"])) == files.pop(main_file) == bytes_of(table)
    for name in sorted(answer["tables"]):
        file = name if analysis == "growth" else f"{analysis}-{name}"
        if file in files:
            assert bytes_of(frame_of(answer["tables"][name])) == files.pop(file)
    assert not files
    shown = capsys.readouterr().out
    if analysis != "growth" and number not in IN_A_PROCESS_OF_ITS_OWN:
        assert shown.startswith(answer["summary"])
    assert len(answer["table"]["columns"][0]["values"]) == len(table)


def test_there_are_fifty_jobs_over_every_analysis():
    assert len(JOBS) == 50
    assert {job[0] for job in JOBS} == set(SETTINGS)


def test_an_index_is_the_same_after_its_document(place):
    index = read_indicator(place / "index-1")
    again = indicator_of(json.loads(json.dumps(indicator_document(index), allow_nan=False)))
    assert indicator_document(again) == indicator_document(index)
    for name in ("value", "sampling_variance", "audit_factor", "lower", "upper"):
        assert getattr(again, name).tobytes() == getattr(index, name).tobytes()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": []}, "unknown field"),
        ({"value": None}, "value is no list"),
        ({"value": [1.0]}, "entries"),
        ({"lower": ["x"]}, "no finite number"),
        ({"cells": [["AUT"]]}, "list of 2 values"),
        ({"labels": [1]}, "no text"),
        ({"gold": [-1]}, "no count"),
        ({"audit_factor": [1.0]}, "list of lists"),
        ({"findings": ["x"]}, "a finding"),
        ({"provenance": {"a": 1}}, "provenance"),
        ({"unit": 5}, "unit is no text"),
    ],
)
def test_a_damaged_document_of_an_index_is_one_line(change, told):
    whole = {
        "keys": ["country", "year"], "cells": [["AUT", 1990]], "labels": ["a"], "value": [0.1],
        "sampling_variance": [0.01], "lower": [None], "upper": [None], "audit_factor": [[]], "documents": [1],
        "passages": [1], "gold": [1],
    }  # fmt: skip
    assert np.isnan(indicator_of(whole).lower[0])
    values = {
        name: value * 2 if name == "value" and value == [1.0] else value for name, value in change.items()
    }
    with pytest.raises(DataError, match=told) as error:
        indicator_of({**whole, **values})
    assert "\n" not in str(error.value)
    del whole["gold"]
    with pytest.raises(DataError, match="'gold' is lacking"):
        indicator_of(whole)


SMALL = {"entity": ["a", "a", "b", "b"], "period": [1990, 1991, 1990, 1991], "x": [1.0, 2.0, 3.0, 4.0]}
REFUSED = {
    "no JSON": ("breaks", b"{", 422, "not JSON"),
    "no object": ("breaks", [], 422, "not an object"),
    "no panel": ("breaks", {"series": "x"}, 422, "lacks 'panel'"),
    "a path for a panel": ("breaks", {"panel": "/etc/passwd", "series": "x"}, 422, "panel is not an object"),
    "a path for an index": (
        "attribution",
        {"panel": SMALL, "outcome": "x", "index": "/", "before": [1990, 1991], "after": [1991, 1992]},
        422,
        "index is not an object",
    ),
    "a path for a graph": ("graph", {"graph": "/etc/passwd"}, 422, "graph is not an object"),
    "a place to write": ("breaks", {"panel": SMALL, "series": "x", "output": "/tmp/x"}, 422, "unknown field"),
    "too many draws": ("breaks", {"panel": SMALL, "series": "x", "draws": 10**9}, 422, "from 1 to 10000"),
    "a number without end": (
        "divide",
        b'{"panel": {"entity": ["a"], "x": [1]}, "series": "x", "bound": 1e400}',
        422,
        "'bound' holds a number that is too large",
    ),
    "a value without end": (
        "divide",
        b'{"panel": {"entity": ["a"], "period": [1990], "x": [1e400]}, "series": "x"}',
        422,
        "'panel.x[0]' holds a number that is too large",
    ),
    "no number": ("divide", b'{"panel": {"entity": ["a"], "x": [NaN]}, "series": "x"}', 422, "not JSON"),
    "columns of two lengths": ("divide", {"panel": {**SMALL, "x": [1.0]}, "series": "x"}, 422, "one length"),
    "no such series": ("divide", {"panel": SMALL, "series": "y"}, 422, "no series 'y'"),
    "entity-year twice": ("divide", {"panel": {**SMALL, "period": [1990] * 4}, "series": "x"}, 422, "rows that repeat"),
    "a list in a cell": ("divide", {"panel": {**SMALL, "x": [[1], 2, 3, 4]}, "series": "x"}, 422, "no number, text or null"),
    "no analysis": ("wealth", {}, 404, "no such analysis"),
    "an unknown node": (
        "graph",
        {"graph": {"node": [{"name": "a"}], "edge": [{"source": "a", "target": "sun"}]}},
        422,
        "'sun'",
    ),
    "one entity": (
        "responses",
        {"panel": {"entity": ["a"] * 9, "period": list(range(1990, 1999)), "x": [1.0] * 9, "y": [2.0] * 9},
         "outcome": "x", "shock": "y"},
        422,
        "Entities of the panel: 1, periods: 9",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("analysis", "body", "status", "told"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_is_one_line_with_its_status(analysis, body, status, told, server):
    found, headers, said = server.ask("POST", f"/v1/explain/{analysis}", body)
    assert (found, headers["content-type"]) == (status, "application/json")
    answer = json.loads(said)
    assert set(answer) == {"error"}
    assert told in answer["error"]
    assert "\n" not in answer["error"]


def test_nothing_is_analysed_without_the_key_or_where_it_was_not_asked_for(server, fitted, tmp_path):
    assert server.ask("POST", "/v1/explain/graph", {}, token="")[0] == 401
    assert server.ask("GET", "/v1/explain", token="")[0] == 401
    assert server.ask("GET", "/v1/explain/graph")[0] == 405
    with served(tmp_path, "--model", str(fitted.good)) as models:
        assert models.ask("POST", "/v1/explain/graph", {})[0] == 404
        assert "/v1/explain/graph" not in json.loads(models.ask("GET", "/openapi.json")[2])["paths"]


def test_models_and_panels_are_served_beside_each_other(fitted, tmp_path):
    with served(tmp_path, "--explain", "--model", str(fitted.good), "--name", "speeches") as both:
        assert both.predict([{"text": "technology raises growth"}])[0] == 200
        assert both.ask("POST", "/v1/explain/graph", {})[0] == 200


def test_the_server_of_panels_loads_no_model_library(server):
    """Neither its own process nor the one that computes."""
    assert server.ask("POST", "/v1/explain/graph", {})[0] == 200
    maps = Path("/proc/{}/maps")
    if not maps.parent.parent.joinpath("self/maps").exists():
        pytest.skip("what a process has loaded is read from /proc")
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)], capture_output=True, text=True, check=True
    )
    processes = [server.process.pid, *map(int, children.stdout.split())]
    assert len(processes) == 2
    loaded = [Path(str(maps).format(one)).read_text() for one in processes]
    assert not [one for one in loaded if re.search(r"libtorch|tokenizers", one)]
    assert "pandas" in loaded[1]


def test_the_openapi_document_types_every_setting_and_names_no_path(server):
    paths = json.loads(server.ask("GET", "/openapi.json")[2])["paths"]
    for analysis, (_, schema) in SETTINGS.items():
        asked = paths[f"/v1/explain/{analysis}"]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        assert asked == json.loads(json.dumps(schema))
        assert not {"output", "path", "file", "url"} & set(asked["properties"])
    listed = json.loads(server.ask("GET", "/v1/explain")[2])["analyses"]
    assert {one["name"] for one in listed} == set(SETTINGS)


def test_every_setting_of_the_command_is_a_setting_here():
    for analysis in set(SETTINGS) - {"growth"}:
        known = set(signature(getattr(explaining, f"explain_{analysis}")).parameters) - {"output"}
        assert known == set(SETTINGS[analysis][1]["properties"]), analysis


def test_lacking_values_are_null_and_infinite_ones_a_text():
    from headwinds.serve.calculation import _table

    table = pd.DataFrame({"x": [1.5, np.nan, np.inf, -np.inf], "y": pd.array([1, None, 2, 3], dtype="Int64")})
    columns = _table(table)["columns"]
    assert columns[0] == {"name": "x", "type": "number", "values": [1.5, None, "inf", "-inf"]}
    assert columns[1] == {"name": "y", "type": "integer", "values": [1, None, 2, 3]}


def test_what_takes_too_long_is_ended_and_the_next_request_is_answered(tmp_path, place):
    body = body_of("breaks", 0, {"series": "output", "growth": True, "most": 5, "draws": 10_000}, place)
    body["trimming"] = 0.05
    with served(tmp_path, "--explain", "--seconds", "0.6", cold=True) as server:
        end = time.monotonic() + 60
        while server.ask("GET", "/ready")[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        start = time.monotonic()
        status, headers, said = server.ask("POST", "/v1/explain/breaks", body)
        assert (status, headers["retry-after"]) == (503, "1"), said
        assert time.monotonic() - start < 5
        statuses = []

        def ask():
            statuses.append(server.ask("POST", "/v1/explain/breaks", body)[0])

        crowd = [threading.Thread(target=ask) for _ in range(14)]
        for one in crowd:
            one.start()
        assert server.ask("GET", "/health")[0] == 200
        for one in crowd:
            one.join()
        assert set(statuses) <= {429, 503}
        assert 429 in statuses
        end = time.monotonic() + 60
        while server.ask("POST", "/v1/explain/graph", {})[0] != 200:
            assert time.monotonic() < end
            time.sleep(0.2)


def test_no_log_holds_what_a_caller_sent(tmp_path):
    with served(tmp_path, "--explain", token=KEY, cold=True) as server:
        for body in (
            {"panel": {"canary": ["canary"], "x": [1]}, "series": "canary"},
            b"canary",
            {"canary": 1},
        ):
            assert server.ask("POST", "/v1/explain/divide", body)[0] == 422
        assert server.ask("POST", "/v1/explain/canary", {})[0] == 404
        said = server.stop()
    assert "canary" not in said


@pytest.mark.parametrize("given", [[], ["--registry", "x", "--model", "y"]])
def test_nothing_to_serve_and_two_things_are_one_line(given, capsys):
    assert main(["serve", *given]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_settings_are_checked_by_the_schema_that_is_published():
    body = json.dumps({"panel": SMALL, "series": "x", "growth": True, "entities": ["a"]}).encode()
    assert read_settings("breaks", body)["entities"] == ["a"]
    assert analysed("graph", {})["analysis"] == "graph"
    assert os.environ.get("HEADWINDS_TOKEN", "") == ""


SAME = """
import hashlib, json, sys
from pathlib import Path
from headwinds.serve.calculation import analysed
found = [analysed(analysis, body) for analysis, body in json.loads(Path(sys.argv[1]).read_text())]
print(hashlib.sha256(json.dumps(found).encode()).hexdigest())
"""


def test_the_seed_of_the_hashes_of_a_process_moves_no_digit(place, tmp_path):
    """An order taken from a set is another one in each process; with the wrong one, estimates move in their last digits."""
    chosen = [9, 10, 11, 12, 13, 49]
    bodies = [(JOBS[n][0], body_of(*JOBS[n], place)) for n in chosen]
    bodies.append(("growth", {"panel": bodies[2][1]["panel"] | _accounts_of(bodies[2][1]["panel"]),
                              "index": bodies[2][1]["index"], "before": [2001, 2004], "after": [2004, 2008],
                              "outcome": "rgdpna"}))  # fmt: skip
    (tmp_path / "bodies.json").write_text(json.dumps(bodies))
    digests = set()
    with contextlib.ExitStack() as started:
        for process in [  # side by side: both import for longer than they compute
            started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SAME, str(tmp_path / "bodies.json")],
                    env={**os.environ, "PYTHONHASHSEED": seed},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for seed in ("0", "4")
        ]:
            said, errors = process.communicate()
            assert process.returncode == 0, errors
            digests.add(said)
    assert len(digests) == 1


def _accounts_of(columns: dict) -> dict:
    """What growth accounts need, for the entities and years of a panel that has an index."""
    count = len(columns["entity"])
    level = [1.0 + 0.01 * (place * 7919 % 97) for place in range(count)]
    return dict.fromkeys(("rgdpna", "rkna", "hc", "rtfpna", "emp", "avh"), level) | {"labsh": [0.6] * count}


def test_a_whole_number_is_one_however_json_writes_it_and_no_other_number_is():
    body = {
        "panel": {"entity": ["a"], "period": [2000], "y": [1.0]},
        "outcome": "y",
        "before": [1990.0, 2e3],
        "lag": 5.0,
    }
    found = read_settings("growth", json.dumps(body).encode())
    assert found["before"] == [1990, 2000]
    assert {type(one) for one in (*found["before"], found["lag"])} == {int}
    assert [type(one) for one in found["panel"]["y"]] == [float]
    for wrong in (5.5, True, 1e300, -1.0, "5"):
        with pytest.raises(RequestError):
            read_settings("growth", json.dumps({**body, "lag": wrong}).encode())
