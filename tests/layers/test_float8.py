"""Products of floats of 8 bits: what is rounded, how scales follow it, what is trained, files, and what is refused."""

from __future__ import annotations

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import dtype_policies, layers, quantizers

array = ops.convert_to_numpy
trains = pytest.mark.needs("gradient")
RNG = np.random.default_rng(0)
STATE = [f"{of}_{what}" for of in ("inputs", "kernel", "outputs_grad") for what in ("scale", "amax_history")]


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def rounded(x, scale, dtype="float8_e4m3fn"):
    return array(quantizers.quantize_and_dequantize(x, np.float32(scale), dtype, "float32"))


LAYERS = {
    "dense": lambda **options: layers.Dense(3, bias_initializer="ones", **options),
    "einsum": lambda **options: layers.EinsumDense("ab,bc->ac", 3, bias_axes="c", bias_initializer="ones", **options),
}


@pytest.fixture(params=LAYERS)
def make(request):
    return LAYERS[request.param]


def made(make, x, **options):
    layer = make(**options)
    layer.build(x.shape)
    return layer


def values(layer):
    return {v.name: v.numpy().copy() for v in layer.weights}


def test_weight_and_inputs_are_rounded_by_their_scales(backend, make):
    x = floats(5, 4)
    layer = made(make, x)
    layer.quantize("float8")
    layer.inputs_scale.assign(0.01)
    layer.kernel_scale.assign(0.003)
    expected = rounded(x, 0.01) @ rounded(array(layer.kernel), 0.003) + 1
    np.testing.assert_allclose(array(layer(x)), expected, rtol=1e-5, atol=1e-6)
    assert np.abs(expected - (x @ array(layer.kernel) + 1)).max() > 1e-3


def test_variables_beside_the_weights_are_overwritten(backend, make):
    layer = made(make, floats(5, 4))
    layer.quantize("float8")
    assert [v.name for v in layer.weights] == ["kernel", "bias", *STATE] == [v.name for v in layer.trainable_weights]
    assert [v.overwrite_with_gradient for v in layer.weights] == [False, False, *[True] * 6]
    assert {v.shape for v in layer.weights[2::2]} == {()} and {v.shape for v in layer.weights[3::2]} == {(1024,)}
    assert layer.quantization_mode == "float8" and layer.dtype_policy.name == "float8_from_float32"


@trains
def test_a_step_of_training_rounds_gradients_and_moves_scales_on(backend, make):
    x, y = floats(5, 4), floats(5, 3)
    policy = dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32", amax_history_length=3)
    layer = made(make, x, dtype=policy)
    history = np.array([2.0, 0.5, 9.0], "float32")
    for of, scale in (("inputs", 0.01), ("kernel", 0.003), ("outputs_grad", 1e-4)):
        getattr(layer, f"{of}_scale").assign(scale)
        getattr(layer, f"{of}_amax_history").assign(history)
    before = values(layer)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x, y)
    after = values(layer)

    inputs = rounded(x, 0.01)
    outputs = inputs @ rounded(before["kernel"], 0.003) + before["bias"]
    upstream = 2 * (outputs - y) / y.size
    gradient = inputs.T @ rounded(upstream, 1e-4, "float8_e5m2")
    np.testing.assert_allclose(after["kernel"], before["kernel"] - 0.1 * gradient, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(after["bias"], before["bias"] - 0.1 * upstream.sum(0), rtol=1e-4, atol=1e-6)
    for of, tensor, most in (("inputs", x, 448), ("kernel", before["kernel"], 448), ("outputs_grad", upstream, 57344)):
        np.testing.assert_allclose(after[f"{of}_scale"], 9 / most, rtol=1e-6)
        np.testing.assert_allclose(after[f"{of}_amax_history"], [np.abs(tensor).max(), 9, 2], rtol=1e-4)


@trains
def test_it_learns_and_outside_of_training_scales_stay(backend):
    x = floats(64, 6)
    y = x @ floats(6, 2)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(16, activation="tanh"), layers.Dense(2)])
    model.quantize("float8")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    losses = model.fit(x, y, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]
    before = [v.numpy() for v in model.weights]
    model.evaluate(x * 100, y, verbose=0)
    model.predict(x * 100, verbose=0)
    for one, other in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    assert 0 < float(model.layers[0].inputs_scale.numpy()) < 0.1


@trains
def test_an_optimizer_keeps_nothing_of_what_it_overwrites_but_averages(backend):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.quantize("float8")
    model.compile(keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.5), "mse")
    model.fit(floats(8, 4), floats(8, 2), batch_size=4, epochs=2, verbose=0)
    names = [v.name for v in model.optimizer.variables]
    assert sum("scale" in name or "history" in name for name in names) == 6  # one each
    # The averages, which are in the variables' place after `fit`, have seen steps too.
    assert 0 < float(model.layers[0].inputs_scale.numpy()) < 0.9


@trains
@pytest.mark.only("torch")
def test_gradients_pass_to_what_is_before(backend):
    first, second = layers.Dense(3), layers.Dense(2)
    model = keras.Sequential([keras.Input((4,)), first, second])
    second.quantize("float8")
    kernel = first.kernel.numpy().copy()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(floats(8, 4), floats(8, 2))
    assert (first.kernel.numpy() != kernel).any()


@trains
def test_half_precision_is_computed_in_it_and_scales_are_not(backend):
    layer = layers.Dense(2, dtype="float8_from_mixed_bfloat16")
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile("sgd", "mse")
    model.fit(floats(8, 4), floats(8, 2), verbose=0)
    assert layer(floats(2, 4)).dtype == ops.convert_to_tensor(np.ones(1), "bfloat16").dtype
    assert {v.dtype for v in layer.weights} == {"float32"}


@trains
def test_scaled_and_accumulated_gradients_move_scales_on(backend):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="float8_from_mixed_float16")])
    inner = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    model.compile(keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0), "mse")
    x, y = floats(16, 4), floats(16, 2)
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    state = values(model.layers[0])
    assert np.isfinite([v.sum() for v in state.values()]).all()
    # An overwritten value is that of the last step of each two; there were four of those.
    np.testing.assert_allclose(state["inputs_amax_history"][0], np.abs(x[12:]).max(), rtol=1e-3)
    assert np.count_nonzero(state["inputs_amax_history"]) == 4


@trains
def test_an_adapter_is_trained_beside_the_rounded_weight(backend):
    layer = layers.Dense(2)
    model = keras.Sequential([keras.Input((4,)), layer])
    layer.enable_lora(2)
    layer.quantize("float8")
    kernel = array(layer._kcore_saved_variables()[0]).copy()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(floats(8, 4), floats(8, 2), epochs=3, verbose=0)
    assert [v.name for v in layer.trainable_weights][:3] == ["bias", "lora_kernel_a", "lora_kernel_b"]
    np.testing.assert_array_equal(array(layer._kcore_saved_variables()[0]), kernel)
    assert array(layer.lora_kernel_b).any() and 0 < float(layer.inputs_scale.numpy()) < 0.1


@pytest.mark.parametrize("by_policy", [False, True])
@pytest.mark.only("numpy", "torch")
def test_files_hold_scales_and_weights(backend, make, tmp_path, by_policy):
    x = floats(5, 4)
    policy = dtype_policies.QuantizedFloat8DTypePolicy("float8", "float32", amax_history_length=5)
    layer = make(dtype=policy if by_policy else None)
    model = keras.Sequential([keras.Input((4,)), layer])
    if not by_policy:
        model.quantize("float8")
    layer.inputs_scale.assign(0.02)
    layer.kernel_amax_history.assign(np.arange(layer.kernel_amax_history.shape[0], dtype="float32"))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[0].dtype_policy == layer.dtype_policy
    for name, value in values(layer).items():
        np.testing.assert_array_equal(values(again.layers[0])[name], value)
    np.testing.assert_array_equal(array(again(x)), array(model(x)))
    assert isinstance(again.layers[0].quantization_config, quantizers.Float8QuantizationConfig | type(None))


@pytest.mark.only("numpy", "torch")
def test_layers_without_such_products_stay_as_they_are(backend):
    model = keras.Sequential(
        [keras.Input((3,), dtype="int32"), layers.Embedding(4, 3), layers.Flatten(), layers.Dense(2)]
    )
    model.quantize("float8")
    assert [layer.quantization_mode for layer in model.layers] == [None, None, "float8"]


def test_what_can_not_be_is_refused(backend):
    layer = layers.Dense(2)
    with pytest.raises(ValueError, match="not built"):
        layer.quantize("float8")
    layer.build((None, 4))
    layer.quantize("float8")
    with pytest.raises(ValueError, match="quantized already: its policy is 'float8_from_float32'"):
        layer.quantize("int8")
    embedding = layers.Embedding(4, 3)
    embedding.build(())
    with pytest.raises(ValueError, match="Embedding has no mode 'float8'"):
        embedding.quantize("float8")
    with pytest.raises(ValueError, match="there is no mode 'int8'\n  fix: use one of float8"):
        dtype_policies.QuantizedFloat8DTypePolicy("int8")
    with pytest.raises(ValueError, match="amax_history_length can not be 0"):
        dtype_policies.QuantizedFloat8DTypePolicy("float8", amax_history_length=0)
    with pytest.raises(ValueError, match="quantizes already"):
        dtype_policies.QuantizedFloat8DTypePolicy("float8", "int8_from_float32")


def test_policies_go_by_their_name_and_length():
    policy = dtype_policies.get("float8_from_mixed_bfloat16")
    assert type(policy) is dtype_policies.QuantizedFloat8DTypePolicy and policy.amax_history_length == 1024
    shorter = dtype_policies.QuantizedFloat8DTypePolicy("float8", "mixed_bfloat16", 7)
    assert policy != shorter and dtype_policies.deserialize(dtype_policies.serialize(shorter)) == shorter
    assert quantizers.Float8QuantizationConfig().get_config() == {}
