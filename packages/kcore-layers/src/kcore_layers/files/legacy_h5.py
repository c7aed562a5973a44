"""Files of whole models, `.h5`, as Keras 2 had them and Keras 3 still reads and writes them; and their weights alone.

The config of the model, and how it was compiled, are JSON in attributes. In the group `model_weights` each layer has a
group of its name, whose attribute `weight_names` lists the variables in order, each the path of a dataset below; so has
the group `optimizer_weights`. Layers and variables are matched in that order. A file of weights alone has the groups of
the layers at its top.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from kcore_ops import Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError

from kcore_layers.base.layer import Layer
from kcore_layers.base.naming import unique_names
from kcore_layers.files.assets import save_assets
from kcore_layers.files.atomic import atomic_write
from kcore_layers.files.faults import fault_of, refuse_faults, warn_of_faults
from kcore_layers.files.hdf5 import (
    check_dataset,
    dataset_dtype,
    find_datasets,
    open_hdf5,
    read_dataset,
    recorded_format,
    reporting_damage,
)
from kcore_layers.files.hdf5_attributes import read_text, read_texts, write_texts
from kcore_layers.files.hdf5_weights import new_hdf5, reporting_failed_writes
from kcore_layers.files.legacy_compile import compile_config_of, match_optimizer, training_config_of
from kcore_layers.files.legacy_config import current_model_config
from kcore_layers.files.model_config import KERAS_VERSION, data_of_json, model_of_data, not_built
from kcore_layers.files.model_writing import FileSink
from kcore_layers.files.stored import Entry, check_format
from kcore_layers.models.model import Model
from kcore_layers.serialization.objects import SerializationError, serialize_keras_object, sharing_objects
from kcore_layers.serialization.registry import CustomObjectScope

if TYPE_CHECKING:
    import h5py

__all__ = ["is_legacy", "load_legacy_model", "load_legacy_weights", "save_legacy_model"]

# The groups, and the one in place of a layer for variables that the model has itself.
WEIGHTS, OPTIMIZER, TOP_LEVEL = "model_weights", "optimizer_weights", "top_level_model_weights"

_FIX = "pass a whole file that save_model or Keras wrote"


def is_legacy(path: str) -> bool:
    """Return whether the name of a file is that of one of these.

    Args:
        path: the file's name.
    """
    return path.endswith((".h5", ".hdf5")) and not path.endswith(".weights.h5")


# Writing.


def save_legacy_model(model: Model, path: str, overwrite: bool, include_optimizer: bool) -> None:
    """Write a model to a file; see `save_model`.

    Args:
        model: the model.
        path: the file's name.
        overwrite: whether a file of that name may be replaced.
        include_optimizer: whether to write how the model was compiled, and the state of its optimizer.

    Raises:
        ArgumentError: if the file can not be written, or layers of the model have the same name.
        SerializationError: if a part of the model can not be saved.
    """

    with sharing_objects():
        data = serialize_keras_object(model)
    compiled = data.pop("compile_config", None) if include_optimizer else None
    data.pop("compile_config", None)
    names = [layer.name for layer in model.layers]
    repeated = sorted({name for name in names if names.count(name) > 1 or name == TOP_LEVEL})
    if repeated:
        raise ArgumentError(
            f"layers can not be told apart by their names {', '.join(repeated)} in a .h5 file",
            fix="give each layer a name of its own, or save to a .keras file",
        )
    save_assets(model, _NoAssets())
    with atomic_write(path, overwrite) as temporary, reporting_failed_writes(path), new_hdf5(temporary) as file:
        file.attrs["model_config"] = json.dumps(data)
        _say_who_writes(file, model)
        _write_layers(file.create_group(WEIGHTS), model, names)
        if compiled is not None:
            optimizer = serialize_keras_object(model.optimizer)  # it may have been given by its name
            file.attrs["training_config"] = json.dumps(training_config_of(compiled, optimizer))
            if model.optimizer is not None:
                _write_variables(file.create_group(OPTIMIZER), model.optimizer.variables)


class _NoAssets(FileSink):
    """What refuses the files that layers save beside their variables."""

    def write(self, name: str, content: bytes) -> None:
        """Refuse a file; see `FileSink`.

        Args:
            name: its name.
            content: what is in it.
        """
        raise ArgumentError(f"a .h5 file has no place for {name!r}, which a layer saves", fix="save to a .keras file")

    def copy(self, name: str, path: str) -> None:
        """Refuse a file; see `FileSink`.

        Args:
            name: its name.
            path: a file with what is in it.
        """
        self.write(name, b"")


def _say_who_writes(group: h5py.Group, model: Model) -> None:
    group.attrs["keras_version"] = KERAS_VERSION
    group.attrs["backend"] = model._kcore_backend.name


def _write_layers(group: h5py.Group, model: Model, names: list[str]) -> None:
    _say_who_writes(group, model)
    write_texts(group, "layer_names", names)
    for name, layer in zip(names, model.layers, strict=True):
        _write_variables(group.create_group(name), _in_order(layer))
    _write_variables(group.create_group(TOP_LEVEL), _own_variables(model))


def _in_order(layer: Any) -> list[Variable]:
    """Return the weights of a layer as such files have them: those that are trained first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _own_variables(model: Any) -> list[Variable]:
    """Return the variables of a model that are no layer's."""
    return [*model._kcore_trainable_variables, *model._kcore_non_trainable_variables]


def _write_variables(group: h5py.Group, variables: list[Variable]) -> None:
    names = unique_names([v.path for v in variables])
    write_texts(group, "weight_names", names)
    for name, variable in zip(names, variables, strict=True):
        array = variable.numpy()
        # Keras reads nothing else here; what HDF5 has no type for, bfloat16 for one, is written as it reads it.
        group.create_dataset(name, data=array if array.dtype.isbuiltin == 1 else array.astype("float32"))


# Reading.


def load_legacy_model(path: str, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    """Read a model from a file; see `load_model`.

    Args:
        path: the file's name.
        custom_objects: classes and functions that the file may name, by name, beside those registered.
        compile: whether to compile the model as it was, and to set the state of its optimizer.
        safe_mode: whether to refuse lambdas.

    Raises:
        ArgumentError: if the file can not be read, or naming everything in it that does not fit the model.
        SerializationError: if it can not be made into a model.
    """
    with open_hdf5(path, repr(path)) as file, CustomObjectScope(custom_objects):
        datasets = _datasets_in(file)
        text = read_text(file, "model_config")
        if text is None:
            raise ArgumentError(
                "it has no config of a model, only weights",
                fix="make the model in code, and load them with model.load_weights",
            )
        is_old = _is_of_keras_2(file)
        model = model_of_data(_current(data_of_json(text, "model_config"), is_old), custom_objects, safe_mode)
        _load_layers(model, file, datasets)
        training = read_text(file, "training_config")
        if compile and training is not None:
            _compile(model, data_of_json(training, "training_config"), is_old)
            _load_optimizer(model, file, datasets, is_old)
    return model


def load_legacy_weights(
    model: Layer, file: h5py.File, skip_mismatch: bool = False, skip: Sequence[Any] = (), by_name: bool = False
) -> None:
    """Set the weights of a model from a file of it, or of its weights alone; see `load_weights`.

    Args:
        model: the model, built.
        file: the file, open for reading.
        skip_mismatch: whether layers that do not fit keep what they have, with a warning; False by default.
        skip: none; such a file has no places of objects that could be skipped.
        by_name: whether layers are matched by their names, rather than their order, and others keep what they have;
            False by default.

    Raises:
        ArgumentError: if the file can not be read, or naming everything in it that does not fit the model.
    """
    if skip or not isinstance(model, Model):
        what = "objects in it can not be skipped" if skip else f"it has the layers of a model, not of {model!r}"
        raise ArgumentError(what, fix="use a file that save_weights wrote, .weights.h5")
    _load_layers(model, file, _datasets_in(file), skip_mismatch, by_name)


def _datasets_in(file: h5py.File) -> dict[str, h5py.Dataset]:
    found = find_datasets(file)
    check_format(recorded_format(file), "the file")
    return found


def _is_of_keras_2(file: h5py.File) -> bool:
    """Return whether Keras 2 wrote a file, or an earlier one, which may not say so."""
    version = read_text(file, "keras_version")
    return version is None or not version.startswith("3")


def _current(data: Any, is_of_keras_2: bool) -> dict[str, Any]:
    try:
        return current_model_config(data, is_of_keras_2)
    except KcoreError:
        raise
    except Exception as error:  # of data that is not what it should be
        raise SerializationError(
            f"model_config can not be made into a model: {type(error).__name__}: {error}", fix=_FIX
        ) from error


def _load_layers(
    model: Model,
    file: h5py.File,
    datasets: Mapping[str, h5py.Dataset],
    skip_mismatch: bool = False,
    by_name: bool = False,
) -> None:
    """Set the weights of a model's layers: all of them, or none if they do not fit."""
    prefix = _prefix(file)
    stored = _stored_layers(file, prefix, datasets)
    top_level = stored.pop(TOP_LEVEL)
    if not model.built and any(stored.values()):
        raise not_built(model)
    of_layers = [(layer.name, _in_order(layer)) for layer in model.layers]
    if by_name:
        pairs = [(name, own, stored[name]) for name, own in of_layers if name in stored]
    else:
        pairs = _in_turn([each for each in of_layers if each[1]], {name: own for name, own in stored.items() if own})
    own_variables = _own_variables(model)
    if own_variables or top_level:
        pairs.append((TOP_LEVEL, own_variables, top_level))
    fitting: list[tuple[Variable, Entry]] = []
    listed = {path for entries in (top_level, *stored.values()) for path in entries}
    faults = [
        f"{path}: only in the file, where no weight_names list it"
        for path in datasets
        if path.startswith(prefix) and not path.startswith(f"{OPTIMIZER}/") and path not in listed
    ]
    for name, variables, entries in pairs:
        found = _faults(f"{prefix}{name}", variables, entries)
        faults += found
        if not found:
            fitting += zip(variables, entries.values(), strict=True)
    if not skip_mismatch:
        refuse_faults(faults)
    _assign(fitting)
    warn_of_faults({"weights": faults}, stacklevel=6)


@reporting_damage
def _prefix(file: h5py.File) -> str:
    """Return what the paths of layers begin with: a file of more than weights has a group for them."""
    return f"{WEIGHTS}/" if WEIGHTS in file and "layer_names" not in file.attrs else ""


@reporting_damage
def _stored_layers(file: h5py.File, prefix: str, datasets: Mapping[str, h5py.Dataset]) -> dict[str, dict[str, Entry]]:
    """Return the variables of each layer in a file by their paths there, in order, with those of the model itself."""
    group = file[prefix] if prefix else file
    names = read_texts(group, "layer_names")
    if names is None:
        raise ArgumentError("it has no layer_names, as files of weights of this kind have", fix=_FIX)
    found: dict[str, dict[str, Entry]] = {}
    for name in names:
        if name in found:
            raise ArgumentError(f"{name!r} is twice in layer_names", fix=_FIX)
        found[name] = _stored_variables(file, f"{prefix}{name}", datasets)
    if TOP_LEVEL in group:
        found[TOP_LEVEL] = _stored_variables(file, f"{prefix}{TOP_LEVEL}", datasets)
    return {TOP_LEVEL: {}, **found}  # Keras wrote none before release 2.6


@reporting_damage
def _stored_variables(file: h5py.File, place: str, datasets: Mapping[str, h5py.Dataset]) -> dict[str, Entry]:
    """Return the variables that a group lists, by the paths of their datasets."""
    import h5py

    parts = place.split("/")
    if not set(parts).isdisjoint({"", ".", ".."}) or not isinstance(file.get(place), h5py.Group):
        raise ArgumentError(f"it has no group {place!r}, which layer_names lists", fix=_FIX)
    names = read_texts(file[place], "weight_names")
    if names is None:
        raise ArgumentError(f"the group {place!r} has no weight_names", fix=_FIX)
    found: dict[str, Entry] = {}
    for name in names:
        path = f"{place}/{name}"
        if path in found:
            raise ArgumentError(f"{name!r} is twice in the weight_names of {place!r}", fix=_FIX)
        if path not in datasets:
            raise ArgumentError(f"there is no {name!r} in {place!r}, whose weight_names list it", fix=_FIX)
        dataset = datasets[path]
        found[path] = Entry(
            dataset.shape, dataset_dtype(dataset) or "", partial(read_dataset, dataset), partial(check_dataset, dataset)
        )
    return found


Pair = tuple[str, list[Variable], dict[str, Entry]]


def _in_turn(of_model: list[tuple[str, list[Variable]]], stored: Mapping[str, dict[str, Entry]]) -> list[Pair]:
    """Return the layers that have weights, of the model and of the file, side by side."""
    if len(of_model) != len(stored):
        raise ArgumentError(
            f"{len(stored)} layers with weights in the file, {len(of_model)} in the model:\n"
            f"    in the file: {', '.join(stored) or 'none'}\n"
            f"    in the model: {', '.join(name for name, _ in of_model) or 'none'}",
            fix="make the model as it was when the file was written, or pass by_name=True to load_weights",
        )
    return [(name, own, stored[name]) for name, (_, own) in zip(stored, of_model, strict=True)]


def _faults(place: str, variables: list[Variable], entries: Mapping[str, Entry]) -> list[str]:
    """Return what does not fit between the variables of a layer and those in the file."""
    faults = [
        f"{path}: {fault}"
        for variable, (path, entry) in zip(variables, entries.items(), strict=False)
        if (fault := fault_of(variable, entry))
    ]
    faults += [f"{place}: missing in the file; it is {v.path!r}" for v in variables[len(entries) :]]
    return faults + [f"{path}: only in the file" for path in list(entries)[len(variables) :]]


def _assign(pairs: Iterable[tuple[Variable, Entry]]) -> None:
    pairs = list(pairs)
    for _, entry in pairs:
        entry.check()
    for variable, entry in pairs:
        variable.assign(_as_stored_in(variable, entry.read()))


def _as_stored_in(variable: Variable, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(numpy_dtype(variable._dtype), copy=False)


def _compile(model: Model, data: Any, is_of_keras_2: bool) -> None:
    has_own = type(model).compile_from_config is not Model.compile_from_config
    names = getattr(model, "output_names", ())
    config = compile_config_of(data, is_of_keras_2, has_own, names if len(names) > 1 else ())
    try:
        model.compile_from_config(config)
    except KcoreError:
        raise
    except Exception as error:  # of data that is not what it should be, or of a class of the user's
        raise SerializationError(
            f"training_config can not be compiled with: {type(error).__name__}: {error}", fix="pass compile=False"
        ) from error


@reporting_damage
def _has_optimizer(file: h5py.File) -> bool:
    return OPTIMIZER in file


def _load_optimizer(model: Model, file: h5py.File, datasets: Mapping[str, h5py.Dataset], is_of_keras_2: bool) -> None:
    """Set the state of the optimizer; where it does not fit, the optimizer begins anew, with a warning."""
    if model.optimizer is None or not _has_optimizer(file):
        return
    stored = _stored_variables(file, OPTIMIZER, datasets)
    entries = {path.removeprefix(f"{OPTIMIZER}/"): entry for path, entry in stored.items()}
    try:
        pairs = match_optimizer(list(model.optimizer.variables), entries, is_of_keras_2)
        faults = [fault for variable, entry in pairs if (fault := fault_of(variable, entry))]
    except ArgumentError as error:
        faults = [error.problem]
    if not faults:
        _assign(pairs)
    warn_of_faults({"the optimizer's state": [f"{OPTIMIZER}: {fault}" for fault in faults]}, stacklevel=5)
