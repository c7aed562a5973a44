"""Functions of quantizers give what Keras's give, and configs pass both ways."""

from __future__ import annotations

import kcore_ops as ops
import numpy as np
import pytest
from kcore import quantizers

X = np.random.default_rng(0).normal(size=(7, 6)).astype("float32")
BYTES = np.random.default_rng(1).integers(-8, 8, (4, 5)).astype("int8")

CALLS = [
    ("abs_max_quantize", (X, 0)),
    ("abs_max_quantize", (X, (0, 1))),
    ("abs_max_quantize", (X, None)),
    ("abs_max_quantize", (X, -1, (-8, 7))),
    ("abs_max_quantize", (X * 0, 0)),
    ("abs_max_quantize_grouped_with_zero_point", (np.concatenate([X, -X]), 14)),
    ("abs_max_quantize_grouped_with_zero_point", (X, 7)),
    ("abs_max_quantize_grouped_with_zero_point", (X, 128)),
    ("abs_max_quantize_grouped_with_zero_point", (X * 0, 7)),
    ("pack_int4", (BYTES, 0)),
    ("pack_int4", (BYTES, 1)),
    ("unpack_int4", (BYTES, 8)),
    ("unpack_int4", (BYTES, 9, -1)),
    ("fake_quant_with_min_max_vars", (X, -1.0, 1.0)),
    ("fake_quant_with_min_max_vars", (X, -1.0, 1.3, 4, True)),
    ("fake_quant_with_min_max_vars", (X, -np.ones(6, "float32"), np.linspace(0.1, 2, 6, dtype="float32"), 4, False, 1)),
    ("fake_quant_with_min_max_vars", (X, 0.2, 1.0, 4)),
    ("compute_float8_scale", (np.float32(3), np.float32(1), 448.0, 1)),
    ("compute_float8_scale", (np.float32(0), np.float32(1.5), 448.0)),
    ("compute_float8_amax_history", (X, np.array([1, 2, 3, 4], "float32"))),
    ("quantize_and_dequantize", (X * 300, np.float32(0.5), "float8_e4m3fn", "float32")),
    ("quantize_and_dequantize", (X * 300, np.float32(0.5), "float8_e5m2", "float32")),
]


@pytest.mark.parametrize(("name", "args"), CALLS, ids=[f"{i}-{name}" for i, (name, _) in enumerate(CALLS)])
def test_functions_give_the_same(keras, backend, name, args):
    theirs, ours = (getattr(module, name)(*args) for module in (keras.quantizers, quantizers))
    theirs, ours = (each if isinstance(each, tuple) else (each,) for each in (theirs, ours))
    assert len(theirs) == len(ours)
    for their, own in zip(theirs, ours, strict=True):
        if isinstance(their, int | tuple):
            assert own == their
            continue
        their, own = keras.ops.convert_to_numpy(their), ops.convert_to_numpy(own)
        assert own.dtype == their.dtype
        np.testing.assert_allclose(own, their, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("block_size", [1, 2, 3])
def test_blocks_of_one_sign_are_nearer_to_the_numbers_than_keras_s(keras, backend, block_size):
    name, block = "abs_max_quantize_grouped_with_zero_point", np.arange(7) // block_size
    errors = []
    for module in (keras.quantizers, quantizers):
        found = getattr(module, name)(np.abs(X) + 1, block_size)
        integers, scale, zero = (np.asarray(ops.convert_to_numpy(each), "float32") for each in found)
        errors.append(np.abs((integers - zero[block]) * scale[block] - np.abs(X) - 1).max())
    assert errors[1] < 0.2 < errors[0]


def test_configs_pass_both_ways(keras):
    for arguments in ({}, {"axis": 1}, {"value_range": (-8, 7), "epsilon": 0.1}):
        own, their = (module.AbsMaxQuantizer(**arguments) for module in (quantizers, keras.quantizers))
        assert quantizers.serialize(own) == keras.quantizers.serialize(their)
        assert quantizers.deserialize(keras.quantizers.serialize(their)).get_config() == own.get_config()
