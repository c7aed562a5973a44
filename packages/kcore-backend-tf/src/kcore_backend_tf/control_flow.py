"""Branches and loops, on TensorFlow tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import tensorflow as tf
from kcore_ops import TensorSpec, tree
from kcore_ops.plugin import defined, evaluate, inferring, op_of

# Whether loops are written out where it is known how often they turn: for graphs that go where there are none.
unrolling: ContextVar[bool] = ContextVar("kcore_tensorflow_unrolling", default=False)


def cond(pred, true_fn, false_fn):
    # A known predicate needs no graph, and its branches may return what a graph can not hold.
    if hasattr(pred, "numpy"):
        return true_fn() if pred else false_fn()
    return tf.cond(tf.not_equal(pred, tf.zeros_like(pred)), true_fn, false_fn)


def switch(index, branches, operands):
    if hasattr(index, "numpy"):
        return defined("switch")(index, branches, operands)
    calls = [functools.partial(branch, *operands) for branch in branches]
    return tf.switch_case(tf.clip_by_value(index, 0, len(calls) - 1), calls)


def while_loop(cond, body, loop_vars, maximum_iterations):
    is_sequence = isinstance(loop_vars, list | tuple)

    def turn(*values):
        result = body(*values)
        return tuple(result) if isinstance(result, list | tuple) else (result,)

    first = tuple(loop_vars) if is_sequence else (loop_vars,)
    values = tf.while_loop(cond, turn, first, maximum_iterations=maximum_iterations)
    return type(loop_vars)(values) if is_sequence else values[0]


def fori_loop(lower, upper, body_fun, init_val):
    turn = lambda i, value: (i + 1, body_fun(i, value))  # noqa: E731
    first = (tf.convert_to_tensor(lower, tf.int32), init_val)
    return tf.while_loop(lambda i, _: i < upper, turn, first)[1]


def scan(f, init, xs, length, reverse, unroll):
    inputs = tree.flatten(xs)
    sizes = [length, *(size for x in inputs if x is not None for size in (x.shape[0], tf.shape(x)[0]))]
    count = next(size for size in sizes if size is not None)
    if tf.executing_eagerly() or ((unroll is True or unrolling.get()) and isinstance(count, int)):
        definition: Any = op_of("scan").definition
        return definition(f, init, xs, length, reverse, unroll)
    with inferring():  # in which tensors that `f` closes over become specs too
        specs = evaluate(
            lambda carry, slices: op_of("scan").body(f, carry, slices, length),
            [tree.map_structure(_spec, init), tree.map_structure(_spec, xs)],
        )[1]
    leaves = tree.flatten(specs)
    # A loop's variables hold no None.
    kept = [i for i, spec in enumerate(leaves) if spec is not None]
    outputs = [tf.TensorArray(leaves[i].dtype, size=count, element_shape=leaves[i].shape[1:]) for i in kept]
    # Read from arrays: the gradient of a slice would be as large as the whole, at each turn.
    steps = [None if x is None else _steps(x, count) for x in inputs]

    def turn(turns, carry, arrays):
        i = count - 1 - turns if reverse else turns
        slices = tree.pack_sequence_as(xs, [None if x is None else x.read(i) for x in steps])
        carry, y = f(carry, slices)
        values = tree.flatten(y)
        return turns + 1, carry, [array.write(i, values[k]) for array, k in zip(arrays, kept, strict=True)]

    first = (tf.constant(0), init, outputs)
    # XLA takes gradients only where it knows how often a loop turns at most.
    most = count if isinstance(count, int) else None
    _, carry, arrays = tf.while_loop(lambda turns, *_: turns < count, turn, first, maximum_iterations=most)
    stacked = dict(zip(kept, (array.stack() for array in arrays), strict=True))
    return carry, tree.pack_sequence_as(specs, [stacked.get(i) for i in range(len(leaves))])


def _steps(x: Any, count: Any) -> tf.TensorArray:
    array = tf.TensorArray(x.dtype, size=count, element_shape=x.shape[1:], clear_after_read=False)
    return array.unstack(x)


def _spec(x: Any) -> Any:
    return None if x is None else TensorSpec(x.shape.as_list(), x.dtype.name)


TABLE: dict[str, Callable[..., Any]] = {
    "cond": cond,
    "fori_loop": fori_loop,
    "scan": scan,
    "switch": switch,
    "while_loop": while_loop,
}
