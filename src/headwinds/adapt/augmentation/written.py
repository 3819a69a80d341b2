"""Copies that models write: a text translated there and back (Sennrich, Haddow, Birch 2016), or one written for a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwinds.adapt.writing import Writing, write_texts
from headwinds.errors import SettingsError

LONGEST = 128  # tokens of a copy


def translated_there_and_back(texts: Sequence[str], models: Sequence[str], *, seed: int) -> list[str]:
    """Each text through two models of translation.

    Raises
    ------
    SettingsError
        There are not two models.
    """
    if len(models) != 2:
        raise SettingsError(
            f"augment = 'back-translation' needs two models, and augment_checkpoint names {len(models)}.",
            remedy='Name both with ";" between them: one from your language, one back.',
        )
    there = _write(texts, models[0], beams=1, temperature=1.0, seed=seed)
    return _write(there, models[1], beams=4, temperature=0.0, seed=seed)


def written_for_labels(
    examples: Sequence[tuple[str, str]], shown: Sequence[Sequence[tuple[str, str]]], model: str, *, seed: int
) -> list[str]:
    """A text for the label of each example, drawn after two others of that label (Yoo et al. 2021); "" where none is."""
    prompts = [
        "".join(f"Label: {label}\nText: {text}\n\n" for text, label in before) + f"Label: {wanted}\nText:"
        for (_, wanted), before in zip(examples, shown, strict=True)
    ]
    drawn = _write(prompts, model, beams=1, temperature=1.0, seed=seed)
    return [text.strip().split("\n")[0].strip() for text in drawn]


def _write(texts: Sequence[str], name: str, *, beams: int, temperature: float, seed: int) -> list[str]:
    from headwinds.adapt.checkpoints import load_tokenizer, resolve_checkpoint
    from headwinds.adapt.generators import is_decoder_only, load_generator
    from headwinds.adapt.networks.generator import Generator
    from headwinds.adapt.written_encoding import Form, encode_read_and_written

    kept = [number for number, text in enumerate(texts) if text.strip()]
    found = [""] * len(texts)
    if not kept:
        return found
    checkpoint = resolve_checkpoint(name)
    tokenizer: Any = load_tokenizer(checkpoint, offsets=False)
    network = Generator(load_generator(checkpoint)).eval()
    form = Form(decoder_only=is_decoder_only(checkpoint), separator=" ")
    encoded = encode_read_and_written(
        tokenizer,
        [texts[number] for number in kept],
        None,
        [f"augmented text {number + 1}" for number in kept],
        max_tokens=checkpoint.max_tokens,
        form=form,
    )
    writing = Writing(
        beams=beams,
        length_penalty=1.0,
        temperature=temperature,
        top_p=0.95,
        min_new_tokens=0,
        max_new_tokens=min(LONGEST, checkpoint.max_tokens // 2),
        seed=seed,
    )
    shares = encoded.read_share
    for place, (number, one) in enumerate(
        zip(kept, write_texts(network, tokenizer, encoded, writing), strict=True)
    ):
        if one.ended and (shares is None or shares[place] == 1.0):  # half a text has not its label
            found[number] = one.text
    return found
