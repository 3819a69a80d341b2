"""An Indicator on disk: Parquet tables and a JSON file, read back equal.

A file a factor; what an older version wrote has the audit's only, and is read all the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from headwinds.contracts.finding import Finding
from headwinds.contracts.indicator import FACTORS, Indicator
from headwinds.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

TABLE, FACTS = "indicator.parquet", "indicator.json"
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
    widths = {}
    for name in FACTORS:
        factor = getattr(indicator, name)
        if factor is not None:
            widths[name] = factor.shape[1]
            pq.write_table(_factor_table(factor), directory / f"{name}.parquet")
    facts: dict[str, Any] = {
        "keys": list(indicator.keys),
        "method": indicator.method,
        "rows": len(indicator),
        "factors": widths["audit_factor"],
        "shared": {name: width for name, width in widths.items() if name != "audit_factor"},
        "unit": indicator.unit,
        **(
            {}
            if indicator.label_correlation is None
            else {"label_correlation": indicator.label_correlation.tolist()}
        ),
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
        table = pq.read_table(directory / TABLE)
        keys, rows = tuple(facts["keys"]), int(facts["rows"])
        findings = tuple(Finding(*one) for one in facts["findings"])
        if table.num_rows != rows:
            raise ArtifactError(
                f"the indicator in {directory} has {table.num_rows} rows, its facts say {rows}."
            )
        widths = {"audit_factor": facts["factors"], **facts.get("shared", {})}
        factors: dict[str, Any] = {
            name: _read_factor(directory / f"{name}.parquet", rows, int(width))
            for name, width in widths.items()
            if name in FACTORS
        }
        values = [table[f"key_{name}" if name in _TAKEN else name].to_pylist() for name in keys]
        return Indicator(
            keys=keys,
            cells=tuple(zip(*values, strict=True)) if keys else ((),) * rows,
            labels=tuple(table["label"].to_pylist()),
            pooled=tuple(table["pooled"].to_pylist()),
            method=facts["method"],
            findings=findings,
            provenance=facts["provenance"],
            unit=facts.get("unit", "share"),
            label_correlation=np.array(facts["label_correlation"], dtype=float)
            if "label_correlation" in facts
            else None,
            **factors,
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


def _factor_table(factor: NDArray[np.float64]) -> pa.Table:
    import pyarrow as pa

    rows, columns = factor.shape
    named = {f"factor_{number:04d}": factor[:, number] for number in range(columns)}
    return pa.table(named) if columns else pa.table({"empty": pa.nulls(rows)})


def _read_factor(path: Path, rows: int, columns: int) -> NDArray[np.float64]:
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    if table.num_rows != rows:
        raise ArtifactError(f"{path} has {table.num_rows} rows, its facts say {rows}.")
    named = [table[f"factor_{number:04d}"].to_numpy() for number in range(columns)]
    return np.column_stack(named) if columns else np.zeros((rows, 0))


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
