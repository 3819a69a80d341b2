"""A world in which a label's share moves growth, seen through a sample, a classifier that errs and a few gold labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headwinds.measure.frame import Frame, Population, make_frame

COUNTRIES, YEARS = 30, 12
SCREENED, REST = 15, 150  # passages of a country-year that a keyword screen finds, and that it does not


@dataclass(frozen=True)
class World:
    """One row a passage; `share` and `growth` have shape (countries, years)."""

    country: np.ndarray
    year: np.ndarray
    screened: np.ndarray
    truth: np.ndarray
    score: np.ndarray
    share: np.ndarray
    growth: np.ndarray


def make_world(rng: np.random.Generator, *, effect: float) -> World:
    """Growth in a year follows the true share of the year before; the classifier calls too many passages positive."""
    size = SCREENED + REST
    cell = np.repeat(np.arange(COUNTRIES * YEARS), size)
    screened = np.tile(np.arange(size) < SCREENED, COUNTRIES * YEARS)
    rate = (
        0.35 + 0.12 * rng.standard_normal(COUNTRIES)[:, None] + 0.15 * rng.standard_normal((COUNTRIES, YEARS))
    )
    rate = np.clip(rate, 0.02, 0.95).ravel()
    truth = rng.random(len(cell)) < np.where(screened, rate[cell], 0.004)
    score = np.clip(0.25 + 0.35 * truth + 0.18 * rng.standard_normal(len(cell)) - 0.1 * ~screened, 0, 1)
    share = np.bincount(cell, weights=truth).reshape(COUNTRIES, YEARS) / size
    common = rng.standard_normal(COUNTRIES)[:, None] + rng.standard_normal(YEARS)
    growth = effect * share + common + 0.5 * rng.standard_normal(share.shape)
    return World(cell // YEARS, cell % YEARS, screened, truth, score, share, growth)


def observe(world: World, rng: np.random.Generator, *, gold: int = 300, fraction: float = 0.2) -> Frame:
    """All screened passages, a sample of the rest, and gold labels in both strata."""
    rows, weight, places, inclusion = [], [], [], []
    start = 0
    for stratum, share in ((True, 1.0), (False, fraction)):
        members = np.flatnonzero(world.screened == stratum)
        taken = np.sort(rng.permutation(members)[: round(share * len(members))])
        rows.append(taken)
        weight.append(np.full(len(taken), len(members) / len(taken)))
        places.append(start + np.sort(rng.permutation(len(taken))[:gold]))
        inclusion.append(np.full(gold, gold / len(members)))
        start += len(taken)
    row, place = np.concatenate(rows), np.concatenate(places)
    strata = np.array(["none", "strict"])
    keys, count = np.unique(
        np.column_stack([world.screened, world.country, world.year]).astype(int), axis=0, return_counts=True
    )
    names = np.array([f"C{number:02d}" for number in range(COUNTRIES)])
    population = Population(
        strata[keys[:, 0]], {"country": names[keys[:, 1]], "year": keys[:, 2]}, count.astype(float)
    )
    return make_frame(
        document_ids=row // 5,
        strata=strata[world.screened[row].astype(int)],
        keys={"country": names[world.country[row]], "year": world.year[row]},
        weight=np.concatenate(weight),
        probability=world.score[row][:, None],
        label=world.score[row][:, None] > 0.35,
        gold_rows=place,
        gold_labels=world.truth[row][place][:, None],
        inclusion_probability=np.concatenate(inclusion),
        label_names=("driver",),
        population=population,
    )


def growth_table(world: World) -> pd.DataFrame:
    """Growth of the year after each year of the index."""
    country, year = np.indices(world.growth.shape)
    names = np.array([f"C{number:02d}" for number in range(COUNTRIES)])
    return pd.DataFrame(
        {"entity": names[country.ravel()], "period": year.ravel() + 1, "value": world.growth.ravel()}
    )
