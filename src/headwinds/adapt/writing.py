"""Writing: beam search, drawn tokens, or the likeliest token each time, by the library's own `generate`; and likelihoods."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.adapt.constraints.allowed import Choices
from headwinds.adapt.tasks.contract import writes
from headwinds.adapt.training.batches import collate, plan_batches
from headwinds.adapt.training.device import device_of
from headwinds.adapt.watching import Watch, before_end, criterion, decoded
from headwinds.artifacts.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from headwinds.adapt.constraints.allowed import GrammarTokens
    from headwinds.adapt.encoding import EncodedTexts
    from headwinds.adapt.fitted_model import FittedModel
    from headwinds.adapt.training.batches import Batch

READ_TOKENS = 2048
TOGETHER = 4096  # texts whose batches are planned together, as many as a file is read by
COLDEST = (
    1e-3  # a lower temperature takes the likeliest token, as 0 does; far lower ones make scores infinite
)
LIKELIHOOD_TOKENS = 1024  # by as many logits as there are words


@dataclass(frozen=True, slots=True)
class Writing:
    """How a model writes; see the settings of the same names. `max_new_tokens` is never 0 here."""

    beams: int
    length_penalty: float
    temperature: float
    top_p: float
    min_new_tokens: int
    max_new_tokens: int
    seed: int
    choices: tuple[str, ...] = ()
    grammar: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A written text, its number of tokens, and whether it came to its end or was cut at `max_new_tokens`."""

    text: str
    tokens: int
    ended: bool


def write_texts(
    network: Any,
    tokenizer: PreTrainedTokenizerBase,
    encoded: EncodedTexts,
    writing: Writing,
    watch: Watch | None = None,
) -> list[Written]:
    """What is written after each text has been read.

    Batches are a function of the texts' lengths alone, and drawn tokens of the seed and the batch, so that the same texts
    give the same tokens, whether or not somebody looks on. Of a single text by one beam the pieces are said as they come;
    otherwise `watch` is asked whether the writing is still wanted.

    Raises
    ------
    Unwanted
        It is not.
    """
    import numpy as np
    import torch

    read = replace(encoded, written=None, learnt=None)
    found = [Written("", 0, ended=False)] * len(read)
    allowed = allowed_tokens(network, tokenizer, writing.choices, writing.grammar)
    if isinstance(allowed, Choices):  # a part of a choice is none
        writing = replace(writing, max_new_tokens=max(writing.max_new_tokens, allowed.longest))
    ends = ends_of(network, tokenizer)
    budget = max(1, READ_TOKENS // writing.beams)
    network.eval()
    plans = [
        (number, rows)
        for start in range(0, len(read), TOGETHER)
        for number, rows in enumerate(
            plan_batches(read, np.arange(start, min(start + TOGETHER, len(read))), batch_tokens=budget)
        )
    ]
    if network.decoder_only and hasattr(network.encoder, "peft_config"):
        plans = [(number, part) for number, rows in plans for part in _of_one_length(read, rows)]
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        for number, rows in plans:
            torch.manual_seed(derive_seed(writing.seed, "writing", number) % 2**63)
            batch = collate(read, rows, padding_id=int(tokenizer.pad_token_id or 0)).to(device_of(network))
            sequences = _generate(network, tokenizer, batch, writing, ends, allowed, watch)
            for row, tokens in zip(rows.tolist(), sequences, strict=True):
                found[row] = _read_off(tokens, tokenizer, ends, watch)
    if watch is not None and len(found) == 1:
        watch.tell(found[0].text)
    return found


def likelihoods(
    network: Any, encoded: EncodedTexts, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Of what is to be written for each text: (sum of log-probabilities, number of tokens); shape (rows, 2)."""
    import numpy as np
    import torch

    rows = np.arange(len(encoded)) if rows is None else rows
    place = dict(zip(rows.tolist(), range(len(rows)), strict=True))
    found = np.zeros((len(rows), 2))
    network.eval()
    with torch.inference_mode():
        for chosen in plan_batches(encoded, rows, batch_tokens=LIKELIHOOD_TOKENS):
            batch = collate(encoded, chosen, padding_id=0).to(device_of(network))
            losses = network(batch)[:, 0].double().cpu().numpy()
            counts = [learnt_tokens(encoded, row) for row in chosen.tolist()]
            parts = np.split(losses, np.cumsum(counts)[:-1])
            for row, part in zip(chosen.tolist(), parts, strict=True):
                found[place[row]] = -part.sum(), len(part)
    return found


def _of_one_length(read: EncodedTexts, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows by length: with learnt tokens before the text PEFT drops the positions that padding before it needs."""
    import numpy as np

    lengths = np.array([len(read.windows[row]) for row in rows])
    return [rows[lengths == length] for length in np.unique(lengths)]


def predict_written(
    model: FittedModel,
    examples: Any,
    *,
    changes: Mapping[str, Any] | None = None,
    watch: Watch | None = None,
) -> list[dict[str, Any]]:
    """Predictions of a task that writes, one for each example, with the share of its text that was read.

    `changes` are fields of `Writing` that differ from what the model was saved with; with any, one text is drawn for each
    example. See `write_texts` for `watch`.
    """
    facts = model.facts
    task: Any = model.task
    encoded = task.encode(task.asked(examples), model.tokenizer, max_tokens=facts.max_tokens)
    writing = Writing(**facts.decoder["writing"] | dict(changes or {}))
    most = most_written(model)
    writing = replace(
        writing,
        choices=tuple(writing.choices),
        min_new_tokens=min(writing.min_new_tokens, writing.max_new_tokens),
        max_new_tokens=min(most, writing.max_new_tokens),
    )
    outputs: Any = write_texts(model.network, model.tokenizer, encoded, writing, watch)
    samples = facts.decoder.get("samples")
    if samples is not None and changes:
        samples = 1
    if samples is not None:  # several texts are drawn for each example
        more = [
            write_texts(
                model.network,
                model.tokenizer,
                encoded,
                replace(writing, seed=derive_seed(writing.seed, "sample", number)),
                None if watch is None else replace(watch, say=lambda _: None, told=""),
            )
            for number in range(1, samples)
        ]
        outputs = list(zip(outputs, *more, strict=True))
    found = task.decode(outputs, examples, encoded, facts.labels, facts.decoder)
    shares = [1.0] * len(found) if encoded.read_share is None else encoded.read_share.tolist()
    return [{**item, "read_share": share} for item, share in zip(found, shares, strict=True)]


def most_written(model: FittedModel) -> int:
    """The most tokens that a model writes; what a decoder alone reads and writes shares its positions."""
    return model.facts.max_tokens // (2 if model.network.decoder_only else 1)


def weigh_references(model: FittedModel, examples: Any) -> Any:
    """The examples with how likely the model holds their references to be, for a task that writes."""
    task = model.task
    if not writes(task):
        return examples
    encoded = task.encode(examples, model.tokenizer, max_tokens=model.facts.max_tokens)
    if encoded.written is None:
        return examples
    return task.weighed(examples, likelihoods(model.network, encoded))


def learnt_tokens(encoded: EncodedTexts, row: int) -> int:
    """How many tokens of a text bear loss."""
    before = 0 if encoded.learnt is None else int(encoded.learnt[row].sum())
    return before + (0 if encoded.written is None else len(encoded.written[row]))


def allowed_tokens(
    network: Any, tokenizer: PreTrainedTokenizerBase, choices: Sequence[str], grammar: str
) -> Choices | GrammarTokens | None:
    """What says which tokens may come next; None where all may.

    Raises
    ------
    SettingsError
        The checkpoint's vocabulary cannot write a choice, or any text of the grammar.
    """
    from headwinds.adapt.constraints.allowed import choices_allowed, grammar_allowed, written_first

    before = () if network.decoder_only else written_first(network, tokenizer)
    if choices:
        return choices_allowed(tokenizer, choices, before=before, decoder_only=network.decoder_only)
    return grammar_allowed(tokenizer, grammar, before=before) if grammar else None


def _generate(
    network: Any,
    tokenizer: PreTrainedTokenizerBase,
    batch: Batch,
    writing: Writing,
    ends: Sequence[int],
    allowed: Choices | GrammarTokens | None,
    watch: Watch | None,
) -> list[list[int]]:
    from headwinds.adapt.checkpoints import quiet_transformers

    ids, mask = _left_padded(batch) if network.decoder_only else (batch.input_ids, batch.attention_mask)
    begun = ids.shape[1] if network.decoder_only else 1
    arguments = _arguments(tokenizer, writing, ends)
    if allowed is not None:
        arguments["prefix_allowed_tokens_fn"] = lambda _, tokens: allowed.next_tokens(tokens[begun:].tolist())
    if watch is not None:
        alone = len(ids) == 1 and writing.beams == 1
        arguments["stopping_criteria"] = criterion(watch, tokenizer, ends, begun, alone=alone)
    with quiet_transformers(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Position ids are not supported", UserWarning)
        sequences = network.encoder.generate(input_ids=ids, attention_mask=mask, **arguments)
    tokens: list[list[int]] = sequences[:, begun:].tolist()
    return tokens


def plain_arguments(
    network: Any, tokenizer: PreTrainedTokenizerBase, writing: Mapping[str, Any], *, most: int
) -> dict[str, Any]:
    """What `generate` of the library is given for a model's saved way of writing, as plain JSON."""
    given = Writing(**writing)
    longest = min(most, given.max_new_tokens)
    kept = replace(
        given, min_new_tokens=min(given.min_new_tokens, given.max_new_tokens), max_new_tokens=longest
    )
    return _arguments(tokenizer, kept, ends_of(network, tokenizer))


def ends_of(network: Any, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end a text: the tokenizer's, with which targets are learnt, and those that the checkpoint names."""
    named = network.encoder.generation_config.eos_token_id
    own = named if isinstance(named, list) else [named]
    return sorted({int(token) for token in (*own, tokenizer.eos_token_id) if token is not None})


def _arguments(tokenizer: PreTrainedTokenizerBase, writing: Writing, ends: Sequence[int]) -> dict[str, Any]:
    drawn = writing.temperature >= COLDEST
    arguments: dict[str, Any] = {
        "num_beams": writing.beams,
        "do_sample": drawn,
        "min_new_tokens": writing.min_new_tokens or None,
        "max_new_tokens": writing.max_new_tokens,
        "eos_token_id": list(ends) or None,
        "pad_token_id": tokenizer.pad_token_id
        if tokenizer.pad_token_id is not None
        else tokenizer.eos_token_id,
    }
    if drawn:
        arguments |= {"temperature": writing.temperature, "top_p": writing.top_p, "top_k": 0}
    if writing.beams > 1:
        arguments |= {"length_penalty": writing.length_penalty, "early_stopping": True}
    return arguments


def _read_off(
    tokens: list[int], tokenizer: PreTrainedTokenizerBase, ends: Sequence[int], watch: Watch | None
) -> Written:
    kept = before_end(tokens, ends)
    ended = len(kept) < len(tokens)
    text, stopped = decoded(kept, tokenizer), False
    if watch is not None:
        text, stopped = watch.cut(text)
    return Written(text, len(kept), ended or stopped)


def _left_padded(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """What is read, padded before it, so that what is written follows it at once."""
    import torch

    from headwinds.adapt.networks.generator import mask_of

    mask = mask_of(batch)
    order = torch.argsort(mask, dim=1, stable=True)
    return batch.input_ids.gather(1, order), mask.gather(1, order)
