"""Targets and predictions as tensors of one backend, dtype and number of axes, or an error that says why not."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops
from kcore_ops import Tensor, Tree, tree
from kcore_ops.backends.interface import Backend
from kcore_ops.dtypes import is_float_dtype
from kcore_ops.engine.call import HOST_NUMBERS, HOST_TYPES, backend_of
from kcore_ops.engine.convert import tensor_on
from kcore_ops.engine.plans import is_permanent
from kcore_ops.foundation.errors import KcoreError, ShapeError
from kcore_ops.specs.shapes import broadcast_shapes, differ, show_shape
from kcore_ops.specs.spec import TensorSpec

__all__ = ["aligned", "as_float", "backend_for", "check_same_shape", "is_structure", "ready_dtype",
           "ready_index_dtype", "remember_ready", "same_rank", "tensor"]  # fmt: skip

# Name of the dtype of tensors that need no conversion, by their class and dtype: those of the frameworks.
_ready: dict[tuple[type, Any], str] = {}
# That of predictions beside class indices, by their class, the dtype of the indices and their own.
_ready_indices: dict[tuple[type, Any, Any], str] = {}


def ready_dtype(y_true: Tensor, y_pred: Tensor) -> str | None:
    """Return the name of the floating dtype of two tensors that are known to need no conversion, or None.

    Args:
        y_true: tensor, the targets.
        y_pred: tensor, the predictions.
    """
    kind, dtype = y_pred.__class__, getattr(y_pred, "dtype", None)
    if kind is y_true.__class__ and dtype == getattr(y_true, "dtype", None):
        return _ready.get((kind, dtype))
    return None


def ready_index_dtype(y_true: Tensor, y_pred: Tensor) -> str | None:
    """Return the name of the floating dtype of predictions, where they and class indices need no conversion, or None.

    Args:
        y_true: tensor, the targets.
        y_pred: tensor, the predictions.
    """
    kind = y_pred.__class__
    if kind is not y_true.__class__ or not hasattr(kind, "dtype"):
        return None
    return _ready_indices.get((kind, y_true.dtype, y_pred.dtype))


def remember_ready(y_true: Tensor, y_pred: Tensor) -> None:
    """Remember that tensors like these, just converted, need no conversion.

    Args:
        y_true: tensor, the targets, after conversion.
        y_pred: tensor, the predictions, after conversion.
    """
    kind, dtype = y_pred.__class__, y_pred.dtype
    if kind is not y_true.__class__ or issubclass(kind, (*HOST_TYPES, TensorSpec)):
        return
    name = ops.dtype(y_pred)
    if not is_float_dtype(name) or not is_permanent(kind):
        return
    if y_true.dtype == dtype:
        _ready[kind, dtype] = name
    elif not is_float_dtype(ops.dtype(y_true)):
        _ready_indices[kind, y_true.dtype, dtype] = name


def backend_for(*values: Tensor) -> Backend:
    """Return the backend of the tensors among some values; the current one if there are none.

    Args:
        *values: tensors, variables, arrays or numbers, values of one call.
    """
    return backend_of([value.value if isinstance(value, ops.Variable) else value for value in values])


def tensor(backend: Backend, x: Tensor, dtype: str | None = None) -> Tensor:
    """Return `x` as a tensor of the backend, in `dtype` or its own; symbolic tensors stay symbolic.

    Args:
        backend: `Backend`, the backend that the result belongs to.
        x: tensor, array, number, list or `TensorSpec`, what to convert.
        dtype: str or None, the name of the dtype to convert to, None for that of `x`; None.
    """
    if isinstance(x, TensorSpec):
        return x if dtype in (None, x.dtype) else ops.cast(x, dtype)
    return tensor_on(backend, x, dtype)


def is_structure(x: Tree) -> bool:
    """Return whether `x` holds several tensors, rather than being one, or a list of the numbers of one.

    Args:
        x: tensor, list of numbers, or tree of tensors, the targets or predictions.
    """
    if not isinstance(x, list | tuple | dict):
        return False
    return isinstance(x, dict) or not all(isinstance(leaf, HOST_NUMBERS) for leaf in tree.flatten(x))


def as_float(x: Tensor, backend: Backend) -> Tensor:
    """Return `x` as a tensor in its own floating dtype; numbers of other kinds in `config.floatx()`.

    Args:
        x: tensor, array, number or list, what to convert.
        backend: `Backend`, the backend that the result belongs to.
    """
    x = tensor(backend, x)
    return x if is_float_dtype(ops.dtype(x)) else ops.cast(x, ops.config.floatx())


def aligned(y_true: Tensor, y_pred: Tensor, where: str, *, broadcast: bool = True) -> tuple[Tensor, Tensor]:
    """Return targets and predictions as tensors of one floating dtype, that of the predictions, whose shapes fit.

    An axis of size 1 at the end that only one of them has is put right, as in targets of shape (n,) for (n, 1).

    Args:
        y_true: tensor, the targets, of any dtype.
        y_pred: tensor, the predictions, whose dtype both get.
        where: str, the loss or metric to name in errors.
        broadcast: bool, whether the shapes need only broadcast, rather than be the same; True.

    Raises:
        ShapeError: at `where`, if the shapes do not broadcast or, without `broadcast`, are not the same.
    """
    if ready_dtype(y_true, y_pred) is None:
        backend = backend_for(y_pred, y_true)
        y_pred = as_float(y_pred, backend)
        y_true = tensor(backend, y_true, ops.dtype(y_pred))
        remember_ready(y_true, y_pred)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    y_true, y_pred = same_rank(y_true, y_pred)
    try:
        broadcast_shapes(tuple(y_true.shape), tuple(y_pred.shape)) if broadcast else check_same_shape(y_true, y_pred)
    except KcoreError:
        raise ShapeError(
            f"y_true has shape {show_shape(y_true.shape)}, y_pred has shape {show_shape(y_pred.shape)}: they "
            + ("do not broadcast" if broadcast else "differ"),
            fix="pass y_true with the shape of y_pred",
        ).at(where) from None
    return y_true, y_pred


def check_same_shape(x: Tensor, y: Tensor) -> None:
    """Check that two tensors have one shape.

    Args:
        x: tensor, the first one.
        y: tensor, the second one.

    Raises:
        ShapeError: if they have not.
    """
    if len(x.shape) != len(y.shape) or any(differ(a, b) for a, b in zip(x.shape, y.shape, strict=True)):
        raise ShapeError(f"shapes {show_shape(x.shape)} and {show_shape(y.shape)} differ")


def same_rank(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Align an axis of size 1 at the end that only one of two tensors has: (n,) beside (n, 1) becomes (n, 1).

    Args:
        x: tensor, the first one.
        y: tensor, the second one.
    """
    more = len(x.shape) - len(y.shape)
    if more == 1 and _ends_in_one(x):
        return (x, ops.expand_dims(y, -1)) if len(y.shape) == 1 else (ops.squeeze(x, -1), y)
    if more == -1 and _ends_in_one(y):
        return (ops.expand_dims(x, -1), y) if len(x.shape) == 1 else (x, ops.squeeze(y, -1))
    return x, y


def _ends_in_one(x: Tensor) -> bool:
    size = x.shape[-1]
    return isinstance(size, int) and size == 1
