"""An evaluation on disk: JSON for the metrics, Parquet for the reliability bins and the worst errors."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headwinds.artifacts.write import write_json
from headwinds.contracts import Difference, Evaluation, Finding, Interval, LabelEvaluation, SystemEvaluation


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write `evaluation.json`, `reliability.parquet` and `errors.parquet` into `folder`."""
    import pyarrow.parquet as pq

    tables = {"reliability": evaluation.reliability, "errors": evaluation.errors}
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    plain = {
        "systems": [asdict(system) for system in evaluation.systems],
        "differences": [asdict(difference) for difference in evaluation.differences],
        "findings": [asdict(finding) for finding in evaluation.findings],
        "passages": evaluation.passages,
        "documents": evaluation.documents,
        "folds": evaluation.folds,
        "provenance": dict(evaluation.provenance),
    }
    write_json(folder / "evaluation.json", plain, allow_missing=True)


def read_evaluation(folder: Path) -> Evaluation:
    """Read what `write_evaluation` wrote; equal to what was written."""
    import pyarrow.parquet as pq

    plain = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    return Evaluation(
        systems=tuple(_system(item) for item in plain["systems"]),
        differences=tuple(
            Difference(item["first"], item["second"], item["metric"], _interval(item["interval"]))
            for item in plain["differences"]
        ),
        reliability=pq.read_table(folder / "reliability.parquet"),
        errors=pq.read_table(folder / "errors.parquet"),
        passages=plain["passages"],
        documents=plain["documents"],
        folds=plain["folds"],
        findings=tuple(Finding(**item) for item in plain["findings"]),
        provenance=plain["provenance"],
    )


def _system(item: dict[str, Any]) -> SystemEvaluation:
    labels = tuple(
        LabelEvaluation(label["label"], label["positives"], _intervals(label["metrics"]))
        for label in item["labels"]
    )
    return SystemEvaluation(item["system"], labels, _intervals(item["macro"]))


def _intervals(items: dict[str, Any]) -> dict[str, Interval]:
    return {name: _interval(value) for name, value in items.items()}


def _interval(item: dict[str, float | None]) -> Interval:
    known = {key: float("nan") if value is None else value for key, value in item.items()}
    return Interval(known["value"], known["lower"], known["upper"])
