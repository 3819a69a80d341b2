"""Verbalisers: the words that stand for a label in the gap; given by a person, or found on training examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

MOST_WORDS = 16  # of one label
LIKELY = 1000  # words that are likely enough in a label's texts to be tried
SEARCH = "search"


def read_verbaliser(text: str, labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Words by label from "label=word,word; label=word".

    Raises
    ------
    SettingsError
        A label is unknown, missing, or has no words or too many.
    """
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        name, _, words = (part.strip() for part in entry.partition("="))
        if name not in labels:
            raise SettingsError(
                f"verbaliser: there is no label {name!r}.", remedy=f"Known: {', '.join(labels)}."
            )
        found[name] = tuple(filter(None, (word.strip() for word in words.split(","))))
    missing = [name for name in labels if not found.get(name)]
    if missing:
        raise SettingsError(
            f"verbaliser gives no word for label {missing[0]!r}.",
            remedy='Write one for each, as "good=great,fine; bad=terrible".',
        )
    long = next((name for name, words in found.items() if len(words) > MOST_WORDS), None)
    if long is not None:
        raise SettingsError(
            f"verbaliser gives {len(found[long])} words for label {long!r}, expected at most {MOST_WORDS}."
        )
    return found


def word_tokens(
    words: Mapping[str, Sequence[str]], tokenizer: PreTrainedTokenizerBase, *, spaced: bool
) -> NDArray[np.int64]:
    """Token of each word, shape (labels, MOST_WORDS), -1 where a label has no more.

    Raises
    ------
    SettingsError
        A word is not one token of the checkpoint: the gap holds one. Or two labels have the same.
    """
    import numpy as np

    found = np.full((len(words), MOST_WORDS), -1, dtype=np.int64)
    owner: dict[int, str] = {}
    for row, (label, own) in enumerate(words.items()):
        for place, word in enumerate(own):
            tokens = one_token(word, tokenizer, spaced=spaced)
            if len(tokens) != 1 or tokens[0] == tokenizer.unk_token_id:
                shown = " ".join(tokenizer.convert_ids_to_tokens(tokens))
                raise SettingsError(
                    f"verbaliser: {word!r} of label {label!r} is {len(tokens)} tokens of this checkpoint ({shown}), "
                    "and the gap holds one.",
                    remedy=f"Choose another word for it, or set verbaliser = {SEARCH!r}.",
                )
            if owner.setdefault(tokens[0], label) != label:
                raise SettingsError(
                    f"verbaliser: {word!r} stands for {owner[tokens[0]]!r} and {label!r}.",
                    remedy="Choose words that tell them apart.",
                )
            found[row, place] = tokens[0]
    return found


def one_token(word: str, tokenizer: PreTrainedTokenizerBase, *, spaced: bool) -> list[int]:
    """The tokens of a word as it would stand in the gap."""
    text = f" {word}" if spaced else word
    tokens: list[int] = tokenizer(text, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    return [token for token in tokens if token != tokenizer.unk_token_id] if len(tokens) > 1 else tokens


def names_as_words(
    labels: Sequence[str], tokenizer: PreTrainedTokenizerBase, *, spaced: bool
) -> dict[str, tuple[str, ...]] | None:
    """The labels' own names, where each is one known token and no two are the same; else None."""
    tokens = [one_token(name, tokenizer, spaced=spaced) for name in labels]
    known = all(len(own) == 1 and own[0] != tokenizer.unk_token_id for own in tokens)
    if not known or len({own[0] for own in tokens}) < len(labels):
        return None
    return {name: (name,) for name in labels}


def search_words(
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    labels: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    *,
    words: int,
    spaced: bool,
) -> dict[str, tuple[str, ...]]:
    """Words whose likelihood in the gap tells a label's texts from the others (Schick, Schmid, Schuetze 2020, section 4).

    Of the `LIKELY` words that are likeliest in a label's texts those are taken whose mean log-probability there exceeds that
    in the other labels' texts by most; no word stands for two labels.

    Parameters
    ----------
    sums
        Shape (labels, vocabulary): the log-probabilities of each word, summed over a label's texts.
    counts
        Shape (labels,): how many texts those are.
    """
    import numpy as np

    usable = np.zeros(sums.shape[1], dtype=bool)
    usable[_whole_words(tokenizer, sums.shape[1], spaced=spaced)] = True
    gains = np.full((len(labels), len(usable)), -np.inf)
    total = sums.sum(axis=0)
    for label in range(len(labels)):
        others = (total - sums[label]) / (counts.sum() - counts[label])
        mean = np.where(usable, sums[label] / counts[label], -np.inf)
        tried = np.argsort(-mean, kind="stable")[:LIKELY]
        tried = tried[usable[tried]]
        gains[label, tried] = mean[tried] - others[tried]
    found: dict[str, list[str]] = {name: [] for name in labels}
    for _ in range(words):
        for label, name in enumerate(labels):
            best = int(gains[label].argmax())
            if np.isfinite(gains[label, best]):
                found[name].append(str(tokenizer.decode([best])).strip())
                gains[:, best] = -np.inf
    empty = next((name for name in labels if not found[name]), None)
    if empty is not None:
        raise SettingsError(
            f"verbaliser: no word of this checkpoint's vocabulary tells label {empty!r} from the others.",
            remedy="Write the words yourself.",
        )
    return {name: tuple(own) for name, own in found.items()}


def _whole_words(tokenizer: PreTrainedTokenizerBase, size: int, *, spaced: bool) -> list[int]:
    found = []
    for token in range(min(size, len(tokenizer))):
        word = str(tokenizer.decode([token])).strip()
        if word.isalpha() and len(word) > 1 and one_token(word, tokenizer, spaced=spaced) == [token]:
            found.append(token)
    return found
