"""Do explanations name what the model looks at? The deletion test against a random order (Samek et al. 2017, eq. 12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwinds.adapt.audit.explanation import METHODS, attributions
from headwinds.adapt.audit.gradients import differentiable
from headwinds.adapt.audit.joint import mean_intervals
from headwinds.adapt.audit.text_units import text_units, without
from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.audit.answers import Asked
    from headwinds.adapt.audit.explanation import Attributions

STEPS = 5
LARGEST_SHARE = 0.5  # of the words that are left out at the last step
RANDOM_ORDERS = 4
FEWEST_UNITS = 4  # words of a text that is tested
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """The deletion test of one method of explanation.

    Attributes
    ----------
    method
        Of explanation.
    area, random_area
        Mean fall of the label's probability while up to half of the words are left out, those first that contribute most, or
        in a random order: the area over the perturbation curve.
    difference, lower, upper
        `area` minus `random_area`, in pairs by text, with its 95% interval over all methods together.
    texts
        How many were tested.
    largest_gap
        By integrated gradients, the largest miss of what attributions must add up to; NaN else.
    """

    method: str
    area: float
    random_area: float
    difference: float
    lower: float
    upper: float
    texts: int
    largest_gap: float

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.texts:
            return "no text could be tested"
        if self.lower > 0:
            return "names what the model looks at: leaving it out costs more than leaving out other words"
        if self.upper < 0:
            return "misleads: other words matter more than those it names"
        return "no better than a random order, as far as these texts tell"


def faithfulness_of(
    asked: Asked, texts: Sequence[str], clusters: Sequence[str], *, seed: int
) -> tuple[tuple[Faithfulness, ...], tuple[Attributions, ...], tuple[Finding, ...]]:
    """Explain the likeliest label of each text by each method that the model admits, and test the explanations.

    Returns also the first explanations, to be shown. Texts of fewer than four words are left out, and counted in a finding.
    """
    import numpy as np

    usable = [place for place, text in enumerate(texts) if len(text_units(text)) >= FEWEST_UNITS]
    chosen = [texts[place] for place in usable]
    methods = [one for one in METHODS if one != "integrated-gradients" or differentiable(asked.model)]
    findings: list[Finding] = []
    if len(usable) < len(texts):
        findings.append(
            Finding(
                "W261",
                f"{len(texts) - len(usable)} of {len(texts)} texts have fewer than {FEWEST_UNITS} words, so that nothing "
                "can be left out of them step by step; they are not in the deletion test.",
            )
        )
    if len(methods) < len(METHODS):
        findings.append(
            Finding("N261", "Probabilities that are isotonic rise in steps: explained by occlusion alone.")
            if "isotonic" in asked.model.facts.decoder
            else Finding(
                "N261", "Gradients do not reach the words of this model: explained by occlusion alone."
            )
        )
    if not chosen:
        nothing = float("nan")
        empty = [
            Faithfulness(one, nothing, nothing, nothing, nothing, nothing, 0, nothing) for one in methods
        ]
        return tuple(empty), (), tuple(findings)
    explained = {one: [attributions(asked, text, method=one) for text in chosen] for one in methods}
    random_area = _random_areas(asked, explained[methods[0]], seed)
    areas = {one: _areas(asked, explained[one], [_order(item) for item in explained[one]]) for one in methods}
    differences = np.column_stack([areas[one] - random_area for one in methods])
    found = mean_intervals(
        differences, [clusters[place] for place in usable], seed=derive_seed(seed, "faithfulness")
    )
    result = []
    for place, method in enumerate(methods):
        gaps = [abs(item.gap) for item in explained[method]]
        findings += [finding for item in explained[method] for finding in item.findings]
        result.append(
            Faithfulness(
                method,
                float(areas[method].mean()),
                float(random_area.mean()),
                float(found.estimate[place]),
                float(found.joint_lower[place]),
                float(found.joint_upper[place]),
                len(chosen),
                max(gaps),
            )
        )
    return tuple(result), tuple(explained[methods[0]][:SHOWN]), tuple(dict.fromkeys(findings))


def _random_areas(asked: Asked, items: Sequence[Attributions], seed: int) -> NDArray[np.float64]:
    import numpy as np

    areas = []
    for number in range(RANDOM_ORDERS):
        generator = np.random.default_rng(derive_seed(seed, "random order", number))
        orders = [generator.permutation(len(text_units(item.text))).tolist() for item in items]
        areas.append(_areas(asked, items, orders))
    mean: NDArray[np.float64] = np.mean(areas, axis=0)
    return mean


def _order(item: Attributions) -> list[int]:
    """Numbers of the words, those first that contribute most to the label."""
    values = [value for _, value in item.of_units()]
    return sorted(range(len(values)), key=lambda place: -values[place])


def _areas(
    asked: Asked, items: Sequence[Attributions], orders: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """The mean fall of the explained label's probability over the steps, of each text."""
    import numpy as np

    texts = []
    for item, order in zip(items, orders, strict=True):
        units = text_units(item.text)
        for step in range(1, STEPS + 1):
            count = max(1, round(step / STEPS * LARGEST_SHARE * len(units)))
            texts.append(without(item.text, [units[place] for place in order[:count]]))
    labels = np.repeat([asked.labels.index(item.label) for item in items], STEPS)
    after = asked.answers(texts).probability[np.arange(len(texts)), labels].reshape(-1, STEPS)
    before = np.array([item.probability for item in items])
    fall: NDArray[np.float64] = (before[:, None] - after).mean(axis=1)
    return fall
