"""From what people pass as data to trees of NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import Tree, config, dtypes
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError

from kcore_train.data.tables import SparseRows, array_of_frame, is_column, is_frame, is_sparse, is_table

__all__ = ["NUMBERS", "batch_dtype", "is_in_memory", "leaves_with_paths", "of_texts", "to_arrays"]

# Single numbers, which are no trees; in lists they make arrays.
NUMBERS = (bool, int, float, complex, np.generic)
_INPUTS = "x"


def is_in_memory(data: object) -> bool:
    """Return whether `data` is arrays, or what becomes arrays, and not a source of batches.

    Args:
        data: anything, what was passed as data.

    >>> is_in_memory([1, 2]), is_in_memory(iter([1, 2]))
    (True, False)
    """
    return isinstance(data, (np.ndarray, list, tuple, Mapping, *NUMBERS)) or _is_array(data)


def _is_array(data: Any) -> bool:
    is_some_table = is_frame(data) or is_sparse(data) or is_table(data) or is_column(data)
    return hasattr(data, "__array__") or is_some_table or ops.is_tensor(data)


def to_arrays(data: Tree | None, path: str, is_batch: bool = False) -> Any:
    """Convert the leaves of a tree to arrays; None stays None.

    Dicts, lists and tuples are trees, but for lists of numbers, however nested, which are arrays. A DataFrame is a
    matrix, and a Series a matrix of one column; a sparse matrix of SciPy is read row by row, and dense as a batch. A
    dataset of Hugging Face's is a dict of its columns.

    Args:
        data: array, tensor, number, or tree of these, or None, the data.
        path: str, what to call the data in errors, as "x".
        is_batch: bool, whether the data goes to the model as it is: tensors of the current backend then stay tensors,
            and floats get the dtype of `config.floatx()`; False.

    Raises:
        ArgumentError: if a leaf is not data.
        DTypeError: if a leaf is not of numbers, nor of texts among inputs.
        ShapeError: if nested lists of numbers are ragged.

    >>> to_arrays({"a": [1, 2], "b": None}, "x")
    {'a': array([1, 2]), 'b': None}
    """
    table: Any = data
    if is_table(data) and not isinstance(data, Mapping):
        data = {name: table[name] for name in table.column_names}
    if isinstance(data, Mapping):
        return {key: to_arrays(part, _at(path, key), is_batch) for key, part in data.items()}
    if is_column(data):
        data = table[:]
    if isinstance(data, list | tuple) and not _holds_numbers(data):
        parts = [to_arrays(part, _at(path, index), is_batch) for index, part in enumerate(data)]
        if isinstance(data, list):
            return parts
        return type(data)(*parts) if hasattr(data, "_fields") else tuple(parts)
    if data is None or is_batch and not isinstance(data, np.ndarray) and _is_current(data):
        return data
    if is_sparse(data) and not is_batch:
        return data if isinstance(data, SparseRows) else SparseRows(data)
    array = _to_array(data, path)
    wanted = batch_dtype(array, path)
    return array.astype(wanted) if is_batch and array.dtype != wanted else array


def _at(path: str, key: Any) -> str:
    return f'{path}["{key}"]' if isinstance(key, str) else f"{path}[{key}]"


def _holds_numbers(data: Any) -> bool:
    """Return whether the first leaf of nested lists is a number or a text, and so they an array."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return isinstance(data, (*NUMBERS, str, bytes))


def _is_current(data: Any) -> bool:
    """Return whether this is a tensor of the current backend."""
    return ops.is_tensor(data) and isinstance(data, ops.current_backend().tensor_types)


def _to_array(data: Any, path: str) -> np.ndarray[Any, Any]:
    if isinstance(data, (np.ndarray, *NUMBERS)):
        return np.asarray(data)  # a plain view of a memory map, too
    if isinstance(data, list | tuple):
        try:
            return np.asarray(data)
        except ValueError as error:
            raise ShapeError(f"the rows of {path} differ in length", fix="pad them to one length") from error
    if is_frame(data):
        return array_of_frame(data, path)
    if is_sparse(data):
        array: np.ndarray[Any, Any] = data.toarray()
        return array
    if ops.is_tensor(data):
        return ops.convert_to_numpy(data)
    if hasattr(data, "__array__"):
        return np.asarray(data)
    raise ArgumentError(
        f"{path} has type {type(data).__name__}, which is no data",
        fix="pass an array, a tensor, a DataFrame, or a list, tuple or dict of them",
    )


def batch_dtype(array: np.ndarray[Any, Any] | SparseRows, path: str) -> np.dtype[Any]:
    """Return the dtype in which an array reaches the model: `config.floatx()` for floats, else its own.

    Inputs may be texts too, for models that begin with layers of them: those are objects.

    Args:
        array: array or sparse rows, the array.
        path: str, what to call the data in errors, as "x", which begins with that for inputs alone.

    Raises:
        DTypeError: if it does not hold numbers, and is no input of texts.

    >>> batch_dtype(np.ones(2), "x"), batch_dtype(np.arange(2, dtype="int8"), "x")
    (dtype('float32'), dtype('int8'))
    """
    if path.partition("[")[0] == _INPUTS and isinstance(array, np.ndarray) and of_texts(array):
        return np.dtype(object)
    try:
        name = dtypes.standardize_dtype(array.dtype)
    except DTypeError as error:
        raise DTypeError(
            f"{path} has dtype {array.dtype}, which is not one of numbers",
            fix="turn texts, dates and categories into numbers first",
        ) from error
    return dtypes.numpy_dtype(config.floatx() if name in dtypes.FLOATS else name)


def of_texts(array: np.ndarray[Any, Any]) -> bool:
    """Return whether an array holds texts: strings or bytes, or objects of which the first is one.

    Args:
        array: array.

    >>> of_texts(np.array(["a"])), of_texts(np.array([1]))
    (True, False)
    """
    if array.dtype.kind != "O":
        return array.dtype.kind in "US"
    return array.size > 0 and isinstance(array.flat[0], str | bytes)


def leaves_with_paths(data: Tree | None, path: str) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Return the arrays of a tree with their places in it; None is left out.

    Args:
        data: array, or tree of arrays, or None, the data.
        path: str, what to call the tree, as "x".

    >>> leaves_with_paths({"a": np.array([1]), "b": None}, "x")
    [('x["a"]', array([1]))]
    """
    if isinstance(data, Mapping):
        children = list(data.items())
    elif isinstance(data, list | tuple):
        children = list(enumerate(data))
    else:
        return [] if data is None else [(path, data)]
    return [leaf for key, part in children for leaf in leaves_with_paths(part, _at(path, key))]
