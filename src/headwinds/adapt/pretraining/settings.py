"""How a model is pretrained: every setting with its default, named alike in TOML, on the command line and in Python."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from headwinds.adapt.settings_rules import PRECISIONS
from headwinds.contracts.limits import (
    above_zero,
    at_least_zero,
    require,
    require_each,
    require_one_of,
    share_below_one,
)
from headwinds.errors import SettingsError

SCHEDULES = ("linear", "cosine", "trapezoid", "inverse-sqrt")
OBJECTIVES = ("masked", "replaced", "causal", "spans", "contrastive")
TOKENIZERS = ("wordpiece", "byte-bpe", "unigram")
TEXT_DOCUMENTS = ("blank-lines", "lines", "files")
LARGEST = 10**15
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NAMES = {
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
    "text_documents": TEXT_DOCUMENTS,
    "objective": ("", *OBJECTIVES),
}
AT_LEAST_ZERO = (
    "tokens",
    "layers",
    "width",
    "micro_batch_tokens",
    "learning_rate",
    "weight_decay",
    "save_seconds",
    "seed",
)
SHARES_BELOW_ONE = ("warmup_share", "decay_share", "head_first_share", "dropout", "mask_share")
# Settings that change when or where something is saved, and nothing of what comes out.
WITHOUT_CONSEQUENCE = ("save_seconds",)


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Settings of `pretrain`.

    Attributes
    ----------
    architecture
        A family and a size, as "modernbert-mini"; see `architectures`. The model is new, with random weights.
    checkpoint
        Or the model that is continued: "default", a folder, or a name on the hub. Then its tokenizer is used too.
    objective
        "masked" tokens (BERT), "replaced" tokens detected (ELECTRA), "causal" (the next token), "spans" (T5),
        "contrastive" (which parts belong to one text; checkpoints of encoders alone); "" takes the architecture's own.
    tokenizer, vocabulary, lowercase
        "wordpiece", "byte-bpe" or "unigram", learnt from the text with so many tokens at the most, or the folder of a
        checkpoint whose tokenizer is used; "" takes the architecture's own kind. `lowercase` makes capitals small in
        WordPiece and Unigram.
    layers, width
        In place of the size's own; 0 leaves it.
    sequence_tokens
        Length of a sequence, special tokens included; learnt positions reach as far and no further.
    batch_tokens, micro_batch_tokens
        Tokens of a step, and at most so many computed at once (0: all). Masks and result are the same up to rounding.
    tokens, budget
        Train on so many tokens, or for so long ("30m", "2h"). A budget is turned into tokens by the speed that is measured
        before the start, and kept: a run that was interrupted ends with the same bytes as one that was not.
    mask_share, span_tokens
        Share of the tokens that "masked", "replaced" and "spans" ask for: 0 takes 0.3, 0.15 and 0.15; mean length of a span.
    learning_rate, head_learning_rate, weight_decay, gradient_clip
        AdamW; a `learning_rate` of 0 takes what suits the width (new) or 5e-5 (continued; 2e-5 with "contrastive"). The
        second is that of an output layer that a continued checkpoint lacks.
    schedule, warmup_share, decay_share
        Rate rises over the first share of the steps; then falls to zero by a line ("linear") or half a cosine ("cosine"),
        stays until the last `decay_share` and falls there ("trapezoid"), or falls with the root of the step.
    head_first_share
        A new output layer on a continued checkpoint learns alone for this share of the steps, so that its first errors do
        not undo what the checkpoint knows.
    dropout
        Inside the network; 0 is faster and, with each text seen once or twice, better.
    held_out_share, held_out_tokens
        Share of the documents that are never trained on; of them so many tokens at the most are tested on.
    text, group
        Column of the text in JSONL and Parquet; column whose values are never on two sides of the held-out split.
    text_documents, encoding
        What one document is in a .txt file: "blank-lines" between them, "lines" or "files"; the encoding of text files.
    save_seconds
        The state is saved so often.
    precision
        "auto" computes in bfloat16 where the processor is faster in it, else in float32.
    seed
        Rules the split, the first weights, the order of the text and all masks.
    """

    architecture: str = "modernbert-mini"
    checkpoint: str = ""
    objective: str = ""
    tokenizer: str = ""
    vocabulary: int = 16_000
    lowercase: bool = True
    layers: int = 0
    width: int = 0
    sequence_tokens: int = 128
    batch_tokens: int = 8192
    micro_batch_tokens: int = 0
    tokens: int = 0
    budget: str = ""
    mask_share: float = 0.0
    span_tokens: float = 3.0
    learning_rate: float = 0.0
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    schedule: str = "trapezoid"
    warmup_share: float = 0.05
    decay_share: float = 0.3
    head_first_share: float = 0.1
    dropout: float = 0.0
    held_out_share: float = 0.01
    held_out_tokens: int = 200_000
    text: str = "text"
    group: str = ""
    text_documents: str = "blank-lines"
    encoding: str = "utf-8"
    save_seconds: float = 60.0
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        above = ("head_learning_rate", "gradient_clip", "held_out_tokens", "span_tokens")
        require_each(self, above, above_zero, "a number above 0")
        require_each(self, AT_LEAST_ZERO, at_least_zero, "0 or more")
        require_each(self, SHARES_BELOW_ONE, share_below_one, "a share of at least 0 and below 1")
        require(0 < self.held_out_share < 1, "held_out_share", self.held_out_share, "a share between 0 and 1")
        require(self.vocabulary >= 64, "vocabulary", self.vocabulary, "64 or more")
        require(self.sequence_tokens >= 16, "sequence_tokens", self.sequence_tokens, "16 or more")
        require(
            self.batch_tokens >= self.sequence_tokens,
            "batch_tokens",
            self.batch_tokens,
            f"at least sequence_tokens = {self.sequence_tokens}",
        )
        require_one_of(self, NAMES)
        require(bool(self.text), "text", self.text, "the name of a column")
        require(not (self.tokens and self.budget), "budget", self.budget, f"none with tokens = {self.tokens}")
        if self.budget:
            seconds_of(self.budget)
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int | float) and item.name != "seed":
                require(value == value and abs(value) <= LARGEST, item.name, value, f"at most {LARGEST:.0e}")


def seconds_of(budget: str) -> float:
    """Seconds of a time such as "90s", "30m" or "1h30m".

    Raises
    ------
    SettingsError
        It is not one.
    """
    if not re.fullmatch(r"(?:\d+(?:\.\d+)?[smhd])+", budget):
        raise SettingsError(
            f"budget = {budget!r} is not a time.", remedy='For instance "30m", "1h30m" or "90s".'
        )
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", budget)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    require(0 < seconds < 1e8, "budget", budget, "a time above 0")
    return seconds
