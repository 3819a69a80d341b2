"""The study file: which documents, which labels, which model, what to count by what, which panel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headwinds.adapt.settings import TuneSettings
from headwinds.compute.settings import ComputeSettings
from headwinds.contracts.gold import KINDS
from headwinds.contracts.limits import require, require_one_of
from headwinds.contracts.suggestions import nearest_file
from headwinds.errors import SettingsError
from headwinds.measure.registry import ESTIMATORS as REGISTERED

BAD_ROWS = ("stop", "refuse")
ESTIMATORS = ("auto", *REGISTERED)
OUTCOMES = ("rtfpna", "rgdpna")
ESSAY = "essay"  # a graph that needs no file
CANONICAL = ("passage_id", "document_id", "text", "weight", "stratum")
"""Columns that a corpus has by itself."""


@dataclass(frozen=True, slots=True)
class AboutSettings:
    """What is asked, in words.

    `seed` rules the whole study; `tune.seed` is taken from it. `limits` are sentences on what this corpus cannot show; the
    report prints them with the general ones.
    """

    title: str
    question: str
    seed: int = 0
    language: str = "en"
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(bool(self.title.strip()), "title", self.title, "what stands over the report")
        require(bool(self.question.strip()), "question", self.question, "what the report answers")
        require(0 <= self.seed < 2**32, "seed", self.seed, "a whole number of at least 0 and below 2**32")


@dataclass(frozen=True, slots=True)
class CorpusSettings:
    """The documents: a CSV, JSONL or Parquet file with one passage a row.

    `stratum` names the columns that together make the sampling stratum; `weight` the column that says how many passages of
    the population each one stands for (empty: one). `population` is a CSV with the population's number of passages by
    stratum and keys, where it is known.
    """

    path: str
    passage_id: str = "passage_id"
    document_id: str = "document_id"
    text: str = "text"
    weight: str = ""
    keys: tuple[str, ...] = ()
    stratum: tuple[str, ...] = ()
    population: str = ""
    encoding: str = "utf-8"
    on_bad_rows: str = "stop"
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        require(bool(self.text), "text", self.text, "the name of the column that holds the text")
        require_one_of(self, {"on_bad_rows": BAD_ROWS})
        for name in ("keys", "stratum"):
            value = getattr(self, name)
            require(all(value), name, value, "names of columns")
            require(len(set(value)) == len(value), name, value, "each column once")
        taken = sorted(set(self.keys) & set(CANONICAL))
        require(not taken, "keys", self.keys, f"no key called {', '.join(CANONICAL)}: rename the column")


@dataclass(frozen=True, slots=True)
class CodebookSettings:
    """The labels and what they mean: a Markdown table or TOML.

    `kind` says what may hold of a passage: "multi-label" (any number of labels), "multi-class" (exactly one) or "graded" (a
    grade from 0 to `grades` on the codebook's one scale, so that the index is a mean score).
    """

    path: str
    kind: str = "multi-label"
    grades: int = 3

    def __post_init__(self) -> None:
        require_one_of(self, {"kind": KINDS})
        require(1 <= self.grades <= 100, "grades", self.grades, "the highest grade, from 1 to 100")


@dataclass(frozen=True, slots=True)
class GoldSettings:
    """Passages labelled by reading, and how they came to be labelled (printed in the report)."""

    path: str
    stratum: tuple[str, ...] = ()
    encoding: str = "utf-8"
    provenance: str = ""


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """A keyword screen; its words also make the keyword baseline."""

    name: str
    words: tuple[str, ...] = ()
    whole_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """A key made from another one: every value of `key` listed in `members` is in the group, the rest in `other`."""

    name: str
    key: str
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other: str = "other"


def refuse_like_names(by: Sequence[tuple[str, ...]]) -> None:
    """Refuse indices whose folders would have one name: those by "a", "b-c" and by "a-b", "c".

    Raises
    ------
    SettingsError
        Two are so.
    """
    seen: dict[str, tuple[str, ...]] = {}
    for keys in by:
        other = seen.setdefault("-".join(keys), keys)
        if other != keys:
            raise SettingsError(
                f"The indices by {', '.join(other)} and by {', '.join(keys)} would have one name, "
                f"index-by-{'-'.join(keys)}.",
                remedy="Rename a column, or measure one of them at a time.",
            )


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """What to count by what. `by` lists the cells of each index; `estimator` is "auto" or a registered name.

    `fits` names scores of the same passages from other seeds of the model (each has the spread between fits in its error);
    `wordings` scores under other wordings of the codebook, by name; both as `headwinds score` writes them.
    `pretraining_until` is the year or month until which the checkpoint's own texts reach, where Headwinds does not know it.
    """

    estimator: str = "auto"
    by: tuple[tuple[str, ...], ...] = ((),)
    level: float = 0.95
    minimum_gold: int = 30
    pretraining_until: str = ""
    fits: tuple[str, ...] = ()
    wordings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_one_of(self, {"estimator": ESTIMATORS})
        require(0.5 <= self.level < 1, "level", self.level, "a share of at least 0.5 and below 1")
        require(
            re.fullmatch(r"|\d{4}(-(0[1-9]|1[0-2]))?", self.pretraining_until) is not None,
            "pretraining_until",
            self.pretraining_until,
            "a year or a month, as 2021 or 2021-08",
        )
        require(len(set(self.fits)) == len(self.fits), "fits", self.fits, "each file once")
        require(1 <= self.minimum_gold <= 10**6, "minimum_gold", self.minimum_gold, "from 1 to 1,000,000")
        require(len(set(self.by)) == len(self.by) > 0, "by", self.by, "at least one list of keys, each once")
        require(
            all(len(set(keys)) == len(keys) for keys in self.by), "by", self.by, "no key twice in one list"
        )
        refuse_like_names(self.by)


@dataclass(frozen=True, slots=True)
class ExplainSettings:
    """The growth panel and the regression of growth on the indices; no `panel` skips the stage.

    `entity_key` and `period_key` name the corpus keys that are the panel's entity and period. `adoption` is a Gapminder
    file whose series `adoption_series` is told apart by country and region; no file skips that. `graph` says what leads to
    what ("essay" is the founding essay's graph, else a TOML file), and asks for each headwind's part in the slowdown; its
    nodes are labels of the codebook. Empty skips that.
    """

    panel: str = ""
    adoption: str = ""
    adoption_series: str = "internet_users"
    graph: str = ""
    entity_key: str = "country"
    period_key: str = "year"
    outcome: str = "rtfpna"
    lag: int = 1
    before: tuple[int, int] = (1995, 2004)
    after: tuple[int, int] = (2004, 2019)

    def __post_init__(self) -> None:
        require(
            self.outcome in OUTCOMES,
            "outcome",
            self.outcome,
            f"the series whose growth is taken, {' or '.join(OUTCOMES)}",
        )
        require(0 <= self.lag <= 50, "lag", self.lag, "a number of years from 0 to 50")
        for name in ("before", "after"):
            first, last = getattr(self, name)
            require(1000 <= first < last < 3000, name, [first, last], "two years, the earlier one first")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What the report shows: so many passages are listed under each point of an index."""

    passages_a_point: int = 8

    def __post_init__(self) -> None:
        require(
            0 <= self.passages_a_point <= 1000, "passages_a_point", self.passages_a_point, "from 0 to 1,000"
        )


@dataclass(frozen=True, slots=True)
class StudySettings:
    """A whole study file, every default filled in; `folder` is where it lies, and relative paths start there."""

    study: AboutSettings
    corpus: CorpusSettings
    codebook: CodebookSettings
    gold: GoldSettings
    screen: tuple[ScreenSettings, ...] = ()
    group: tuple[GroupSettings, ...] = ()
    tune: TuneSettings = field(default_factory=TuneSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    explain: ExplainSettings = field(default_factory=ExplainSettings)
    report: ReportSettings = field(default_factory=ReportSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    folder: Path = field(default_factory=Path)
    file: Path = field(default_factory=Path)

    def beside_the_panel(self) -> dict[str, Path]:
        """Where the further files of [explain] are, by their settings.

        Raises
        ------
        SettingsError
            One is not there.
        """
        named = {"adoption": self.explain.adoption, "graph": self.explain.graph}
        return {
            name: self.locate(path, setting=f"explain.{name}")
            for name, path in named.items()
            if path and (name, path) != ("graph", ESSAY)
        }

    def locate(self, path: str, *, setting: str) -> Path:
        """The file that a setting names, relative to the study's folder.

        Raises
        ------
        SettingsError
            It is not there; a near name in the same folder is shown.
        """
        try:
            found = (self.folder / path).resolve()
            there = found.is_file()
        except (OSError, ValueError) as error:  # a NUL character, or a name that is too long
            raise SettingsError(
                f"{self.file}: {setting} = {path[:60]!r} is no path ({error}).", remedy="Name a file."
            ) from error
        if not there and found.is_dir():
            raise SettingsError(
                f"{self.file}: {setting} = {path!r} names a folder ({found}), expected a file.",
                remedy="Name the file in it.",
            )
        if not there:
            siblings = sorted(item.name for item in found.parent.iterdir()) if found.parent.is_dir() else []
            raise SettingsError(
                f"{self.file}: {setting} = {path!r} names no file ({found}).{nearest_file(found.name, siblings)}",
                remedy="Paths start at the study file's folder.",
            )
        return found
