"""Energy: the processor's counter where it can be read, else an estimate that says so."""

from __future__ import annotations

import pytest

from headwinds.adapt.audit.answers import ask
from headwinds.adapt.audit.energy import measure_energy, readable_counters
from headwinds.adapt.tasks.contract import Row


def counter(folder, name: str, value: str):
    (folder / name).mkdir(parents=True)
    (folder / name / "energy_uj").write_text(value, encoding="ascii")


def test_without_a_counter_it_is_an_estimate_from_processor_seconds(single_model, tmp_path):
    rows = [Row(f"r{n}", {"text": "peace is our aim"}) for n in range(20)]
    found, findings = measure_energy(ask(single_model), rows, watts=10.0, counters=tmp_path)
    assert not found.measured
    assert found.joules == pytest.approx(tuple(10 * one for one in found.processor_seconds))
    assert found.seconds[1] <= found.seconds[0] <= found.seconds[2]
    assert "an estimate" in found.verdict
    assert "N268" in {one.code for one in findings}


def test_packages_are_read_once_and_their_parts_not_again(tmp_path):
    counter(tmp_path, "intel-rapl:0", "1000")
    counter(tmp_path, "intel-rapl:0:0", "400")
    counter(tmp_path, "intel-rapl:1", "50")
    assert [read() for read in readable_counters(tmp_path)] == [1000.0, 50.0]


def test_a_counter_that_cannot_be_read_is_none(tmp_path):
    counter(tmp_path, "intel-rapl:0", "not a number")
    assert readable_counters(tmp_path) == []
    assert readable_counters(tmp_path / "absent") == []
