r"""Eurostat's own form of a table: a column a year beside the dimensions, the last of which is named `geo\TIME_PERIOD`.

In its .tsv files all dimensions stand in one column (`freq,unit,geo\TIME_PERIOD`), and flags stand beside values ("12.3 b").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headwinds.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_HEAD = re.compile(r"([\w,]+)\\(?:TIME_PERIOD|time)")
_FLAGGED = re.compile(r"(\S+)\s+([a-z]+)")


def heads(frame: pd.DataFrame) -> list[int]:
    r"""Where the column stands that is named `...geo\TIME_PERIOD`; empty where the table has another form."""
    return [place for place, name in enumerate(frame.columns) if _HEAD.fullmatch(str(name))]


def observations(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    """One observation a row: the dimensions, `TIME_PERIOD`, `OBS_VALUE`, `OBS_FLAG`.

    Raises
    ------
    DataError
        A row has another number of dimensions than the columns' names.
    """
    import pandas as pd

    head = heads(frame)[0]
    before, last = list(frame.columns[:head]), frame.columns[head]
    names = str(last).split("\\")[0].split(",")
    keys = [[part.strip() for part in str(key).split(",")] for key in frame[last]]
    for row, key in enumerate(keys):
        if len(key) != len(names):
            raise DataError(
                f"{place}, line {row + 2}, column {last!r}: {len(key)} dimensions ({', '.join(key)}), expected "
                f"{len(names)}.",
                remedy="Take the file as Eurostat gives it.",
            )
    dimensions = pd.concat([frame[before], pd.DataFrame(keys, columns=names, index=frame.index)], axis=1)
    long = pd.concat([dimensions, frame.iloc[:, head + 1 :]], axis=1).melt(
        id_vars=list(dimensions.columns), var_name="TIME_PERIOD", value_name="OBS_VALUE"
    )
    text = long["OBS_VALUE"].astype("string").fillna("").str.strip()
    parts = [_FLAGGED.fullmatch(cell) for cell in text]
    return long.assign(
        OBS_VALUE=[part.group(1) if part else cell for part, cell in zip(parts, text, strict=True)],
        OBS_FLAG=[part.group(2) if part else "" for part in parts],
    )
