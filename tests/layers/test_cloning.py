"""A clone is a model like another, with layers and weights of its own."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, InputLayer, Model, Sequential
from kcore_layers.layers import Concatenate, Dense, Dropout
from kcore_layers.models import clone_model
from kcore_ops.foundation.errors import ArgumentError

X = np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3)


def sequential():
    return Sequential([Input((3,)), Dense(4, activation="relu"), Dense(2, name="last")], name="net")


def functional():
    x, y = Input((3,), name="x"), Input((3,), name="y")
    shared = Dense(3, name="shared")
    joined = Concatenate()([shared(x), shared(y), ops.einsum("bi,bi->bi", x, y)])
    return Model({"x": x, "y": y}, {"sum": ops.sum(joined, axis=1), "z": sequential()(joined[:, ::3])})


def values(structure):
    return ops.tree.map_structure(ops.convert_to_numpy, structure)


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize("make, inputs", [(sequential, X), (functional, {"x": X, "y": X + 1})])
def test_a_clone_computes_the_same_with_weights_of_its_own(backend, make, inputs, recursive):
    model = make()
    clone = clone_model(model, recursive=recursive)
    assert type(clone) is type(model)
    assert clone.name == model.name
    assert not {id(v) for v in clone.weights} & {id(v) for v in model.weights}
    assert [v.path for v in clone.weights] == [v.path for v in model.weights]
    clone.set_weights(model.get_weights())
    ops.tree.map_structure(np.testing.assert_array_equal, values(clone(inputs)), values(model(inputs)))
    for v in clone.weights:
        v.assign(np.zeros(v.shape))
    assert all(np.any(w) for w in model.get_weights() if w.ndim == 2)


def test_layers_can_be_replaced_and_called_in_another_way(backend):
    asked, called = [], []

    def clone_function(layer):
        asked.append(layer.name)
        return Dense(layer.units, use_bias=False, name=layer.name) if isinstance(layer, Dense) else layer

    def call_function(layer, *args, **kwargs):
        called.append(layer.name)
        return Dropout(0.5)(layer(*args, **kwargs))

    model = functional()
    clone = clone_model(model, clone_function=clone_function, call_function=call_function, recursive=True)
    layers = [
        layer for layer in model._kcore_sublayers(include_self=False) if not isinstance(layer, Model | InputLayer)
    ]
    assert sorted(asked) == sorted(layer.name for layer in layers)
    assert called.count("shared") == 2
    assert [v.name for v in clone.get_layer("shared").weights] == ["kernel"]
    assert sum(isinstance(layer, Dropout) for layer in clone.layers) == len(called)


def test_a_clone_can_be_built_on_other_inputs(backend):
    x = Input((3,), batch_size=5, name="other")
    assert clone_model(sequential(), input_tensors=x).inputs[0].shape == (5, 3)
    y = ops.relu(Input((3,), name="y"))
    clone = clone_model(functional(), input_tensors={"x": x, "y": Input((3,), batch_size=5)})
    assert clone.output_shape["z"] == (5, 2)
    with pytest.raises(ArgumentError, match="in clone_model\n  1 input_tensors were given, and the model has 2 inputs"):
        clone_model(functional(), input_tensors=[y])


def test_a_subclassed_model_is_made_of_its_config(backend):
    class Net(Model):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.units, self.dense = units, Dense(units)

        def call(self, x):
            return self.dense(x)

    clone = clone_model(Net(units=5))
    assert clone(X).shape == (2, 5)
    with pytest.raises(ArgumentError, match="clone_function can not be used with a Net, which is a subclass of Model"):
        clone_model(Net(), clone_function=lambda layer: layer)
    with pytest.raises(ArgumentError, match="call_function can not be used with a Sequential"):
        clone_model(sequential(), call_function=lambda layer, x: layer(x))
    with pytest.raises(ArgumentError, match="is not a model"):
        clone_model(Dense(2))
