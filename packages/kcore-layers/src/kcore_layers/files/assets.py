"""Files that layers save beside their variables, a vocabulary say: `assets/PLACE/...` in the file of a model.

A layer has two ways to have such files. `save_own_assets` and `load_own_assets` put bytes into a mapping, and take them
from one; `save_assets` and `load_assets` are Keras's, and are given a directory. Only for a class with the latter is
anything unpacked: exactly its own files, into a private directory that is removed after.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from kcore_ops.foundation.errors import ArgumentError, KcoreError, one_line

from kcore_layers.base.layer import Layer
from kcore_layers.base.state import State
from kcore_layers.files.model_parts import ASSETS, ModelParts
from kcore_layers.files.model_writing import FileSink
from kcore_layers.files.own_files import check_file_names, own_file
from kcore_layers.files.weight_paths import join, saved_objects

__all__ = ["load_assets", "save_assets"]


def save_assets(model: Layer, sink: FileSink) -> None:
    """Write the assets of all layers of a model.

    Args:
        model: the model.
        sink: what they are written to.

    Raises:
        ArgumentError: if a layer gives a file a name that could not be read again.
    """
    objects = dict(saved_objects(model))
    written: list[str] = []

    def named(place: str, files: Iterable[str]) -> list[str]:
        """Return the names of an object's files among those of all objects."""
        names = [join(place, name) for name in files]
        written.extend(names)
        check_file_names(written)
        for name in names:
            if _place_of(name, objects) != place:
                raise ArgumentError(
                    f"{objects[place].name!r} can not save {name!r}, which belongs to another layer by its name",
                    fix="give the file another name",
                )
        return [ASSETS + name for name in names]

    for place, saved in objects.items():
        way = _way(saved, "save")
        if way == "memory":
            store: dict[str, bytes] = {}
            saved.save_own_assets(store)
            for name, content in store.items():
                if not isinstance(content, bytes):
                    raise ArgumentError(
                        f"{saved.name!r} has a {type(content).__name__} for the file {name!r}, and not bytes",
                        fix="encode text: text.encode()",
                    )
            for name, content in zip(named(place, store), store.values(), strict=True):
                sink.write(name, content)
        elif way == "directory":
            with tempfile.TemporaryDirectory() as directory:
                saved.save_assets(directory)
                files = sorted(_files_below(directory))
                for name, file in zip(named(place, files), files, strict=True):
                    sink.copy(name, own_file(directory, file))


def load_assets(model: Layer, parts: ModelParts) -> None:
    """Let all layers of a model load their assets.

    Args:
        model: the model.
        parts: the files that it was saved as.

    Raises:
        ArgumentError: if there are assets that no layer takes, or a layer can not load its own.
    """
    files = [name.removeprefix(ASSETS) for name in parts.names() if name.startswith(ASSETS)]
    if not files:
        return
    objects = dict(saved_objects(model, places=[name.rpartition("/")[0] for name in files]))
    by_place: dict[str, list[str]] = {}
    for name in files:
        by_place.setdefault(_place_of(name, objects), []).append(name)
    faults = [ASSETS + names[0] for place, names in by_place.items() if _way(objects[place], "load") is None]
    if faults:
        raise ArgumentError(
            f"there are assets that no layer of the model loads: {', '.join(map(one_line, faults))}",
            fix="make the model as it was when the file was written",
        )
    for place, names in by_place.items():
        saved = objects[place]
        inside = {name.removeprefix(f"{place}/" if place else ""): ASSETS + name for name in names}
        try:
            if _way(saved, "load") == "memory":
                saved.load_own_assets(_StoredAssets(parts, inside))
            else:
                with tempfile.TemporaryDirectory() as directory:
                    _unpack(parts, inside, directory)
                    saved.load_assets(directory)
        except Exception as error:
            if isinstance(error, KcoreError):
                raise
            raise ArgumentError(
                f"layer {saved.name!r} can not load its assets: {type(error).__name__}: {error}",
                fix="compare its class with the one that the file was written with",
            ) from error


def _way(saved: Any, verb: Literal["save", "load"]) -> Literal["memory", "directory"] | None:
    """Return how an object saves or loads assets: in the way of the class that comes first, if any has one."""
    for cls in type(saved).__mro__:
        if cls is State:
            return None
        if f"{verb}_own_assets" in cls.__dict__:
            return "memory"
        if f"{verb}_assets" in cls.__dict__:
            return "directory"
    return None


def _files_below(directory: str) -> Iterator[str]:
    for path, _, names in os.walk(directory):
        inside = os.path.relpath(path, directory).replace(os.sep, "/")
        yield from (name if inside == "." else f"{inside}/{name}" for name in names)


def _place_of(name: str, places: Mapping[str, Any]) -> str:
    """Return the place of the object that a file belongs to: the longest that its name begins with."""
    parts = name.split("/")[:-1]
    while "/".join(parts) not in places:
        parts.pop()
    return "/".join(parts)


class _StoredAssets(Mapping[str, bytes]):
    """What `load_own_assets` takes files from, each read when it is asked for."""

    def __init__(self, parts: ModelParts, names: Mapping[str, str]) -> None:
        self._parts, self._names = parts, names

    def __getitem__(self, name: str) -> bytes:
        return self._parts.read(self._names[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _unpack(parts: ModelParts, names: Mapping[str, str], directory: str) -> None:
    """Write some of a model's files to a directory."""
    for name, part in names.items():
        path = os.path.join(directory, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with parts.open(part) as source, open(path, "xb") as target:
            shutil.copyfileobj(source, target)
