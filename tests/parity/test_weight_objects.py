"""Adapters and quantized weights: outputs, names of variables, configs and files, both ways with Keras's."""

from __future__ import annotations

import kcore
import kcore_ops as ops
import numpy as np
import pytest

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


# name: class, arguments, input
LAYERS = {
    "Dense": ("Dense", {"units": 6}, floats(5, 12)),
    "EinsumDense": (
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"},
        floats(2, 4, 12),
    ),
    "EinsumDense back": (
        "EinsumDense",
        {"equation": "abde,dec->abc", "output_shape": (None, 7), "bias_axes": "c"},
        floats(2, 4, 3, 4),
    ),
    "EinsumDense turned": ("EinsumDense", {"equation": "abc,ced->abde", "output_shape": (3, 5, 6)}, floats(2, 3, 12)),
    "Embedding": ("Embedding", {"input_dim": 9, "output_dim": 12}, np.array([[1, 8, 0], [3, 3, 2]])),
    "Conv2D": ("Conv2D", {"filters": 4, "kernel_size": 3}, floats(2, 6, 5, 4)),
}  # fmt: skip


def pair(keras, name):
    """The layer of Keras's and ours with the same weights, each in a model, and an input."""
    class_name, arguments, x = LAYERS[name]
    dtype = str(x.dtype)
    both = []
    for module in (keras, kcore):
        layer = getattr(module.layers, class_name)(**arguments, name="layer")
        both.append(module.Sequential([module.Input(x.shape[1:], dtype=dtype), layer], name="model"))
    theirs, ours = both
    ours.set_weights(theirs.get_weights())
    return theirs, ours, x


def described(weights):
    return [(v.path.partition("/")[2], str(v.dtype).rpartition(".")[2], tuple(v.shape), v.trainable) for v in weights]


def outputs(keras, theirs, ours, x):
    return keras.ops.convert_to_numpy(theirs(x)), ops.convert_to_numpy(ours(x))


def put_adapter(theirs, ours):
    """Let both have an adapter with the same factors."""
    for model in (theirs, ours):
        model.layers[-1].enable_lora(2, lora_alpha=3)
    for their, own in zip(theirs.layers[-1].trainable_weights, ours.layers[-1].trainable_weights, strict=True):
        value = floats(*own.shape)
        their.assign(value)
        own.assign(value)


@pytest.mark.parametrize("name", LAYERS)
def test_adapters_give_what_keras_s_give_and_files_pass_both_ways(keras, backend, name, tmp_path):
    theirs, ours, x = pair(keras, name)
    put_adapter(theirs, ours)
    assert described(ours.weights) == described(theirs.weights)
    wanted, got = outputs(keras, theirs, ours, x)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    # Keras's file of weights in ours, with an adapter and without, and ours in Keras's.
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.save_weights(tmp_path / "ours.weights.h5")
    for source in ("theirs", "ours"):
        plain_theirs, plain_ours, _ = pair(keras, name)
        plain_ours.load_weights(tmp_path / f"{source}.weights.h5")
        plain_theirs.load_weights(tmp_path / f"{source}.weights.h5")
        for got in outputs(keras, plain_theirs, plain_ours, x):
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    ours.load_weights(tmp_path / "theirs.weights.h5")
    np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["Dense", "EinsumDense", "Embedding", "Conv2D"])
def test_models_with_adapters_pass_both_ways(keras, backend, name, tmp_path):
    theirs, ours, x = pair(keras, name)
    put_adapter(theirs, ours)
    wanted, _ = outputs(keras, theirs, ours, x)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    read = kcore.saving.load_model(tmp_path / "theirs.keras")
    assert read.layers[-1].lora_rank == 2 and read.layers[-1].lora_alpha == 3
    np.testing.assert_allclose(ops.convert_to_numpy(read(x)), wanted, rtol=1e-4, atol=1e-4)
    again = keras.saving.load_model(tmp_path / "ours.keras")
    assert again.layers[-1].lora_rank == 2
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again(x)), wanted, rtol=1e-4, atol=1e-4)
