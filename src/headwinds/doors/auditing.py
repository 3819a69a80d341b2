"""Audits in Python: the calls of `headwinds audit` and `headwinds mask`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.adapt.audit.masking import PersonalDataFound
    from headwinds.adapt.audit.report import AuditReport

PathLike = str | Path


@plain_arguments
def audit(
    model: PathLike,
    file: PathLike,
    output: PathLike,
    *,
    parts: Sequence[str] = (),
    by: Sequence[str] = (),
    group: str = "",
    swaps: Sequence[str] = ("gender", "names", "countries"),
    train: PathLike | None = None,
    paraphrase: str = "",
    names_model: PathLike | None = None,
    names_probability: float = 0.1,
    regions: Sequence[str] = (),
    watts: float = 15.0,
    texts: int = 500,
    explained: int = 40,
    seed: int = 0,
    encoding: str = "utf-8",
) -> AuditReport:
    """Audit a tuned model on a file: bias, gaps, robustness, explanations, privacy, energy; see `AuditSettings`.

    The report stands in ``output/audit`` as a page, as JSON, and as a section for the model card.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.audit.filing import audit_file
    from headwinds.adapt.audit.running import AuditSettings

    settings = AuditSettings(
        parts=tuple(parts),
        by=tuple(by),
        group=group,
        swaps=tuple(swaps),
        train=Path(train) if train is not None else None,
        paraphrase=paraphrase,
        names_model=Path(names_model) if names_model is not None else None,
        names_probability=names_probability,
        regions=tuple(regions),
        watts=watts,
        texts=texts,
        explained=explained,
        seed=seed,
    )
    return audit_file(Path(model), Path(file), Path(output), settings, encoding=encoding)


@plain_arguments
def mask_file(
    file: PathLike,
    output: PathLike,
    *,
    columns: Sequence[str] = (),
    regions: Sequence[str] = (),
    names_model: PathLike | None = None,
    names_probability: float = 0.1,
    encoding: str = "utf-8",
) -> PersonalDataFound:
    """Write a file without the personal data that have a form to be recognised by; returns kinds, counts and places.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.audit import masking
    from headwinds.adapt.fitted_model import load_model, model_of

    return masking.mask_file(
        Path(file),
        Path(output),
        columns=tuple(columns),
        regions=tuple(regions),
        names_model=load_model(model_of(Path(names_model))) if names_model is not None else None,
        names_probability=names_probability,
        encoding=encoding,
    )
