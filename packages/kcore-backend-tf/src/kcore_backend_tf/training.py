"""Steps that change variables in place, as graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from kcore_ops import tree
from kcore_ops.plugin import Training
from tensorflow.python.eager import context
from tensorflow.python.framework.ops import EagerTensor

__all__ = ["TensorflowTraining"]


# How many signatures of batches a step remembers the graph of.
_MAX_KNOWN = 256


class _Graphs:
    """A function of batches as TensorFlow's graphs, one for each of the ranks that its tensors have.

    A graph serves batches of any size. One of any rank would be of no use: the graph for tensors of other ranks is
    another one. Finding the graph for some tensors takes TensorFlow as long as running a small one (2.21), so that for
    batches like earlier ones it is remembered.
    """

    def __init__(self, function: Callable[..., Any], is_compiled: bool) -> None:
        self.function, self.is_compiled = function, is_compiled
        self.graphs: dict[tuple[Any, ...], Any] = {}
        self.known: dict[tuple[Any, ...], Any] = {}

    def __call__(self, *args: Any) -> Any:
        key = None
        if tf.executing_eagerly() and not tf.distribute.has_strategy():
            key = context.context().device_name, _likeness(args)
            try:
                known = self.known.get(key)
            except TypeError:  # what is no tensor can not be hashed
                known = key = None
            if known is not None:
                return known(*args)
        ranks = tuple([getattr(leaf, "ndim", None) for leaf in tree.flatten(args)])
        graph = self.graphs.get(ranks)
        if graph is None:
            graph = tf.function(self.function, autograph=False, reduce_retracing=True, jit_compile=self.is_compiled)
            self.graphs[ranks] = graph
        results = graph(*args)
        if key is not None:
            if len(self.known) >= _MAX_KNOWN:
                self.known.clear()
            self.known[key] = graph.get_concrete_function(*args)
        return results


def _likeness(x: Any) -> Any:
    """Return what arguments of one graph have in common: structure, sizes, dtypes, and what is no tensor."""
    kind = x.__class__
    if kind is EagerTensor or kind is np.ndarray:
        return kind, tuple(x.shape), x.dtype
    if kind is tuple or kind is list:
        return kind, *[_likeness(each) for each in x]
    if kind is dict:
        return kind, *x, *[_likeness(each) for each in x.values()]
    if isinstance(x, tuple | list | dict):
        return kind, repr(tree.map_structure(lambda _: 0, x)), *[_likeness(each) for each in tree.flatten(x)]
    return kind, x  # 1, 1.0 and True are the same key, and not the same graph


class TensorflowTraining(Training):
    """Graphs of TensorFlow's, with the gradients of its tapes."""

    loops_in_place = True

    def compile_in_place_step(self, function: Callable[..., Any], is_compiled: Any) -> Callable[..., Any]:
        return _Graphs(function, is_compiled is True)

    def loop_in_place(self, step: Callable[[Any], Any], batches: Any, keeps_all: bool) -> Any:
        def at(i: Any) -> Any:
            return tree.map_structure(lambda x: x[i] if isinstance(x, tf.Tensor) else x, batches)

        # The first outside of the loop: variables can not come into being in it, and it tells what results are like.
        first = step(at(0))
        leaves = [tf.convert_to_tensor(leaf) for leaf in tree.flatten(first) if leaf is not None]
        count = next(tf.shape(x)[0] for x in tree.flatten(batches) if isinstance(x, tf.Tensor))
        kept = [tf.TensorArray(leaf.dtype, count).write(0, leaf) if keeps_all else leaf for leaf in leaves]

        def turn(i: Any, *before: Any) -> Any:
            found = [tf.convert_to_tensor(leaf) for leaf in tree.flatten(step(at(i))) if leaf is not None]
            after = [array.write(i, x) for array, x in zip(before, found, strict=True)] if keeps_all else found
            return i + 1, *after

        def is_left(i: Any, *_: Any) -> Any:
            return i < count

        shapes = [array.flow.shape if keeps_all else array.shape for array in kept]
        _, *last = tf.while_loop(
            is_left, turn, (1, *kept), shape_invariants=(tf.TensorShape(()), *shapes), parallel_iterations=1
        )
        results = iter([array.stack() for array in last] if keeps_all else last)
        return tree.map_structure(lambda leaf: None if leaf is None else next(results), first)

    def place_array(self, array: Any, like: Any, is_ours: bool) -> tf.Tensor:
        return tf.constant(array)

    def dense_gradient(self, gradient: Any) -> Any:
        return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient

    def gradients_to_apply(self, gradients: Sequence[Any]) -> list[Any]:
        dense = [self.dense_gradient(gradient) for gradient in gradients]
        if not tf.distribute.has_strategy() or tf.distribute.in_cross_replica_context():
            return dense
        present = [gradient for gradient in dense if gradient is not None]
        summed = iter(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, present))
        return [None if gradient is None else next(summed) for gradient in dense]

    def value_and_grad_in_place(
        self, function: Callable[..., Any], storages: Sequence[tf.Variable]
    ) -> tuple[Any, Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(storages)
            value, rest = function()
        return value, rest, tape.gradient(value, storages)
