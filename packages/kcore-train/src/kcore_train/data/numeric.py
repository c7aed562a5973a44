"""Small preparations of arrays: labels to vectors, vectors to length 1."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError, DTypeError

__all__ = ["normalize", "to_categorical"]


def to_categorical(x: Tensor, num_classes: int | None = None) -> Tensor:
    """Encode each label as a vector of zeros with a 1 at its place.

    Shapes: `x` holds labels, `(...)` or `(..., 1)`; the result is `(..., num_classes)`. Dtype: float64 for an array or
    a list, `config.floatx()` for a tensor, which stays on its backend.

    Args:
        x: array, tensor, or list of ints, the labels, integers from 0.
        num_classes: int or None, the number of classes, None for one more than the largest label; None.

    Raises:
        ArgumentError: if a label is no class, or there are no labels to count the classes by.
        DTypeError: if the labels are not whole numbers.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    is_array = isinstance(x, np.ndarray | np.generic) or not ops.is_tensor(x)
    labels = np.asarray(x) if is_array else ops.convert_to_numpy(x)
    if labels.dtype.kind not in "biu":
        whole = np.rint(labels) if labels.dtype.kind == "f" else None
        if whole is None or not np.array_equal(whole, labels):
            raise DTypeError("labels are whole numbers", fix="pass integers").at("to_categorical")
    labels = labels.astype("int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if labels.size == 0:
            raise ArgumentError("there are no labels to count the classes by", fix="pass num_classes").at(
                "to_categorical"
            )
        num_classes = int(labels.max()) + 1
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ArgumentError(
            f"the label {wrong[0]} is not one of {num_classes} classes", fix=f"pass labels from 0 to {num_classes - 1}"
        ).at("to_categorical")
    if is_array:
        return (labels[..., None] == np.arange(num_classes)).astype("float64")
    return ops.one_hot(ops.reshape(ops.cast(x, "int32"), labels.shape), num_classes)


def normalize(x: Tensor, axis: int = -1, order: float = 2) -> Tensor:
    """Divide vectors by their norm; a vector of norm 0 stays as it is.

    Shapes: the result is shaped like `x`. Dtype: an array keeps its floating dtype, integers become float64; lists and
    tensors become, or stay, tensors.

    Args:
        x: array, tensor or list of floats, the vectors.
        axis: int, the axis along which the vectors lie; -1.
        order: float, the order of the norm: 2 for the Euclidean one; 2.

    Raises:
        ShapeError: if a tensor has no such axis.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if not isinstance(x, np.ndarray):
        return ops.normalize(x, axis=axis, order=order)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, norm.dtype.type(1), norm)
