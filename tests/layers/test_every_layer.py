"""What holds for every layer however it is called: the same by its plan, nothing changed by symbols, half precision."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.call_plan import drop_plan
from layer_cases import CASES, SLOW_CASES, inputs_of, symbols

ALL = CASES | SLOW_CASES
# Plans and symbols are the same whatever computes; where each op is compiled anew that takes minutes.
quick = pytest.mark.only("numpy", "torch")


@pytest.fixture(params=ALL)
def case(request):
    return request.param, *ALL[request.param]


def tensors(x, dtype=None):
    return ops.tree.map_structure(lambda each: ops.convert_to_tensor(each if dtype is None else each.astype(dtype)), x)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).astype("float64")


@quick
def test_its_plan_gives_what_the_general_path_gives(backend, case):
    _, make, shape, _ = case
    layer, x = make(), tensors(inputs_of(shape))
    # Layers that change images draw unless they are told not to.
    for training in (False,) if hasattr(layer, "get_random_transformation") else (None, False):
        layer(x, training=training)
        planned = layer(x, training=training)
        for each in layer._kcore_sublayers():
            drop_plan(each)
        general = layer(x, training=training)
        np.testing.assert_array_equal(numbers(planned), numbers(general))
        assert backend.dtype(planned) == backend.dtype(general)


@quick
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
BOUNDED = [
    name
    for name in ALL
    if any(part in name for part in "Average Pooling Normalization Softmax UpSampling Maximum Minimum".split())
    and name not in ("SpectralNormalization", "Normalization given")
]


@pytest.mark.parametrize("name", BOUNDED)
def test_large_values_of_float16_do_not_overflow_on_the_way(backend, name):
    make, shape, _ = ALL[name]
    half, wide = make(dtype="float16"), make(dtype="float32")

    def large(x):
        return (np.sign(x) * 3e4 * (1 + np.abs(x) / 9)).astype("float16")

    x = ops.tree.map_structure(large, inputs_of(shape))
    half(tensors(x)), wide(tensors(x, "float32"))
    wide.set_weights([w.astype("float32") for w in half.get_weights()])
    expected = numbers(wide(tensors(x, "float32")))
    assert np.abs(expected).max() < 65504
    np.testing.assert_allclose(numbers(half(tensors(x))), expected, rtol=4e-3, atol=4e-3 * np.abs(expected).max())
