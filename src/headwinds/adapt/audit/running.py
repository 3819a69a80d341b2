"""An audit from a model's folder and a file: which parts can be done, each done, one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.audit.answers import Asked, ask, classifies
from headwinds.adapt.audit.bias import swap_bias
from headwinds.adapt.audit.energy import WATTS, measure_energy
from headwinds.adapt.audit.faithfulness import faithfulness_of
from headwinds.adapt.audit.groups import group_gaps
from headwinds.adapt.audit.masking import search_rows
from headwinds.adapt.audit.membership import membership_of
from headwinds.adapt.audit.names_of_people import NAMES_PROBABILITY, require_names_probability
from headwinds.adapt.audit.report import AuditReport
from headwinds.adapt.audit.robustness import robustness_of
from headwinds.adapt.audit.word_lists import SHIPPED, read_swap_list, shipped_list
from headwinds.adapt.labelled_files import read_rows
from headwinds.adapt.sides import groups_of
from headwinds.adapt.tasks.contract import Row
from headwinds.adapt.training.private import PrivacySpent
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding
from headwinds.errors import DataError, HeadwindsError, MismatchError, SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.audit.word_lists import SwapList
    from headwinds.adapt.fitted_model import FittedModel

PARTS = ("bias", "groups", "robustness", "explanations", "personal-data", "membership", "energy")
CLASSIFYING = ("bias", "explanations", "membership")
ROBUST_TASKS = ("text-classification", "named-entity-recognition")
TIMED_ROWS = 200


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What is audited, and how.

    Attributes
    ----------
    parts
        Of `PARTS`; () does all that the model and the files allow, and says what was left out.
    by
        Columns by whose values the model is compared with itself.
    group
        A column whose rows belong together: intervals draw its values whole; "" takes every row for itself.
    swaps
        Names of shipped lists of words, or CSV files with a column a group.
    train
        The training file, for membership.
    paraphrase
        A masked language model for one more change of texts; "" leaves it out.
    names_model
        The folder of a fitted model of named entities, by which names of people are found.
    names_probability
        A word is part of a name where that model gives it at least this probability.
    regions
        Countries whose telephone numbers are found without the country's code.
    watts
        What a busy core draws, where the processor does not tell.
    texts, explained
        At the most so many texts are changed and swapped, and explained; drawn by `seed` where there are more.
    """

    parts: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    group: str = ""
    swaps: tuple[str, ...] = SHIPPED
    train: Path | None = None
    paraphrase: str = ""
    names_model: Path | None = None
    names_probability: float = NAMES_PROBABILITY
    regions: tuple[str, ...] = ()
    watts: float = WATTS
    texts: int = 500
    explained: int = 40
    seed: int = 0

    def __post_init__(self) -> None:
        for part in self.parts:
            if part not in PARTS:
                raise SettingsError(
                    f"There is no part {part!r} of an audit.", remedy=f"Known: {', '.join(PARTS)}."
                )
        for name in ("texts", "explained"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} = {getattr(self, name)} cannot be used: expected 1 or more.")
        require_names_probability(self.names_probability)
        if not 0 < self.watts < 1e5:
            raise SettingsError(
                f"watts = {self.watts:g} cannot be used: expected what a core draws, above 0."
            )


@dataclass(slots=True)
class _Work:
    """An audit while it is made: what is known, and what each part adds."""

    asked: Asked
    rows: list[Row]
    clusters: tuple[str, ...]
    labelled: bool
    settings: AuditSettings
    found: dict[str, Any]
    findings: list[Finding]
    left_out: dict[str, str]


def audit_model(
    model: FittedModel, file: Path, settings: AuditSettings | None = None, *, encoding: str = "utf-8"
) -> AuditReport:
    """Audit a model on a file.

    Raises
    ------
    DataError, MismatchError, SettingsError
        A column is not there, a row cannot be read, or a part that was asked for cannot be done with this model or file.
    """
    settings = settings or AuditSettings()
    asked = ask(model)
    rows = read_rows(file, model.task, labelled=False, encoding=encoding)
    columns = list(dict.fromkeys(name for row in rows for name in row.values))
    for name in (*settings.by, *([settings.group] if settings.group else [])):
        if name not in columns:
            raise DataError(
                f"{file} has no column {name}; it has {', '.join(columns)}.", remedy="Name one of these."
            )
    label_columns = [column.name for column in model.task.columns if column.label]
    labelled = any(name in columns for name in label_columns)
    examples = model.task.read(rows, labelled=labelled)
    if labelled:
        model.task.check_labels(examples, model.facts.labels)
    clusters = groups_of(rows, settings.group)
    work = _Work(asked, rows, clusters, labelled, settings, {}, [], {})
    swaps = _swap_lists(settings) if _can(work, "bias") else ()
    parts: dict[str, Callable[[], None]] = {
        "bias": lambda: _bias(work, swaps),
        "groups": lambda: _groups(work, examples),
        "robustness": lambda: _robustness(work),
        "explanations": lambda: _explanations(work),
        "personal-data": lambda: _personal_data(work),
        "membership": lambda: _membership(work, encoding),
        "energy": lambda: _energy(work),
    }
    for name, make in parts.items():
        raise_if_stopped()
        if _can(work, name):
            make()
    privacy = model.facts.decoder.get("privacy")
    return AuditReport(
        task=model.facts.task,
        method=model.facts.method,
        labels=model.facts.labels,
        file=file.name,
        rows=len(rows),
        clusters=len(set(clusters)),
        labelled=labelled,
        privacy=PrivacySpent(**privacy) if privacy else None,
        left_out=work.left_out,
        findings=tuple(dict.fromkeys(work.findings)),
        model=model.digest,
        **work.found,
    )


def _can(work: _Work, part: str) -> bool:
    """Whether a part is to be done; what was asked for and cannot be is refused, else it is noted with its reason."""
    settings, model = work.settings, work.asked.model
    if settings.parts and part not in settings.parts:
        return False
    error: HeadwindsError | None = None
    if part in CLASSIFYING and not classifies(model):
        error = MismatchError(
            f"The model does {model.facts.task}; {part} is audited of text-classification alone.",
            remedy=f"Of this task the audit takes: {', '.join(_parts_of(model))}.",
        )
    elif part == "explanations" and any(row.values.get("text_b") is not None for row in work.rows):
        error = MismatchError("Pairs of texts are not explained.", remedy="Leave explanations out.")
    elif part == "robustness" and model.facts.task not in ROBUST_TASKS:
        error = MismatchError(
            f"Changes of texts are tried with {' and '.join(ROBUST_TASKS)}; this is {model.facts.task}.",
            remedy=f"Of this task the audit takes: {', '.join(_parts_of(model))}.",
        )
    elif part == "groups" and not settings.by:
        error = SettingsError("No column to compare groups by is named.", remedy="Name one: --by COLUMN.")
    elif part == "groups" and not work.labelled and not classifies(model):
        error = DataError(
            "The rows have no labels, which gaps between groups need in this task.",
            remedy="Give labelled rows.",
        )
    elif part == "membership" and settings.train is None:
        error = SettingsError("Membership needs the training file.", remedy="Name it: --train FILE.")
    elif part == "membership" and not work.labelled:
        error = DataError(
            "The rows have no labels, and membership is told by how well a model fits them.",
            remedy="Give labelled rows that the model never saw.",
        )
    if error is None:
        return True
    if settings.parts:
        raise error
    work.left_out[part] = str(error).rstrip(".")
    return False


def _parts_of(model: FittedModel) -> list[str]:
    robust = model.facts.task in ROBUST_TASKS
    return ["groups", *(["robustness"] if robust else []), "personal-data", "energy"]


def _swap_lists(settings: AuditSettings) -> tuple[SwapList, ...]:
    """Read before anything is computed, so that a mistake in one is said at once."""
    return tuple(
        read_swap_list(Path(name)) if Path(name).suffix else shipped_list(name) for name in settings.swaps
    )


def _bias(work: _Work, swaps: tuple[SwapList, ...]) -> None:
    from headwinds.adapt.audit.swapping import chosen_texts, make_swapper

    texts = [
        [str(row.values[name]) for name in ("text", "text_b") if row.values.get(name) is not None]
        for row in work.rows
    ]
    results = []
    for one in swaps:
        mentioning = chosen_texts(make_swapper(one), texts)
        chosen = _drawn(work, mentioning, work.settings.texts, f"swaps of {one.name}")
        result, findings = swap_bias(
            work.asked,
            one,
            [texts[row] for row in chosen],
            [work.clusters[row] for row in chosen],
            seed=work.settings.seed,
        )
        results.append(result)
        work.findings += findings
    work.found["swaps"] = tuple(results)


def _groups(work: _Work, examples: Any) -> None:
    predictions = work.asked.predictions(work.rows)
    results = []
    for column in work.settings.by:
        result, findings = group_gaps(
            work.asked.model,
            predictions,
            examples,
            column,
            groups_of(work.rows, column),
            work.clusters,
            labelled=work.labelled,
            seed=work.settings.seed,
        )
        results.append(result)
        work.findings += findings
    work.found["groups"] = tuple(results)


def _robustness(work: _Work) -> None:
    chosen = _drawn(work, range(len(work.rows)), work.settings.texts, "changes")
    result, findings = robustness_of(
        work.asked,
        [work.rows[row] for row in chosen],
        [work.clusters[row] for row in chosen],
        labelled=work.labelled,
        paraphrase=work.settings.paraphrase,
        seed=work.settings.seed,
    )
    work.found["robustness"] = result
    work.findings += findings


def _explanations(work: _Work) -> None:
    chosen = _drawn(work, range(len(work.rows)), work.settings.explained, "explanations")
    result, examples, findings = faithfulness_of(
        work.asked,
        [str(work.rows[row].values["text"]) for row in chosen],
        [work.clusters[row] for row in chosen],
        seed=work.settings.seed,
    )
    work.found |= {"faithfulness": result, "examples": examples}
    work.findings += findings


def _personal_data(work: _Work) -> None:
    from headwinds.adapt.fitted_model import load_model, model_of

    folder = work.settings.names_model
    result = search_rows(
        work.rows,
        regions=work.settings.regions,
        names_model=load_model(model_of(folder)) if folder else None,
        names_probability=work.settings.names_probability,
    )
    work.found["personal_data"] = result
    work.findings += result.findings


def _membership(work: _Work, encoding: str) -> None:
    train = work.settings.train
    if train is None:
        raise ValueError("Membership without a training file.")
    members = read_rows(train, work.asked.model.task, encoding=encoding)
    result, findings = membership_of(work.asked, members, work.rows, seed=work.settings.seed)
    work.found["membership"] = result
    work.findings += findings


def _energy(work: _Work) -> None:
    result, findings = measure_energy(work.asked, work.rows[:TIMED_ROWS], watts=work.settings.watts)
    work.found["energy"] = result
    work.findings += findings


def _drawn(work: _Work, rows: Sequence[int], most: int, what: str) -> list[int]:
    """So many of the rows, in their order; that not all were taken is a finding."""
    import numpy as np

    if len(rows) <= most:
        return list(rows)
    generator = np.random.default_rng(derive_seed(work.settings.seed, "drawn", what))
    chosen = np.sort(generator.permutation(len(rows))[:most])
    work.findings.append(Finding("N269", f"For {what} {most:,} of {len(rows):,} texts were drawn."))
    return [rows[int(place)] for place in chosen]
