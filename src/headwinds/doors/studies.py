"""A study in Python: its settings, and the run up to a stage."""

from __future__ import annotations

from pathlib import Path

from headwinds.doors.arguments import plain_arguments
from headwinds.errors import SettingsError
from headwinds.study.run import STAGES, StudyRun, run_study
from headwinds.study.settings import StudySettings

PathLike = str | Path


@plain_arguments
def run(
    study: PathLike | StudySettings,
    *,
    until: str = "report",
    output: PathLike | None = None,
    quiet: bool = False,
    wait: float = 0.0,
    brief: bool = False,
) -> StudyRun:
    """Run a study up to a stage: check, tune, score, measure, explain, report.

    Parameters
    ----------
    study
        A study file, or settings made by `headwinds.settings`.
    until
        The last stage: "check" fits nothing, "report" does all.
    output
        Where the results go; by default ``runs/<folder of the study>`` under the working directory.
    wait
        Seconds to wait if another process runs the same study.
    brief
        Write the one-page brief too, into ``brief/brief.html``.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.study.study_file import read_study

    if until not in STAGES:
        raise SettingsError(f"There is no stage {until!r}.", remedy=f"The stages are {', '.join(STAGES)}.")
    chosen = study if isinstance(study, StudySettings) else read_study(Path(study))
    directory = Path(output) if output else Path("runs") / (chosen.folder.name or "study")
    if until == "report":
        from headwinds.report.messages import load_messages

        load_messages(chosen.study.language)  # refused now, not when all the work is done
    elif brief:
        raise SettingsError(f"A brief is made from the report, and until = {until!r} ends before it.")
    then = (_report, _brief) if brief else (_report,)
    return run_study(
        chosen, directory, until=until, then=then if until == "report" else (), quiet=quiet, wait=wait
    )


@plain_arguments
def settings(corpus: PathLike, gold: PathLike, codebook: PathLike, **changes: object) -> StudySettings:
    """Settings of a study on your own files, without a study file.

    Parameters
    ----------
    corpus, gold, codebook
        Files as a study file would name them.
    changes
        Any other setting by its dotted name with `__` for the dot: ``tune__epochs=3``, ``corpus__keys=["year"]``.

    Examples
    --------
    >>> headwinds.run(headwinds.settings("docs.csv", "gold.jsonl", "codebook.md", tune__epochs=3))  # doctest: +SKIP
    """
    from headwinds.study.study_file import settings_from

    content: dict[str, dict[str, object]] = {
        "study": {
            "title": f"Study of {Path(corpus).name}",
            "question": "What share of passages has each label?",
        },
        "corpus": {"path": str(Path(corpus).resolve())},
        "gold": {"path": str(Path(gold).resolve())},
        "codebook": {"path": str(Path(codebook).resolve())},
    }
    for name, value in changes.items():
        section, separator, key = name.partition("__")
        if not separator:
            raise SettingsError(
                f"The setting {name!r} has no section.", remedy="Write it as section__key, e.g. tune__epochs."
            )
        content.setdefault(section, {})[key] = value
    return settings_from(content, Path.cwd())


def _report(run: StudyRun) -> None:
    from headwinds.report.from_study import report_stage

    run.do(report_stage(run))


def _brief(run: StudyRun) -> None:
    from headwinds.report.from_study import brief_stage

    run.do(brief_stage(run))
