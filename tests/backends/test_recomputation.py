"""What frameworks remember of functions that are computed again: less."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest

X = np.linspace(-1, 1, 6, dtype="float32")


def fun(x):
    return ops.sum(ops.exp(ops.sin(ops.tanh(x))))


@pytest.mark.only("torch")
def test_torch_saves_inputs_alone():
    torch = pytest.importorskip("torch")

    def saved(function):
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
            function(torch.tensor(X, requires_grad=True))
        return len(kept)

    assert saved(ops.checkpoint(fun)) == 1 < saved(fun)


@pytest.mark.only("jax")
def test_jax_is_told_to_compute_again():
    jax = pytest.importorskip("jax")
    equations = jax.make_jaxpr(ops.checkpoint(fun))(X).eqns
    assert [each.primitive.name for each in equations] == [
        jax.make_jaxpr(jax.checkpoint(fun))(X).eqns[0].primitive.name
    ]


@pytest.mark.only("tensorflow")
def test_tensorflow_computes_in_a_graph_twice_after_the_gradient_is_known():
    tf = pytest.importorskip("tensorflow")

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = ops.checkpoint(fun)(x)
        return tape.gradient(y, x)

    graph = gradient.get_concrete_function(tf.TensorSpec((6,), "float32")).graph
    tanh = [op for op in graph.get_operations() if op.type == "Tanh"]
    assert len(tanh) == 2
    assert any(op.control_inputs for op in (tanh[1], *(x.op for x in tanh[1].inputs)))
