"""Rebuild what ships with this study from the full corpus of passages, and check the rest against it.

    python studies/un-debates/rebuild.py passages.parquet

`passages.parquet` has one passage a row: `passage_id`, `document_id`, `country`, `year`, `position`, `text`,
`words`, `stratum`, `period` (README.md says how the speeches were cut and screened). What the script does:

- `population.csv` is written from it: passages and documents by country, year, stratum and period.
- `sample.parquet` is checked row by row: each row must be a row of the corpus, all of *strict* and *broad*
  must be there, the rows of *none* must be equally many in each period, and each weight must be the size of
  its stratum and period over the number of rows drawn there. Which rows of *none* chance drew cannot be
  found again from the corpus, only from the sample itself; if the file differs from what its own passage
  ids give, it is written anew.
- `gold.jsonl` is checked: each id is in the sample, with its stratum and period, and each inclusion
  probability is the number labelled in its stratum and period over the number in the corpus. The labels
  come from reading; no script makes them.

It needs pandas and pyarrow, which Headwinds brings along.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).resolve().parent
CELL = ["stratum", "period"]
COLUMNS = ["passage_id", "document_id", "country", "year", "position", "text", "words", "stratum", "period"]


def population(passages: pd.DataFrame) -> pd.DataFrame:
    """Count the passages, and the documents they come from, by country, year, stratum and period.

    A document is a speech; one that has passages in two strata is counted in both.
    """
    by_cell = passages.groupby(["country", "year", "stratum", "period"], sort=True)
    counts = by_cell.agg(passages=("passage_id", "size"), documents=("document_id", "nunique"))
    return counts.reset_index()


def sample(passages: pd.DataFrame, passage_ids: set[str]) -> pd.DataFrame:
    """Return the rows of the corpus with these ids, each with the number of passages that it stands for."""
    drawn = passages[passages["passage_id"].isin(passage_ids)].sort_values("passage_id", ignore_index=True)
    size = passages.groupby(CELL).size()
    weight = (size / drawn.groupby(CELL).size()).rename("weight")
    return drawn.join(weight, on=CELL)


def gold_complaints(gold: pd.DataFrame, drawn: pd.DataFrame, passages: pd.DataFrame) -> list[str]:
    """Say what in the labelled passages does not follow from the design; an empty list if all of it does."""
    complaints = []
    found = gold.merge(
        drawn[["passage_id", *CELL, "weight"]], on="passage_id", how="left", suffixes=("", "_corpus")
    )
    if found["weight"].isna().any():
        complaints.append(f"gold.jsonl: {found['weight'].isna().sum()} ids are not in the sample")
    if not all((found[name] == found[f"{name}_corpus"]).all() for name in CELL):
        complaints.append("gold.jsonl: stratum or period differs from the corpus")
    chance = gold.groupby(CELL).size() / passages.groupby(CELL).size()
    expected = gold.join(chance.rename("expected"), on=CELL)["expected"]
    furthest = float((gold["inclusion_probability"] - expected).abs().max())
    if not furthest <= 1e-9:
        complaints.append(f"gold.jsonl: an inclusion probability is off by {furthest:.3g}")
    return complaints


def sample_complaints(drawn: pd.DataFrame, passages: pd.DataFrame) -> list[str]:
    """Say where the sample breaks its design: a stratum not whole, draws of unequal size."""
    complaints = []
    size, taken = passages.groupby(CELL).size(), drawn.groupby(CELL).size()
    for stratum in ("strict", "broad"):
        if not size[stratum].equals(taken[stratum]):
            complaints.append(f"sample.parquet: not all passages of stratum {stratum} are there")
    if taken["none"].nunique() != 1:
        complaints.append("sample.parquet: the draws from stratum none differ in size between periods")
    for cell, weight in drawn.groupby(CELL)["weight"].sum().items():
        if abs(weight - size[cell]) > 1e-6:
            complaints.append(f"sample.parquet: weights of {cell} add up to {weight}, not to {size[cell]}")
    return complaints


def write(frame: pd.DataFrame, target: Path) -> None:
    """Write through a neighbouring draft and a rename, so that a reader never meets half a file."""
    draft = target.with_name(f".{target.name}.draft")
    if target.suffix == ".csv":
        frame.to_csv(draft, index=False, lineterminator="\n")
    else:
        frame.to_parquet(draft, index=False, compression="zstd")
    draft.replace(target)


def main(source: Path, folder: Path = HERE) -> int:
    """Rebuild and check; return the process's exit code: 0 if all agrees, 1 if a file breaks its design."""
    import pandas as pd

    passages = pd.read_parquet(source, columns=COLUMNS)
    shipped = pd.read_parquet(folder / "sample.parquet")
    with (folder / "gold.jsonl").open(encoding="utf-8") as lines:
        gold = pd.DataFrame([json.loads(line) for line in lines])

    unknown = set(shipped["passage_id"]) - set(passages["passage_id"])
    drawn = sample(passages, set(shipped["passage_id"]))
    complaints = [f"sample.parquet: {len(unknown)} ids are not in the corpus"] if unknown else []
    complaints += sample_complaints(drawn, passages) + gold_complaints(gold, drawn, passages)
    if complaints:
        print(*complaints, sep="\n", file=sys.stderr)
        return 1

    write(population(passages), folder / "population.csv")
    print(f"population.csv: {len(passages)} passages of {passages['document_id'].nunique()} documents")
    same = drawn.equals(shipped.astype(drawn.dtypes.to_dict())[list(drawn.columns)])
    if not same:
        write(drawn, folder / "sample.parquet")
    print(f"sample.parquet: {len(drawn)} rows, {'as shipped' if same else 'written anew'}")
    print(f"gold.jsonl: {len(gold)} rows agree with the sample and the design")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("passages", type=Path, help="the full corpus, one passage a row")
    sys.exit(main(parser.parse_args().passages))
