"""Draws of the chain's world, one a seed, as shards of work: by any number of processes or on Ray, the same numbers."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from chain.world import growth_table, make_world, observe
from headwinds.compute.running import run_shards
from headwinds.compute.settings import ComputeSettings
from headwinds.compute.work import Shard, Work, result_of
from headwinds.explain.measured import corrected_estimate, make_design, naive_estimate
from headwinds.measure.cells import make_cells
from headwinds.measure.estimators import classify_and_count, difference, small_area

CELL_WAYS: dict[str, tuple[Any, dict[str, bool]]] = {
    "difference": (difference, {}),
    "difference, no contextual slope": (difference, {"contextual": False}),
    "small-area": (small_area, {}),
}
CHAIN_WAYS: tuple[tuple[str, Any, Any], ...] = (
    ("errors-in-variables on the difference index", difference, corrected_estimate),
    ("errors-in-variables on the small-area index", small_area, corrected_estimate),
    ("naive on the difference index", difference, naive_estimate),
    ("naive on classify-and-count", classify_and_count, naive_estimate),
)
TRUTH = "truth"


def cells(seed: int) -> dict[str, list[Any]]:
    """Value and bounds of each of the 360 country-years, by estimator, and the truth."""
    world, frame = _observed(seed)
    by_cell = make_cells(frame, ("country", "year"))
    found: dict[str, list[Any]] = {TRUTH: world.share.ravel().tolist()}
    for name, (estimator, options) in CELL_WAYS.items():
        index = estimator.estimate(frame, by_cell, **options)
        found[name] = np.column_stack([index.value, index.lower, index.upper]).tolist()
    return found


def chain(seed: int) -> dict[str, list[Any]]:
    """Value and bounds of the effect of the lagged share on growth, by way."""
    world, frame = _observed(seed)
    by_cell, growth = make_cells(frame, ("country", "year")), growth_table(world)
    found: dict[str, list[Any]] = {}
    for name, estimator, regress in CHAIN_WAYS:
        design = make_design(growth, estimator.estimate(frame, by_cell), labels=("driver",), lag=1)
        result = regress(design, "growth", 1)
        bounds = result.confidence_interval()[0] / design.scale[0]
        found[name] = [[float(result.value[0] / design.scale[0]), *map(float, bounds)]]
    return found


def _observed(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    world = make_world(rng, effect=30.0)
    return world, observe(world, rng)


DRAWS: dict[str, Callable[[int], dict[str, list[Any]]]] = {"cells": cells, "chain": chain}


def prepare(_: tuple[Path, ...], name: str) -> Callable[[int], dict[str, list[Any]]]:
    return DRAWS[name]


def do(draw: Callable[[int], dict[str, list[Any]]], seed: int) -> bytes:
    return json.dumps(draw(seed)).encode("ascii")


def draw_all(name: str, draws: int, compute: ComputeSettings) -> dict[str, np.ndarray]:
    """All draws one below the other, by estimator."""
    shards = (Shard(seed, seed, f"{seed:064x}") for seed in range(draws))
    found: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as store:
        work = Work(prepare, do, name, libraries=("numpy", "scipy"))
        for one in run_shards(work, shards, Path(store), compute, expected=draws):
            for way, values in json.loads(result_of(one)).items():
                found.setdefault(way, []).extend(values)
    return {way: np.array(values) for way, values in found.items()}
