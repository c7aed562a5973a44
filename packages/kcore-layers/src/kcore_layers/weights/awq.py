"""`AWQWeight`: a weight of 4 bits whose rows are made larger, before they are rounded, where inputs are large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops.engine.op import Tensor

from kcore_layers.weights.grids import Grid, Rounded, round_to_nearest
from kcore_layers.weights.grouped import GroupedWeight
from kcore_layers.weights.observed import Observed

__all__ = ["AWQWeight", "factors_by_activation"]

_LEAST = 1e-4  # of a factor, before all are balanced: an input that is always 0 has no say


def factors_by_activation(
    matrix: Tensor, gram: Tensor, magnitudes: Tensor, grid: Grid, group_size: int, num_points: int = 20
) -> tuple[Any, Rounded]:
    """Return what to multiply the rows of a matrix by before they are rounded, and that matrix rounded.

    Inputs are to be divided by the same. Factors are powers of the inputs' mean absolute values, balanced around 1; the
    exponent is the one of some from 0, which is rounding to the nearest, to 1 with the smallest sum of squares of
    `x @ matrix - (x / factors) @ rounded`: equations 4 and 5 of Lin et al. (2023, arXiv:2306.00978).

    Args:
        matrix: float32 tensor `(rows, columns)`.
        gram: float32 tensor `(rows, rows)`, `x.T @ x` of the inputs, times any number.
        magnitudes: float32 tensor `(rows,)`, the mean of the inputs' absolute values.
        grid: `Grid`, the numbers to round to.
        group_size: int, the number of rows that share a grid.
        num_points: int, the number of exponents; 20.

    Returns:
        `(factors, rounded)`; the first is a tensor `(rows,)`.
    """
    group = np.arange(int(matrix.shape[0])) // group_size
    best, least = None, float("inf")
    for exponent in np.arange(num_points) / num_points:
        factors = ops.maximum(ops.power(magnitudes, float(exponent)), _LEAST)
        factors = ops.divide(factors, ops.sqrt(ops.multiply(ops.max(factors), ops.min(factors))))
        column = ops.expand_dims(factors, 1)
        rounded = round_to_nearest(ops.multiply(matrix, column), grid, group_size)
        scale, zero = (ops.take(each, group, axis=0) for each in (rounded.scale, rounded.zero))
        error = ops.subtract(ops.divide(grid.numbers(rounded.integers, scale, zero), column), matrix)
        loss = float(ops.convert_to_numpy(ops.sum(ops.multiply(error, ops.matmul(gram, error)))))
        if best is None or loss < least:
            best, least = (factors, rounded), loss
    assert best is not None
    return best


class AWQWeight(GroupedWeight):
    """A weight whose rows were multiplied by `awq_scales` before they were rounded; see `AWQConfig`."""

    @classmethod
    def names_in_files(cls, name: str, others: Sequence[str]) -> list[str]:
        """Return what a file of a layer has, in its order.

        Args:
            name: the name of the weight.
            others: the names of what else the layer has.
        """
        *first, last = super().names_in_files(name, others)
        return [*first, "awq_scales", last]

    def matrix(self) -> Any:
        """Return the weight as a matrix whose rows are summed over."""
        factors = ops.cast(self._variables["awq_scales"], self.dtype)
        return ops.divide(super().matrix(), ops.expand_dims(factors, 1))

    def parts_for(self, value: Tensor) -> Mapping[str, Any]:
        """Return the values that its parts have if it stands for another tensor, rounded to the nearest.

        Args:
            value: tensor, of the shape of the one it stands for.
        """
        return self._with_factors(super().parts_for(value), np.ones(self.layout.matrix_shape[0], "float32"))

    def parts_for_observed(self, value: Tensor, observed: Observed) -> Mapping[str, Any]:
        """Return the values that its parts have if it stands for a tensor that is multiplied with some inputs.

        Args:
            value: tensor, of the shape of the one it stands for.
            observed: `Observed`, what is known of the inputs.
        """
        if not observed.count:
            return self.parts_for(value)
        gram, magnitudes = (ops.divide(each, observed.count) for each in (observed.gram, observed.magnitudes))
        matrix = self._matrix(value)
        factors, rounded = factors_by_activation(
            matrix, gram, magnitudes, self.grid, self.group_size, self.config.num_grid_points
        )
        group = np.arange(int(matrix.shape[0])) // self.group_size
        return self._with_factors(self._stored(rounded, group, value), factors)

    @staticmethod
    def _with_factors(parts: Mapping[str, Any], factors: Any) -> dict[str, Any]:
        group = parts["g_idx"]
        rest = {name: value for name, value in parts.items() if name != "g_idx"}
        return {**rest, "awq_scales": ops.convert_to_tensor(factors), "g_idx": group}
