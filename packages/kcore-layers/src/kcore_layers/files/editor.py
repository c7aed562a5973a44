"""`KerasFileEditor`: a file of weights, or of a model, looked into, compared with a model and changed."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypedDict

import kcore_ops as ops
import numpy as np
from kcore_ops.dtypes import ALLOWED_DTYPES
from kcore_ops.foundation.errors import ArgumentError, KcoreError, located
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from kcore_layers.base.layer import Layer
from kcore_layers.files.atomic import file_path
from kcore_layers.files.faults import difference
from kcore_layers.files.formats import weights_format
from kcore_layers.files.model_parts import METADATA, model_parts
from kcore_layers.files.stored import as_array
from kcore_layers.files.weight_paths import join, saved_objects
from kcore_layers.files.weights_file import check_built
from kcore_layers.options.argument_types import Array

__all__ = ["KerasFileEditor"]

# The weights of each object, by its path, and by name.
Objects: TypeAlias = "dict[str, dict[str, np.ndarray[Any, Any]]]"
_WIDTH = 80  # characters in a line where there is no terminal to say


class Comparison(TypedDict):
    """What `compare` returns."""

    status: Literal["success", "error"]
    error_count: int
    match_count: int


class KerasFileEditor:
    """Show the weights in a file, compare them with those of a model, and change them: names, objects, numbers.

    Objects are layers, and optimizers. They go by their paths in the file, as `summary` shows them, or by the last
    parts of these where no other object's path ends so; "" is the model itself. The file is read at once, and never
    changed: `save` writes another.

    Args:
        filepath: str or `Path`, the file: weights, `.weights.h5` or of several files the index, `.weights.json`; or a
            model, `.keras` or a directory. Either library may have written it.

    Raises:
        ArgumentError: if there is no such file, or it is not of this kind, or not whole.

    >>> import tempfile
    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     model.save_weights(f"{directory}/mine.weights.h5")
    ...     editor = KerasFileEditor(f"{directory}/mine.weights.h5")
    Weights file '...mine.weights.h5'
    >>> editor.rename_object("dense", new_name="output")
    >>> editor.summary()
    Weights
    └── layers
        └── output
            ├── 0: shape=(3, 2), dtype=float32
            └── 1: shape=(2,), dtype=float32
    """

    def __init__(self, filepath: str | os.PathLike[str]) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(width=_WIDTH, color_system=None, force_terminal=False, highlight=False)
        with located("KerasFileEditor"):
            self._path = file_path(filepath)
            read = weights_format(self._path).read
        self._objects: Objects = {}
        with located("KerasFileEditor", f"file {self._path!r}"):
            with read(self._path) as places:
                for place, entries in places.items():
                    self._objects[place] = {key: entry.read() for key, entry in entries.items()}
            self._say(*_description(self._path))

    def summary(self) -> None:
        """Print the objects in the file, with the shape and dtype of each of their weights."""
        tree = Tree(Text("Weights", style="bold"))
        branches = {"": tree}
        for path in sorted(self._all_paths(), key=_natural):
            parent, _, name = path.rpartition("/")
            branch = branches[path] = branches[parent].add(Text(name)) if path else tree
            for key in sorted(self._objects.get(path, {}), key=_natural):
                array = self._objects[path][key]
                branch.add(Text(f"{key}: shape={array.shape}, dtype={array.dtype.name}"))
        self._console.print(tree)

    def compare(self, reference_model: Layer) -> Comparison:
        """Say what in the file does not fit a model: what only one of them has, and other shapes or kinds of dtype.

        Args:
            reference_model: the model, built; if it is compiled, its optimizer counts too.

        Returns:
            A dict: `"status"`, `"success"` or `"error"`; `"error_count"`, the number of things that do not fit; and
            `"match_count"`, that of weights that do.

        Raises:
            ArgumentError: if the model is not built.
        """
        with located("compare"):
            if not isinstance(reference_model, Layer):
                raise ArgumentError(f"{reference_model!r} is no model", fix="pass a model, as load_model returns it")
            check_built(reference_model)
        wanted: dict[str, dict[str, np.ndarray[Any, Any]]] = {}
        for place, saved in saved_objects(reference_model, places=self._objects):
            stored: dict[str, Any] = {}
            saved.save_own_variables(stored)
            if stored:
                wanted[place] = {key: as_array(value) for key, value in stored.items()}
        faults, num_matches = _differences(self._objects, wanted)
        if faults:
            what = "1 difference" if len(faults) == 1 else f"{len(faults)} differences"
            self._say(f'The file does not fit model "{reference_model.name}", {what}:', *(f"  {x}" for x in faults))
        else:
            self._say(f'The file fits model "{reference_model.name}": all {num_matches} weights match')
        return {
            "status": "error" if faults else "success",
            "error_count": len(faults),
            "match_count": num_matches,
        }

    # Objects.

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object another name, in the same place.

        Args:
            object_name: string, its path, or the end of that.
            new_name: string, the name: the last part of its path.

        Raises:
            ArgumentError: if there is no such object, or are several, or one has the new name; or it is no name.
        """
        with located("rename_object"):
            path = self._find(object_name)
            if not path:
                raise ArgumentError("the model itself has no name in a file", fix="name an object in it")
            _check_name(new_name, "new_name")
            parent, _, _ = path.rpartition("/")
            renamed = join(parent, new_name)
            if renamed in self._all_paths():
                raise ArgumentError(f"there is an object {renamed!r}", fix="rename or delete that one first")
            self._objects = {
                renamed + place.removeprefix(path) if _is_in(place, path) else place: weights
                for place, weights in self._objects.items()
            }

    def delete_object(self, object_name: str) -> None:
        """Take an object out, with its weights and the objects in it.

        Args:
            object_name: string, its path, or the end of that.

        Raises:
            ArgumentError: if there is no such object, or are several.
        """
        with located("delete_object"):
            path = self._find(object_name)
            self._objects = {place: weights for place, weights in self._objects.items() if not _is_in(place, path)}

    def add_object(self, object_path: str, weights: Mapping[str, Array]) -> None:
        """Put an object in.

        Args:
            object_path: string, its path, whose parts but for the last are an object that is there.
            weights: dict from the names of its weights, usually `"0"`, `"1"`, ..., to arrays.

        Raises:
            ArgumentError: if there is such an object, or nothing that it is to be in; or a weight is no array.
        """
        with located("add_object"):
            parent, _, name = _checked_path(object_path).rpartition("/")
            _check_name(name, "the last part of object_path")
            if parent and parent not in self._all_paths():
                raise self._unknown(parent)
            path = join(parent, name)
            if path in self._all_paths():
                raise ArgumentError(f"there is an object {path!r}", fix="call add_weights, or delete it first")
            self._objects[path] = _arrays(weights)

    # Weights.

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Take a weight out of an object.

        Args:
            object_name: string, the object's path, or the end of that.
            weight_name: string, the weight's name.

        Raises:
            ArgumentError: if there is no such object, or are several; or it has no such weight.
        """
        with located("delete_weight"):
            path = self._find(object_name)
            weights = self._objects.get(path, {})
            if weight_name not in weights:
                names = ", ".join(map(repr, sorted(weights, key=_natural)))
                raise ArgumentError(
                    f"object {path!r} has no weight {weight_name!r}", fix=f"use one of {names}" if names else None
                )
            del weights[weight_name]

    def add_weights(self, object_name: str, weights: Mapping[str, Array]) -> None:
        """Put weights into an object, in place of those of the same names.

        Args:
            object_name: string, the object's path, or the end of that.
            weights: dict from the names of weights, usually `"0"`, `"1"`, ..., to arrays.

        Raises:
            ArgumentError: if there is no such object, or are several; or a weight is no array.
        """
        with located("add_weights"):
            self._objects.setdefault(self._find(object_name), {}).update(_arrays(weights))

    # Files.

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write all as a file of weights, in place of one that may be there.

        The file appears when it is complete; until then, and after a failure, what was there before stays.

        Args:
            filepath: str or `Path`, where; the name ends in `.weights.h5`.

        Raises:
            ArgumentError: if the name ends otherwise, or the directory is missing.
        """
        with located("KerasFileEditor.save"):
            path = file_path(filepath)
            write = weights_format(path, is_written=True).write
            assert write is not None
            with write(path, True) as sink:
                for place, weights in self._objects.items():
                    sink.store(place, place.rpartition("/")[2]).update(weights)

    def resave_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Call `save`: for Keras it was another name of that.

        Args:
            filepath: str or `Path`, where; the name ends in `.weights.h5`.
        """
        self.save(filepath)

    # Inside.

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._console.print(Text(line), soft_wrap=True)

    def _all_paths(self) -> set[str]:
        """Return the paths of all objects, those that only hold others included."""
        return {"", *(outer for path in self._objects for outer in _outer_paths(path))}

    def _find(self, object_name: str) -> str:
        """Return the path of the object that has this path, or the only one whose path ends so."""
        name, paths = _checked_path(object_name), self._all_paths()
        if name in paths:
            return name
        found = sorted((path for path in paths if path.endswith(f"/{name}")), key=_natural)
        if not found:
            raise self._unknown(name)
        if len(found) > 1:
            raise ArgumentError(f"{len(found)} objects are called {name!r}", fix=f"use one of {_listed(found)}")
        return found[0]

    def _unknown(self, name: str) -> ArgumentError:
        paths = sorted(self._all_paths() - {""}, key=_natural)
        last_parts = {path.rpartition("/")[2]: path for path in paths}
        close = difflib.get_close_matches(name, [*paths, *last_parts], n=4)
        listed = list(dict.fromkeys(last_parts.get(each, each) for each in close)) or paths
        return ArgumentError(
            f"the file has no object {name!r}",
            fix=f"use one of {_listed(listed)}" if listed else "add it with add_object",
        )


def _description(path: str) -> Iterator[str]:
    """Say what file it is, and for a model what it was written with."""
    if not path.endswith(".keras") and not os.path.isdir(path):
        yield f"Weights file {path!r}"
        return
    with model_parts(path) as parts:
        try:
            metadata = json.loads(parts.read(METADATA))
        except (ValueError, RecursionError) as error:
            raise ArgumentError(f"{METADATA} is not JSON that can be read: {error}", fix="pass a whole file") from error
    yield f"Model {path!r}"
    if isinstance(metadata, dict):
        words = {"kcore_version": "with kcore", "keras_version": "in the format of Keras", "date_saved": "on"}
        yield " ".join(["Saved", *(f"{word} {metadata[name]}" for name, word in words.items() if name in metadata)])


def _differences(stored: Objects, wanted: Objects) -> tuple[list[str], int]:
    """Return what a file's objects and a model's do not share, and how many weights they do."""
    faults, num_matches = [], 0
    for path in sorted({*stored, *wanted}, key=_natural):
        here, there = stored.get(path, {}), wanted.get(path, {})
        if not here or not there:
            if here or there:
                keys = ", ".join(sorted(here or there, key=_natural))
                faults.append(
                    f"{path or 'the model itself'}: only in the {'file' if here else 'model'}; weights {keys}"
                )
            continue
        for key in sorted({*here, *there}, key=_natural):
            weight = join(path, key)
            if key not in here or key not in there:
                faults.append(f"{weight}: only in the {'file' if key in here else 'model'}")
                continue
            (shape, dtype), (other_shape, other_dtype) = ((x.shape, x.dtype.name) for x in (here[key], there[key]))
            fault = difference(shape, dtype, other_shape, other_dtype)
            faults += [f"{weight}: {fault}"] if fault else []
            num_matches += not fault
    return faults, num_matches


def _arrays(weights: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return what is to be put into a file as arrays of its own."""
    if not isinstance(weights, Mapping):
        raise ArgumentError(
            f"weights are a {type(weights).__name__}, not a dict", fix='pass a dict: {"0": kernel, "1": bias}'
        )
    found = {}
    for name, value in weights.items():
        _check_name(name, "the name of a weight")
        try:
            array = np.array(as_array(value if isinstance(value, np.ndarray | np.generic) else _on_host(value)))
        except (KcoreError, TypeError, ValueError):
            array = np.array(None)
        if array.dtype.name not in ALLOWED_DTYPES:
            raise ArgumentError(
                f"weight {name!r} is a {type(value).__name__}, not an array of numbers", fix="pass a NumPy array"
            )
        found[name] = array
    return found


def _on_host(value: Any) -> Any:
    return ops.convert_to_numpy(value)


def _check_name(name: Any, what: str) -> None:
    if not isinstance(name, str) or not name or "/" in name or name in (".", "..", "vars"):
        raise ArgumentError(f"{what} can not be {name!r}", fix="use a string without '/'")


def _checked_path(path: Any) -> str:
    if not isinstance(path, str):
        raise ArgumentError(f"{path!r} is not the path of an object", fix="pass a string, as summary() shows them")
    return path.strip("/")


def _outer_paths(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:i]) for i in range(1, len(parts) + 1))


def _is_in(path: str, outer: str) -> bool:
    return not outer or f"{path}/".startswith(f"{outer}/")


def _listed(paths: list[str], most: int = 12) -> str:
    rest = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(map(repr, paths[:most])) + rest


def _natural(path: str) -> list[tuple[str, int]]:
    """Return a key that sorts numbers in names as numbers."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", path)]
