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
        "depth": (config, {"deep": json.loads("[" * 50 + "1" + "]" * 50)}),
        "auto_map of the tokenizer": (tokens, {"auto_map": {"AutoTokenizer": ["evil.Tok", None]}}),
        "class of the tokenizer is a path": (tokens, {"tokenizer_class": "../evil.Tok"}),
        "class of the tokenizer is a module": (tokens, {"tokenizer_class": "os.system"}),
        "auto_map of the generation": ("generation_config.json", {"auto_map": {"X": "y.Z"}}),
        "custom generation": ("generation_config.json", {"trust_remote_code": True}),
    }


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
