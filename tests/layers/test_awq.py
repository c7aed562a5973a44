"""Weights made larger before rounding where inputs are large: the search, what is kept, and files."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers, quantizers
from kcore_layers.weights.awq import factors_by_activation
from kcore_layers.weights.grids import Grid

array = ops.convert_to_numpy
RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def nearest(matrix, size):
    """Rounded to the nearest of 16 numbers in each group of rows, in NumPy."""
    found = np.zeros_like(matrix)
    for start in range(0, len(matrix), size):
        group = matrix[start : start + size]
        low, high = np.minimum(group.min(0), 0), np.maximum(group.max(0), 0)
        step = (high - low) / 15
        zero = np.round(-low / step)
        found[start : start + size] = (np.clip(np.round(group / step) + zero, 0, 15) - zero) * step
    return found


def test_factors_are_those_of_the_paper_s_search(backend):
    inputs, matrix = floats(60, 20) * np.exp(2 * floats(20)), floats(20, 8)
    magnitudes = np.abs(inputs).mean(0)
    tensors = [ops.convert_to_tensor(each) for each in (matrix, inputs.T @ inputs, magnitudes)]
    factors, rounded = factors_by_activation(*tensors, Grid(4), 8, num_points=10)
    losses, tried = [], []
    for exponent in range(10):
        each = magnitudes ** (exponent / 10)
        each = each / np.sqrt(each.max() * each.min())
        tried.append(each)
        losses.append(np.square(inputs @ (nearest(matrix * each[:, None], 8) / each[:, None] - matrix)).sum())
    best = int(np.argmin(losses))
    assert best > 0 and losses[best] < 0.7 * losses[0]
    np.testing.assert_allclose(array(factors), tried[best], rtol=1e-4)
    group = np.arange(20) // 8
    got = (array(rounded.integers) - array(rounded.zero)[group]) * array(rounded.scale)[group]
    np.testing.assert_allclose(got, nearest(matrix * tried[best][:, None], 8), rtol=1e-3, atol=1e-3)


def small_model():
    keras.utils.set_random_seed(0)
    embedding = layers.Embedding(26, 12)
    block = keras.Sequential(
        [keras.Input((10, 12)), layers.Dense(12), layers.EinsumDense("abc,cde->abde", (None, 2, 3))]
    )
    model = keras.Sequential([keras.Input((10,), dtype="int32"), embedding, block])
    embedding.embeddings.assign(floats(26, 12) * np.arange(1, 13) ** 2)
    return model, embedding, block


def test_blocks_are_quantized_by_what_they_are_given(backend, tmp_path):
    model, embedding, block = small_model()
    x = RNG.integers(0, 26, (10, 10)).astype("int32")
    wanted, first = array(model(x)), array(block.layers[0].kernel).copy()
    structure = {"pre_block_layers": [embedding], "sequential_blocks": [block]}
    config = quantizers.AWQConfig(
        x, None, num_samples=10, sequence_length=10, group_size=6, quantization_layer_structure=structure
    )
    model.quantize("awq", config=config)
    got = array(model(x))
    dense = block.layers[0]
    assert [(v.name, v.dtype, tuple(v.shape)) for v in dense.weights] == [
        ("bias", "float32", (12,)),
        ("kernel", "uint8", (6, 12)),
        ("kernel_scale", "float32", (12, 2)),
        ("kernel_zero", "uint8", (12, 2)),
        ("awq_scales", "float32", (12,)),
        ("g_idx", "float32", (12,)),
    ]
    factors = array(dense.awq_scales)
    assert factors[-1] > 2 * factors[0] and dense.quantization_mode == "awq"
    sizes = np.arange(1, 13) ** 2
    errors = [np.abs(sizes[:, None] * (each - first)).max() for each in (array(dense.kernel), nearest(first, 6))]
    assert 0 < errors[0] < errors[1]
    assert 0 < np.abs(got - wanted).max() < 0.2 * np.abs(wanted).max()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(array(again(x)), got, rtol=1e-5, atol=1e-5)


@pytest.mark.only("numpy")
def test_other_numbers_of_bits_are_refused(backend):
    with pytest.raises(ValueError, match="weight_bits can not be 8"):
        quantizers.AWQConfig(None, None, weight_bits=8)
    with pytest.raises(ValueError, match="num_grid_points can not be 0"):
        quantizers.AWQConfig(None, None, num_grid_points=0)
    with pytest.raises(ValueError, match="there is no mode 'awq/8/4'"):
        keras.dtype_policies.get("awq/8/4_from_float32")
