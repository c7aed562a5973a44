"""Derivatives, vectorization and compilation, by gradient tapes, `vectorized_map` and `tf.function`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from kcore_ops import tree
from kcore_ops.plugin import axes_of_leaves
from tensorflow.python.eager import record

Function = Callable[..., Any]


class TensorflowTransforms:
    """The transforms of the TensorFlow backend."""

    def vjp(self, function: Function, primals: Sequence[Any]) -> tuple[Any, Function]:
        # Copies, so that a primal which the function also sees from outside is a constant there.
        primals = tree.map_structure(tf.identity, list(primals))
        leaves = tree.flatten(primals)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(leaves)
            value = function(*primals)

        def pullback(cotangent: Any) -> tuple[Any, ...]:
            grads = tape.gradient(
                tree.flatten(value),
                leaves,
                output_gradients=tree.flatten(cotangent),
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
            return tuple(tree.pack_sequence_as(primals, [tf.convert_to_tensor(grad) for grad in grads]))

        return value, pullback

    def jvp(self, function: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        primals = tree.map_structure(tf.identity, list(primals))
        with tf.autodiff.ForwardAccumulator(tree.flatten(primals), tree.flatten(list(tangents))) as accumulator:
            value = function(*primals)
        derivative = tree.map_structure(
            lambda x: accumulator.jvp(x, unconnected_gradients=tf.UnconnectedGradients.ZERO), value
        )
        return value, derivative

    def vmap(self, function: Function, in_axes: Any, out_axes: Any) -> Function:
        def mapped(*args: Any) -> Any:
            leaves = tree.flatten(list(args))
            axes = [a for arg, axis in zip(args, in_axes, strict=True) for a in axes_of_leaves(arg, axis)]
            moved = [_axis_first(x, a) for x, a in zip(leaves, axes, strict=True) if a is not None]

            def of_slices(slices: Any) -> Any:
                rest = iter(slices)
                filled = [x if a is None else next(rest) for x, a in zip(leaves, axes, strict=True)]
                return function(*tree.pack_sequence_as(list(args), filled))

            result = tf.vectorized_map(of_slices, moved)
            out = axes_of_leaves(result, out_axes)
            placed = [_axis_back(x, a) for x, a in zip(tree.flatten(result), out, strict=True)]
            return tree.pack_sequence_as(result, placed)

        return mapped

    def jit(self, function: Function, specs: Sequence[Any] | None = None) -> Function:
        signature = None if specs is None else [tf.TensorSpec(spec.shape, spec.dtype) for spec in specs]
        return tf.function(function, autograph=False, input_signature=signature)

    def custom_gradient(self, function: Function) -> Function:
        return tf.custom_gradient(function)

    def checkpoint(self, function: Function) -> Function:
        # As `tf.recompute_grad`, and for results that are integers and gradients of gradients too.
        def recomputed(*tensors: tf.Tensor) -> list[tf.Tensor]:
            spots = [i for i, x in enumerate(tensors) if _is_differentiable(x)]

            @tf.custom_gradient
            def remembering_inputs(*tensors: tf.Tensor) -> Any:
                with record.stop_recording():
                    results = function(*tensors)

                def gradient(*upstream: Any, variables: Any = None) -> Any:
                    watched = [] if variables is None else list(variables)
                    given = [x for x in upstream if x is not None]
                    # Only then: or a graph would take both computations for one.
                    with tf.control_dependencies(given), tf.GradientTape() as tape:
                        inputs = [tf.identity(x) for x in tensors]
                        chosen = [*(inputs[i] for i in spots), *watched]
                        tape.watch(chosen)
                        again = function(*inputs)
                    pairs = [
                        pair
                        for pair in zip(again, upstream, strict=True)
                        if _is_differentiable(pair[0]) and pair[1] is not None
                    ]
                    grads = tape.gradient([x for x, _ in pairs], chosen, [dx for _, dx in pairs])
                    of_inputs: list[Any] = [None] * len(tensors)
                    for i, grad in zip(spots, grads, strict=False):
                        of_inputs[i] = grad
                    return of_inputs if variables is None else (of_inputs, grads[len(spots) :])

                return results, gradient

            return list(remembering_inputs(*tensors))

        return recomputed


def _is_differentiable(x: tf.Tensor) -> bool:
    return bool(x.dtype.is_floating or x.dtype.is_complex)


def _axis_first(x: tf.Tensor, axis: int) -> tf.Tensor:
    order = list(range(x.shape.rank))
    order.insert(0, order.pop(axis))
    return x if axis == 0 else tf.transpose(x, order)


def _axis_back(x: tf.Tensor, axis: Any) -> tf.Tensor:
    if axis == 0:
        return x
    order = list(range(1, x.shape.rank))
    order.insert(axis if axis >= 0 else x.shape.rank + axis, 0)
    return tf.transpose(x, order)
