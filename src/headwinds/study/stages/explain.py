"""`explain`: growth accounts, the slowdown, and growth on the lagged indices, naive and with the indices' error."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.write import write_json
from headwinds.contracts import Account, Estimate, Finding
from headwinds.study.environment import STATISTICAL, versions
from headwinds.study.plan import Stage
from headwinds.study.settings import ESSAY, StudySettings
from headwinds.study.stages.explained_results import OUTCOMES, Evidence, write_chapters
from headwinds.study.stages.measure import index_name

CODE = (
    "headwinds.explain",
    "headwinds.contracts",
    "headwinds.drawing",
    "headwinds.study.chapters",
    "headwinds.study.stages.explain",
    "headwinds.study.stages.explained_results",
)
FILES = ("panel", "adoption", "graph")
SLOWDOWN = ("countries", "fell", "before", "after", "change", "standard_error")
SHOWN_ENTITIES = ("USA", "DEU", "FRA", "GBR", "ITA", "JPN", "KOR")


def explain_stage(settings: StudySettings, measured: Path) -> Stage:
    """The stage."""
    panel = settings.locate(settings.explain.panel, setting="explain.panel")
    beside = settings.beside_the_panel()
    index = measured / index_name((settings.explain.entity_key, settings.explain.period_key))
    parts = fingerprint(
        panel=file_digest(panel),
        beside={name: file_digest(path) for name, path in beside.items()},
        # Chapters draw bootstraps; without any, nothing here depends on the seed.
        seed=settings.study.seed if settings.explain.adoption or settings.explain.graph else None,
        index=[file_digest(path) for path in sorted(index.rglob("*")) if path.is_file()],
        settings={name: value for name, value in asdict(settings.explain).items() if name not in FILES},
        essay=settings.explain.graph == ESSAY,
        language=settings.study.language,  # of the pictures
        code=code_digest(*CODE),
        versions=versions(STATISTICAL),
    )

    def work(output: Path, _: Path) -> None:
        _explain(settings, panel, index, beside, output)

    return Stage("explain", parts, work)


def _explain(settings: StudySettings, path: Path, index: Path, beside: dict[str, Path], output: Path) -> None:
    from headwinds.explain.accounts.penn_accounts import (
        compare_with_published,
        growth_accounts,
        span_accounts,
    )
    from headwinds.explain.country_groups import OECD_38
    from headwinds.explain.growth_regression import growth_regression
    from headwinds.explain.penn_world_table import read_penn_world_table
    from headwinds.explain.spans import slowdown
    from headwinds.measure.indicator_store import read_indicator

    chosen = settings.explain
    panel = read_penn_world_table(path)
    account = growth_accounts(panel)
    rebuild = compare_with_published(panel)
    entities = [name for name in SHOWN_ENTITIES if (account.table["entity"] == name).any()]
    spans = span_accounts(account, (chosen.before, chosen.after), entities)
    slow = slowdown(panel, OECD_38, before=chosen.before, after=chosen.after)
    tables = {
        "accounts": account.table,
        "accounts_unavailable": account.unavailable,
        "accounts_by_span": spans.table,
    }
    tables |= {"accounts_by_span_unavailable": spans.unavailable, "slowdown": slow.table}
    indicator = read_indicator(index / "chosen")
    found = growth_regression(
        panel, indicator, series=chosen.outcome, words=OUTCOMES[chosen.outcome], lag=chosen.lag
    )
    tables["minimum_detectable_effects"] = found.detectable
    for name, table in tables.items():
        table.to_parquet(output / f"{name}.parquet", index=False)
    missing = write_chapters(
        Evidence(settings, panel, indicator, beside.get("adoption"), beside.get("graph")), output / "chapters"
    )
    facts = {
        "findings": [
            asdict(one) for one in (*found.left_out, *(Finding("N405", reason) for reason in missing))
        ],
        "rebuild": asdict(rebuild),
        "unavailable_rows": len(account.unavailable),
        "slowdown": {
            name: getattr(slow, name)
            for name in ("countries", "fell", "before", "after", "change", "standard_error")
        },
        "spans": [list(chosen.before), list(chosen.after)],
        "naive": plain_estimate(found.naive),
        "corrected": plain_estimate(found.corrected),
        "design": {
            "rows": len(found.design.outcome),
            "dropped": found.design.dropped,
            "lag": chosen.lag,
            "scale": found.design.scale.tolist(),
        },
    }
    write_json(output / "explain.json", facts, allow_missing=True)


def plain_estimate(estimate: Estimate) -> dict[str, Any]:
    """An estimate as plain data; `read_estimate` reads it back."""
    content = {name: getattr(estimate, name) for name in estimate.__dataclass_fields__}
    for name in ("value", "standard_error", "covariance"):
        content[name] = content[name].tolist()
    if estimate.variance_curve is not None:
        content["variance_curve"] = estimate.variance_curve.tolist()
    content["findings"] = [asdict(item) for item in estimate.findings]
    content["provenance"] = dict(estimate.provenance)
    return content


def read_estimate(content: dict[str, Any]) -> Estimate:
    """An estimate from its JSON; null is NaN again."""
    import numpy as np

    arrays = {
        name: np.array(content[name], dtype=float)
        for name in ("value", "standard_error", "covariance", "variance_curve")
        if content.get(name) is not None
    }
    findings = tuple(Finding(**item) for item in content["findings"])
    return Estimate(**{**content, **arrays, "names": tuple(content["names"]), "findings": findings})


def read_explained(folder: Path) -> dict[str, Any]:
    """The stage's facts, with its tables under `tables` and its estimates under `naive` and `corrected`."""
    import pandas as pd

    facts: dict[str, Any] = json.loads((folder / "explain.json").read_text(encoding="utf-8"))
    facts["tables"] = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    facts["naive"], facts["corrected"] = read_estimate(facts["naive"]), read_estimate(facts["corrected"])
    return facts


def read_account(facts: dict[str, Any]) -> Account:
    """The accounts by span."""
    from headwinds.explain.accounts.penn_accounts import PARTS

    return Account(
        table=facts["tables"]["accounts_by_span"],
        total="output",
        parts=PARTS,
        units="% per year (log points x 100)",
        estimand="Mean annual contributions to the growth of real GDP over a span of years.",
        unavailable=facts["tables"]["accounts_by_span_unavailable"],
    )
