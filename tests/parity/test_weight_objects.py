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


MODES = {
    "int8": ("Int8QuantizationConfig", {}),
    "int8 weights": ("Int8QuantizationConfig", {"activation_quantizer": None}),
    "int4": ("Int4QuantizationConfig", {}),
    "int4 of columns": ("Int4QuantizationConfig", {"block_size": None}),
}
QUANTIZED = [name for name in LAYERS if name != "Conv2D"]


def quantize(keras, theirs, ours, mode):
    name, arguments = MODES[mode]
    for module, model in ((keras, theirs), (kcore, ours)):
        model.layers[-1].quantize(config=getattr(module.quantizers, name)(**arguments))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized_layers_give_what_keras_s_give_and_files_pass_both_ways(keras, backend, name, mode, tmp_path):
    theirs, ours, x = pair(keras, name)
    before = ops.convert_to_numpy(ours(x))
    quantize(keras, theirs, ours, mode)
    assert described(ours.weights) == described(theirs.weights)
    layer, other = ours.layers[-1], theirs.layers[-1]
    assert layer.quantization_mode == other.quantization_mode and layer.dtype_policy.name == other.dtype_policy.name
    spec = layer.variable_serialization_spec
    assert spec == {key: other.variable_serialization_spec[key] for key in spec}
    for own, their in zip(ours.weights, theirs.weights, strict=True):
        own, their = ops.convert_to_numpy(own), keras.ops.convert_to_numpy(their)
        np.testing.assert_allclose(own, their, rtol=1e-5, atol=1e-6)
    wanted, got = outputs(keras, theirs, ours, x)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    # Nothing beyond rounding is lost: half a step of each of the numbers that are summed.
    assert np.abs(got - before).max() < (0.08 if mode.startswith("int8") else 1.5)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.save_weights(tmp_path / "ours.weights.h5")
    again_theirs, again_ours, _ = pair(keras, name)
    quantize(keras, again_theirs, again_ours, mode)
    again_ours.load_weights(tmp_path / "theirs.weights.h5")
    again_theirs.load_weights(tmp_path / "ours.weights.h5")
    for got in outputs(keras, again_theirs, again_ours, x):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("name", ["Dense", "EinsumDense", "Embedding"])
def test_quantized_models_pass_both_ways(keras, backend, name, mode, tmp_path):
    theirs, ours, x = pair(keras, name)
    quantize(keras, theirs, ours, mode)
    put_adapter(theirs, ours) if (name, mode) != ("Embedding", "int4") else None  # which Keras can not
    wanted, got = outputs(keras, theirs, ours, x)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    read, again = kcore.saving.load_model(tmp_path / "theirs.keras"), keras.saving.load_model(tmp_path / "ours.keras")
    assert described(read.weights) == described(ours.weights)
    # A sum that is rounded anew differs by a step.
    step = {"int8": 0.02, "int4": 0.3}[mode] * np.abs(wanted).max()
    tolerance = step if ours.layers[-1].lora_enabled else 1e-4
    np.testing.assert_allclose(ops.convert_to_numpy(read(x)), wanted, atol=tolerance)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(again(x)), wanted, atol=tolerance)


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_models_with_attention_are_quantized_alike(keras, backend, mode):
    both = []
    for module in (keras, kcore):
        inputs = module.Input((3, 8))
        attended = module.layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
        both.append(module.Model(inputs, module.layers.Dense(2, name="dense")(attended)))
    theirs, ours = both
    ours.set_weights(theirs.get_weights())
    x = floats(2, 3, 8)
    for model in both:
        model.quantize(mode)
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    wanted, got = outputs(keras, theirs, ours, x)
    # An activation on the edge between two integers may fall to either side.
    np.testing.assert_allclose(got, wanted, atol=5e-3 if mode == "int8" else 1e-4)


@pytest.mark.parametrize("name", ["int8_from_float32", "int4_from_float32", "int4/32_from_mixed_bfloat16"])
def test_policies_are_the_same(keras, backend, name):
    their, own = keras.dtype_policies.get(name), kcore.dtype_policies.get(name)
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(own, attribute) == getattr(their, attribute)
    assert kcore.dtype_policies.serialize(own) == keras.dtype_policies.serialize(their)
    assert repr(own) == repr(their)
    layers = [module.layers.Dense(3, dtype=name) for module in (keras, kcore)]
    for layer in layers:
        layer.build((None, 5))
    assert [(v.name, tuple(v.shape)) for v in layers[1].weights] == [
        (v.name, tuple(v.shape)) for v in layers[0].weights
    ]


def test_configs_of_quantization_are_the_same(keras, backend):
    for name in ("Int8QuantizationConfig", "Int4QuantizationConfig"):
        own, their = getattr(kcore.quantizers, name)(), getattr(keras.quantizers, name)()
        assert own.get_config() == their.get_config() and own.mode == their.mode
        assert kcore.saving.serialize_keras_object(own) == keras.saving.serialize_keras_object(their)


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
@pytest.mark.parametrize("arguments", [{}, {"tie_weights": False}, {"logit_soft_cap": 0.1}])
def test_reversible_embeddings_give_what_keras_s_give_both_ways(keras, backend, arguments, mode, tmp_path):
    theirs, ours = (module.layers.ReversibleEmbedding(9, 12, name="layer", **arguments) for module in (keras, kcore))
    for layer in (theirs, ours):
        layer.build()
    ours.set_weights(theirs.get_weights())
    if mode is not None:
        theirs.quantize(mode)
        ours.quantize(mode)
        spec = ours.variable_serialization_spec
        assert spec == {key: theirs.variable_serialization_spec[key] for key in spec}
    assert described(ours.weights) == described(theirs.weights)
    x, vectors = np.array([[1, 8], [0, 3]]), floats(2, 3, 12)
    for inputs, reverse in ((x, False), (vectors, True)):
        wanted = keras.ops.convert_to_numpy(theirs(inputs, reverse=reverse))
        np.testing.assert_allclose(ops.convert_to_numpy(ours(inputs, reverse=reverse)), wanted, rtol=1e-4, atol=1e-5)
    stored_theirs, stored_ours = {}, {}
    theirs.save_own_variables(stored_theirs)
    ours.save_own_variables(stored_ours)
    assert list(stored_ours) == list(stored_theirs)
    for key, value in stored_theirs.items():
        value = keras.ops.convert_to_numpy(value)
        np.testing.assert_allclose(stored_ours[key], value, rtol=1e-5, atol=1e-6)
        assert stored_ours[key].dtype == value.dtype
    ours.load_own_variables({key: keras.ops.convert_to_numpy(value) for key, value in stored_theirs.items()})
    theirs.load_own_variables(stored_ours)
