"""CLINC150's out-of-scope questions, told apart by abstention alone: no out-of-scope example is learnt from.

    python -m benchmarks.tasks.out_of_scope DATA MODEL [MODEL ...]

DATA is the folder that `benchmarks.tasks.run` reads; each MODEL a folder that it tuned on "clinc150, in scope", one a seed.
A model withholds its answer below the probability under which it would withhold a given share of the published in-scope
validation questions.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.machine import write_table
from sklearn.metrics import average_precision_score, roc_auc_score

from headwinds.adapt.predicting import predict_file

WITHHELD = (0.02, 0.05, 0.1)


def surest(model: Path, pairs: list[list[str]], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each question's likeliest intent, and whether that intent is the right one."""
    rows = [{"text": text} for text, _ in pairs]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    predict_file(model, folder / "rows.jsonl", folder / "found.jsonl")
    found = [json.loads(line) for line in (folder / "found.jsonl").read_text(encoding="utf-8").splitlines()]
    right = np.array([one["label"] == label for one, (_, label) in zip(found, pairs, strict=True)])
    return np.array([max(one["probabilities"]) for one in found]), right


def measure(model: Path, data: dict[str, list[list[str]]]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        validation, _ = surest(model, data["val"], Path(name))
        inside, right = surest(model, data["test"], Path(name))
        outside, _ = surest(model, data["oos_test"], Path(name))
    truth = np.repeat([0, 1], [len(inside), len(outside)])
    unsure = -np.concatenate([inside, outside])
    found = {
        "area under the ROC curve": float(roc_auc_score(truth, unsure)),
        "average precision": float(average_precision_score(truth, unsure)),
        "in-scope accuracy, nothing withheld": float(right.mean()),
    }
    for share in WITHHELD:
        threshold = float(np.quantile(validation, share))
        given = inside >= threshold
        at = f"at {share:.0%} of validation withheld: "
        found[at + "out-of-scope questions withheld"] = float((outside < threshold).mean())
        found[at + "in-scope questions withheld"] = float(1 - given.mean())
        found[at + "accuracy of in-scope answers given"] = float(right[given].mean())
        found[at + "in-scope questions answered rightly"] = float((right & given).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    arguments = parser.parse_args()
    path = arguments.data / "clinc150" / "data_full.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    runs = [measure(model, data) for model in arguments.models]
    rows = []
    for name in runs[0]:
        values = [run[name] for run in runs]
        spread = f"{np.ptp(values):.4f}" if len(values) > 1 else "one seed"
        rows.append([name, f"{np.mean(values):.4f}", spread])
    write_table(
        Path(__file__).parent / "out-of-scope.md",
        "Out of scope, by abstention",
        f"CLINC150: {len(data['test']):,} in-scope and {len(data['oos_test']):,} out-of-scope test questions, models "
        f"tuned on the 150 intents alone, {len(runs)} seeds: mean and range. A question is withheld where the likeliest "
        "intent has less probability than a threshold that is set on in-scope validation questions.",
        ["", "mean", "range"],
        rows,
        "python -m benchmarks.tasks.out_of_scope labelled MODELS",
    )


if __name__ == "__main__":
    main()
