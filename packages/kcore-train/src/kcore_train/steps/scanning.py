"""Several steps in one call: the batches in one stack, and a scan over it, compiled as one step is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kcore_ops as ops
import numpy as np
from kcore_ops import Variable
from kcore_ops.engine.op import Tree

from kcore_train.data import Batch

__all__ = ["at", "scan_steps", "stack_batches"]


class _Grown(Exception):
    """A step has used variables that were none of its inputs."""


def stack_batches(batches: Sequence[Batch]) -> Tree:
    """Return batches as one, with another axis before the others; None if they are not alike, or hold text.

    Args:
        batches: the batches.
    """
    first = batches[0]
    if type(first) is tuple and all(type(part) is np.ndarray for part in first):  # the usual ones
        columns = [list(column) for column in zip(*batches, strict=False)]
        stacked = [_stack(column) for column in columns if len(column) == len(batches)]
        is_whole = len(stacked) == len(first) and all(len(batch) == len(first) for batch in batches)
        return tuple(stacked) if is_whole and all(part is not None for part in stacked) else None
    try:
        ops.tree.assert_same_structure(first, batches[-1])
        leaves = [ops.tree.flatten(batch) for batch in batches]
        parts = [_stack(list(column)) for column in zip(*leaves, strict=True)]
    except ValueError:  # of other structures
        return None
    for part, leaf in zip(parts, leaves[0], strict=True):
        if part is None and leaf is not None:
            return None
    return ops.tree.pack_sequence_as(first, parts)


def _stack(column: list[Any]) -> Any:
    first = column[0]
    if first is None or isinstance(first, str):
        return None
    shape, dtype = first.shape, first.dtype
    if not all(each.__class__ is first.__class__ and each.shape == shape and each.dtype == dtype for each in column):
        return None
    if isinstance(first, np.ndarray):
        return None if dtype.kind in "OSU" else np.stack(column)
    return ops.stack(column)


def scan_steps(
    step: Callable[[Any, Any], tuple[Any, Any]], lists: Sequence[list[Variable]], values: Any, batches: Tree
) -> tuple[Any, Any]:
    """Take a step on each of some batches; return the results of each, stacked, and the state after them.

    Args:
        step: function from a state and a batch to results and a state. Variables that it uses beside those of the lists
            are added to the last of these, and are in the state that it returns.
        lists: the lists of variables that the state is of.
        values: the state.
        batches: the batches, stacked.
    """
    others = lists[-1]

    def turn(state: Any, data: Any) -> tuple[Any, Any]:
        count = len(others)
        results, after = step(state, data)
        if len(others) > count:
            raise _Grown
        checked = [
            [v.checked(value) for v, value in zip(variables, own, strict=True)]
            for variables, own in zip(lists, after, strict=True)
        ]
        return tuple(checked), results

    while True:
        try:
            after, results = ops.scan(turn, tuple(values), batches)
            return results, after
        except _Grown:  # found by being used; from the next call on they are inputs
            values = (*values[:-1], [*values[-1], *(v._storage for v in others[len(values[-1]) :])])


def at(results: Any, i: int) -> Any:
    """Return the results of one of the steps.

    Args:
        results: those of all, stacked.
        i: which step.
    """
    return ops.tree.map_structure(lambda each: None if each is None else each[i], results)
