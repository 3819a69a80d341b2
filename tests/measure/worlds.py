"""Seeded populations with known labels, a classifier that errs in a known way, and gold drawn in a known way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headwinds.measure.frame import Frame, Population, make_frame

YEARS, GROUPS, COUNTRIES = 10, 4, 20
SEPARATION = (
    2.2  # of the scores of positives and negatives, in their standard deviation: F1 is 0.8 at a share of 0.3
)
CUT = 1.28


@dataclass(frozen=True)
class World:
    """What a scenario's population is made of; each draw makes a new one.

    Attributes
    ----------
    share
        The chance of a positive by year, group and country (arrays), drawn with `rng`.
    drift
        What is added to the scores of a passage, by year, group, country and share: errors that are not constant.
    document_effect
        Standard deviation of a document's effect on the log odds of its passages' labels and on its scores.
    gold, design
        Gold passages; "simple", "active" (by the uncertainty of the prediction) or "documents" (drawn whole).
    """

    share: Callable[..., np.ndarray]
    drift: Callable[..., np.ndarray] = lambda year, group, country, share: np.zeros(len(year))
    passages: int = 6000
    document_effect: float = 0.0
    passages_a_document: int = 10
    gold: int = 600
    design: str = "simple"
    kind: str = "multi-label"


@dataclass(frozen=True)
class Drawn:
    """A frame, and the true value of each passage (n, L)."""

    frame: Frame
    truth: np.ndarray


def flat(share: float) -> Callable[..., np.ndarray]:
    """The same chance everywhere."""
    return lambda rng, year, group, country: np.full(len(year), share)


def rising(low: float, high: float) -> Callable[..., np.ndarray]:
    """A chance that moves from one value to another over the years."""
    return lambda rng, year, group, country: low + (high - low) * year / (YEARS - 1)


def scattered(mean: float, country_sd: float, cell_sd: float) -> Callable[..., np.ndarray]:
    """A chance that differs by country, and by country and year."""

    def share(rng, year, group, country):
        effect = country_sd * rng.standard_normal(COUNTRIES)[country]
        effect = effect + cell_sd * rng.standard_normal((COUNTRIES, YEARS))[country, year]
        return np.clip(mean + effect, 0.02, 0.95)

    return share


def draw(world: World, rng: np.random.Generator) -> Drawn:
    """One population, its predictions and its gold."""
    count = world.passages
    document = np.arange(count) // world.passages_a_document
    documents = int(document.max()) + 1
    year = rng.permutation(np.arange(documents) % YEARS)[document]
    country = rng.permutation(np.arange(documents) % COUNTRIES)[document]
    group = country % GROUPS
    share = world.share(rng, year, group, country)
    effect = world.document_effect * rng.standard_normal((2, documents))[:, document]
    chance = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + effect[0])))
    drift = world.drift(year, group, country, share) + 0.5 * effect[1]
    if world.kind == "multi-class":
        truth, probability, label = _classes(rng, chance, drift)
    elif world.kind == "score":
        truth, probability, label = _scores(rng, chance, drift)
    else:
        positive = rng.random(count) < chance
        score = SEPARATION * positive + drift + rng.standard_normal(count)
        # It takes too many passages for positive and is too sure of itself, as classifiers are.
        odds = 1.5 * (SEPARATION * score - SEPARATION**2 / 2 - 0.4)
        truth, probability = positive[:, None], (1 / (1 + np.exp(-odds)))[:, None]
        label = score[:, None] > CUT
    rows, inclusion, together = _gold(world, rng, probability, document)
    keys = {
        "year": 2000 + year,
        "group": np.array([f"G{one}" for one in range(GROUPS)])[group],
        "country": np.array([f"C{one:02d}" for one in range(COUNTRIES)])[country],
    }
    frame = make_frame(
        document_ids=document,
        strata=np.full(count, "all"),
        keys=keys,
        weight=np.ones(count),
        probability=probability,
        label=label,
        gold_rows=rows,
        gold_labels=truth[rows],
        inclusion_probability=inclusion,
        label_names=tuple(f"label {one}" for one in range(truth.shape[1])),
        population=_population(keys),
        kind=world.kind,
        gold_draw=document[rows] if together else None,
    )
    return Drawn(frame, truth.astype(float))


def _population(keys: dict[str, np.ndarray]) -> Population:
    """Every passage of the population is scored, so that the counts are those of the frame."""
    code = np.unique(keys["year"], return_inverse=True)[1] * COUNTRIES
    code = code + np.unique(keys["country"], return_inverse=True)[1]
    _, first, count = np.unique(code, return_index=True, return_counts=True)
    return Population(
        np.full(len(first), "all"), {name: value[first] for name, value in keys.items()}, count.astype(float)
    )


def _classes(rng, chance, drift) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three classes: the first by chance, the rest two to one."""
    shares = np.column_stack([chance, (1 - chance) * 2 / 3, (1 - chance) / 3])
    held = (rng.random(len(chance))[:, None] > np.cumsum(shares, axis=1)[:, :2]).sum(axis=1)
    truth = held[:, None] == np.arange(3)
    score = 2.0 * truth + rng.standard_normal(truth.shape)
    score[:, 0] += drift
    odds = np.exp(1.5 * 2.0 * score)
    probability = odds / odds.sum(axis=1, keepdims=True)
    return truth, probability, probability == probability.max(axis=1, keepdims=True)


def _scores(rng, chance, drift) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A graded label on [0, 1] in steps of a quarter, and a prediction that is pulled to the middle."""
    truth = rng.binomial(4, chance) / 4.0
    predicted = np.clip(0.25 + 0.5 * truth + 0.1 * drift + 0.12 * rng.standard_normal(len(chance)), 0, 1)
    return truth[:, None], predicted[:, None], predicted[:, None]


def _gold(world, rng, probability, document) -> tuple[np.ndarray, np.ndarray, bool]:
    count = len(document)
    if world.design == "active":
        first = probability[:, 0]
        size = 0.15 + np.sqrt(first * (1 - first))
        inclusion = np.minimum(1.0, world.gold * size / size.sum())
        rows = np.flatnonzero(rng.random(count) < inclusion)
        return rows, inclusion[rows], False
    if world.design == "documents":
        documents = int(document.max()) + 1
        drawn = rng.permutation(documents)[: world.gold // world.passages_a_document]
        rows = np.flatnonzero(np.isin(document, drawn))
        return rows, np.full(len(rows), len(drawn) / documents), True
    rows = np.sort(rng.permutation(count)[: world.gold])
    return rows, np.full(len(rows), world.gold / count), False
