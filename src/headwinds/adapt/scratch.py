"""Models from nothing: a named architecture with random weights, and a vocabulary learnt from the training texts.

The encoder with a decoder is pre-norm (Xiong et al. 2020) with sinusoidal positions; `transformers` has this form under the
name Pegasus. The decoder alone is pre-norm with rotary positions: GPT-NeoX. Both tie the output to the word embeddings,
and source and target share one vocabulary (Press, Wolf 2017). What is made is an ordinary `transformers` folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts.suggestions import nearest
from headwinds.errors import DataError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.checkpoints import Checkpoint
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tasks.contract import Task

PREFIX = "scratch:"
SPECIAL = ("<pad>", "</s>", "<s>")
PAD, END, START = range(3)
POSITIONS = 1024
LEARNING_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class Size:
    """Width of the states, layers of a stack, heads, width inside a layer."""

    width: int
    layers: int
    heads: int
    inner: int


SIZES = {
    "tiny": Size(32, 2, 2, 64),
    "small": Size(256, 3, 4, 512),
    "base": Size(512, 6, 8, 2048),
}
FORMS = ("encoder-decoder", "decoder")
ARCHITECTURES = tuple(f"{form}-{size}" for form in FORMS for size in SIZES)


def is_scratch(checkpoint: str) -> bool:
    """Whether a checkpoint's name asks for a new model."""
    return checkpoint.startswith(PREFIX)


def architecture_of(checkpoint: str) -> str:
    """The architecture that a name such as "scratch:encoder-decoder-small" asks for.

    Raises
    ------
    SettingsError
        There is none of that name.
    """
    name = checkpoint.removeprefix(PREFIX)
    if name not in ARCHITECTURES:
        raise SettingsError(
            f"There is no architecture {name!r}.{nearest(name, ARCHITECTURES)}",
            remedy=f"Known: {', '.join(PREFIX + known for known in ARCHITECTURES)}.",
        )
    return name


def scratch_settings(settings: TuneSettings) -> TuneSettings:
    """The settings with a rate that suits a new model.

    Raises
    ------
    SettingsError
        The method trains few numbers beside weights that have learnt nothing.
    """
    if settings.method != "full" or settings.frozen_layers:
        raise SettingsError(
            f"checkpoint {settings.checkpoint!r} has learnt nothing yet, so all of it must be trained: "
            f"method = {settings.method!r}, frozen_layers = {settings.frozen_layers}.",
            remedy='Choose method "full" and frozen_layers 0, or a pretrained checkpoint.',
        )
    return replace(settings, learning_rate=settings.learning_rate or LEARNING_RATE)


def write_scratch(checkpoint: str, texts: Iterable[str], settings: TuneSettings, folder: Path) -> None:
    """Write a new model and its tokenizer into `folder`; the same texts and settings give the same bytes.

    Raises
    ------
    SettingsError
        There is no such architecture.
    DataError
        The texts are too few for any vocabulary.
    """
    import torch

    from headwinds.adapt.checkpoints import quiet_transformers
    from headwinds.artifacts.write import atomic_directory

    form, _, size = architecture_of(checkpoint).rpartition("-")
    tokenizer = learn_tokenizer(texts, vocabulary=settings.vocabulary)
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(derive_seed(settings.seed, "scratch") % 2**63)
        make = _encoder_decoder if form == "encoder-decoder" else _decoder
        model = make(SIZES[size], len(tokenizer))
    with atomic_directory(folder, replace=True) as place, quiet_transformers():
        tokenizer.save_pretrained(place)
        model.save_pretrained(place)


def open_checkpoint(
    settings: TuneSettings, task: Task[Any], examples: Any, rows: NDArray[np.int64], folder: Path
) -> Checkpoint:
    """The checkpoint of the settings: found, or made in `folder` from the training rows where it is not there yet.

    Raises
    ------
    CheckpointError, DataError
        See `resolve_checkpoint` and `write_scratch`.
    SettingsError
        A new model is asked for by a task that writes nothing.
    """
    from headwinds.adapt.checkpoints import resolve_checkpoint
    from headwinds.adapt.tasks.contract import writes

    if not is_scratch(settings.checkpoint):
        return resolve_checkpoint(settings.checkpoint)
    if not writes(task):
        raise SettingsError(
            f"checkpoint {settings.checkpoint!r} is a new model that writes, and {task.name} needs an encoder.",
            remedy='Use "default", or a folder.',
        )
    if not (folder / "config.json").is_file():
        write_scratch(settings.checkpoint, task.vocabulary_texts(examples, rows), settings, folder)
    return replace(resolve_checkpoint(str(folder)), name=settings.checkpoint)


def learn_tokenizer(texts: Iterable[str], *, vocabulary: int) -> Any:
    """Byte-pair encoding over bytes (Sennrich et al. 2016; Radford et al. 2019): no character is ever unknown."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL) + 256:
        raise DataError(
            "The training texts are too few to learn a vocabulary from.",
            remedy="Name a larger training file.",
        )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {SPECIAL[END]}", special_tokens=[(SPECIAL[END], END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[PAD],
        eos_token=SPECIAL[END],
        bos_token=SPECIAL[START],
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def _encoder_decoder(size: Size, vocabulary: int) -> Any:
    from transformers import PegasusConfig, PegasusForConditionalGeneration

    config = PegasusConfig(
        vocab_size=vocabulary,
        d_model=size.width,
        encoder_layers=size.layers,
        decoder_layers=size.layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.inner,
        decoder_ffn_dim=size.inner,
        activation_function="relu",
        scale_embedding=True,
        max_position_embeddings=POSITIONS,
        pad_token_id=PAD,
        eos_token_id=END,
        bos_token_id=START,
        decoder_start_token_id=START,
        forced_eos_token_id=None,
    )
    return PegasusForConditionalGeneration(config)


def _decoder(size: Size, vocabulary: int) -> Any:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        num_hidden_layers=2 * size.layers,
        num_attention_heads=size.heads,
        intermediate_size=size.inner,
        max_position_embeddings=POSITIONS,
        use_parallel_residual=False,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        eos_token_id=END,
        bos_token_id=START,
    )
    return GPTNeoXForCausalLM(config)
