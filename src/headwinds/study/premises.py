"""What only a later stage would stumble over, found before the first one starts: a tuned model is a dear thing to lose."""

from __future__ import annotations

from typing import Any

from headwinds.errors import SettingsError
from headwinds.phrases.telling import told_languages
from headwinds.study.answers import check_form
from headwinds.study.settings import StudySettings
from headwinds.study.suggestions import nearest


def check_premises(settings: StudySettings) -> None:
    """Hold the sections of a study file against each other, and read the files that only later stages need.

    Raises
    ------
    SettingsError
        The study's language has no translation; the model's task or the estimator does not go with the codebook's kind; a
        group, an index or the regression is made from a key that there is not, or a file is not there.
    DataError
        The population's counts or the growth panel cannot be used: the line is told.
    """
    if settings.study.language not in told_languages():
        raise SettingsError(
            f"{settings.file}: language = {settings.study.language!r} has no translation; it can be "
            f"{', '.join(told_languages())}.",
            remedy="Set one of them as language under [study].",
        )
    check_form(settings)
    _check_groups(settings)
    _check_indices(settings)
    for path in settings.measure.fits:
        settings.locate(path, setting="measure.fits")
    for path in settings.measure.wordings.values():
        settings.locate(path, setting="measure.wordings")
    if settings.corpus.population:
        from headwinds.study.frame import read_population

        read_population(settings)
    if settings.explain.panel:
        _check_explain(settings)


def _check_groups(settings: StudySettings) -> None:
    import numpy as np

    from headwinds.study.frame import group_values

    keys: dict[str, Any] = {name: np.array([], dtype=str) for name in settings.corpus.keys}
    for group in settings.group:
        if group.name in keys:
            raise SettingsError(
                f"{settings.file}: [[group]] {group.name!r} has the name of another key.", remedy="Rename it."
            )
        keys[group.name] = group_values(group, keys)


def _check_indices(settings: StudySettings) -> None:
    known = [*settings.corpus.keys, *(group.name for group in settings.group)]
    for name in dict.fromkeys(name for by in settings.measure.by for name in by):
        if name not in known:
            raise SettingsError(
                f"{settings.file}: by in [measure] names {name!r}, which is no key of the corpus and no group."
                f"{nearest(name, known)}",
                remedy=f"Known: {', '.join(known) or 'none; set keys under [corpus]'}.",
            )


def _check_explain(settings: StudySettings) -> None:
    from headwinds.explain.penn_world_table import read_penn_world_table

    panel = settings.locate(settings.explain.panel, setting="explain.panel")
    by = (settings.explain.entity_key, settings.explain.period_key)
    if by not in settings.measure.by:
        raise SettingsError(
            f"{settings.file}: [explain] needs the index by {by[0]} and {by[1]}.",
            remedy=f'Add ["{by[0]}", "{by[1]}"] to by under [measure].',
        )
    read_penn_world_table(panel)
