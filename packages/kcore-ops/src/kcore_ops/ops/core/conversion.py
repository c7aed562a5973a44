"""Into tensors, out of them, and from one dtype, backend or device to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kcore_ops import dtypes
from kcore_ops.backends import registry
from kcore_ops.backends.current import current_backend
from kcore_ops.engine import call as calls
from kcore_ops.engine.convert import check_items, tensor_on
from kcore_ops.engine.define import primitive
from kcore_ops.engine.op import FloatDType, Tensor, op_of
from kcore_ops.foundation.errors import ArgumentError, DTypeError, KcoreError
from kcore_ops.specs.spec import UNKNOWN, TensorSpec
from kcore_ops.state.variable import Variable

__all__ = ["cast", "convert_to_numpy", "convert_to_tensor", "device", "dtype", "explain", "is_tensor", "native", "ndim",
           "shape", "size", "to_backend"]  # fmt: skip


@primitive
def cast(x: Tensor, dtype: FloatDType) -> Tensor:
    """Convert the elements of `x` to another dtype; floats lose their fraction on the way to integers.

    Shapes: the result is shaped like `x`. Dtype: `dtype`; the default float if None.
    Raises: `DTypeError` if there is no such dtype, or the framework as configured has not got it.

    >>> cast(np.array([0.0, 1.7, -1.7]), "int32")
    array([ 0,  1, -1], dtype=int32)
    """
    return TensorSpec(x.shape, dtype)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """Make a tensor of a number, a list, a NumPy array or a tensor; a tensor stays on its backend.

    Args:
        x: what to convert. Numbers and arrays go to the current backend; lists may hold tensors.
        dtype: the dtype wanted; by default Python floats become `config.floatx()`, integers int32, and arrays keep
            theirs (on JAX without 64-bit mode, 64-bit ones become 32-bit ones, as JAX does).
        sparse: only False or None: kcore has no sparse tensors.
        ragged: only False or None.

    Raises:
        DTypeError: if `x` is nothing a backend knows.
        RangeError: if a Python integer does not fit the dtype. Arrays are cast, as NumPy casts them.

    >>> convert_to_tensor([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    if sparse or ragged:
        raise ArgumentError("there are no sparse or ragged tensors", fix="leave out sparse= and ragged=")
    call = calls.Call(op_of(cast), (x, dtype))
    name = None if dtype is None else dtypes.standardize_dtype(dtype)
    (value,) = call.values
    if isinstance(value, TensorSpec):
        return value if name in (None, value.dtype) else cast(value, name)
    backend = call.backend()
    if isinstance(x, list | tuple):
        check_items(value, backend, name)
    return tensor_on(backend, value, name)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """Return the numbers of `x`, a tensor of any backend, an array, a number or a list, as a NumPy array.

    >>> convert_to_numpy(convert_to_tensor([1, 2]))
    array([1, 2], dtype=int32)
    """
    owner = None if isinstance(x, calls.HOST_TYPES) else registry.owner(x.__class__)
    if owner is not None:
        return owner.to_numpy(x)
    call = calls.Call(op_of(cast), (x, None))
    (value,) = call.values
    if isinstance(value, TensorSpec):
        raise ArgumentError("a symbolic tensor has no numbers yet", fix="call the model on data first")
    if isinstance(value, calls.HOST_TYPES):
        return np.asarray(value)
    return call.backend().to_numpy(value)


def to_backend(x: Any, backend: str) -> Any:
    """Return a tensor of another backend as one of `backend`; through DLPack without a copy where both frameworks can.

    Args:
        x: a tensor of any backend, an array, a number or a list.
        backend: the name of the backend to convert to.

    Raises:
        BackendNotFound: if it is not installed.

    >>> to_backend([1.0], "numpy")
    array([1.], dtype=float32)
    """
    target = registry.load(backend)
    value = native(x) if is_tensor(x) else convert_to_numpy(x)
    if isinstance(value, target.tensor_types):
        return value
    if hasattr(value, "__dlpack__"):
        try:
            return target.from_dlpack(value)
        except (KcoreError, NotImplementedError, TypeError, RuntimeError, ValueError, BufferError):
            pass  # a dtype or device that one of the two does not exchange: copy through the host
    array = convert_to_numpy(value)
    return target.to_tensor(array, target.canonical_dtype(dtypes.standardize_dtype(array.dtype)))


def native(x: Any) -> Any:
    """Return the framework's own tensor behind `x`: that of a variable, or `x` itself.

    Raises:
        DTypeError: if `x` is not a tensor.

    >>> native(Variable([1.0]))
    array([1.], dtype=float32)
    """
    value = x.value if isinstance(x, Variable) else x
    if not is_tensor(value):
        raise DTypeError(f"a {type(x).__name__} has no native tensor", fix="use convert_to_tensor first")
    return value


def is_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor of an installed backend; a NumPy array is one while the NumPy backend is current.

    >>> is_tensor(np.ones(2)), is_tensor([1.0])
    (True, False)
    """
    if isinstance(x, np.ndarray | np.generic):
        return isinstance(x, current_backend().tensor_types)
    if isinstance(x, (*calls.HOST_NUMBERS, str, bytes, list, tuple, dict, TensorSpec)) or x is None:
        return False
    return registry.owner(type(x)) is not None


def shape(x: Any) -> tuple[Any, ...]:
    """Return the sizes of `x`: integers, and scalar tensors where a size is known only when a graph runs.

    >>> shape(np.ones((2, 3)))
    (2, 3)
    """
    if isinstance(x, TensorSpec):
        return symbolic_shape(x)
    sizes = getattr(x, "shape", None)
    if type(sizes) is tuple and None not in sizes:
        return sizes
    return tuple(np.shape(x)) if isinstance(x, calls.HOST_TYPES) else calls.backend_of([x]).shape(x)


def symbolic_shape(x: TensorSpec) -> tuple[Any, ...]:
    """Return the sizes of a symbolic tensor; an unknown one of a graph becomes a tensor of the graph."""
    from kcore_ops.engine.inference import is_inferring
    from kcore_ops.specs.symbolic import KerasTensor

    if None not in x.shape:
        return x.shape
    if not isinstance(x, KerasTensor):
        # A tensor of a graph, met while a body runs on specs, has sizes of which not even a stand-in is known.
        return tuple(UNKNOWN if size is None else size for size in x.shape) if is_inferring() else x.shape
    return tuple(size_along(x, axis) if size is None else size for axis, size in enumerate(x.shape))


@primitive
def size_along(x: Tensor, axis: int) -> Tensor:
    """Return one size of `x` as a scalar tensor of dtype int32.

    >>> size_along(np.ones((2, 3)), 1).item()
    3
    """
    return TensorSpec((), "int32")


@size_along.define
def _size_along(x: Tensor, axis: int) -> Tensor:
    size = shape(x)[axis]
    return tensor_on(calls.backend_of([x]), size, "int32") if isinstance(size, int) else size


def ndim(x: Any) -> int:
    """Return the number of axes of `x`.

    >>> ndim([[1, 2]])
    2
    """
    return len(x.shape) if hasattr(x, "shape") else int(np.ndim(x))


def size(x: Any) -> Any:
    """Return the number of elements of `x`.

    >>> size(np.ones((2, 3)))
    6
    """
    count: Any = 1
    for length in shape(x):
        count = length * count
    return count


def dtype(x: Any) -> str:
    """Return the name of the dtype of `x`.

    >>> dtype(np.ones(2, "float16"))
    'float16'
    """
    owner = registry.owner(x.__class__)
    if owner is not None:
        return owner.dtype(x)
    if isinstance(x, Variable | TensorSpec):
        return x.dtype
    call = calls.Call(op_of(cast), (x, None))
    backend = None if isinstance(call.values[0], calls.HOST_TYPES) else call.backend()
    return dtypes.concrete(calls.describe(call.values[0], backend)[0])


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Place the tensors made inside the `with` block on a device of the current backend.

    Args:
        device_name: for example `"cpu"`, `"cpu:0"` or `"gpu:1"`.

    Raises:
        ArgumentError: if the backend has no such device.

    >>> with device("cpu:0"):
    ...     x = convert_to_tensor([1.0])
    """
    backend = current_backend()
    wanted = device_name.lower().replace("cuda", "gpu")
    wanted = wanted if ":" in wanted else f"{wanted}:0"
    if wanted not in backend.devices():
        raise ArgumentError(
            f"backend {backend.name!r} has no device {device_name!r}", fix=f"use one of {', '.join(backend.devices())}"
        )
    with backend.device_scope(wanted):
        yield


def explain(op: Any, backend: str | None = None) -> dict[str, str]:
    """Return who runs an op on each usable backend: "native", "override", "definition", or "missing".

    Args:
        op: an op, or its name.
        backend: the one backend to ask; all usable ones, which are loaded, if None.

    >>> explain(cast, "numpy")
    {'numpy': 'native'}
    """
    found = op_of(op)
    names = [backend] if backend else [name for name, record in registry.backends().items() if record.is_usable]
    result = {}
    for name in sorted(names):
        loaded = registry.load(name)
        try:
            result[name] = found.implementation(loaded)[0]
        except KcoreError:
            result[name] = "missing"
    return result
