"""The routes that programs written for OpenAI's server call: chat completions and completions, whole or streamed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from headwinds.adapt.tasks.contract import writes
from headwinds.artifacts.seeds import derive_seed
from headwinds.errors import HeadwindsError
from headwinds.serve.completions import (
    CHAT,
    TEXT,
    ParameterError,
    chunk,
    counts,
    data,
    new_name,
    read_request,
    refusal,
    row_of,
    whole_answer,
)
from headwinds.serve.engine import Waiting
from headwinds.serve.predicting import EVENTS
from headwinds.serve.site import json_body, note, site_of
from headwinds.serve.waiting import LATE, MISTAKES, answered, mistake_of, pieces

if TYPE_CHECKING:
    from starlette.requests import Request

    from headwinds.serve.completions import Asked
    from headwinds.serve.engine import Loaded


async def chat(request: Request) -> Response:
    """``POST /v1/chat/completions``."""
    return await _told(request, CHAT)


async def completions(request: Request) -> Response:
    """``POST /v1/completions``."""
    return await _told(request, TEXT)


async def _told(request: Request, kind: str) -> Response:
    try:
        return await _completed(request, kind)
    except MISTAKES as error:
        status, words = mistake_of(error)
        parameter = error.parameter if isinstance(error, ParameterError) else None
        headers = {"retry-after": "1"} if status in (429, 503) else None
        status = 400 if status == 422 else status
        return JSONResponse(refusal(status, words, parameter), status, headers)


async def _completed(request: Request, kind: str) -> Response:
    if request.scope["query_string"]:
        raise ParameterError("", "This route takes no query.")
    asked = read_request(await json_body(request), kind)
    shown = site_of(request).shelf.models.get(asked.model)
    if shown is None:
        raise ParameterError("model", "There is no such model.", 404)
    loaded = shown.current
    task = loaded.model.task
    if not writes(task):
        raise ParameterError("model", f"This model does {task.name}, and writes nothing.")
    note(request, model=asked.model, version=loaded.version[:12], rows=len(asked.prompts))
    jobs = _jobs(asked, loaded)
    name, created = new_name(kind), int(time.time())
    if asked.stream:
        return await _streamed(request, asked, loaded, jobs, name, created)
    texts, read, written = [], 0, 0
    for number, (row, waiting) in enumerate(jobs):
        said: list[str] = []
        waiting = replace(waiting, say=said.append)
        taken, found = await answered(request, site_of(request), loaded, [row], waiting)
        read += taken.tokens if number % asked.choices == 0 else 0
        written += found[0]["tokens"]
        texts.append(("".join(said), found[0]["ended"]))
    return JSONResponse(whole_answer(asked, name, created, loaded.version, texts, read, written))


def _jobs(asked: Asked, loaded: Loaded) -> list[tuple[dict[str, Any], Waiting]]:
    """A row and how it is written, for each text that is asked for; each has a seed of its own, the first the one given."""
    saved = loaded.model.facts.decoder["writing"]
    seed = int(saved["seed"]) if asked.seed is None else asked.seed % 2**63
    return [
        (
            row_of(loaded.model.task.name, prompt),
            Waiting(
                changes={**asked.changes, "seed": derive_seed(seed, "choice", number) if number else seed},
                stop=asked.stop,
            ),
        )
        for prompt in asked.prompts
        for number in range(asked.choices)
    ]


async def _streamed(
    request: Request,
    asked: Asked,
    loaded: Loaded,
    jobs: list[tuple[dict[str, Any], Waiting]],
    name: str,
    created: int,
) -> Response:
    site, version = site_of(request), loaded.version
    first = await pieces(site, loaded, [jobs[0][0]], jobs[0][1])

    async def events() -> AsyncIterator[bytes]:
        read, written = 0, 0
        try:
            for index, (row, waiting) in enumerate(jobs):
                taken, following = first if index == 0 else await pieces(site, loaded, [row], waiting)
                read += taken.tokens if index % asked.choices == 0 else 0
                ended = None
                if asked.kind == CHAT:
                    yield data(chunk(asked, name, created, version, index, "", first=True))
                async for one in following:
                    if isinstance(one, dict):
                        ended, written = one["ended"], written + one["tokens"]
                    else:
                        yield data(chunk(asked, name, created, version, index, one))
                if ended is None:
                    yield data(refusal(503, LATE))
                    return
                yield data(chunk(asked, name, created, version, index, None, ended))
        except (*MISTAKES, HeadwindsError) as error:
            yield data(refusal(*mistake_of(error)))
            return
        if asked.count_at_the_end:
            yield data(counts(asked, name, created, version, read, written))
        yield b"data: [DONE]\n\n"

    return StreamingResponse(events(), media_type=EVENTS)
