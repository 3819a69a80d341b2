"""Causal graphs from TOML files, and the one that is shipped."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts import Edge, Graph, Node
from headwinds.errors import DataError
from headwinds.explain.graph.build import build_graph

if TYPE_CHECKING:
    from collections.abc import Mapping

_NODE = {"name": True, "title": False, "label": False}
_EDGE = {"source": True, "target": True, "lag": False, "evidence": False, "note": False}
_TOP = {"title": False, "node": True, "edge": True}


def read_graph(path: str | Path) -> Graph:
    """Read a graph.

    The file has a `title`, a ``[[node]]`` a variable (`name`; `title`, `label` if they differ from it) and an ``[[edge]]``
    an arrow (`source`, `target`; `lag` in periods, 0 if it is left out; `evidence`, "assumed" if it is left out; `note`).

    Raises
    ------
    DataError
        The file is missing or no TOML, a key is unknown, lacking or of the wrong kind, or `build_graph` refuses it.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no graph {path}.", remedy="Check the path.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is no TOML: {error}.") from None
    return graph_from(content, place=path.name)


def essay_graph() -> Graph:
    """The graph of the founding essay: technology, growth, and five headwinds between them."""
    return read_graph(Path(__file__).with_name("essay.toml"))


def graph_from(content: Mapping[str, Any], *, place: str) -> Graph:
    """The graph in the content of a TOML file, or of a table of one."""
    _keys(content, _TOP, place, "")
    nodes, edges = [], []
    for number, entry in enumerate(_entries(content, "node", place), start=1):
        where = f"node {number}"
        _keys(entry, _NODE, place, where)
        name = _text(entry, "name", "", place, where)
        title = _text(entry, "title", name, place, where)
        nodes.append(Node(name, title, _text(entry, "label", name, place, where)))
    for number, entry in enumerate(_entries(content, "edge", place), start=1):
        where = f"edge {number}"
        _keys(entry, _EDGE, place, where)
        lag = entry.get("lag", 0)
        if isinstance(lag, bool) or not isinstance(lag, int):
            raise DataError(f"{place}: {where}: lag is {lag!r}, expected a whole number of periods.")
        evidence: Any = _text(entry, "evidence", "assumed", place, where)
        ends = [_text(entry, key, "", place, where) for key in ("source", "target")]
        edges.append(Edge(ends[0], ends[1], lag, evidence, _text(entry, "note", "", place, where)))
    return build_graph(nodes, edges, title=_text(content, "title", "", place, ""), place=place)


def _entries(content: Mapping[str, Any], key: str, place: str) -> list[Mapping[str, Any]]:
    entries = content[key]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(f"{place}: {key} is no list of tables.", remedy=f"Write one [[{key}]] for each.")
    return entries


def _keys(entry: Mapping[str, Any], known: Mapping[str, bool], place: str, where: str) -> None:
    told = f"{place}: {where}: " if where else f"{place}: "
    for key in entry:
        if key not in known:
            raise DataError(f"{told}unknown key {key!r}; known are {', '.join(known)}.")
    for key, needed in known.items():
        if needed and key not in entry:
            raise DataError(f"{told}key {key!r} is lacking.")


def _text(entry: Mapping[str, Any], key: str, default: str, place: str, where: str) -> str:
    value = entry.get(key, default)
    if not isinstance(value, str):
        raise DataError(f"{place}: {f'{where}: ' if where else ''}{key} is {value!r}, expected text.")
    return value
