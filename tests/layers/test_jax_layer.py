"""JAX functions as layers."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.layer import Layer
from kcore_layers.layers.native.jax_layer import JaxLayer
from kcore_layers.serialization.objects import register_keras_serializable
from kcore_ops.foundation.errors import ArgumentError

jax = pytest.importorskip("jax")
jnp = jax.numpy
X = np.ones((2, 3), "float32")


@pytest.fixture(autouse=True)
def jax_backend():
    with ops.use_backend("jax") as found:
        yield found


@register_keras_serializable("kcore_tests")
def linear(params, inputs):
    return inputs @ params["kernel"] + params["bias"]


@register_keras_serializable("kcore_tests")
def first_params(rng, inputs):
    return {"kernel": jax.random.normal(rng, (inputs.shape[-1], 2), "float32"), "bias": jnp.zeros(2, "float32")}


def counted(params, state, rng, inputs, training):
    noise = jax.random.normal(rng, inputs.shape, inputs.dtype) if training else 0.0
    return (inputs + noise) * params["scale"], {"calls": state["calls"] + 1}


def first_of_counted(rng, inputs, training):
    return {"scale": jnp.ones(inputs.shape[-1], "float32")}, {"calls": jnp.zeros((), "int32")}


def test_parameters_come_from_init_fn_for_the_inputs_seen_first():
    layer = JaxLayer(linear, first_params, seed=1, name="layer")
    output = layer(X)
    assert [(w.path, w.shape) for w in layer.weights] == [("layer/params_0", (2,)), ("layer/params_1", (3, 2))]
    np.testing.assert_allclose(output, X @ layer.params["kernel"].numpy(), rtol=1e-5)
    assert len(layer.trainable_variables) == 2


def test_parameters_can_be_given():
    layer = JaxLayer(lambda params, inputs: inputs @ params[0], params=[np.full((3, 2), 2.0, "float32")])
    np.testing.assert_allclose(layer(X), np.full((2, 2), 6.0))


def test_state_is_kept_from_call_to_call_and_does_not_train():
    layer = JaxLayer(counted, first_of_counted)
    for _ in range(3):
        layer(X)
    assert int(layer.state["calls"].value) == 3
    assert [v.path.rpartition("/")[2] for v in layer.trainable_variables] == ["params_0"]


def test_keys_differ_from_call_to_call_and_follow_from_the_seed():
    layer, other = JaxLayer(counted, first_of_counted, seed=5), JaxLayer(counted, first_of_counted, seed=5)
    first, second = layer(X, training=True), layer(X, training=True)
    assert np.abs(np.asarray(first - second)).max() > 1e-3
    np.testing.assert_array_equal(other(X, training=True), first)
    np.testing.assert_array_equal(layer(X), X)


def test_the_layer_is_a_pure_function_under_jit_and_grad():
    layer = JaxLayer(counted, first_of_counted)
    layer(X)
    rest = [v.value for v in layer.non_trainable_variables]

    @jax.jit
    def loss(scale):
        output, after = layer.stateless_call([scale], rest, X, training=True)
        return jnp.sum(output**2), after

    (_, after), grads = jax.value_and_grad(loss, has_aux=True)(jnp.ones(3))
    assert np.all(np.asarray(grads) > 0)
    place = next(i for i, v in enumerate(layer.non_trainable_variables) if v is layer.state["calls"])
    assert int(after[place]) == int(rest[place]) + 1


def test_symbolic_calls_have_the_specs_of_eager_ones():
    layer = JaxLayer(linear, first_params)
    symbolic = layer(ops.KerasTensor((None, 3)))
    assert (symbolic.shape, symbolic.dtype) == ((None, 2), "float32")
    counter = JaxLayer(counted, first_of_counted)
    assert counter(ops.KerasTensor((None, 3))).shape == (None, 3)
    assert int(counter.state["calls"].value) == 0


def test_a_layer_made_of_the_config_has_the_same_functions():
    layer = JaxLayer(linear, first_params)
    again = JaxLayer.from_config(layer.get_config())
    assert (again.call_fn, again.init_fn) == (linear, first_params)


def test_functions_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentError, match="call_fn takes params, x\n  fix: let it take inputs, and of the rest"):
        JaxLayer(lambda params, x: x)
    with pytest.raises(ArgumentError, match="there is no init_fn, params or state to begin with"):
        JaxLayer(linear)
    with (
        ops.use_backend("numpy"),
        pytest.raises(ArgumentError, match="JaxLayer runs JAX functions, and the current backend is numpy"),
    ):
        JaxLayer(linear, first_params)


def test_trial_runs_leave_the_state_as_it_was():
    layer = JaxLayer(counted, first_of_counted, seed=1)

    class Host(Layer):
        def __init__(self):
            super().__init__()
            self.inner = layer

        def call(self, x, training=None):
            return jnp.tanh(self.inner(x, training=training))  # not an op: runs on tensors alone

    host = Host()
    host(X, training=True)
    seed = layer.seed_generator.state.numpy().copy()
    assert host(ops.KerasTensor((None, 3)), training=True).shape == (None, 3)
    assert layer(ops.KerasTensor((5, 3)), training=True).shape == (5, 3)
    assert host.compute_output_shape((4, 3)) == (4, 3)
    assert int(layer.state["calls"].value) == 1
    np.testing.assert_array_equal(layer.seed_generator.state.numpy(), seed)
