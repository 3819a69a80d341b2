"""An audit as a stage: found again when nothing that it depends on has changed, with its page and the card's section."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from headwinds.adapt.audit.report import AuditReport, read_report, tell_report, write_report
from headwinds.adapt.audit.running import AuditSettings, audit_model
from headwinds.adapt.checkpoints import resolve_checkpoint
from headwinds.adapt.fitted_model import load_model, model_of
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.interruption import graceful_stop
from headwinds.artifacts.lock import study_lock
from headwinds.artifacts.told_stages import run_told_stage


def audit_file(
    model: Path, file: Path, output: Path, settings: AuditSettings | None = None, *, encoding: str = "utf-8"
) -> AuditReport:
    """Audit the model in a folder on a file; ``output/audit`` holds `audit.json`, `audit.html` and `audit.md`.

    Raises
    ------
    CheckpointError, DataError, MismatchError, SettingsError, BusyError, Interrupted
        The folder is no model; see `audit_model`.
    """
    settings = settings or AuditSettings()
    folder = model_of(model)
    fitted = load_model(folder)
    identity = audit_identity(folder, file, settings, encoding=encoding)

    def work(place: Path, _: Path) -> None:
        write_report(audit_model(fitted, file, settings, encoding=encoding), place)

    with study_lock(output), graceful_stop():
        stage = run_told_stage(output, "audit", identity, work, tell_report)
    return read_report(stage.path)


def audit_identity(model: Path, file: Path, settings: AuditSettings, *, encoding: str = "utf-8") -> str:
    """The fingerprint of all that an audit depends on: the content of what is named, wherever it lies.

    Raises
    ------
    CheckpointError
        There is no such checkpoint to paraphrase with.
    """
    named = [settings.train, *(Path(name) for name in settings.swaps if Path(name).suffix)]
    if settings.names_model:
        named.append(model_of(settings.names_model) / "model.json")
    return fingerprint(
        model=file_digest(model / "model.json"),
        file=file_digest(file),
        others=[file_digest(path) for path in named if path is not None and path.is_file()],
        paraphrase=resolve_checkpoint(settings.paraphrase).digest if settings.paraphrase else "",
        settings={name: str(value) for name, value in asdict(settings).items()},
        encoding=encoding,
        code=code_digest("headwinds.adapt"),
    )
