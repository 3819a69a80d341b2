"""Language models from raw text in Python: the call of `headwinds pretrain`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.doors.arguments import plain_arguments

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.pretraining import Forecast, Pretrained

PathLike = str | Path


@plain_arguments
def pretrain(
    files: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    seed: int = 0,
    quiet: bool = False,
    wait: float = 0.0,
    told: Callable[[str], None] | None = None,
    **settings: object,
) -> Pretrained:
    """Train a language model on raw text, from nothing or from a checkpoint; interrupted, the same call goes on.

    Parameters
    ----------
    files
        Files (.txt, .jsonl, .parquet) and folders of those; they are streamed, so their size does not matter.
    output
        The checkpoint stands in ``output/model``, an ordinary folder of `transformers` that ``tune(checkpoint=...)`` takes.
    told
        Is given the forecast in words before the training starts.
    settings
        Any setting of ``[pretrain]``: ``architecture="bert-mini"``, ``checkpoint="default"``, ``budget="30m"``.

    Returns
    -------
    Pretrained
        The model's folder and its report: ``.report.summary()``, ``.report.table``, ``.report.plot()``.

    Raises
    ------
    HeadwindsError
        One clear line: what is wrong, where, and how to mend it.
    """
    from headwinds.adapt.pretraining.pretraining import pretrain_files
    from headwinds.study.study_file import pretrain_settings

    return pretrain_files(
        _paths(files),
        pretrain_settings(dict(settings), seed=seed),
        Path(output),
        quiet=quiet,
        wait=wait,
        told=told or (lambda _: None),
    )


@plain_arguments
def forecast_pretraining(
    files: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    seed: int = 0,
    quiet: bool = False,
    **settings: object,
) -> Forecast:
    """How long a pretraining would take here: the text is read, some steps are timed, nothing is kept of them.

    Arguments as in `pretrain`, which then finds the tokens and the plan done.
    """
    from headwinds.adapt.pretraining.pretraining import forecast
    from headwinds.study.study_file import pretrain_settings

    return forecast(_paths(files), pretrain_settings(dict(settings), seed=seed), Path(output), quiet=quiet)


def _paths(files: PathLike | Sequence[PathLike]) -> list[Path]:
    named = [files] if isinstance(files, str | Path) else list(files)
    return [Path(one) for one in named]
