"""Weights rounded by what they are multiplied with: the algebra, the data, the model, files, and what is refused."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers, quantizers
from kcore_layers.models.calibration import token_windows
from kcore_layers.weights.gptq import round_with_feedback
from kcore_layers.weights.grids import Grid, round_to_nearest

array = ops.convert_to_numpy
RNG = np.random.default_rng(0)
TEXT = "".join(chr(97 + (i * 7 + 3 * i * i) % 26) for i in range(400))


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def numbers(rounded, group):
    return (array(rounded.integers) - array(rounded.zero)[group]) * array(rounded.scale)[group]


def paper_s_loop(matrix, gram, most, group_size, order):
    """Frantar et al. (2023), algorithm 1 with blocks of one column, in double precision."""
    weight, gram = matrix.T[:, order].astype("float64"), gram[np.ix_(order, order)].astype("float64")
    gram = gram + 0.01 * np.diag(gram).mean() * np.eye(len(gram))
    upper = np.linalg.cholesky(np.linalg.inv(gram)).T
    found = np.zeros_like(weight)
    for i in range(weight.shape[1]):
        if i % group_size == 0:
            group = weight[:, i : i + group_size]
            low, high = np.minimum(group.min(1), 0), np.maximum(group.max(1), 0)
            step = (high - low) / most
            zero = np.round(-low / step)
        found[:, i] = (np.clip(np.round(weight[:, i] / step) + zero, 0, most) - zero) * step
        error = (weight[:, i] - found[:, i]) / upper[i, i]
        weight[:, i:] -= np.outer(error, upper[i, i:])
    return found[:, np.argsort(order)].T


@pytest.mark.only("numpy")
@pytest.mark.parametrize(("group_size", "by_activation"), [(150, False), (7, False), (32, True)])
def test_rounding_is_that_of_the_paper(backend, group_size, by_activation):
    inputs, matrix = floats(200, 150) @ floats(150, 150), floats(150, 5)
    gram = inputs.T @ inputs / 200
    order = np.argsort(-np.diag(gram)) if by_activation else np.arange(150)
    rounded, group = round_with_feedback(
        ops.convert_to_tensor(matrix), ops.convert_to_tensor(gram), Grid(3), group_size, by_activation=by_activation
    )
    wanted, got = paper_s_loop(matrix, gram, 7, group_size, order), numbers(rounded, group)
    # A number on the edge between two integers may fall to either side in float32, and others with it.
    assert np.isclose(got, wanted, atol=1e-3).mean() > 0.9
    errors = [np.linalg.norm(inputs @ (each - matrix)) for each in (got, wanted)]
    assert errors[0] == pytest.approx(errors[1], rel=0.02)


def test_errors_of_products_are_smaller_than_with_rounding_to_nearest(backend):
    inputs, matrix = floats(90, 24) @ floats(24, 24), floats(24, 30)
    inputs[:, 3] = 0
    tensor, gram = ops.convert_to_tensor(matrix), ops.convert_to_tensor(inputs.T @ inputs)
    for bits, symmetric in ((2, False), (3, True), (4, False), (8, True)):
        grid = Grid(bits, symmetric)
        near = numbers(round_to_nearest(tensor, grid, 12), np.arange(24) // 12)
        got = numbers(*round_with_feedback(tensor, gram, grid, 12))
        assert np.linalg.norm(inputs @ (got - matrix)) < 0.85 * np.linalg.norm(inputs @ (near - matrix))


@pytest.mark.only("numpy")
def test_one_scale_for_all_columns_if_not_per_channel(backend):
    scale, zero = Grid(4, per_channel=False).fitted(floats(6, 3))
    assert len(np.unique(array(scale))) == len(np.unique(array(zero))) == 1 and array(scale).shape == (3,)


class Transformer(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(26, 12, embeddings_initializer="normal")
        self.blocks = [Block(name=f"block_{i}") for i in range(1)]
        self.head = layers.Dense(26)

    def build(self, input_shape):
        self.call(keras.Input(input_shape[1:], dtype="int32"))

    def call(self, inputs):
        x = self.embedding(inputs)
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    def get_quantization_layer_structure(self, mode):
        return {"pre_block_layers": [self.embedding], "sequential_blocks": self.blocks}


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 6)
        self.up, self.down = layers.Dense(12, "relu"), layers.Dense(12)

    def build(self, input_shape):
        self.attention.build(input_shape, input_shape)
        self.up.build(input_shape)
        self.down.build(input_shape)

    def call(self, inputs):
        x = inputs + self.attention(inputs, inputs)
        return x + self.down(self.up(x))


def tokenize(text):
    return [ord(letter) - 97 for letter in text]


def config(**arguments):
    given = {"num_samples": 12, "sequence_length": 10, "group_size": 6, **arguments}
    return quantizers.GPTQConfig([TEXT[:200], TEXT[200:]], tokenize, **given)


def made(seed=0):
    keras.utils.set_random_seed(seed)
    model = Transformer(name="transformer")
    model.build((None, 10))
    return model


def test_the_layers_of_blocks_are_quantized_by_what_they_are_given(backend, tmp_path):
    x = np.array(tokenize(TEXT[:100])).reshape(10, 10)
    wanted = array(made()(x))
    model, nearest = made(), made()
    model.quantize("gptq", config=config(weight_bits=3, activation_order=True))
    for block in nearest.blocks:
        for layer in block._flatten_layers():
            if isinstance(layer, layers.Dense | layers.EinsumDense):
                layer.quantize("gptq", config=config(weight_bits=3))
    got, rounded = array(model(x)), array(nearest(x))
    assert 0 < np.linalg.norm(got - wanted) < 0.8 * np.linalg.norm(rounded - wanted)
    assert [v.dtype for v in model.head.weights] == ["float32", "float32"]
    up = model.blocks[0].up
    assert [(v.name, v.dtype, tuple(v.shape)) for v in up.weights] == [
        ("bias", "float32", (12,)),
        ("kernel", "uint8", (12, 12)),
        ("kernel_scale", "float32", (12, 2)),
        ("kernel_zero", "uint8", (12, 2)),
        ("g_idx", "float32", (12,)),
    ]
    assert up.dtype_policy.name == "gptq/3/6_from_float32" and up.kernel.shape == (12, 12)
    assert up.quantization_config.dataset is None and [v.name for v in up.trainable_variables] == ["bias"]
    # Files hold what was found.
    model.save_weights(tmp_path / "model.weights.h5")
    again = made(1)
    again.embedding.build()
    for block in again.blocks:
        for layer in block._flatten_layers():
            if isinstance(layer, layers.Dense | layers.EinsumDense):
                layer.quantize("gptq", config=config(weight_bits=3))
    again.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(array(again(x)), got, rtol=1e-5, atol=1e-6)


def test_filters_choose_layers_and_adapters_stay(backend):
    model = made()
    up = model.blocks[0].up
    up.enable_lora(2)
    model.quantize("gptq", config=config(), filters=lambda layer: layer is up)
    assert up.quantization_mode == "gptq" and model.blocks[0].down.quantization_mode is None
    assert [v.name for v in up.trainable_variables] == ["bias", "lora_kernel_a", "lora_kernel_b"]
    assert array(model(np.zeros((2, 10), "int32"))).shape == (2, 10, 26)


@pytest.mark.parametrize("policy", ["gptq/4/5_from_mixed_bfloat16", "gptq/8/-1_from_float32"])
def test_a_policy_makes_layers_that_are_quantized(backend, policy):
    layer, x = layers.EinsumDense("abc,ced->abde", (3, 5, 6), dtype=policy), floats(2, 3, 12)
    first = ops.convert_to_numpy(ops.cast(layer(x), "float32"))
    assert layer.quantization_mode == "gptq" and ops.dtype(layer(x)) == layer.compute_dtype
    again = type(layer).from_config(layer.get_config())
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.cast(again(x), "float32")), first)
    assert np.abs(first).max() > 0 and array(layer.kernel.integers()).shape == (12, 6, 5)
    stored = {}
    layer.save_own_variables(stored)
    assert [stored[str(i)].dtype for i in range(2)] == ["uint8", "float32"] and len(stored) == 4


@pytest.mark.only("numpy")
def test_pieces_of_the_data_are_taken_at_even_distances(backend):
    ids = quantizers.GPTQConfig([[1, 2, 3], np.array([[4, 5]])], None, num_samples=2, sequence_length=3)
    assert token_windows(ids).tolist() == [[1, 2, 3], [3, 4, 5]]
    short = quantizers.GPTQConfig(iter(["ab"]), str.encode, num_samples=1, sequence_length=5)
    assert token_windows(short).tolist() == [[97, 98, 97, 98, 97]]


@pytest.mark.only("numpy")
def test_a_block_that_fails_leaves_its_layers_as_they_were(backend):
    model = made()
    model.blocks[0].down.build = model.blocks[0].down.call = lambda *args: 1 / 0
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        model.quantize("gptq", config=config())
    up = model.blocks[0].up
    assert isinstance(up.kernel, keras.Variable) and up.quantization_mode is None
    assert [v.name for v in up.weights] == ["kernel", "bias"]


@pytest.mark.only("numpy")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: made().quantize("gptq"), "mode 'gptq' has no config"),
        (lambda: made().quantize("gptq", config=quantizers.GPTQConfig(None, None)), "dataset is None"),
        (lambda: made().quantize("gptq", config=quantizers.GPTQConfig("text", None)), "dataset can not be 'text'"),
        (lambda: made().quantize("gptq", config=quantizers.GPTQConfig(["text"], None)), "and tokenizer is None"),
        (lambda: made().quantize("gptq", config=quantizers.GPTQConfig([], None)), "dataset has no tokens"),
        (
            lambda: made().quantize("gptq", config=config(quantization_layer_structure={"pre_block_layers": []})),
            "quantization_layer_structure has no blocks",
        ),
        (
            lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2)]).quantize("gptq", config=config()),
            "which layers are quantized with 'gptq' was not said",
        ),
        (lambda: quantizers.GPTQConfig(None, None, weight_bits=5), "weight_bits can not be 5"),
        (lambda: quantizers.GPTQConfig(None, None, group_size=0), "group_size can not be 0"),
        (lambda: quantizers.GPTQConfig(None, None, hessian_damping=2), "hessian_damping can not be 2"),
        (lambda: keras.dtype_policies.get("gptq/5/8_from_float32"), "there is no mode 'gptq/5/8'"),
        (lambda: layers.Embedding(3, 2, dtype="gptq/4/8_from_float32").build(), "Embedding has no mode 'gptq'"),
    ],
)
def test_what_can_not_be_is_refused(backend, call, text):
    with pytest.raises(ValueError, match=text):
        call()
