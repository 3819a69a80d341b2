"""Zero-shot: no label is learnt from; a text gets the labels whose descriptions its embedding is nearest to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Optimised
from headwinds.adapt.methods.learning_rates import with_learning_rates
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.methods.contract import Adapter, Fitting
    from headwinds.adapt.settings import TuneSettings

SCALE = 20.0  # of cosines, before they are logits
NEAREST = 0.1  # the share of texts that are given a label, where a text may have any number


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """The head's weights are the embeddings of the codebook's definitions.

    Nothing is calibrated, as nothing is known: where a text may have any number of labels, each is given to the tenth of
    the training file's texts that are nearest to its description. Labelled examples are what mends that.

    A checkpoint that tells entailment (a classifier with an output of that name) is asked whether a text entails what the
    codebook says of a label; a label of several is then given from a probability of one half.
    """

    name: str = "zero-shot"
    summary: str = (
        "no labels are needed: texts get the labels whose descriptions in a codebook they are nearest to"
    )
    validates: bool = False
    learns: bool = False

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """Texts are pooled to vectors of length 1."""
        if chosen.task != "text-classification":
            raise SettingsError(
                f"method 'zero-shot' compares texts with descriptions of labels; task {chosen.task!r} has none.",
                remedy="Choose full or lora, with labelled examples.",
            )
        return replace(with_learning_rates(chosen, 1.0), pooling="normalised-mean", head_dropout=0.0)

    def optimise(self, fitting: Fitting) -> Optimised:
        """Nothing is trained: descriptions and texts are embedded."""
        import numpy as np
        import torch

        from headwinds.adapt.encoding import encode_texts
        from headwinds.adapt.prediction import make_predictor, predict_outputs
        from headwinds.adapt.prompts.forms import prompted
        from headwinds.adapt.training.state import Position

        data, network = fitting.data, fitting.network
        if prompted(fitting.task):  # by entailment, which is a probability already
            memory = dict(fitting.task.memory)  # type: ignore[attr-defined]
            if not data.examples.several:
                return Optimised(Position(finished=True), decoder={"temperature": 1.0, "prompt": memory})
            even = {"slope": 1.0, "intercept": 0.0, "threshold": 0.5}
            found = {name: [value] * len(data.labels) for name, value in even.items()}
            return Optimised(Position(finished=True), decoder={**found, "prompt": memory})
        head = network.head
        network.head = torch.nn.Identity()
        predictor = make_predictor(
            network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
        )
        descriptions = encode_texts(fitting.tokenizer, data.descriptions, max_tokens=fitting.max_tokens)
        vectors = np.array(predict_outputs(predictor, descriptions), dtype=np.float64)
        network.head = head
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(SCALE * vectors))
            head.bias.zero_()
        if not data.examples.several:
            return Optimised(Position(finished=True), decoder={"temperature": 1.0})
        logits = np.array(predict_outputs(predictor, fitting.encoded, data.training), dtype=np.float64)
        cut = np.quantile(logits, 1 - NEAREST, axis=0)
        labels = len(data.labels)
        decoder = {"slope": [1.0] * labels, "intercept": (-cut).tolist(), "threshold": [0.5] * labels}
        return Optimised(Position(finished=True), decoder=decoder)

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None
