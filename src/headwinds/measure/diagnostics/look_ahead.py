"""Whether the model had read of the future: documents that are older than what the checkpoint was pretrained on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.errors import SettingsError
from headwinds.measure.diagnostics.diagnostic import Diagnostic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRETRAINING_UNTIL = {
    "default": "2021-08",
    "all-minilm-l6-v2": "2021-08",
    "all-minilm-l12-v2": "2021-08",
    "all-mpnet-base-v2": "2021-08",
    "bert-base-uncased": "2018-10",
    "bert-base-cased": "2018-10",
    "bert-large-uncased": "2018-10",
    "bert-base-multilingual-cased": "2018-11",
    "distilbert-base-uncased": "2019-08",
    "roberta-base": "2019-07",
    "roberta-large": "2019-07",
    "xlm-roberta-base": "2019-11",
    "xlm-roberta-large": "2019-11",
    "deberta-v3-base": "2021-11",
    "deberta-v3-small": "2021-11",
    "modernbert-base": "2024-12",
    "modernbert-large": "2024-12",
}
"""The month by which a checkpoint was released: nothing later can be in it, and few say when its texts end.

The encoder that comes with Headwinds is all-MiniLM-L6-v2. `pretraining_until` sets the month of any other, or a better one.
"""


def pretraining_end(checkpoint: str, pretraining_until: str = "") -> str:
    """The month ("2021-08") until which the pretraining of a checkpoint may reach; "" if not known.

    Raises
    ------
    SettingsError
        If `pretraining_until` is no year or month.
    """
    if pretraining_until:
        if not re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", pretraining_until):
            raise SettingsError(
                f"pretraining_until = {pretraining_until!r} cannot be used: expected a year or a month, as 2021 or 2021-08."
            )
        return pretraining_until
    return PRETRAINING_UNTIL.get(checkpoint.rstrip("/").split("/")[-1].lower(), "")


def look_ahead(
    years: NDArray[Any], weight: NDArray[np.float64], checkpoint: str, pretraining_until: str = ""
) -> Diagnostic:
    """Which years' documents are older than the end of the checkpoint's pretraining: a row a year, `value` 1 if so.

    `checkpoint` is "" where only scores are known.

    A model that has read what came later may read it into an older text; a forecast made with such an index is not one
    that could have been made then.
    """
    import numpy as np
    import pandas as pd

    end = pretraining_end(checkpoint, pretraining_until)
    model = f"the checkpoint {checkpoint!r}" if checkpoint else "the model behind the scores"
    distinct, place = np.unique(np.asarray(years).astype(np.int64), return_inverse=True)
    passages = np.bincount(place, weights=weight, minlength=len(distinct))
    last = int(end[:4]) if end else None
    before = np.full(len(distinct), np.nan) if last is None else (distinct <= last).astype(np.float64)
    table = pd.DataFrame(
        {
            "name": distinct.astype(str),
            "year": distinct,
            "passages": passages,
            "pretraining_until": end,
            "value": before,
            "lower": np.nan,
            "upper": np.nan,
        }
    )
    found: tuple[Finding, ...] = ()
    if last is None:
        found = (
            Finding(
                "N345",
                f"until when the texts of {model} reach is not known, so look-ahead was not checked.",
                "Set pretraining_until.",
            ),
        )
    elif before.any():
        share = float(passages[before == 1].sum() / passages.sum())
        found = (
            Finding(
                "W350",
                f"{model} may have read texts until {end}: {int(before.sum())} of {len(distinct)} "
                f"years ({share:.0%} of the passages, {distinct[0]} to {min(int(distinct[-1]), last)}) are not later, so "
                "that the model may know what came after them.",
                "Do not call a forecast with this index out of sample; the corrected shares themselves rest on the gold.",
            ),
        )
    return Diagnostic("look-ahead", "Whether pretraining reaches past a year's documents.", table, found)
