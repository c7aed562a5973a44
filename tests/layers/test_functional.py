"""Functional models: graphs of calls, inputs matched by name, sizes that are not known, copies and configs."""

from __future__ import annotations

import copy
import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Functional, Input, Layer, Model, Sequential
from kcore_layers.files import load_model
from kcore_layers.layers import Add, Dense, Dropout, ReversibleEmbedding
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.arange(6, dtype="float32").reshape(2, 3)


def values(x):
    return ops.convert_to_numpy(x)


def test_ops_and_layers_make_a_graph(backend):
    x = Input((3,))
    dense = Dense(2)
    model = Model(x, ops.exp(dense(x)[:, 0] + 1) * 2)
    assert isinstance(model, Functional)
    assert model.output_shape == (None,)
    np.testing.assert_allclose(values(model(X)), 2 * np.exp(values(dense(X))[:, 0] + 1), rtol=1e-5)


def test_a_shared_layer_has_one_set_of_weights(backend):
    x = Input((3,))
    shared = Dense(3)
    model = Model(x, shared(shared(x)))
    assert len(model.weights) == 2 and model.layers.count(shared) == 1
    np.testing.assert_allclose(values(model(X)), values(shared(shared(X))), rtol=1e-5)


def test_a_model_inside_a_model_is_a_layer(backend):
    x = Input((3,))
    inner = Model(x, Dense(3, name="d")(x), name="inner")
    y = Input((3,))
    outer = Model(y, inner(inner(y)), name="outer")
    assert [layer.name for layer in outer.layers][1:] == ["inner"]
    assert len(outer.weights) == 2
    np.testing.assert_allclose(values(outer(X)), values(inner(inner(X))), rtol=1e-5)


def pair():
    left, right = Input((3,), name="left"), Input((2,), name="right")
    return {"left": left, "right": right}, Dense(2, name="head")(left) - right


ONES = np.ones((2, 2), "float32")


@pytest.mark.parametrize("form", [dict, list, tuple])
def test_inputs_are_taken_in_the_form_they_were_given_or_by_name(backend, form):
    named, output = pair()
    model = Model(named if form is dict else form(named.values()), output)
    expected = values(model({"left": X, "right": ONES}))
    np.testing.assert_array_equal(values(model({"right": ONES, "left": X})), expected)
    if form is not dict:
        np.testing.assert_array_equal(values(model([X, ONES])), expected)
        np.testing.assert_array_equal(values(model((X, ONES))), expected)


def test_names_that_do_not_match_are_refused(backend):
    named, output = pair()
    model = Model(named, output, name="two")
    with pytest.raises(ArgumentError, match="do not match by name; missing: 'right'; unknown: 'rigth'") as caught:
        model({"left": X, "rigth": ONES})
    assert str(caught.value) == (
        'ArgumentError in layer "two"\n'
        "  inputs of model \"two\" do not match by name; missing: 'right'; unknown: 'rigth'\n"
        "  fix: pass a dict with the keys 'left', 'right'"
    )


class Maybe(Layer):
    def call(self, x, y=None):
        return x if y is None else x + y


@pytest.mark.parametrize("form", [dict, list])
def test_none_is_refused_for_an_input_that_is_needed(backend, form):
    left, right = Input((2,), name="left"), Input((2,), name="right")
    named = {"left": left, "right": right}
    model = Model(named if form is dict else list(named.values()), Maybe()(left, right), name="net")
    data = {"left": ONES, "right": None}
    with pytest.raises(
        ArgumentError, match="input 'right' of model \"net\" is None, and the model needs it\n  fix: .*optional=True"
    ):
        model(data if form is dict else list(data.values()))
    with pytest.raises(ArgumentError, match="input 'left' of model \"one\" is None"):
        Model(left, Dense(1)(left), name="one")(None)


def test_none_is_taken_for_an_input_that_is_optional(backend):
    left, right = Input((2,), name="left"), Input((2,), name="right", optional=True)
    model = Model([left, right], Maybe()(left, right))
    again = Model.from_config(model.get_config(), custom_objects={"Maybe": Maybe})
    for each in (model, again, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(values(each([ONES, None])), ONES)
        np.testing.assert_array_equal(values(each([ONES, ONES])), 2 * ONES)


def test_layers_cast_their_inputs_and_add_no_calls_for_it(backend):
    x = Input((3,))
    model = Model(x, Dense(1, dtype="mixed_float16")(x))
    assert [type(each).__name__ for each in model.operations] == ["InputLayer", "Dense"]
    assert model.outputs[0].dtype == "float16" and ops.dtype(model(X)) == "float16"


@pytest.mark.parametrize("form", [tuple, list, dict])
def test_the_form_of_the_outputs_is_kept_by_the_config(backend, form):
    x = Input((3,))
    outputs = {"a": (Dense(1)(x), Dense(2)(x)), "b": [Dense(3)(x)]}
    model = Model((x,), outputs if form is dict else form(outputs["a"]))
    again = Model.from_config(model.get_config())
    assert isinstance(again.input, tuple) and type(again((X,))) is form
    assert ops.tree.map_structure(lambda t: t.shape, again.output) == model.output_shape


def test_outputs_come_in_the_form_the_model_was_made_with(backend):
    x = Input((3,))
    a, b = Dense(1)(x), Dense(2)(x)
    as_dict = Model(x, {"a": a, "b": [b]})(X)
    assert list(as_dict) == ["a", "b"] and isinstance(as_dict["b"], list)
    assert [tuple(y.shape) for y in Model(x, [a, b])(X)] == [(2, 1), (2, 2)]
    assert isinstance(Model(x, (a, b))(X), tuple)
    assert Model(x, {"a": a, "b": b}).output_names == ["a", "b"]


def test_sizes_not_known_are_settled_by_each_call(backend):
    x = Input((None, 3))
    model = Model(x, ops.reshape(Dense(2)(x), (ops.shape(x)[0], -1)))
    assert model.output_shape == (None, None)
    for batch, steps in ((2, 5), (3, 1)):
        assert tuple(model(np.ones((batch, steps, 3), "float32")).shape) == (batch, 2 * steps)


def test_the_training_flag_reaches_the_layers_of_the_graph(backend):
    x = Input((1000,))
    model = Model(x, Sequential([Dropout(0.5, seed=1)])(Dropout(0.5, seed=2)(x)))
    ones = np.ones((1, 1000), "float32")
    assert (values(model(ones)) == 1).all()
    assert (values(model(ones, training=False)) == 1).all()
    kept = (values(model(ones, training=True)) > 0).mean()
    assert 0.15 < kept < 0.35
    always = Model(x, Dropout(0.5, seed=3)(x, training=True))
    assert (values(always(ones)) == 0).any()


def test_an_output_that_depends_on_something_else_is_refused(backend):
    x, y = Input((3,), name="x"), Input((3,), name="y")
    with pytest.raises(
        ArgumentError, match=r"in Model\n  the outputs depend on 'y' of shape \(None, 3\).*\n  fix: add it"
    ):
        Model(x, Add()([x, y]))


def test_names_of_layers_must_differ(backend):
    x = Input((3,))
    with pytest.raises(
        ArgumentError, match="several layers are named 'd'\n  fix: give each layer of a model its own name"
    ):
        Model(x, Dense(3, name="d")(Dense(3, name="d")(x)))


def test_outputs_must_be_symbolic(backend):
    x = Input((3,))
    with pytest.raises(
        ArgumentError, match="outputs must be symbolic tensors; found a .*\n  fix: make them with Input"
    ):
        Model(x, [Dense(1)(x), X])


def test_a_wrong_shape_names_the_input(backend):
    named, output = pair()
    model = Model(named, output, name="two")
    with pytest.raises(ShapeError, match=r"(?s)left.*\(2, 7\)"):
        model({"left": np.ones((2, 7), "float32"), "right": ONES})


def test_layers_in_attributes_are_state_and_not_of_the_graph(backend):
    class Net(Model):
        def __init__(self):
            x = Input((3,))
            super().__init__(x, Dense(2, name="inside")(x))
            self.extra = Dense(1, name="extra")
            self.extra.build((None, 3))

    model = Net()
    assert [layer.name for layer in model.layers][1:] == ["inside"]
    assert len(model.weights) == 4
    assert tuple(model(X).shape) == (2, 2)


def test_a_subclass_may_compute_more_than_its_graph(backend):
    class Doubled(Model):
        def call(self, x, training=None, mask=None):
            return 2 * super().call(x)

    x = Input((3,))
    model = Doubled(x, x + 1)
    np.testing.assert_array_equal(values(model(X)), 2 * (X + 1))


def everything():
    x, y = Input((3,), name="x"), Input((3,), name="y")
    shared = Dense(3, name="shared")
    z = Add(name="add")([shared(x), shared(y)]) + 1
    z = ops.concatenate([z, x * 2.0], axis=-1)
    z = Sequential([Dense(2, name="inside")], name="inner")(z)
    return Model({"x": x, "y": y}, {"z": z, "first": ops.split(z, 2, axis=1)[0]}, name="everything")


def test_it_is_the_same_model_after_its_config_a_copy_and_a_pickle(backend):
    model = everything()
    inputs = {"x": X, "y": X + 1}
    expected = model(inputs)
    again = Functional.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for other in (again, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        found = other(inputs)
        assert list(found) == ["z", "first"]
        for name in found:
            np.testing.assert_array_equal(values(found[name]), values(expected[name]))
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
        other.get_layer("shared").kernel.assign(np.zeros((3, 3)))
    np.testing.assert_array_equal(values(model(inputs)["z"]), values(expected["z"]))


def test_a_long_chain_is_run_copied_and_pickled_without_recursion(backend):
    x = Input((3,))
    y = x
    for _ in range(1500):
        y = y + 1
    model = pickle.loads(pickle.dumps(copy.deepcopy(Model(x, y))))
    np.testing.assert_array_equal(values(model(X)), X + 1500)


@pytest.mark.needs("gradient")
def test_gradients_flow_through_a_graph(backend):
    x = Input((3,))
    model = Model(x, ops.sum(Dense(1, kernel_initializer="ones")(x) ** 2))

    def loss(kernel):
        y, _ = model.stateless_call([kernel, np.zeros(1, "float32")], [], X)
        return y

    gradient = values(ops.grad(loss)(ops.ones((3, 1))))
    np.testing.assert_allclose(gradient, 2 * X.T @ X.sum(1, keepdims=True), rtol=1e-5)


def test_a_layer_of_the_frameworks_own_functions_can_stand_in_a_graph(backend):
    class Native(Layer):
        def call(self, x):
            assert isinstance(x, backend.tensor_types)
            return abs(x)  # what the framework itself makes of it

    x = Input((None, 3))
    y = Native()(x)
    assert y.shape == (None, None, 3)
    np.testing.assert_array_equal(values(Model(x, y)(-X[None])), X[None])


def test_a_layer_with_an_attribute_called_function_is_called_itself(backend):
    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.function = abs

        def call(self, x):
            return 2 * self.function(x)

    x = Input((3,))
    model = Model(x, Twice()(x))
    assert np.array_equal(values(model(-np.ones((1, 3), "float32"))), [[2.0, 2.0, 2.0]])


def test_a_flag_passed_by_name_is_passed_on_by_name_from_files_too(backend, tmp_path):
    layer = ReversibleEmbedding(5, 3)
    inputs = Input((2,), dtype="int32")
    model = Model(inputs, layer(layer(inputs), reverse=True))
    x = np.array([[0, 4]])
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(ops.convert_to_numpy(again(x)), ops.convert_to_numpy(model(x)))
    assert ops.convert_to_numpy(model(x)).shape == (1, 2, 5)
