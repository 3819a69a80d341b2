"""Text classification by a checkpoint's own classifier: what an imported model does, with the logits that it came with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwinds.adapt.checkpoints import Checkpoint, quiet_transformers, why_not_loaded
from headwinds.adapt.tasks.text_classification import LabelledText, TextClassification
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from headwinds.adapt.networks.own_head import OwnHead
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task


@dataclass(frozen=True, slots=True)
class OwnHeadClassification(TextClassification):
    """The whole checkpoint with its classifier, not the encoder alone."""

    def load(self, checkpoint: Checkpoint, *, dropout: float = 0.0) -> PreTrainedModel:
        """Load it in float32; its dropout stays what it is, is never on here, and is switched off where it is trained on.

        Raises
        ------
        CheckpointError
            Its weights cannot be loaded, or lack some of the classifier's.
        """
        from transformers import AutoModelForSequenceClassification

        try:
            with quiet_transformers():
                model, report = AutoModelForSequenceClassification.from_pretrained(
                    str(checkpoint.folder),
                    local_files_only=True,
                    trust_remote_code=False,
                    use_safetensors=True,
                    dtype="float32",
                    output_loading_info=True,
                )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise CheckpointError(
                f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} cannot be loaded: {why_not_loaded(error)}"
            ) from error
        missing = sorted(report["missing_keys"])
        if missing:  # the library would draw them at random
            raise CheckpointError(
                f"Checkpoint {checkpoint.name!r} lacks weights of its classifier: {missing[0]}.",
                remedy="Name a checkpoint that was trained to classify texts.",
            )
        loaded: PreTrainedModel = model
        return loaded

    def network(  # type: ignore[override]
        self, encoder: PreTrainedModel, labels: tuple[str, ...], settings: TuneSettings
    ) -> OwnHead:
        """See the contract."""
        from headwinds.adapt.networks.own_head import OwnHead

        return OwnHead(encoder)

    def initialise(
        self,
        network: Any,
        examples: LabelledText,
        training: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        seed: int,
    ) -> None:
        """What it came with is trained on without dropout, as layers of ours are; new are the outputs of new labels.

        Raises
        ------
        MismatchError
            There are new labels, and nobody can say which layer gives them.
        """
        network.grow(labels, seed=seed)
        network.switch_off_dropout()


def with_own_head(task: Task[Any]) -> Task[Any]:
    """The task as an imported model does it; itself where it writes."""
    return OwnHeadClassification() if isinstance(task, TextClassification) else task
