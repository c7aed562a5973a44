"""Histograms of the values of images, and what equalizes them."""

from __future__ import annotations

from typing import Any

import kcore_ops as ops

__all__ = ["counts_of", "lookup"]


def counts_of(cells: Any, num_cells: Any) -> Any:
    """Return how many pixels there are in each cell, float32 `(num_cells,)`.

    Args:
        cells: int32 tensor of any shape, the cell of each pixel.
        num_cells: int, or scalar tensor where only the running graph knows.
    """
    cells = ops.reshape(cells, (-1,))
    ones = ops.ones_like(cells)
    if isinstance(num_cells, int):
        return ops.cast(ops.segment_sum(ones, cells, num_cells), "float32")
    return ops.cast(ops.scatter(ops.expand_dims(cells, 1), ones, (num_cells,)), "float32")


def lookup(tables: Any, cells: Any) -> Any:
    """Return what stands in tables, one after another, for the cell of each pixel.

    Args:
        tables: tensor, whose elements are numbered as the cells are.
        cells: int32 tensor of any shape.
    """
    return ops.take(ops.reshape(tables, (-1,)), cells)
