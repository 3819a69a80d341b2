"""A tuned model on files: predictions of new rows, and the test on labelled ones."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.memory import read_memory, rows_of
from headwinds.adapt.evaluation.task_evaluation import (
    TaskEvaluation,
    evaluate_model,
    read_task_evaluation,
    tell_evaluation,
)
from headwinds.adapt.fitted_model import load_model, model_of
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.prediction import predict_examples, predictor_of
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.training.device import choose_predicting_device, computing_on
from headwinds.adapt.tuning_data import require_same_kind, test_data
from headwinds.adapt.writing import TOGETHER
from headwinds.artifacts.csv_cells import csv_text, guarded
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.told_stages import run_told_stage
from headwinds.artifacts.write import require_other_file, write_bytes, write_text
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel, ModelFacts

FORMATS = (".jsonl", ".csv", ".parquet")
AT_ONCE = TOGETHER


def predict_file(
    model_folder: Path, file: Path, output: Path, *, encoding: str = "utf-8", for_spreadsheets: bool = False
) -> int:
    """Write a prediction for every row of `file`, in its order; returns their number.

    JSONL holds the predictions as they are. CSV and Parquet hold plain columns: of classifiers also
    ``probability_<label>`` and ``label_<label>``, which `headwinds measure --scores` takes. Ids and texts stand there as
    they came; with `for_spreadsheets` a CSV has an apostrophe before those that a spreadsheet would take for formulas.

    Raises
    ------
    CheckpointError, DataError, SettingsError, StorageError
        The model, a row, the format of `output`, the disk.
    """
    require_other_file(file, output)
    if output.suffix not in FORMATS:
        raise SettingsError(
            f"{output} ends in {output.suffix!r}, expected one of {', '.join(FORMATS)}."
            if output.suffix
            else f"{output} has no ending, expected one of {', '.join(FORMATS)}.",
            remedy="Name a file with one of these endings.",
        )
    if for_spreadsheets and output.suffix != ".csv":
        raise SettingsError(f"{output} is not opened in spreadsheets.", remedy="Name a .csv file.")
    model = load_model(model_of(model_folder))
    rows = read_rows(file, model.task, labelled=False, encoding=encoding)
    facts = model.facts
    found: list[dict[str, Any]] = []
    with computing_on(choose_predicting_device(facts.precision), model.network):
        predictor = None if writes(model.task) else predictor_of(model)
        for start in range(0, len(rows), AT_ONCE):
            examples = model.task.read(rows[start : start + AT_ONCE], labelled=False)
            predictions = predict_examples(model, examples, predictor=predictor)
            found += [
                {"id": name, **prediction} for name, prediction in zip(examples.ids, predictions, strict=True)
            ]
    if output.suffix == ".jsonl":
        write_text(output, "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in found))
    else:
        rows_to_write = [_flat(item, model) for item in found]
        _write_table([_guarded(one) for one in rows_to_write] if for_spreadsheets else rows_to_write, output)
    return len(found)


def evaluate_file(
    model_folder: Path,
    test: Path,
    output: Path,
    *,
    group: str = "",
    slices: Sequence[str] = (),
    seed: int = 0,
    encoding: str = "utf-8",
    against: Path | None = None,
) -> TaskEvaluation:
    """Test a model on a labelled file; metrics, predictions, errors and the card stand in ``output/evaluation``.

    With `against`, the folder of another model of the same task and labels, every metric is also compared in pairs.

    Raises
    ------
    CheckpointError, DataError, MismatchError
        A model, a row, a label that the model does not know, two models that do not give the same labels.
    """
    folder = model_of(model_folder)
    model = load_model(folder)
    other = _comparable(model, model_of(against)) if against is not None else None
    tested = test_data(
        model.task, read_rows(test, model.task, encoding=encoding), model.facts.labels, group, slices
    )
    require_same_kind(tested.examples, several=_gives_several(model))
    identity = fingerprint(
        model=file_digest(folder / "model.json"),
        test=file_digest(test),
        group=group,
        slices=list(slices),
        seed=seed,
        against=file_digest(model_of(against) / "model.json") if against is not None else "",
        code=code_digest("headwinds.adapt"),
    )

    def work(place: Path, _: Path) -> None:
        evaluate_model(
            model,
            tested.examples,
            tested.groups,
            place,
            seed=seed,
            columns=tested.columns,
            against=other,
            trained_on=tested.examples if learnt_from(model.facts, test) else _kept_examples(model, folder),
        )

    with study_lock(output), graceful_stop():
        stage = run_told_stage(
            output, "evaluation", identity, work, lambda place: tell_evaluation(place, model.facts)
        )
    return read_task_evaluation(stage.path)


def learnt_from(facts: ModelFacts, file: Path) -> bool:
    """Whether a file is the whole of what a model was tuned on; of one among several files nobody can tell."""
    return facts.data_digest == fingerprint(train=file_digest(file))


def _kept_examples(model: FittedModel, folder: Path) -> Any:
    """Those of the rows that a model was updated on that it keeps; None where it keeps none."""
    kept = read_memory(folder)
    return model.task.read(rows_of(kept, folder), labelled=True) if kept else None


def _gives_several(model: FittedModel) -> bool | None:
    """Whether a text classifier gives any number of labels; None of other tasks."""
    return "temperature" not in model.facts.decoder if model.task.name == "text-classification" else None


def _comparable(model: FittedModel, folder: Path) -> FittedModel:
    other = load_model(folder)
    if other.facts.task != model.facts.task:
        raise MismatchError(
            f"{folder} is a model of {other.facts.task}, the one that is tested of {model.facts.task}.",
            remedy="Compare models of one task.",
        )
    if _gives_several(other) != _gives_several(model):
        raise MismatchError(
            f"{folder} gives exactly one label a text, and the model that is tested any number."
            if _gives_several(model)
            else f"{folder} gives any number of labels a text, and the model that is tested exactly one.",
            remedy="Compare models of one kind.",
        )
    if set(other.facts.labels) != set(model.facts.labels):
        apart = sorted(set(other.facts.labels) ^ set(model.facts.labels))
        raise MismatchError(
            f"{folder} does not give the same labels: {', '.join(apart[:3])} {'is' if len(apart) == 1 else 'are'} "
            "known to one model alone.",
            remedy="Tune both on the same labels.",
        )
    return other


def _flat(prediction: dict[str, Any], model: FittedModel) -> dict[str, Any]:
    """Plain columns: shares of labels each in its own, lists as JSON."""
    row: dict[str, Any] = {}
    given = prediction.get("labels", [prediction.get("label", prediction.get("relation"))])
    for name, value in prediction.items():
        if name == "probabilities":
            for label, share in zip(model.facts.labels, value, strict=True):
                row[f"probability_{label}"] = share
                row[f"label_{label}"] = int(label in given)
        elif isinstance(value, list | dict):
            row[name] = json.dumps(value, ensure_ascii=False)
        else:
            row[name] = value
    return row


def _guarded(row: dict[str, Any]) -> dict[str, Any]:
    return {guarded(name): guarded(value) if isinstance(value, str) else value for name, value in row.items()}


def _write_table(rows: list[dict[str, Any]], output: Path) -> None:
    if output.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), buffer)
        write_bytes(output, buffer.getvalue())
        return
    names = list(rows[0])
    write_text(output, csv_text(names, ([row.get(name) for name in names] for row in rows)))
