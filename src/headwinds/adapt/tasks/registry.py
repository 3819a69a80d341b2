"""The tasks by name. A new task is a file beside this one and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.tasks.contract import Task

TASKS = (
    "text-classification",
    "ordinal-classification",
    "named-entity-recognition",
    "relation-extraction",
    "question-answering",
    "multiple-choice",
    "extractive-summarisation",
    "sentence-similarity",
    "translation",
    "summarisation",
    "text-to-text",
    "dialogue",
    "text-generation",
    "code-generation",
)


def get_task(name: str) -> Task[Any]:
    """The task of that name.

    Raises
    ------
    SettingsError
        There is none.
    """
    if name == "text-classification":
        from headwinds.adapt.tasks.text_classification import TextClassification

        return TextClassification()
    if name == "ordinal-classification":
        from headwinds.adapt.tasks.ordinal_classification import OrdinalClassification

        return OrdinalClassification()
    if name == "named-entity-recognition":
        from headwinds.adapt.tasks.named_entities import NamedEntities

        return NamedEntities()
    if name == "relation-extraction":
        from headwinds.adapt.tasks.relation_extraction import RelationExtraction

        return RelationExtraction()
    if name == "question-answering":
        from headwinds.adapt.tasks.question_answering import QuestionAnswering

        return QuestionAnswering()
    if name == "multiple-choice":
        from headwinds.adapt.tasks.multiple_choice import MultipleChoice

        return MultipleChoice()
    if name == "extractive-summarisation":
        from headwinds.adapt.tasks.extractive_summarisation import ExtractiveSummarisation

        return ExtractiveSummarisation()
    if name == "sentence-similarity":
        from headwinds.adapt.tasks.sentence_similarity import SentenceSimilarity

        return SentenceSimilarity()
    if name == "translation":
        from headwinds.adapt.tasks.translation import translation

        return translation()
    if name == "summarisation":
        from headwinds.adapt.tasks.summarisation import summarisation

        return summarisation()
    if name == "text-to-text":
        from headwinds.adapt.tasks.text_to_text import text_to_text

        return text_to_text()
    if name == "dialogue":
        from headwinds.adapt.tasks.dialogue import dialogue

        return dialogue()
    if name == "text-generation":
        from headwinds.adapt.tasks.text_generation import text_generation

        return text_generation()
    if name == "code-generation":
        from headwinds.adapt.tasks.code_generation import code_generation

        return code_generation()
    raise SettingsError(
        f"There is no task {name!r}.{nearest(name, TASKS)}",
        remedy=f"Known: {', '.join(TASKS)}.",
    )
