"""What holds for every layer beside its own contract: how it is called, what it leaves alone, and how far its dtype goes."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.call_plan import drop_all_plans
from layer_cases import CASES, SLOW_CASES, inputs_of, symbols

ALL = CASES | SLOW_CASES


@pytest.fixture(params=ALL)
def case(request):
    return request.param, *ALL[request.param]


def tensors(x, dtype=None):
    return ops.tree.map_structure(lambda each: ops.convert_to_tensor(each if dtype is None else each.astype(dtype)), x)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).astype("float64")


def test_its_plan_gives_what_the_careful_way_gives(backend, case):
    _, make, shape, _ = case
    layer, x = make(), tensors(inputs_of(shape))
    for training in (None, False):
        layer(x, training=training)
        planned = layer(x, training=training)
        drop_all_plans()
        careful = layer(x, training=training)
        np.testing.assert_array_equal(numbers(planned), numbers(careful))
        assert backend.dtype(planned) == backend.dtype(careful)


def test_a_symbolic_call_changes_none_of_its_variables(backend, case):
    _, make, shape, axes = case
    layer, x = make(), inputs_of(shape)
    for _ in range(3):
        layer(tensors(x), training=True)
    before = [v.numpy() for v in layer.variables]
    for training in (True, None):
        layer(symbols(x, axes), training=training)
        layer.compute_output_spec(symbols(x), training=training)
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, err_msg=variable.path)


# Layers whose result is no greater than what goes in, though sums on the way may be.
BOUNDED = tuple("Average Pooling Normalization Softmax UpSampling Attention Maximum Minimum Concatenate".split())


@pytest.mark.parametrize("name", [name for name in ALL if any(part in name for part in BOUNDED)])
def test_large_values_of_float16_do_not_overflow_on_the_way(backend, name):
    make, shape, _ = ALL[name]
    if name in ("SpectralNormalization", "Normalization given", "AdditiveAttention"):
        pytest.skip("what it gives may be greater than what goes in")
    half, wide = make(dtype="float16"), make(dtype="float32")
    x = ops.tree.map_structure(lambda each: (np.sign(each) * 3e4 * (1 + np.abs(each) / 9)).astype("float16"), inputs_of(shape))
    half(tensors(x)), wide(tensors(x, "float32"))
    wide.set_weights([w.astype("float32") for w in half.get_weights()])
    expected = numbers(wide(tensors(x, "float32")))
    assert np.abs(expected).max() < 65504
    np.testing.assert_allclose(numbers(half(tensors(x))), expected, rtol=4e-3, atol=4e-3 * np.abs(expected).max())
