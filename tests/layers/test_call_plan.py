"""The general path of a call is the specification; the plan made from it must give the same, whatever has changed."""

import threading

import kcore_ops as ops
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kcore_layers import InputSpec, Model
from kcore_layers.base.call_plan import drop_plan
from kcore_layers.base.layer import Layer
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.layers import LSTM, BatchNormalization, Dense, Dropout, Masking
from kcore_layers.options import regularizers
from kcore_ops.dtype_policies import DTypePolicyMap

X = np.arange(6.0, dtype="float32").reshape(2, 3)


class Probe(Layer):
    """Notes what its call saw."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.w = self.add_weight(shape=(), initializer="ones")
        self.seen = []

    def call(self, x, training=None, mask=None):
        value = ops.native(self.w)
        self.seen.append((training, None if mask is None else ops.convert_to_numpy(mask).tolist(), ops.dtype(value)))
        return x * value


class Host(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.probe = Probe()

    def call(self, x):
        return self.probe(x)


class TrainsUnlessTold(Host):
    def call(self, x, training=True):
        return self.probe(x)


def seen(layer):
    probe = layer if isinstance(layer, Probe) else layer.probe
    return probe.seen


def test_a_flag_that_is_a_default_reaches_layers_inside_in_every_call(backend):
    layer = TrainsUnlessTold()
    for _ in range(3):
        layer(ops.convert_to_tensor(X))
    layer(ops.convert_to_tensor(X), training=False)
    assert [flag for flag, _, _ in seen(layer)] == [True, True, True, False]


def _spec(layer, drawn):
    layer.input_spec = drawn


CHANGES = {
    "input_spec of a rank": lambda layer: _spec(layer, InputSpec(ndim=2)),
    "input_spec that does not fit": lambda layer: _spec(layer, InputSpec(ndim=5)),
    "input_spec in a list": lambda layer: _spec(layer, [InputSpec(ndim=2)]),
    "no input_spec": lambda layer: _spec(layer, None),
    "autocast off": lambda layer: setattr(layer, "autocast", False),
    "autocast on": lambda layer: setattr(layer, "autocast", True),
    "another policy": lambda layer: setattr(layer, "dtype_policy", "mixed_bfloat16"),
    "a map of policies": lambda layer: setattr(layer, "dtype_policy", DTypePolicyMap("float32")),
    "an entry of the map": lambda layer: _change_map(layer),
    "the first policy": lambda layer: setattr(layer, "dtype_policy", "float32"),
    "a regularizer": lambda layer: setattr(layer, "activity_regularizer", regularizers.L2(0.1)),
    "no regularizer": lambda layer: setattr(layer, "activity_regularizer", None),
    "no masks": lambda layer: setattr(layer, "supports_masking", False),
    "masks": lambda layer: setattr(layer, "supports_masking", True),
    "another call": lambda layer: setattr(layer, "call", lambda x, training=None, mask=None: x + 1),
    "the class's call": lambda layer: layer.__dict__.get("call") and delattr(layer, "call"),
    "a mode": lambda layer: layer.train(True) if hasattr(layer, "train") else None,
    "another mode": lambda layer: layer.eval() if hasattr(layer, "eval") else None,
}


def _change_map(layer):
    policy = layer.dtype_policy
    if isinstance(policy, DTypePolicyMap) and layer.path not in policy:
        policy[layer.path] = "mixed_bfloat16"


def outcome(layer, x, kwargs):
    """Give all that a call shows: what it returned or raised, what layers inside saw, masks and losses."""
    count = len(seen(layer))
    try:
        y = layer(x, **kwargs)
    except Exception as error:
        return type(error), str(error)
    mask = get_mask(y)
    return (
        ops.dtype(y),
        np.asarray(ops.convert_to_numpy(y), "float32").tolist(),
        None if mask is None else ops.convert_to_numpy(mask).tolist(),
        seen(layer)[count:],
        [float(ops.convert_to_numpy(loss)) for loss in layer.losses],
    )


STEP = st.tuples(
    st.sampled_from(sorted(CHANGES)),
    st.sampled_from([{}, {"training": True}, {"training": False}]),
    st.booleans(),
    st.sampled_from(["float32", "float16"]),
)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from([Probe, Host, TrainsUnlessTold]), steps=st.lists(STEP, min_size=1, max_size=4))
def test_a_plan_gives_what_the_general_path_gives(backend, kind, steps):
    planned, general = kind(name="layer"), kind(name="layer")
    for change, kwargs, is_masked, dtype in steps:
        check_after(change, planned, general, kwargs, is_masked, dtype)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [Probe, Host, TrainsUnlessTold])
def test_a_change_is_seen_by_the_next_call(backend, kind, change):
    check_after(change, kind(name="layer"), kind(name="layer"), {}, False, "float32")


def check_after(change, planned, general, kwargs, is_masked, dtype):
    """Call two layers, one by its plan and one without, after the same change."""
    x = ops.convert_to_tensor(X.astype(dtype))
    for _ in range(2):
        outcome(planned, x, {})
    for layer in (planned, general):
        CHANGES[change](layer)
    if is_masked:
        set_mask(x, ops.convert_to_tensor(np.array([True, False])))
    for _ in range(2):
        for layer in general._kcore_sublayers():
            drop_plan(layer)
        assert outcome(planned, x, kwargs) == outcome(general, x, kwargs)


def test_plans_are_made_at_all(backend):
    layer, x = Dense(2), ops.convert_to_tensor(X)
    layer(x)
    assert layer._kcore_plan is not None
    layer.input_spec = None
    assert layer._kcore_plan is None


def test_eight_threads_build_one_model_once_and_give_the_same(backend):
    built, results, errors = [], [], []

    class Slow(Layer):
        def build(self, input_shape):
            built.append(threading.get_ident())
            self.w = self.add_weight(shape=(input_shape[-1], 2))

        def call(self, x):
            return ops.matmul(x, self.w)

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = Slow(), Dense(3)

        def call(self, x):
            return self.second(self.first(x))

    model, start = Net(), threading.Barrier(8)

    def run():
        try:
            with ops.use_backend(backend.name):
                start.wait()
                for _ in range(5):
                    results.append(ops.convert_to_numpy(model(X)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(built) == 1 and len(model.weights) == 3
    assert len(results) == 40 and all(np.allclose(y, results[0], atol=1e-6) for y in results)


def test_a_weight_made_in_each_call_is_refused(backend):
    class Late(Layer):
        def call(self, x):
            self.w = self.add_weight(shape=())
            return x

    layer = Late()
    layer(X)
    for _ in range(2):
        with pytest.raises(ValueError, match="a weight was made in call, of a layer that is built"):
            layer(X)
    assert len(layer.weights) == 1


def test_numbers_and_flags_by_position_are_refused_and_none_is_not(backend):
    class Two(Layer):
        def call(self, x, other=None):
            return x

    for value in (True, 1, 0.5, "no", [1, 2]):
        with pytest.raises(ValueError, match="by position, where a layer takes tensors only"):
            Two()(X, value)
    assert tuple(Two()(X, None).shape) == (2, 3)


def test_build_is_told_the_shape_of_any_argument_by_name(backend):
    class Attending(Layer):
        def build(self, x_shape, attention_mask_shape=None):
            self.told = attention_mask_shape

        def call(self, x, attention_mask=None):
            return x

    layer = Attending()
    layer(X, attention_mask=np.ones((2, 1), bool))
    assert tuple(layer.told) == (2, 1)


def test_a_shape_that_build_asks_for_and_call_does_not_take_is_named(backend):
    class Other(Layer):
        def build(self, x_shape, z_shape):
            pass

        def call(self, x, y):
            return x + y

    with pytest.raises(ValueError, match="build takes z_shape, and call has no such argument"):
        Other()(X, X)


def test_an_explicit_mask_goes_on_with_the_output_and_not_with_the_input(backend):
    layer, x = Probe(), ops.convert_to_tensor(X)
    layer.call = lambda x, training=None, mask=None: x
    y = layer(x, mask=ops.convert_to_tensor(np.array([True, False])))
    assert ops.convert_to_numpy(get_mask(y)).tolist() == [True, False]
    assert get_mask(x) is None


def test_a_layer_that_returns_its_input_leaves_the_callers_mask(backend):
    class Drops(Layer):
        def call(self, x):
            return x

        def compute_mask(self, x, previous_mask=None):
            return ops.convert_to_tensor(np.array([False, False]))

    x = Masking(mask_value=9.0)(ops.convert_to_tensor(X[..., None]))
    before = ops.convert_to_numpy(get_mask(x))
    y = Drops()(x)
    assert not ops.convert_to_numpy(get_mask(y)).any()
    assert np.array_equal(ops.convert_to_numpy(get_mask(x)), before) and before.all()


def test_a_rule_for_shapes_is_asked_and_call_is_not_run(backend):
    class Halves(Layer):
        def call(self, x):
            raise RuntimeError("call was run to find a shape")

        def compute_output_shape(self, shape):
            return shape[0], shape[1] // 2

    from kcore_layers import Input

    assert tuple(Halves()(Input((6,))).shape) == (None, 3)
    assert Halves(dtype="float16").compute_output_spec(ops.TensorSpec((4, 6))).dtype == "float16"


def test_a_call_that_insists_on_its_mask_is_told_a_symbolic_one(backend):
    class Needs(Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x, mask=None):
            if mask is None:
                raise RuntimeError("no mask")
            return x * ops.expand_dims(ops.cast(mask, "float32"), -1)

    from kcore_layers import Input, Sequential

    model = Sequential([Input((2, 3)), Masking(), Needs()])
    assert tuple(model(np.ones((1, 2, 3), "float32")).shape) == (1, 2, 3)


@pytest.mark.parametrize("kind", [lambda: Dropout(0.5), BatchNormalization])
def test_a_symbolic_call_changes_no_variable_however_warm(backend, kind):
    from kcore_layers import Input

    layer = kind()
    layer(X, training=True)
    for _ in range(3):
        layer(X, training=True)
    before = [v.numpy() for v in layer.variables]
    for _ in range(3):
        layer(Input((3,)), training=True)
        layer.compute_output_spec(ops.TensorSpec((None, 3)), training=True)
    assert all(np.array_equal(v.numpy(), old) for v, old in zip(layer.variables, before, strict=True))


def test_a_layer_whose_masks_follow_its_inputs_has_a_plan_that_gives_way_to_a_mask(backend):
    class Own(LSTM):
        def compute_mask(self, inputs, mask=None):
            return ops.ones((2, 3), "bool")

    x = np.arange(12.0, dtype="float32").reshape(2, 3, 2)
    layer, own = LSTM(2, return_sequences=True), Own(2, return_sequences=True)
    plain = [ops.convert_to_numpy(layer(ops.convert_to_tensor(x))) for _ in range(2)]
    np.testing.assert_array_equal(plain[0], plain[1])
    for _ in range(2):
        assert ops.convert_to_numpy(get_mask(own(ops.convert_to_tensor(x)))).all()
    assert layer._kcore_plan is not None and own._kcore_plan is None
    mask = ops.convert_to_tensor(np.array([[True, True, False], [True, False, False]]))
    masked = ops.convert_to_tensor(x.copy())
    set_mask(masked, mask)
    found = layer(masked)
    np.testing.assert_array_equal(ops.convert_to_numpy(get_mask(found)), ops.convert_to_numpy(mask))
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), ops.convert_to_numpy(layer(ops.convert_to_tensor(x), mask=mask)), rtol=1e-6
    )
    assert get_mask(layer(ops.convert_to_tensor(x))) is None
