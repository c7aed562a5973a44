"""What is computed again of layers made in a scope: the same calls as in Keras."""

from __future__ import annotations

import kcore
import numpy as np
import pytest

jax = pytest.importorskip("jax")
X = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
SCOPES = {
    "none": {"mode": None},
    "full": {},
    "activations": {"mode": "activations"},
    "larger": {"mode": "larger_than", "output_size_threshold": 40},
    "listed": {"mode": "list_of_layers", "layer_names": ["conv", "softmax"]},
}


def made(module, scope):
    with module.RematScope(**scope):
        inputs = module.Input((6, 2))
        x = module.layers.Conv1D(3, 3, activation="relu", name="conv")(inputs)
        x = module.layers.Dense(2, activation="tanh", name="dense")(x)
        x = module.layers.Activation("gelu", name="activation")(x)
        return module.Model(inputs, module.layers.Softmax(name="softmax")(x), name="model")


def again(model, value_of):
    """The shapes of what is computed again, each beside how deep it is."""

    def call(trained, x):
        return model.stateless_call(trained, [], x)[0]

    def found(jaxpr, depth=0):
        shapes = []
        for equation in jaxpr.eqns:
            is_again = (
                equation.primitive.name == jax.make_jaxpr(jax.checkpoint(lambda x: x))(1.0).eqns[0].primitive.name
            )
            if is_again:
                shapes.append((depth, [tuple(v.aval.shape) for v in equation.outvars]))
            for inner in jax.core.jaxprs_in_params(equation.params):
                shapes += found(inner, depth + is_again)
        return shapes

    return found(jax.make_jaxpr(call)([value_of(v) for v in model.trainable_variables], X).jaxpr)


@pytest.mark.parametrize("name", SCOPES)
def test_the_same_calls_are_computed_again(keras, name):
    theirs = again(made(keras, SCOPES[name]), lambda v: v.value)
    ours = again(made(kcore, SCOPES[name]), lambda v: v.value)
    assert ours == theirs
    assert bool(ours) is (name != "none")
