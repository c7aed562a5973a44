"""Weights of models as files; see formats.py for the formats. Writing and loading are atomic: all of it, or nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from kcore_ops import StatelessScope, TensorSpec
from kcore_ops.foundation.errors import ArgumentError, KcoreError, located

from kcore_layers.base.layer import Layer
from kcore_layers.base.state import State
from kcore_layers.files.atomic import file_path, refuse_unknown_arguments
from kcore_layers.files.faults import fault_of, refuse_faults, warn_of_faults
from kcore_layers.files.formats import tensors_format, weights_format
from kcore_layers.files.hdf5 import open_hdf5
from kcore_layers.files.legacy_h5 import is_legacy, load_legacy_weights
from kcore_layers.files.orbax_library import find_step
from kcore_layers.files.orbax_state import open_checkpoint, read_checkpoint
from kcore_layers.files.shards import INDEX_ENDING, write_shards
from kcore_layers.files.stored import Entry, Places, StoredVariables, WeightsSink
from kcore_layers.files.tensors import load_tensors, opened_values, tensors_of
from kcore_layers.files.weight_paths import find_paths, join, saved_objects
from kcore_layers.models.model import Model

__all__ = ["check_built", "has_weights_of_layers", "load_weights", "read_weights", "save_weights", "write_weights"]

Entries = Mapping[str, Entry]


def save_weights(
    model: Layer,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    max_shard_size: float | None = None,
    *,
    objects_to_skip: Iterable[Any] | None = None,
    **kwargs: Any,
) -> None:
    """Write the weights of a model, and the state of its optimizer, to a file or several.

    A file of safetensors has only weights, as what reads such files expects, and by the names that `state_dict()` has
    on PyTorch, whatever the backend.

    The file appears when it is complete; until then, and after a failure, what was there before stays. Several files
    are an index, `NAME.weights.json`, and shards beside it, `NAME_00000.weights.h5` and so on, which the index names;
    or `NAME.safetensors.index.json` and `NAME-00001-of-00002.safetensors`, as Hugging Face has them.

    Args:
        model: a built model.
        filepath: str or `Path`, where; the name ends in `.weights.h5`, or for several files in `.weights.json`; or in
            `.safetensors`.
        overwrite: bool, whether a file of that name may be replaced; True by default.
        max_shard_size: float, how many gigabytes of variables a file may hold, of 2**30 bytes each; with it several
            files are written. None, the default, writes one.
        objects_to_skip: layers of the model, or its optimizer, to leave out of the file; None, the default, is none.
        **kwargs: none.

    Raises:
        ArgumentError: if the name ends otherwise, the directory is missing, a file is not to be replaced, the model
            is not built, there is no such object to skip, or a variable is larger than a file may be.
        MissingDependency: if a file of safetensors is to be written, and that library is not installed.

    >>> import tempfile
    >>> import numpy as np
    >>> from kcore_layers import Input, Sequential
    >>> from kcore_layers.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(2)])
    >>> before = model(np.ones((1, 3), "float32"))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     save_weights(model, f"{directory}/mine.weights.h5")
    ...     model.set_weights([np.zeros((3, 2)), np.zeros(2)])
    ...     load_weights(model, f"{directory}/mine.weights.h5")
    >>> bool((model(np.ones((1, 3), "float32")) == before).all())
    True
    """
    with located("save_weights"):
        refuse_unknown_arguments(kwargs)
        path = file_path(filepath)
        max_size = _size_in_bytes(max_shard_size)
        by_name = tensors_format(path)
        writing = None if by_name else _writing(path, overwrite, max_size)
        check_built(model)
        skip = list(objects_to_skip or ())
        find_paths(model, skip)  # all of them there are
        if by_name:
            by_name.write(tensors_of(model, skip), path, overwrite, max_size)
        elif writing:
            with writing as sink:
                write_weights(model, sink, skip)


def _size_in_bytes(max_shard_size: float | None) -> int | None:
    if max_shard_size is None:
        return None
    if isinstance(max_shard_size, bool) or not isinstance(max_shard_size, int | float) or not max_shard_size > 0:
        raise ArgumentError(
            f"max_shard_size can not be {max_shard_size!r}", fix="pass a number of gigabytes greater than 0"
        )
    return int(max_shard_size * 2**30)


def _writing(path: str, overwrite: bool, max_size: int | None) -> AbstractContextManager[WeightsSink]:
    """Return a context that makes a file of weights, or an index and shards."""
    if max_size is None:
        if path.endswith(INDEX_ENDING):
            raise ArgumentError(
                f"{path!r} is the name of an index of several files", fix="pass max_shard_size, or name it .weights.h5"
            )
        write = weights_format(path, is_written=True).write
        assert write is not None
        return write(path, overwrite)
    index = path if path.endswith(INDEX_ENDING) else path.removesuffix(".weights.h5") + INDEX_ENDING
    if index == path + INDEX_ENDING:
        weights_format(path, is_written=True)  # says how such files are named
    if index != path:
        warnings.warn(f"with max_shard_size there are several files, with an index: {index!r}", stacklevel=4)
    return write_shards(index, overwrite, max_size)


def write_weights(model: Layer, sink: WeightsSink, skip: Iterable[Any] = ()) -> None:
    """Write the weights of a model, and the state of its optimizer, but for objects to skip.

    Args:
        model: the model.
        sink: what they are written to.
        skip: layers of the model, or its optimizer, to leave out; () by default.
    """
    for place, saved in saved_objects(model, skip):
        saved.save_own_variables(sink.store(place, saved.name))


def load_weights(
    model: Layer,
    filepath: str | os.PathLike[str] | Mapping[str, Any],
    skip_mismatch: bool = False,
    *,
    objects_to_skip: Iterable[Any] | None = None,
    **kwargs: Any,
) -> None:
    """Set the weights of a model from a file, and the state of its optimizer if both have one.

    Nothing is set unless everything fits. The optimizer is an exception: where its state does not fit, it begins anew,
    with a warning.

    A file of safetensors, or a dict, has weights by name: by the names that `state_dict()` has on PyTorch, or by those
    of plain PyTorch modules. `encoder.fc1.weight` is then the transposed kernel of a `Dense` that is called `fc1`, or
    is the attribute of that name, in an `encoder`; and so it is with convolutions, normalisations, `Embedding`,
    recurrent layers and `MultiHeadAttention`. In a `Sequential` the number of a layer is its name too.

    Args:
        model: a built model.
        filepath: str or `Path`, a file that `save_weights` or Keras 3 wrote, of several the index, `.weights.json`; or
            that of a whole model, `.keras`; or one of the older format, `.h5`, of a model or of weights alone; or a
            file of safetensors; or a directory of checkpoints that `OrbaxCheckpoint` wrote, of which the latest is
            read, or one of them; or a dict of arrays or tensors by name, as
            `torch.load(..., weights_only=True)` returns it.
        skip_mismatch: bool, whether layers that do not fit keep their weights, with a warning, in place of an error;
            False by default.
        objects_to_skip: layers of the model, or its optimizer, that keep what they have, whatever the file holds; None,
            the default, is none.
        **kwargs: for a `.h5` file `by_name`: bool, whether layers are matched by their names, rather than in order, and
            those that the file has not keep what they have; False by default.

    Raises:
        MissingDependency: if a file of safetensors, or a checkpoint of Orbax, is to be read, and that library is not
            installed.
        ArgumentError: if the file can not be read, or the model is not built or has no such object; or naming
            everything that is missing in the file, that is only in the file, or whose shape or dtype is another.
    """
    with located("load_weights"):
        place, opened, load = _reading(filepath, kwargs)
        refuse_unknown_arguments(
            kwargs, by_name="leave it out: layers are matched by the paths that they are reached by"
        )
        check_built(model)
    with located("load_weights", f'model "{model.name}"', *place), opened as contents:
        load(model, contents, skip_mismatch, list(objects_to_skip or ()))


def _reading(
    source: str | os.PathLike[str] | Mapping[str, Any], options: dict[str, Any]
) -> tuple[list[str], AbstractContextManager[Any], Callable[..., object]]:
    """Return where weights come from, for messages, a context that opens that, and what sets weights from its value.

    Of the options by name, those that belong to this kind of source are taken out.
    """
    if isinstance(source, Mapping):
        return [], opened_values(source), partial(load_tensors, source="the dict")
    path = file_path(source)
    if is_legacy(path):
        load = partial(load_legacy_weights, by_name=options.pop("by_name", False))
        return [f"file {path!r}"], open_hdf5(path, repr(path)), load
    by_name = tensors_format(path)
    if by_name:
        return [f"file {path!r}"], by_name.read(path), load_tensors
    step = find_step(path) if os.path.isdir(path) else None
    if step is not None:
        return [f"checkpoint {step!r}"], open_checkpoint(step), read_checkpoint
    return [f"file {path!r}"], weights_format(path).read(path), read_weights


def read_weights(
    model: Layer, places: Places, skip_mismatch: bool = False, skip: Iterable[Any] = (), stacklevel: int = 5
) -> list[Any]:
    """Set the weights of a model from what a file holds; see `load_weights`.

    All is checked before anything is set, and then one variable is read at a time.

    Args:
        model: the model.
        places: what the file holds; the file is open.
        skip_mismatch: as for `load_weights`; False by default.
        skip: layers of the model, or its optimizer, that keep what they have; () by default.
        stacklevel: of warnings, as `warnings.warn` takes it, from one call further in; 5 by default.

    Returns:
        The layers and optimizers whose own variables were set.
    """
    by_place = dict(places)
    fitting: list[tuple[Any, Entries]] = []
    entries: Entries
    faults: list[str] = []
    of_optimizers: list[str] = []
    objects = saved_objects(model, skip, by_place)
    for place, saved in objects:
        entries = by_place.pop(place, {})
        if isinstance(saved, Layer):
            found = _faults(place, saved, entries)
            faults += found
        else:
            found = _faults_of_optimizer(place, saved, entries) if entries else []
            of_optimizers += found
        if entries and not found:
            fitting.append((saved, entries))
    # What was to be skipped, and the optimizers of a model that is not compiled now.
    of_models = [join(place, "optimizer") for place, saved in objects if isinstance(saved, Model)]
    passed_over = tuple(f"{place}/" if place else "" for place in (*find_paths(model, skip), *of_models))
    for place, extra in by_place.items():
        if not f"{place}/".startswith(passed_over):
            faults += [f"{join(place, 'vars', key)}: only in the file" for key in extra]
    if not skip_mismatch:
        refuse_faults(faults)
    for _, entries in fitting:
        for entry in entries.values():
            entry.check()
    for saved, entries in fitting:
        saved.load_own_variables(StoredVariables(entries))
    warn_of_faults({"weights": faults, "the optimizer's state": of_optimizers}, stacklevel)
    return [saved for saved, _ in fitting]


def has_weights_of_layers(places: Places) -> bool:
    """Return whether a file holds weights, rather than only an optimizer's state.

    Args:
        places: what the file holds.
    """
    return any(not f"{place}/".startswith("optimizer/") for place in places)


def _faults(place: str, layer: Any, entries: Entries) -> list[str]:
    """Return what does not fit between a layer and its part of the file."""
    own = layer._kcore_saved_variables()
    if type(layer).load_own_variables is not State.load_own_variables:
        return _faults_by_trial(place, layer, entries)
    if own and not entries:
        return [f"{join(place, 'vars')}: missing in the file; it is layer {layer.path!r}, with {_count(own)}"]
    variables = {str(i): v for i, v in enumerate(own)}
    found = [
        f"{join(place, 'vars', key)}: missing in the file; it is {v.path!r}"
        for key, v in variables.items()
        if key not in entries
    ]
    for key, entry in entries.items():
        if key in variables:
            fault = fault_of(variables[key], entry)
        else:
            fault = "only in the file" if layer.built else f"only in the file; layer {layer.path!r} is not built"
        if fault:
            found.append(f"{join(place, 'vars', key)}: {fault}")
    return found


def _count(variables: list[Any]) -> str:
    return "1 variable" if len(variables) == 1 else f"{len(variables)} variables"


def _faults_by_trial(place: str, saved: Any, entries: Entries) -> list[str]:
    """Return what an object that reads its variables in its own way makes of its part of the file, without a change."""
    is_ours = type(saved).load_own_variables.__module__.startswith("kcore_")
    store: Mapping[str, Any] = StoredVariables(entries)
    if is_ours:  # which assigns what it reads and no more, so that shapes will do, and no copy of all is made
        store = {key: TensorSpec(entry.shape, entry.dtype) for key, entry in entries.items()}
    try:
        with StatelessScope():
            saved.load_own_variables(store)
    except Exception as error:
        what = error.problem if isinstance(error, KcoreError) else f"{type(error).__name__}: {error}"
        return [f"{join(place, 'vars')}: {what}"]
    return []


def _faults_of_optimizer(place: str, optimizer: Any, entries: Entries) -> list[str]:
    if not getattr(optimizer, "built", True) and len(entries) > len(optimizer.variables):
        return [
            f"{join(place, 'vars')}: the optimizer is not built; "
            "call model.optimizer.build(model.trainable_variables) first to go on where training stopped"
        ]
    return _faults_by_trial(place, optimizer, entries)


def check_built(model: Layer) -> None:
    """Raise an error if a model has no weights yet.

    Args:
        model: the model.
    """
    if not model.built:
        raise ArgumentError(
            f'model "{model.name}" is not built, and has no weights yet', fix="call it on data, or call build, first"
        )
