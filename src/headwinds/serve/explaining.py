"""Why a text got a label: what its probability loses when a piece is left out (occlusion: Zeiler, Fergus 2014)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from headwinds.serve.engine import Waiting
from headwinds.serve.incoming import RequestError, check_row, plain_json
from headwinds.serve.site import asked_version, json_body, note, site_of
from headwinds.serve.waiting import answered

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.adapt.fitted_model import FittedModel

MOST_PIECES = 96
LONGEST_TEXT = 6_000
# A word with the space after it; a Chinese or Japanese character is a word.
PIECE = re.compile(
    r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)\s*"
)


def explains(model: FittedModel) -> bool:
    """Whether predictions of a model can be explained here: it gives a text probabilities of labels."""
    return model.task.name == "text-classification" and bool(model.facts.labels)


def pieces_of(text: str) -> list[str]:
    """A text in pieces that are together the text; where there are too many words, several are one piece."""
    words = PIECE.findall(text)
    together = -(-len(words) // MOST_PIECES)
    return ["".join(words[start : start + together]) for start in range(0, len(words), max(1, together))]


async def explain(request: Request) -> Response:
    """What each piece of a text contributes to a label: the model is asked once more without each."""
    site = site_of(request)
    name, loaded = asked_version(request)
    if not explains(loaded.model):
        raise RequestError(422, "Only what classifies texts is explained here.")
    row, label = _read(await json_body(request), loaded.model.facts.labels)
    pieces = pieces_of(row["text"])
    without = [{**row, "text": "".join(pieces[:place] + pieces[place + 1 :])} for place in range(len(pieces))]
    rows = [row, *(one if one["text"].strip() else row for one in without)]
    note(request, model=name, version=loaded.version[:12], rows=len(rows))
    _, found = await answered(request, site, loaded, rows, Waiting())
    labels = loaded.model.facts.labels
    place = (
        labels.index(label) if label else max(range(len(labels)), key=lambda n: found[0]["probabilities"][n])
    )
    whole = found[0]["probabilities"][place]
    told = [
        {"text": piece, "contribution": whole - one["probabilities"][place]}
        for piece, one in zip(pieces, found[1:], strict=True)
    ]
    return JSONResponse(
        {
            "model": name,
            "version": loaded.version,
            "label": labels[place],
            "probability": whole,
            "method": "occlusion",
            "pieces": told,
        }
    )


def _read(body: bytes, labels: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    content = plain_json(body)
    if not isinstance(content, dict) or "row" not in content or set(content) - {"row", "label"}:
        raise RequestError(422, 'The body is not {"row": {...}, "label": ...}.')
    row, label = content["row"], content.get("label", "")
    check_row(row, "The row")
    text = row.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise RequestError(422, f"text is a text of at most {LONGEST_TEXT} characters.")
    if not isinstance(label, str) or (label and label not in labels):
        raise RequestError(422, "label is one of the model's labels, or left out.")
    return row, label
