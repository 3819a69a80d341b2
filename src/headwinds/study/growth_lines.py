"""Growth alone in words, a line each: what the verb prints, and what its summary says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.phrases.columns import columns, padded

if TYPE_CHECKING:
    from headwinds.contracts import Estimate
    from headwinds.study.growth_files import GrowthFound

SHOWN = 12
NARROW = 7
"""Columns of the terminal that a code takes, with what parts it from the next."""


def growth_lines(found: GrowthFound) -> list[str]:
    """What was found as a person reads it; the tables have all of it."""
    compared = found.slowdown
    before, after = ("-".join(map(str, span)) for span in (compared.before_span, compared.after_span))
    lines = [
        f"Growth of {found.outcome}, % a year, mean of the entities ({compared.countries}): "
        f"{compared.before:.2f} in {before}, {compared.after:.2f} in {after}; change {compared.change:+.2f}"
        + (f" (standard error {compared.standard_error:.2f})" if compared.countries > 1 else "")
        + f"; it fell in {compared.fell}."
    ]
    if compared.unavailable:
        lines.append(f"Not compared, a year is missing: {_few(compared.unavailable)}.")
    lines.extend(str(finding) for finding in compared.findings)
    table = found.by_span.table
    if len(table):
        lines.append("Contributions to the growth of output, % a year:")
        shown = table.head(SHOWN)
        width = max(NARROW, *map(columns, shown["entity"]))
        indent = " " * (width - NARROW)  # the heading stands over the ends of long names
        lines.append(f"  {indent}entity  span        output   hours  quality  capital     TFP")
        lines.extend(
            f"  {padded(row.entity, width)} {row.span:<10} {row.output:7.2f} {row.hours:7.2f} {row.labour_quality:8.2f} "
            f"{row.capital:8.2f} {row.tfp:7.2f}"
            for row in shown.itertuples()
        )
        if len(table) > SHOWN:
            lines.append(f"  and more rows in accounts-by-span.csv: {len(table) - SHOWN}")
    if len(found.by_span.unavailable):
        lines.append(
            f"{len(found.by_span.unavailable)} entity-spans have no account: accounts-by-span-unavailable.csv says why."
        )
    for estimate in (found.naive, found.corrected):
        if estimate is not None:
            lines.extend(_regression(estimate))
    return lines


def _regression(estimate: Estimate) -> list[str]:
    lines = [estimate.estimand, f"  Method {estimate.method}; units {estimate.units}."]
    for name, value, (lower, upper) in zip(
        estimate.names, estimate.value.tolist(), estimate.confidence_interval().tolist(), strict=True
    ):
        shown = "not identified" if value != value else f"{value:+.3f} [{lower:+.3f}, {upper:+.3f}]"
        lines.append(f"  {name}: {shown}")
    return lines + [f"  {finding}" for finding in estimate.findings]


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
