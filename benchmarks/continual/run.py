"""A model's life over streams of four tasks: average final accuracy and forgetting of every strategy.

    python -m benchmarks.continual.run DATA --orders 3 --seeds 3 --size small

The model of the first task is the same for all strategies of an order and seed; every later task is one `update_model` of
the model before. `replay-...` are the tuned shares of replay: the best of them, by its mean, is the tuned baseline. Joint
training learns all rows at once from the checkpoint. Memory is what a model keeps of all rows it has seen.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.continual.streams import TASKS, StreamTask, read_stream

from headwinds.adapt.continual.preparing import UpdateFiles
from headwinds.adapt.continual.settings import UpdateSettings
from headwinds.adapt.continual.starting import tune_changes
from headwinds.adapt.continual.stream_measures import average_accuracy, forgetting
from headwinds.adapt.continual.updating import update_model
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tuning import LabelledFiles, tune_files
from headwinds.study.study_file import tune_settings

SIZES = {
    "tiny": {"classes": 4, "rows": 16, "test_rows": 10},
    "small": {"classes": 8, "rows": 30, "test_rows": 25},
    "medium": {"classes": 15, "rows": 60, "test_rows": 30},
}
INTENTS = 3  # of each domain in every task of the stream "domains"
TUNE = {
    "epochs": 8,
    "patience": 8,
    "frozen_layers": 5,
    "batch_tokens": 512,
    "learning_rate": 3e-4,
    "head_learning_rate": 3e-3,
}
SYSTEMS: dict[str, dict[str, Any]] = {
    "sequential": {"strategy": "sequential"},
    "elastic weights": {"strategy": "elastic-weight-consolidation"},
    "distillation": {"strategy": "distillation"},
    "adapters": {"strategy": "adapter"},
    "replay, as kept": {"strategy": "replay", "replay_share": 0.01},
    "replay, half": {"strategy": "replay", "replay_share": 0.5},
    "replay, three quarters": {"strategy": "replay", "replay_share": 0.75},
    "replay and distillation (default)": {"strategy": "replay-distillation"},
    "joint": {"strategy": "joint"},
}


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def accuracies(model: Path, tasks: list[StreamTask]) -> list[float]:
    """On the test of each task."""
    loaded = load_model(model)
    wanted = [pair for task in tasks for pair in task.test]
    rows = [Row(str(number), {"text": text}) for number, (text, _) in enumerate(wanted)]
    found = predict_examples(loaded, loaded.task.read(rows, labelled=False))
    right = [one["label"] == label for one, (_, label) in zip(found, wanted, strict=True)]
    ends = np.cumsum([len(task.test) for task in tasks])[:-1]
    return [float(np.mean(part)) for part in np.split(np.array(right), ends)]


def first_model(task: StreamTask, folder: Path, seed: int, memory_share: float) -> Path:
    """The first task tuned as usual; its rows are given to the first update as the old ones."""
    files = LabelledFiles(write(folder / "task-0.jsonl", task.train))
    settings = tune_settings({"task": "text-classification", **TUNE}, seed=seed)
    return tune_files(files, settings, folder / "first", quiet=True).folder


def live(
    tasks: list[StreamTask], first: Path, folder: Path, system: dict[str, Any], memory: int, seed: int
) -> np.ndarray:
    """Accuracy (tasks, tasks) along the stream; of joint training the last row alone."""
    found = np.full((TASKS, TASKS), np.nan)
    found[0, :1] = accuracies(first, tasks[:1])
    model = first
    steps = range(1, TASKS)
    if system["strategy"] == "joint":
        steps = range(TASKS - 1, TASKS)
    for step in steps:
        place = folder / f"task-{step}"
        place.mkdir(parents=True)
        new = [
            row
            for task in tasks[(1 if system["strategy"] == "joint" else step) : step + 1]
            for row in task.train
        ]
        old: Path | None = None
        if step == 1 or system["strategy"] == "joint":
            kept = tasks[0].train
            if system["strategy"] != "joint":  # the memory binds from the first update on
                kept = _balanced(kept, memory, seed)
            old = write(place / "old.jsonl", kept)
        settings = UpdateSettings(**{**system, "memory": memory})
        changes = tune_changes(
            read_facts(model), dict(TUNE_OF.get(system["strategy"], TUNE)), system["strategy"]
        )
        done = update_model(
            model,
            UpdateFiles(write(place / "new.jsonl", new), old),
            settings,
            tune_settings(changes, seed=seed),
            place / "updated",
            quiet=True,
        )
        model = done.folder
        found[step, : step + 1] = accuracies(model, tasks[: step + 1])
    return found


TUNE_OF = {"adapter": {**TUNE, "frozen_layers": 0, "learning_rate": 1e-3}}


def _balanced(rows: list[tuple[str, str]], count: int, seed: int) -> list[tuple[str, str]]:
    names = sorted({label for _, label in rows})
    each = max(1, count // len(names))
    kept = []
    for name in names:
        mine = [row for row in rows if row[1] == name]
        random.Random(seed).shuffle(mine)
        kept += mine[:each]
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--streams", default="classes,domains")
    parser.add_argument("--systems", default="")
    parser.add_argument("--memory", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = SIZES[arguments.size]
    chosen = [
        name
        for name in SYSTEMS
        if not arguments.systems or any(part in name for part in arguments.systems.split(","))
    ]
    for stream in arguments.streams.split(","):
        count = size["classes"] if stream == "classes" else INTENTS
        rows = size["rows"] if stream == "classes" else size["rows"] // 2
        for seed in range(arguments.seeds):
            tasks = read_stream(
                stream, arguments.data, classes=count, rows=rows, test_rows=size["test_rows"], seed=seed
            )
            total = sum(len(task.train) for task in tasks)
            memory = arguments.memory or total // 5
            for order in range(arguments.orders):
                placed = list(tasks)
                random.Random(f"order {order}").shuffle(placed)
                with tempfile.TemporaryDirectory() as folder:
                    first = first_model(placed[0], Path(folder), seed, 1.0)
                    for name in chosen:
                        started = time.perf_counter()
                        found = live(
                            placed, first, Path(folder) / name.replace(" ", "-"), SYSTEMS[name], memory, seed
                        )
                        print(
                            stream,
                            seed,
                            order,
                            name,
                            total,
                            memory,
                            f"{average_accuracy(found):.3f}",
                            f"{forgetting(found):.3f}" if np.isfinite(found[1, 0]) else "",
                            [round(float(x), 3) for x in found[-1]],
                            f"{time.perf_counter() - started:.1f} s",
                            flush=True,
                        )


if __name__ == "__main__":
    main()
