"""Several inputs, element by element, to one output: `Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Unpack

import kcore_ops as ops
from kcore_ops.dtypes import result_type
from kcore_ops.engine.op import Tensor
from kcore_ops.foundation.errors import ArgumentError, ShapeError
from kcore_ops.ops.nn.precision import widened

from kcore_layers.base.layer import Layer
from kcore_layers.options.argument_types import LayerOptions, Shape
from kcore_layers.serialization.registry import builtin

__all__ = [
    "Add",
    "Average",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class Merging(Layer):
    """Base of the layers that take a list of tensors and combine them element by element.

    A tensor of fewer axes than another gets axes of size 1 after its batch. An element of the output counts if it
    does in one of the inputs.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.
    """

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Check the shapes of the inputs.

        Args:
            input_shape: list of the sizes of each input, the batch included.
        """
        shapes = self.checked_list(input_shape)
        batches = {shape[0] for shape in shapes if shape and isinstance(shape[0], int)}
        if len(batches) > 1:
            raise ShapeError(
                f"the inputs have shapes {' and '.join(map(str, shapes))}: their batches, axis 0, differ in size",
                fix="pass tensors with an axis of the same batch first",
            )

    def checked_list(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return what belongs to each input, a list.

        Args:
            values: list, for each input its tensor, shape or mask.

        Raises:
            ArgumentError: if there is no list.
        """
        is_shape = isinstance(values, tuple) and any(size is None or isinstance(size, int) for size in values)
        if not isinstance(values, list | tuple) or not values or is_shape:
            raise ArgumentError("the inputs are not a list of tensors", fix="pass them in a list: layer([x, y])")
        return values

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Combine tensors of as many axes each. Subclasses define this.

        Args:
            tensors: list of tensors with as many axes each.
        """
        raise NotImplementedError

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the combination of the inputs.

        Args:
            inputs: list of tensors.
        """
        return self.merge(aligned(self.checked_list(inputs)))

    def compute_mask(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None) -> Tensor | None:
        """Return where one of the inputs is not masked; None, everywhere, if one has no mask.

        Args:
            inputs: list of tensors, as `call` takes it.
            mask: list of boolean tensors and None, the masks of the inputs; None, no masks.

        Raises:
            ArgumentError: if there is not one mask, or None, for each input.
        """
        masks = self.checked_masks(inputs, mask)
        if masks is None or any(each is None for each in masks):
            return None
        return functools.reduce(ops.logical_or, aligned(masks))

    def checked_masks(self, inputs: Sequence[Tensor], masks: Sequence[Tensor | None] | None) -> Sequence[Any] | None:
        """Return the mask of each input, or None if there are none.

        Args:
            inputs: list of tensors.
            masks: list of boolean tensors and None, one for each; None, no masks.

        Raises:
            ArgumentError: if there is not one, or None, for each input.
        """
        if masks is None:
            return None
        count = len(self.checked_list(inputs))
        if not isinstance(masks, list | tuple):
            raise ArgumentError("mask is not a list", fix="pass a mask, or None, for each input: [mask, None]")
        if len(masks) != count:
            raise ArgumentError(
                f"there are {count} inputs and {len(masks)} masks", fix="pass a mask, or None, for each input"
            )
        return None if all(each is None for each in masks) else masks

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like it."""
        return super().get_config()


def aligned(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors of as many axes each: axes of size 1 are put after the batch where there are fewer.

    Args:
        tensors: list of tensors with a batch axis.
    """
    most = max(len(x.shape) for x in tensors)
    if all(len(x.shape) == most for x in tensors):
        return list(tensors)
    return [
        x if len(x.shape) == most else ops.expand_dims(x, tuple(range(1, 1 + most - len(x.shape)))) for x in tensors
    ]


def _along(mask: Any, x: Any) -> Any:
    """Reshape the mask of a tensor to as many axes as that has."""
    return ops.reshape(mask, (*ops.shape(mask), *(1,) * (len(x.shape) - len(mask.shape))))


class MaskedMerging(Merging):
    """Base of the layers that leave out the elements that a mask leaves out.

    Where all inputs are left out, the element is that of the first one.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.
    """

    def call(self, inputs: Sequence[Tensor], mask: Sequence[Tensor | None] | None = None) -> Tensor:
        """Return the combination of the inputs that are not masked.

        Args:
            inputs: list of tensors.
            mask: list of boolean tensors and None, one for each input, False for elements to leave out; None keeps all.
        """
        tensors = self.checked_list(inputs)
        masks = self.checked_masks(inputs, mask)
        if masks is None:
            return self.merge(aligned(tensors))
        counts = [None if each is None else _along(each, x) for each, x in zip(masks, tensors, strict=True)]
        places = iter(aligned([each for each in (*tensors, *counts) if each is not None]))
        merged, *others = [next(places) for _ in tensors]
        counting, *of_others = [None if each is None else next(places) for each in counts]
        for x, counts_too in zip(others, of_others, strict=True):
            merged = self._merge_two(merged, counting, x, counts_too)
            both = counting is not None and counts_too is not None
            counting = ops.logical_or(counting, counts_too) if both else None
        return self.where_all_masked(merged, counting)

    def _merge_two(self, x: Any, x_counts: Any, y: Any, y_counts: Any) -> Any:
        """Combine two tensors where neither is masked; elsewhere return the one that is not, the first if both are."""
        merged = self.merge([x, y])
        if y_counts is not None:
            merged = ops.where(y_counts, merged, x)
        if x_counts is not None:
            stays = x_counts if y_counts is None else ops.logical_or(x_counts, ops.logical_not(y_counts))
            merged = ops.where(stays, merged, y)
        return merged

    def where_all_masked(self, merged: Tensor, counting: Tensor | None) -> Tensor:
        """Return the output, given the merged inputs and where one of them is not masked.

        Args:
            merged: tensor, the merged inputs.
            counting: boolean tensor, True where an input is not masked; None is everywhere.
        """
        return merged


@builtin("keras.layers")
class Add(Merging):
    """Add tensors, a list of them.

    Shapes: the inputs broadcast; those of fewer axes get axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Add()([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[2., 2.]], dtype=float32)
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the sum.

        Args:
            tensors: list of tensors with as many axes each.
        """
        return functools.reduce(ops.add, tensors)


@builtin("keras.layers")
class Subtract(Merging):
    """Subtract the second of two tensors from the first.

    Shapes: the inputs broadcast; the one of fewer axes gets axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list of two.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Subtract()([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0., 0.]], dtype=float32)
    """

    def checked_list(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return what belongs to each input, a list.

        Args:
            values: list, for each input its tensor, shape or mask.

        Raises:
            ArgumentError: if there are not two.
        """
        found = super().checked_list(values)
        if len(found) != 2:
            raise ArgumentError(f"two inputs are needed and {len(found)} were given", fix="pass [x, y] for x - y")
        return found

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the difference.

        Args:
            tensors: list of tensors with as many axes each.
        """
        return ops.subtract(*tensors)


@builtin("keras.layers")
class Multiply(MaskedMerging):
    """Multiply tensors, a list of them.

    Where a mask leaves out steps of an input, the others' product remains, and 0 where all inputs are left out.

    Shapes: the inputs broadcast; those of fewer axes get axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Multiply()([np.full((1, 2), 2, "float32"), np.full((1, 2), 3, "float32")])
    array([[6., 6.]], dtype=float32)
    """

    def where_all_masked(self, merged: Tensor, counting: Tensor | None) -> Tensor:
        """Return the output: 0 where all inputs are masked.

        Args:
            merged: tensor, the merged inputs.
            counting: boolean tensor, True where an input is not masked; None is everywhere.
        """
        return merged if counting is None else ops.where(counting, merged, 0)

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the product.

        Args:
            tensors: list of tensors with as many axes each.
        """
        return functools.reduce(ops.multiply, tensors)


@builtin("keras.layers")
class Average(Merging):
    """Average tensors, a list of them.

    Shapes: the inputs broadcast; those of fewer axes get axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Average()([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0.5, 0.5]], dtype=float32)
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the mean.

        Args:
            tensors: list of tensors with as many axes each.
        """
        # The sum of what is half as large as float16 holds is none that it holds.
        total = functools.reduce(ops.add, [widened(x) for x in tensors])
        return ops.cast(ops.divide(total, len(tensors)), result_type(*(ops.dtype(x) for x in tensors), float))


@builtin("keras.layers")
class Maximum(MaskedMerging):
    """Take the largest of the elements of tensors, a list of them.

    Elements that a mask leaves out do not take part; where all are left out, that of the first input remains.

    Shapes: the inputs broadcast; those of fewer axes get axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Maximum()([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[1., 1.]], dtype=float32)
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the largest elements.

        Args:
            tensors: list of tensors with as many axes each.
        """
        return functools.reduce(ops.maximum, tensors)


@builtin("keras.layers")
class Minimum(MaskedMerging):
    """Take the smallest of the elements of tensors, a list of them.

    Elements that a mask leaves out do not take part; where all are left out, that of the first input remains.

    Shapes: the inputs broadcast; those of fewer axes get axes of size 1 after the batch.

    Args:
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable`, as `Layer` takes them.

    Raises:
        ArgumentError: when called, if the inputs are not a list.
        ShapeError: when called, if the shapes do not broadcast, or the batches differ in size.

    >>> Minimum()([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0., 0.]], dtype=float32)
    """

    def merge(self, tensors: list[Tensor]) -> Tensor:
        """Return the smallest elements.

        Args:
            tensors: list of tensors with as many axes each.
        """
        return functools.reduce(ops.minimum, tensors)


def add(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Add tensors by an `Add` layer.

    Args:
        inputs: list of tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> add([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[2., 2.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Subtract the second of two tensors from the first by a `Subtract` layer.

    Args:
        inputs: list of two tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> subtract([np.ones((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0., 0.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Multiply tensors by a `Multiply` layer.

    Args:
        inputs: list of tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> multiply([np.full((1, 2), 2, "float32"), np.full((1, 2), 3, "float32")])
    array([[6., 6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Average tensors by an `Average` layer.

    Args:
        inputs: list of tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> average([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0.5, 0.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Take the largest of the elements of tensors by a `Maximum` layer.

    Args:
        inputs: list of tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> maximum([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[1., 1.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Tensor], **kwargs: Unpack[LayerOptions]) -> Tensor:
    """Take the smallest of the elements of tensors by a `Minimum` layer.

    Args:
        inputs: list of tensors.
        **kwargs: `activity_regularizer`, `autocast`, `dtype`, `name` and `trainable` of the layer.

    >>> minimum([np.zeros((1, 2), "float32"), np.ones((1, 2), "float32")])
    array([[0., 0.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)
