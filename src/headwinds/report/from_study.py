"""What the report shows, gathered from the stages of a finished study."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.fingerprint import code_digest, fingerprint
from headwinds.compute.likeness import NUMERICAL
from headwinds.contracts import Finding
from headwinds.drawing.glyphs import family_with_glyphs, needs_font
from headwinds.measure.indicator_store import TABLE
from headwinds.phrases.catalogue import ENGLISH
from headwinds.report.content import (
    CheckFacts,
    CorpusFacts,
    IndexBeside,
    IndicatorFigure,
    PassageTrace,
    ReportContent,
    ResultChapter,
)
from headwinds.report.formats import show
from headwinds.report.from_explain import growth_facts, regression_facts
from headwinds.report.messages import Messages, load_messages
from headwinds.study.chapters import read_chapters
from headwinds.study.environment import STATISTICAL, machine, versions
from headwinds.study.plan import Stage
from headwinds.study.run import StudyRun
from headwinds.study.stages.explain import read_explained
from headwinds.study.stages.measure import index_name, traced_indices

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from headwinds.contracts import Indicator

MOST_PANELS = 8
"""An index by two keys is drawn with a panel for each value of the first."""
OF_PLAIN_COUNTS = ("W327", "W353")
"""Findings that advise another estimator than the plain count."""


def report_stage(run: StudyRun) -> Stage:
    """The report as a stage of the run: redone when anything before it changed."""
    parts = fingerprint(
        stages={name: result.fingerprint for name, result in run.results.items()},
        about=asdict(run.settings.study),
        corpus=[run.settings.corpus.source, run.settings.corpus.licence],
        font=family_with_glyphs() if run.settings.study.language != ENGLISH else "",
        code=code_digest("headwinds.report", "headwinds.contracts"),
        versions=versions(STATISTICAL),
    )

    def work(output: Path, _: Path) -> None:
        from headwinds.report.page import write_report

        write_report(gather(run), output, language=run.settings.study.language)

    return Stage("report", parts, work)


def brief_stage(run: StudyRun) -> Stage:
    """The brief as a stage after the report, whose picture it takes."""
    report = run.results["report"]

    def work(output: Path, _: Path) -> None:
        from headwinds.report.brief_page import write_brief

        pictures = {path.stem: path.read_bytes() for path in sorted((report.path / "figures").glob("*.svg"))}
        write_brief(
            gather(run),
            output,
            language=run.settings.study.language,
            pictures=pictures,
            study=report.fingerprint[:12],
        )

    return Stage("brief", fingerprint(report=report.fingerprint, stage="brief"), work)


def gather(run: StudyRun) -> ReportContent:
    """Read the stages' outputs into the content of a report."""
    import pyarrow.parquet as pq

    from headwinds.adapt.evaluation.store import read_evaluation

    checked, measure = run.checked, run.results["measure"].path
    form = checked.form
    messages = load_messages(run.settings.study.language, form.kind, form.grades)
    about = json.loads((measure / "measure.json").read_text(encoding="utf-8"))
    explained = read_explained(run.results["explain"].path) if "explain" in run.results else None
    passages = pq.read_table(measure / "passages.parquet").to_pandas()
    drawn, beside = read_indices(measure, [tuple(by) for by in about["indices"]], messages)
    return ReportContent(
        title=run.settings.study.title,
        question=run.settings.study.question,
        codebook=checked.codebook,
        kind=form.kind,
        grades=form.grades if form.kind == "graded" else 0,
        corpus=_corpus(run, messages),
        check=_check(run, messages),
        evaluation=read_evaluation(run.results["tune/evaluation"].path),
        indicators=drawn,
        beside=beside,
        limits=run.settings.study.limits,
        provenance=_provenance(run),
        width_by_stratum=_widths(pq.read_table(measure / "width_by_stratum.parquet")),
        label_gain=_gains(pq.read_table(measure / "label_gain.parquet")),
        growth=growth_facts(explained) if explained else None,
        regression=regression_facts(explained) if explained else None,
        chapters=_chapters(run, messages),
        passages=tuple(
            trace
            for by in traced_indices([tuple(one) for one in about["indices"]])
            for trace in _passages(passages, _read(measure, by, "chosen"))
        ),
        findings=(
            *_fonts(run, messages),
            *(Finding("N301", f"Estimator: {sentence}") for sentence in about["sentences"]),
            *(Finding(**item) for item in (*about["findings"], *(explained or {}).get("findings", ()))),
        ),
    )


def _fonts(run: StudyRun, messages: Messages) -> tuple[Finding, ...]:
    """A warning if figures have texts that no font of this machine can draw."""
    texts = (messages("axis_predicted"), *run.checked.codebook.names)
    if not any(map(needs_font, texts)) or family_with_glyphs() is not None:
        return ()
    return (
        Finding(
            "W682",
            "No font of this machine has the Chinese characters of the figures: their PNG files lack these texts. The page "
            "and the SVG files show them, by the reader's own fonts.",
            "Install a font that has them, such as Noto Sans CJK, and make the report again.",
        ),
    )


def _chapters(run: StudyRun, messages: Messages) -> tuple[ResultChapter, ...]:
    if "explain" not in run.results:
        return ()
    return tuple(
        ResultChapter(
            one.name, messages.chapter(one.name, one.title), one.sentences, one.table, one.svg, one.png
        )
        for one in read_chapters(run.results["explain"].path / "chapters")
    )


def _corpus(run: StudyRun, messages: Messages) -> CorpusFacts:
    import pyarrow as pa
    import pyarrow.parquet as pq

    summary = run.checked.summary
    period = run.settings.explain.period_key
    table = pq.read_table(run.checked.corpus_path)
    stated = table[period].to_pylist() if period in table.column_names else []
    years = [year for year in stated if isinstance(year, int)]
    sampled = summary["population"] > summary["passages"] * 1.0001
    sampling = messages(
        "sampling_weighted" if sampled else "sampling_whole",
        passages=show(summary["passages"], "integer", messages),
        population=show(summary["population"], "integer", messages),
    )
    return CorpusFacts(
        source=run.settings.corpus.source or messages("source_unsaid", path=run.settings.corpus.path),
        licence=run.settings.corpus.licence or messages("licence_unsaid"),
        sampling=sampling,
        passages=summary["passages"],
        documents=summary["documents"],
        population=summary["population"],
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        strata=pa.Table.from_pylist(summary["strata"]) if summary["strata"] else None,
    )


def _check(run: StudyRun, messages: Messages) -> CheckFacts:
    import pyarrow as pa

    checked = run.checked
    lengths = checked.summary["token_lengths"]
    return CheckFacts(
        gold_provenance=run.settings.gold.provenance or messages("provenance_unsaid"),
        label_counts=pa.Table.from_pylist(checked.summary["label_counts"]),
        token_lengths=pa.table({name: lengths[name] for name in ("lower", "upper", "passages")}),
        tokens_lost=unread_share(run.results["score"].path / "scores.parquet"),
        maximum_length=lengths["window"],
        findings=checked.findings,
    )


def unread_share(scores: Path) -> float:
    """Of all tokens of the scored passages, the share that no window held."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    told = pq.read_table(scores, columns=["tokens", "read_share"])
    read = pc.sum(pc.multiply(told["tokens"], told["read_share"])).as_py()
    return 1 - float(read) / float(pc.sum(told["tokens"]).as_py())


def read_indices(
    measure: Path, indices: Sequence[tuple[str, ...]], messages: Messages
) -> tuple[tuple[IndicatorFigure, ...], tuple[IndexBeside, ...]]:
    """The indices of a study: those that can be drawn, and those that have too many panels for a page."""
    drawn: list[IndicatorFigure] = []
    beside: list[IndexBeside] = []
    for by in indices:
        title = (
            messages("index_title", keys=messages("index_and").join(map(messages.key, by)))
            if by
            else messages("index_title_whole")
        )
        chosen = _read(measure, by, "chosen")
        if len({cell[:-1] for cell in chosen.cells}) > MOST_PANELS:
            place = measure / index_name(by) / "chosen" / TABLE
            cells = len(set(chosen.cells))
            beside.append(IndexBeside(title, place.relative_to(measure.parent).as_posix(), cells))
        else:
            others = (_beside(_read(measure, by, "naive"), chosen), _read(measure, by, "labelled-only"))
            drawn.append(IndicatorFigure(index_name(by), title, chosen, *others))
    return tuple(drawn), tuple(beside)


def _read(measure: Path, by: tuple[str, ...], name: str) -> Indicator:
    from headwinds.measure.indicator_store import read_indicator

    return read_indicator(measure / index_name(by) / name)


def _beside(naive: Indicator, chosen: Indicator) -> Indicator:
    """The plain count, where it only stands beside: what it lacks is no reason to ask for the index that is there."""
    if naive.method == chosen.method:
        return naive
    remedy = "Go by the index itself, not by the plain count beside it."
    return replace(
        naive,
        findings=tuple(
            replace(one, remedy=remedy) if one.code in OF_PLAIN_COUNTS else one for one in naive.findings
        ),
    )


def _widths(table: pa.Table) -> pa.Table:
    return table.select(["label", "stratum", "share_of_variance", "width", "width_without"]).rename_columns(
        ["label", "stratum", "variance_share", "width", "width_without"]
    )


def _gains(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    halves = {
        "half_width_now": pc.divide(table["width"], 2.0),
        "half_width_then": pc.divide(table["width_expected"], 2.0),
    }
    return pa.table(
        {
            "label": table["label"],
            "stratum": table["stratum"],
            "additional_labels": table["additional"],
            **halves,
        }
    )


def _passages(frame: pd.DataFrame, indicator: Indicator) -> tuple[PassageTrace, ...]:
    cells = [f"cell_{key}" for key in indicator.keys]
    frame = frame[frame[cells].notna().all(axis=1)]  # those of other indices have other cells
    count = dict(
        zip(zip(indicator.labels, indicator.cells, strict=True), indicator.passages.tolist(), strict=True)
    )
    traces = []
    for names, rows in frame.groupby(["label", *cells], sort=False):
        label, cell = str(names[0]), tuple(_plain(value) for value in names[1:])
        keys = [name for name in rows.columns if name.startswith("key_")]
        graded = "score" in rows.columns
        said = "score" if graded else "probability"
        shown = rows[["passage_id", "text", said, "gold", "weight", "contribution", *keys]].copy()
        shown["gold"] = [
            None if value is None or value != value else float(value) if graded else bool(value)
            for value in shown["gold"]
        ]
        shown = shown.rename(columns={name: name.removeprefix("key_") for name in keys})
        passages = int(count[(label, cell)])
        traces.append(PassageTrace(label, cell, shown.reset_index(drop=True), passages, indicator.keys))
    return tuple(traces)


def _plain(value: Any) -> str | int:
    return value if isinstance(value, str) else int(value)


def _provenance(run: StudyRun) -> dict[str, Any]:
    settings = asdict(run.settings)
    settings.pop("folder")
    settings["file"] = run.settings.file.name
    return {
        "headwinds": code_digest("headwinds"),
        "machine": machine(),
        "seed": run.settings.study.seed,
        "settings": settings,
        "stages": {name: result.fingerprint for name, result in run.results.items()},
        "versions": versions(tuple(sorted({*NUMERICAL, *STATISTICAL}))),
    }
