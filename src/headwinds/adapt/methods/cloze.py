"""Cloze: a text in a pattern with a gap, and words that stand for labels (Schick, Schuetze 2021; Gao, Fisch, Chen 2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Optimised
from headwinds.adapt.methods.learning_rates import with_learning_rates
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.methods.contract import Adapter, Fitting
    from headwinds.adapt.settings import TuneSettings

LEARNING_RATE = 1e-4
CONTENT_FREE = ("N/A", "nothing", "...")


@dataclass(frozen=True, slots=True)
class Cloze:
    """The checkpoint's own output layer answers; nothing is new, so that few examples, or none, are enough.

    With `learns` the model is tuned on labelled examples through that layer; without it nothing is trained.
    """

    name: str = "cloze"
    summary: str = (
        "a gap in a pattern is filled with words that stand for labels; with examples, or with none"
    )
    validates: bool = True
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """All weights are trained, in float32."""
        require_one_label_task(chosen)
        return replace(
            with_learning_rates(chosen, LEARNING_RATE),
            precision="float32",
            scoring_precision="auto",
        )

    def optimise(self, fitting: Fitting) -> Optimised:
        """Choose the words, measure what the pattern alone says, and train if there are labels."""
        import torch

        from headwinds.adapt.networks.text import trainable_parameters
        from headwinds.adapt.prompts.verbaliser import word_tokens
        from headwinds.adapt.training.by_gradient import optimise_by_gradient
        from headwinds.adapt.training.state import Position

        task: Any = fitting.task
        network, settings = fitting.network, fitting.settings
        require_one_label(fitting)
        spaced = task.parts(pairs=fitting.data.examples.seconds is not None).spaced
        words = self._words(fitting, spaced=spaced)
        fitting.task.memory["words"] = {name: list(own) for name, own in words.items()}  # type: ignore[attr-defined]
        network.head_words.copy_(torch.from_numpy(word_tokens(words, fitting.tokenizer, spaced=spaced)))
        if settings.calibrate_content_free:
            network.head_offset.copy_(torch.from_numpy(_what_the_pattern_says(fitting)))
        if not self.learns:
            return Optimised(
                Position(finished=True), decoder={"temperature": 1.0, "prompt": dict(task.memory)}
            )
        trained = trainable_parameters(network, frozen_layers=settings.frozen_layers)
        return optimise_by_gradient(fitting, trained)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the model is saved whole."""
        return None

    def _words(self, fitting: Fitting, *, spaced: bool) -> dict[str, tuple[str, ...]]:
        from headwinds.adapt.prompts import verbaliser

        data, wanted = fitting.data, fitting.settings.verbaliser
        if wanted and wanted != verbaliser.SEARCH:
            return verbaliser.read_verbaliser(wanted, data.labels)
        if not wanted and data.words and all(data.words):
            return dict(zip(data.labels, data.words, strict=True))
        if not wanted:
            names = verbaliser.names_as_words(data.labels, fitting.tokenizer, spaced=spaced)
            if names is not None:
                return names
        if not self.learns:
            raise SettingsError(
                "No words stand for the labels: they are not one token each of this checkpoint, and without labelled "
                "examples none can be searched for.",
                remedy='Set verbaliser = "label=word; ..." or give the codebook a column of words.',
            )
        import numpy as np

        from headwinds.adapt.tasks.text_classification import truth_of

        classes = truth_of(data.examples, data.labels).argmax(axis=1)
        return verbaliser.search_words(
            _vocabulary_by_label(fitting, classes),
            np.bincount(classes[data.training], minlength=len(data.labels)),
            data.labels,
            fitting.tokenizer,
            words=fitting.settings.verbaliser_words,
            spaced=spaced,
        )


def require_one_label_task(chosen: TuneSettings) -> None:
    """Refuse tasks whose labels are not of whole texts.

    Raises
    ------
    SettingsError
        The task is another one.
    """
    if chosen.task != "text-classification":
        raise SettingsError(
            f"method {chosen.method!r} cannot be used with {chosen.task}: it asks a model for the label of a text.",
            remedy="Choose full or lora.",
        )


def require_one_label(fitting: Fitting) -> None:
    """Refuse texts with any number of labels.

    Raises
    ------
    SettingsError
        There are.
    """
    if fitting.data.examples.several:
        raise SettingsError(
            f"method {fitting.settings.method!r} gives each text one label, and this file has a column labels.",
            remedy="Choose full, few-shot or zero-shot, or give one label a text in a column label.",
        )


def _what_the_pattern_says(fitting: Fitting) -> NDArray[np.float32]:
    """Log of the labels' mean probability where the text says nothing (contextual calibration; Zhao et al. 2021)."""
    import numpy as np
    from scipy.special import softmax

    from headwinds.adapt.prediction import make_predictor, predict_outputs
    from headwinds.adapt.tasks.contract import Row

    pairs = fitting.data.examples.seconds is not None
    rows = [
        Row(f"content-free text {text!r}", {"text": text, **({"text_b": text} if pairs else {})})
        for text in CONTENT_FREE
    ]
    task = fitting.task
    encoded = task.encode(task.read(rows, labelled=False), fitting.tokenizer, max_tokens=fitting.max_tokens)
    predictor = make_predictor(
        fitting.network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
    )
    logits = np.array(predict_outputs(predictor, encoded), dtype=np.float64)
    found = np.log(softmax(logits, axis=1).mean(axis=0))
    centred: NDArray[np.float32] = (found - found.mean()).astype(np.float32)
    return centred


def _vocabulary_by_label(fitting: Fitting, classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log-probabilities of all words in the gaps of the training texts, summed by label, shape (labels, vocabulary).

    Kept text by text they would take gigabytes for ten thousand texts.
    """
    import torch

    from headwinds.adapt.training.batches import collate, plan_batches

    data, encoded = fitting.data, fitting.encoded
    found: torch.Tensor | None = None
    fitting.network.eval()
    with torch.inference_mode():
        for chosen in plan_batches(encoded, data.training, batch_tokens=2048):
            batch = collate(encoded, chosen, padding_id=int(fitting.tokenizer.pad_token_id or 0))
            values = fitting.network.vocabulary(batch).double()
            if found is None:
                found = values.new_zeros(len(data.labels), values.shape[1])
            found.index_add_(0, torch.from_numpy(classes[chosen]), values)
    if found is None:
        raise ValueError("no training rows")
    sums: NDArray[np.float64] = found.numpy()
    return sums
