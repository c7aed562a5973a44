"""Branches and loops that a compiled graph can hold.

On a backend that runs at once they are Python's own `if` and `for`; JAX and TensorFlow have theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kcore_ops.dtypes.promotion import index as integer_index
from kcore_ops.engine.call import dtype_of
from kcore_ops.engine.define import op, primitive
from kcore_ops.engine.op import Tensor, Tree
from kcore_ops.foundation import tree
from kcore_ops.foundation.errors import ArgumentError, DTypeError, ShapeError
from kcore_ops.ops.core.conversion import shape
from kcore_ops.ops.core.unstack import unstack
from kcore_ops.ops.numpy.arithmetic import maximum
from kcore_ops.ops.numpy.comparison import where
from kcore_ops.ops.numpy.creation import arange, zeros
from kcore_ops.ops.numpy.indexing import get_item, take
from kcore_ops.ops.numpy.joining import concatenate, stack
from kcore_ops.ops.numpy.manipulation import flip, reshape
from kcore_ops.specs.shapes import differ, normalize_axis, show_shape
from kcore_ops.specs.spec import TensorSpec, is_unknown

__all__ = ["associative_scan", "cond", "fori_loop", "map", "scan", "switch", "while_loop"]

Function = Callable[..., Any]


def spec_of(x: Any) -> Any:
    """Return the spec of what a user's function returned: specs as they are, numbers as scalars."""
    if isinstance(x, TensorSpec) or x is None:
        return x
    if hasattr(x, "shape"):
        return TensorSpec(tuple(x.shape), dtype_of(x))
    array = np.asarray(x)
    return TensorSpec((), {"b": "bool", "i": "int32"}.get(array.dtype.kind))


def _agree(first: Any, second: Any, what: str, fix: str) -> Any:
    """Return the specs that two trees both are.

    Raises:
        ShapeError: if they differ.
    """
    specs1, specs2 = tree.map_structure(spec_of, first), tree.map_structure(spec_of, second)
    leaves1, leaves2 = tree.flatten(specs1), tree.flatten(specs2)
    if len(leaves1) != len(leaves2):
        raise ShapeError(f"{what} differ in form: {len(leaves1)} and {len(leaves2)} tensors", fix=fix)
    for one, other in zip(leaves1, leaves2, strict=True):
        if one is None or other is None:
            same = one is other
        else:
            sizes = zip(one.shape, other.shape, strict=False)
            same = one.dtype == other.dtype and len(one.shape) == len(other.shape)
            same = same and not any(differ(size1, size2) for size1, size2 in sizes)
        if not same:
            raise ShapeError(f"{what} differ: {_show(one)} and {_show(other)}", fix=fix)
    return specs1


def _show(spec: Any) -> str:
    return "None" if spec is None else f"{spec.dtype} {show_shape(spec.shape)}"


@primitive
def cond(pred: Tensor, true_fn: Function, false_fn: Function) -> Tree:
    """Call `true_fn` if `pred` is true, and otherwise `false_fn`.

    Shapes: `pred` is a scalar; both functions take nothing and return trees of one form, shapes and dtypes.
    Raises: `ShapeError` if, in a graph, what they return differs, or `pred` is not a scalar.

    >>> cond(np.array(2.0) > 1.0, lambda: "yes", lambda: "no")
    'yes'
    """
    if pred.shape:
        problem = f"pred must be a scalar and has shape {show_shape(pred.shape)}"
        raise ShapeError(problem, fix="reduce it with ops.any or ops.all, or use ops.where")
    fix = "return the same form, shapes and dtypes from true_fn and false_fn"
    return _agree(true_fn(), false_fn(), "what the branches return", fix)


@cond.define
def _cond(pred: Tensor, true_fn: Function, false_fn: Function) -> Tree:
    return true_fn() if pred else false_fn()


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """Call one of several functions, `branches`, on the operands: the one that `index` counts to, from 0.

    Args: an index that is out of range counts to the nearest end; `operands` are trees of tensors.
    Shapes: `index` is a scalar; all functions return trees of one form, shapes and dtypes.
    Raises: `ArgumentError` if there are no branches; `DTypeError` if `index` is not an integer; `ShapeError` if it is
    not a scalar or, in a graph, what the branches return differs.

    >>> switch(1, [lambda x: x + 1, lambda x: x * 10], np.array(3))
    np.int64(30)
    """
    return _switch(index, list(branches), operands)


@primitive(name="switch", dtypes={"index": integer_index})
def _switch(index: Tensor, branches: list[Function], operands: Tree) -> Tree:
    """Call one of the branches on the operands, a tuple of trees."""
    if not branches:
        raise ArgumentError("switch has no branches", fix="pass one function or more")
    if index.shape:
        problem = f"index must be a scalar and has shape {show_shape(index.shape)}"
        raise ShapeError(problem, fix="use ops.select or ops.where to choose for each element")
    first, *others = (branch(*operands) for branch in branches)
    for i, other in enumerate(others, 1):
        _agree(first, other, f"what branches 0 and {i} return", "return the same form, shapes and dtypes from all")
    return tree.map_structure(spec_of, first)


@_switch.define
def _switch_at_once(index: Tensor, branches: list[Function], operands: Tree) -> Tree:
    last = len(branches) - 1
    return branches[sorted((0, int(index), last))[1]](*operands)


@primitive
def while_loop(cond: Function, body: Function, loop_vars: Tree, maximum_iterations: int | None = None) -> Tree:
    """Call `body` on the loop variables for as long as `cond` of them is true, at most `maximum_iterations` times.

    Args: `loop_vars` is a tuple or list, whose items the functions take as arguments, or one tensor; `body` returns the
    like; `maximum_iterations` is by default no limit. Shapes and dtypes: the same in each turn.
    Raises: `ShapeError` if, in a graph, `body` changes them.

    >>> while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, 1.0))
    (np.int32(3), np.float32(8.0))
    """
    result = body(*_packed(loop_vars))
    _agree(loop_vars, _as_given(loop_vars, result), "loop_vars and what body returns", "return what body was given")
    return loop_vars


def _packed(loop_vars: Any) -> tuple[Any, ...]:
    return tuple(loop_vars) if isinstance(loop_vars, list | tuple) else (loop_vars,)


def _as_given(loop_vars: Any, result: Any) -> Any:
    """Convert what a loop's body returned to the form that the loop variables have."""
    if not isinstance(loop_vars, list | tuple):
        return result[0] if isinstance(result, list | tuple) and len(result) == 1 else result
    return type(loop_vars)(_packed(result))


@while_loop.define
def _while_loop(cond: Function, body: Function, loop_vars: Tree, maximum_iterations: int | None = None) -> Tree:
    turns = 0
    while (maximum_iterations is None or turns < maximum_iterations) and cond(*_packed(loop_vars)):
        loop_vars = _as_given(loop_vars, body(*_packed(loop_vars)))
        turns += 1
    return loop_vars


@primitive
def fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Tree) -> Tree:
    """Call `body_fun(i, value)` for `i` from `lower` to `upper - 1`, each time on what it returned before.

    Shapes and dtypes: those of `init_val`, in each turn.
    Raises: `ShapeError` if, in a graph, `body_fun` changes them.

    >>> fori_loop(0, 4, lambda i, x: x + i, np.array(1))
    np.int64(7)
    """
    result = body_fun(TensorSpec((), "int32"), init_val)
    return _agree(init_val, result, "init_val and what body_fun returns", "return what body_fun was given")


@fori_loop.define
def _fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Tree) -> Tree:
    for i in range(int(lower), int(upper)):
        init_val = body_fun(i, init_val)
    return init_val


def scan_length(xs: Any, length: Any) -> Any:
    """Return the number of turns of a scan.

    Raises:
        ShapeError: if the leading sizes of `xs` differ from one another or from `length`.
        ArgumentError: if there is neither.
    """
    leaves = [leaf for leaf in tree.flatten(xs) if leaf is not None]
    scalars = [leaf for leaf in leaves if not len(leaf.shape)]
    if scalars:
        raise ShapeError("xs holds a scalar, which has no leading axis to scan over", fix="pass tensors, or length=")
    sizes = [shape(leaf)[0] for leaf in leaves] + ([] if length is None else [length])
    if not sizes:
        raise ArgumentError("scan has neither xs nor length", fix="pass one of them")
    known = {size for size in sizes if type(size) is int}
    if len(known) > 1:
        listed = " and ".join(str(size) for size in sorted(known))
        raise ShapeError(f"the leading sizes of xs, or length, differ: {listed}", fix="give them one size")
    return next(iter(known), sizes[0])


@primitive
def scan(
    f: Function, init: Tree, xs: Tree = None, length: int | None = None, reverse: bool = False, unroll: Any = 1
) -> tuple[Any, Any]:
    """Call `f(carry, x)` on each slice of `xs` along its first axis; return the last carry, and the outputs stacked.

    Args: `xs` is a tree of tensors, or None for turns that get None; `f` returns `(carry, y)`, the carry of the form,
    shapes and dtypes of `init`; `length` is the number of turns if `xs` is None; `reverse` starts from the last slice;
    `unroll` is how many turns a compiler may write out, by default one.
    Raises: `ShapeError` if the first axes differ in size or, in a graph, `f` changes the carry.

    >>> scan(lambda total, x: (total + x, total), np.array(0), np.array([1, 2, 3]))
    (np.int64(6), array([0, 1, 3]))
    """
    count = scan_length(xs, length)
    carry, y = _checked_pair(f(init, tree.map_structure(_first_slice, xs)))
    _agree(init, carry, "init and the carry that f returns", "return a carry like the one f was given")
    stacked = tree.map_structure(
        lambda s: None if s is None else TensorSpec((count, *spec_of(s).shape), spec_of(s).dtype), y
    )
    return init, stacked


def _first_slice(x: Any) -> Any:
    return None if x is None else TensorSpec(x.shape[1:], dtype_of(x))


def _checked_pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, list | tuple) or len(result) != 2:
        raise DTypeError(f"f must return a pair (carry, y) and returned a {type(result).__name__}")
    return result[0], result[1]


@scan.define
def _scan(
    f: Function, init: Tree, xs: Tree = None, length: int | None = None, reverse: bool = False, unroll: Any = 1
) -> tuple[Any, Any]:
    count = int(scan_length(xs, length))
    if count == 0:
        _, specs = scan(f, tree.map_structure(spec_of, init), tree.map_structure(spec_of, xs), length)
        return init, tree.map_structure(lambda s: None if s is None else zeros(s.shape, s.dtype), specs)
    # All slices at once: the gradient of each alone would be as large as the whole.
    slices = [None if x is None else unstack(x, count) for x in tree.flatten(xs)]
    carry, ys = init, []
    for i in reversed(range(count)) if reverse else range(count):
        x = tree.pack_sequence_as(xs, [None if column is None else column[i] for column in slices])
        carry, y = _checked_pair(f(carry, x))
        ys.append(y)
    columns = zip(*(tree.flatten(y) for y in (reversed(ys) if reverse else ys)), strict=True)
    stacked = [None if column[0] is None else stack(list(column)) for column in columns]
    return carry, tree.pack_sequence_as(ys[0], stacked)


@op
def map(f: Function, xs: Tree) -> Tree:
    """Call `f` on each slice of `xs` along its first axis, one after the other, and stack the results.

    Raises: `ShapeError` if the first axes differ in size.

    >>> map(lambda x: x * 2, np.array([1, 2]))
    array([2, 4])
    """
    return scan(lambda carry, x: (carry, f(x)), (), xs)[1]


@op
def associative_scan(f: Function, elems: Tree, reverse: bool = False, axis: int = 0) -> Tree:
    """Combine each slice of `elems` along `axis` with all those before it, in a logarithmic number of steps.

    Args: `f(a, b)` combines two trees like `elems`, of which it gets any number of slices at once, `a` those that come
    first; it must be associative. `reverse` starts from the last slice; `axis` is by default the first.
    Shapes: like `elems`.
    Raises: `ShapeError` if the tensors differ in size along the axis, or `f` does not return what it was given;
    `ArgumentError` if there are no tensors.
    Source: Blelloch (1990), "Prefix sums and their applications", CMU-CS-90-190; for sizes that are not known Hillis
    and Steele (1986), https://doi.org/10.1145/7902.7903.

    >>> associative_scan(lambda a, b: a + b, np.array([1, 2, 3, 4]))
    array([ 1,  3,  6, 10])
    """
    leaves = tree.flatten(elems)
    if not leaves:
        raise ArgumentError("elems holds no tensors", fix="pass a tensor, or a list, tuple or dict of them")
    axes = [normalize_axis(axis, len(x.shape)) for x in leaves]
    sizes = [shape(x)[a] for x, a in zip(leaves, axes, strict=True)]
    known = {int(size) for size in sizes if isinstance(size, int) and not is_unknown(size)}
    if len(known) > 1:
        listed = " and ".join(str(size) for size in sorted(known))
        raise ShapeError(f"the sizes of elems along axis {axis} differ: {listed}", fix="give them one size")

    def combine(first: list[Any], second: list[Any]) -> list[Any]:
        a, b = tree.pack_sequence_as(elems, first), tree.pack_sequence_as(elems, second)
        result = f(a, b)
        _agree(
            b, result, "what f got and what it returned", "return what f was given: the same form, shapes and dtypes"
        )
        return tree.flatten(result)

    if reverse:
        leaves = [flip(x, a) for x, a in zip(leaves, axes, strict=True)]
    # Under a compiler a size may be known of one of them alone.
    count = next(iter(known), sizes[0])
    by = _combined_in_pairs if known else _combined_at_doubling_distances
    leaves = by(combine, leaves, axes, count)
    if reverse:
        leaves = [flip(x, a) for x, a in zip(leaves, axes, strict=True)]
    return tree.pack_sequence_as(elems, leaves)


def _combined_in_pairs(combine: Function, leaves: list[Any], axes: list[int], count: int) -> list[Any]:
    """Combine neighbours, then those pairs: which gives every second result, and the others from those."""
    if count < 2:
        return leaves

    def part(xs: list[Any], *bounds: int | None) -> list[Any]:
        return [get_item(x, (slice(None),) * a + (slice(*bounds),)) for x, a in zip(xs, axes, strict=True)]

    half = count // 2
    pairs = combine(part(leaves, 0, 2 * half, 2), part(leaves, 1, None, 2))
    odd = _combined_in_pairs(combine, pairs, axes, half)
    even = part(leaves, 0, 1)
    if count > 2:
        later = combine(part(odd, 0, (count - 1) // 2), part(leaves, 2, None, 2))
        even = [concatenate([x, y], axis=a) for x, y, a in zip(even, later, axes, strict=True)]
    woven = [_woven(x, y, a) for x, y, a in zip(part(even, 0, half), odd, axes, strict=True)]
    if count % 2:
        woven = [concatenate([x, y], axis=a) for x, y, a in zip(woven, part(even, half, None), axes, strict=True)]
    return woven


def _woven(even: Any, odd: Any, axis: int) -> Any:
    """Put the slices of two tensors in turns."""
    sizes = list(shape(odd))
    sizes[axis] = 2 * sizes[axis]
    return reshape(stack([even, odd], axis=axis + 1), tuple(sizes))


def _combined_at_doubling_distances(combine: Function, leaves: list[Any], axes: list[int], count: Any) -> list[Any]:
    """Combine each with the one 1 before it, then 2, then 4: more work, in a loop that need not know the size."""

    def turn(distance: Any, *xs: Any) -> tuple[Any, ...]:
        positions = arange(count, dtype="int32")
        sources = maximum(positions - distance, 0)
        combined = combine([take(x, sources, axis=a) for x, a in zip(xs, axes, strict=True)], list(xs))
        chosen = []
        for x, y, a in zip(xs, combined, axes, strict=True):
            is_past = reshape(positions >= distance, (-1, *(1,) * (len(x.shape) - a - 1)))
            chosen.append(where(is_past, y, x))
        return distance * 2, *chosen

    return list(while_loop(lambda distance, *_: distance < count, turn, (1, *leaves))[1:])
