"""Layers that normalize, in half precision: large numbers give what they give in float32, rounded."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.layers.activations.softmax import Softmax
from kcore_layers.layers.core.dense import Dense
from kcore_layers.layers.normalization.batch_normalization import BatchNormalization
from kcore_layers.layers.normalization.group_normalization import GroupNormalization
from kcore_layers.layers.normalization.layer_normalization import LayerNormalization
from kcore_layers.layers.normalization.normalization import Normalization
from kcore_layers.layers.normalization.rms_normalization import RMSNormalization
from kcore_layers.layers.normalization.spectral_normalization import SpectralNormalization
from kcore_layers.layers.normalization.unit_normalization import UnitNormalization
from kcore_layers.options.initializers import Constant

rng = np.random.default_rng(0)
MASK = np.array([[1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 0], [1] * 6, [0, 0, 0, 0, 0, 1]], bool)
# How a layer is made with a policy, and what it is called with beside its input.
LAYERS = {
    "batch": (BatchNormalization, {"training": True}),
    "batch_masked": (BatchNormalization, {"training": True, "mask": MASK}),
    "group": (lambda dtype: GroupNormalization(2, dtype=dtype), {}),
    "group_first": (lambda dtype: GroupNormalization(2, axis=1, dtype=dtype), {}),
    "layer": (LayerNormalization, {}),
    "layer_axes": (lambda dtype: LayerNormalization((1, 2), dtype=dtype), {}),
    "layer_rms": (lambda dtype: LayerNormalization(rms_scaling=True, dtype=dtype), {}),
    "normalization": (lambda dtype: Normalization(mean=3e4, variance=1e9, dtype=dtype), {}),
    "rms": (RMSNormalization, {}),
    "rms_first": (lambda dtype: RMSNormalization(1, dtype=dtype), {}),
    "softmax": (Softmax, {}),
    "softmax_masked": (Softmax, {"mask": MASK[:, :, None]}),
    "unit": (UnitNormalization, {}),
}


def result(case, policy, x):
    make, kwargs = LAYERS[case]
    layer = make(dtype=policy)
    y = layer(x, **{name: v if v is True else ops.convert_to_tensor(v) for name, v in kwargs.items()})
    return layer, ops.dtype(y), ops.convert_to_numpy(ops.cast(y, "float32"))


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("case", LAYERS)
def test_large_inputs_are_normalized_as_in_float32_and_then_rounded(backend, case, policy):
    half = policy.removeprefix("mixed_")
    numbers = rng.uniform(0.3, 1, size=(4, 6, 4)).astype("float32")
    for largest in (1e4, 6e4, 2e5):
        x = ops.convert_to_tensor(numbers * largest)
        # Neither float32 inputs, which may be infinite in float16, nor those that are in half precision already.
        for inputs in [x] if largest > 65504 else [x, ops.cast(x, half)]:
            layer, dtype, y = result(case, policy, inputs)
            _, _, expected = result(case, "float32", ops.cast(inputs, "float32"))
            assert dtype == half
            np.testing.assert_allclose(y, expected, rtol=2e-3 if half == "float16" else 1.6e-2, atol=1e-3)
            if case.startswith("batch") and policy.startswith("mixed"):
                assert np.isfinite(layer.moving_variance.numpy()).all()


@pytest.mark.parametrize("policy", ["float16", "mixed_float16", "bfloat16"])
@pytest.mark.parametrize("value", [1e-4, 1.0, 1e4])
def test_a_kernel_of_any_size_is_divided_by_its_largest_singular_value(backend, policy, value):
    inner = Dense(2, use_bias=False, kernel_initializer=Constant(value), dtype=policy)
    layer = SpectralNormalization(inner, power_iterations=3, dtype=policy)
    y = layer(np.ones((1, 50), "float32"), training=True)
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(y, "float32")), 5.0, rtol=1e-2)


def test_a_kernel_of_zeros_stays_when_it_is_normalized(backend):
    layer = SpectralNormalization(Dense(2, kernel_initializer="zeros"))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(np.ones((1, 3), "float32"), training=True)), [[0, 0]])


def test_a_wrapped_layer_is_given_numbers_that_the_wrappers_dtype_lacks(backend):
    layer = SpectralNormalization(Dense(1, use_bias=False, kernel_initializer="ones", dtype="float32"), dtype="float16")
    y = layer(np.full((1, 2), 70000, "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(y), [[140000]])
