"""A model's later life in Python: the calls of `headwinds watch` and `headwinds update`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts.result import Summarised
from headwinds.doors.arguments import plain_arguments
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.continual.forgetting import ForgettingReport
    from headwinds.adapt.continual.preparing import UpdateFiles
    from headwinds.adapt.continual.settings import UpdateSettings
    from headwinds.adapt.continual.watch_report import WatchReport
    from headwinds.adapt.settings import TuneSettings
    from headwinds.contracts import Finding
    from headwinds.registry.index import Registry, Version
    from headwinds.registry.promotion import Decision

PathLike = str | Path


@dataclass(frozen=True, slots=True)
class Updated(Summarised):
    """What became of an update.

    Attributes
    ----------
    folder
        The new model, an ordinary one.
    report
        What it forgot and gained; None without tests.
    reused
        Whether it was found done.
    decision
        Of the gate; None where none was asked.
    findings
        What to weigh of the rows; those of the tests are in the report.
    """

    folder: Path
    report: ForgettingReport | None
    reused: bool
    decision: Decision | None = None
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """The findings, the report and the decision in words."""
        parts = [str(one) for one in self.findings]
        parts += [self.report.summary()] if self.report is not None else []
        parts += [self.decision.summary()] if self.decision is not None else []
        return "\n".join(parts)


@plain_arguments
def watch(
    model: PathLike,
    live: PathLike,
    *,
    output: PathLike,
    reference: PathLike | None = None,
    group: str | None = None,
    encoding: str = "utf-8",
    registry: PathLike | None = None,
    database: str = "",
    version: str = "production",
    wait: float = 0.0,
    **settings: object,
) -> WatchReport:
    """Take a look at live texts: whether they, or what the model says of them, have shifted from its reference.

    Parameters
    ----------
    model
        Folder of a tuned model, or with `registry` a name in it.
    live
        The new rows; labels count where they are known.
    output
        The folder of this watch: every look in it counts towards one chance of a false alarm.
    reference
        Rows that the model was not fitted to, of the time that it knows; by default the validation rows that an updated
        model keeps.
    group
        A column whose rows belong together, such as a document; by default "document_id" where a file has it, and with ""
        every row counts for itself.
    settings
        Of ``[watch]``: ``alpha=0.05``, ``looks=12``, ``propose=20``, ``seed=0``.

    Returns
    -------
    WatchReport
        The verdict with its table, labels' shares, calibration, and which texts to label next.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.continual.settings import WatchSettings
    from headwinds.adapt.continual.watching import WatchFiles, watch_model
    from headwinds.study.study_file import section_settings

    chosen = section_settings(WatchSettings, dict(settings), "watch")
    files = WatchFiles(Path(live), Path(reference) if reference is not None else None, group, encoding)
    opened, found = _locate(model, registry, database, version)
    try:
        return watch_model(found, files, chosen, Path(output), wait=wait)
    finally:
        if opened is not None:
            opened[0].engine.dispose()


@plain_arguments
def update(
    model: PathLike,
    train: PathLike,
    *,
    output: PathLike,
    old: PathLike | None = None,
    validation: PathLike | None = None,
    old_tests: Sequence[PathLike] = (),
    new_tests: Sequence[PathLike] = (),
    group: str = "",
    encoding: str = "utf-8",
    registry: PathLike | None = None,
    database: str = "",
    version: str = "production",
    promote: bool = False,
    gate: PathLike | None = None,
    licence: str = "",
    limits: str = "",
    seed: int = 0,
    quiet: bool = False,
    wait: float = 0.0,
    **settings: object,
) -> Updated:
    """Bring a tuned model up to date on new labelled rows without forgetting; judge and promote it if asked.

    Parameters
    ----------
    model
        Folder of a tuned model, or with `registry` a name in it.
    train
        The new labelled rows.
    old
        Labelled rows of before; by default those that the model keeps.
    old_tests, new_tests
        Rows that are never learnt from: where it must not forget, and what it is made for. Without any, those of `gate`.
    promote, gate
        Add the new version to the registry, judge it at this gate, and put it into production if it passes.
    settings
        Of ``[update]`` and ``[tune]``: ``strategy="replay"``, ``memory=500``, ``method="head"``, ``epochs=3``.

    Returns
    -------
    Updated
        The new model's folder, what it forgot, and the gate's decision.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.continual.preparing import UpdateFiles
    from headwinds.adapt.continual.updating import update_model
    from headwinds.registry.gate import read_gate

    if promote and (registry is None or gate is None):
        raise SettingsError("promote needs registry and gate.", remedy="Name both.")
    judged = read_gate(Path(gate)) if gate is not None else None
    if judged is not None and not old_tests and not new_tests:
        old_tests = [one.path for one in judged.tests if one.role == "old"]
        new_tests = [one.path for one in judged.tests if one.role == "new"]
    files = UpdateFiles(
        Path(train),
        Path(old) if old is not None else None,
        Path(validation) if validation is not None else None,
        tuple(Path(path) for path in old_tests),
        tuple(Path(path) for path in new_tests),
        group,
        encoding,
    )
    opened, folder = _locate(model, registry, database, version)
    try:
        own, tuned = _settings(folder, dict(settings), seed)
        if promote and opened is not None:
            from headwinds.registry.index import require_writable

            require_writable(opened[0])  # before a training
            _require_same_labels(folder, files, own.strategy, tuned, str(model))
        done = update_model(folder, files, own, tuned, Path(output), quiet=quiet, wait=wait)
        decision = None
        if promote and opened is not None and judged is not None:
            from headwinds.registry.index import add_model
            from headwinds.registry.promotion import promote as judge

            above = opened[1].version
            added = add_model(
                opened[0], str(model), done.folder, parent=above, licence=licence, limits=limits
            )
            decision = judge(opened[0], str(model), judged, str(added.number))
    finally:
        if opened is not None:
            opened[0].engine.dispose()
    return Updated(done.folder, done.report, done.reused, decision, done.findings)


def _settings(folder: Path, settings: dict[str, object], seed: int) -> tuple[UpdateSettings, TuneSettings]:
    """Those of the update and those of its training."""
    from dataclasses import fields

    from headwinds.adapt.continual.settings import UpdateSettings
    from headwinds.adapt.continual.starting import tune_changes
    from headwinds.adapt.fitted_model import model_of, read_facts
    from headwinds.study.study_file import section_settings, tune_settings

    names = {one.name for one in fields(UpdateSettings)}
    own = section_settings(UpdateSettings, {k: v for k, v in settings.items() if k in names}, "update")
    rest = {name: value for name, value in settings.items() if name not in names}
    changes = tune_changes(read_facts(model_of(folder)), rest, own.strategy)
    return own, tune_settings(changes, seed=seed)


def _require_same_labels(
    folder: Path, files: UpdateFiles, strategy: str, tuned: TuneSettings, name: str
) -> None:
    """Told before the training: a version with other labels cannot follow one in production."""
    from headwinds.adapt.continual.preparing import read_update
    from headwinds.adapt.fitted_model import model_of, read_facts

    place = model_of(folder)
    facts = read_facts(place)
    rows = read_update(place, facts, files, strategy, tuned)
    apart = [label for label in rows.labels if label not in facts.labels]
    if apart:
        raise MismatchError(
            f"{files.train} has labels that the version in the registry does not give: {', '.join(apart[:5])}; versions of "
            f"{name} must give the same.",
            remedy="Update without promote, and add the model under another name.",
        )


def _locate(
    model: PathLike, registry: PathLike | None, database: str, version: str
) -> tuple[tuple[Registry, Version] | None, Path]:
    """The folder of a model; with a registry also that, opened, and the version."""
    if registry is None:
        return None, Path(model)
    from headwinds.registry.index import find_version, open_registry
    from headwinds.registry.versions import check

    opened = open_registry(Path(registry), database, create=False)
    try:
        found = find_version(opened, str(model), version)
        return (opened, found), check(opened.versions, found.version)
    except BaseException:
        opened.engine.dispose()
        raise
