"""Shape and dtype inference: run an op's body on specs.

A size that is not known is given stand-ins, and the body is run once with each: what comes out different is unknown,
and so is whatever was computed from a stand-in (`Size` keeps the mark through arithmetic).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from kcore_ops.engine.op import Op
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, KcoreError, ShapeError
from kcore_ops.specs.spec import Size, TensorSpec, is_unknown, spec_of_checked
from kcore_ops.specs.symbolic import KerasTensor, Node

if TYPE_CHECKING:
    from kcore_ops.backends.interface import Backend
    from kcore_ops.engine.call import Call

__all__ = ["computing", "evaluate", "infer_call", "infer_symbolic", "inferring", "is_inferring"]

# Divisible by every small number, so that a size may be split; the last shows what branches on a size.
STAND_INS = (720720, 1441440, 1)

_is_inferring: ContextVar[bool] = ContextVar("kcore_is_inferring", default=False)


def is_inferring() -> bool:
    """Return whether an op's body is being run on specs: then ops give specs even where no argument is one."""
    return _is_inferring.get()


@contextmanager
def inferring() -> Iterator[None]:
    """Inside the `with` block every op gives specs."""
    token = _is_inferring.set(True)
    try:
        yield
    finally:
        _is_inferring.reset(token)


@contextmanager
def computing() -> Iterator[None]:
    """Inside the `with` block ops compute, also where shapes are being inferred around it."""
    token = _is_inferring.set(False)
    try:
        yield
    finally:
        _is_inferring.reset(token)


class _Shape(tuple[Any, ...]):
    """A static argument that is a shape with unknown sizes; in another tuple, None has a meaning of its own."""

    __slots__ = ()


def infer_call(op: Op, call: Call, backend: Backend | None) -> Any:
    """Return the specs of the results of a call, dtypes settled as the dispatcher would."""
    described = call.specs(backend)
    targets = call.target_dtypes([dtype for dtype, _ in described], backend)
    shapes = [_static(shape) for _, shape in described]
    args = call.replaced([spec_of_checked(shape, target) for shape, target in zip(shapes, targets, strict=True)])
    for position, kind in enumerate(op.parameters.values()):
        if kind == "shape" and isinstance(args[position], tuple):  # in it a scalar tensor is a size that is not known
            args[position] = _static(args[position])
            shapes.append(args[position])
    starred = next(reversed(op.parameters), "").startswith("*")
    function: Callable[..., Any] = (lambda *a: op.body(*a[:-1], *a[-1])) if starred else op.body
    token = None if _is_inferring.get() else _is_inferring.set(True)
    try:
        return _merged(function, args) if any(None in shape for shape in shapes) else function(*args)
    finally:
        if token is not None:
            _is_inferring.reset(token)


def _static(shape: Sequence[Any]) -> tuple[Any, ...]:
    for size in shape:
        if size.__class__ is not int and not isinstance(size, int):
            return _Shape(size if isinstance(size, int) else None for size in shape)
    return tuple(shape)


def evaluate(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Run a function on arguments holding specs, whose sizes may be None, and give the specs of its results.

    Raises:
        ShapeError: if what comes out depends on an unknown size in more than its own sizes.

    >>> from kcore_ops import concatenate
    >>> evaluate(lambda x: concatenate([x, x], axis=0), [TensorSpec((None, 3))])
    TensorSpec((None, 3), float32)
    """
    if not any(None in leaf.shape for leaf in tree.flatten(list(args)) if isinstance(leaf, TensorSpec)) and not any(
        isinstance(a, _Shape) and None in a for a in args
    ):
        return function(*args)
    return _merged(function, args)


def _merged(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """Run a function with each of the stand-ins for the unknown sizes; give what the results have in common."""
    first, second = (function(*_filled(args, stand_in)) for stand_in in STAND_INS[:2])
    outcomes = [first, second]
    try:
        outcomes.append(function(*_filled(args, STAND_INS[2])))
    except (KcoreError, ValueError, TypeError, IndexError, ZeroDivisionError):
        pass  # a size of 1 may be too small for what the others are fine with
    leaves = [tree.flatten(outcome) for outcome in outcomes]
    if len({len(outcome) for outcome in leaves}) > 1:
        raise _depends()
    merged = [_merge(group) for group in zip(*leaves, strict=True)]
    return tree.pack_sequence_as(first, merged)


def _filled(args: Sequence[Any], stand_in: int) -> list[Any]:
    """Replace each None among the sizes by a stand-in."""

    def fill(shape: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(Size(stand_in) if size is None else size for size in shape)

    def fill_spec(leaf: Any) -> Any:
        return TensorSpec(fill(leaf.shape), leaf.dtype) if isinstance(leaf, TensorSpec) else leaf

    filled = []
    for arg in args:
        if isinstance(arg, _Shape):
            filled.append(fill(arg))
        else:
            filled.append(tree.map_structure(fill_spec, arg))
    return filled


def _merge(group: Sequence[Any]) -> Any:
    """Return the one spec that several runs agree on, with None for the sizes they do not."""
    from kcore_ops.engine.call import dtype_of

    # A function may also return a tensor it made of numbers alone.
    group = [
        TensorSpec(x.shape, dtype_of(x)) if hasattr(x, "shape") and not isinstance(x, TensorSpec) else x for x in group
    ]
    first = group[0]
    if not isinstance(first, TensorSpec):
        if is_unknown(first) or any(other != first for other in group[1:]):
            return None
        return first
    if any(not isinstance(s, TensorSpec) or s.dtype != first.dtype or s.ndim != first.ndim for s in group):
        raise _depends()
    sizes = [
        None if any(is_unknown(size) for size in sizes) or len(set(sizes)) > 1 else sizes[0]
        for sizes in zip(*(spec.shape for spec in group), strict=True)
    ]
    return TensorSpec(sizes, first.dtype)


def _depends() -> ShapeError:
    return ShapeError(
        "the number of axes or the dtype of the result depends on a size that is not known",
        fix="use ops.cond with branches of one shape, or give the size",
    )


def infer_symbolic(op: Op, call: Call) -> Any:
    """Run an op on symbolic arguments: give the specs of the results, or for `KerasTensor`s a new node of the graph."""
    from kcore_ops.engine.call import SymbolicShape, backend_of

    concrete = [value for value in call.values if not isinstance(value, TensorSpec) and hasattr(value, "shape")]
    try:
        result = infer_call(op, call, backend_of(concrete) if concrete else None)
    except KcoreError as error:
        error.where, error.received = [op.name], call.received()
        raise
    # Sizes that are tensors are arguments like others: in a plain tuple they are found.
    args = [tuple(arg) if isinstance(arg, SymbolicShape) else arg for arg in call.args]
    if any(_holds_graph(arg) for arg in args):
        _refuse_in_graph(op, args)
        return Node(op, args, tree.map_structure(lambda spec: _merge([spec]), result)).outputs
    return result


# What no graph goes through, and is met often.
_PLAIN = frozenset({TensorSpec, int, float, bool, str, type(None), np.ndarray})


def _holds_graph(arg: Any) -> bool:
    """Return whether an argument is or holds a tensor of a graph."""
    return arg.__class__ not in _PLAIN and any(isinstance(leaf, KerasTensor) for leaf in tree.flatten(arg))


def _refuse_in_graph(op: Op, args: Sequence[Any]) -> None:
    """Raise for what a graph can not hold, rather than when it runs."""
    for leaf in tree.flatten(list(args)):
        if isinstance(leaf, slice) and any(isinstance(x, KerasTensor) for x in (leaf.start, leaf.stop, leaf.step)):
            raise ArgumentError(
                "a slice has a bound that the graph computes",
                fix="use ops.take(x, ops.arange(start, stop, step), axis=...), or slice inside a layer",
            ).at(op.name)
    if op.is_draw:
        raise ArgumentError(
            "a graph draws no random numbers: its seed would be a constant, and each call would draw the same",
            fix="draw them in the call of a layer",
        ).at(op.name)
