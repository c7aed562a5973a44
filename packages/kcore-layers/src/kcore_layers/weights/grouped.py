"""`GroupedWeight`: a weight kept as integers of few bits, groups of which have a step and a zero point of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.nn.precision import widened

from kcore_layers.weights.grids import Grid, Rounded, round_to_nearest
from kcore_layers.weights.integers import pack_int4, unpack_int4
from kcore_layers.weights.quantized import Layout, QuantizedWeight

__all__ = ["GroupedWeight"]


class GroupedWeight(QuantizedWeight):
    """A weight kept as a matrix of integers of few bits from 0 on: its columns are summed over, its rows are not.

    Groups of columns have a step and a zero point for each row, and `g_idx` says which group a column is of. Two
    integers of 4 bits share a byte; others have one each.

    Args:
        name: the name of the weight.
        layout: how the weight lies in the matrix, transposed.
        config: `CalibratedConfig`, without data.
    """

    saved_first = False

    def __init__(self, name: str, layout: Layout, config: Any) -> None:
        super().__init__(name, layout.by_columns)
        self.config = config

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> Self:
        """Return one that has no variables yet.

        Args:
            name: the name of the weight.
            layout: how the weight lies in the matrix, transposed.
            config: `CalibratedConfig`.
        """
        return cls(name, layout, config.without_data())

    @classmethod
    def names_in_files(cls, name: str, others: Sequence[str]) -> list[str]:
        """Return what a file of a layer has, in its order.

        Args:
            name: the name of the weight.
            others: the names of what else the layer has.
        """
        return [*others, f"quantized_{name}", f"{name}_scale", f"{name}_zero", "g_idx"]

    @property
    def grid(self) -> Grid:
        """How steps and zero points are found."""
        return Grid(self.config.weight_bits)

    @property
    def group_size(self) -> int:
        """The number of weights of an output that share a step."""
        size = self.config.group_size
        return self.layout.matrix_shape[0] if size == -1 else int(size)

    def integers(self) -> Any:
        """Return the integers, a tensor uint8 of the weight's shape."""
        return self.layout.from_matrix(ops.transpose(self._unpacked()))

    def divisor(self) -> None:
        """Return None: each group has steps of its own."""
        return None

    def _unpacked(self) -> Any:
        stored = self._variables[self.name]
        if self.config.weight_bits != 4:
            return ops.convert_to_tensor(stored)
        return unpack_int4(stored, self.layout.matrix_shape[1], dtype="uint8")

    def __kcore_value__(self) -> Any:
        return self.layout.from_matrix(self.matrix())

    def matrix(self) -> Any:
        """Return the weight as a matrix whose rows are summed over."""
        zero, group = self._variables[f"{self.name}_zero"], ops.cast(self._variables["g_idx"], "int32")
        zero, scale = (ops.take(each, group, axis=1) for each in (ops.cast(zero, self.dtype), self.scale))
        return ops.transpose(ops.multiply(ops.subtract(ops.cast(self._unpacked(), self.dtype), zero), scale))

    def rows(self, indices: Any) -> Any:
        """Return NotImplemented: it is no table.

        Args:
            indices: integer tensor.
        """
        return NotImplemented

    def _product(self, equation: str, x: Any) -> Any:
        return NotImplemented  # the integers of an output have no step in common: it is one of numbers

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts have if it stands for another tensor, rounded to the nearest.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        matrix = self._matrix(value)
        group = np.arange(int(matrix.shape[0])) // self.group_size
        return self._stored(round_to_nearest(matrix, self.grid, self.group_size), group, value)

    def _matrix(self, value: Any) -> Any:
        return widened(self.layout.to_matrix(ops.stop_gradient(value)))

    def _stored(self, rounded: Rounded, group: Any, like: Any) -> dict[str, Any]:
        integers, zero = (ops.cast(ops.transpose(each), "uint8") for each in (rounded.integers, rounded.zero))
        return {
            self.name: pack_int4(integers, 0, "uint8")[0] if self.config.weight_bits == 4 else integers,
            f"{self.name}_scale": ops.cast(ops.transpose(rounded.scale), ops.dtype(like)),
            f"{self.name}_zero": zero,
            "g_idx": ops.convert_to_tensor(group.astype("float32")),
        }
