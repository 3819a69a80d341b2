"""What a sampling design drew, and with what probability it would have drawn every other passage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.contracts.result import Result

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from headwinds.contracts.finding import Finding


@dataclass(frozen=True, slots=True)
class Draw(Result):
    """Passages to be labelled.

    Attributes
    ----------
    rows
        Shape (drawn,): rows of the passages drawn, ascending; none that was labelled before.
    inclusion_probability
        Shape (passages,): with what probability this design draws each passage, given what was labelled before; 1 for
        passages that were, since they are known for certain.
    stratum
        One string a passage: the stratum within which it is drawn.
    already
        Shape (passages,): labelled in an earlier round.
    design
        Name of the design.
    seed
        Of the draw.
    """

    rows: NDArray[np.int64]
    inclusion_probability: NDArray[np.float64]
    stratum: tuple[str, ...]
    already: NDArray[np.bool_]
    design: str
    seed: int
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def table(self) -> pd.DataFrame:
        """One row a stratum: `stratum`, `passages`, `labelled` before, `drawn`, smallest and largest probability."""
        import numpy as np
        import pandas as pd

        stratum = np.array(self.stratum)
        drawn = np.zeros(len(stratum), dtype=bool)
        drawn[self.rows] = True
        rows = []
        for name in sorted(set(self.stratum)):
            here = stratum == name
            chance = self.inclusion_probability[here & ~self.already]
            rows.append(
                {
                    "stratum": name,
                    "passages": int(here.sum()),
                    "labelled": int((here & self.already).sum()),
                    "drawn": int((here & drawn).sum()),
                    "smallest_probability": float(chance.min()) if len(chance) else float("nan"),
                    "largest_probability": float(chance.max()) if len(chance) else float("nan"),
                }
            )
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """How many were drawn, how, and from what."""
        lines = [
            f"{len(self)} passages of {len(self.stratum):,} drawn to be labelled ({self.design}, seed {self.seed}); "
            f"{int(self.already.sum()):,} were labelled before."
        ]
        lines += [
            f"{row.stratum}: {row.drawn} of {row.passages:,}, each with a probability from "
            f"{row.smallest_probability:.4g} to {row.largest_probability:.4g}"
            for row in self.table.itertuples()
        ]
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def plot(self) -> Figure:
        """Bars a stratum: its share of the passages, and of the draw."""
        from headwinds.drawing.paired_bars import draw_paired_bars

        table = self.table
        table["share of the passages"] = table["passages"] / max(table["passages"].sum(), 1)
        table["share of the draw"] = table["drawn"] / max(table["drawn"].sum(), 1)
        return draw_paired_bars(
            table, name="stratum", bars=("share of the passages", "share of the draw"), percent=True
        )
