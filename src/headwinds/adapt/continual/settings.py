"""How a model is watched and updated: every setting with its default, named alike in TOML, command line and Python."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headwinds.contracts.limits import require, require_one_of

STRATEGIES = {
    "replay-distillation": "new rows with kept old ones in their old proportions, held to the old answers (default)",
    "sequential": "new rows alone: naive fine-tuning",
    "replay": "new rows with kept old ones (Chaudhry et al. 2019)",
    "elastic-weight-consolidation": "new rows alone, weights that mattered held (Kirkpatrick et al. 2017)",
    "distillation": "new rows alone, the old model's answers held: learning without forgetting (Li, Hoiem 2017)",
    "adapter": "new rows alone, by a fresh low-rank adapter on the frozen old model, then merged",
    "joint": "all rows, from the pretrained checkpoint anew",
}
ELASTIC = "elastic-weight-consolidation"
REPLAYING = ("replay-distillation", "replay", "joint")
DISTILLING = ("replay-distillation", "distillation")


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Settings of `update`.

    Attributes
    ----------
    strategy
        One of `STRATEGIES`.
    memory
        So many labelled rows are kept with the updated model for its next update, by label alike; 0 keeps none.
    replay_share
        "replay": the share of every epoch that old rows have; they are repeated up to it, each counts at least once.
    largest_repeat
        "replay-distillation": an old row is repeated as often as the rows that it stands for, at most so often.
    elastic_strength
        How strongly weights that mattered are held. 1 is the posterior of the old rows in Laplace's approximation, as if
        each had been seen once.
    fisher_examples
        Old rows from which it is computed which weights mattered, at most.
    distillation_weight, distillation_temperature
        Of the old model's answers beside the labels (1 is that of Li and Hoiem); above 1 the temperature tells of unlikely
        labels too.
    """

    strategy: str = "replay-distillation"
    memory: int = 2000
    replay_share: float = 0.5
    largest_repeat: int = 10
    elastic_strength: float = 10.0
    fisher_examples: int = 200
    distillation_weight: float = 0.3
    distillation_temperature: float = 2.0

    def __post_init__(self) -> None:
        require_one_of(self, {"strategy": STRATEGIES})
        require(0 <= self.memory <= 1_000_000, "memory", self.memory, "0 to 1,000,000 rows")
        require(0 < self.replay_share < 1, "replay_share", self.replay_share, "a share between 0 and 1")
        require(1 <= self.largest_repeat <= 1000, "largest_repeat", self.largest_repeat, "1 to 1,000")
        require(1 <= self.fisher_examples <= 100_000, "fisher_examples", self.fisher_examples, "1 to 100,000")
        for name in ("elastic_strength", "distillation_weight"):
            value = getattr(self, name)
            require(math.isfinite(value) and 0 <= value < 1e9, name, value, "a number of 0 or more")
        warm = self.distillation_temperature
        require(
            math.isfinite(warm) and 0 < warm <= 100, "distillation_temperature", warm, "above 0, at most 100"
        )


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Settings of `watch`.

    Attributes
    ----------
    alpha
        Chance of any false alarm, over all tests of all looks together.
    looks
        So many looks are planned, each with the same part of `alpha`; 0 plans none and never ends: the k-th look has
        alpha / (k (k + 1)), which adds up to alpha.
    permutations
        Of every test; a look that needs more, to be able to fall below its level, takes more.
    most_rows
        Of the reference and of the live texts, at most so many are compared; a larger file is sampled.
    propose
        So many of the live texts are proposed for labelling.
    seed
        Of samples, permutations and draws.
    """

    alpha: float = 0.05
    looks: int = 0
    permutations: int = 1999
    most_rows: int = 500
    propose: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        require(0 < self.alpha < 1, "alpha", self.alpha, "a chance between 0 and 1")
        require(0 <= self.looks <= 100_000, "looks", self.looks, "0 to 100,000")
        require(99 <= self.permutations <= 1_000_000, "permutations", self.permutations, "99 to 1,000,000")
        require(40 <= self.most_rows <= 20_000, "most_rows", self.most_rows, "40 to 20,000")
        require(0 <= self.propose <= 100_000, "propose", self.propose, "0 to 100,000")
        require(self.seed >= 0, "seed", self.seed, "0 or more")
