"""Why a classifier gave a label to a text: what each piece of the text contributes, by characters of the text as it came."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

from headwinds.adapt.audit.answers import Asked, ask, classifies
from headwinds.adapt.audit.gradients import integrated_gradients
from headwinds.adapt.audit.occlusion import occlusion
from headwinds.adapt.audit.text_units import covering, text_units
from headwinds.contracts import Finding
from headwinds.contracts.result import Result, number, paragraphs
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headwinds.adapt.fitted_model import FittedModel

ExplanationMethod = Literal["integrated-gradients", "occlusion"]
METHODS: tuple[ExplanationMethod, ...] = ("integrated-gradients", "occlusion")
DRAWN = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `start` up to `end` of a text, and what they contribute to the log-odds of the label."""

    start: int
    end: int
    value: float


@dataclass(frozen=True, slots=True)
class Attributions(Result):
    """What the pieces of a text contribute to a label.

    Attributes
    ----------
    text, label, method
        What was explained, and how.
    probability
        Of the label, as the model predicts it.
    output, baseline
        Log-odds of the label, and, by integrated gradients, of a text of padding; else NaN.
    gap
        By integrated gradients, how far the pieces are from adding up to the difference of these; else NaN.
    pieces
        In the order of the text; they do not overlap. What is between them contributes nothing.
    findings
        What to weigh.
    """

    text: str
    label: str
    method: str
    probability: float
    output: float
    baseline: float
    gap: float
    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One row a piece: start, end, text, value."""
        import pandas as pd

        rows = [(one.start, one.end, self.text[one.start : one.end], one.value) for one in self.pieces]
        return pd.DataFrame(rows, columns=["start", "end", "text", "value"])

    def of_units(self) -> list[tuple[tuple[int, int], float]]:
        """The same by words (see `text_units`): a piece belongs to the word it begins in, or to the nearest one before."""
        units = text_units(self.text)
        totals = [0.0] * len(units)
        for piece in self.pieces:
            inside = [n for n, (start, end) in enumerate(units) if start < piece.end and piece.start < end]
            before = [n for n, (start, _) in enumerate(units) if start <= piece.start]
            chosen = inside or before[-1:] or list(range(min(1, len(units))))
            for place in chosen:
                totals[place] += piece.value / len(chosen)
        return list(zip(units, totals, strict=True))

    def summary(self) -> str:
        """What contributes most, and whether the contributions add up."""
        ordered = sorted(self.of_units(), key=lambda one: -one[1])
        raising = [f"{self.text[a:b]} ({value:+.2f})" for (a, b), value in ordered[:5] if value > 0]
        lowering = [f"{self.text[a:b]} ({value:+.2f})" for (a, b), value in ordered[::-1][:5] if value < 0]
        lines = [
            f"Label {self.label}: probability {self.probability:.3f}, log-odds {self.output:.2f}; by {self.method}.",
            f"For it: {', '.join(raising) or 'nothing'}.",
            f"Against it: {', '.join(lowering) or 'nothing'}.",
        ]
        if self.baseline == self.baseline:
            lines.append(
                f"The contributions add up to log-odds minus those of a text of padding ({number(self.baseline, 2)}), "
                f"within {abs(self.gap):.4f}."
            )
        return "\n".join([*lines, *(str(finding) for finding in self.findings)])

    def to_html(self, *, digits: int = 3) -> str:
        """The text with its words marked: blue for the label, orange against it; every text is escaped."""
        return f"<div>{paragraphs(self.summary())}<blockquote>{self.marked(digits=digits)}</blockquote></div>"

    def marked(self, *, digits: int = 2) -> str:
        """The text alone, with ``mark`` around its words; the strength of a colour is the size of the contribution."""
        most = max((abs(value) for _, value in self.of_units()), default=0.0)
        parts, before = [], 0
        for (start, end), value in self.of_units():
            strength = abs(value) / most if most > 0 else 0.0
            parts.append(escape(self.text[before:start]))
            word = escape(self.text[start:end])
            if strength < 0.05:
                parts.append(word)
            else:
                colour = "0 114 178" if value > 0 else "213 94 0"
                parts.append(
                    f'<mark style="background:rgb({colour} / {0.08 + 0.5 * strength:.2f});color:inherit" '
                    f'title="{value:+.{digits}f}">{word}</mark>'
                )
            before = end
        return "".join([*parts, escape(self.text[before:])])

    def plot(self) -> Figure:
        """The words that contribute most, as bars in the order of the text."""
        from headwinds.drawing.contributions import draw_contributions

        found = self.of_units()
        strongest = sorted(range(len(found)), key=lambda place: -abs(found[place][1]))[:DRAWN]
        shown = [found[place] for place in sorted(strongest)]
        return draw_contributions(
            [self.text[start:end] for (start, end), _ in shown],
            [value for _, value in shown],
            axis=f"contribution to the log-odds of {self.label}",
        )


def attributions(
    model: FittedModel | Asked,
    text: str,
    label: str | None = None,
    *,
    method: ExplanationMethod = "integrated-gradients",
) -> Attributions:
    """What the pieces of a text contribute to a label of a text classifier.

    Parameters
    ----------
    model
        From `headwinds.load_model`; from `audit.answers.ask` where many texts are explained.
    label
        One of the model's labels; None takes the likeliest.
    method
        "integrated-gradients", whose pieces are tokens and add up; or "occlusion", which leaves words out one by one and
        works with any text classifier.

    Raises
    ------
    MismatchError, SettingsError
        The model does not classify single texts, the label or the method is unknown, the text is empty.
    """
    asked = model if isinstance(model, Asked) else ask(model)
    fitted = asked.model
    if not classifies(fitted):
        raise MismatchError(
            f"The model does {fitted.task.name}; explanations are of text-classification.",
            remedy="Name a text classifier.",
        )
    if method not in METHODS:
        raise SettingsError(f"method = {method!r} is unknown.", remedy=f"Choose one of {', '.join(METHODS)}.")
    if not text_units(text):
        raise SettingsError("The text has no word to explain.", remedy="Give a text with words.")
    probability = asked.answers([text]).probability[0]
    if label is None:
        label = asked.labels[int(probability.argmax())]
    if label not in asked.labels:
        raise SettingsError(
            f"The model has no label {label!r}.", remedy=f"Its labels: {', '.join(asked.labels)}."
        )
    place = asked.labels.index(label)
    share, nothing = float(probability[place]), float("nan")
    if method == "occlusion":
        pieces, values, output = occlusion(asked, text, place)
        return Attributions(
            text, label, method, share, output, nothing, nothing, _pieces(text, pieces, values)
        )
    found = integrated_gradients(fitted, text, place)
    findings = (
        () if found.complete else (_incomplete(found.gap, found.output - found.baseline, found.points),)
    )
    return Attributions(
        text,
        label,
        method,
        share,
        found.output,
        found.baseline,
        found.gap,
        _pieces(text, found.offsets, found.values),
        findings,
    )


def _pieces(text: str, offsets: object, values: object) -> tuple[Piece, ...]:
    """Stretches that overlap (bytes of one character, a letter and its mark) become one, with their values added."""
    found: list[Piece] = []
    for (start, end), value in sorted(zip(offsets, values, strict=True)):  # type: ignore[call-overload]
        first, last = covering(text, start, end)
        if found and first < found[-1].end:
            before = found.pop()
            found.append(Piece(before.start, max(before.end, last), before.value + value))
        else:
            found.append(Piece(first, last, float(value)))
    return tuple(found)


def _incomplete(gap: float, difference: float, points: int) -> Finding:
    return Finding(
        "W260",
        f"The attributions miss what they must add up to ({difference:.3f}) by {gap:+.3f}, with {points} points.",
        "Read them as rough, or use occlusion.",
    )
