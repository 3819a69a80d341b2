"""Which form text classification takes for a method that asks by prompts, and what its prompts have to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.adapt.tasks.text_classification import TextClassification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.fitting import FittingData
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task

SETTINGS = ("pattern", "calibrate_content_free", "demonstrations", "retrieval")


def prompted(task: Task[Any]) -> bool:
    """Whether a task is asked by prompts, so that it loads and encodes in its own way."""
    return hasattr(task, "load")


def memory_of(settings: TuneSettings, data: FittingData) -> dict[str, Any]:
    """What prompts have to know of the training data: the labels, what they mean, and for `in-context` the examples."""
    if settings.method not in ("cloze", "in-context", "zero-shot"):
        return {}
    memory: dict[str, Any] = {"labels": list(data.labels), "descriptions": list(data.descriptions)}
    if settings.method == "in-context":
        examples = data.examples
        memory["demonstrations"] = [
            {
                "text": examples.texts[row],
                "label": examples.given[row][0] if examples.given[row] else "",
                **({"text_b": examples.seconds[row]} if examples.seconds else {}),
            }
            for row in data.training.tolist()
        ]
    return memory


def prompted_form(
    task: Task[Any], settings: TuneSettings, checkpoint: Checkpoint, memory: Mapping[str, Any]
) -> Task[Any]:
    """The task as the method's prompts need it; itself where the method has none.

    Raises
    ------
    CheckpointError, SettingsError
        The checkpoint cannot answer such prompts; the pattern cannot be read.
    """
    if not isinstance(task, TextClassification):
        return task
    if settings.method == "cloze":
        from headwinds.adapt.prompts.cloze import ClozeClassification
        from headwinds.adapt.prompts.models import fills_gaps

        return ClozeClassification(
            pattern=settings.pattern, decoder_only=not fills_gaps(checkpoint), memory=dict(memory)
        )
    if settings.method == "in-context":
        from headwinds.adapt.prompts.in_context import InContextClassification
        from headwinds.adapt.prompts.models import require_decoder

        require_decoder(checkpoint, settings.method)
        return InContextClassification(
            pattern=settings.pattern,
            demonstrations=settings.demonstrations,
            retrieval=settings.retrieval,
            content_free=settings.calibrate_content_free,
            memory=dict(memory),
        )
    if settings.method == "zero-shot":
        from headwinds.adapt.prompts.entailment import EntailedClassification
        from headwinds.adapt.prompts.models import entailment_class

        entailment = entailment_class(checkpoint)
        if entailment is not None:
            return EntailedClassification(entailment=entailment, memory=dict(memory))
    return task
