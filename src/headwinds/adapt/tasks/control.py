"""Whether a written text is what it was to be: by a fitted classifier, by the choices, or by the grammar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.errors import MismatchError

if TYPE_CHECKING:
    from headwinds.adapt.fitted_model import FittedModel


def controls_kept(
    texts: Sequence[str], controls: Sequence[Sequence[str]], decoder: Mapping[str, Any]
) -> list[bool] | None:
    """Of each text whether it is what was wanted; None where nothing tells.

    Raises
    ------
    CheckpointError, MismatchError
        The classifier is no fitted model, is of another task, or does not know an attribute.
    """
    writing = decoder["writing"]
    if decoder.get("control_classifier"):
        return _by_classifier(texts, controls, Path(decoder["control_classifier"]))
    if writing.get("choices"):
        allowed = {" ".join(choice.split()) for choice in writing["choices"]}
        return [" ".join(text.split()) in allowed for text in texts]
    if writing.get("grammar"):
        from headwinds.adapt.constraints.grammar import read_grammar

        grammar = read_grammar(writing["grammar"])
        return [grammar.matches(text) for text in texts]
    return None


def suited_classifier(folder: Path, attributes: Iterable[str]) -> FittedModel:
    """The fitted classifier by which these attributes can be judged.

    Raises
    ------
    CheckpointError, MismatchError
        There is no fitted model, it is of another task, or knows none of the attributes.
    """
    from headwinds.adapt.fitted_model import load_model

    inside = folder / "model"
    model = load_model(inside if (inside / "model.json").is_file() else folder)
    wanted = set(attributes)
    if model.facts.task != "text-classification" or not wanted & set(model.facts.labels):
        raise MismatchError(
            f"{folder} is a model of {model.facts.task} with labels {', '.join(model.facts.labels[:5]) or 'none'}, and "
            f"cannot judge the attributes {', '.join(sorted(wanted)[:5]) or 'none'}.",
            remedy="Name a text classifier whose labels are attributes.",
        )
    return model


def _by_classifier(texts: Sequence[str], controls: Sequence[Sequence[str]], folder: Path) -> list[bool]:
    """An attribute is kept where the classifier gives it; attributes that are none of its labels are not judged."""
    from headwinds.adapt.prediction import predict_examples
    from headwinds.adapt.tasks.contract import Row

    model = suited_classifier(folder, (code for own in controls for code in own))
    known = set(model.facts.labels)
    # A text of which nothing was written is of no class.
    rows = [Row(f"text {number}", {"text": text}) for number, text in enumerate(texts) if text]
    kept = [False] * len(texts)
    if not rows:
        return kept
    found = predict_examples(model, model.task.read(rows, labelled=False))
    for row, item in zip(rows, found, strict=True):
        number = int(row.place.removeprefix("text "))
        given = set(item["labels"]) if "labels" in item else {item["label"]}
        kept[number] = set(controls[number]) & known <= given
    return kept
