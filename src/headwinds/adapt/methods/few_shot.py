"""Few-shot: the encoder learns from contrasts between a handful of examples a class, a linear layer from its embeddings.

The idea of contrastive tuning before a linear head is that of SetFit (Tunstall et al. 2022); the loss is supervised
contrastive (Khosla et al. 2020), by which every pair of a batch counts. How much of the tuning is taken, and how strongly
the head is penalised, is judged by examples that neither saw (`tuned_share`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.methods.contract import Optimised
from headwinds.adapt.methods.learning_rates import with_learning_rates
from headwinds.adapt.methods.linear_head import fit_linear_head
from headwinds.adapt.methods.tuned_share import ALIKE, Trial, choose_share, judging_parts
from headwinds.adapt.training.state import Position
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from headwinds.adapt.methods.contract import Adapter, Fitting
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.training.batches import Batch

    Weights = dict[str, torch.Tensor]

LEARNING_RATE = 1e-4
TEMPERATURE = 0.07
BATCH_TEXTS = 64
TOGETHER = 4
LEAST_BATCHES = 10  # an epoch


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
        """Every layer is trained, without averaging; texts are pooled to vectors of length 1.

        The embeddings stay as they are: of most words a handful of examples says nothing.
        """
        if chosen.task != "text-classification":
            raise SettingsError(
                f"method 'few-shot' contrasts classes of texts; task {chosen.task!r} has none.",
                remedy="Choose full or lora.",
            )
        return replace(
            with_learning_rates(chosen, LEARNING_RATE),
            pooling="normalised-mean",
            average_decay=0.0,
            head_dropout=0.0,
            frozen_layers=0,
        )

    def optimise(self, fitting: Fitting) -> Optimised:
        """Choose how much of the tuning is taken; tune on all training examples where any is; fit the head."""
        import numpy as np
        import torch

        from headwinds.adapt.tasks.text_classification import truth_of

        data, network = fitting.data, fitting.network
        apart = len(data.validation) > 0 and not np.array_equal(data.validation, data.training)
        rows = np.concatenate([data.training, data.validation]) if apart else data.training
        learning = np.arange(len(data.training))
        truth, several = truth_of(data.examples, data.labels)[rows] > 0, data.examples.several
        classes = np.unique(truth, axis=0, return_inverse=True)[1].reshape(-1)
        if not _has_contrasts(classes[learning]):
            raise DataError(
                "Contrasts need at least two classes, one of them with two examples.",
                remedy="Label a few more.",
            )
        start, given = _copy(network.encoder), _embed(fitting, rows)
        position: Position | None = None
        trials: list[Trial] = []
        if apart:
            position = _contrast(fitting, rows[learning], classes[learning], "state")
            line = _line(fitting, rows, start, _copy(network.encoder), given)
            trials.append(Trial(learning, np.arange(len(learning), len(rows)), line))
        else:
            parts = judging_parts(classes, seed=derive_seed(fitting.settings.seed, "held out"))
            line = _line(fitting, rows, start, start, given)
            for part in np.unique(parts):
                kept, judged = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
                own = line
                if _has_contrasts(classes[kept]):
                    _set(network.encoder, start)
                    _contrast(fitting, rows[kept], classes[kept], f"state-{part}", whole=classes)
                    own = _line(fitting, rows, start, _copy(network.encoder), given)
                trials.append(Trial(kept, judged, own))
        # A file for validation judges the encoder that is taken, and not one that saw a part of the examples.
        choice = choose_share(trials, truth, several=several, alike=0.0 if apart else ALIKE)
        if not apart and choice.share > 0:
            _set(network.encoder, start)
            position = _contrast(fitting, rows, classes, "state")
            line = _line(fitting, rows, start, _copy(network.encoder), given)
        vectors = line(choice.share)[learning]
        if choice.share == 0:
            _set(network.encoder, start)
        weight, bias = fit_linear_head(
            vectors, truth[learning], several=several, inverse_penalty=choice.inverse_penalty
        )
        with torch.no_grad():
            network.head.weight.copy_(torch.from_numpy(weight))
            network.head.bias.copy_(torch.from_numpy(bias))
        position = replace(position or Position(finished=True), best_score=choice.score)
        outputs = None if apart else list(choice.outputs[np.argsort(choice.judged)])
        return Optimised(position, outputs, chosen=choice.facts())

    def finish(self, network: Any, settings: TuneSettings) -> Adapter | None:
        """Nothing is to be done: the encoder is saved whole."""
        return None


def _has_contrasts(classes: NDArray[np.int64]) -> bool:
    import numpy as np

    sizes = np.bincount(classes)
    return bool((sizes > 1).any() and (sizes > 0).sum() > 1)


def _copy(encoder: torch.nn.Module) -> Weights:
    return {name: value.detach().clone() for name, value in encoder.named_parameters()}


def _set(encoder: torch.nn.Module, weights: Weights) -> None:
    import torch

    with torch.no_grad():
        for name, value in encoder.named_parameters():
            value.copy_(weights[name])


def _embed(fitting: Fitting, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the head will be given by the encoder as it now is, shape (rows, width)."""
    import numpy as np
    import torch

    from headwinds.adapt.prediction import make_predictor, predict_outputs

    network = fitting.network
    predictor = make_predictor(
        network, fitting.tokenizer, max_tokens=fitting.max_tokens, precision=fitting.precision
    )
    network.head, head = torch.nn.Identity(), network.head
    vectors = np.array(predict_outputs(predictor, fitting.encoded, rows), dtype=np.float64)
    network.head = head
    return vectors


def _line(
    fitting: Fitting, rows: NDArray[np.int64], start: Weights, end: Weights, given: NDArray[np.float64]
) -> Callable[[float], NDArray[np.float64]]:
    """Embeddings of `rows` by the share of the way from `start` to `end`; leaves the encoder there."""
    import torch

    def embed(share: float) -> NDArray[np.float64]:
        if share == 0 or end is start:
            return given
        mixed = {name: torch.lerp(start[name], end[name], share) for name in start}
        _set(fitting.network.encoder, mixed)
        return _embed(fitting, rows)

    return embed


def _contrast(
    fitting: Fitting,
    rows: NDArray[np.int64],
    classes: NDArray[np.int64],
    state: str,
    *,
    whole: NDArray[np.int64] | None = None,
) -> Position:
    """Tune the encoder on `rows`, of `classes`; of a part of a `whole` each example is seen as often as with all."""
    import numpy as np
    import torch

    from headwinds.adapt.networks.text import trainable_parameters
    from headwinds.adapt.training.contrastive import Embedder, plan_class_batches, supervised_contrastive_loss
    from headwinds.adapt.training.loop import TrainingData, train
    from headwinds.adapt.training.progress import watch

    settings = fitting.settings
    module = Embedder(fitting.network.encoder)
    found = trainable_parameters(fitting.network, frozen_layers=settings.frozen_layers)
    parameters = {name: value for name, value in found.items() if name.startswith("encoder.")}
    numbers = torch.zeros(len(fitting.encoded), dtype=torch.int64)
    numbers[torch.from_numpy(rows)] = torch.from_numpy(classes)

    def loss(embeddings: torch.Tensor, batch: Batch) -> torch.Tensor:
        return supervised_contrastive_loss(embeddings, numbers[batch.rows], temperature=TEMPERATURE)

    batches = _batches(classes if whole is None else whole)
    if whole is not None:
        share = len(rows) / len(whole) * _together(whole) / _together(classes)
        batches = max(1, round(batches * share))
    batches *= settings.epochs
    plan = plan_class_batches(
        numbers.numpy(),
        rows,
        batch_texts=BATCH_TEXTS,
        together=TOGETHER,
        batches=batches,
        generator=np.random.default_rng(derive_seed(settings.seed, "contrasts")),
    )
    padding = int(fitting.tokenizer.pad_token_id or 0)
    training = TrainingData(fitting.encoded, loss, rows, padding, fitting.data.examples.ids)
    title = fitting.title if whole is None else f"{fitting.title}, judging"
    with watch(title, batches, quiet=fitting.quiet) as progress:
        return train(
            module,
            module,
            parameters,
            [plan],  # nothing is looked at between epochs, and a state is larger than an epoch is long
            training,
            None,
            replace(settings, epochs=1),
            precision=fitting.precision,
            state_path=fitting.scratch / state,
            progress=progress,
        )


def _batches(classes: NDArray[np.int64]) -> int:
    """Of an epoch, in which each example of classes of one size is seen once, or more often where there are few."""
    return max(LEAST_BATCHES, -(-len(classes) // _together(classes)))


def _together(classes: NDArray[np.int64]) -> int:
    """Texts of a batch."""
    import numpy as np

    return min(BATCH_TEXTS, int(np.minimum(np.bincount(classes), TOGETHER).sum()))
