"""Losses between targets and outputs, element by element."""

from __future__ import annotations

from typing import Any

from kcore_ops.dtypes.promotion import real, real_floating
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation import settings
from kcore_ops.foundation.errors import ShapeError
from kcore_ops.ops.core.conversion import cast, shape
from kcore_ops.ops.nn.activations import log_softmax, softplus
from kcore_ops.ops.nn.precision import narrowed, widened
from kcore_ops.ops.numpy.arithmetic import multiply, negative, subtract
from kcore_ops.ops.numpy.comparison import greater_equal, less, where
from kcore_ops.ops.numpy.creation import zeros_like
from kcore_ops.ops.numpy.exponentials import log
from kcore_ops.ops.numpy.indexing import take_along_axis
from kcore_ops.ops.numpy.logic import logical_and
from kcore_ops.ops.numpy.manipulation import expand_dims, squeeze
from kcore_ops.ops.numpy.reductions import mean, sum
from kcore_ops.ops.numpy.rounding import clip
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "mean_sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy",
]


@op(dtypes=real_floating)
def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """Cross-entropy, in nats, of each yes-or-no target with the probability of yes, or its logit if `from_logits`.

    Probabilities are kept `config.epsilon()` away from 0 and 1, so that the loss is finite; logits are exact.
    Shapes: `target` and `output` have one shape, the result's. Dtype: their common one; float16 and bfloat16 are
    computed in float32.
    Raises: `ShapeError` if the shapes differ; `DTypeError` if one of them is complex.

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).round(4)
    array([0.6931, 0.6931], dtype=float32)
    """
    _check_same_shape(target, output)
    y, z = widened(target), widened(output)
    if from_logits:
        # Two terms, each of which keeps small losses: softplus(z) - y * z would round them away.
        loss = y * softplus(negative(z)) + subtract(1, y) * softplus(z)
    else:
        p = _kept_from_ends(z)
        loss = negative(y * log(p) + subtract(1, y) * log(subtract(1, p)))
    return narrowed(loss, output)


@op(dtypes=real_floating)
def categorical_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Cross-entropy, in nats, of target probabilities with output ones, or their logits if `from_logits`.

    Output probabilities are first divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Shapes: `target` and `output` have one shape, with the classes along `axis`; the result lacks that axis.
    Dtype: their common one; float16 and bfloat16 are computed in float32.
    Raises: `ShapeError` if the shapes differ or there is no such axis; `DTypeError` if one of them is complex.

    >>> categorical_crossentropy([0.0, 1.0], [0.5, 0.5]).round(4).item()
    0.6930999755859375
    """
    _check_same_shape(target, output)
    axis = normalize_axis(axis, len(output.shape))
    z = widened(output)
    if from_logits:
        log_p = log_softmax(z, axis=axis)
    else:
        log_p = log(_kept_from_ends(z / sum(z, axis=axis, keepdims=True)))
    return narrowed(negative(sum(multiply(widened(target), log_p), axis=axis)), output)


@op(dtypes={"target": real, "output": real_floating})
def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Cross-entropy, in nats, of target classes with output probabilities, or their logits if `from_logits`.

    Output probabilities are first divided by their sum, and kept `config.epsilon()` away from 0 and 1.
    Shapes: `output` has the classes along `axis`; `target` lacks that axis, or has size 1 there, and holds the number
    of a class, or any other for no class at all, whose loss is 0; the result lacks the axis.
    Dtype: that of `output`; float16 and bfloat16 are computed in float32. Targets lose their fraction.
    Raises: `ShapeError` if the shapes do not fit or there is no such axis; `DTypeError` if one of them is complex.

    >>> sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [1.0, 0.0]]).round(4)
    array([0.6931, 0.    ], dtype=float32)
    """
    axis = normalize_axis(axis, len(output.shape))
    classes = _classes(target, output, axis)
    is_class = logical_and(greater_equal(classes, 0), less(classes, shape(output)[axis]))
    places = expand_dims(where(is_class, classes, zeros_like(classes)), axis)
    z = widened(output)
    if from_logits:
        log_p = take_along_axis(log_softmax(z, axis=axis), places, axis=axis)
    else:
        log_p = log(_kept_from_ends(take_along_axis(z, places, axis=axis) / sum(z, axis=axis, keepdims=True)))
    log_p = squeeze(log_p, axis=axis)
    return narrowed(where(is_class, negative(log_p), zeros_like(log_p)), output)


@op(dtypes={"target": real, "output": real_floating})
def mean_sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Mean of `sparse_categorical_crossentropy`, which a framework may compute at once, and its gradient too.

    Targets that are no class have a loss of 0, and count in the mean.
    Shapes: `target` and `output` are as there, with the classes along `axis`; the result is a scalar. `output` holds
    probabilities, or their logits if `from_logits`. Dtype: that of `output`; float16 and bfloat16 are
    computed in float32.
    Raises: `ShapeError` if the shapes do not fit or there is no such axis; `DTypeError` if one of them is complex.

    >>> mean_sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [0.5, 0.5]]).round(4).item()
    0.6930999755859375
    """
    return narrowed(mean(sparse_categorical_crossentropy(target, widened(output), from_logits, axis)), output)


def _classes(target: Any, output: Any, axis: int) -> Any:
    """Return targets as integers, without an axis of classes."""
    target = target if dtype_of(target) in ("int32", "int64") else cast(target, "int32")
    expected = [size for i, size in enumerate(output.shape) if i != axis]
    if len(target.shape) == len(output.shape) and not differ(target.shape[axis], 1):
        target = squeeze(target, axis=axis)
    if len(target.shape) != len(expected) or any(
        differ(size, other) for size, other in zip(target.shape, expected, strict=True)
    ):
        raise ShapeError(
            f"target has shape {show_shape(target.shape)} and output has shape {show_shape(output.shape)}, with the "
            f"classes along axis {axis}",
            fix=f"pass target with shape {show_shape(expected)}",
        )
    return target


def _kept_from_ends(p: Any) -> Any:
    """Return probabilities whose logarithms, and those of what they lack from 1, are finite."""
    return clip(p, settings.epsilon(), 1 - settings.epsilon())


def _check_same_shape(target: Any, output: Any) -> None:
    sizes1, sizes2 = target.shape, output.shape
    if len(sizes1) != len(sizes2) or any(differ(a, b) for a, b in zip(sizes1, sizes2, strict=True)):
        raise ShapeError(
            f"target has shape {show_shape(sizes1)} and output has shape {show_shape(sizes2)}",
            fix="pass tensors of one shape; numbers of classes go to sparse_categorical_crossentropy",
        )
