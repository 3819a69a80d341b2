"""Two workers of a Ray cluster that is started here: the bytes of this machine, and every refusal in one line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from adapt.warm_process import run
from headwinds.compute.cluster import connect
from headwinds.compute.likeness import check_likeness, own_facts
from headwinds.compute.shipping import has_place, keep_place, name_places, read_place
from headwinds.errors import ComputeError, SettingsError

ON_RAY = Path(__file__).with_name("on_ray.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = run(
        str(ON_RAY),
        str(tmp_path_factory.mktemp("ray")),
        env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)  # and nothing else, whatever Ray has to say
    return result


@pytest.mark.slow
def test_scores_from_ray_with_a_killed_actor_from_two_processes_and_from_one_are_the_same_bytes(
    found: dict[str, Any],
) -> None:
    assert found["killed"] == 1
    assert found["ray"] == found["two"] == found["one"]
    assert len(set(found["one"])) == 4


@pytest.mark.slow
def test_what_a_worker_on_ray_finds_wrong_is_told_in_its_own_line(found: dict[str, Any]) -> None:
    assert found["wrong"] == "DataError: Row 0 has no text. Mend it."


@pytest.mark.slow
def test_workers_on_ray_that_die_before_they_are_ready_are_not_started_for_ever(
    found: dict[str, Any],
) -> None:
    assert found["lost"].startswith("ComputeError: 3 workers in a row died on the cluster")


@pytest.mark.slow
def test_another_version_on_a_node_is_one_line_that_names_both(found: dict[str, Any]) -> None:
    assert found["skew"].startswith("ComputeError: This machine has headwinds 9.9; the node ")
    assert "of the cluster has headwinds 0." in found["skew"]


@pytest.mark.slow
def test_a_cluster_that_is_started_here_wants_its_token(found: dict[str, Any]) -> None:
    assert found["token"] == "token"
    assert "refuses the token of this machine" in found["stranger"]


def test_likeness_names_what_is_not_installed_there() -> None:
    ours = own_facts(("numpy", "pyarrow"))
    check_likeness(ours, dict(ours), "node-2")
    theirs = {name: version for name, version in ours.items() if name != "pyarrow"}
    with pytest.raises(ComputeError, match=r"node-2 of the cluster has pyarrow not installed"):
        check_likeness(ours, theirs, "node-2")


def test_a_folder_and_a_file_arrive_on_a_node_byte_for_byte_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model, alone = tmp_path / "model", tmp_path / "words.csv"
    (model / "encoder").mkdir(parents=True)
    (model / "model.json").write_text("{}")
    (model / "encoder" / "weights").write_bytes(b"\x00\x01")
    alone.write_text("a,b\n")
    for place in name_places((model, alone)):
        assert has_place(place)
        kept = keep_place(place, read_place(place.path), "node-2")
        assert kept != place.path
        assert read_place(kept) == read_place(place.path)
        assert keep_place(place, {}, "node-2") == kept  # found: nothing is needed again
    (kept.parent / "words.csv").write_text("changed")
    assert keep_place(place, read_place(alone), "node-2").read_text() == "a,b\n"


def test_a_node_without_the_model_that_cannot_keep_it_is_named_with_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.json").write_text("{}")
    (place,) = name_places((model,))
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setattr("tempfile.tempdir", str(blocked))
    with pytest.raises(ComputeError) as told:
        keep_place(place, read_place(model), "node-2")
    assert "The node node-2 cannot keep" in str(told.value)
    assert str(model) in str(told.value)
    with pytest.raises(ComputeError, match="is not there"):
        name_places((tmp_path / "nothing",))


@pytest.mark.parametrize("address", ["head", "10.0.0.5", "10.0.0.5:port", "ray://"])
def test_an_address_without_host_and_port_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(SettingsError, match="expected a host and a port"):
        connect(address, 1)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwinds.extras.importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'headwinds\[cluster\]'"):
        connect("10.0.0.5:6379", 1)
