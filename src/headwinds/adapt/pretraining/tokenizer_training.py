"""Tokenizers learnt from the user's own text: WordPiece, byte-level byte-pair encoding, Unigram; any language."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headwinds.errors import DataError

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.settings import PretrainSettings

ENCODER_TOKENS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
DECODER_TOKENS = {"pad": "<pad>", "eos": "</s>", "unk": "<unk>", "bos": "<s>"}
SPANS = 100  # tokens that stand for spans left out, as in T5
READ_CHARACTERS = 100_000_000  # a vocabulary needs no more
LONGEST_PIECE = 10_000  # characters that the trainer is given at once
FEWEST = 32
PREFIX = "##"


def learn_tokenizer(
    texts: Callable[[], Iterable[str]], kind: str, settings: PretrainSettings, *, objective: str
) -> Any:
    """A tokenizer of `kind`, learnt from what `texts` gives each time that it is called.

    Encoders get [CLS] before and [SEP] after a text, models that write </s> after it. Chinese characters are tokens of
    their own in WordPiece (Devlin et al. 2019) and are cut from other scripts in Unigram; bytes know no unknown character.
    WordPiece and bytes give the same tokenizer for the same texts. The library's trainer of Unigram adds up numbers in an
    order that changes: the digits where this shows are rounded off, but a tie may fall the other way.

    Raises
    ------
    DataError
        The texts are too few for any vocabulary.
    """
    from transformers import PreTrainedTokenizerFast

    encoder = objective in ("masked", "replaced")
    names = ENCODER_TOKENS if encoder else DECODER_TOKENS
    extra = [f"<extra_id_{number}>" for number in range(SPANS)] if objective == "spans" else []
    special = [*names.values(), *extra]
    make = {"wordpiece": _wordpiece, "byte-bpe": _byte_pairs, "unigram": _unigram}[kind]
    tokenizer = make(texts, settings, special, names["unk"])
    tokenizer.add_special_tokens(special)
    learnt = tokenizer.get_vocab_size() - len(special) - (256 if kind == "byte-bpe" else 0)
    if learnt < FEWEST:
        raise DataError(
            f"The text is too short to learn a vocabulary from: {learnt} tokens were found.",
            remedy="Name more text, or a checkpoint whose tokenizer is used.",
        )
    _close(tokenizer, names, encoder=encoder)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{f"{name}_token": token for name, token in names.items()},
        **({"extra_special_tokens": extra} if extra else {}),
        model_max_length=settings.sequence_tokens,
        clean_up_tokenization_spaces=False,
    )


def _wordpiece(
    texts: Callable[[], Iterable[str]], settings: PretrainSettings, special: list[str], unknown: str
) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=settings.lowercase, strip_accents=False, handle_chinese_chars=True
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    alphabet = _alphabet(texts(), tokenizer.normalizer, most=max(FEWEST, settings.vocabulary // 4))
    # The trainer numbers characters inside words in an order that changes, and ties are broken by numbers: here they have
    # theirs before it starts, as if they were special, and the model is made anew of the words that it found.
    inside = [PREFIX + character for character in alphabet]
    trainer = trainers.WordPieceTrainer(
        vocab_size=settings.vocabulary,
        min_frequency=2,
        special_tokens=[*special, *inside],
        limit_alphabet=len(alphabet),
        initial_alphabet=alphabet,
        continuing_subword_prefix=PREFIX,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_in_pieces(texts()), trainer)
    found = Tokenizer(
        models.WordPiece(vocab=tokenizer.get_vocab(), unk_token=unknown, continuing_subword_prefix=PREFIX)
    )
    found.normalizer, found.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    found.decoder = decoders.WordPiece(prefix=PREFIX)
    return found


def _byte_pairs(
    texts: Callable[[], Iterable[str]], settings: PretrainSettings, special: list[str], _: str
) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(settings.vocabulary, 256 + len(special) + FEWEST),
        min_frequency=2,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_in_pieces(texts()), trainer)
    return tokenizer


def _unigram(
    texts: Callable[[], Iterable[str]], settings: PretrainSettings, special: list[str], unknown: str
) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    steps = [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
    tokenizer.normalizer = normalizers.Sequence(
        [*steps, normalizers.Lowercase()] if settings.lowercase else steps
    )
    # Without spaces a sentence of Chinese would be one word, whose parts grow with the square of its length.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.UnicodeScripts(),
            pre_tokenizers.Split(Regex(r"\p{P}"), "isolated"),
            pre_tokenizers.Metaspace(prepend_scheme="first"),
        ]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=settings.vocabulary,
        special_tokens=special,
        unk_token=unknown,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_in_pieces(texts()), trainer)
    saved = json.loads(tokenizer.to_str())["model"]["vocab"]
    named = {piece: round(score, 6) for piece, score in saved}
    pieces = sorted(
        (piece for piece in named if piece not in special), key=lambda piece: (-named[piece], piece)
    )
    vocabulary = [(piece, named.get(piece, 0.0)) for piece in (*special, *pieces)]
    found = Tokenizer(models.Unigram(vocab=vocabulary, unk_id=special.index(unknown), byte_fallback=False))
    found.normalizer, found.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    found.decoder = decoders.Metaspace(prepend_scheme="first")
    return found


def _alphabet(texts: Iterable[str], normalizer: Any, *, most: int) -> list[str]:
    """The commonest characters after normalisation, at most so many, so that words find room; sorted."""
    raw: Counter[str] = Counter()
    for text in texts:
        raw.update(text)
    counts: Counter[str] = Counter()
    for character, number in raw.items():
        for found in normalizer.normalize_str(character):
            if not found.isspace():
                counts[found] += number
    chosen = sorted(counts, key=lambda character: (-counts[character], character))[:most]
    return sorted(chosen)


def _close(tokenizer: Any, names: dict[str, str], *, encoder: bool) -> None:
    from tokenizers import processors

    if encoder:
        start, end = names["cls"], names["sep"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{start} $A {end}",
            pair=f"{start} $A {end} $B:1 {end}:1",
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in (start, end)],
        )
        return
    end = names["eos"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.token_to_id(end))]
    )


def _in_pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for start in range(0, len(text), LONGEST_PIECE):
            yield text[start : start + LONGEST_PIECE]
