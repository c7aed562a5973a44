"""Weights quantized by data: policies, configs, errors, variables and files beside Keras's."""

from __future__ import annotations

import kcore
import kcore_ops as ops
import numpy as np
import pytest

TEXT = "".join(chr(97 + (i * 7 + 3 * i * i) % 26) for i in range(400))


class Tokenizer:
    def tokenize(self, text):
        return np.array([ord(letter) - 97 for letter in text])


def transformer(module):
    """A small model, the layers before its block, and the block."""
    layers = module.layers
    ids = module.Input((8,), dtype="int32")
    embedding = layers.Embedding(26, 12, name="embedding")
    x = module.Input((8, 12))
    attended = layers.add([x, layers.MultiHeadAttention(2, 6, name="attention")(x, x)])
    y = layers.Dense(16, activation="relu", name="up")(layers.LayerNormalization(name="norm")(attended))
    block = module.Model(x, layers.add([attended, layers.Dense(12, name="down")(y)]), name="block")
    return module.Model(ids, block(embedding(ids))), [embedding], block


def quantized(keras, mode, arguments, seed=0):
    """Keras's model and ours, quantized with the same weights and text, and what they gave before and give."""
    rng = np.random.default_rng(seed)
    (theirs, *their_parts), (ours, *own_parts) = transformer(keras), transformer(kcore)
    weights = [rng.normal(size=v.shape).astype("float32") * v.shape[0] ** -0.5 for v in ours.weights]
    x = Tokenizer().tokenize(TEXT[:160]).reshape(20, 8)
    found = []
    for module, model, (first, block) in ((keras, theirs, their_parts), (kcore, ours, own_parts)):
        model.set_weights(weights)
        before = np.asarray(module.ops.convert_to_numpy(model(x)))
        config = getattr(module.quantizers, {"gptq": "GPTQConfig", "awq": "AWQConfig"}[mode])(
            [TEXT],
            Tokenizer(),
            num_samples=30,
            sequence_length=8,
            quantization_layer_structure={"pre_block_layers": first, "sequential_blocks": [block]},
            **arguments,
        )
        model.quantize(mode, config=config)
        found.append((model, block, before, np.asarray(module.ops.convert_to_numpy(model(x)))))
    return found


CASES = [
    ("gptq", {"group_size": -1}),
    ("gptq", {"weight_bits": 2, "group_size": -1, "symmetric": True}),
    ("gptq", {"weight_bits": 3, "group_size": 5, "activation_order": True}),
    ("gptq", {"weight_bits": 8, "group_size": 4, "per_channel": False}),
    ("awq", {"group_size": -1}),
    ("awq", {"group_size": 5, "num_grid_points": 8}),
]


@pytest.mark.parametrize(("mode", "arguments"), CASES)
def test_errors_are_at_most_keras_s_and_variables_are_the_same(keras, backend, mode, arguments):

    (_, their_block, before, got), (_, own_block, own_before, own_got) = quantized(keras, mode, arguments)
    np.testing.assert_allclose(own_before, before, rtol=1e-4, atol=1e-4)
    errors = [np.linalg.norm(got - before), np.linalg.norm(own_got - before)]
    assert 0 < errors[1] <= 1.05 * errors[0]
    for name in ("attention", "up", "down"):
        their, own = their_block.get_layer(name), own_block.get_layer(name)
        assert [(str(v.dtype), tuple(v.shape)) for v in own.weights] == [
            (str(v.dtype), tuple(v.shape)) for v in their.weights
        ]
    their, own = their_block.get_layer("up"), own_block.get_layer("up")
    assert [v.name for v in own.weights] == [v.name for v in their.weights]
    assert own.dtype_policy.name == their.dtype_policy.name
    assert own.variable_serialization_spec[mode] == their.variable_serialization_spec[mode]


@pytest.mark.parametrize("policy", ["gptq/4/5_from_float32", "gptq/3/-1_from_float32", "awq/4/5_from_float32"])
def test_keras_reads_what_a_quantized_layer_stores_and_computes_the_same(keras, backend, policy):
    rng = np.random.default_rng(0)
    for name, arguments, shape in (
        ("Dense", {"units": 7}, (2, 3, 12)),
        ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"}, (2, 3, 12)),
        ("EinsumDense", {"equation": "abde,dec->abc", "output_shape": (None, 7)}, (2, 3, 3, 4)),
        ("EinsumDense", {"equation": "abc,ced->abde", "output_shape": (3, 5, 6)}, (2, 3, 12)),
    ):
        x = rng.normal(size=shape).astype("float32")
        own = getattr(kcore.layers, name)(**arguments, dtype=policy)
        own.build(shape)
        if policy.startswith("awq"):
            own.kernel.parts["awq_scales"].assign(rng.uniform(0.5, 2, own.kernel.parts["awq_scales"].shape))
        their = getattr(keras.layers, name).from_config({**own.get_config(), "quantization_config": None})
        their.build(shape)
        # Keras 3.15.1 itself stores no zero points, and can not read its own file.
        stored = {}
        own.save_own_variables(stored)
        their.load_own_variables(stored)
        wanted = keras.ops.convert_to_numpy(their(x))
        np.testing.assert_allclose(ops.convert_to_numpy(own(x)), wanted, rtol=1e-4, atol=1e-5)
        assert np.abs(wanted).max() > 0


@pytest.mark.parametrize("name", ["gptq/4/128_from_float32", "gptq/2/-1_from_mixed_bfloat16", "awq/4/12_from_float32"])
def test_policies_are_the_same(keras, backend, name):
    their, own = keras.dtype_policies.get(name), kcore.dtype_policies.get(name)
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode", "weight_bits", "group_size"):
        assert getattr(own, attribute) == getattr(their, attribute)
    assert kcore.dtype_policies.serialize(own) == keras.dtype_policies.serialize(their)
    assert repr(own) == repr(their)


@pytest.mark.parametrize("name", ["GPTQConfig", "AWQConfig"])
def test_configs_are_the_same(keras, backend, name):
    own, their = (getattr(module.quantizers, name)(["a"], None, group_size=7) for module in (kcore, keras))
    assert own.get_config() == their.get_config() and own.mode == their.mode
    assert own.dtype_policy_string() == their.dtype_policy_string()
    assert kcore.saving.serialize_keras_object(own) == keras.saving.serialize_keras_object(their)
