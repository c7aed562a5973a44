"""`Layer`: building, calling, losses, masks, precision, configs, and errors that leave nothing half-done."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, InputSpec, Layer, Model, Sequential
from kcore_layers.layers import Dense, Dropout, Identity, MaxPooling2D, ReLU
from kcore_ops import dtype_policies
from kcore_ops.foundation.errors import ArgumentError, ShapeError

X = np.arange(6, dtype="float32").reshape(2, 3)


def values(x):
    return ops.convert_to_numpy(x)


class Linear(Layer):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones")

    def call(self, x):
        return ops.matmul(x, self.w)


# Calls.


def test_the_first_call_builds(backend):
    layer = Linear(name="linear")
    assert not layer.built
    assert layer.weights == []
    y = layer(X)
    assert layer.built
    assert isinstance(y, backend.tensor_types)
    np.testing.assert_array_equal(values(y), X @ np.ones((3, 2)))
    assert layer.get_build_config() == {"input_shape": (2, 3)}


def test_the_hundredth_call_gives_what_the_first_does(backend):
    layer = Linear()
    first = values(layer(X))
    x = ops.convert_to_tensor(X)
    for _ in range(3):
        np.testing.assert_array_equal(values(layer(x)), first)
    np.testing.assert_array_equal(values(layer(x=x)), first)
    np.testing.assert_array_equal(values(layer(X.tolist())), first)


@pytest.mark.parametrize("dtype", ["float64", "float16", "float32"])
def test_arrays_are_cast_to_what_the_layer_computes_in(backend, dtype):
    assert backend.dtype(Linear()(X.astype(dtype))) == "float32"
    assert backend.dtype(Linear(dtype="float16")(X.astype(dtype))) == "float16"


def test_integers_stay_integers_on_the_way_in(backend):
    class Kind(Layer):
        def call(self, x):
            self._kcore_set_untracked("seen", backend.dtype(x))
            return x

    layer = Kind()
    layer(np.array([1, 2], "int32"))
    assert layer.seen == "int32"


def test_mixed_precision_computes_narrow_and_keeps_wide(backend):
    layer = Linear(dtype="mixed_float16")
    y = layer(X)
    assert (backend.dtype(y), layer.w.dtype, layer.compute_dtype) == ("float16", "float32", "float16")


def test_a_layer_without_autocast_takes_what_it_is_given(backend):
    class Same(Layer):
        def call(self, x):
            return x

    assert backend.dtype(Same(autocast=False)(X.astype("float16"))) == "float16"


def test_a_layer_belongs_to_the_backend_it_was_made_on(backend, other_backend):
    layer = Linear()
    with ops.use_backend(other_backend.name):
        assert isinstance(layer(X), backend.tensor_types)
        assert isinstance(Linear()(X), other_backend.tensor_types)
    assert layer._kcore_backend is backend


class TakesTraining(Layer):
    def call(self, x, training=None):
        self._kcore_set_untracked("seen", training)
        return x


class Around(Layer):
    def __init__(self):
        super().__init__()
        self.inner = TakesTraining()

    def call(self, x):
        return self.inner(x)


@pytest.mark.parametrize("training", [True, False])
def test_the_training_flag_reaches_layers_inside(backend, training):
    outer = Sequential([Around()])
    for _ in range(3):
        outer(ops.convert_to_tensor(X), training=training)
        assert outer.layers[0].inner.seen is training
    outer(X)
    assert outer.layers[0].inner.seen is None


def test_a_flag_that_is_passed_wins(backend):
    class Never(Around):
        def call(self, x):
            return self.inner(x, training=False)

    layer = Never()
    layer(X, training=True)
    assert layer.inner.seen is False


def test_several_tensors_build_by_their_names(backend):
    class Pair(Layer):
        def build(self, left_shape, right_shape):
            self.shapes = (left_shape, right_shape)

        def call(self, left, right):
            return left + right

    layer = Pair()
    np.testing.assert_array_equal(values(layer(X, right=X)), 2 * X)
    assert layer.shapes == ((2, 3), (2, 3))


def test_layers_made_in_init_are_built_as_call_reaches_them(backend):
    class Two(Layer):
        def __init__(self):
            super().__init__(name="two")
            self.first, self.second = Linear(4, name="first"), Linear(1, name="second")

        def call(self, x):
            return self.second(self.first(x))

    for build in (lambda layer: layer(X), lambda layer: layer.build((None, 3)), lambda layer: layer(Input((3,)))):
        layer = Two()
        build(layer)
        assert [(w.path, w.shape) for w in layer.weights] == [("two/first/w", (3, 4)), ("two/second/w", (4, 1))]


def test_the_shape_of_the_output_is_known_without_a_call(backend):
    layer = Linear(5)
    assert layer.compute_output_shape((None, 3)) == (None, 5)
    assert not layer.built and layer.weights == [] and not hasattr(layer, "w")
    model = Sequential([Linear(4), Linear(5)])
    assert model.compute_output_shape((None, 3)) == (None, 5)
    assert not model.built and not any(each.built for each in model.layers)
    spec = Dense(5, dtype="float16").compute_output_spec(ops.TensorSpec((4, 3), "float16"))
    assert (spec.shape, spec.dtype) == ((4, 5), "float16")


def test_symbolic_and_eager_calls_agree_on_shapes(backend):
    layer = Linear(5)
    assert layer(Input((7, 3))).shape == (None, 7, 5)
    assert tuple(layer(np.ones((2, 7, 3), "float32")).shape) == (2, 7, 5)


# Errors.


def test_a_wrong_shape_names_layer_and_sizes(backend):
    model = Sequential([Input((3,)), Dense(2, name="head")], name="net")
    with pytest.raises(ShapeError, match="axis -1 must have size 3 and has size 4") as caught:
        model.layers[0](np.ones((2, 4), "float32"))
    assert str(caught.value) == (
        'ShapeError in layer "net/head"\n'
        "  the input has shape (2, 4): axis -1 must have size 3 and has size 4\n"
        "  fix: pass a tensor with at least 2 axes and 3 at axis -1"
    )


def test_an_input_spec_of_a_class_is_held_to(backend):
    class Images(Layer):
        input_spec = InputSpec(ndim=4)

        def call(self, x):
            return x

    with pytest.raises(ShapeError, match=r"the input has shape \(2, 3\): it must have 4 axes and has 2"):
        Images()(X)


def test_an_unknown_argument_is_named(backend):
    with pytest.raises(ArgumentError, match="Linear has no argument 'unit'\n  fix: did you mean 'units'"):
        Linear(unit=3)
    with pytest.raises(ArgumentError, match="Linear has no argument 'unit', 'tranable'\n.*'units', 'trainable'"):
        Linear(unit=3, tranable=False)
    with pytest.raises(ArgumentError, match="no argument 'size'\n  fix: use one of units, activity_regularizer, train"):
        Linear(size=3)
    with pytest.raises(ArgumentError, match=r"call\(x\): .*'mask'\n  fix: pass what call takes"):
        Linear()(X, mask=None)


def test_a_name_with_a_slash_is_refused(backend):
    with pytest.raises(ArgumentError, match="'a/b' can not be a layer's name"):
        Linear(name="a/b")


def test_a_class_that_forgets_to_call_init_is_told_so(backend):
    class Forgetful(Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    with pytest.raises(
        ArgumentError, match=r"Forgetful.__init__ did not call super\(\).__init__\(\)\n  fix: call it first"
    ):
        Forgetful()(X)


def test_a_layer_without_call_says_so(backend):
    with pytest.raises(NotImplementedError, match='in layer "empty"\n  Layer has no call\n  fix: define Layer.call'):
        Layer(name="empty")(X)


def test_an_unknown_size_that_weights_depend_on_is_named(backend):
    with pytest.raises(ShapeError, match=r"a variable can not have unknown sizes: \(None, 2\)"):
        Linear()(Input((None,)))


def test_an_error_in_call_says_which_layer_it_was(backend):
    class Broken(Layer):
        def call(self, x):
            raise RuntimeError("no luck")

    model = Sequential([Broken(name="broken")], name="net")
    with pytest.raises(RuntimeError, match="no luck") as caught:
        model(X)
    assert caught.value.__notes__ == ['kcore: in layer "net/broken" (Broken)']


def test_nothing_is_half_built_after_an_error(backend):
    class Late(Layer):
        def __init__(self):
            super().__init__()
            self.first = Linear(4)
            self.fails = True

        def build(self, input_shape):
            self.own = self.add_weight(shape=(3,))
            self.first.build(input_shape)
            if self.fails:
                raise RuntimeError("no luck")

        def call(self, x):
            return self.first(x)

    layer = Late()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no luck"):
            layer(X)
        assert not layer.built and not layer.first.built
        assert layer.weights == [] and not hasattr(layer, "own") and not hasattr(layer.first, "w")
    layer.fails = False
    layer(X)
    assert len(layer.weights) == 2 and layer.built


def test_an_error_in_a_call_after_the_build_leaves_inner_layers_unbuilt(backend):
    class Tail(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Linear(4)

        def call(self, x):
            ops.matmul(self.inner(x), np.ones((5, 2), "float32"))

    layer = Tail()
    with pytest.raises(ShapeError, match="matmul"):
        layer(X)
    assert not layer.built and not layer.inner.built and layer.weights == []


# Losses.


class Penalty(Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        return x


def test_losses_are_those_of_the_last_call(backend):
    layer = Penalty()
    model = Sequential([layer, layer.__class__()])
    for factor in (1, 2):
        model(ops.convert_to_tensor(factor * X))
        assert [float(values(loss)) for loss in model.losses] == [15.0 * factor] * 2
    model._kcore_clear_losses()
    assert model.losses == []


def test_regularizers_of_weights_and_outputs_are_losses(backend):
    layer = Dense(2, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer="l1", use_bias=False)
    layer(X)
    found = sorted(float(values(loss)) for loss in layer.losses)
    # l1 of the outputs for each of the two samples, and l2 of six ones, each by a hundredth.
    np.testing.assert_allclose(found, [0.06, 0.01 * 30 / 2], rtol=1e-5)


def test_shapes_are_inferred_without_losses(backend):
    layer = Penalty()
    layer(Input((3,)))
    assert layer.losses == []


def test_stateless_call_gives_losses_and_leaves_the_layer_as_it_was(backend):
    class Counting(Layer):
        def __init__(self):
            super().__init__()
            self.count = self.add_weight(shape=(), initializer="ones", trainable=False)
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            self.count.assign_add(1.0)
            self.add_loss(ops.sum(x * self.scale))
            return x * self.scale

    layer = Counting()
    with pytest.raises(ArgumentError, match='in layer "counting.*"\n  stateless_call needs a built layer'):
        layer.stateless_call([], [], X)
    layer(X)
    y, rest, losses = layer.stateless_call([np.float32(3)], [np.float32(7)], X, return_losses=True)
    np.testing.assert_array_equal(values(y), 3 * X)
    assert [float(values(v)) for v in rest] == [8.0]
    assert [float(values(loss)) for loss in losses] == [45.0]
    assert (layer.count.numpy(), layer.scale.numpy()) == (2.0, 1.0)
    with pytest.raises(ArgumentError, match="2 trainable_variables were given and the layer has 1"):
        layer.stateless_call([1.0, 2.0], [0.0], X)


# Masks.


class MakesMask(Layer):
    def call(self, x):
        return x + 0

    def compute_mask(self, x, previous=None):
        return ops.not_equal(x[..., 0], 0)


class SeesMask(Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, x, mask=None):
        self._kcore_set_untracked("seen", None if mask is None else values(mask))
        return x * 2


class Opaque(Layer):
    def call(self, x):
        return x + 1


def test_a_mask_travels_through_layers_that_support_it(backend):
    x = np.array([[[1.0], [0.0]]], "float32")
    make, first, opaque, second = MakesMask(), SeesMask(), Opaque(), SeesMask()
    second(opaque(first(make(x))))
    np.testing.assert_array_equal(first.seen, [[True, False]])
    assert second.seen is None
    third = SeesMask()
    third(first(make(x)))
    np.testing.assert_array_equal(third.seen, [[True, False]])
    third(ops.convert_to_tensor(x))
    assert third.seen is None


def test_a_mask_travels_through_models(backend):
    x = np.array([[[1.0], [0.0]]], "float32")
    sees = SeesMask()
    Sequential([MakesMask(), SeesMask(), sees])(x)
    np.testing.assert_array_equal(sees.seen, [[True, False]])
    inputs = Input((2, 1))
    Model(inputs, sees(MakesMask()(inputs)))(np.zeros((1, 2, 1), "float32"))
    np.testing.assert_array_equal(sees.seen, [[False, False]])


# Configs.


def test_a_class_without_get_config_is_made_again_of_its_arguments(backend):
    layer = Linear(4, name="mine", dtype="mixed_float16")
    config = layer.get_config()
    assert (config["units"], config["name"]) == (4, "mine")
    again = Linear.from_config(config)
    assert (again.units, again.name, again.dtype_policy.name) == (4, "mine", "mixed_float16")


def test_arguments_that_are_no_plain_data_are_named(backend):
    class Odd(Layer):
        def __init__(self, thing):
            super().__init__()

    with pytest.raises(ArgumentError, match="Odd has no get_config, and its argument thing is no plain data: a object"):
        Odd(object()).get_config()


def test_a_config_that_init_does_not_take_is_named(backend):
    class Strict(Layer):
        def __init__(self, units):
            super().__init__()

        def get_config(self):
            return {}

    with pytest.raises(
        ArgumentError, match="(?s)Strict can not be made of the config {}: .*fix: let Strict.get_config give"
    ):
        Strict.from_config(Strict(3).get_config())


def test_it_can_be_built_from_what_it_was_built_with(backend):
    layer, again = Linear(), Linear()
    layer.build((None, 3))
    again.build_from_config({"input_shape": [None, 3]})
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]


def test_a_map_of_policies_gives_each_layer_its_own_by_its_path(backend):
    policies = dtype_policies.DTypePolicyMap("float32", {"model/small": "mixed_bfloat16"})
    model = Sequential([Dense(2, dtype=policies, name="small"), Dense(2, dtype=policies, name="head")], name="model")
    x = np.ones((1, 3), "float32")
    assert ops.dtype(model(x)) == "float32"
    assert [layer.compute_dtype for layer in model.layers] == ["bfloat16", "float32"]
    assert ops.dtype(model.layers[0](x)) == "bfloat16"


def test_layers_that_have_nothing_to_build_are_built_from_the_start(backend):
    assert all(layer.built for layer in (ReLU(), Dropout(0.5), MaxPooling2D(), Identity()))

    class Plain(Layer):
        def call(self, x):
            return x

    class Outer(Plain):
        def __init__(self):
            super().__init__()
            self.inner = Dense(2)

    class Weighted(Plain):
        def __init__(self):
            super().__init__()
            self.w = self.add_weight(shape=(2,))

    class Checked(Plain):
        def build(self, input_shape):
            self.seen = input_shape

    assert Plain().built and not Outer().built and not Weighted().built and not Dense(2).built and not Layer().built
    layer = Checked()
    assert not layer.built
    layer(np.ones((2, 3), "float32"))
    assert layer.built and layer.seen == (2, 3)
    assert not Model().built
