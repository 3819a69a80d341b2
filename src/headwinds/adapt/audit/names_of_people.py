"""Names of people in texts, by a fitted model of named entities that is read leaning towards too many.

For a name that is left in a text somebody pays, for a word that is masked for nothing hardly anybody. So a word counts
as part of a name long before that is the likelier reading, and a name that was found once is found wherever the text says it
again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headwinds.adapt.audit.personal_data import PersonalData
from headwinds.errors import MismatchError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.tasks.tags import WordSpan

WORD_START = re.compile(r"(?<![\w'’])[^\W\d_]")
NAMES_PROBABILITY = 0.1
"""Set before any text was masked with it; `benchmarks/masking` shows what it finds, and what it masks for nothing."""


def find_names(
    model: FittedModel, texts: Sequence[str], *, names_probability: float = NAMES_PROBABILITY
) -> list[list[PersonalData]]:
    """Names of people in each text, by a fitted model of named entities: its types whose name begins with "per".

    A text without any capital is read as if each of its words began with one: models learn that names do, and find hardly
    any name without. More is found then that is none.

    Parameters
    ----------
    names_probability
        A word is part of a name where the model gives that at least this probability; where it is the likeliest, always.

    Raises
    ------
    MismatchError
        The model does another task, or has no such type.
    SettingsError
        `names_probability` is not above 0 and at most 1.
    """
    from headwinds.adapt.prediction import predict_outputs, predictor_of
    from headwinds.adapt.tasks.contract import Row
    from headwinds.adapt.tasks.tags import best_tags, spans_of_numbers, type_probabilities
    from headwinds.adapt.tasks.token_words import word_scores

    require_names_probability(names_probability)
    kinds = _kinds_of_people(model)
    full = [number for number, text in enumerate(texts) if text.strip()]
    rows = [Row(f"text {number + 1}", {"text": _with_capitals(texts[number])}) for number in full]
    found: list[list[PersonalData]] = [[] for _ in texts]
    if not rows:
        return found
    facts = model.facts
    examples = model.task.read(rows, labelled=False)
    encoded = model.task.encode(examples, model.tokenizer, max_tokens=facts.max_tokens)
    outputs = predict_outputs(predictor_of(model), encoded)
    columns = [number for number, name in enumerate(facts.labels) if name in kinds]
    for row, (number, output) in enumerate(zip(full, outputs, strict=True)):
        words, read = examples.words[row], examples.texts[row]
        scores = word_scores(output, encoded, row, words, len(read))
        spans = [one for one in spans_of_numbers(best_tags(scores).tolist(), facts.labels) if one[2] in kinds]
        probable = type_probabilities(scores / facts.decoder["temperature"])[:, columns].sum(axis=1)
        marked = probable >= names_probability
        for start, end, _ in spans:
            marked[start:end] = True
        said = [texts[number][start:end] for start, end in words]
        if read == texts[number]:  # it has capitals of its own, by which a name is known again
            marked |= _said_again(said, spans)
        found[number] = [
            PersonalData("name", words[start][0], words[end - 1][1])
            for start, end in _stretches(marked, spans)
        ]
    return found


def require_names_probability(names_probability: float) -> None:
    """Refuse what is no probability.

    Raises
    ------
    SettingsError
        It is not above 0 and at most 1.
    """
    if not 0 < names_probability <= 1:
        raise SettingsError(
            f"names_probability = {names_probability!r}, expected a number above 0 and at most 1.",
            remedy="Choose less to mask more, as 0.05.",
        )


def _kinds_of_people(model: FittedModel) -> frozenset[str]:
    if model.facts.task != "named-entity-recognition":
        raise MismatchError(
            f"The model for names does {model.facts.task}.",
            remedy="Name a model of named-entity-recognition.",
        )
    kinds = frozenset(name for name in model.facts.labels if name.casefold().startswith("per"))
    if not kinds:
        raise MismatchError(
            f"The model for names knows no people: {', '.join(model.facts.labels)}.",
            remedy="Name a model with a type PER or person.",
        )
    return kinds


def _said_again(words: Sequence[str], spans: Sequence[WordSpan]) -> NDArray[np.bool_]:
    """Which words are, letter for letter, one of a name; those that begin with a capital alone."""
    import numpy as np

    names = {
        word for start, end, _ in spans for word in words[start:end] if word[:1].isupper() and len(word) > 1
    }
    return np.array([word in names for word in words], dtype=bool)


def _stretches(marked: NDArray[np.bool_], spans: Sequence[WordSpan]) -> list[tuple[int, int]]:
    """Words in a row that are marked, first and after the last; where a name begins, another has ended."""
    begins = {start for start, _, _ in spans}
    found: list[tuple[int, int]] = []
    for place, inside in enumerate(marked.tolist()):
        if not inside:
            continue
        if found and found[-1][1] == place and place not in begins:
            found[-1] = found[-1][0], place + 1
        else:
            found.append((place, place + 1))
    return found


def _with_capitals(text: str) -> str:
    """The text, letter by letter in the same places; each word with a capital where there is none at all."""
    if text != text.lower():
        return text
    return WORD_START.sub(
        lambda match: title if len(title := match.group().title()) == 1 else match.group(), text
    )
