"""A result in many files, written as they come: each part whole, a note beside it, the manifest last.

Guarantee: whoever finds `manifest.json` finds every part that it lists as it was written; before the first part is changed
the manifest of an earlier result is taken away. A part whose note names the same key is not made again. Trade-off: an
earlier result is not valid any more as soon as another one begins in its place (it would need twice the space). Scope: one
writer at a time; on a machine `study_lock` sees to it, in an object store nobody does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headwinds.artifacts.manifest import MANIFEST, canonical_manifest
from headwinds.artifacts.stages import SCRATCH, STAGE
from headwinds.artifacts.stores import Folder, Store
from headwinds.errors import ArtifactError

PARTS = "parts"
REFUSALS = "refusals"
LIST = "parts.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A finished part.

    Attributes
    ----------
    key
        Of all that it depends on.
    name, size, sha256
        Its file below the result.
    rows, refused
        What it holds, and how many rows were refused in making it.
    refusals, refusals_size, refusals_sha256
        The file that lists them; "" where none was.
    """

    key: str
    name: str
    size: int
    sha256: str
    rows: int
    refused: int
    refusals: str = ""
    refusals_size: int = 0
    refusals_sha256: str = ""


def part_name(number: int) -> str:
    """The name of a part without its ending."""
    return f"part-{number:06d}"


def finished_result(store: Store, result: str, fingerprint: str) -> dict[str, Any] | None:
    """What stands in ``stage.json`` of a whole result with this fingerprint, None if there is none."""
    stage, manifest = _json(store, f"{result}/{STAGE}"), _json(store, f"{result}/{MANIFEST}")
    if not stage or not manifest or stage.get("fingerprint") != fingerprint:
        return None
    store.sizes(f"{result}/")
    whole = all(
        store.holds(f"{result}/{name}", facts["size"], facts["sha256"])
        for name, facts in manifest.get("files", {}).items()
    )
    return stage if whole else None


def begin(
    store: Store, result: str, wanted: Mapping[int, str], *, of_before: tuple[str, ...] = ()
) -> dict[int, Part]:
    """Prepare a place for parts with these keys, by number; return the notes of those that should stand there already.

    An earlier manifest is taken away first, then the notes of other parts, then every file of an earlier result, those named
    by `of_before` among them; files that are not ours stay.
    """
    notes = {}
    for number, note in _notes(store, result):
        if wanted.get(number) == note.key:
            notes[number] = note
    store.remove(f"{result}/{MANIFEST}")
    _keep_notes(store, result, notes)
    if isinstance(store, Folder):
        store.clean(result, f"{result}/{PARTS}", f"{result}/{REFUSALS}", _scratch(result))
    kept = {name for note in notes.values() for name in (note.name, note.refusals)}
    for name in store.sizes(f"{result}/"):
        below = name.removeprefix(f"{result}/")
        folder, _, file = below.rpartition("/")
        ours = below in (STAGE, LIST, *of_before) or (
            folder in (PARTS, REFUSALS) and file.startswith("part-")
        )
        if ours and below not in kept:
            store.remove(name)
    return notes


def is_whole(store: Store, result: str, part: Part) -> bool:
    """Whether a part stands there as its note says."""
    return store.holds(f"{result}/{part.name}", part.size, part.sha256) and (
        not part.refusals
        or store.holds(f"{result}/{part.refusals}", part.refusals_size, part.refusals_sha256)
    )


def write_part(
    store: Store,
    result: str,
    number: int,
    key: str,
    data: bytes,
    rows: int,
    refusals: Sequence[Mapping[str, Any]],
) -> Part:
    """Write a part (Parquet), its refusals (JSONL), then its note."""
    name, listed = f"{PARTS}/{part_name(number)}.parquet", ""
    text = b""
    if refusals:
        listed = f"{REFUSALS}/{part_name(number)}.jsonl"
        lines = (json.dumps(dict(one), ensure_ascii=False, sort_keys=True) for one in refusals)
        text = "".join(f"{line}\n" for line in lines).encode("utf-8")
        store.write(f"{result}/{listed}", text)
    store.write(f"{result}/{name}", data)
    part = Part(
        key,
        name,
        len(data),
        hashlib.sha256(data).hexdigest(),
        rows,
        len(refusals),
        listed,
        len(text),
        hashlib.sha256(text).hexdigest() if listed else "",
    )
    store.write(f"{_scratch(result)}/{part_name(number)}.json", _bytes(asdict(part)))
    return part


def finish(store: Store, result: str, parts: Sequence[Part], facts: Mapping[str, Any]) -> None:
    """Write what there is to say of the result, then its manifest; the notes are taken away."""
    written = {LIST: _bytes([asdict(part) for part in parts]), STAGE: _bytes(dict(facts))}
    files: dict[str, dict[str, Any]] = {}
    for name, data in written.items():
        store.write(f"{result}/{name}", data)
        files[name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    for part in parts:
        files[part.name] = {"size": part.size, "sha256": part.sha256}
        if part.refusals:
            files[part.refusals] = {"size": part.refusals_size, "sha256": part.refusals_sha256}
    store.write(f"{result}/{MANIFEST}", canonical_manifest(files))
    for name in store.sizes(f"{_scratch(result)}/"):
        store.remove(name)


def require_finished(store: Store, result: str) -> dict[str, int]:
    """The sizes of the files of a finished result, by name below it.

    Raises
    ------
    ArtifactError
        It has no manifest, or a file that the manifest lists is missing or of another size.
    """
    manifest = _json(store, f"{result}/{MANIFEST}" if result else MANIFEST)
    place = f"{store.place}/{result}".rstrip("/")
    remedy = "Run the command that wrote it again: it goes on where it stopped."
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ArtifactError(f"{place} has no {MANIFEST}, so it was never finished.", remedy=remedy)
    prefix = f"{result}/" if result else ""
    found = store.sizes(prefix)
    for name, facts in manifest["files"].items():
        if found.get(f"{prefix}{name}") != facts["size"]:
            raise ArtifactError(f"{place}/{name} is not what was written.", remedy=remedy)
    return {name: facts["size"] for name, facts in manifest["files"].items()}


def _notes(store: Store, result: str) -> Iterator[tuple[int, Part]]:
    listed = _json(store, f"{result}/{LIST}")
    single = (_json(store, name) for name in store.sizes(f"{_scratch(result)}/") if name.endswith(".json"))
    for one in [*(listed if isinstance(listed, list) else []), *single]:
        try:
            note = Part(**one)
            yield int(note.name.rpartition("-")[2].partition(".")[0]), note
        except (TypeError, ValueError, AttributeError):
            continue  # a note of another version: the part is made again


def _keep_notes(store: Store, result: str, kept: Mapping[int, Part]) -> None:
    """Leave the notes of these parts, and no other.

    One that outlived its part could speak for another of the same size in its place, after a kill between that part and its
    own note: in an object store nothing but the size is looked at.
    """
    written = {
        f"{_scratch(result)}/{part_name(number)}.json": _bytes(asdict(note)) for number, note in kept.items()
    }
    for name in store.sizes(f"{_scratch(result)}/"):
        if name not in written:
            store.remove(name)
    for name, content in written.items():
        if store.read(name) != content:
            store.write(name, content)


def _scratch(result: str) -> str:
    return f"{SCRATCH}/{result}-parts"


def _json(store: Store, name: str) -> Any:
    data = store.read(name)
    try:
        return None if data is None else json.loads(data)
    except ValueError:
        return None


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode(
        "utf-8"
    )
