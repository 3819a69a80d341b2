"""Few-shot: the encoder learns from contrasts between a handful of examples a class, a linear layer from its embeddings.

The idea of contrastive tuning before a linear head is that of SetFit (Tunstall et al. 2022); the loss is supervised
contrastive (Khosla et al. 2020), by which every pair of a batch counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Optimised
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.methods.contract import Adapter, Fitting
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch
    from headwinds.adapt.training.state import Position

LEARNING_RATE = 1e-4
TEMPERATURE = 0.07
BATCH_TEXTS = 64
TOGETHER = 4
LEAST_BATCHES = 10  # an epoch
HEAD_PENALTY = 10.0  # scikit-learn's C
HELD_OUT_PARTS = 4


@dataclass(frozen=True, slots=True)
class FewShot:
    """For 2 to 64 examples a class; no validation examples are set aside, and the number of epochs is as set."""

    name: str = "few-shot"
    summary: str = (
        "contrasts between a handful of examples a class, then a linear layer; for 2 to 64 examples a class"
    )
    validates: bool = False
    learns: bool = True

    def settings(self, chosen: TuneSettings, layers: int) -> TuneSettings:
        """The encoder is trained whole, without averaging; texts are pooled to vectors of length 1."""
        if chosen.task != "text-classification":
            raise SettingsError(
                f"method 'few-shot' contrasts classes of texts; task {chosen.task!r} has none.",
                remedy="Choose full or lora.",
            )
        rate = chosen.learning_rate or LEARNING_RATE
        return replace(
            chosen,
            learning_rate=rate,
            pooling="normalised-mean",
            average_decay=0.0,
            head_dropout=0.0,
            frozen_layers=0,
        )

    def optimise(self, fitting: Fitting) -> Optimised:
        """See the contract."""
        import numpy as np
        import torch

        from headwinds.adapt.prediction import make_predictor, predict_outputs
        from headwinds.adapt.tasks.text_classification import truth_of

        data, network = fitting.data, fitting.network
        truth = truth_of(data.examples, data.labels)
        _, classes = np.unique(truth, axis=0, return_inverse=True)
        position = _contrast(fitting, classes.reshape(-1))
        predictor = make_predictor(
            network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
        )
        network.head, head = torch.nn.Identity(), network.head
        vectors = np.array(predict_outputs(predictor, fitting.encoded, data.training), dtype=np.float64)
        network.head = head
        known, several = truth[data.training] > 0, data.examples.several
        weight, bias = fit_linear_head(vectors, known, several=several)
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(weight))
            head.bias.copy_(torch.from_numpy(bias))
        if len(data.validation) and not np.array_equal(data.validation, data.training):
            return Optimised(position)
        seed = derive_seed(fitting.settings.seed, "held out")
        return Optimised(position, held_out_outputs(vectors, known, several=several, seed=seed))

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None


def fit_linear_head(
    vectors: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (labels, width), biases (labels,) by penalised logistic regression, multinomial for one label of several."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    labels, width = truth.shape[1], vectors.shape[1]
    if several:
        weight, bias = np.zeros((labels, width)), np.zeros(labels)
        for label in range(labels):
            if truth[:, label].all() or not truth[:, label].any():
                bias[label] = 5.0 if truth[:, label].any() else -5.0
                continue
            model = LogisticRegression(C=HEAD_PENALTY, max_iter=2000).fit(vectors, truth[:, label])
            weight[label], bias[label] = model.coef_[0], model.intercept_[0]
        return weight, bias
    model = LogisticRegression(C=HEAD_PENALTY, max_iter=2000).fit(vectors, truth.argmax(axis=1))
    weight, bias = np.zeros((labels, width)), np.full(labels, -20.0)
    if len(model.classes_) == 2:  # one vector for both: half to each
        weight[model.classes_] = np.vstack([-model.coef_[0], model.coef_[0]]) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
        return weight, bias
    weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weight, bias


def held_out_outputs(
    vectors: NDArray[np.float64], truth: NDArray[np.bool_], *, several: bool, seed: int
) -> list[NDArray[np.float64]]:
    """Outputs of each training example by a head that did not see it; the encoder did, so they are somewhat too sure."""
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(vectors))
    part = np.empty(len(vectors), dtype=np.int64)
    classes = truth.argmax(axis=1)
    for name in np.unique(classes):  # every class is spread over the parts
        own = order[classes[order] == name]
        part[own] = np.arange(len(own)) % HELD_OUT_PARTS
    outputs = np.zeros(truth.shape)
    for number in range(HELD_OUT_PARTS):
        out = part == number
        if not out.any() or len(np.unique(classes[~out])) < 2:
            out = np.ones(len(part), dtype=bool) if number == 0 else out
            kept = np.ones(len(part), dtype=bool)
        else:
            kept = ~out
        weight, bias = fit_linear_head(vectors[kept], truth[kept], several=several)
        outputs[out] = vectors[out] @ weight.T + bias
    return list(outputs)


def _contrast(fitting: Fitting, classes: NDArray[np.int64]) -> Position:
    import numpy as np
    import torch

    from headwinds.adapt.training.contrastive import Embedder, plan_class_batches, supervised_contrastive_loss
    from headwinds.adapt.training.loop import TrainingData, train
    from headwinds.adapt.training.progress import watch

    data, settings = fitting.data, fitting.settings
    sizes = np.bincount(classes[data.training])
    if (sizes > 1).sum() < 1 or (sizes > 0).sum() < 2:
        raise DataError(
            "Contrasts need at least two classes, one of them with two examples.", remedy="Label a few more."
        )
    module = Embedder(fitting.network.encoder)
    parameters = {name: value for name, value in module.named_parameters() if "pooler" not in name}
    numbers = torch.from_numpy(classes)

    def loss(embeddings: torch.Tensor, batch: Batch) -> torch.Tensor:
        return supervised_contrastive_loss(embeddings, numbers[batch.rows], temperature=TEMPERATURE)

    batches = max(LEAST_BATCHES, len(data.training) // BATCH_TEXTS)
    plans = [
        plan_class_batches(
            classes,
            data.training,
            batch_texts=BATCH_TEXTS,
            together=TOGETHER,
            batches=batches,
            generator=np.random.default_rng(derive_seed(settings.seed, "contrasts", epoch)),
        )
        for epoch in range(settings.epochs)
    ]
    padding = int(fitting.tokenizer.pad_token_id or 0)
    training = TrainingData(fitting.encoded, loss, data.training, padding, data.examples.ids)
    with watch(fitting.title, batches * settings.epochs, quiet=fitting.quiet) as progress:
        return train(
            module,
            module,
            parameters,
            plans,
            training,
            None,
            settings,
            precision=fitting.precision,
            state_path=fitting.scratch / "state",
            progress=progress,
        )
