"""`GPTQWeight`: a weight of few bits whose rows were rounded so that later ones make up for earlier ones' errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor
from kcore_ops.ops.nn.precision import widened

from kcore_layers.weights.grids import Grid, Rounded, round_to_nearest
from kcore_layers.weights.integers import pack_int4, unpack_int4
from kcore_layers.weights.observed import Observed
from kcore_layers.weights.quantized import Layout, QuantizedWeight

__all__ = ["GPTQWeight", "round_with_feedback"]

_BLOCK = 128  # rows, after which the rows that follow are brought up to date at once: section 3.3, step 2

_LEAST_DAMPING = 1e-4  # so that the inverse of a matrix of fewer inputs than rows is one of float32


def round_with_feedback(
    matrix: Tensor, gram: Tensor, grid: Grid, group_size: int, damping: float = 0.01, by_activation: bool = False
) -> tuple[Rounded, Any]:
    """Round the rows of a matrix one after another, and let those that follow make up for the error of each.

    The sum of squares of `x @ matrix - x @ rounded` is to be small, of inputs `x`: algorithm 1 of Frantar et al.
    (2023, arXiv:2210.17323), with rows for its columns.

    Args:
        matrix: float32 tensor `(rows, columns)`.
        gram: float32 tensor `(rows, rows)`, `x.T @ x` of the inputs, times any number.
        grid: `Grid`, the numbers to round to.
        group_size: int, the number of rows that share a grid; those are rounded next to one another.
        damping: float, what is added to the diagonal of `gram`, as a fraction of its mean, at least 0.0001; 0.01.
        by_activation: bool, whether rows of greater inputs come first; False, the order of the matrix.

    Returns:
        `(rounded, group)`; the second is an integer array, the group of each row.
    """
    num_rows = int(matrix.shape[0])
    diagonal = ops.diagonal(gram)
    dead = ops.equal(diagonal, 0)  # inputs that are always 0, whose rows have no effect
    matrix = ops.where(ops.expand_dims(dead, 1), 0.0, matrix)
    added = ops.add(ops.multiply(ops.mean(diagonal), max(damping, _LEAST_DAMPING)), ops.cast(dead, ops.dtype(gram)))
    gram = ops.add(gram, ops.diag(added))
    group = np.arange(num_rows) // group_size
    if by_activation:
        order = np.argsort(-ops.convert_to_numpy(diagonal), kind="stable")
        matrix, gram = ops.take(matrix, order, axis=0), ops.take(ops.take(gram, order, axis=0), order, axis=1)
    upper = ops.cholesky(ops.cholesky_inverse(ops.cholesky(gram)), upper=True)
    integers, scales, zeros = [], [], []
    for start in range(0, num_rows, group_size):
        stop = min(start + group_size, num_rows)
        scale, zero = grid.fitted(matrix[start:stop])
        scales.append(scale)
        zeros.append(zero)
        for first in range(start, stop, _BLOCK):
            rows = slice(first, min(first + _BLOCK, stop))
            rounded, errors = _rounded_block(matrix[rows], upper[rows, rows], grid, scale, zero)
            integers.append(rounded)
            # Above the diagonal alone: rows before these stay as they are.
            matrix = ops.subtract(matrix, ops.matmul(ops.transpose(upper[rows]), errors))
    whole = ops.concatenate(integers)
    if by_activation:
        back = np.argsort(order)
        whole, group = ops.take(whole, back, axis=0), group[back]
    return Rounded(whole, ops.stack(scales), ops.stack(zeros)), group


def _rounded_block(block: Any, upper: Any, grid: Grid, scale: Any, zero: Any) -> tuple[Any, Any]:
    """Return the integers of some rows and their errors, each divided by its place on the diagonal.

    Args:
        block: tensor `(rows, columns)`.
        upper: tensor `(rows, rows)`, the part of the triangular matrix that is these rows'.
        grid: `Grid`.
        scale: tensor `(columns,)`.
        zero: tensor `(columns,)`.
    """
    integers, errors = [], []
    for i in range(int(block.shape[0])):
        row, following = ops.take(block, i, axis=0), ops.take(upper, i, axis=0)
        rounded = grid.integers(row, scale, zero)
        error = ops.divide(ops.subtract(row, grid.numbers(rounded, scale, zero)), ops.take(following, i))
        block = ops.subtract(block, ops.outer(following, error))
        integers.append(rounded)
        errors.append(error)
    return ops.stack(integers), ops.stack(errors)


class GPTQWeight(QuantizedWeight):
    """A weight kept as a matrix of integers of few bits from 0 on: its columns are summed over, its rows are not.

    Groups of columns have a step and a zero point for each row, and `g_idx` says which group a column is of. Two
    integers of 4 bits share a byte; others have one each.

    Args:
        name: the name of the weight.
        layout: how the weight lies in the matrix, transposed.
        config: `GPTQConfig`, or another that has `weight_bits` and `group_size`.
    """

    saved_first = False

    def __init__(self, name: str, layout: Layout, config: Any) -> None:
        super().__init__(name, layout.by_columns)
        self.config = config

    @classmethod
    def as_configured(cls, name: str, layout: Layout, config: Any) -> GPTQWeight:
        """Return one that has no variables yet.

        Args:
            name: the name of the weight.
            layout: how the weight lies in the matrix, transposed.
            config: `GPTQConfig`.
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
        return Grid(self.config.weight_bits, self.config.symmetric, self.config.per_channel)

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
        zero, group = self._variables[f"{self.name}_zero"], ops.cast(self._variables["g_idx"], "int32")
        zero, scale = (ops.take(each, group, axis=1) for each in (ops.cast(zero, self.dtype), self.scale))
        numbers = ops.multiply(ops.subtract(ops.cast(self._unpacked(), self.dtype), zero), scale)
        return self.layout.from_matrix(ops.transpose(numbers))

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

    def parts_for_observed(self, value: Tensor, observed: Observed) -> Mapping[str, Any]:
        """Return the values that its parts have if it stands for a tensor that is multiplied with some inputs.

        Args:
            value: tensor, of the shape of the one it stands for.
            observed: `Observed`, what is known of the inputs.
        """
        if not observed.count:
            return self.parts_for(value)
        config = self.config
        rounded, group = round_with_feedback(
            self._matrix(value),
            ops.divide(observed.gram, observed.count),
            self.grid,
            self.group_size,
            config.hessian_damping,
            config.activation_order,
        )
        return self._stored(rounded, group, value)

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
