"""Steps that change variables in place, as graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from kcore_ops import tree
from kcore_ops.plugin import Training

__all__ = ["TensorflowTraining"]


class TensorflowTraining(Training):
    """Graphs of TensorFlow's, with the gradients of its tapes."""

    def compile_in_place_step(self, function: Callable[..., Any], is_compiled: Any) -> Callable[..., Any]:
        # A graph serves batches of any size. One of any rank would be of no use: the graph for tensors of other ranks
        # is another one.
        graphs: dict[tuple[Any, ...], Callable[..., Any]] = {}

        def step(*args: Any) -> Any:
            ranks = tuple([getattr(leaf, "ndim", None) for leaf in tree.flatten(args)])
            graph = graphs.get(ranks)
            if graph is None:
                graph = tf.function(function, autograph=False, reduce_retracing=True, jit_compile=is_compiled is True)
                graphs[ranks] = graph
            return graph(*args)

        return step

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
