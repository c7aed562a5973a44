"""`Int4Weight`: a weight kept as integers of 4 bits, two in a byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.weights.integers import abs_max_quantize_grouped_with_zero_point, pack_int4, unpack_int4
from kcore_layers.weights.quantized import Layout, QuantizedWeight
from kcore_layers.weights.quantizers import AbsMaxQuantizer

__all__ = ["Int4Weight"]


class Int4Weight(QuantizedWeight):
    """A weight kept as a matrix of integers of 4 bits: rows are summed over, columns are not.

    Of a table of vectors rows and columns change places. Neighbours in the last axis share a byte. Without blocks, the
    numbers are the integers, divided by a scale for each column; with blocks of rows, each block of a column has a step
    and a zero point, and `g_idx` says which block a row is of.

    Args:
        name: the name of the weight.
        layout: how the weight lies in the matrix.
        quantizer: quantizer, which rounded the weight, if it has no blocks.
        activation_quantizer: quantizer of what it is multiplied with; None, that stays as it is.
        block_size: int, number of rows in a block; None, there are none.
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        quantizer: Any = None,
        activation_quantizer: Any = None,
        block_size: int | None = None,
    ) -> None:
        super().__init__(name, layout, quantizer, activation_quantizer)
        self.block_size = block_size

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> Int4Weight:
        """Return one that has no variables yet.

        Args:
            name: the name of the weight.
            layout: how the weight lies in its variables.
            config: `Int4QuantizationConfig`.
        """
        quantizer = config.weight_quantizer_or_default(config, AbsMaxQuantizer(value_range=(-8, 7)))
        block_size = None if config.block_size == -1 else config.block_size
        return cls(name, layout.by_columns, quantizer, config.activation_quantizer, block_size)

    @classmethod
    def names_in_files(cls, name: str, others: Sequence[str]) -> list[str]:
        """Return what a file of a layer has, in its order, by the names of attributes.

        Args:
            name: the name of the weight.
            others: the names of what else the layer has.
        """
        return [name, *others, f"{name}_scale", f"{name}_zero", "g_idx"]

    def integers(self) -> Any:
        """Return the integers, a tensor int8 of the weight's shape."""
        return self.layout.from_matrix(self._unpacked())

    def _unpacked(self) -> Any:
        axis = self.layout.packed_axis
        return unpack_int4(self._variables[self.name], self.layout.matrix_shape[axis], axis=axis)

    def divisor(self) -> Any:
        """Return what the integers are to be divided by, a tensor that broadcasts to the weight; None with blocks."""
        return None if self.block_size else self.layout.as_weight(self.scale)

    def __kcore_value__(self) -> Any:
        if not self.block_size:
            return ops.divide(ops.cast(self.integers(), self.dtype), self.divisor())
        matrix = self._unpacked()
        return self.layout.from_matrix(self._numbers(matrix, self.scale, self._variables[f"{self.name}_zero"]))

    def rows(self, indices: Any) -> Any:
        """Return the rows of the weight that indices name; NotImplemented if rows have no scales of their own.

        Args:
            indices: integer tensor of any shape.
        """
        if self.ndim != 2 or self.layout.summed != (1,):
            return NotImplemented
        packed, scale = (ops.take(v, indices, axis=0) for v in (self._variables[self.name], self.scale))
        integers = unpack_int4(packed, self.layout.matrix_shape[1], axis=-1)
        if not self.block_size:
            return ops.divide(ops.cast(integers, self.dtype), ops.expand_dims(scale, -1))
        return self._numbers(integers, scale, ops.take(self._variables[f"{self.name}_zero"], indices, axis=0))

    def _numbers(self, integers: Any, scale: Any, zero: Any) -> Any:
        """Return what integers say, given the steps and zero points of their blocks."""
        axis = -1 if self.layout.is_table else 0
        block = ops.cast(self._variables["g_idx"], "int32")
        steps = ops.subtract(ops.cast(integers, self.dtype), ops.cast(ops.take(zero, block, axis=axis), self.dtype))
        return ops.multiply(steps, ops.take(scale, block, axis=axis))

    def _product(self, equation: str, x: Any) -> Any:
        # With blocks, integers of a row have no scale in common: the product is one of the numbers they stand for.
        if self.block_size or self.activation_quantizer is None:
            return NotImplemented
        return super()._product(equation, x)

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts in a file have if it stands for another tensor.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        name, layout, block_size = self.name, self.layout, self.block_size
        matrix = layout.to_matrix(value)
        if not block_size:
            integers, scale = self.quantizer(matrix, axis=1 if layout.is_table else 0)
            return {name: pack_int4(integers, layout.packed_axis)[0], f"{name}_scale": ops.reshape(scale, (-1,))}
        turned = ops.transpose(matrix) if layout.is_table else matrix
        found = abs_max_quantize_grouped_with_zero_point(turned, block_size)
        integers, scale, zero = (ops.transpose(each) if layout.is_table else each for each in found)
        blocks = np.arange(turned.shape[0]) // block_size
        return {
            name: pack_int4(integers, layout.packed_axis)[0],
            f"{name}_scale": scale,
            f"{name}_zero": zero,
            "g_idx": ops.convert_to_tensor(blocks.astype("float32")),
        }
