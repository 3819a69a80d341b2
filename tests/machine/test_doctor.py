"""`headwinds doctor` tells what is there, what is missing and how to get it, fast, and fails only for what is needed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import headwinds
from headwinds.adapt.training.precision import choose_precision, is_fast_in_bfloat16
from headwinds.cli.main import main
from headwinds.compute.capacity import cpu_quota, memory, usable_cores
from headwinds.machine.choices import choice_lines
from headwinds.machine.diagnosis import SECTIONS, Diagnosis, Line
from headwinds.machine.hardware import font_line
from headwinds.machine.libraries import library_lines
from headwinds.machine.models import cached_checkpoints, what_is_wrong

DECLARED = """Metadata-Version: 2.4
Name: headwinds
Version: 0.1.0
Provides-Extra: wings
Provides-Extra: all
Requires-Dist: numpy>=1
Requires-Dist: numpy>=1; extra == "wings"
Requires-Dist: no-such-library>=2; extra == "wings"
Requires-Dist: headwinds[wings]; extra == "all"
"""


@pytest.fixture(scope="module")
def found():
    return headwinds.doctor()


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """A function that lets the installed package declare other requirements."""

    def declare(text: str) -> None:
        folder = tmp_path / "headwinds-0.1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))

    return declare


def test_the_command_prints_json_within_five_seconds_of_the_processor():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(Path(sys.executable).with_name("headwinds")), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    # Of the processor, not of the clock: other tests may run beside this one. One thread's share on a machine of two.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 5.0 * usable_cores()
    said = json.loads(done.stdout)
    assert said["healthy"] is True
    assert {line["section"] for line in said["lines"]} == set(SECTIONS)


def test_it_says_what_a_run_would_use(found):
    assert found.line("use", "training").values["precision"] == choose_precision("auto")
    assert found.line("use", "threads").values["cores"] == usable_cores()
    assert found.line("use", "backend").values["backend"] == "cpu"
    speeds = found.line("machine", "speed").values
    assert speeds["float32_gflops"] > 0
    assert speeds["bfloat16_gflops"] > 0


def test_the_default_model_is_found_and_its_size_told(found):
    line = found.line("models", "default")
    assert line.state == "fine"
    assert line.values["bytes"] > 10_000_000


def test_free_memory_is_no_more_than_all(found):
    told = memory()
    if told is None:
        assert found.line("machine", "memory").state == "note"
    else:
        assert 0 <= told[0] <= told[1]


def test_the_summary_and_the_table_hold_every_line(found):
    text = found.summary()
    assert all(line.says in text and line.remedy in text for line in found.lines)
    assert list(found.table["name"]) == [line.name for line in found.lines]
    assert text.endswith("Everything that is needed is there.")


def test_a_missing_extra_is_told_with_its_command_and_breaks_nothing(declared):
    declared(DECLARED)
    lines = {line.name: line for line in library_lines()}
    assert lines["needed"].state == "fine"
    for name in ("wings", "all"):  # an extra that names another asks for what that asks for
        assert lines[f"[{name}]"].state == "missing"
        assert "no-such-library is not installed" in lines[f"[{name}]"].says
        assert f"pip install 'headwinds[{name}]'" in lines[f"[{name}]"].remedy


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Requires-Dist: no-such-library", "no-such-library is not installed"),
        ("Requires-Dist: numpy>=999", "numpy"),
    ],
)
def test_a_needed_library_that_is_missing_or_too_old_fails_the_command(declared, capsys, line, says):
    declared(DECLARED + line + "\n")
    assert main(["doctor"]) == 2
    said = capsys.readouterr().out
    assert says in said
    assert "Broken, and needed: needed." in said


def test_a_folder_that_cannot_hold_results_fails_the_command(tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["doctor", "--output", str(tmp_path / "file" / "runs")]) == 2
    assert "nothing can be written to" in capsys.readouterr().out


def test_every_extra_of_the_project_is_told(found):
    names = {line.name for line in found.lines if line.section == "libraries"}
    assert {"[annotate]", "[serve]", "[search]", "[dev]"} <= names


def test_fewer_threads_than_cores_is_a_note_and_more_is_one_too():
    import torch

    threads, speeds = torch.get_num_threads(), {"float32": 10.0, "bfloat16": 20.0}

    def line(cores: int) -> Line:
        return next(one for one in choice_lines(cores, speeds) if one.name == "threads")

    assert line(threads).state == "fine"
    assert line(threads + 1).state == "note"
    assert f"OMP_NUM_THREADS={threads + 1}" in line(threads + 1).remedy
    if threads > 1:
        assert "slow" in line(threads - 1).remedy


def test_numbers_that_are_measured_to_be_slower_than_the_others_are_told():
    chosen = choose_precision("auto")
    other = "float32" if chosen == "bfloat16" else "bfloat16"

    def training(speeds: dict[str, float]) -> Line:
        return next(one for one in choice_lines(1, speeds) if one.name == "training")

    assert training({chosen: 100.0, other: 50.0}).state == "fine"
    slow = training({chosen: 50.0, other: 100.0})
    assert slow.state == "note"
    assert f'precision = "{other}"' in slow.remedy


@pytest.mark.parametrize(
    ("capabilities", "fast"),
    [
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, True),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, False),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": True}, True),
        ({"cpu_name": "AMD EPYC", "avx512_f": True}, False),
        ({"neon": True}, False),
    ],
)
def test_bfloat16_is_taken_only_where_it_is_faster(capabilities, fast):
    assert is_fast_in_bfloat16(capabilities) == fast


def test_the_quota_of_a_container_counts(tmp_path):
    assert cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n", encoding="ascii")
    assert cpu_quota(tmp_path) == 1.5


def checkpoint(folder: Path) -> Path:
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    save_file({"weight": torch.zeros(8)}, folder / "model.safetensors")
    return folder


def test_whole_checkpoints_of_the_cache_are_found_and_others_are_not(tmp_path):
    checkpoint(tmp_path / "models--owner--whole" / "snapshots" / "1")
    cut = checkpoint(tmp_path / "models--owner--cut" / "snapshots" / "1") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-4])
    (tmp_path / "models--owner--empty").mkdir()
    assert cached_checkpoints(tmp_path) == ["owner/whole"]
    assert cached_checkpoints(tmp_path / "none") == []
    assert what_is_wrong(cut.parent) == "model.safetensors is cut short"


def test_only_what_is_needed_and_broken_is_unhealthy():
    lines = [Line("machine", state, "", state) for state in ("fine", "note", "missing")]
    assert Diagnosis(tuple(lines)).healthy
    assert not Diagnosis((*lines, Line("machine", "broken", "", "broken"))).healthy


def test_a_font_with_chinese_is_found_by_its_file_and_its_lack_is_told(tmp_path):
    assert font_line([tmp_path, tmp_path / "none"]).state == "missing"
    (tmp_path / "opentype").mkdir()
    (tmp_path / "opentype" / "NotoSansCJK-Regular.ttc").write_bytes(b"")
    assert font_line([tmp_path]).values == {"chinese": "NotoSansCJK-Regular.ttc"}
