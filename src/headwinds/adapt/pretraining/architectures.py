"""Networks from nothing: a family and a size, as plain configurations of `transformers` with random weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from headwinds.artifacts.seeds import derive_seed
from headwinds.contracts.suggestions import nearest
from headwinds.errors import SettingsError

if TYPE_CHECKING:
    from headwinds.adapt.pretraining.objectives.contract import Vocabulary
    from headwinds.adapt.pretraining.settings import PretrainSettings


@dataclass(frozen=True, slots=True)
class Size:
    """Layers, width of the states, heads, width inside a layer."""

    layers: int
    width: int
    heads: int
    inner: int


# The widths of Turc et al. (2019); the inner width is four times the outer.
SIZES = {
    "tiny": Size(2, 128, 2, 512),
    "mini": Size(4, 256, 4, 1024),
    "small": Size(4, 512, 8, 2048),
    "base": Size(12, 768, 12, 3072),
}
# Of each family: the objectives it is made for (the first is its own), and the kind of its tokenizer.
FAMILIES = {
    "bert": (("masked",), "wordpiece"),
    "modernbert": (("masked",), "byte-bpe"),
    "electra": (("replaced",), "wordpiece"),
    "gpt2": (("causal",), "byte-bpe"),
    "llama": (("causal",), "byte-bpe"),
    "t5": (("spans",), "byte-bpe"),
}
ARCHITECTURES = tuple(f"{family}-{size}" for family in FAMILIES for size in SIZES)
HEAD_WIDTH = 64


def family_of(architecture: str) -> str:
    """The family of an architecture's name.

    Raises
    ------
    SettingsError
        There is none of that name.
    """
    if architecture not in ARCHITECTURES:
        raise SettingsError(
            f"There is no architecture {architecture!r}.{nearest(architecture, ARCHITECTURES)}",
            remedy=f"Known: {', '.join(FAMILIES)}, each with {', '.join(SIZES)}.",
        )
    return architecture.rpartition("-")[0]


def objective_of(settings: PretrainSettings) -> str:
    """The objective of a new model.

    Raises
    ------
    SettingsError
        The architecture is not made for the objective that is asked for.
    """
    family = family_of(settings.architecture)
    own = FAMILIES[family][0]
    if settings.objective and settings.objective not in own:
        others = [name for name, (fits, _) in FAMILIES.items() if settings.objective in fits]
        remedy = (
            f"Choose the architecture {' or '.join(others)}."
            if others
            else "Name a checkpoint that is continued."
        )
        raise SettingsError(
            f"objective = {settings.objective!r}, but {settings.architecture} has a head for {own[0]!r} alone.",
            remedy=remedy,
        )
    return settings.objective or own[0]


def size_of(settings: PretrainSettings) -> Size:
    """The architecture's size, with the settings' own layers and width where they are set.

    Raises
    ------
    SettingsError
        The width cannot be cut into heads.
    """
    size = SIZES[settings.architecture.rpartition("-")[2]]
    if settings.layers:
        size = replace(size, layers=settings.layers)
    if settings.width:
        if settings.width % 16:
            raise SettingsError(f"width = {settings.width} cannot be used: expected a multiple of 16.")
        heads = max(1, settings.width // HEAD_WIDTH) if settings.width % HEAD_WIDTH == 0 else 1
        size = replace(size, width=settings.width, heads=heads, inner=4 * settings.width)
    return size


def new_models(settings: PretrainSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    """The models that the objective's network is made of, with weights that the seed decides, by what they are for."""
    import torch

    from headwinds.adapt.checkpoints import quiet_transformers

    make = {
        "bert": _bert,
        "modernbert": _modernbert,
        "electra": _electra,
        "gpt2": _gpt2,
        "llama": _llama,
        "t5": _t5,
    }[family_of(settings.architecture)]
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(derive_seed(settings.seed, "weights") % 2**63)
        return make(size_of(settings), vocabulary, settings)


def _bert(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import BertConfig, BertForMaskedLM

    return {"model": BertForMaskedLM(BertConfig(**_encoder(size, vocabulary, settings)))}


def _modernbert(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    config = ModernBertConfig(
        vocab_size=vocabulary.size,
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=_gated(size),
        max_position_embeddings=max(512, settings.sequence_tokens),
        attention_dropout=0.0,
        mlp_dropout=settings.dropout,
        embedding_dropout=settings.dropout,
        pad_token_id=vocabulary.names["pad"],
        bos_token_id=vocabulary.names["cls"],
        eos_token_id=vocabulary.names["sep"],
        cls_token_id=vocabulary.names["cls"],
        sep_token_id=vocabulary.names["sep"],
        attn_implementation=_attention(),
    )
    return {"model": ModernBertForMaskedLM(config)}


def _electra(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import ElectraConfig, ElectraForPreTraining

    config = ElectraConfig(embedding_size=size.width, **_encoder(size, vocabulary, settings))
    model = ElectraForPreTraining(config)
    return {"model": model, "generator": filler_for(model)}


def filler_for(model: Any) -> Any:
    """The small network that fills the gaps: a third of the width, the embeddings of the large one."""
    from transformers import ElectraConfig, ElectraForMaskedLM

    settings = model.config.to_dict()
    width = max(64, round(model.config.hidden_size / 3 / 64) * 64)
    heads = max(1, width // HEAD_WIDTH)
    settings |= {"hidden_size": width, "num_attention_heads": heads, "intermediate_size": 4 * width}
    config = ElectraConfig(**settings)
    config._attn_implementation = model.config._attn_implementation
    generator = ElectraForMaskedLM(config)
    shared = model.electra.embeddings
    own = generator.electra.embeddings
    for name in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
        setattr(own, name, getattr(shared, name))
    generator.generator_lm_head.weight = shared.word_embeddings.weight
    return generator


def _gpt2(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=vocabulary.size,
        n_positions=settings.sequence_tokens,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        resid_pdrop=settings.dropout,
        embd_pdrop=settings.dropout,
        attn_pdrop=0.0,
        pad_token_id=vocabulary.names["pad"],
        bos_token_id=vocabulary.names["bos"],
        eos_token_id=vocabulary.names["eos"],
        attn_implementation=_attention(),
    )
    return {"model": GPT2LMHeadModel(config)}


def _llama(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary.size,
        hidden_size=size.width,
        intermediate_size=_gated(size),
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        max_position_embeddings=max(1024, settings.sequence_tokens),
        tie_word_embeddings=True,
        pad_token_id=vocabulary.names["pad"],
        bos_token_id=vocabulary.names["bos"],
        eos_token_id=vocabulary.names["eos"],
        attn_implementation=_attention(),
    )
    return {"model": LlamaForCausalLM(config)}


def _t5(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=vocabulary.size,
        d_model=size.width,
        d_kv=size.width // size.heads,
        d_ff=_gated(size),
        num_layers=size.layers,
        num_decoder_layers=size.layers,
        num_heads=size.heads,
        dropout_rate=settings.dropout,
        feed_forward_proj="gated-gelu",
        pad_token_id=vocabulary.names["pad"],
        eos_token_id=vocabulary.names["eos"],
        decoder_start_token_id=vocabulary.names["pad"],
    )
    return {"model": T5ForConditionalGeneration(config)}


def _encoder(size: Size, vocabulary: Vocabulary, settings: PretrainSettings) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary.size,
        "hidden_size": size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.inner,
        "max_position_embeddings": settings.sequence_tokens,  # those beyond would be read, and never learnt
        "hidden_dropout_prob": settings.dropout,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": vocabulary.names["pad"],
        "attn_implementation": _attention(),
    }


def _gated(size: Size) -> int:
    """Inner width of a gated layer with as many weights as a plain one of the size (Shazeer 2020), a multiple of 32."""
    return max(32, round(size.inner * 2 / 3 / 32) * 32)


def _attention() -> str:
    from headwinds.adapt.training.attention import register_attention

    return register_attention()
