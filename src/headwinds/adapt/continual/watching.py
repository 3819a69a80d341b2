"""One look at live texts: are they, and what the model says of them, still as its reference was? Looks are remembered."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.continual.documents import (
    Documents,
    alarm_without_documents,
    compared_rows,
    documents_of,
)
from headwinds.adapt.continual.embedding import embed
from headwinds.adapt.continual.labelling import entropy, texts_to_label
from headwinds.adapt.continual.memory import in_proportion, read_memory, rows_of
from headwinds.adapt.continual.permutation import (
    Tested,
    kernel_discrepancy,
    mean_differences,
    permutation_test,
)
from headwinds.adapt.continual.prior_shift import label_shares
from headwinds.adapt.continual.seen import Seen, labelled_rows, observe, require_enough, sampled
from headwinds.adapt.continual.settings import WatchSettings
from headwinds.adapt.continual.spending import holm, level_at, permutations_for
from headwinds.adapt.continual.watch_report import (
    FILE,
    CalibrationSeen,
    ShiftTest,
    WatchReport,
    read_watch,
    write_report,
)
from headwinds.adapt.evaluation.intervals import few_clusters
from headwinds.adapt.fitted_model import load_model, model_of, read_facts
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.methods.registry import IMPORTED, PROMPTING
from headwinds.adapt.tasks.cells import id_cell
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.tasks.registry import get_task
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage, stored_fingerprint
from headwinds.artifacts.write import write_text
from headwinds.contracts import Finding
from headwinds.errors import ArtifactError, DataError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel, ModelFacts
    from headwinds.adapt.tasks.contract import Row

TESTS = ("inputs", "outputs", "calibration")
LEAST_LABELLED = 30
LOOK = re.compile(r"look-\d{4,}")


@dataclass(frozen=True, slots=True)
class WatchFiles:
    """What is compared: live rows, and rows that the model was not fitted to, of the time that it knows.

    Attributes
    ----------
    live
        CSV, TSV, JSONL or Parquet with the columns of the model's task; labels where they are known.
    reference
        Such a file, labelled or not; None takes the validation rows that the model keeps. Rows that were learnt from would
        not do: the model sees them unlike others.
    group
        A column whose values change sides together, "" for none; None takes "document_id" where a file has it.
    """

    live: Path
    reference: Path | None = None
    group: str | None = None
    encoding: str = "utf-8"


def watch_model(
    model: Path, files: WatchFiles, settings: WatchSettings, output: Path, *, wait: float = 0.0
) -> WatchReport:
    """Take a look, which stands in ``output/look-0001`` and so on; the same look again is found, and spends nothing.

    Raises
    ------
    DataError, MismatchError, SettingsError, CheckpointError
        A file is empty or too small for a test, the model keeps no reference, the settings are not those of the earlier
        looks; each is named.
    """
    folder = model_of(model)
    facts = read_facts(folder)
    _require_watchable(facts)
    task = get_task(facts.task)
    live = read_rows(files.live, task, labelled=False, encoding=files.encoding)
    reference = _reference(folder, task, files, settings.seed)
    documents = documents_of(live, reference, files.group, is_kept=files.reference is None)
    now = file_digest(files.live)
    if files.reference is not None and file_digest(files.reference) == now:
        raise DataError(
            f"{files.live} and {files.reference} are the same file, so nothing could ever have shifted.",
            remedy="Name as reference a test of the time that the model knows.",
        )
    identity = fingerprint(
        model=file_digest(folder / "model.json"),
        live=now,
        reference=file_digest(files.reference) if files.reference else "",
        group=files.group,
        settings=asdict(settings),
        code=code_digest("headwinds.adapt"),
    )
    with study_lock(output, wait=wait), graceful_stop():
        number = _number_of(output, identity, settings)
        level = level_at(number, settings)
        permutations = permutations_for(level, len(TESTS), settings)

        def work(place: Path, _: Path) -> None:
            loaded = load_model(folder)
            report = _look(loaded, live, reference, documents, files, settings, number, level, permutations)
            write_report(report, place)
            write_text(place / "to-label.jsonl", _proposed(report, live))

        stage = run_stage(output, f"look-{number:04d}", identity, work)
    return read_watch(stage.path)


def _require_watchable(facts: ModelFacts) -> None:
    if writes(get_task(facts.task)) or facts.method in (*PROMPTING, "zero-shot"):
        raise SettingsError(
            f"A model of {facts.task} fitted by method {facts.method!r} cannot be watched: its encoder's states of a text "
            "are not those that it answers by.",
            remedy="Watch a tuned model that classifies.",
        )


def _reference(folder: Path, task: Any, files: WatchFiles, seed: int) -> list[Row]:
    if files.reference is not None:
        return read_rows(files.reference, task, labelled=False, encoding=files.encoding)
    validating = [row for row in read_memory(folder) if row.part == "validation"]
    kept = rows_of(in_proportion(validating, seed=derive_seed(seed, "kept")), folder)
    if not kept:
        raise SettingsError(
            f"{folder} keeps no reference texts.",
            remedy="Name some that it was not fitted to, a test of its time: --reference FILE.",
        )
    return kept


def _number_of(output: Path, identity: str, settings: WatchSettings) -> int:
    """The number of this look: that under which it was taken already, else the next."""
    taken = sorted(path for path in output.glob("look-*") if LOOK.fullmatch(path.name))
    for path in taken:
        if stored_fingerprint(path) == identity:
            return int(path.name.partition("-")[2])
        try:
            earlier = json.loads((path / FILE).read_text(encoding="utf-8"))
            plan = earlier["alpha"], earlier["looks"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{path / FILE} is damaged: {error}.", remedy="Bring it back: it says what was spent."
            ) from error
        if plan != (settings.alpha, settings.looks):
            raise SettingsError(
                f"alpha = {settings.alpha:g} and looks = {settings.looks}, but {path} was taken with {plan[0]} and "
                f"{plan[1]}: the chance of a false alarm would not be kept.",
                remedy="Keep to them, or begin a new watch in another --output folder.",
            )
    return int(taken[-1].name.partition("-")[2]) + 1 if taken else 1


def _look(
    model: FittedModel,
    live_rows: list[Row],
    reference_rows: list[Row],
    documents: Documents,
    files: WatchFiles,
    settings: WatchSettings,
    number: int,
    level: float,
    permutations: int,
) -> WatchReport:
    import numpy as np

    named = str(files.reference or "the model's kept rows")
    sides: dict[str, Seen] = {}
    vectors = {}
    labelled = labelled_rows(live_rows, reference_rows)
    for name, rows, of_rows, where in (
        ("reference", reference_rows, documents.reference, named),
        ("live", live_rows, documents.live, str(files.live)),
    ):
        drawn = sampled(len(rows), settings.most_rows, settings.seed, name).tolist()
        chosen = [rows[row] for row in drawn]
        examples = model.task.read(chosen, labelled=False)
        encoded = model.task.encode(examples, model.tokenizer, max_tokens=model.facts.max_tokens)
        sides[name] = observe(model, chosen, examples, [of_rows[row] for row in drawn], name, labelled)
        require_enough(sides[name], where)
        vectors[name] = embed(model, encoded)
    before, now = sides["reference"], sides["live"]
    is_live = np.repeat([False, True], [len(before.ids), len(now.ids)])
    of_all = np.array(before.documents + now.documents)

    def test(name: str, values: Any, known: Any) -> ShiftTest:
        rows = np.flatnonzero(known)
        drawing = derive_seed(settings.seed, "compared", number)
        rows = rows[compared_rows(of_all[rows].tolist(), is_live[rows], seed=drawing)]
        statistic = kernel_discrepancy(values[rows]) if name == "inputs" else mean_differences(values[rows])
        found: Tested = permutation_test(
            statistic,
            is_live[rows],
            of_all[rows].tolist(),
            permutations=permutations,
            seed=settings.seed + number,
            name=name,
        )
        counts = int((~is_live[rows]).sum()), int(is_live[rows].sum())
        return ShiftTest(name, found.statistic, found.p_value, float("nan"), *counts, found.permutations)

    everyone = np.ones(len(is_live), dtype=bool)
    tests = [test("inputs", np.vstack([vectors["reference"], vectors["live"]]), everyone)]
    findings = list(documents.findings)
    shares: tuple[Any, ...] = ()
    calibration: tuple[CalibrationSeen, ...] = ()
    proposals: tuple[str, ...] = ()
    if before.probability is not None and now.probability is not None:
        both = np.vstack([before.probability, now.probability])
        tests.append(test("outputs", both, everyone))
        shares = label_shares(
            before.probability,
            now.probability,
            before.documents,
            now.documents,
            model.facts.labels,
            several=now.several,
            seed=derive_seed(settings.seed, "shares", number) % 2**31,
        )
        known = np.concatenate([before.is_labelled, now.is_labelled])
        judged = np.vstack([before.errors, now.errors])
        counts = int(before.is_labelled.sum()), int(now.is_labelled.sum())
        if min(counts) >= LEAST_LABELLED:
            tests.append(test("calibration", judged, known))
        elif counts[1]:
            findings.append(_too_few(counts))
        if now.several and counts[1]:
            findings += _blank(live_rows)
        if model.facts.method == IMPORTED:
            findings.append(_uncalibrated())
        calibration = tuple(one.calibration() for one in (before, now) if one.is_labelled.any())
        unknown = np.flatnonzero(~now.is_labelled)
        uncertainty = entropy(now.probability, several=now.several)[unknown]
        wanted = texts_to_label(uncertainty, vectors["live"][unknown], vectors["reference"], settings.propose)
        proposals = tuple(now.ids[int(unknown[one])] for one in wanted)
        findings += few_clusters(min(len(set(side.documents)) for side in (before, now)))
    adjusted = holm([one.p_value for one in tests])
    told = tuple(
        ShiftTest(one.name, one.statistic, one.p_value, value, one.reference, one.live, one.permutations)
        for one, value in zip(tests, adjusted, strict=True)
    )
    report = WatchReport(
        number,
        level,
        settings.alpha,
        settings.looks,
        told,
        shares,
        calibration,
        proposals,
        tuple(findings),
        documents.column,
        len(set(before.documents)),
        len(set(now.documents)),
    )
    return _with_alarm(report, is_limited=not documents.asked and not documents.column)


def _too_few(counts: tuple[int, int]) -> Finding:
    return Finding(
        "W243",
        f"Calibration was not tested: {counts[0]} reference and {counts[1]} live texts have labels, and it needs "
        f"{LEAST_LABELLED} of each.",
        "Label more, or name a labelled reference.",
    )


def _blank(live: list[Row]) -> tuple[Finding, ...]:
    count = sum(row.values.get("labels") == "" for row in live)
    if not count:
        return ()
    return (
        Finding(
            "W251",
            f"Live texts whose labels are empty: {count:,}. They count as not labelled yet, so that calibration is not of "
            "texts without a label.",
            "Write [] where a text was read and has none.",
        ),
    )


def _uncalibrated() -> Finding:
    return Finding(
        "W246",
        "The model was imported as it was: its probabilities were never calibrated, and the shares of labels hang on them.",
        "Update it on labelled rows, which calibrates it.",
    )


def _with_alarm(report: WatchReport, *, is_limited: bool) -> WatchReport:
    if not report.raised:
        return report
    what = ", ".join(one.name for one in report.tests if report.raises(one))
    finding = Finding(
        "W244",
        f"Shifted: {what}. What the model measures or says of these texts may no longer hold.",
        "Label the texts proposed in to-label.jsonl, then `headwinds update`.",
    )
    limits = (alarm_without_documents(),) if is_limited else ()
    return replace(report, findings=(finding, *limits, *report.findings))


def _proposed(report: WatchReport, live: list[Row]) -> str:
    """The rows to label next, as they came, the most wanted first."""
    by_id = {id_cell(row): row.values for row in live}
    lines = [
        json.dumps({"id": name, **by_id[name]}, ensure_ascii=False, default=str) for name in report.proposals
    ]
    return "".join(f"{line}\n" for line in lines)
