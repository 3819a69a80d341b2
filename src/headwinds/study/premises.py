"""What only a later stage would stumble over, found before the first one starts: a tuned model is a dear thing to lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.contracts.suggestions import nearest
from headwinds.errors import MismatchError, SettingsError, quoted
from headwinds.phrases.telling import told_languages
from headwinds.study.answers import check_form
from headwinds.study.settings import StudySettings

if TYPE_CHECKING:
    from headwinds.study.data import CheckedStudy

MOST_NAMED = 5


def check_premises(settings: StudySettings) -> frozenset[str]:
    """Hold the sections of a study file against each other, and read the files that only later stages need.

    Returns
    -------
    frozenset
        The entities of the growth panel, for `check_entities`; none where no panel is named.

    Raises
    ------
    SettingsError
        The study's language has no translation; the model's task or the estimator does not go with the codebook's kind; a
        group, an index or the regression is made from a key that there is not, or a file is not there.
    DataError
        The population's counts, the growth panel, or the adoption series or the graph beside it cannot be used: the line
        is told.
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
    return _check_explain(settings) if settings.explain.panel else frozenset()


def check_entities(settings: StudySettings, checked: CheckedStudy, entities: frozenset[str]) -> None:
    """Hold the entities of the corpus against those of the panel.

    Raises
    ------
    MismatchError
        They have none in common.
    """
    import pyarrow.parquet as pq

    key = settings.explain.entity_key
    if not entities or key not in pq.read_schema(checked.corpus_path).names:
        return
    own = sorted(map(str, pq.read_table(checked.corpus_path, columns=[key])[key].unique().to_pylist()))
    if not entities & set(own):
        shown = ", ".join(own[:MOST_NAMED]) + (", ..." if len(own) > MOST_NAMED else "")
        raise MismatchError(
            f"{settings.corpus.path}: the panel has no {key} of the corpus ({shown}); it has {min(entities)} to "
            f"{max(entities)}.",
            remedy="Write the codes of the panel into the corpus.",
        )


def check_years(settings: StudySettings, checked: CheckedStudy) -> None:
    """Hold the periods of the corpus against the growth regression, which needs years.

    A date is no year, and none is made of it here: a corpus may well be counted by days.

    Raises
    ------
    MismatchError
        The key holds something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    key = settings.explain.period_key
    schema = pq.read_schema(checked.corpus_path)
    if not settings.explain.panel or key not in schema.names or pa.types.is_integer(schema.field(key).type):
        return
    first = pq.read_table(checked.corpus_path, columns=[key])[key][0].as_py()
    raise MismatchError(
        f"{settings.corpus.path}: {key} = {quoted(first)} is no year, and [explain] needs the index by year.",
        remedy="Give the corpus a column of years (2003), and name it in keys, by and period_key.",
    )


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


def _check_explain(settings: StudySettings) -> frozenset[str]:
    from headwinds.explain.penn_world_table import read_penn_world_table

    panel = settings.locate(settings.explain.panel, setting="explain.panel")
    by = (settings.explain.entity_key, settings.explain.period_key)
    if by not in settings.measure.by:
        raise SettingsError(
            f"{settings.file}: [explain] needs the index by {by[0]} and {by[1]}.",
            remedy=f'Add ["{by[0]}", "{by[1]}"] to by under [measure].',
        )
    data = read_penn_world_table(panel).data
    first, last = int(data["period"].min()), int(data["period"].max())
    for name in ("before", "after"):
        span = getattr(settings.explain, name)
        if not first <= span[0] < span[1] <= last:
            raise SettingsError(
                f"{settings.file}: {name} in [explain] is {span[0]}-{span[1]}, and the panel runs from {first} to {last}.",
                remedy="Choose years that the panel has.",
            )
    _check_beside(settings)
    return frozenset(map(str, data["entity"].unique()))


def _check_beside(settings: StudySettings) -> None:
    """Read the files beside the panel once: a bad cell is no question that the data cannot answer."""
    beside = settings.beside_the_panel()
    if "adoption" in beside:
        from headwinds.explain import read_gapminder

        read_gapminder(beside["adoption"], indicators=[settings.explain.adoption_series], countries_only=True)
    if "graph" in beside:
        from headwinds.explain import read_graph

        read_graph(beside["graph"])
