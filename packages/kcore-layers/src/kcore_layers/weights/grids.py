"""Grids: the few numbers that integers of a few bits stand for, given a step and a zero point."""

from __future__ import annotations

from typing import Any, NamedTuple

import kcore_ops as ops
from kcore_ops.engine.op import Tensor

__all__ = ["Grid", "Rounded", "round_to_nearest"]


class Rounded(NamedTuple):
    """A matrix as integers.

    Attributes:
        integers: floating tensor `(rows, columns)` of integers from 0.
        scale: tensor `(groups, columns)`, the step between two numbers.
        zero: floating tensor `(groups, columns)`, the integer that stands for 0.
    """

    integers: Any
    scale: Any
    zero: Any


class Grid(NamedTuple):
    """How steps and zero points are found.

    Attributes:
        bits: the number of bits of an integer.
        symmetric: whether the zero point is in the middle.
        per_channel: whether each column has a step of its own.
    """

    bits: int
    symmetric: bool = False
    per_channel: bool = True

    @property
    def most(self) -> int:
        """The greatest integer; the least is 0."""
        return int(2**self.bits - 1)

    def fitted(self, rows: Tensor) -> tuple[Any, Any]:
        """Return the step and the zero point for each column, tensors `(columns,)`, of some rows that share them.

        Args:
            rows: floating tensor `(rows, columns)`.
        """
        axis = 0 if self.per_channel else None
        low, high = ops.minimum(ops.min(rows, axis=axis), 0), ops.maximum(ops.max(rows, axis=axis), 0)
        if self.symmetric:
            high = ops.maximum(ops.negative(low), high)
            low = ops.negative(high)
        is_zero = ops.cast(ops.equal(low, high), ops.dtype(low))
        low, high = ops.subtract(low, is_zero), ops.add(high, is_zero)  # zeros, too, have a range
        scale = ops.divide(ops.subtract(high, low), self.most)
        middle = ops.full_like(scale, (self.most + 1) / 2)
        zero = middle if self.symmetric else ops.round(ops.divide(ops.negative(low), scale))
        columns = (int(rows.shape[1]),)
        return ops.broadcast_to(scale, columns), ops.broadcast_to(zero, columns)

    def integers(self, numbers: Tensor, scale: Tensor, zero: Tensor) -> Any:
        """Return the nearest integers, as floats.

        Args:
            numbers: floating tensor `(..., columns)`.
            scale: tensor that broadcasts to it, the steps.
            zero: tensor that broadcasts to it, the zero points.
        """
        return ops.clip(ops.add(ops.round(ops.divide(numbers, scale)), zero), 0, self.most)

    def numbers(self, integers: Tensor, scale: Tensor, zero: Tensor) -> Any:
        """Return the numbers that integers stand for.

        Args:
            integers: floating tensor `(..., columns)`.
            scale: tensor that broadcasts to it, the steps.
            zero: tensor that broadcasts to it, the zero points.
        """
        return ops.multiply(ops.subtract(integers, zero), scale)


def round_to_nearest(matrix: Tensor, grid: Grid, group_size: int) -> Rounded:
    """Round each number of a matrix to the nearest of its group's grid.

    Args:
        matrix: floating tensor `(rows, columns)`.
        grid: `Grid`.
        group_size: int, the number of rows in a group.
    """
    groups = [matrix[start : start + group_size] for start in range(0, int(matrix.shape[0]), group_size)]
    found = [grid.fitted(group) for group in groups]
    integers = [grid.integers(group, *each) for group, each in zip(groups, found, strict=True)]
    scale, zero = (ops.stack([each[part] for each in found]) for part in (0, 1))
    return Rounded(ops.concatenate(integers), scale, zero)
