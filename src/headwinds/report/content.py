"""What a report is made from: plain frozen types that the study fills and the page renders.

Nothing here is computed by the report. Shares are fractions in [0, 1]; growth rates are in % per year. A number that is
not available is NaN or None, never 0. A `Table` is a pandas DataFrame or a pyarrow Table; each field below says which
columns it must have, and any others are kept and shown after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from headwinds.contracts import Account, Codebook, Estimate, Evaluation, Finding, Indicator, KeyValue
    from headwinds.report.cells import Kind

    Table: TypeAlias = pd.DataFrame | pa.Table


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """Where the documents come from and how they were drawn.

    Attributes
    ----------
    source
        Who made the documents, with the citation, as one sentence.
    licence
        The licence or terms, as one sentence.
    sampling
        How the passages at hand were drawn from the population, and what the weights mean, in sentences.
    passages, documents
        How many are at hand.
    population
        How many passages they stand for (the sum of the weights).
    first_year, last_year
        Years covered; None where the passages bear no year.
    strata
        One row a stratum (and period): `stratum`, `passages`, `population`, `gold`; None where nothing was stratified.
    """

    source: str
    licence: str
    sampling: str
    passages: int
    documents: int
    population: float
    first_year: int | None
    last_year: int | None
    strata: Table | None = None


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What was found before anything was fitted.

    Attributes
    ----------
    gold_provenance
        How the gold labels came about, said plainly ("read by a large language model ..."); shown with the data and
        again among the limits.
    label_counts
        One row a label and stratum: `label`, `stratum`, `gold` (passages read), `positives`.
    token_lengths
        Histogram: `lower`, `upper` (tokens), `passages`.
    tokens_lost
        Share of all tokens that no window held, in [0, 1].
    maximum_length
        Tokens that the encoder reads at a time; a longer passage is read in windows.
    findings
        Of the check.
    """

    gold_provenance: str
    label_counts: Table | None
    token_lengths: Table | None
    tokens_lost: float
    maximum_length: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorFigure:
    """One indicator to draw: a panel a label, the last key along the horizontal axis.

    Attributes
    ----------
    name
        Stable short name, used in file names: "index-by-year", "index-by-group".
    title
        As it stands over the figures.
    corrected
        Keys ``("year",)`` or ``(<group>, "year")``; drawn as a line with its 95% band.
    naive
        Same cells, e.g. classify-and-count; a thin line beside. Cells that it lacks are gaps.
    labelled_only
        Same cells, from gold labels alone; given in the table, not drawn.
    """

    name: str
    title: str
    corrected: Indicator
    naive: Indicator | None = None
    labelled_only: Indicator | None = None


@dataclass(frozen=True, slots=True)
class IndexBeside:
    """An indicator with too many panels to draw: the page says where it lies.

    Attributes
    ----------
    title
        As it would stand over the figures.
    place
        Its table, within the folder of the study's results.
    cells
        How many it has.
    """

    title: str
    place: str
    cells: int


@dataclass(frozen=True, slots=True)
class Slowdown:
    """Growth before and after a break.

    Attributes
    ----------
    before_span, after_span
        As in "1995-2004".
    countries
        Number of countries in the means.
    before, after, change, standard_error
        Means over countries, % per year; NaN where not available.
    table
        One row a country: `entity`, `before`, `after`, `change`.
    """

    before_span: str
    after_span: str
    countries: int
    before: float
    after: float
    change: float
    standard_error: float
    table: Table


@dataclass(frozen=True, slots=True)
class GrowthFacts:
    """Growth accounts.

    Attributes
    ----------
    rebuild
        A sentence: how well the accounts rebuild the published TFP series, and on how many country-years.
    accounts
        What is drawn as stacked bars, a row a bar, in its order.
    bar_columns
        The columns of ``accounts.table`` that name a bar, for instance ``("span",)``.
    slowdown
        The change of TFP growth; None where the panel does not allow it.
    """

    rebuild: str
    accounts: Account
    bar_columns: tuple[str, ...]
    slowdown: Slowdown | None = None


@dataclass(frozen=True, slots=True)
class RegressionFacts:
    """Growth on the lagged indices.

    Attributes
    ----------
    naive, corrected
        The same coefficients, without and with the index's error. Coefficients are matched by name.
    detectable
        `name` (of the coefficient) and `minimum_detectable_effect`, in the units of the estimate; printed before any
        coefficient.
    sentences
        What else must be said of the design, e.g. on the power.
    """

    naive: Estimate
    corrected: Estimate
    detectable: Table
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultChapter:
    """One result that draws and tells itself: a break, a divide, a response, an attribution.

    Attributes
    ----------
    name
        Stable short name, used in file names.
    title
        As it stands over the result.
    sentences
        The result's summary, and what it does not say.
    table
        Tidy, as the result gives it.
    svg, png
        Its picture.
    """

    name: str
    title: str
    sentences: tuple[str, ...]
    table: Table
    svg: bytes
    png: bytes


@dataclass(frozen=True, slots=True)
class PassageTrace:
    """The passages behind one point of an indicator.

    Attributes
    ----------
    label
        A name of the codebook.
    cell
        Key values, as in ``Indicator.cells``: ``(1990,)``.
    rows
        `passage_id`, `text`, `probability` (of grades `score`), `gold` (bool, of grades a number, or None where not
        labelled), `weight`; others, such as
        `country` or `contribution`, are shown beside them. In the order in which they are to be read.
    passages
        How many passages the point is made of in all; `rows` may be those that move it most.
    keys
        Of the index that the point is of; those of the first index with as many where nothing is said.
    """

    label: str
    cell: tuple[KeyValue, ...]
    rows: Table
    passages: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything on the page.

    Attributes
    ----------
    title, question
        Of the study.
    width_by_stratum
        How much of an interval's width comes from where: `label`, `stratum`, `variance_share` (in [0, 1], adding up to
        1 for a label). None where there are no strata.
    label_gain
        What more labels would buy: `label`, `stratum`, `additional_labels`, `half_width_now`, `half_width_then`
        (half widths of the 95% interval of the label's share, as fractions).
    beside
        Indicators that were measured and are not drawn.
    growth, regression
        None where the study has no panel.
    chapters
        What else was found about growth, each with its picture, words and table.
    passages
        One trace a point of the first indicator; a point without one says so on the page.
    limits
        What this study cannot say, one or two sentences each. At least one; the page refuses to be written without.
    provenance
        Hashes, settings, versions, seed and machine: nested mappings, sequences, strings and numbers.
    findings
        Those that belong to no other field.
    kind, grades
        Of the codebook: "multi-label", "multi-class" (one class a passage), or "graded" from 0 to `grades`: the indices are
        then mean scores.
    """

    title: str
    question: str
    codebook: Codebook
    corpus: CorpusFacts
    check: CheckFacts
    evaluation: Evaluation
    indicators: tuple[IndicatorFigure, ...]
    limits: tuple[str, ...]
    provenance: Mapping[str, Any]
    width_by_stratum: Table | None = None
    label_gain: Table | None = None
    growth: GrowthFacts | None = None
    regression: RegressionFacts | None = None
    chapters: tuple[ResultChapter, ...] = ()
    passages: tuple[PassageTrace, ...] = ()
    findings: tuple[Finding, ...] = field(default_factory=tuple)
    kind: str = "multi-label"
    grades: int = 0
    beside: tuple[IndexBeside, ...] = ()

    @property
    def value_kind(self) -> Kind:
        """How a value of an index reads."""
        return "metric" if self.kind == "graded" else "share"
