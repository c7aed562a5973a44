"""`QuantizedWeight`: a weight kept as integers of few bits, which products are computed with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import kcore_ops as ops
from kcore_ops import Variable
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.nn.precision import widened
from kcore_ops.specs.spec import TensorSpec

from kcore_layers.weights.contraction import Contraction, contraction_of, input_of_einsum
from kcore_layers.weights.quantizers import AbsMaxQuantizer
from kcore_layers.weights.weight_object import WeightOfVariables

__all__ = ["Int8Weight", "Layout", "QuantizedWeight"]


class Layout(NamedTuple):
    """How a weight lies in its variables, which are as Keras has them.

    Attributes:
        shape: the sizes of the weight.
        summed: its axes that are summed over in products, along which numbers share a scale.
        kept: the other axes, in the order in which the scale has them.
        scale_shape: the sizes of the scale, in which those of `kept` come in their order, and others are 1.
        is_table: whether its rows are looked up: as a matrix it stays as it is; others have summed axes as rows.
        packed_axis: the axis of the matrix along which two integers of 4 bits share a byte.
    """

    shape: tuple[int, ...]
    summed: tuple[int, ...]
    kept: tuple[int, ...]
    scale_shape: tuple[int, ...]
    is_table: bool = False
    packed_axis: int = -1

    def as_stored(self, scale: Any) -> Any:
        """Return a scale with axes like the weight's, of size 1 where it is summed over, as its variable has it.

        Args:
            scale: tensor.
        """
        kept = sorted(self.kept)
        scale = ops.squeeze(scale, axis=self.summed)
        return ops.reshape(ops.transpose(scale, [kept.index(axis) for axis in self.kept]), self.scale_shape)

    def as_weight(self, scale: Any) -> Any:
        """Return a scale as its variable has it with axes like the weight's.

        Args:
            scale: tensor.
        """
        if len(self.kept) > 1:
            scale = ops.reshape(scale, [self.shape[axis] for axis in self.kept])
            scale = ops.transpose(scale, [self.kept.index(axis) for axis in sorted(self.kept)])
        return ops.reshape(scale, [1 if axis in self.summed else size for axis, size in enumerate(self.shape)])

    @property
    def by_columns(self) -> Layout:
        """The layout with a scale for each column of the matrix."""
        kept = tuple(sorted(self.kept))
        return self._replace(kept=kept, scale_shape=(math.prod(self.shape[axis] for axis in kept),))

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """The sizes of the weight as a matrix."""
        summed, kept = (math.prod(self.shape[axis] for axis in axes) for axes in (self.summed, self.kept))
        return (kept, summed) if self.is_table else (summed, kept)

    def to_matrix(self, weight: Any) -> Any:
        """Return a weight as a matrix.

        Args:
            weight: tensor.
        """
        if self.is_table:
            return weight
        return ops.reshape(ops.transpose(weight, (*self.summed, *sorted(self.kept))), self.matrix_shape)

    def from_matrix(self, matrix: Any) -> Any:
        """Return the weight that a matrix is.

        Args:
            matrix: tensor.
        """
        if self.is_table:
            return matrix
        axes = (*self.summed, *sorted(self.kept))
        turned = ops.reshape(matrix, [self.shape[axis] for axis in axes])
        return ops.transpose(turned, [axes.index(axis) for axis in range(len(axes))])


class QuantizedWeight(WeightOfVariables):
    """Base of weights kept as integers: products with them, given the integers and what to divide them by.

    Args:
        name: the name of the weight.
        layout: how the scale lies in its variable.
        quantizer: quantizer, which rounded the weight.
        activation_quantizer: quantizer of what it is multiplied with, so that the product is one of integers; None,
            that stays as it is.

    Attributes:
        is_trained: whether the weight stays a variable that is trained.
    """

    is_trained: ClassVar[bool] = False

    def __init__(self, name: str, layout: Layout, quantizer: Any = None, activation_quantizer: Any = None) -> None:
        super().__init__(name)
        self.layout = layout
        self.quantizer = quantizer
        self.activation_quantizer = activation_quantizer

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> QuantizedWeight:
        """Return one that has no variables yet, whose `parts_for` says which they are to be.

        Args:
            name: the name of the weight.
            layout: how the weight lies in its variables.
            config: `QuantizationConfig`, how it is rounded.
        """
        raise NotImplementedError

    @classmethod
    def names_in_files(cls, name: str, others: Sequence[str]) -> list[str]:
        """Return what a file of a layer has, in its order, by the names of attributes.

        Args:
            name: the name of the weight.
            others: the names of what else the layer has.
        """
        return [name, *others, f"{name}_scale"]

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the tensor that it stands for."""
        return self.layout.shape

    @property
    def dtype(self) -> str:
        """The name of that tensor's dtype."""
        return str(self.scale.dtype)

    @property
    def scale(self) -> Variable:
        """The variable of the scale."""
        return self._variables[f"{self.name}_scale"]

    def integers(self) -> Any:
        """Return the integers, a tensor int8 of the weight's shape."""
        raise NotImplementedError

    def divisor(self) -> Any:
        """Return what the integers are to be divided by, a tensor that broadcasts to the weight; None if not that."""
        return self.layout.as_weight(self.scale)

    def parts_for_observed(self, value: Tensor, observed: Any) -> Mapping[str, Any]:
        """Return the values that its parts have if it stands for a tensor that is multiplied with some inputs.

        Args:
            value: tensor, of the shape of the one it stands for.
            observed: `Observed`, what is known of the inputs; of no effect here.
        """
        return self.parts_for(value)

    def __kcore_op__(self, op: Any, args: tuple[Any, ...]) -> Any:
        if op is ops.matmul and args[1] is self and self.ndim == 2 and len(args[0].shape) > 1:
            return self._product("...a,ab->...b", args[0])
        x = input_of_einsum(op, args, self)
        if x is not None:
            return self._product(args[0], x)
        if op is ops.take and args[0] is self and args[2] == 0:
            return self.rows(args[1])
        return NotImplemented

    def rows(self, indices: Any) -> Any:
        """Return the rows of the weight that indices name; NotImplemented if rows have no scales of their own.

        Args:
            indices: integer tensor of any shape.
        """
        if self.ndim != 2 or self.layout.summed != (1,):
            return NotImplemented
        rows = ops.take(self.integers(), indices, axis=0)
        return ops.divide(ops.cast(rows, self.dtype), ops.take(self.divisor(), indices, axis=0))

    def _product(self, equation: str, x: Any) -> Any:
        contraction = contraction_of(equation, len(x.shape))
        if contraction is None or contraction.summed_of_weight != self.layout.summed or not contraction.has_inverse:
            return NotImplemented
        dtype, integers, divisor = self.dtype, self.integers(), self.divisor()
        x = ops.cast(x, dtype)
        if self.activation_quantizer is None:
            y = ops.einsum(contraction.equation, x, ops.cast(integers, dtype))
            return ops.divide(y, contraction.aligned(divisor, contraction.weight))
        return _product_of_integers(contraction, x, integers, divisor, self.activation_quantizer)


def _product_of_integers(contraction: Contraction, x: Any, integers: Any, divisor: Any, quantizer: Any) -> Any:
    """Return the product with `x` rounded to integers as well, with the gradient of one that is not.

    Args:
        contraction: the axes.
        x: floating tensor.
        integers: tensor int8, the weight's.
        divisor: tensor, the weight's.
        quantizer: of `x`.
    """
    divisor = widened(divisor)

    def forward(x: Any) -> Any:
        dtype = ops.dtype(x)
        whole, scale = quantizer(x, axis=contraction.summed_of_inputs)
        y = ops.cast(_integer_product(contraction, whole, integers), "float32")
        by = ops.multiply(
            contraction.aligned(widened(scale), contraction.inputs), contraction.aligned(divisor, contraction.weight)
        )
        return ops.cast(ops.divide(y, by), dtype)

    def with_gradient(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            weight = ops.cast(ops.divide(ops.cast(integers, ops.dtype(divisor)), divisor), ops.dtype(upstream))
            return ops.einsum(f"{contraction.outputs},{contraction.weight}->{contraction.inputs}", upstream, weight)

        return forward(x), gradient

    return forward(x) if isinstance(x, TensorSpec) else ops.custom_gradient(with_gradient)(x)


def _integer_product(contraction: Contraction, x: Any, integers: Any) -> Any:
    inputs, weight, outputs = contraction
    if len(weight) == 2 and inputs[-1] == weight[0] and outputs == inputs[:-1] + weight[1]:
        return ops.matmul(x, integers)
    return ops.einsum(contraction.equation, x, integers)


class Int8Weight(QuantizedWeight):
    """A weight kept as int8, and a scale for each row or column: its numbers are the integers, divided by it."""

    def integers(self) -> Any:
        """Return the integers, a tensor int8 of the weight's shape."""
        return ops.convert_to_tensor(self._variables[self.name])

    def __kcore_value__(self) -> Any:
        return ops.divide(ops.cast(self.integers(), self.dtype), self.divisor())

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> Int8Weight:
        """Return one that has no variables yet.

        Args:
            name: the name of the weight.
            layout: how the weight lies in its variables.
            config: `Int8QuantizationConfig`.
        """
        quantizer = config.weight_quantizer_or_default(config, AbsMaxQuantizer(value_range=(-127, 127)))
        return cls(name, layout, quantizer, config.activation_quantizer)

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts in a file have if it stands for another tensor.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        integers, scale = self.quantizer(value, axis=self.layout.summed)
        return {self.name: integers, f"{self.name}_scale": self.layout.as_stored(scale)}
