"""A model's life over streams of four tasks: average final accuracy and forgetting of every strategy.

    python -m benchmarks.continual.run DATA --orders 3 --seeds 3 --size small

The model of the first task is the same for all strategies of an order and seed; every later task is one update of the model
before. Two shares of replay are tried: the better one by its mean is the tuned baseline. Joint training learns all rows
at once from the checkpoint, which is the offline default's tokenizer, embeddings and lowest layers. Memory is what a model
keeps of all rows that it has seen. Runs are added to results.json one by one, and the page is written from all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.continual.streams import TASKS, StreamTask, read_stream
from benchmarks.machine import write_table

from headwinds.adapt.checkpoints import resolve_checkpoint
from headwinds.adapt.continual.preparing import UpdateFiles
from headwinds.adapt.continual.settings import UpdateSettings
from headwinds.adapt.continual.starting import tune_changes
from headwinds.adapt.continual.stream_measures import average_accuracy, backward_transfer, forgetting
from headwinds.adapt.continual.updating import update_model
from headwinds.adapt.fitted_model import load_model, read_facts
from headwinds.adapt.prediction import predict_examples
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.tuning import tune_files
from headwinds.adapt.tuning_files import LabelledFiles
from headwinds.study.study_file import tune_settings

HERE = Path(__file__).parent
LAYERS = 2
SIZES = {
    "tiny": {"classes": 6, "intents": 2, "rows": 15, "test_rows": 15},
    "small": {"classes": 8, "intents": 2, "rows": 24, "test_rows": 20},
    "medium": {"classes": 15, "intents": 3, "rows": 60, "test_rows": 30},
}
TUNE = {
    "epochs": 6,
    "patience": 6,
    "frozen_layers": LAYERS - 1,
    "batch_tokens": 512,
    "learning_rate": 5e-4,
    "head_learning_rate": 5e-3,
}
# The frozen model needs larger steps; what begins anew needs more epochs than what goes on.
TUNE_OF = {
    "adapter": {**TUNE, "frozen_layers": 0, "learning_rate": 2e-3},
    "joint": {**TUNE, "epochs": 15, "patience": 15},
}
DEFAULT = "replay and distillation (default)"
SYSTEMS: dict[str, dict[str, Any]] = {
    "sequential": {"strategy": "sequential"},
    "elastic weights": {"strategy": "elastic-weight-consolidation", "fisher_examples": 60},
    "distillation": {"strategy": "distillation", "distillation_weight": 1.0},
    "adapters": {"strategy": "adapter"},
    "replay, half": {"strategy": "replay", "replay_share": 0.5},
    "replay, three quarters": {"strategy": "replay", "replay_share": 0.75},
    DEFAULT: {"strategy": "replay-distillation"},
    "joint": {"strategy": "joint"},
}


TEXT = """
"classes": every task brings new labels (two slices of BANKING77, two of CLINC150); "domains": the ten domains of CLINC150
queries, and every task brings other intents of each. A run is an order and a seed. Memory is a share of all rows
("elastic weights" computes its Fisher information from it); by default a model keeps 2,000 rows, which is all of these.
The better of the two shares of replay is the tuned one. Forgetting is the best accuracy ever had less the last (Chaudhry et
al. 2018), backward transfer the last less that just after the task (Lopez-Paz, Ranzato 2017); in points. Joint training
needs no memory: every memory is compared with the same runs of it. All tasks share one head and the task is not told, which
is the hard setting for strategies that see new rows alone.
"""


def make_checkpoint(folder: Path) -> str:
    """The offline default, cut to its lowest layers."""
    from transformers import AutoModel, AutoTokenizer

    default = str(resolve_checkpoint("default").folder)
    AutoModel.from_pretrained(default, num_hidden_layers=LAYERS).save_pretrained(folder)
    AutoTokenizer.from_pretrained(default).save_pretrained(folder)
    return str(folder)


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


def first_model(task: StreamTask, checkpoint: str, folder: Path, seed: int) -> Path:
    """The first task, tuned as usual."""
    files = LabelledFiles(write(folder / "first.jsonl", task.train))
    settings = tune_settings({"task": "text-classification", "checkpoint": checkpoint, **TUNE}, seed=seed)
    return tune_files(files, settings, folder / "first", quiet=True).folder


def live(
    tasks: list[StreamTask], first: Path, folder: Path, system: dict[str, Any], memory: int, seed: int
) -> np.ndarray:
    """Accuracy (tasks, tasks) along the stream; of joint training the last row alone."""
    found = np.full((TASKS, TASKS), np.nan)
    found[0, :1] = accuracies(first, tasks[:1])
    joint = system["strategy"] == "joint"
    model = first
    for step in range(TASKS - 1, TASKS) if joint else range(1, TASKS):
        place = folder / f"task-{step}"
        place.mkdir(parents=True)
        new = [row for task in tasks[1 if joint else step : step + 1] for row in task.train]
        old = None
        if joint:
            old = write(place / "old.jsonl", tasks[0].train)
        elif step == 1:  # the memory binds from the first update on
            old = write(place / "old.jsonl", _by_label_alike(tasks[0].train, memory, seed))
        changes = tune_changes(
            read_facts(model), dict(TUNE_OF.get(system["strategy"], TUNE)), system["strategy"]
        )
        files = UpdateFiles(write(place / "new.jsonl", new), old)
        settings = UpdateSettings(**{"memory": memory, **system})
        tuned = tune_settings(changes, seed=seed)
        model = update_model(model, files, settings, tuned, place / "updated", quiet=True).folder
        found[step, : step + 1] = accuracies(model, tasks[: step + 1])
    return found


def _by_label_alike(rows: list[tuple[str, str]], count: int, seed: int) -> list[tuple[str, str]]:
    names = sorted({label for _, label in rows})
    kept = []
    for name in names:
        mine = [row for row in rows if row[1] == name]
        random.Random(seed).shuffle(mine)
        kept += mine[: max(1, count // len(names))]
    return kept


def report(found: list[dict[str, Any]], command: str) -> None:
    """A row for each stream and strategy in results.md; differences from joint training are in pairs, run by run."""
    rows = []
    for stream, memory in sorted({(one["stream"], one["memory"]) for one in found}):
        own = [one for one in found if one["stream"] == stream]
        joint = {(one["seed"], one["order"]): one["average"] for one in own if one["system"] == "joint"}
        for name in SYSTEMS:
            mine = [one for one in own if one["system"] == name and one["memory"] == memory]
            if not mine:
                continue
            final = np.array([one["average"] for one in mine])
            runs = [(one["seed"], one["order"]) for one in mine]
            pairs = [
                (one["average"], joint[run]) for one, run in zip(mine, runs, strict=True) if run in joint
            ]
            apart = np.mean([value - best for value, best in pairs]) if pairs else float("nan")
            forgot = [one["forgetting"] for one in mine if one["forgetting"] is not None]
            moved = [one["backward_transfer"] for one in mine if one["backward_transfer"] is not None]
            spread = f"{100 * final.std(ddof=1):.1f}" if len(final) > 1 else "n/a"
            rows.append(
                [
                    stream,
                    f"{memory / mine[0]['rows']:.0%}",
                    name,
                    str(len(mine)),
                    f"{100 * final.mean():.1f} ({spread})",
                    f"{100 * apart:+.1f}",
                    f"{100 * np.mean(forgot):.1f}" if forgot else "",
                    f"{100 * np.mean(moved):+.1f}" if moved else "",
                ]
            )
    columns = [
        "stream",
        "memory",
        "strategy",
        "runs",
        "average final accuracy (sd)",
        "minus joint",
        "forgetting",
        "backward transfer",
    ]
    sizes = sorted({(one["stream"], one["rows"], one["memory"]) for one in found})
    told = " ".join(f'"{stream}": {rows} rows, memory {memory}.' for stream, rows, memory in sizes)
    pairs_run = {(one["stream"], one["order"], one["seed"]) for one in found}
    told += (
        " Order/seed: "
        + "; ".join(
            f"{stream} " + ", ".join(f"{o}/{s}" for one, o, s in sorted(pairs_run) if one == stream)
            for stream in sorted({one for one, _, _ in pairs_run})
        )
        + "."
    )
    write_table(HERE / "results.md", "Streams of four tasks", f"{TEXT}\n{told}", columns, rows, command)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--streams", default="classes,domains")
    parser.add_argument("--memory-share", type=float, default=0.2, help="of all rows")
    parser.add_argument("--systems", default="", help="parts of their names, with commas (default: all)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = SIZES[arguments.size]
    results = HERE / "results.json"
    found: list[dict[str, Any]] = json.loads(results.read_text()) if results.exists() else []
    done = {
        tuple(one[name] for name in ("stream", "size", "seed", "order", "system", "memory")) for one in found
    }
    # Orders and seeds together first, so that what is cut short has seen several of both.
    pairs = [(order, seed) for order in range(arguments.orders) for seed in range(arguments.seeds)]
    pairs.sort(key=lambda pair: ((pair[1] - pair[0]) % arguments.seeds, pair))
    for stream, (order, seed) in product(arguments.streams.split(","), pairs):
        count = size["classes" if stream == "classes" else "intents"]
        # Of a domain twice as many classes share the rows.
        rows = size["rows"] if stream == "classes" else size["rows"] // 2
        tasks = read_stream(
            stream,
            arguments.data,
            classes=count,
            rows=rows,
            test_rows=size["test_rows"] // (1 if stream == "classes" else 2),
            seed=seed,
        )
        total = sum(len(task.train) for task in tasks)
        memory = int(arguments.memory_share * total)
        random.Random(f"order {order}").shuffle(tasks)
        asked = [part for part in arguments.systems.split(",") if part]
        wanted = [
            name
            for name in SYSTEMS
            if (stream, arguments.size, seed, order, name, memory) not in done
            and (not asked or any(part in name for part in asked))
        ]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = make_checkpoint(Path(folder) / "checkpoint")
            first = first_model(tasks[0], checkpoint, Path(folder), seed)
            for name in wanted:
                started = time.process_time()
                place = Path(folder) / name.replace(" ", "-")
                accuracy = live(tasks, first, place, SYSTEMS[name], memory, seed)
                whole = bool(np.isfinite(accuracy[1, 0]))
                found.append(
                    {
                        "stream": stream,
                        "size": arguments.size,
                        "seed": seed,
                        "order": order,
                        "system": name,
                        "rows": total,
                        "memory": memory,
                        "average": round(average_accuracy(accuracy), 4),
                        "forgetting": round(forgetting(accuracy), 4) if whole else None,
                        "backward_transfer": round(backward_transfer(accuracy), 4) if whole else None,
                        "final": [round(float(one), 4) for one in accuracy[-1]],
                        "seconds": round(time.process_time() - started, 1),
                    }
                )
                results.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")
                print(json.dumps(found[-1]), flush=True)
    named = f"--orders {arguments.orders} --seeds {arguments.seeds} --size {arguments.size}"
    command = f"python -m benchmarks.continual.run {arguments.data} {named} --streams {arguments.streams}"
    report([one for one in found if one["size"] == arguments.size], command)


if __name__ == "__main__":
    main()
