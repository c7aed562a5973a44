"""Layers that compute in NumPy, on the host: those of strings, which no tensor holds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from kcore_ops import TensorSpec, tree
from kcore_ops.backends import registry
from kcore_ops.backends.current import current_backend, on
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import STRING, is_string_dtype, numpy_dtype
from kcore_ops.engine.call import dtype_of, unwrapped
from kcore_ops.foundation.errors import ArgumentTypeError, DTypeError

from kcore_layers.base.layer import Layer

__all__ = ["HostLayer", "as_array", "as_strings", "graph_backend", "is_text", "on_host", "shape_known"]

Array = np.ndarray[Any, Any]


class HostLayer(Layer):
    """A layer that computes in NumPy, on the host: of strings, or of numbers.

    Lists, data frames and tensors that it is given become arrays of NumPy's first, and only tensors of a graph stay
    what they are. It returns tensors of its own backend, or of the framework in whose graph it is called: a data set of
    TensorFlow's can be mapped by it, whichever its own is.
    """

    _kcore_takes_several = False  # whether `call` takes a list of inputs, rather than one that may be a list

    def _kcore_general_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        backend = graph_backend([args, kwargs])
        if backend is None or backend is self._kcore_backend:
            return super()._kcore_general_call(args, kwargs)
        self._kcore_check_ready()
        with on(backend):
            try:
                bound, _, _ = self._kcore_bind(args, kwargs)
                self._kcore_convert(bound)
                return self.call(*bound.args, **bound.kwargs)
            except Exception as error:
                raise self._kcore_locate(error)  # noqa: B904 (it is the same error)

    def _kcore_convert(self, bound: inspect.BoundArguments) -> bool:
        for name, value in bound.arguments.items():
            if value is None or name == "training":
                continue
            if self._kcore_takes_several and isinstance(value, list | tuple):
                bound.arguments[name] = type(value)(as_array(each) for each in value)
            else:
                bound.arguments[name] = as_array(value)
        return False

    def _kcore_convert_leaf(self, x: Any) -> Any:
        return x


def graph_backend(arguments: Any) -> Backend | None:
    """Return the backend of the first tensor of a graph among arguments, or None.

    Args:
        arguments: tree of anything.
    """
    for leaf in tree.flatten(arguments):
        if isinstance(leaf, np.ndarray | np.generic | TensorSpec | str | bytes | int | float | None):
            continue
        backend = registry.owner(type(leaf))
        if backend is not None and backend.is_traced(leaf):
            return backend
    return None


def as_array(x: Any) -> Any:
    """Return data as an array of NumPy's; a tensor of a graph, and a symbolic one, as it is.

    Args:
        x: tensor of any framework, array, number, string, data frame or column of one, or lists of those.

    Raises:
        ArgumentTypeError: if it is ragged, sparse, or no data at all.
    """
    x = unwrapped(x)
    if isinstance(x, TensorSpec | np.ndarray):
        return x
    backend = registry.owner(type(x))
    if backend is not None:
        return x if backend.is_traced(x) else np.asarray(backend.to_numpy(x))
    if isinstance(x, list | tuple):
        try:
            return np.asarray([as_array(each) for each in x])
        except ValueError:
            raise ArgumentTypeError(
                "lists of different lengths are no array", fix="pad them to one length, or pass one string for each row"
            ) from None
    if isinstance(x, str | bytes | int | float | np.generic) or hasattr(x, "__array__"):
        return np.asarray(x)
    raise ArgumentTypeError(
        f"a {type(x).__name__} is no array: there are no sparse or ragged tensors",
        fix="pass an array, a dense tensor, a column of a data frame, or a list",
    )


def is_text(x: Any) -> bool:
    """Return whether an array, tensor or spec is of strings.

    Args:
        x: what `as_array` returned.
    """
    return dtype_of(x) == STRING


def as_strings(x: Array) -> list[bytes]:
    """Return the strings of an array, in the order of its elements, as UTF-8; integers as their digits.

    Args:
        x: array of strings, bytes, objects that are either, or integers. Other numbers are cut to integers.

    Raises:
        DTypeError: if an object is neither.
    """
    if not is_string_dtype(x.dtype):
        if x.dtype == bool:
            return [b"true" if each else b"false" for each in x.ravel()]
        return [b"%d" % each for each in x.ravel().astype("int64").tolist()]
    return [each if each.__class__ is bytes else _encoded(each) for each in x.ravel().tolist()]


def _encoded(text: Any) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes):
        return bytes(text)
    raise DTypeError(
        f"{text!r}, a {type(text).__name__}, stands where strings are needed",
        fix="pass strings, or numbers as an array of numbers",
    )


def shape_known(x: Any) -> tuple[int | None, ...]:
    """Return the sizes of an array, tensor or spec, None for one that only a running graph knows.

    Args:
        x: what `as_array` returned.
    """
    return tuple(size if isinstance(size, int) else None for size in x.shape)


def on_host(function: Callable[..., Array], shape: Sequence[Any], dtype: str, *inputs: Any) -> Any:
    """Return what a function of arrays gives as a tensor of the current backend; for specs, the spec of it.

    Args:
        function: takes an array for each input and returns one; strings in it are `bytes`.
        shape: the sizes of what it returns; None is one that is not known.
        dtype: string, the dtype of it; "string" is an array of objects where the backend has no strings.
        *inputs: arrays, tensors or specs.
    """
    backend = current_backend()
    if dtype != STRING:
        dtype = backend.canonical_dtype(dtype)
    if any(isinstance(x, TensorSpec) for x in inputs):
        return TensorSpec(shape, dtype)
    if dtype == STRING and "strings" not in backend.capabilities:
        texts = function(*inputs)
        return np.array([text.decode("utf-8", "replace") for text in texts.ravel()], object).reshape(texts.shape)
    kind = object if dtype == STRING else numpy_dtype(dtype)
    spec = TensorSpec(shape, dtype)
    return backend.call_on_host(lambda *arrays: [np.asarray(function(*arrays), kind)], [spec], inputs)[0]
