"""Populations with known shares and a biased classifier, and seeded two-phase draws from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from headwinds.measure.frame import Frame, Population, make_frame


@dataclass(frozen=True, eq=False)
class World:
    """Every passage of a population: stratum, year, document, label (bool) and biased probability."""

    stratum: np.ndarray
    year: np.ndarray
    document: np.ndarray
    truth: np.ndarray
    probability: np.ndarray

    def share(self, by_year: bool = False) -> np.ndarray:
        if not by_year:
            return np.array([self.truth.mean()])
        return np.array([self.truth[self.year == year].mean() for year in np.unique(self.year)])


def make_world(
    prevalence: dict[str, float],
    sizes: dict[str, int],
    *,
    years: int = 1,
    seed: int = 0,
    document_effect: float = 0.0,
    drift: float = 0.0,
    passages_a_document: int = 20,
) -> World:
    """Scores that overstate: a passage's score tracks its chance of a positive, pulled up and blurred.

    Given the score, the chance of a positive is the same in every year (constant error) unless `drift` moves it.
    """
    rng = np.random.default_rng(seed)
    strata = np.repeat(list(sizes), list(sizes.values()))
    count = len(strata)
    year = rng.integers(0, years, count)
    document = year * 10_000 + rng.integers(0, max(1, count // years // passages_a_document), count)
    effect = document_effect * rng.standard_normal(document.max() + 1)[document]
    base = np.array([prevalence[name] for name in sizes])[
        np.repeat(np.arange(len(sizes)), list(sizes.values()))
    ]
    # Two kinds of passage: where the classifier is sure and where it is not.
    likely = rng.random(count) < base
    chance = np.where(likely, 0.8, base * 0.2 / np.maximum(1 - base, 1e-9))
    chance = np.clip(chance + effect * chance * (1 - chance), 0, 1)
    score = np.clip(0.15 + 0.8 * chance + 0.05 * rng.standard_normal(count), 0, 1)
    middle = (years - 1) / 2
    moved = np.clip(chance + (drift * (year - middle) / max(middle, 1) if years > 1 else 0), 0, 1)
    return World(strata, year, document, rng.random(count) < moved, score)


@cache
def _design(world: World, by_period: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]:
    """Names of the strata that are sampled, the one of each passage, the passages of each, and names of documents."""
    design = world.stratum.astype(str)
    if by_period:
        design = np.char.add(np.char.add(design, " / "), (world.year // by_period).astype(str))
    names, code = np.unique(design, return_inverse=True)
    members = [np.flatnonzero(code == number) for number in range(len(names))]
    return names, code, members, world.document.astype(str)


def draw(
    world: World,
    rng: np.random.Generator,
    sampled: dict[str, int],
    gold: dict[str, int],
    *,
    known: bool = True,
    by_period: int = 0,
) -> Frame:
    """A sample of passages within strata (a number larger than the stratum takes it whole), and gold within the sample."""
    names, code, everyone, documents = _design(world, by_period)
    rows, weights, gold_places, inclusion = [], [], [], []
    place = 0
    for name, members in zip(names, everyone, strict=True):
        head = name.split(" / ")[0]
        taken = rng.permutation(members)[: sampled[head]]
        read = min(gold[head], len(taken))
        rows.append(taken)
        weights.append(np.full(len(taken), len(members) / len(taken)))
        gold_places.append(place + np.arange(read))
        inclusion.append(np.full(read, read / len(members)))
        place += len(taken)
    row, gold_rows = np.concatenate(rows), np.concatenate(gold_places)
    population = None
    if known:
        width = int(world.year.max()) + 1
        count = np.bincount(code * width + world.year, minlength=len(names) * width)
        population = Population(
            np.repeat(names, width), {"year": np.tile(np.arange(width), len(names))}, count.astype(float)
        )
    score = world.probability[row][:, None]
    return make_frame(
        document_ids=documents[row],
        strata=names[code[row]],
        keys={"year": world.year[row]},
        weight=np.concatenate(weights),
        probability=score,
        label=score > 0.28,  # it gives the label too freely
        gold_rows=gold_rows,
        gold_labels=world.truth[row][gold_rows][:, None],
        inclusion_probability=np.concatenate(inclusion),
        label_names=("driver",),
        population=population,
    )
