"""Operations of a user's own, graphs as functions, and names around what is made."""

from __future__ import annotations

import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Function, Input, Layer, Model, Operation, Sequential, SymbolicScope, name_scope
from kcore_layers.files import load_model, model_from_json
from kcore_layers.layers import Dense, deserialize, serialize
from kcore_layers.models import clone_model
from kcore_layers.serialization.objects import register_keras_serializable
from kcore_ops import Variable
from kcore_ops.foundation.errors import ArgumentError, ArgumentTypeError, MissingMethod

X = np.array([[1.0, 2.0, 3.0]], "float32")


@register_keras_serializable("kcore_tests")
class Scaled(Operation):
    def __init__(self, factor, name=None):
        super().__init__(name=name)
        self.factor = factor

    def call(self, x, offset=0.0):
        return ops.add(ops.multiply(x, self.factor), offset)


@register_keras_serializable("kcore_tests")
class Halves(Operation):
    """One whose call knows nothing of specs, and which says what comes out."""

    def call(self, x):
        numbers = np.asarray(ops.convert_to_numpy(x))
        middle = numbers.shape[-1] // 2
        return [ops.convert_to_tensor(each.copy()) for each in (numbers[..., :middle], numbers[..., middle:])]

    def compute_output_spec(self, x):
        half = x.shape[-1] // 2
        return [ops.KerasTensor((*x.shape[:-1], half), x.dtype), ops.KerasTensor((*x.shape[:-1], x.shape[-1] - half))]


def numpy(x):
    return np.asarray(ops.convert_to_numpy(x))


def test_an_operation_computes_with_tensors_and_adds_to_a_graph_with_symbols(backend):
    operation = Scaled(3.0)
    np.testing.assert_array_equal(numpy(operation(ops.convert_to_tensor(X))), X * 3)
    x = Input((3,))
    y = operation(x, offset=1.0)
    assert (y.shape, y.dtype) == ((None, 3), "float32")
    assert operation.input is x and operation.output is y
    model = Model(x, ops.tanh(y))
    np.testing.assert_allclose(numpy(model(X)), np.tanh(X * 3 + 1), rtol=1e-6)
    assert [each.name for each in model.operations] == [x.name, operation.name, "tanh"]
    assert operation not in model.layers


def test_an_operation_may_say_itself_what_comes_out(backend):
    x = Input((5,))
    outputs = Halves()(x)
    assert [y.shape for y in outputs] == [(None, 2), (None, 3)]
    model = Model(x, outputs)
    first, second = model.call(ops.convert_to_tensor(np.arange(10, dtype="float32").reshape(2, 5)))
    assert numpy(first).tolist() == [[0, 1], [5, 6]]
    assert numpy(second).shape == (2, 3)


def test_a_model_with_operations_goes_through_its_config_a_file_a_clone_and_a_pickle(backend, tmp_path):
    x = Input((3,))
    shared = Scaled(2.0)
    model = Model(x, Dense(2)(shared(shared(x))))
    expected = numpy(model(X))
    model.save(tmp_path / "model.keras")
    made = [load_model(tmp_path / "model.keras"), model_from_json(model.to_json()), clone_model(model)]
    for other in made[1:]:
        other.set_weights(model.get_weights())
    for other in [*made, pickle.loads(pickle.dumps(model))]:
        np.testing.assert_allclose(numpy(other(X)), expected, rtol=1e-6)
        assert [type(each).__name__ for each in other.operations] == ["InputLayer", "Scaled", "Dense"]


def test_an_operation_without_get_config_gives_its_arguments():
    operation = Scaled(2.5, name="scaled")
    assert operation.get_config() == {"name": "scaled", "factor": 2.5}
    again = Scaled.from_config(operation.get_config())
    assert (again.name, again.factor) == ("scaled", 2.5)


def test_names_are_made_up_or_given():
    assert Scaled(1.0).name.startswith("scaled")
    assert repr(Scaled(1.0, name="mine")) == "<Scaled name=mine>"
    with pytest.raises(ArgumentError, match="'a/b' can not be a layer's name"):
        Scaled(1.0, name="a/b")


def test_an_operation_without_call_says_so():
    class Empty(Operation):
        pass

    with pytest.raises(MissingMethod, match="Empty has no call\n  fix: define Empty.call"):
        Empty()(1.0)


def test_layers_and_functional_models_are_operations(backend):
    x = Input((3,))
    layer = Dense(2)
    functional, sequential = Model(x, layer(x)), Sequential([Dense(1)])
    assert all(isinstance(each, Operation) for each in (layer, functional, sequential))
    assert [isinstance(each, Function) for each in (layer, functional, sequential)] == [False, True, False]
    assert issubclass(Layer, Operation)


def test_a_function_runs_the_calls_between_symbols(backend):
    x, y = Input((3,), name="x"), Input((3,), name="y")
    hidden = ops.tanh(x)
    function = Function({"x": hidden, "y": y}, [ops.add(hidden, y), ops.subtract(hidden, y)], name="both")
    total, difference = function({"x": X, "y": X * 2})
    assert numpy(total).tolist() == [[3.0, 6.0, 9.0]]
    assert numpy(difference).tolist() == [[-1.0, -2.0, -3.0]]
    assert function.compute_output_shape({"x": (7, 3), "y": (7, 3)}) == [(7, 3), (7, 3)]
    assert [each.name for each in function.inputs] == [hidden.name, "y"]
    assert [each.name for each in function.operations] == ["y", "add", "subtract"]
    again = function({"x": Input((3,)), "y": Input((3,))})
    assert [each.shape for each in again] == [(None, 3)] * 2
    with pytest.raises(ArgumentError, match="outputs must be symbolic tensors; found a ndarray"):
        Function(x, X)
    with pytest.raises(ArgumentError, match="Function has no get_config, and its argument inputs is no plain data"):
        function.get_config()


def test_a_name_scope_is_before_the_paths_of_what_is_made_in_it(backend):
    layer = Dense(2, name="dense")
    with name_scope("outer"):
        first = Variable([1.0], name="first")
        with name_scope("inner"):
            layer.build((None, 3))
            second = Variable([1.0], name="second")
    assert [v.path for v in (first, second)] == ["outer/first", "outer/inner/second"]
    assert [v.path for v in layer.weights] == ["outer/inner/dense/kernel", "outer/inner/dense/bias"]
    assert Variable([1.0], name="after").path == "after"
    with pytest.raises(ArgumentError, match="'a/b' can not be a part of a path\n  fix: use a string without /"):
        name_scope("a/b")
    with pytest.raises(ArgumentError, match="it takes no depth"):
        name_scope("a", depth=2)


def test_a_symbolic_scope_changes_nothing(backend):
    with SymbolicScope():
        assert numpy(ops.add(ops.convert_to_tensor(X), 1)).tolist() == [[2.0, 3.0, 4.0]]
        assert ops.add(Input((3,)), 1).shape == (None, 3)


def test_layers_go_through_plain_data(backend):
    layer = Dense(3, activation="relu", name="mine")
    again = deserialize(serialize(layer))
    assert again.get_config() == layer.get_config()
    with pytest.raises(ArgumentTypeError, match="'dense' is not a layer"):
        serialize("dense")
    with pytest.raises(ArgumentTypeError, match="the config is that of .*Zeros.*, which is not a layer"):
        deserialize({"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None})
