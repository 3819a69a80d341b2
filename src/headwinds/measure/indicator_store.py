"""An Indicator on disk: two Parquet tables and a JSON file, read back equal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import Indicator
from headwinds.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

TABLE, FACTOR, FACTS = "indicator.parquet", "audit_factor.parquet", "indicator.json"
COUNTS = ("documents", "passages", "gold")


def indicator_table(indicator: Indicator) -> pa.Table:
    """A tidy table: keys, label, value, standard_error, lower, upper, documents, passages, gold, pooled, method."""
    import numpy as np
    import pyarrow as pa

    return pa.table(
        {
            **_keys(indicator),
            "label": list(indicator.labels),
            "value": indicator.value,
            "standard_error": np.sqrt(indicator.variance),
            "lower": indicator.lower,
            "upper": indicator.upper,
            **{name: getattr(indicator, name) for name in COUNTS},
            "pooled": list(indicator.pooled),
            "method": pa.array([indicator.method] * len(indicator), type=pa.string()),
        }
    )


def write_indicator(indicator: Indicator, directory: Path) -> None:
    """Write into an existing directory, which the caller makes atomic; same indicator, same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from headwinds.artifacts.write import write_json

    table = indicator_table(indicator).append_column(
        "sampling_variance", pa.array(indicator.sampling_variance)
    )
    if indicator.berkson_variance is not None:
        table = table.append_column("berkson_variance", pa.array(indicator.berkson_variance))
    pq.write_table(table, directory / TABLE)
    columns = indicator.audit_factor.shape[1]
    factor = {f"factor_{number:04d}": indicator.audit_factor[:, number] for number in range(columns)}
    pq.write_table(
        pa.table(factor) if columns else pa.table({"empty": pa.nulls(len(indicator))}), directory / FACTOR
    )
    facts: dict[str, Any] = {
        "keys": list(indicator.keys),
        "method": indicator.method,
        "rows": len(indicator),
        "factors": columns,
        "findings": [[one.code, one.sentence, one.remedy] for one in indicator.findings],
        "provenance": dict(sorted(indicator.provenance.items())),
    }
    write_json(directory / FACTS, facts)


def read_indicator(directory: Path) -> Indicator:
    """Read what `write_indicator` wrote.

    Raises
    ------
    ArtifactError
        If a file is missing, damaged, or does not belong to the others.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        facts = json.loads((directory / FACTS).read_text(encoding="utf-8"))
        table, factor = pq.read_table(directory / TABLE), pq.read_table(directory / FACTOR)
        keys, rows, columns = tuple(facts["keys"]), int(facts["rows"]), int(facts["factors"])
        findings = tuple(Finding(*one) for one in facts["findings"])
        if table.num_rows != rows or factor.num_rows != rows:
            raise ArtifactError(
                f"the indicator in {directory} has {table.num_rows} rows, its facts say {rows}."
            )
        values = [table[f"key_{name}" if name in _TAKEN else name].to_pylist() for name in keys]
        audit = [factor[f"factor_{number:04d}"].to_numpy() for number in range(columns)]
        return Indicator(
            keys=keys,
            cells=tuple(zip(*values, strict=True)) if keys else ((),) * rows,
            labels=tuple(table["label"].to_pylist()),
            audit_factor=np.column_stack(audit) if columns else np.zeros((rows, 0)),
            pooled=tuple(table["pooled"].to_pylist()),
            method=facts["method"],
            findings=findings,
            provenance=facts["provenance"],
            berkson_variance=table["berkson_variance"].to_numpy()
            if "berkson_variance" in table.column_names
            else None,
            **{
                name: table[name].to_numpy()
                for name in ("value", "sampling_variance", "lower", "upper", *COUNTS)
            },
        )
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowException) as problem:
        raise ArtifactError(
            f"the indicator in {directory} is missing or damaged ({type(problem).__name__}: {problem}).",
            remedy="Measure again.",
        ) from problem


_TAKEN = frozenset(
    {
        "label",
        "value",
        "standard_error",
        "lower",
        "upper",
        "pooled",
        "method",
        "sampling_variance",
        "berkson_variance",
        *COUNTS,
    }
)


def _keys(indicator: Indicator) -> dict[str, list[Any]]:
    """Key columns; a key that has the name of another column is written as `key_<name>`."""
    return {
        f"key_{name}" if name in _TAKEN else name: [cell[place] for cell in indicator.cells]
        for place, name in enumerate(indicator.keys)
    }
