"""A task that writes, whatever it writes: what differs is how rows are read and laid out, and how texts are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import lasting_name
from headwinds.adapt.evaluation.translation import chrf, chrf_counts
from headwinds.adapt.tasks.cells import BETWEEN
from headwinds.adapt.tasks.contract import Column, Mistake, Row
from headwinds.adapt.tasks.control import controls_kept, suited_classifier
from headwinds.adapt.tasks.written_examples import WrittenExamples, read_source_and_target
from headwinds.adapt.writing import Writing
from headwinds.adapt.written_encoding import Form, encode_read_and_written
from headwinds.errors import MismatchError, quoted

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.networks.generator import Generator
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

FAR = 40.0  # chrF below which a text is told as far from its reference
ROOM = 1.25  # times the longest target: how much is written at the most

Reader = Callable[[Sequence[Row], bool], WrittenExamples]
Layout = Callable[[WrittenExamples, "PreTrainedTokenizerBase", int, Form], "EncodedTexts"]
Judge = Callable[[Sequence[str], WrittenExamples, "NDArray[np.float64]"], "dict[str, NDArray[np.float64]]"]


def plain_layout(
    examples: WrittenExamples, tokenizer: PreTrainedTokenizerBase, max_tokens: int, form: Form
) -> EncodedTexts:
    """The text is read, the first reference is written."""
    return encode_read_and_written(
        tokenizer, examples.texts, examples.firsts(), examples.places, max_tokens=max_tokens, form=form
    )


def choices_of(settings: TuneSettings) -> tuple[str, ...]:
    """The texts of which one is written; none where anything may be."""
    return tuple(part.strip() for part in settings.choices.split(BETWEEN) if part.strip())


@dataclass(frozen=True, slots=True)
class TextWriter:
    """A task that writes texts.

    Attributes
    ----------
    output
        The column that is written, in rows and predictions.
    judge
        Metrics of texts for each weighting of the examples.
    layout, reader
        From examples to tokens, and from rows to examples.
    settled
        How texts are laid out for the checkpoint.
    """

    name: str
    summary: str
    columns: tuple[Column, ...]
    main_metric: str
    output: str
    judge: Judge
    layout: Layout = plain_layout
    reader: Reader | None = None
    form: Form = field(default_factory=Form)
    writes: bool = True
    classifies: bool = False

    def formed(self, form: Form) -> TextWriter:
        """See the contract."""
        return replace(self, form=form)

    def read(self, rows: Sequence[Row], *, labelled: bool) -> WrittenExamples:
        """See the contract."""
        if self.reader is not None:
            return self.reader(rows, labelled)
        return read_source_and_target(rows, self.output, labelled=labelled)

    def labels(self, examples: WrittenExamples) -> tuple[str, ...]:
        """The control codes, in the order of the alphabet; most tasks have none."""
        return tuple(sorted({code for own in examples.controls for code in own}))

    def check_labels(self, examples: WrittenExamples, labels: tuple[str, ...]) -> None:
        """Refuse control codes that training did not know."""
        for place, own in zip(examples.places, examples.controls, strict=False):
            unknown = [code for code in own if code not in labels]
            if unknown:
                raise MismatchError(
                    f"{place}: attribute {quoted(unknown[0])} does not occur in training.",
                    remedy=f"Known: {', '.join(labels)}.",
                )

    def asked(self, examples: WrittenExamples) -> WrittenExamples:
        """See the contract."""
        return replace(examples, references=((),) * len(examples.ids))

    def vocabulary_texts(self, examples: WrittenExamples, rows: NDArray[np.int64]) -> list[str]:
        """What is read and what is written."""
        return [text for row in rows.tolist() for text in (examples.texts[row], *examples.references[row])]

    def encode(
        self, examples: WrittenExamples, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int
    ) -> EncodedTexts:
        """See the contract."""
        return self.layout(examples, tokenizer, max_tokens, self.form)

    def network(self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings) -> Generator:
        """The checkpoint as it is."""
        from headwinds.adapt.networks.generator import Generator

        return Generator(encoder)

    def initialise(
        self,
        network: Any,
        examples: WrittenExamples,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """Nothing is new."""

    def targets(
        self,
        examples: WrittenExamples,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> float:
        """The share of label smoothing; what is to be written comes with the batches."""
        if settings.control_classifier:  # what cannot judge is told before the training
            suited_classifier(Path(settings.control_classifier), labels)
        return settings.label_smoothing

    def loss(self, outputs: torch.Tensor, batch: Batch, targets: float) -> torch.Tensor:
        """Mean over the tokens that are written."""
        return (1 - targets) * outputs[:, 0].mean() + targets * outputs[:, 1].mean()

    def loss_units(self, batch: Batch, targets: float) -> float:
        """Tokens that are written."""
        count = 0 if batch.written is None else int((batch.written >= 0).sum())
        return float(count + (0 if batch.learnt is None else int(batch.learnt.sum())))

    def score(
        self,
        outputs: Sequence[Any],
        examples: WrittenExamples,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
    ) -> float:
        """Mean log-probability of a token of the references."""
        import numpy as np

        total = np.asarray(outputs).sum(axis=0)
        return float(total[0] / total[1])

    def fit_decoder(
        self,
        outputs: Sequence[Any],
        examples: WrittenExamples,
        rows: NDArray[np.int64],
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        settings: TuneSettings,
    ) -> dict[str, Any]:
        """How the model writes, and what the validation examples say of its perplexity."""
        import numpy as np

        longest = max((len(tokens) for tokens in encoded.written or []), default=1)
        writing = Writing(
            beams=settings.beams,
            length_penalty=settings.length_penalty,
            temperature=settings.temperature,
            top_p=settings.top_p,
            min_new_tokens=settings.min_new_tokens,
            max_new_tokens=settings.max_new_tokens or max(int(ROOM * longest) + 1, settings.min_new_tokens),
            seed=settings.seed,
            choices=choices_of(settings),
            grammar=settings.grammar,
        )
        score = self.score(outputs, examples, rows, encoded, labels)
        found = {"writing": asdict(writing), "validation_perplexity": float(np.exp(-score))}
        if settings.control_classifier:
            found["control_classifier"] = lasting_name(settings.control_classifier)
        return found

    def decode(
        self,
        outputs: Sequence[Any],
        examples: WrittenExamples,
        encoded: EncodedTexts,
        labels: tuple[str, ...],
        decoder: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """The text, its number of tokens, and whether it came to its end before `max_new_tokens`."""
        self.check_labels(examples, labels)
        found = [{self.output: one.text, "tokens": one.tokens, "ended": one.ended} for one in outputs]
        kept = controls_kept([one.text for one in outputs], examples.controls, decoder)
        if kept is None:
            return found
        return [{**item, "control_kept": one} for item, one in zip(found, kept, strict=True)]

    def weighed(self, examples: WrittenExamples, likelihoods: NDArray[np.float64]) -> WrittenExamples:
        """See the contract."""
        return replace(examples, likelihood=likelihoods)

    def metrics(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: WrittenExamples,
        labels: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> dict[str, NDArray[np.float64]]:
        """What the judge says, and the perplexity of the references' tokens."""
        import numpy as np

        found = self.judge([item[self.output] for item in predictions], examples, weights)
        if examples.likelihood is not None:
            total = weights @ examples.likelihood
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(total[:, 1] > 0, total[:, 0] / total[:, 1], np.nan)
            found["log_probability_of_a_token"], found["perplexity"] = mean, np.exp(-mean)
        if predictions and "control_kept" in predictions[0]:
            kept = np.array([item["control_kept"] for item in predictions], dtype=float)
            found["control_accuracy"] = weights @ kept / weights.sum(axis=1)
        ended = np.array([item["ended"] for item in predictions], dtype=float)
        found["share_that_ended"] = weights @ ended / weights.sum(axis=1)
        return found

    def mistakes(
        self,
        predictions: Sequence[Mapping[str, Any]],
        examples: WrittenExamples,
        labels: tuple[str, ...],
    ) -> list[Mistake]:
        """Texts that are far from every reference: a chrF below 40."""
        import numpy as np

        texts = [item[self.output] for item in predictions]
        scores = chrf(chrf_counts(texts, examples.references), np.eye(len(texts)))
        return [
            Mistake(row, examples.references[row][0], texts[row], float(100 - score) / 100)
            for row, score in enumerate(scores)
            if not score >= FAR
        ]
