"""`measure`: the indices, each estimated naively and with its error, and what would make them sharper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.write import write_json
from headwinds.study.data import CheckedStudy
from headwinds.study.environment import STATISTICAL, versions
from headwinds.study.plan import Stage
from headwinds.study.settings import StudySettings

if TYPE_CHECKING:
    from headwinds.contracts import Finding, Indicator
    from headwinds.measure.frame import Frame

CODE = (
    "headwinds.measure",
    "headwinds.contracts",
    "headwinds.study.answers",
    "headwinds.study.frame",
    "headwinds.study.stages.measure",
)
ADDITIONAL_LABELS = (500, 2000)


def index_name(by: tuple[str, ...]) -> str:
    """The folder name of an index: "index-by-country-year"."""
    return "index-by-" + "-".join(by) if by else "index"


def measure_stage(settings: StudySettings, checked: CheckedStudy, scores: Path) -> Stage:
    """The stage."""
    population = settings.corpus.population
    parts = fingerprint(
        scores=file_digest(scores),
        corpus=file_digest(checked.corpus_path),
        gold=file_digest(checked.folder / "gold.parquet"),
        population=file_digest(settings.locate(population, setting="corpus.population"))
        if population
        else "",
        settings=asdict(settings.measure),
        others=[file_digest(path) for path in _others(settings).values()],
        checkpoint=settings.tune.checkpoint,
        period=settings.explain.period_key,
        form=[settings.codebook.kind, settings.codebook.grades],
        seed=settings.study.seed,
        group=[asdict(group) for group in settings.group],
        report=settings.report.passages_a_point,
        code=code_digest(*CODE),
        versions=versions(STATISTICAL),
    )

    def work(output: Path, _: Path) -> None:
        _measure(settings, checked, scores, output)

    return Stage("measure", parts, work)


def _others(settings: StudySettings) -> dict[str, Path]:
    """Scores of other fits and wordings, by what they are called."""
    chosen = settings.measure
    found = {
        f"fit {number}": settings.locate(path, setting="measure.fits")
        for number, path in enumerate(chosen.fits, 2)
    }
    wordings = sorted(chosen.wordings.items())
    return found | {name: settings.locate(path, setting="measure.wordings") for name, path in wordings}


def _measure(settings: StudySettings, checked: CheckedStudy, scores: Path, output: Path) -> None:
    from headwinds.measure.cells import make_cells
    from headwinds.measure.drift import drift_findings, drift_tests
    from headwinds.measure.fits import combine_fits, estimate_fits
    from headwinds.measure.registry import choose_estimator
    from headwinds.measure.shares import estimate_shares
    from headwinds.study.frame import read_frame

    frame = read_frame(settings, checked, scores)
    told = settings.measure
    others = _other_frames(settings, checked, frame)
    frames = [frame, *(others[f"fit {number}"] for number, _ in enumerate(told.fits, 2))]
    options = {"level": told.level, "minimum_gold": told.minimum_gold}
    used: dict[str, tuple[str, str]] = {}
    refused: list[Finding] = []
    first: list[Indicator] = []
    for by in told.by:
        cells = make_cells(frame, by)
        fits = estimate_fits(frames, cells, told.estimator, **options)
        chosen = combine_fits(fits, level=told.level) if len(fits) > 1 else fits[0]
        name, reason = choose_estimator(frame, cells, minimum_gold=told.minimum_gold)
        if told.estimator == chosen.method:
            reason = "It was asked for in the study file."
        used[index_name(by)] = (chosen.method, reason)
        refused += [
            finding for finding in chosen.findings if finding.code == "W321" and finding not in refused
        ]
        naive = estimate_shares(frame, cells, "classify-and-count", **options)
        labelled = estimate_shares(frame, cells, "labelled-only", **options)
        _write(output / index_name(by), chosen=chosen, naive=naive, labelled_only=labelled)
        first = first or fits
    _write_widths(frame, output)
    _write_passages(frame, checked, settings, output)
    findings: tuple[Finding, ...] = (*refused, *drift_findings(drift_tests(frame)))
    findings += _diagnose(settings, checked, frame, first, others, output)
    name, sentences = _say(used)
    write_json(
        output / "measure.json",
        {
            "estimator": name,
            "sentences": sentences,
            "findings": [asdict(item) for item in findings],
            "indices": [list(by) for by in settings.measure.by],
        },
        allow_missing=True,
    )


def _other_frames(settings: StudySettings, checked: CheckedStudy, frame: Frame) -> dict[str, Frame]:
    """The frame with the scores of each other fit and wording in place of its own."""
    import pyarrow.parquet as pq

    from headwinds.study.frame import read_predictions

    others = _others(settings)
    if not others:
        return {}
    ids = pq.read_table(checked.corpus_path, columns=["passage_id"])["passage_id"].to_pylist()
    found = {}
    for name, path in others.items():
        probability, label = read_predictions(path, ids, checked.form)
        low, high = frame.value_range
        if frame.kind == "score":
            probability = (probability - low) / (high - low)
            label = probability
        found[name] = replace(frame, probability=probability, label=label)
    return found


def _diagnose(
    settings: StudySettings,
    checked: CheckedStudy,
    frame: Frame,
    fits: list[Indicator],
    others: dict[str, Frame],
    output: Path,
) -> tuple[Finding, ...]:
    """Ask every diagnostic question that the data allow; a table each, and what was found."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from headwinds.measure.diagnostics.run import run_diagnostics

    period = settings.explain.period_key if settings.explain.period_key in frame.keys else ""
    found = run_diagnostics(
        frame,
        keys=tuple(name for by in settings.measure.by for name in by if name != period),
        texts=pq.read_table(checked.corpus_path, columns=["text"])["text"].to_pylist(),
        period=period,
        checkpoint=settings.tune.checkpoint,
        pretraining_until=settings.measure.pretraining_until,
        fits=fits if len(fits) > 1 else (),
        wordings={name: others[name].probability for name in sorted(settings.measure.wordings)},
        seed=settings.study.seed,
    )
    folder = output / "diagnostics"
    folder.mkdir()
    for one in found:
        pq.write_table(pa.Table.from_pandas(one.table, preserve_index=False), folder / f"{one.name}.parquet")
    return tuple(finding for one in found for finding in one.findings)


def _say(used: dict[str, tuple[str, str]]) -> tuple[str, list[str]]:
    """The estimators of the indices, and why: once for those that share one."""
    from headwinds.measure.registry import assumption

    indices: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for index, (name, reason) in used.items():
        indices.setdefault(name, []).append(index)
        reasons.setdefault(name, reason)
    sentences = [
        (f"{name} for {', '.join(indices[name])}: " if len(reasons) > 1 else f"{name}. ")
        + f"{reason} It assumes that {assumption(name)}."
        for name, reason in reasons.items()
    ]
    return ", ".join(reasons), sentences


def _write(folder: Path, **indicators: Indicator) -> None:
    from headwinds.measure.indicator_store import write_indicator

    for name, indicator in indicators.items():
        place = folder / name.replace("_", "-")
        place.mkdir(parents=True)
        write_indicator(indicator, place)


def _write_widths(frame: Frame, output: Path) -> None:
    """Over the whole corpus: where the width of each label's interval comes from, and what more labels would buy."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from headwinds.measure.cells import make_cells
    from headwinds.measure.widths import label_gain, width_by_stratum

    whole = make_cells(frame, ())
    widths = width_by_stratum(frame, whole)
    pq.write_table(widths, output / "width_by_stratum.parquet")
    strata = list(dict.fromkeys(widths["stratum"].to_pylist()))
    gains = [label_gain(frame, whole, stratum, ADDITIONAL_LABELS) for stratum in strata]
    pq.write_table(pa.concat_tables(gains), output / "label_gain.parquet")


def traced_indices(by: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Whose points have their passages on the page: the indices by one key, or the first where there is none."""
    return tuple(one for one in by if len(one) == 1) or (by[0],)


def _write_passages(frame: Frame, checked: CheckedStudy, settings: StudySettings, output: Path) -> None:
    """The passages that weigh most in each cell of the traced indices: what a point is made of."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from headwinds.measure.cells import make_cells
    from headwinds.measure.influence import passages_of_cell

    corpus = pq.read_table(checked.corpus_path)
    tables = []
    for by in traced_indices(settings.measure.by):
        cells = make_cells(frame, by)
        for label, cell in product(frame.label_names, cells.values):
            found = passages_of_cell(frame, cells, cell, label, settings.report.passages_a_point)
            if found.num_rows == 0:
                continue
            chosen = corpus.take(found["row"])
            extra = {
                "passage_id": chosen["passage_id"],
                "text": chosen["text"],
                "label": [label] * found.num_rows,
            }
            extra |= {f"key_{key}": chosen[key] for key in settings.corpus.keys}
            cell_columns = {
                f"cell_{key}": [value] * found.num_rows for key, value in zip(by, cell, strict=True)
            }
            tables.append(
                pa.table({**cell_columns, **extra, **{name: found[name] for name in found.column_names}})
            )
    pq.write_table(pa.concat_tables(tables, promote_options="default"), output / "passages.parquet")
