"""`GPTQWeight`: a weight of few bits whose rows were rounded so that later ones make up for earlier ones' errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.weights.grids import Grid, Rounded
from kcore_layers.weights.grouped import GroupedWeight
from kcore_layers.weights.observed import Observed

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


class GPTQWeight(GroupedWeight):
    """A weight that is rounded with feedback, where it is known what it is multiplied with; see `GPTQConfig`."""

    @property
    def grid(self) -> Grid:
        """How steps and zero points are found."""
        return Grid(self.config.weight_bits, self.config.symmetric, self.config.per_channel)

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
