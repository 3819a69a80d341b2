"""What a tuned model depends on, as one fingerprint: by it a model is found again, and anything else is fitted anew."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.scratch import architecture_of, is_scratch
from headwinds.artifacts.fingerprint import code_digest, file_digest, fingerprint
from headwinds.artifacts.installed import installed_version
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    from headwinds.adapt.settings import TuneSettings
    from headwinds.adapt.tuning_files import LabelledFiles


def model_identity(files: LabelledFiles, settings: TuneSettings) -> str:
    """The fingerprint of all that a model tuned on `files` depends on; the test file is no part of it."""
    import transformers

    return fingerprint(
        files={name: file_digest(path) for name, path in files.named().items() if name != "test"},
        group=files.group,
        held_out=held_out_digest(files),
        codebook=file_digest(files.codebook) if files.codebook else "",
        encoding=files.encoding,
        settings=asdict(settings),
        checkpoint=_checkpoint_digest(settings),
        control=_control_digest(settings),
        code=code_digest("headwinds.adapt", "headwinds.corpus"),
        versions={"torch": installed_version("torch"), "transformers": transformers.__version__},
    )


def held_out_digest(files: LabelledFiles) -> str:
    """What the rows of a test hang on beside the file; "" where none are held out of it."""
    if not files.test_share:
        return ""
    drawn = {} if files.split_by else {"seed": files.test_seed}
    return fingerprint(share=files.test_share, split_by=files.split_by, group=files.group, **drawn)


def _checkpoint_digest(settings: TuneSettings) -> str:
    from headwinds.adapt.checkpoints import resolve_checkpoint

    if is_scratch(settings.checkpoint):  # made of the training file, which counts already
        return fingerprint(
            architecture=architecture_of(settings.checkpoint), tokenizers=installed_version("tokenizers")
        )
    return resolve_checkpoint(settings.checkpoint).digest


def _control_digest(settings: TuneSettings) -> str:
    if not settings.control_classifier:
        return ""
    folder = Path(settings.control_classifier)
    facts = next(
        (path for path in (folder / "model" / "model.json", folder / "model.json") if path.is_file()), None
    )
    if facts is None:
        raise CheckpointError(
            f"control_classifier = {settings.control_classifier!r} holds no fitted model.",
            remedy="Name the folder of a tuned text classifier.",
        )
    return file_digest(facts)
