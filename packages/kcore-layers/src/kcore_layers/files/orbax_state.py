"""Checkpoints of Orbax, as `OrbaxCheckpoint` and Keras write them: a directory for each step, of several parts.

`pytree` is the tree of `Model.get_state_tree`, weights and states by path; `model_config` is the config of a whole
model, and `assets` the files of layers that have some, as bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from kcore_ops.dtypes import standardize_dtype
from kcore_ops.foundation.errors import ArgumentError, one_line

from kcore_layers.base.state_tree import by_path, flattened, nested
from kcore_layers.files.assets import load_assets, save_assets
from kcore_layers.files.faults import refuse_faults, warn_of_faults
from kcore_layers.files.first_values import filled_model
from kcore_layers.files.model_config import data_of_json, json_of_model, model_of_data, not_built
from kcore_layers.files.model_parts import ASSETS
from kcore_layers.files.orbax_library import read_arrays, read_metadata, read_text
from kcore_layers.files.orbax_paths import match_paths
from kcore_layers.files.own_files import check_file_names
from kcore_layers.files.stored import Entry
from kcore_layers.files.weight_paths import find_paths

__all__ = ["load_checkpoint", "open_checkpoint", "parts_of", "read_checkpoint"]

_STATE, _CONFIG, _ASSETS = "pytree", "model_config", "assets"
_WEIGHTS = ("trainable_variables", "non_trainable_variables")
_OPTIMIZER = "optimizer_variables"
_MOST_ASSETS = 2**30  # bytes; they are in memory as a whole


def parts_of(model: Any, weights_only: bool = False) -> dict[str, Any]:
    """Return what a checkpoint of a model is made of, for Orbax to write: NumPy's arrays, which nothing changes.

    Args:
        model: a built model.
        weights_only: whether to leave out its config, its assets, and the states of the optimizer and of metrics;
            False by default.

    Raises:
        SerializationError: if a part of the model has no `get_config`, or holds what can not be saved.
    """
    state = model.get_state_tree(value_format="numpy_array")
    if weights_only:
        return {_STATE: {group: state[group] for group in _WEIGHTS}}
    found = {_STATE: state, _CONFIG: {"config": json_of_model(model)}}
    assets = _Assets()
    save_assets(model, assets)
    if assets.files:
        found[_ASSETS] = nested(
            {name.removeprefix(ASSETS): np.frombuffer(content, "uint8") for name, content in assets.files.items()}
        )
    return found


class Checkpoint(NamedTuple):
    """A checkpoint, of which nothing but the metadata has been read.

    Attributes:
        step: its directory.
        metadata: what `read_metadata` returned.
    """

    step: str
    metadata: dict[str, dict[str, Any]]


@contextmanager
def open_checkpoint(step: str) -> Iterator[Checkpoint]:
    """Open a checkpoint for `read_checkpoint`.

    Args:
        step: its directory.

    Raises:
        ArgumentError: if it can not be read.
        MissingDependency: if Orbax is not installed.
    """
    yield Checkpoint(step, read_metadata(step))


def load_checkpoint(step: str, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    """Return the model of a checkpoint; see `load_model` for the arguments.

    Args:
        step: its directory.
        custom_objects: classes and functions that it may name, by name.
        compile: whether to compile the model as it was, and to set the optimizer's state.
        safe_mode: whether to refuse lambdas and pickled modules.

    Raises:
        ArgumentError: if it can not be read, or has weights alone.
        SerializationError: if it names a class or function that is not known here.
    """
    checkpoint = Checkpoint(step, read_metadata(step))
    if _CONFIG not in checkpoint.metadata:
        raise ArgumentError(
            "the checkpoint has weights alone, and no config of the model that they are of",
            fix="make the model, and call its load_weights",
        )
    config = data_of_json(read_text(step, _CONFIG, "config"), _CONFIG)
    if not compile and isinstance(config, dict):
        config.pop("compile_config", None)

    def fill(model: Any) -> list[Any]:
        if not model.built and any(checkpoint.metadata.get(_STATE, {}).get(group) for group in _WEIGHTS):
            raise not_built(model)
        return read_checkpoint(model, checkpoint, stacklevel=7)

    model = filled_model(config, lambda: model_of_data(config, custom_objects, safe_mode), fill)
    if checkpoint.metadata.get(_ASSETS):
        load_assets(model, _assets_in(checkpoint))
    return model


def read_checkpoint(
    model: Any, checkpoint: Checkpoint, skip_mismatch: bool = False, skip: Iterable[Any] = (), stacklevel: int = 5
) -> list[Any]:
    """Set the weights of a model, and the state of its optimizer, from a checkpoint; see `load_weights`.

    All shapes are compared before an array is read. Paths are the same but for the numbers in names: where these
    differ, those of one name follow one another in the order of their numbers.

    Args:
        model: the model.
        checkpoint: the checkpoint.
        skip_mismatch: as for `load_weights`; False by default.
        skip: layers of the model, or its optimizer, that keep what they have; () by default.
        stacklevel: of warnings, as `warnings.warn` takes it, from one call further in; 5 by default.

    Returns:
        The layers all of whose own variables were set.
    """
    skip = list(skip)
    find_paths(model, skip)  # all of them there are
    kept = [v for each in skip for v in each.variables]
    groups = model._kcore_state_groups()
    tree = checkpoint.metadata.get(_STATE, {})
    # Both groups at once: a layer that was frozen since, or unfrozen, has its variables in the other one.
    weights = match_paths(
        [named for group in _WEIGHTS for named in by_path(groups[group]).items()],
        {key: each for group in _WEIGHTS for key, each in _entries(tree, group).items()},
    )
    faults = weights.messages(besides=kept)
    if not skip_mismatch:
        refuse_faults(faults)
    states = _entries(tree, _OPTIMIZER)
    optimizer = model.optimizer
    ids_kept = {id(v) for v in kept}
    found = {key: v for key, v in weights.variables.items() if id(v) not in ids_kept}
    of_optimizer: list[str] = []
    if states and optimizer is not None and not any(optimizer is each for each in skip):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        matches = match_paths(by_path(list(optimizer.variables)).items(), states)
        of_optimizer = matches.messages()
        if not of_optimizer:
            found = {**found, **matches.variables}
    arrays = flattened(read_arrays(checkpoint.step, _STATE, _chosen(tree, found))) if found else {}
    for key, variable in found.items():
        variable.assign(arrays[key])
    warn_of_faults({"weights": faults, "the optimizer's state": of_optimizer}, stacklevel)
    set_now = {id(v) for v in found.values()}
    return [each for each in model._flatten_layers() if all(id(v) in set_now for v in each._kcore_own_variables())]


def _entries(tree: Mapping[str, Any], group: str) -> dict[str, tuple[str, Entry]]:
    """Return what stands in one group of a checkpoint, by keys that begin with the group's name."""
    found = {}
    for path, each in flattened(tree.get(group) or {}).items():
        if isinstance(each, bool | int | float):  # what Keras on torch makes of arrays without axes
            found[f"{group}/{path}"] = path, Entry((), standardize_dtype(type(each)), _not_alone)
        elif hasattr(each, "shape") and hasattr(each, "dtype"):
            found[f"{group}/{path}"] = path, Entry(tuple(each.shape), standardize_dtype(each.dtype), _not_alone)
        else:
            raise ArgumentError(f"{one_line(path)} in it is no array", fix="pass a checkpoint of a model")
    return found


def _not_alone() -> Any:
    raise AssertionError("arrays of a checkpoint are read together")


def _chosen(tree: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return the part of a tree that some keys lead to."""
    leaves = flattened(tree)
    return nested({key: leaves[key] for key in keys})


class _Assets:
    """Files in memory: what assets are written to, and what they are read from."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})

    def write(self, name: str, content: bytes) -> None:
        """Keep a file.

        Args:
            name: its name.
            content: what stands in it.
        """
        self.files[name] = content

    def copy(self, name: str, path: str) -> None:
        """Keep a file.

        Args:
            name: its name.
            path: a file with what is to stand in it.
        """
        with open(path, "rb") as file:
            self.files[name] = file.read()

    def names(self) -> list[str]:
        """Return the names of all."""
        return list(self.files)

    def read(self, name: str) -> bytes:
        """Return what stands in one.

        Args:
            name: its name.
        """
        return self.files[name]

    def open(self, name: str) -> BinaryIO:
        """Return one as a file open for reading.

        Args:
            name: its name.
        """
        return io.BytesIO(self.files[name])

    def source(self, name: str) -> str | BinaryIO:
        """Return one as a file open for reading in any order.

        Args:
            name: its name.
        """
        return self.open(name)


def _assets_in(checkpoint: Checkpoint) -> _Assets:
    """Return the files of layers in a checkpoint."""
    tree = checkpoint.metadata[_ASSETS]
    leaves = flattened(tree)
    check_file_names(leaves)
    sizes = [math.prod(each.shape) for each in leaves.values() if standardize_dtype(each.dtype) == "uint8"]
    if len(sizes) != len(leaves) or sum(sizes) > _MOST_ASSETS:
        raise ArgumentError(
            f"its assets are not files of at most {_MOST_ASSETS} bytes together",
            fix="do not load checkpoints from a source you do not trust",
        )
    arrays = flattened(read_arrays(checkpoint.step, _ASSETS, tree))
    return _Assets({ASSETS + name: array.tobytes() for name, array in arrays.items()})
