"""From a number back to the documents: what a cell is made of, and which documents a jump rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.contracts.result import Result, number
from headwinds.errors import MismatchError
from headwinds.measure.cells import Cells, no_cell

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.contracts.indicator import KeyValue
    from headwinds.measure.frame import Frame
    from headwinds.measure.settings import EstimatorSettings

MOST_DRAWN = 20


@dataclass(frozen=True, slots=True)
class Trace(Result):
    """What a number is made of.

    Attributes
    ----------
    table
        Of a cell: a row a passage, `row` in the frame, `document_id`, `stratum`, `weight`, `probability` (of graded labels
        `score`), `gold` (empty where not read), `contribution` to the share or mean score; largest first. Of a jump:
        a row a document, `document_id`, `cell`, `passages`, `gold`, `without` (the jump if it were left out) and `influence`
        (jump minus that); largest first.
    value
        The share (of graded labels the mean score, in the units of the scale), or the jump.
    parts
        What adds up to it, by name.
    of
        In words.
    left_out
        Rows that are not in the table.
    """

    table: pd.DataFrame
    value: float
    parts: tuple[tuple[str, float], ...]
    of: str
    left_out: int = 0
    findings: tuple[Finding, ...] = ()

    def summary(self) -> str:
        """The number, what adds up to it, and the rows."""
        lines = [
            f"{self.of}: {number(self.value, 5)} = "
            + " + ".join(f"{one} ({name})" for name, one in self._shown())
        ]
        column = "contribution" if "contribution" in self.table else "influence"
        for row in self.table.to_dict("records"):
            score = _told(row) if column == "contribution" else f", passages: {row['passages']}"
            named = row.get("passage_id", row["document_id"])
            lines.append(f"{named}: {row[column]:+.5f}{score}")
        if self.left_out:
            lines.append(f"and {self.left_out:,} more.")
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def _shown(self) -> list[tuple[str, str]]:
        return [(name, number(value, 5)) for name, value in self.parts]

    def plot(self) -> Figure:
        """The first rows as bars."""
        from headwinds.drawing.paired_bars import draw_paired_bars

        column = "contribution" if "contribution" in self.table else "influence"
        named = "passage_id" if "passage_id" in self.table else "document_id"
        return draw_paired_bars(self.table.head(MOST_DRAWN), name=named, bars=(column,))


def _told(row: dict[str, Any]) -> str:
    """What the model says of a passage, and what reading it found."""
    gold = row["gold"]
    if "score" in row:
        return f", score {row['score']:.2f}" + ("" if gold is None else f", gold {gold:g}")
    return f", probability {row['probability']:.2f}" + (
        "" if gold is None else f", gold {'yes' if gold else 'no'}"
    )


def trace_cell(
    frame: Frame,
    cells: Cells,
    cell: tuple[KeyValue, ...],
    label: str,
    *,
    limit: int = 20,
    settings: EstimatorSettings | None = None,
) -> Trace:
    """The passages of a cell and what each adds to the difference estimator's share, scores and own gold.

    `parts` add up to the share: "scores" of the cell's passages, "gold of the cell" (residuals of its own gold, as far as
    they correct it), "gold of the pool" (of other cells, where it borrows), and "context" (the contextual slope); of classes
    also what moved them to add up to one.

    Raises
    ------
    MismatchError
        If there is no such cell or label.
    """
    import numpy as np
    import pandas as pd

    from headwinds.measure.label_kinds import span_of

    work = _Work.make(frame, cells, label, settings)
    home = work.find(cell)
    scores, residuals = work.score_contributions(home), work.gold_contributions(home)
    own = cells.code == home
    total = np.where(own, scores, 0.0)
    inside = own[frame.gold_rows]
    total[frame.gold_rows[inside]] += residuals[inside]
    graded, low, span = frame.kind == "score", frame.value_range[0], span_of(frame)
    truth = frame.gold_labels[:, work.label]
    read = dict(
        zip(frame.gold_rows.tolist(), (low + span * truth if graded else truth).tolist(), strict=True)
    )
    rows = np.flatnonzero(own)
    order = rows[np.argsort(-np.abs(total[rows]), kind="stable")]
    shown = order[:limit]
    table = pd.DataFrame(
        {
            "row": shown,
            "document_id": [str(frame.document_ids[row]) for row in shown],
            "stratum": [str(frame.strata[row]) for row in shown],
            "weight": frame.weight[shown],
            "score" if graded else "probability": low + span * frame.probability[shown, work.label],
            "gold": pd.Series([read.get(int(row)) for row in shown], dtype="object"),
            "contribution": span * total[shown],
        }
    )
    value = low + span * float(work.value[home])
    moved = float(work.moved[home])
    parts = (
        *((("lowest score", low),) if low else ()),
        ("scores", span * float(scores[own].sum())),
        ("gold of the cell", span * float(residuals[inside].sum())),
        ("gold of the pool", span * float(residuals[~inside].sum())),
    )
    rest = value - moved - sum(one for _, one in parts)
    if frame.kind == "multi-class":
        parts = (*parts, ("classes add up to one", moved))
    named = " ".join(map(str, cell)) or "the whole corpus"
    return Trace(table, value, (*parts, ("context", rest)), f"'{label}' in {named}", len(order) - len(shown))


def trace_jump(
    frame: Frame,
    cells: Cells,
    first: tuple[KeyValue, ...],
    second: tuple[KeyValue, ...],
    label: str,
    *,
    limit: int = 20,
    settings: EstimatorSettings | None = None,
) -> Trace:
    """The documents without which the change from one cell to another would be most different.

    Each document is left out in turn, its scores from the cells' means and its gold from the corrections (of these cells or
    of the pool that they borrow from); lambda, the contextual slope and the sizes of the strata stay. A document that is
    the only one of its part of a cell cannot be left out: it is listed with NaN, and said.

    Raises
    ------
    MismatchError
        If there is no such cell or label.
    """
    import numpy as np
    import pandas as pd

    from headwinds.measure.label_kinds import span_of

    low, span = frame.value_range[0], span_of(frame)
    work = _Work.make(frame, cells, label, settings)
    a, b = work.find(first), work.find(second)
    moved = np.zeros(int(frame.document_code.max()) + 1)
    for home, sign in ((a, -1.0), (b, 1.0)):
        moved += sign * (work.without_scores(home) + work.without_gold(home))
    moved = span * moved
    jump = span * float(work.value[b] - work.value[a])
    involved = np.isin(cells.code, [a, b])
    used = np.zeros(len(moved), dtype=bool)
    used[frame.document_code[involved]] = True
    used |= moved != 0  # what is not available is not zero either
    codes = np.flatnonzero(used)
    place = {int(code): str(frame.document_ids[row]) for row, code in enumerate(frame.document_code.tolist())}
    passages = np.bincount(frame.document_code[involved], minlength=len(moved))
    gold = np.bincount(frame.document_code[frame.gold_rows], minlength=len(moved))
    inside = [
        np.bincount(frame.document_code[cells.code == home], minlength=len(moved)) > 0 for home in (a, b)
    ]
    named = [" ".join(map(str, cell)) for cell in (first, second)]
    table = pd.DataFrame(
        {
            "document_id": [place[int(code)] for code in codes],
            "cell": [
                " and ".join(name for name, there in zip(named, inside, strict=True) if there[code]) or "pool"
                for code in codes
            ],
            "passages": passages[codes],
            "gold": gold[codes],
            "without": jump + moved[codes],
            "influence": -moved[codes],
        }
    )
    table = table.iloc[np.argsort(-np.abs(np.nan_to_num(table["influence"], nan=np.inf)), kind="stable")]
    alone = int(table["influence"].isna().sum())
    findings = (
        (
            Finding(
                "N347",
                f"Documents that are alone in a part of their cell, so that nothing is left to compare them with: {alone}.",
            ),
        )
        if alone
        else ()
    )
    parts = (
        (named[1], low + span * float(work.value[b])),
        (f"minus {named[0]}", -low - span * float(work.value[a])),
    )
    return Trace(
        table.head(limit).reset_index(drop=True),
        jump,
        parts,
        f"'{label}' from {named[0]} to {named[1]}",
        max(len(table) - limit, 0),
        findings,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """One label of the difference estimator, taken apart far enough to leave documents out."""

    frame: Frame
    cells: Cells
    label: int
    value: NDArray[np.float64]
    moved: NDArray[np.float64]
    cell: NDArray[np.int64]
    row: NDArray[np.int64]
    share: NDArray[np.float64]
    power: NDArray[np.float64]
    weight: NDArray[np.float64]
    mean: NDArray[np.float64]
    pool: NDArray[np.int64]
    pool_power: NDArray[np.float64]
    members: tuple[NDArray[np.int64], ...]

    @classmethod
    def make(cls, frame: Frame, cells: Cells, label: str, settings: EstimatorSettings | None) -> _Work:
        import numpy as np

        from headwinds.measure.decomposition import decompose
        from headwinds.measure.estimators.design_based import estimate_design_based
        from headwinds.measure.scores import mean_scores
        from headwinds.measure.settings import EstimatorSettings

        if label not in frame.label_names:
            raise MismatchError(
                f"there is no label '{label}'; the labels are {', '.join(frame.label_names)}."
            )
        at = frame.label_names.index(label)
        found = decompose(frame, cells, settings or EstimatorSettings())
        parts, pools = found.parts, found.pools
        moved = np.zeros(len(cells))
        if frame.kind == "multi-class":
            # The index moves classes so that they add up to one; what is traced is the index.
            index = estimate_design_based(frame, cells, settings or EstimatorSettings(), "difference")
            moved = index.value[at * len(cells) : (at + 1) * len(cells)] - found.value[:, at]
        stratum = frame.stratum_code[frame.gold_rows]
        members: list[NDArray[np.int64]] = [np.array([], dtype=np.int64)] * len(pools.depth)
        for part, pool in enumerate(pools.of_part.tolist()):
            if len(members[pool]) == 0:
                inside = (
                    parts.gold == part,
                    stratum == parts.stratum[part],
                    parts.coarse_of_stratum[stratum] == parts.coarse[part],
                )[int(pools.depth[pool])]
                members[pool] = np.flatnonzero(inside)
        return cls(
            frame=frame,
            cells=cells,
            label=at,
            value=found.value[:, at] + moved,
            moved=moved,
            cell=parts.cell,
            row=parts.row,
            share=np.nan_to_num(parts.share),
            power=pools.power[pools.of_part, at],
            weight=np.bincount(parts.row, weights=frame.weight, minlength=len(parts.cell)).astype(np.float64),
            mean=np.nan_to_num(mean_scores(frame, parts, frame.probability)[:, at]),
            pool=pools.of_part,
            pool_power=pools.power[:, at],
            members=tuple(members),
        )

    def find(self, cell: tuple[KeyValue, ...]) -> int:
        if cell not in self.cells.values:
            raise no_cell(self.cells, cell)
        return self.cells.values.index(cell)

    def score_contributions(self, home: int) -> NDArray[np.float64]:
        """What each passage's score adds to the cell, shape (passages,)."""
        import numpy as np

        factor = np.where(self.cell == home, self.share * self.power, 0.0) / np.where(
            self.weight > 0, self.weight, 1.0
        )
        added: NDArray[np.float64] = (
            factor[self.row] * self.frame.weight * self.frame.probability[:, self.label]
        )
        return added

    def pool_shares(self, home: int) -> NDArray[np.float64]:
        """The share of the cell that each pool corrects."""
        import numpy as np

        here = self.cell == home
        return np.bincount(self.pool[here], weights=self.share[here], minlength=len(self.members)).astype(
            np.float64
        )

    def residuals(self, pool: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """The gold of a pool, its design weights (adding up to one), and label minus lambda x score."""
        gold = self.members[pool]
        draw = 1 / self.frame.inclusion_probability[gold]
        score = self.frame.probability[self.frame.gold_rows[gold], self.label]
        rest = self.frame.gold_labels[gold, self.label] - self.pool_power[pool] * score
        return gold, draw / draw.sum(), rest

    def gold_contributions(self, home: int) -> NDArray[np.float64]:
        """What each gold passage's residual adds to the cell, shape (gold,)."""
        import numpy as np

        added = np.zeros(len(self.frame.gold_rows))
        for pool, share in enumerate(self.pool_shares(home).tolist()):
            if share:
                gold, weight, rest = self.residuals(pool)
                added[gold] += share * weight * rest
        return added

    def without_scores(self, home: int) -> NDArray[np.float64]:
        """How the cell moves when each document's scores are left out, shape (documents,)."""
        import numpy as np

        moved = np.zeros(int(self.frame.document_code.max()) + 1)
        for part in np.flatnonzero((self.cell == home) & (self.share > 0)):
            rows = np.flatnonzero(self.row == part)
            if not len(rows) or self.power[part] == 0:
                continue
            weight = self.frame.weight[rows]
            codes, place = np.unique(self.frame.document_code[rows], return_inverse=True)
            lost = np.bincount(place, weights=weight)
            total = np.bincount(place, weights=weight * self.frame.probability[rows, self.label])
            left = self.weight[part] - lost
            alone = left <= 1e-9 * self.weight[part]
            mean = np.where(
                alone, np.nan, (self.weight[part] * self.mean[part] - total) / np.where(alone, 1.0, left)
            )
            moved[codes] += self.share[part] * self.power[part] * (mean - self.mean[part])
        return moved

    def without_gold(self, home: int) -> NDArray[np.float64]:
        """How the cell moves when each document's gold is left out, shape (documents,)."""
        import numpy as np

        moved = np.zeros(int(self.frame.document_code.max()) + 1)
        for pool, share in enumerate(self.pool_shares(home).tolist()):
            if not share or not len(self.members[pool]):
                continue
            gold, weight, rest = self.residuals(pool)
            codes, place = np.unique(
                self.frame.document_code[self.frame.gold_rows[gold]], return_inverse=True
            )
            lost = np.bincount(place, weights=weight)
            total = np.bincount(place, weights=weight * rest)
            mean = float(weight @ rest)
            alone = lost >= 1 - 1e-12
            other = np.where(alone, np.nan, (mean - total) / np.where(alone, 1.0, 1 - lost))
            moved[codes] += share * (other - mean)
        return moved
