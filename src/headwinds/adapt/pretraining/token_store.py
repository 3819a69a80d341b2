"""Text as token numbers on disk, in shards: read once, then any document is found by its place, memory staying flat.

A shard is a stage of its own: what a killed run had finished is found again, and only the rest is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.pretraining.streams import Counts, Text
from headwinds.artifacts.fingerprint import fingerprint
from headwinds.artifacts.interruption import raise_if_stopped
from headwinds.artifacts.seeds import derive_seed
from headwinds.artifacts.stages import run_stage
from headwinds.artifacts.write import write_bytes, write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headwinds.adapt.pretraining.settings import PretrainSettings

SHARD_TOKENS = 4_000_000
TOGETHER_TEXTS = 512
TOGETHER_CHARACTERS = 1_000_000
FACTS = "shard.json"


@dataclass(frozen=True, slots=True)
class Documents:
    """Token numbers of documents, without special tokens.

    Attributes
    ----------
    tokens
        Shape (tokens,), mapped from the disk.
    starts
        Shape (documents + 1,): document i is ``tokens[starts[i]:starts[i + 1]]``.
    clusters
        Shape (documents,): documents of one number belong together.
    """

    tokens: NDArray[Any]
    starts: NDArray[np.int64]
    clusters: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of documents."""
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class TokenStore:
    """All shards.

    Attributes
    ----------
    folders
        Of the shards, in order.
    vocabulary
        Number of tokens that the tokenizer knows.
    documents, held_out_documents, tokens, held_out_tokens, empty
        How much there is to train on and to test on; texts with nothing in them.
    unknown_share
        Of the training tokens, those that the tokenizer has no word for.
    """

    folders: tuple[Path, ...]
    vocabulary: int
    documents: int
    held_out_documents: int
    tokens: int
    held_out_tokens: int
    empty: int
    unknown_share: float

    def training(self, shard: int) -> Documents:
        """The documents of a shard that are trained on."""
        return _load(self.folders[shard], "training", self.vocabulary)

    def held_out(self) -> Documents:
        """The documents that are never trained on."""
        import numpy as np

        parts = [_load(folder, "held-out", self.vocabulary) for folder in self.folders]
        lengths = np.concatenate([np.diff(part.starts) for part in parts])
        return Documents(
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.clusters for part in parts]),
        )

    def lengths(self, shard: int, side: str = "training") -> NDArray[np.int64]:
        """Tokens of each document of a shard that is trained on, or with "held-out" that is not."""
        import numpy as np

        return np.diff(np.fromfile(self.folders[shard] / f"{side}.starts", dtype="<i8"))

    def longest(self, side: str = "training") -> int:
        """Tokens of the longest document of a side; 0 where there is none."""
        return max(int(self.lengths(shard, side).max(initial=0)) for shard in range(len(self.folders)))

    def shorter_than(self, tokens: int) -> int:
        """How many training documents have fewer tokens."""
        return sum(int((self.lengths(shard) < tokens).sum()) for shard in range(len(self.folders)))

    def token_counts(self) -> NDArray[np.int64]:
        """How often each token stands in the training documents, shape (vocabulary,)."""
        import numpy as np

        counts = np.zeros(self.vocabulary, dtype=np.int64)
        for folder in self.folders:
            counts += np.fromfile(folder / "training.counts", dtype="<i8")
        return counts


def is_held_out(cluster: bytes, settings: PretrainSettings) -> bool:
    """Whether a document is kept for the test; a function of the seed and of what it belongs to alone."""
    return derive_seed(settings.seed, "held-out", cluster.hex()) < settings.held_out_share * 2**63


def write_tokens(
    output: Path,
    identity: str,
    tokenizer: Any,
    read: Callable[[Counts], Iterator[Text]],
    settings: PretrainSettings,
    *,
    told: Callable[[str], None] = lambda _: None,
) -> TokenStore:
    """Bring all texts to the disk as tokens, or find them there.

    Parameters
    ----------
    identity
        Fingerprint of the texts, the tokenizer and the settings of the split.
    read
        Starts to read the texts from their beginning.
    told
        Is told how far it is after each shard that was not there.

    Raises
    ------
    StorageError
        The disk is full or refuses; the shards before stand.
    """
    folders: list[Path] = []
    facts: list[dict[str, Any]] = []
    stream: _Stream | None = None
    while not facts or not facts[-1]["last"]:
        done = sum(fact["texts"] for fact in facts)
        held_out = sum(fact["held_out_tokens"] for fact in facts)

        def fill(
            folder: Path, _: Path, already: int = done, held: int = held_out, *, first: bool = not facts
        ) -> None:
            nonlocal stream
            if stream is None:
                stream = _Stream(read, already)
            _fill(folder, stream, tokenizer, settings, held, first=first)

        number = len(facts)
        stage = run_stage(
            output / "tokens", f"shard-{number:05d}", fingerprint(all=identity, shard=number), fill
        )
        raise_if_stopped()
        folders.append(stage.path)
        facts.append(json.loads((stage.path / FACTS).read_bytes()))
        if not stage.reused:
            told(f"{sum(fact['tokens'] for fact in facts):,} tokens of text")
    tokens = sum(fact["tokens"] for fact in facts)
    return TokenStore(
        tuple(folders),
        len(tokenizer),
        sum(fact["documents"] for fact in facts),
        sum(fact["held_out_documents"] for fact in facts),
        tokens,
        sum(fact["held_out_tokens"] for fact in facts),
        sum(fact["empty"] for fact in facts),
        sum(fact["unknown"] for fact in facts) / max(tokens, 1),
    )


class _Stream:
    """The texts, with how many were without content since the last shard."""

    def __init__(self, read: Callable[[Counts], Iterator[Text]], already: int) -> None:
        self.counts = Counts()
        self.texts = read(self.counts)
        for _ in islice(self.texts, already):
            pass
        self.counts.empty = 0

    def batches(self) -> Iterator[list[Text]]:
        """A few texts at a time, so that the tokenizer's threads have work."""
        batch: list[Text] = []
        size = 0
        for text in self.texts:
            batch.append(text)
            size += len(text.content)
            if len(batch) >= TOGETHER_TEXTS or size >= TOGETHER_CHARACTERS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _fill(
    folder: Path, stream: _Stream, tokenizer: Any, settings: PretrainSettings, held: int, *, first: bool
) -> None:
    import numpy as np

    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    backend.encode_special_tokens = (
        True  # "</s>" in a text, as corpora mark sentences, is text and ends nothing
    )
    sides = {"training": _Side(), "held-out": _Side()}
    texts, last = 0, True
    for batch in stream.batches():
        encodings = backend.encode_batch_fast([text.content for text in batch], add_special_tokens=False)
        for text, encoding in zip(batch, encodings, strict=True):
            aside = is_held_out(text.cluster, settings)
            if aside and held + sides["held-out"].size >= settings.held_out_tokens:
                continue
            sides["held-out" if aside else "training"].add(
                np.asarray(encoding.ids, dtype=np.int32), text.cluster
            )
        texts += len(batch)
        raise_if_stopped()
        if sides["training"].size >= SHARD_TOKENS:
            last = False
            break
    kind = _kind(len(tokenizer))
    for name, side in sides.items():
        side.write(folder, name, kind)
    found = sides["training"].joined()
    counts = np.bincount(found, minlength=len(tokenizer)).astype("<i8")
    write_bytes(folder / "training.counts", counts.tobytes())
    unknown = tokenizer.unk_token_id
    write_json(
        folder / FACTS,
        {
            "texts": texts,
            "last": last,
            "empty": stream.counts.empty,
            "documents": len(sides["training"].parts),
            "tokens": sides["training"].size,
            "held_out_documents": len(sides["held-out"].parts),
            "held_out_tokens": sides["held-out"].size,
            "unknown": 0 if unknown is None else int(counts[unknown]),
            "first": first,
        },
    )
    stream.counts.empty = 0


class _Side:
    """Documents of one side of the split as they are gathered."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int32]] = []
        self.clusters: list[bytes] = []
        self.size = 0

    def add(self, tokens: NDArray[np.int32], cluster: bytes) -> None:
        if len(tokens):
            self.parts.append(tokens)
            self.clusters.append(cluster)
            self.size += len(tokens)

    def joined(self) -> NDArray[np.int32]:
        import numpy as np

        return np.concatenate(self.parts) if self.parts else np.zeros(0, dtype=np.int32)

    def write(self, folder: Path, name: str, kind: str) -> None:
        import numpy as np

        starts = np.concatenate([[0], np.cumsum([len(part) for part in self.parts])]).astype("<i8")
        write_bytes(folder / f"{name}.tokens", self.joined().astype(kind).tobytes())
        write_bytes(folder / f"{name}.starts", starts.tobytes())
        write_bytes(folder / f"{name}.clusters", b"".join(self.clusters))


def _load(folder: Path, name: str, vocabulary: int) -> Documents:
    import numpy as np

    path = folder / f"{name}.tokens"
    empty = path.stat().st_size == 0  # an empty file cannot be mapped
    tokens = np.zeros(0, _kind(vocabulary)) if empty else np.memmap(path, dtype=_kind(vocabulary), mode="r")
    return Documents(
        tokens,
        np.fromfile(folder / f"{name}.starts", dtype="<i8"),
        np.fromfile(folder / f"{name}.clusters", dtype="<i8"),
    )


def _kind(vocabulary: int) -> str:
    return "<u2" if vocabulary <= 2**16 else "<u4"
