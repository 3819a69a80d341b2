"""What a pretraining came to: held-out perplexity with its interval, speed, the curve of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.contracts import Finding, Interval
from headwinds.contracts.result import Result, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.adapt.pretraining.forecast import Speed
    from headwinds.adapt.pretraining.held_out import HeldOut
    from headwinds.adapt.pretraining.objectives.contract import Objective
    from headwinds.adapt.pretraining.token_store import TokenStore

FEWEST_CLUSTERS = 20
MOST_UNKNOWN = 0.01
MOST_EPOCHS = 4.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """How an objective's perplexity and its baseline are called, in a sentence and in a figure."""

    perplexity: str
    baseline: str
    level: str
    loss: str


_TOKENS = ("by the tokens' frequencies alone", "token frequencies alone", "loss (nats a token asked for)")
_ASKED = {
    "masked": _Asked("perplexity of covered tokens", *_TOKENS),
    "replaced": _Asked("perplexity of covered tokens", *_TOKENS),
    "causal": _Asked("perplexity", *_TOKENS),
    "spans": _Asked("perplexity", *_TOKENS),
    "contrastive": _Asked(
        "perplexity of a text's other part", "by guessing", "guessing", "loss (nats a text asked for)"
    ),
}


@dataclass(frozen=True, slots=True)
class PretrainReport(Result):
    """The report of a pretraining.

    Attributes
    ----------
    objective, architecture
        What was learnt, and by what.
    perplexity, baseline, ratio, detection
        See `HeldOut`; `detection` has NaN throughout where nothing was to be detected.
    held_out_documents, asked
        Documents of the test, and tokens (with "contrastive": texts) that were asked for in it.
    steps, tokens, epochs
        Steps, tokens trained on, and how often that is the text.
    parameters, vocabulary
        Trained numbers, and tokens of the tokenizer.
    curve
        Steps, and the mean training loss since the one before.
    speed
        Tokens a second, model-FLOPs utilisation, forecast and true seconds: of this machine, and no part of the model.
    findings
        What to weigh.
    """

    objective: str
    architecture: str
    perplexity: Interval
    baseline: Interval
    ratio: Interval
    detection: Interval
    held_out_documents: int
    asked: int
    steps: int
    tokens: int
    epochs: float
    parameters: int
    vocabulary: int
    curve: tuple[tuple[int, float], ...]
    speed: Mapping[str, float]
    findings: tuple[Finding, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a quantity: value and 95% bounds, NaN where there are none."""
        import pandas as pd

        nan = float("nan")
        measured = {
            "held_out_perplexity": self.perplexity,
            "baseline_perplexity": self.baseline,
            "ratio_to_baseline": self.ratio,
            "detection_loss": self.detection,
        }
        rows = [
            {"quantity": name, "value": item.value, "lower": item.lower, "upper": item.upper}
            for name, item in measured.items()
            if item.value == item.value
        ]
        plain = {
            "tokens": self.tokens,
            "steps": self.steps,
            "epochs": self.epochs,
            "parameters": self.parameters,
            "vocabulary": self.vocabulary,
            "held_out_documents": self.held_out_documents,
            **self.speed,
        }
        rows += [
            {"quantity": name, "value": float(value), "lower": nan, "upper": nan}
            for name, value in plain.items()
        ]
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """What was learnt from how much text, how well, how fast, and what to weigh."""
        asked = _ASKED[self.objective]
        lines = [
            f"{self.architecture}, objective {self.objective!r}: {self.parameters:,} parameters, {self.tokens:,} tokens in "
            f"{self.steps:,} steps ({self.epochs:.2g} times the text).",
            f"Held-out {asked.perplexity}: {_interval(self.perplexity)} over {self.held_out_documents:,} documents; "
            f"{asked.baseline} {_interval(self.baseline)}; ratio {_interval(self.ratio, 3)}.",
        ]
        if self.detection.value == self.detection.value:
            lines.append(
                f"Loss of telling put tokens from those that stood there: {_interval(self.detection, 3)}."
            )
        if self.speed:
            lines.append(
                f"{self.speed['tokens_a_second']:,.0f} tokens a second; {self.speed['utilisation']:.0%} of what the "
                f"processor multiplies at best ({self.speed['peak_gflops']:,.0f} GFLOP/s, measured)."
            )
        lines.append(
            "Perplexities of different tokenizers, objectives or masking shares cannot be compared with each other."
        )
        return "\n".join([*lines, *map(str, self.findings)])

    def plot(self) -> Figure:
        """The training loss over the steps, with the held-out loss and the baseline."""
        import math

        from headwinds.drawing.training_curve import draw_training_curve

        def logs(item: Interval) -> tuple[float, float, float]:
            return math.log(item.value), math.log(item.lower), math.log(item.upper)

        asked = _ASKED[self.objective]
        levels = {
            "held-out text, at the end": logs(self.perplexity),
            asked.level: logs(self.baseline),
        }
        steps, losses = [step for step, _ in self.curve], [loss for _, loss in self.curve]
        return draw_training_curve(steps, losses, levels, up=asked.loss)


def findings_of(
    found: HeldOut,
    store: TokenStore,
    objective: Objective,
    *,
    epochs: float,
    unread: tuple[Path, ...],
    new: tuple[str, ...],
) -> tuple[Finding, ...]:
    """What to weigh of the text, the tokenizer and the test."""
    findings = []
    if unread:
        names = ", ".join(path.name for path in unread[:3])
        findings.append(
            Finding(
                "W113",
                f"Files of the folders that are no text files and were not read ({len(unread):,}): {names}.",
            )
        )
    if store.empty:
        findings.append(Finding("W114", f"Rows or documents without a text were left out: {store.empty:,}."))
    if found.documents < FEWEST_CLUSTERS:
        findings.append(
            Finding(
                "W115",
                f"Documents of the test: {found.documents}; its interval is rough or undefined.",
                "Raise held_out_share or name more text.",
            )
        )
    if new:
        findings.append(
            Finding(
                "W116",
                f"The checkpoint had no output layer for this objective: {len(new)} weights of it were new, "
                "and its matrix is that of the embeddings.",
                "For an encoder of whole texts, objective = 'contrastive' needs none."
                if objective.name == "masked"
                else "",
            )
        )
    if short := store.shorter_than(objective.least_tokens):
        findings.append(
            Finding(
                "W118",
                f"Documents of fewer than {objective.least_tokens} tokens, which teach nothing here: "
                f"{short:,} of {store.documents:,}.",
                "Put texts that belong together into one document.",
            )
        )
    if store.unknown_share > MOST_UNKNOWN:
        findings.append(
            Finding(
                "W230",
                f"{store.unknown_share:.1%} of the tokens are unknown to the tokenizer.",
                "Raise vocabulary, or choose byte-bpe, which knows every character.",
            )
        )
    ratio = found.ratio
    if (
        not (ratio.upper if ratio.upper == ratio.upper else ratio.value) < 1
    ):  # W115 tells of too few documents
        findings.append(
            Finding(
                "W231",
                "On held-out text the model is not shown to beat what is known without reading: it has learnt no context.",
                "Train on more tokens, or lower or raise learning_rate.",
            )
        )
    if epochs > MOST_EPOCHS:
        findings.append(
            Finding(
                "W232",
                f"The text was read {epochs:.1f} times; what is gained beyond {MOST_EPOCHS:.0f} is small "
                "(Muennighoff et al. 2023).",
                "Add text, or train on fewer tokens.",
            )
        )
    return tuple(findings)


def speed_facts(speed: Speed, *, seconds: float, tokens: int, steps: int) -> dict[str, float]:
    """The facts of this machine, from the forecast and the run itself."""
    rate = tokens / seconds if seconds > 0 else float("nan")
    return {
        "tokens_a_second": rate,
        "utilisation": speed.step_operations / speed.step_tokens * rate / speed.peak,
        "forecast_seconds": steps * speed.step_seconds,
        "seconds": seconds,
        "forecast_tokens_a_second": speed.tokens_a_second,
        "mflop_a_token": speed.step_operations / speed.step_tokens / 1e6,
        "peak_gflops": speed.peak / 1e9,
    }


def _interval(item: Interval, digits: int = 1) -> str:
    if item.lower != item.lower:
        return f"{number(item.value, digits)} (interval not available)"
    return f"{number(item.value, digits)} [{number(item.lower, digits)}, {number(item.upper, digits)}]"
