"""What tests ask of Ray, in a process of its own: ``python on_ray.py FOLDER`` prints one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from adapt.tiny import make_checkpoint, make_labelled
from adapt.warm_workers import warm_workers
from compute.chores import killing, shards, squares
from headwinds.adapt import scoring
from headwinds.adapt.fold import fit_fold, plan_folds
from headwinds.adapt.settings import TuneSettings
from headwinds.artifacts.sealed import read_sealed
from headwinds.compute import likeness, ray_pool
from headwinds.compute.cluster import connect
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.work import Shard, Work
from headwinds.errors import HeadwindsError

RAY = ComputeSettings(on="ray", workers=2)
STRANGER = """
from compute.chores import shards, squares
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.errors import HeadwindsError
from pathlib import Path
import sys
try:
    list(run_shards(squares(), shards("quick"), Path("nowhere"), ComputeSettings(on="ray", address=sys.argv[1])))
except HeadwindsError as error:
    print(error)
"""


def make_model(folder: Path) -> tuple[Path, list[Shard]]:
    """A tiny model, and 240 passages in shards of 64."""
    data = make_labelled()
    settings = TuneSettings(
        checkpoint=str(make_checkpoint(folder / "checkpoint")), epochs=1, folds=3, learning_rate=1e-3
    )
    rows = plan_folds(data, settings)[0]
    fit_fold(data, rows, settings, folder / "model", folder / "scratch", quiet=True)
    table = pa.table({"passage_id": data.passage_ids, "document_id": data.document_ids, "text": data.texts})
    cut = [scoring.to_shard(number, table.slice(64 * number, 64)) for number in range(4)]
    return folder / "model", [
        Shard(one.number, (str(folder / f"kill-{one.number}"), one.content), one.fingerprint, one.size)
        for one in cut
    ]


def contents(work: Work, every: list[Shard], store: Path, compute: ComputeSettings) -> list[str]:
    return [(read_sealed(one.path) or b"").hex() for one in run_shards(work, every, store, compute)]


def line_of(work: Work, every: list[Shard], store: Path, compute: ComputeSettings) -> str:
    try:
        contents(work, every, store, compute)
    except HeadwindsError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def main(folder: Path) -> dict[str, Any]:
    model, passages = make_model(folder)
    plain = scoring.scoring_work([model], dict.fromkeys((f"d{number:02d}" for number in range(60)), 0))
    work = Work(plain.prepare, killing, plain.given, plain.places, plain.libraries)
    ray, _ = connect("", 2)
    found: dict[str, Any] = {"token": os.environ["RAY_AUTH_MODE"]}
    stranger = subprocess.Popen(
        [sys.executable, "-c", STRANGER, ray.get_runtime_context().gcs_address],
        env=os.environ | {"RAY_AUTH_TOKEN": "0" * 64},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    found["ray"] = contents(work, passages, folder / "ray", RAY)
    found["killed"] = len(list(folder.glob("kill-*")))
    with warm_workers():
        found["two"] = contents(work, passages, folder / "two", ComputeSettings(workers=2))
    found["one"] = contents(work, passages, folder / "one", ComputeSettings(workers=1))
    found["wrong"] = line_of(squares(), shards("wrong"), folder / "chores", RAY)
    ray_pool.MOST_FAILED_STARTS = 3
    found["lost"] = line_of(squares(deadly="yes"), shards("quick"), folder / "chores", RAY)
    ray_pool.own_facts = lambda libraries: {**likeness.own_facts(libraries), "headwinds": "9.9"}
    found["skew"] = line_of(squares(), shards("quick"), folder / "chores", RAY)
    said, failed = stranger.communicate()
    found["stranger"] = said.strip() or failed
    ray.shutdown()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
