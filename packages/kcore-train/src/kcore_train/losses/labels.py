"""The labels that classification takes, yes or no, one-hot or class indices, and errors for those that do not fit."""

from __future__ import annotations

from collections.abc import Sequence

import kcore_ops as ops
from kcore_ops import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape

from kcore_train.losses.alignment import aligned, as_float, backend_for, ready_index_dtype, remember_ready, tensor

__all__ = ["binary_labels", "check_one_hot", "checked_smoothing", "class_indices", "one_hot_labels"]


def binary_labels(y_true: Tensor, y_pred: Tensor, label_smoothing: float, where: str) -> tuple[Tensor, Tensor]:
    """Return targets in [0, 1], smoothed, and predictions, of one shape.

    Args:
        y_true: tensor of numbers in [0, 1], the targets.
        y_pred: tensor of floats, the predictions, of the shape of `y_true`.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t counts as t (1 - s) + s / 2.
        where: str, the loss or metric to name in errors.

    Raises:
        ShapeError: if their shapes differ.
        ArgumentError: if `label_smoothing` is not a fraction.
    """
    y_true, y_pred = aligned(y_true, y_pred, where, broadcast=False)
    smoothing = checked_smoothing(label_smoothing, where)
    return (y_true * (1 - smoothing) + 0.5 * smoothing if smoothing else y_true), y_pred


def one_hot_labels(
    y_true: Tensor,
    y_pred: Tensor,
    label_smoothing: float,
    axis: int,
    where: str,
    other: str = "SparseCategoricalCrossentropy",
) -> tuple[Tensor, Tensor]:
    """Return target probabilities of classes, smoothed, and predictions, of one shape.

    Args:
        y_true: tensor of numbers in [0, 1], the probability of each class, of the shape of `y_pred`.
        y_pred: tensor of floats, the probabilities or logits of the classes.
        label_smoothing: float, the label smoothing s in [0, 1]: a target t of n classes counts as t (1 - s) + s / n.
        axis: int, the axis of the classes.
        where: str, the loss or metric to name in errors.
        other: str, the loss or metric for class indices, to name in errors; "SparseCategoricalCrossentropy".

    Raises:
        ShapeError: if the targets are class indices, for which there is `other`, or there is only one class.
        ArgumentError: if `label_smoothing` is not a fraction.
    """
    smoothing = checked_smoothing(label_smoothing, where)
    backend = backend_for(y_pred, y_true)
    y_pred = as_float(y_pred, backend)
    y_true = tensor(backend, y_true, ops.dtype(y_pred))
    if y_true.shape != y_pred.shape:
        check_one_hot(y_true.shape, y_pred.shape, axis, where, other)
    axis = _class_axis(axis, y_pred, where)
    num_classes = ops.shape(y_pred)[axis]
    if isinstance(num_classes, int) and num_classes == 1:
        raise ShapeError(
            f"y_pred has shape {show_shape(y_pred.shape)}: one class along axis {axis}, of probability 1 whatever the "
            "logit",
            fix="use BinaryCrossentropy for one output unit",
        ).at(where)
    if smoothing:
        share = 1 / num_classes if isinstance(num_classes, int) else 1 / ops.cast(num_classes, ops.dtype(y_pred))
        y_true = y_true * (1 - smoothing) + smoothing * share
    return y_true, y_pred


def class_indices(
    y_true: Tensor, y_pred: Tensor, axis: int, where: str, other: str = "CategoricalCrossentropy"
) -> tuple[Tensor, Tensor]:
    """Return class indices, and predictions with one more axis, of classes.

    Args:
        y_true: tensor of ints, class indices, of the shape of `y_pred` without `axis` or with size 1 there.
        y_pred: tensor of floats, the probabilities or logits of the classes.
        axis: int, the axis of the classes.
        where: str, the loss or metric to name in errors.
        other: str, the loss or metric for one-hot labels, to name in errors; "CategoricalCrossentropy".

    Raises:
        ShapeError: if the targets do not fit: one-hot labels, for which there is `other`.
    """
    if ready_index_dtype(y_true, y_pred) is None:
        backend = backend_for(y_pred, y_true)
        y_pred = as_float(y_pred, backend)
        y_true = tensor(backend, y_true)
        remember_ready(y_true, y_pred)
    elif axis == -1 and isinstance(y_pred.shape, tuple) and y_true.shape == y_pred.shape[:-1]:
        return y_true, y_pred
    index = _class_axis(axis, y_pred, where)
    expected = (*y_pred.shape[:index], *y_pred.shape[index + 1 :])
    sizes = tuple(y_true.shape)
    if len(sizes) == len(y_pred.shape) and not differ(sizes[index], 1):
        y_true = ops.squeeze(y_true, index)
        sizes = (*sizes[:index], *sizes[index + 1 :])
    if len(sizes) != len(expected) or any(differ(a, b) for a, b in zip(sizes, expected, strict=True)):
        with_one = (*y_pred.shape[:index], 1, *y_pred.shape[index + 1 :])
        is_one_hot = tuple(y_true.shape) == tuple(y_pred.shape)
        raise ShapeError(
            f"y_true has shape {show_shape(y_true.shape)}, y_pred has shape {show_shape(y_pred.shape)}: y_true holds "
            f"class indices, so it needs shape {show_shape(expected)} or {show_shape(with_one)}",
            fix=f"use {other} for one-hot labels"
            if is_one_hot
            else f"pass one class index for each prediction along axis {axis}",
        ).at(where)
    return y_true, y_pred


def check_one_hot(
    labels: Sequence[int | None], predictions: Sequence[int | None], axis: int, where: str, other: str
) -> None:
    """Check that labels have the shape of predictions.

    Args:
        labels: sequence of ints or None, the shape of the labels, None where a size is unknown.
        predictions: sequence of ints or None, the shape of the predictions, likewise.
        axis: int, the axis of the classes.
        where: str, the loss or metric to name in errors.
        other: str, the loss or metric for class indices, to name in errors.

    Raises:
        ShapeError: if they have not, with what to use for class indices.
    """
    if len(labels) == len(predictions) and not any(differ(a, b) for a, b in zip(labels, predictions, strict=True)):
        return
    one_less = len(labels) == len(predictions) - 1
    one_wide = len(labels) == len(predictions) > 0 and not differ(labels[axis], 1)
    problem = f"y_true has shape {show_shape(labels)}, y_pred has shape {show_shape(predictions)}: y_true holds "
    problem += f"probabilities of the classes along axis {axis}, so it needs the shape of y_pred"
    if one_less or one_wide:
        fix = f"use {other} for class indices"
    else:
        fix = f"pass y_true with shape {show_shape(predictions)}"
    raise ShapeError(problem, fix=fix).at(where)


def _class_axis(axis: int, y_pred: Tensor, where: str) -> int:
    try:
        return normalize_axis(axis, len(y_pred.shape))
    except ShapeError as error:
        raise error.at(where)  # noqa: B904 (its cause is its own)


def checked_smoothing(label_smoothing: float, where: str) -> float:
    """Return `label_smoothing` if it is a fraction.

    Args:
        label_smoothing: float, the label smoothing, in [0, 1].
        where: str, the loss or metric to name in errors.

    Raises:
        ArgumentError: if it is not.
    """
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(
            f"label_smoothing={label_smoothing!r} is not a fraction", fix="pass a number from 0 to 1"
        ).at(where)
    return float(label_smoothing)
