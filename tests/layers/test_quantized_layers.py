"""Layers whose weights are integers: what is computed, trained, saved and copied, and what is refused."""

from __future__ import annotations

import copy

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers, quantizers

array = ops.convert_to_numpy
# The same whatever computes; where each op is compiled anew it takes minutes.
quick = pytest.mark.only("numpy", "torch")

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


CASES = {
    "Dense": (lambda **kw: layers.Dense(5, **kw), floats(3, 12)),
    "EinsumDense": (
        lambda **kw: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", **kw),
        floats(2, 3, 12),
    ),
    "EinsumDense back": (lambda **kw: layers.EinsumDense("abde,dec->abc", (None, 5), **kw), floats(2, 3, 4, 3)),
    "EinsumDense turned": (lambda **kw: layers.EinsumDense("abc,ced->abde", (3, 5, 6), **kw), floats(2, 3, 12)),
    "EinsumDense with dots": (lambda **kw: layers.EinsumDense("...x,xy->...y", 5, **kw), floats(2, 3, 12)),
    "EinsumDense of batches": (lambda **kw: layers.EinsumDense("abc,bcd->abd", (3, 5), **kw), floats(2, 3, 12)),
    "Embedding": (lambda **kw: layers.Embedding(9, 12, **kw), np.array([[1, 8], [0, -1]])),
}
MODES = {
    "int8": quantizers.Int8QuantizationConfig(),
    "int8 weights": quantizers.Int8QuantizationConfig(activation_quantizer=None),
    "int4": quantizers.Int4QuantizationConfig(),
    "int4 of 4": quantizers.Int4QuantizationConfig(block_size=4),
    "int4 of columns": quantizers.Int4QuantizationConfig(block_size=None),
    "int4 and activations": quantizers.Int4QuantizationConfig(block_size=-1, activation_quantizer="abs_max_quantizer"),
}
each_case = pytest.mark.parametrize("case", CASES)
each_mode = pytest.mark.parametrize("mode", MODES)


def built(case, **arguments):
    make, x = CASES[case]
    layer = make(**arguments)
    layer.build(x.shape)
    return layer, x


def weight_of(layer):
    return getattr(layer, layer.weight_name)


@each_case
@each_mode
def test_outputs_are_those_of_the_numbers_that_the_weight_stands_for(backend, case, mode):
    layer, x = built(case)
    kernel, before = array(weight_of(layer)).copy(), array(layer(x))
    layer.quantize(config=MODES[mode])
    bits = 8 if mode.startswith("int8") else 4
    step = 2 * np.abs(kernel).max() / (2**bits - 2)
    stands_for = array(weight_of(layer))
    assert stands_for.shape == kernel.shape == weight_of(layer).shape
    assert np.abs(stands_for - kernel).max() <= step
    plain, _ = built(case)
    plain.set_weights([stands_for, *[array(v) for v in layer.weights if v.name == "bias"]])
    rounds_inputs = weight_of(layer).activation_quantizer is not None and "Dense" in case
    wanted, got = array(plain(x)), array(layer(x))
    tolerance = np.abs(x).max() / 127 * np.abs(stands_for).sum(axis=0).max() / 2 if rounds_inputs else 1e-5
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=tolerance)
    assert np.abs(got - before).max() > 0 or case == "Embedding"


@pytest.mark.parametrize("equation", ["abc,cde->abde", "abc,ced->abde", "...c,cde->...de"])
def test_a_product_with_int8_is_one_of_integers(backend, equation):
    x = CASES["EinsumDense"][1]
    layer = layers.EinsumDense(equation, (None, 2, 3) if equation[0] == "a" else (2, 3))
    layer.build(x.shape)
    layer.quantize("int8")
    weight = array(layer.kernel.parts["kernel"]).astype("int64")
    by = 127 / (np.abs(x).max(axis=-1) + 1e-7)
    whole = np.clip(np.round(x * by[..., None]), -127, 127).astype("int64")
    scales = array(layer.kernel.divisor())
    unrounded = np.einsum(equation, x, weight / scales)
    wanted = np.einsum(equation, whole / by[..., None], weight / scales)
    np.testing.assert_allclose(array(layer(x)), wanted, rtol=1e-4, atol=1e-5)
    assert np.abs(unrounded - wanted).max() > 1e-3


@quick
@each_mode
def test_variables_are_integers_that_are_not_trained(backend, mode):
    layer, _ = built("Dense")
    layer.quantize(config=MODES[mode])
    assert [v.name for v in layer.trainable_variables] == ["bias"]
    kernel = next(v for v in layer.weights if v.name == "kernel")
    assert kernel.dtype == "int8" and not kernel.trainable
    assert tuple(kernel.shape) == ((12, 5) if mode.startswith("int8") else (12, 3))
    assert layer.kernel_scale is weight_of(layer).scale and layer.kernel_scale.dtype == "float32"
    assert layer.quantization_mode == mode[:4] and layer.dtype_policy.name.startswith(mode[:4])
    layer.trainable = False
    layer.trainable = True
    assert [v.name for v in layer.trainable_variables] == ["bias"]


@quick
@pytest.mark.needs("gradient")
@each_mode
def test_an_adapter_on_integers_is_trained(backend, mode):
    layer, x = built("Dense")
    layer.quantize(config=MODES[mode])
    before = array(layer(x))
    layer.enable_lora(2)
    np.testing.assert_allclose(array(layer(x)), before, rtol=1e-5, atol=1e-6)
    model = keras.Sequential([keras.Input((12,)), layers.Dense(12), layer])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    first, integers = array(model.layers[0].kernel).copy(), array(layer.kernel.parts["kernel"]).copy()
    losses = model.fit(x, np.ones((3, 5), "float32"), epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(array(layer.kernel.parts["kernel"]), integers)
    assert array(layer.kernel.b).any()
    assert (array(model.layers[0].kernel) != first).any()  # gradients pass through the integers


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("case", ["Dense", "EinsumDense", "EinsumDense back"])
def test_gradients_are_those_of_a_product_that_is_not_rounded(backend, case):
    layer, x = built(case)
    layer.quantize("int8")
    plain, _ = built(case)
    plain.set_weights([array(weight_of(layer)), *[array(v) for v in layer.weights if v.name == "bias"]])
    x = ops.convert_to_tensor(x)
    got, wanted = (ops.grad(lambda x, each=each: ops.sum(ops.sin(each(x)) * 0 + each(x)))(x) for each in (layer, plain))
    np.testing.assert_allclose(array(got), array(wanted), rtol=1e-4, atol=1e-5)


@quick
def test_an_adapter_stays_when_the_weight_is_quantized(backend):
    layer, x = built("Dense")
    layer.enable_lora(2)
    layer.kernel.b.assign(floats(2, 5))
    before = array(layer(x))
    layer.quantize("int8")
    np.testing.assert_allclose(array(layer(x)), before, atol=0.05)
    assert [v.name for v in layer.trainable_variables] == ["bias", "lora_kernel_a", "lora_kernel_b"]


@quick
@pytest.mark.parametrize("ending", [".weights.h5", ".keras", ".safetensors"])
@pytest.mark.parametrize("mode", ["int8", "int4 of 4"])
@pytest.mark.parametrize("case", ["Dense", "EinsumDense", "Embedding"])
def test_files_hold_the_integers(backend, tmp_path, case, mode, ending):
    layer, x = built(case)
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), layer])
    model.quantize(config=MODES[mode])
    path = tmp_path / f"model{ending}"
    if ending == ".keras":
        model.save(path)
        again = keras.saving.load_model(path)
    else:
        model.save_weights(path)
        again = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), built(case)[0]])
        again.quantize(config=MODES[mode])
        again.load_weights(path)
    assert [(v.name, v.dtype, v.shape) for v in again.weights] == [(v.name, v.dtype, v.shape) for v in model.weights]
    np.testing.assert_array_equal(array(again(x)), array(model(x)))


@quick
@pytest.mark.parametrize("policy", ["int8_from_float32", "int4/4_from_float32", "int4_from_mixed_bfloat16"])
@pytest.mark.parametrize("case", ["Dense", "EinsumDense", "Embedding"])
def test_a_policy_makes_layers_that_are_quantized(backend, case, policy):
    layer, x = built(case, dtype=policy)
    assert layer.quantization_mode == policy[:4]
    assert layer.weights[-1].name != layer.weight_name and not layer.weights[-1].trainable
    assert ops.dtype(layer(x)) == layer.compute_dtype
    assert np.abs(array(ops.cast(layer(x), "float32"))).max() > 0
    again = type(layer).from_config(layer.get_config())
    again.build(x.shape)
    assert [(v.name, v.dtype, v.shape) for v in again.weights] == [(v.name, v.dtype, v.shape) for v in layer.weights]


@quick
def test_the_policy_in_force_is_taken(backend):
    keras.config.set_dtype_policy("int8_from_float32")
    try:
        model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(), layers.Dense(3)])
    finally:
        keras.config.set_dtype_policy("float32")
    assert [v.dtype for v in model.layers[1].weights] == ["float32", "int8", "float32"]
    assert {v.dtype for v in model.layers[0].weights} == {"float32"}
    assert array(model(floats(2, 4))).shape == (2, 3)


def attention():
    inputs = keras.Input((3, 8))
    return keras.Model(inputs, layers.Dense(2)(layers.MultiHeadAttention(2, 4)(inputs, inputs)))


@quick
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_a_model_s_layers_are_quantized_those_inside_layers_too(backend, mode):
    model, x = attention(), floats(2, 3, 8)
    before, at_first = array(model(x)), model.count_params()
    predicted = model.predict(x, verbose=0)
    model.quantize(mode)
    kernels = [v for v in model.weights if v.name == "kernel"]
    assert len(kernels) == 5 and all(v.dtype == "int8" for v in kernels)
    got = array(model(x))
    assert 0 < np.abs(got - before).max() < (0.05 if mode == "int8" else 0.6)
    np.testing.assert_allclose(model.predict(x, verbose=0), got, rtol=1e-3, atol=1e-3)
    assert np.abs(model.predict(x, verbose=0) - predicted).max() > 0
    assert mode == "int8" or model.count_params() < at_first
    np.testing.assert_array_equal(array(copy.deepcopy(model)(x)), got)


@quick
@pytest.mark.parametrize("filters", ["a", ["a"], lambda layer: layer.name == "a", "^a$"])
def test_filters_choose_layers(backend, filters):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
    model.quantize("int8", filters=filters)
    assert [layer.quantization_mode for layer in model.layers] == ["int8", None]


@pytest.mark.needs("gradient")
def test_a_compiled_model_trains_on(backend):
    model, x, y = attention(), floats(4, 3, 8), floats(4, 3, 2)
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(x, y, verbose=0)
    model.quantize("int8", filters="attention|query|key|value")
    losses = model.fit(x, y, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_compiled_function_computes_with_integers(backend):
    layer, x = built("Dense")
    layer.quantize("int8")
    np.testing.assert_allclose(array(ops.jit(layer)(ops.convert_to_tensor(x))), array(layer(x)), rtol=1e-5, atol=1e-6)


@quick
def test_calls_after_a_replacement_are_of_the_new_weight(backend):
    layer, x = built("Dense")
    x = ops.convert_to_tensor(x)
    for _ in range(3):
        before = array(layer(x))  # a plan is made
    layer.quantize("int4")
    assert np.abs(array(layer(x)) - before).max() > 0


@quick
def test_an_empty_batch_has_no_outputs(backend):
    layer, x = built("Dense")
    layer.quantize("int8")
    assert array(layer(x[:0])).shape == (0, 5)


@quick
def test_unknown_sizes_stay_unknown(backend):
    layer, _ = built("Dense")
    layer.quantize("int8")
    inputs = keras.Input((None, 12))
    assert layer(inputs).shape == (None, None, 5)
    assert keras.Model(inputs, layer(inputs)).predict(floats(2, 3, 12), verbose=0).shape == (2, 3, 5)


@quick
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: layers.Dense(3).quantize("int8"), "it is not built: there is no weight to quantize"),
        (lambda: built("Dense")[0].quantize("int7"), "there is no mode 'int7'"),
        (lambda: built("Dense")[0].quantize(), "neither mode nor config was given"),
        (lambda: built("Dense")[0].quantize("int4", config=MODES["int8"]), "mode is 'int4', and that of config is"),
        (lambda: built("Dense")[0].quantize("int8", config=3), "config can not be 3"),
        (lambda: built("Dense", dtype="int8_from_float32")[0].quantize("int8"), "it is quantized already"),
        (lambda: layers.Dropout(0.1).quantize("int8"), "Dropout has no weights that can be quantized"),
        (lambda: layers.Conv2D(1, 1).quantize("int8"), "Conv2D has no weights that can be quantized"),
        (lambda: keras.Sequential([layers.Dense(3)]).quantize("int8"), "it is not built: there are no weights"),
        (lambda: attention().quantize("int8", filters=3), "filters can not be 3"),
        (lambda: attention().quantize("int8", other=3), "has no argument 'other'"),
        (lambda: quantizers.Int4QuantizationConfig(block_size=0), "block_size can not be 0"),
        (lambda: quantizers.QuantizationConfig().mode, "QuantizationConfig has no mode"),
        (
            lambda: quantizers.Int8QuantizationConfig(quantizers.AbsMaxQuantizer(output_dtype="int32")),
            "weight_quantizer gives int32",
        ),
        (lambda: keras.dtype_policies.get("int7_from_float32"), "there is no mode 'int7'"),
        (lambda: keras.dtype_policies.get("int4/0_from_float32"), "there is no mode 'int4/0'"),
        (lambda: keras.dtype_policies.QuantizedDTypePolicy("int8", "int8_from_float32"), "quantizes already"),
    ],
)
def test_what_can_not_be_is_refused(backend, call, text):
    with pytest.raises((ValueError, NotImplementedError), match=text):
        call()


@quick
def test_a_refusal_leaves_every_layer_of_a_model_as_it_was(backend):
    model = attention()
    model.layers[-1].quantize("int8")
    with pytest.raises(ValueError, match="it is quantized already"):
        model.quantize("int8")
    assert sum(layer.quantization_mode is not None for layer in model._flatten_layers()) == 1


@quick
def test_a_model_without_weights_of_that_kind_is_left_with_a_warning(backend):
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization()])
    with pytest.warns(UserWarning, match="has no layer that was quantized"):
        model.quantize("int8")
