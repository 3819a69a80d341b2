"""What to weigh in a test of a model that writes: texts that were cut, read in part, or not written at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def writing_findings(predictions: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """W221 texts cut at `max_new_tokens`, W222 texts not read whole, W223 nothing written."""
    cut = sum(not item["ended"] for item in predictions)
    partly = [item["read_share"] for item in predictions if item["read_share"] < 1]
    empty = sum(item["tokens"] == 0 for item in predictions)
    found = []
    if cut:
        found.append(
            Finding(
                "W221",
                f"Texts that were cut before they ended: {cut:,} of {len(predictions):,}.",
                "Raise max_new_tokens if they should be longer; a model that never ends has learnt too little.",
            )
        )
    if partly:
        found.append(
            Finding(
                "W222",
                f"Texts that are longer than the model reads: {len(partly):,} of {len(predictions):,}; of the longest "
                f"{min(partly):.0%} was read.",
                "Shorten them, or name a checkpoint that reads more; long_inputs = 'refuse' refuses them.",
            )
        )
    if empty:
        found.append(
            Finding(
                "W223",
                f"Nothing was written for {empty:,} of {len(predictions):,} texts.",
                "Set min_new_tokens.",
            )
        )
    return tuple(found)
