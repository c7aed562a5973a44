"""Files of weights, `.weights.h5`, as Keras 3 lays them out: either reads what the other wrote.

Each layer and optimizer has a group `PATH/vars`, with an attribute `name` and a dataset "0", "1", ... for each variable
of its own; see weight_paths.py for the paths. Writing and loading are atomic: all of it, or nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from kcore_ops import StatelessScope, Variable
from kcore_ops.dtypes import numpy_dtype
from kcore_ops.foundation.errors import ArgumentError, KcoreError, located

from kcore_layers.base.layer import Layer
from kcore_layers.base.state import State
from kcore_layers.files.atomic import atomic_write, file_path, refuse_unknown_arguments
from kcore_layers.files.hdf5 import dataset_dtype, find_datasets, open_hdf5, read_dataset
from kcore_layers.files.weight_paths import find_paths, join, saved_objects
from kcore_layers.models.model import Model

if TYPE_CHECKING:
    import h5py

__all__ = ["check_built", "has_weights_of_layers", "load_weights", "read_weights", "save_weights", "write_weights"]

ENDING = ".weights.h5"
Datasets: TypeAlias = "dict[str, h5py.Dataset]"


def save_weights(
    model: Layer,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    max_shard_size: float | None = None,
    *,
    objects_to_skip: Iterable[Any] | None = None,
    **kwargs: Any,
) -> None:
    """Write the weights of a model, and the state of its optimizer, to a file.

    The file appears when it is complete; until then, and after a failure, what was there before stays.

    Args:
        model: a built model.
        filepath: str or `Path`, where; the name ends in `.weights.h5`.
        overwrite: bool, whether a file of that name may be replaced; True by default.
        max_shard_size: None; weights are not split among several files.
        objects_to_skip: layers of the model, or its optimizer, to leave out of the file; None, the default, is none.
        **kwargs: none.

    Raises:
        ArgumentError: if the name ends otherwise, the directory is missing, a file is not to be replaced, the model
            is not built, or there is no such object to skip.

    >>> import tempfile
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
    import h5py

    with located("save_weights"):
        refuse_unknown_arguments(kwargs)
        path = file_path(filepath)
        _check_ending(path)
        if max_shard_size is not None:
            raise ArgumentError("max_shard_size is not supported: weights are one file", fix="leave it out")
        check_built(model)
        skip = list(objects_to_skip or ())
        find_paths(model, skip)  # all of them there are
        with atomic_write(path, overwrite) as temporary, h5py.File(temporary, "x") as file:
            write_weights(model, file, skip)


def write_weights(model: Layer, file: h5py.File, skip: Iterable[Any] = ()) -> None:
    """Write the weights of a model, and the state of its optimizer, to an open file, but for objects to skip.

    Args:
        model: the model.
        file: the file, open for writing.
        skip: layers of the model, or its optimizer, to leave out; () by default.
    """
    for place, saved in saved_objects(model, skip):
        _write(file, place, saved)


def _write(file: h5py.File, place: str, saved: Any) -> None:
    group = file.create_group(join(place, "vars"))
    group.attrs["name"] = saved.name
    saved.save_own_variables(_WritableGroup(group))


class _WritableGroup(MutableMapping[str, Any]):
    """What `save_own_variables` puts arrays into: a group of a file that is being written."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group

    def __setitem__(self, key: str, value: Any) -> None:
        array = value.numpy() if isinstance(value, Variable) else np.asarray(value)
        is_known_to_hdf5 = array.dtype.isbuiltin == 1
        stored = array if is_known_to_hdf5 else array.view(np.dtype((np.void, array.dtype.itemsize)))
        dataset = self._group.create_dataset(key, data=stored)
        if not is_known_to_hdf5:
            dataset.attrs["dtype"] = array.dtype.name

    def __getitem__(self, key: str) -> Any:
        return read_dataset(self._group[key])

    def __delitem__(self, key: str) -> None:
        del self._group[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class _ReadableDatasets(Mapping[str, Any]):
    """What `load_own_variables` takes arrays from: the datasets of one object, read when they are asked for."""

    def __init__(self, datasets: Datasets) -> None:
        self._datasets = datasets

    def __getitem__(self, key: str) -> Any:
        return read_dataset(self._datasets[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)


def load_weights(
    model: Layer,
    filepath: str | os.PathLike[str],
    skip_mismatch: bool = False,
    *,
    objects_to_skip: Iterable[Any] | None = None,
    **kwargs: Any,
) -> None:
    """Set the weights of a model from a file, and the state of its optimizer if both have one.

    Nothing is set unless everything fits. The optimizer is an exception: where its state does not fit, it begins anew,
    with a warning.

    Args:
        model: a built model.
        filepath: str or `Path`, a file that `save_weights` or Keras 3 wrote; or that of a whole model, `.keras`.
        skip_mismatch: bool, whether layers that do not fit keep their weights, with a warning, in place of an error;
            False by default.
        objects_to_skip: layers of the model, or its optimizer, that keep what they have, whatever the file holds; None,
            the default, is none.
        **kwargs: none.

    Raises:
        ArgumentError: if the file can not be read, or the model is not built or has no such object; or naming
            everything that is missing in the file, that is only in the file, or whose shape or dtype is another.
    """
    from kcore_layers.files.model_file import open_weights

    with located("load_weights"):
        refuse_unknown_arguments(
            kwargs, by_name="leave it out: layers are matched by the paths that they are reached by"
        )
        path = file_path(filepath)
        is_of_model = path.endswith(".keras")
        if not is_of_model:
            _check_ending(path)
        check_built(model)
    with located("load_weights", f'model "{model.name}"', f"file {path!r}"):
        with open_weights(path) if is_of_model else open_hdf5(path, repr(path)) as file:
            read_weights(model, file, skip_mismatch, list(objects_to_skip or ()))


def read_weights(model: Layer, file: h5py.File, skip_mismatch: bool = False, skip: Iterable[Any] = ()) -> None:
    """Set the weights of a model from an open file; see `load_weights`.

    Args:
        model: the model.
        file: the file, open for reading.
        skip_mismatch: as for `load_weights`; False by default.
        skip: layers of the model, or its optimizer, that keep what they have; () by default.
    """
    by_place = _group_by_path(find_datasets(file))
    fitting: list[tuple[Any, Datasets]] = []
    faults: list[str] = []
    of_optimizers: list[str] = []
    objects = saved_objects(model, skip, by_place)
    for place, saved in objects:
        datasets = by_place.pop(place, {})
        if isinstance(saved, Layer):
            found = _faults(place, saved, datasets)
            faults += found
        else:
            found = _faults_of_optimizer(place, saved, datasets) if datasets else []
            of_optimizers += found
        if datasets and not found:
            fitting.append((saved, datasets))
    # What was to be skipped, and the optimizers of a model that is not compiled now.
    of_models = [join(place, "optimizer") for place, saved in objects if isinstance(saved, Model)]
    passed_over = tuple(f"{place}/" if place else "" for place in (*find_paths(model, skip), *of_models))
    for place, datasets in by_place.items():
        if not f"{place}/".startswith(passed_over):
            faults += [f"{join(place, 'vars', key)}: only in the file" for key in datasets]
    if faults and not skip_mismatch:
        what = "1 entry does" if len(faults) == 1 else f"{len(faults)} entries do"
        raise ArgumentError(
            "\n    ".join([f"{what} not fit, and nothing was loaded:", *faults]),
            fix="make the model as it was when the file was written, or pass skip_mismatch=True",
        )
    arrays = [(saved, {key: read_dataset(dataset) for key, dataset in datasets.items()}) for saved, datasets in fitting]
    for saved, values in arrays:
        saved.load_own_variables(values)
    for what, found in (("weights", faults), ("the optimizer's state", of_optimizers)):
        if found:
            warnings.warn(
                "\n  ".join([f"{what} were not loaded where they do not fit, and stay as they were:", *found]),
                stacklevel=4,
            )


def has_weights_of_layers(file: h5py.File) -> bool:
    """Return whether an open file holds weights, rather than only an optimizer's state.

    Args:
        file: the file, open for reading.
    """
    return any(not f"{place}/".startswith("optimizer/") for place in _group_by_path(find_datasets(file)))


def _faults(place: str, layer: Any, datasets: Datasets) -> list[str]:
    """Return what does not fit between a layer and its part of the file."""
    own = [*layer._kcore_trainable_variables, *layer._kcore_non_trainable_variables]
    if type(layer).load_own_variables is not State.load_own_variables:
        return _faults_by_trial(place, layer, datasets)
    if own and not datasets:
        return [f"{join(place, 'vars')}: missing in the file; it is layer {layer.path!r}, with {_count(own)}"]
    variables = {str(i): v for i, v in enumerate(own)}
    found = [
        f"{join(place, 'vars', key)}: missing in the file; it is {v.path!r}"
        for key, v in variables.items()
        if key not in datasets
    ]
    for key, dataset in datasets.items():
        if key in variables:
            fault = _fault_of(variables[key], dataset)
        else:
            fault = "only in the file" if layer.built else f"only in the file; layer {layer.path!r} is not built"
        if fault:
            found.append(f"{join(place, 'vars', key)}: {fault}")
    return found


def _count(variables: list[Any]) -> str:
    return "1 variable" if len(variables) == 1 else f"{len(variables)} variables"


def _fault_of(variable: Variable, dataset: h5py.Dataset) -> str | None:
    if dataset.shape != variable.shape:
        return f"shape {dataset.shape} in the file, {variable.shape} in the model: {variable.path!r}"
    dtype = dataset_dtype(dataset)
    if _kind(dtype) != _kind(variable._dtype):
        return f"{dtype} in the file, {variable._dtype} in the model: {variable.path!r}"
    return None


def _kind(dtype: Any) -> str:
    """Return the kind of a dtype: floating ones are cast to one another, integers too."""
    kind = numpy_dtype(dtype).kind
    return {"V": "f", "u": "i"}.get(kind, kind)


def _faults_by_trial(place: str, saved: Any, datasets: Datasets) -> list[str]:
    """Return what an object that reads its variables in its own way makes of its part of the file, without a change."""
    try:
        with StatelessScope():
            saved.load_own_variables(_ReadableDatasets(datasets))
    except Exception as error:
        what = error.problem if isinstance(error, KcoreError) else f"{type(error).__name__}: {error}"
        return [f"{join(place, 'vars')}: {what}"]
    return []


def _faults_of_optimizer(place: str, optimizer: Any, datasets: Datasets) -> list[str]:
    if not getattr(optimizer, "built", True) and len(datasets) > len(optimizer.variables):
        return [
            f"{join(place, 'vars')}: the optimizer is not built; "
            "call model.optimizer.build(model.trainable_variables) first to go on where training stopped"
        ]
    return _faults_by_trial(place, optimizer, datasets)


def _group_by_path(datasets: Datasets) -> dict[str, Datasets]:
    """Sort a file's datasets by the path of the object they belong to."""
    by_place: dict[str, Datasets] = {}
    for path, dataset in datasets.items():
        place, is_found, key = f"/{path}".rpartition("/vars/")
        if not is_found:
            raise ArgumentError(
                f"{path!r} belongs to no layer: the file has another layout than that of Keras 3's weights",
                fix="pass a file that save_weights wrote",
            )
        by_place.setdefault(place.removeprefix("/"), {})[key] = dataset
    return by_place


def _check_ending(path: str) -> None:
    if not path.endswith(ENDING):
        raise ArgumentError(
            f"{path!r} does not end in {ENDING!r}, as files of weights do", fix=f"name it {_stem(path) + ENDING!r}"
        )


def _stem(path: str) -> str:
    return path.removesuffix(".h5").removesuffix(".keras").removesuffix(".weights")


def check_built(model: Layer) -> None:
    """Raise an error if a model has no weights yet.

    Args:
        model: the model.
    """
    if not model.built:
        raise ArgumentError(
            f'model "{model.name}" is not built, and has no weights yet', fix="call it on data, or call build, first"
        )
