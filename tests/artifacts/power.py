"""A disk that loses its power: after any call, with what was not made durable kept, torn or lost.

It follows what POSIX promises and no more: a file's content is safe after fsync of the file, a name after fsync of its
directory, and a rename is one step. The calls are done for real, so that the code under test can read back what it wrote;
beside that a model is kept of what a crash would leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from headwinds.artifacts.filesystem import Piece, RealFileSystem

LOSSES = ("kept", "torn", "lost")


class PowerCut(BaseException):
    """The machine stopped; nothing after this happens, not even cleaning up."""


@dataclass(eq=False)
class Node:
    """A file or a folder: what a reader sees now, and what a crash would leave."""

    folder: bool
    content: bytes = b""
    durable_content: bytes | None = None
    names: dict[str, Node] = field(default_factory=dict)
    durable_names: dict[str, Node] = field(default_factory=dict)


class FailingDisk(RealFileSystem):
    """Does the first `calls` calls below `root` and stops the machine at the next one; counts them all."""

    def __init__(self, root: Path, calls: int | None = None) -> None:
        self.root_path, self.limit, self.done = root, calls, 0
        self.cut = False
        self.root = self._adopt(root, durable=True)

    def write_file(self, path: Path, *pieces: Piece) -> None:
        self._call()
        super().write_file(path, *pieces)
        data = b"".join(pieces)
        node = Node(folder=False, content=data)
        above = self._at(path.parent)
        if (
            path.name in above.names
        ):  # truncated in place: the same file, whose old content may or may not be lost
            node = above.names[path.name]
            node.content = data
        above.names[path.name] = node

    def sync_file(self, path: Path) -> None:
        self._call()
        super().sync_file(path)
        self._look_again(path.parent)
        node = self._at(path)
        node.content = node.durable_content = path.read_bytes()

    def sync_directory(self, path: Path) -> None:
        self._call()
        super().sync_directory(path)
        if path == self.root_path or self.root_path in path.parents:
            self._look_again(path)
            node = self._at(path)
            node.durable_names = dict(node.names)

    def make_directory(self, path: Path) -> None:
        self._call()
        super().make_directory(path)
        here = self.root
        for part in path.relative_to(self.root_path).parts:
            here = here.names.setdefault(part, Node(folder=True))

    def replace(self, source: Path, target: Path) -> None:
        self._call()
        moved = self._at(source)
        super().replace(source, target)
        del self._at(source.parent).names[source.name]
        self._at(target.parent).names[target.name] = moved

    def remove_file(self, path: Path) -> None:
        self._call()
        super().remove_file(path)
        self._at(path.parent).names.pop(path.name, None)

    def remove_tree(self, path: Path) -> None:
        self._call()
        super().remove_tree(path)
        self._at(path.parent).names.pop(path.name, None)

    def after_the_crash(self, place: Path, loss: str) -> None:
        """Lay out at `place` what the disk holds when the power is back."""
        place.mkdir()
        self._lay_out(self.root, place, loss)

    def _call(self) -> None:
        if self.cut or self.done == self.limit:
            self.cut = True  # code that cleans up after an error must find no machine either
            raise PowerCut
        self.done += 1

    def _at(self, path: Path) -> Node:
        here, place = self.root, self.root_path
        for part in path.relative_to(self.root_path).parts:
            place = place / part
            if part not in here.names:  # made by another writer in a folder that it was handed
                here.names[part] = self._adopt(place, durable=False)
            here = here.names[part]
        return here

    def _look_again(self, folder: Path) -> None:
        """Take in what other writers put into a folder that they were handed."""
        node = self._at(folder)
        for item in folder.iterdir():
            if item.name not in node.names:
                node.names[item.name] = self._adopt(item, durable=False)

    def _adopt(self, path: Path, *, durable: bool) -> Node:
        if not path.is_dir():
            content = path.read_bytes()
            return Node(folder=False, content=content, durable_content=content if durable else None)
        names = {item.name: self._adopt(item, durable=durable) for item in path.iterdir()}
        return Node(folder=True, names=names, durable_names=dict(names) if durable else {})

    def _lay_out(self, node: Node, place: Path, loss: str) -> None:
        names = node.names if loss in ("kept", "torn") else node.durable_names
        for name, child in names.items():
            if child.folder:
                (place / name).mkdir()
                self._lay_out(child, place / name, loss)
            else:
                (place / name).write_bytes(_content(child, loss))


def _content(node: Node, loss: str) -> bytes:
    if loss == "kept" or node.content == node.durable_content:
        return node.content
    if loss == "torn":
        return node.content[: len(node.content) // 2]
    return node.durable_content or b""
