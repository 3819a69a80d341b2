"""Which versions are served: those in production, and those named; a promotion is seen and swapped in, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headwinds.adapt.fit_cost import cost_beside
from headwinds.adapt.fitted_model import load_model, model_of
from headwinds.errors import HeadwindsError, SettingsError
from headwinds.registry.card import Card, evaluation_beside, make_card
from headwinds.registry.index import find_version, versions_of
from headwinds.registry.versions import load_version, version_of
from headwinds.serve.engine import Loaded, load

if TYPE_CHECKING:
    from headwinds.registry.index import Registry


MOST_SECONDS = 60.0
"""Between two looks at a version that could not be loaded."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A model as requests find it: the version that answers, its card, and the versions that can be asked for by number."""

    current: Loaded
    card: Card
    others: Mapping[int, Loaded] = field(default_factory=dict)

    def version(self, number: int | None) -> Loaded | None:
        """The version of a number; without one that in production."""
        return self.current if number in (None, self.current.number) else self.others.get(number or 0)


@dataclass(frozen=True, slots=True)
class _Failed:
    """A version that could not be loaded: what was said of it, and when (`time.monotonic`) it is looked at again."""

    version: str
    words: str
    seconds: float
    again: float


@dataclass(slots=True)
class Shelf:
    """The models by name. `models` is replaced as a whole, never changed: a request sees the old one or the new one."""

    models: Mapping[str, Shown]
    registry: Registry | None = None
    fixed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    said: Callable[[str, str, str], None] = lambda *_: None
    _failed: dict[str, _Failed] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def refresh(self, *, strict: bool = False) -> None:
        """Load what was promoted since; a version that is damaged is named in the log, and the one before stays.

        Raises
        ------
        CheckpointError
            With `strict`, where one is damaged.
        StorageError, ArtifactError
            The registry cannot be read.
        """
        if self.registry is None:
            return
        found: dict[str, Shown] = dict(self.models)
        production = {one.name: one for one in versions_of(self.registry) if one.stage == "production"}
        for name, version in production.items():
            now = found.get(name)
            if now is not None and now.current.version == version.version:
                self._failed.pop(name, None)
                continue
            before = self._failed.get(name)
            if before is not None and before.version == version.version and time.monotonic() < before.again:
                continue
            others = dict(now.others) if now else {}
            try:
                model = load_version(self.registry.versions, version.version)
                loaded = load(name, version.version, version.number, model)
                for number in self.fixed.get(name, ()):
                    if number not in others and number != version.number:
                        named = find_version(self.registry, name, str(number))
                        other = load_version(self.registry.versions, named.version)
                        others[number] = load(name, named.version, number, other)
            except HeadwindsError as error:
                self._note(name, version.version, error.message)
                if strict:
                    raise
                continue
            self._failed.pop(name, None)
            found[name] = Shown(loaded, version.card, others)
            self.said("version in production", name, version.version)
        self.models = found

    def _note(self, name: str, version: str, words: str) -> None:
        """Say once what is wrong with a version, and look at it again less and less often: each look reads all its bytes."""
        before = self._failed.get(name)
        again = before is not None and before.version == version
        seconds = min(MOST_SECONDS, 2 * before.seconds) if before is not None and again else 1.0
        if before is None or (before.version, before.words) != (version, words):
            self.said("version not loaded", name, words)
        self._failed[name] = _Failed(version, words, seconds, time.monotonic() + seconds)

    def watch(self, seconds: float) -> None:
        """Look for promotions every so many seconds, beside the requests."""
        if self.registry is None:
            return

        def look() -> None:
            while not self._stop.wait(seconds):
                try:
                    self.refresh()
                except (
                    HeadwindsError
                ) as error:  # the database is gone for now: what is loaded goes on answering
                    self.said("registry not read", "", error.message)
                except Exception as error:  # an entry that cannot be read must not end the looking for good
                    self.said("registry not read", "", type(error).__name__)

        self._watcher = threading.Thread(target=look, name="headwinds-shelf", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join()


def shelf_of_folder(folder: Path, name: str) -> Shelf:
    """One fitted model's folder, without a registry.

    Raises
    ------
    CheckpointError
        It holds no whole fitted model.
    """
    place = model_of(folder)
    version, facts = version_of(place)
    cost = cost_beside(place, version)
    card = make_card(facts, evaluation=evaluation_beside(place, version), fitting=cost)
    return Shelf({name: Shown(load(name, version, 1, load_model(place)), card)})


def shelf_of_registry(
    registry: Registry, fixed: Mapping[str, tuple[int, ...]], said: Callable[..., None]
) -> Shelf:
    """All models of a registry that have a version in production.

    Raises
    ------
    SettingsError
        None has.
    CheckpointError
        A version is damaged.
    """
    shelf = Shelf({}, registry, fixed, said)
    shelf.refresh(strict=True)
    if not shelf.models:
        raise SettingsError(
            f"No model of {registry.folder} is in production.",
            remedy="Promote one: headwinds models promote NAME.",
        )
    missing = sorted(set(fixed) - set(shelf.models))
    if missing:
        raise SettingsError(f"No version of {missing[0]!r} is in production.", remedy="Promote one first.")
    return shelf
