"""Worker processes of this machine: the same bytes, in order, whoever dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapt.warm_process import start
from compute.chores import shards, squares
from headwinds.artifacts.sealed import read_sealed
from headwinds.compute import local, running
from headwinds.compute.capacity import workers_here
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.work import Finished, Shard
from headwinds.contracts import Finding
from headwinds.errors import ComputeError, DataError

TWO = ComputeSettings(workers=2)
ONE = ComputeSettings(workers=1)


def contents(finished: Iterator[Finished]) -> list[bytes | None]:
    return [read_sealed(one.path) for one in finished]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_workers_give_the_bytes_of_one_in_the_order_of_the_shards(tmp_path: Path) -> None:
    every = shards("slow", *["quick"] * 6)
    one, two = (contents(run_shards(squares(), every, tmp_path / str(c.workers), c)) for c in (ONE, TWO))
    assert one == two == [f"{number**2} ".encode() for number in range(7)]
    assert sorted(p.name for p in (tmp_path / "1").iterdir()) == sorted(
        p.name for p in (tmp_path / "2").iterdir()
    )


def test_a_killed_worker_costs_its_shard_again_and_no_byte(tmp_path: Path) -> None:
    every = shards("quick", "dies once", "quick", "dies once", "quick")
    markers = tmp_path / "markers"
    markers.mkdir()
    found = contents(run_shards(squares(markers=str(markers)), every, tmp_path / "store", TWO))
    assert found == [f"{number**2} ".encode() for number in range(5)]
    assert len(list(markers.iterdir())) == 2


def test_a_shard_that_kills_every_worker_is_given_up_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_LOSSES", 3)
    with pytest.raises(ComputeError, match="Shard 2 was lost with its worker 3 times"):
        contents(run_shards(squares(), shards("quick", "quick", "dies"), tmp_path, TWO))
    assert len(list(tmp_path.glob("shard-00000[01]-*"))) == 2


def test_workers_that_die_before_they_are_ready_are_not_started_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "MOST_FAILED_STARTS", 3)
    with pytest.raises(ComputeError, match=r"3 workers in a row died on this machine .* exit code -9\."):
        contents(run_shards(squares(deadly="yes"), shards("quick", "quick"), tmp_path, TWO))


def test_what_goes_wrong_in_preparing_is_told_as_itself(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        contents(run_shards(squares(starts=str(tmp_path / "no")), shards("quick", "quick"), tmp_path, TWO))


def test_what_a_worker_finds_wrong_is_told_in_its_own_line(tmp_path: Path) -> None:
    for number, compute in enumerate((ONE, TWO)):
        with pytest.raises(DataError) as told:
            contents(run_shards(squares(), shards("quick", "wrong"), tmp_path / str(number), compute))
        assert str(told.value) == "Row 1 has no text. Mend it."


def test_a_programming_error_in_a_worker_stays_pythons_own_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as told:
        contents(run_shards(squares(), shards("bug", "quick"), tmp_path, TWO))
    assert "chores.py" in told.value.__notes__[0]


def test_finished_shards_are_found_and_only_changed_or_damaged_ones_are_done_again(tmp_path: Path) -> None:
    every = shards(*["quick"] * 4)
    list(run_shards(squares(), every, tmp_path, ONE))
    damaged = tmp_path / every[1].name
    damaged.write_bytes(damaged.read_bytes()[:-1])
    changed = Shard(2, ("quick", 20), "f" * 64)
    again = list(run_shards(squares(), [every[0], every[1], changed, every[3]], tmp_path, ONE))
    assert [one.reused for one in again] == [True, False, False, True]
    assert read_sealed(again[2].path) == b"400 "


def test_shards_are_read_only_as_far_as_the_workers_need(tmp_path: Path) -> None:
    read: list[int] = []

    def endless() -> Iterator[Shard]:
        number = 0
        while True:
            read.append(number)
            yield Shard(number, ("quick", number), f"{number:064x}")
            number += 1

    for store, compute, bound in (("one", ONE, 1), ("two", TWO, 4)):
        read.clear()
        results = run_shards(squares(), endless(), tmp_path / store, compute)
        for expected in range(5):
            assert next(results).number == expected
            assert len(read) <= expected + 1 + bound
        results.close()


def test_a_killed_driver_takes_its_workers_along_and_the_next_run_goes_on(tmp_path: Path) -> None:
    starts, store = tmp_path / "starts", tmp_path / "store"
    starts.mkdir()
    program = (  # without a guard for __main__: a script of a few lines needs none
        "from pathlib import Path; from compute.chores import shards, squares; "
        "from headwinds.compute.running import run_shards; from headwinds.compute.settings import ComputeSettings; "
        f"list(run_shards(squares(starts={str(starts)!r}), shards(*['slow'] * 40), Path({str(store)!r}), "
        "ComputeSettings(workers=2)))"
    )
    driver = start("-c", program)
    while len(list(store.glob("shard-*"))) < 3:
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    workers = [int(path.name) for path in starts.iterdir()]
    deadline = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(workers) == 2
    assert not any(map(alive, workers))
    kept = len(list(store.glob("shard-*")))
    again = list(run_shards(squares(), shards(*["slow"] * 4), store, ONE))
    assert sum(one.reused for one in again) == min(kept, 4) >= 3


def test_a_machine_is_filled_to_its_cores_and_memory_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwinds.compute.capacity.usable_cores", lambda: 8)
    monkeypatch.setattr("headwinds.compute.capacity.memory", lambda: (6 * 2**30, 8 * 2**30))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert workers_here() == 6
    assert workers_here(model_bytes=2**30) == 1
    assert workers_here(shards=3) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert workers_here() == 2


def test_an_unreachable_cluster_is_one_line_within_seconds_and_falls_back_only_if_told(
    tmp_path: Path,
) -> None:
    lost = ComputeSettings(on="ray", address="127.0.0.1:9", workers=1)
    started = time.monotonic()
    with pytest.raises(ComputeError, match=r"The Ray cluster at 127\.0\.0\.1:9 cannot be reached"):
        contents(run_shards(squares(), shards("quick"), tmp_path, lost))
    assert time.monotonic() - started < 10
    told: list[Finding] = []
    fallen = ComputeSettings(on="ray", address="127.0.0.1:9", workers=1, fall_back=True)
    assert contents(run_shards(squares(), shards("quick"), tmp_path, fallen, tell=told.append)) == [b"0 "]
    assert [finding.code for finding in told] == ["W911"]
    assert "无法连接" in str(told[0].in_language("zh"))
