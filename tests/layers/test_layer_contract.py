"""What holds for every layer: symbolic calls foretell eager ones, configs make equal layers, graphs give the same."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from layer_cases import CASES, drawn, inputs_of, symbols

# These give random numbers while training, and so differ from call to call.
RANDOM = ("Dropout", "Noise")


@pytest.fixture(params=CASES)
def case(request):
    return request.param, *CASES[request.param]


def tensors(x):
    return [ops.convert_to_tensor(each) for each in x] if isinstance(x, list) else ops.convert_to_tensor(x)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def fits(spec, y):
    return len(spec.shape) == len(y.shape) and all(s in (None, n) for s, n in zip(spec.shape, y.shape, strict=True))


def test_a_symbolic_call_foretells_the_eager_one(backend, case):
    _, make, shape, axes = case
    x = inputs_of(shape)
    layer = make()
    y = layer(x)
    exact = layer(symbols(x, None))
    assert tuple(exact.shape) == tuple(y.shape)
    assert exact.dtype == backend.dtype(y)
    without_batch = layer(symbols(x))
    assert fits(without_batch, y)
    assert sum(size is None for size in without_batch.shape) == 1, "only the batch is unknown"
    assert fits(layer(symbols(x, axes)), y)


def test_a_layer_built_on_symbols_is_the_layer_built_on_tensors(backend, case):
    _, make, shape, axes = case
    x = inputs_of(shape)
    layer, other = make(), make()
    layer(symbols(x, axes))
    other(x)
    assert [tuple(v.shape) for v in layer.weights] == [tuple(v.shape) for v in other.weights]
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numbers(layer(x)), numbers(other(x)))


def test_the_saved_layer_is_made_again(backend, case):
    _, make, shape, _ = case
    layer = make(name="original")
    x = inputs_of(shape)
    y = layer(x)
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numbers(again(x)), numbers(y))


@pytest.mark.needs("jit")
def test_a_compiled_call_with_unknown_sizes_gives_the_same(backend, case):
    name, make, shape, axes = case
    x = tensors(inputs_of(shape))
    layer = make()
    expected = numbers(layer(x))
    flat = x if isinstance(x, list) else [x]
    specs = None
    if "dynamic_shapes" in backend.capabilities:
        unknown = {0, *axes}
        specs = [
            ops.TensorSpec([None if i in unknown and n != 1 else n for i, n in enumerate(t.shape)], backend.dtype(t))
            for t in flat
        ]

    def call(*args):
        return layer(list(args) if isinstance(x, list) else args[0])

    np.testing.assert_allclose(numbers(backend.jit(call, specs=specs)(*flat)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.needs("jit")
@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout2D", "GaussianNoise", "AlphaDropout"])
def test_random_layers_draw_anew_in_each_compiled_call(backend, name):
    make, shape, _ = CASES[name]
    layer = make()
    x = ops.convert_to_tensor(drawn(shape) + 3)
    layer(x)

    def step(trainable, others, x):
        return layer.stateless_call(trainable, others, x, training=True)

    compiled = backend.jit(step)
    state = [v.value for v in layer.non_trainable_variables]
    first, state = compiled([], state, x)
    second, _ = compiled([], state, x)
    assert np.abs(numbers(first) - numbers(second)).max() > 0.1
