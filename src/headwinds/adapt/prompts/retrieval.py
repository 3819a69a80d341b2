"""Which labelled examples stand before a text: the nearest, by the default sentence encoder or by their words."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


def nearest(pool: Sequence[str], texts: Sequence[str], *, count: int, by: str) -> NDArray[np.int64]:
    """Numbers in `pool` of the `count` examples nearest to each text, the nearest first; shape (texts, count).

    `by` is "encoder" (cosines of the offline sentence encoder) or "tf-idf". Equally near ones come in the pool's order.
    """
    import numpy as np

    count = min(count, len(pool))
    if not count:
        return np.zeros((len(texts), 0), dtype=np.int64)
    if by == "encoder":
        likeness = _vectors(texts) @ _pool_vectors(tuple(pool)).T
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer

        words = TfidfVectorizer(sublinear_tf=True).fit(pool)
        likeness = np.asarray((words.transform(texts) @ words.transform(pool).T).todense())
    # Rounded, so that a text's neighbours do not hang on the last bits, which depend on its company.
    return np.argsort(-likeness.round(5), axis=1, kind="stable")[:, :count]


@lru_cache(maxsize=2)
def _pool_vectors(pool: tuple[str, ...]) -> NDArray[np.float64]:
    return _vectors(pool)


@lru_cache(maxsize=1)
def _encoder() -> tuple[Any, Any, int]:
    import torch

    from headwinds.adapt.checkpoints import load_encoder, load_tokenizer, resolve_checkpoint
    from headwinds.adapt.networks.text import TextClassifier
    from headwinds.adapt.prediction import make_predictor

    checkpoint = resolve_checkpoint("default")
    network = TextClassifier(load_encoder(checkpoint), 1, dropout=0.0, pooling="normalised-mean")
    network.head = torch.nn.Identity()  # type: ignore[assignment]
    tokenizer = load_tokenizer(checkpoint)
    longest = checkpoint.max_tokens
    return (
        make_predictor(network, tokenizer, max_tokens=longest, precision="float32"),
        tokenizer,
        longest,
    )


def _vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    import numpy as np

    from headwinds.adapt.encoding import encode_texts
    from headwinds.adapt.prediction import predict_outputs

    predictor, tokenizer, longest = _encoder()
    encoded = encode_texts(tokenizer, list(texts), max_tokens=longest)
    return np.array(predict_outputs(predictor, encoded), dtype=np.float64)
