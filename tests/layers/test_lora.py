"""Adapters of low rank: what is trained, what is computed, what files hold, and what is refused."""

from __future__ import annotations

import copy

import kcore as keras
import kcore_ops as ops
import numpy as np
import pytest
from kcore import layers

array = ops.convert_to_numpy
RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


CASES = {
    "Dense": (lambda **kw: layers.Dense(5, **kw), floats(3, 4)),
    "Dense of sequences": (lambda **kw: layers.Dense(5, **kw), floats(2, 3, 4)),
    "EinsumDense": (
        lambda **kw: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", **kw),
        floats(2, 3, 4),
    ),
    "EinsumDense back": (lambda **kw: layers.EinsumDense("abde,dec->abc", (None, 5), **kw), floats(2, 3, 2, 3)),
    "EinsumDense turned": (lambda **kw: layers.EinsumDense("abc,dc->adb", (6, 3), **kw), floats(2, 3, 4)),
    "EinsumDense with dots": (lambda **kw: layers.EinsumDense("...x,xy->...y", 5, **kw), floats(2, 3, 4)),
    "EinsumDense in the way": (lambda **kw: layers.EinsumDense("abc,cb->ab", (4,), **kw), floats(2, 4, 3)),
    "Embedding": (lambda **kw: layers.Embedding(9, 4, **kw), np.array([[1, 8], [0, -1]])),
    "Conv1D": (lambda **kw: layers.Conv1D(4, 3, padding="causal", **kw), floats(2, 6, 3)),
    "Conv2D": (lambda **kw: layers.Conv2D(4, 3, groups=2, **kw), floats(2, 6, 5, 4)),
    "Conv3D": (lambda **kw: layers.Conv3D(4, 2, **kw), floats(1, 4, 4, 4, 3)),
}
each_case = pytest.mark.parametrize("case", CASES)


def adapted(case, **arguments):
    """A layer with an adapter that does something, and an input."""
    make, x = CASES[case]
    layer = make(**arguments)
    layer.build(x.shape)
    if not layer.lora_enabled:
        layer.enable_lora(2, lora_alpha=3)
    weight = getattr(layer, layer.weight_name)
    weight.b.assign(np.linspace(-1, 1, int(np.prod(weight.b.shape)), dtype="float32").reshape(weight.b.shape))
    return layer, x


@each_case
def test_the_adapter_changes_nothing_at_first_and_then_what_its_product_says(backend, case):
    make, x = CASES[case]
    layer = make()
    before = array(layer(x))
    kernel = layer.get_weights()[0]
    layer.enable_lora(2, lora_alpha=3)
    np.testing.assert_allclose(array(layer(x)), before, rtol=1e-5, atol=1e-6)
    weight = getattr(layer, layer.weight_name)
    weight.b.assign(np.linspace(-1, 1, int(np.prod(weight.b.shape)), dtype="float32").reshape(weight.b.shape))
    merged = kernel + 1.5 * np.matmul(array(weight.a), array(weight.b))
    np.testing.assert_allclose(array(weight), merged, rtol=1e-5, atol=1e-6)
    plain = make()
    plain.build(x.shape)
    plain.set_weights([merged, *[array(v) for v in layer.weights if v.name == "bias"]])
    np.testing.assert_allclose(array(layer(x)), array(plain(x)), rtol=1e-4, atol=1e-5)
    assert np.abs(array(layer(x)) - before).max() > 0.01


def test_the_factors_are_not_multiplied_out(backend):
    layer, x = adapted("EinsumDense")
    equation = "abc,cde->abde"
    answered = layer.kernel.__kcore_op__(ops.einsum, (equation, (x, layer.kernel)))
    assert answered is not NotImplemented
    np.testing.assert_allclose(
        array(answered), array(ops.einsum(equation, x, array(layer.kernel))), rtol=1e-4, atol=1e-5
    )


@each_case
def test_only_the_adapter_and_the_bias_are_trained(backend, case):
    layer, _ = adapted(case)
    name = layer.weight_name
    names = [v.name for v in layer.trainable_variables]
    assert [each for each in names if each != "bias"] == [f"lora_{name}_a", f"lora_{name}_b"]
    assert layer.weights[0].name == name and not layer.weights[0].trainable
    layer.trainable = False
    assert layer.trainable_variables == []
    layer.trainable = True
    assert [v.name for v in layer.trainable_variables] == names


@pytest.mark.needs("gradient")
@pytest.mark.parametrize("case", ["Dense", "EinsumDense", "Embedding", "Conv2D"])
def test_training_changes_the_adapter_and_leaves_the_weight(backend, case):
    layer, x = adapted(case)
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    weight = getattr(layer, layer.weight_name)
    frozen, a, b = (array(v).copy() for v in (weight.weight, weight.a, weight.b))
    losses = model.fit(x, np.ones_like(array(layer(x))), epochs=4, batch_size=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(array(weight.weight), frozen)
    assert (array(weight.a) != a).any() and (array(weight.b) != b).any()


@pytest.mark.needs("gradient")
def test_a_compiled_model_that_gets_an_adapter_trains_it_from_then_on(backend):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    x, y = floats(8, 4), floats(8, 3)
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(x, y, verbose=0)
    before = model.predict(x, verbose=0)
    model.layers[0].enable_lora(2)
    np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-5, atol=1e-6)
    kernel = model.layers[0].kernel
    frozen = array(kernel.weight).copy()
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(array(kernel.weight), frozen)
    assert array(kernel.b).any()


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
@pytest.mark.parametrize("case", ["Dense", "Embedding", "Conv2D"])
def test_files_hold_the_sum(backend, tmp_path, case, ending):
    layer, x = adapted(case)
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), layer])
    wanted = array(model(x))
    path = tmp_path / f"model{ending}"
    if ending == ".keras":
        model.save(path)
        again = keras.saving.load_model(path)
        assert again.layers[0].lora_rank == 2 and again.layers[0].lora_alpha == 3 and again.layers[0].lora_enabled
    else:
        model.save_weights(path)
        again = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), CASES[case][0]()])
        again.load_weights(path)
        with_adapter = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype), adapted(case)[0]])
        with_adapter.load_weights(path)
        np.testing.assert_allclose(array(with_adapter(x)), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(array(again(x)), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", ["Dense", "Embedding", "EinsumDense"])
def test_copies_and_configs_have_the_adapter(backend, case):
    layer, x = adapted(case)
    np.testing.assert_array_equal(array(copy.deepcopy(layer)(x)), array(layer(x)))
    again = type(layer).from_config(layer.get_config())
    again.build(x.shape)
    assert [v.name for v in again.weights] == [v.name for v in layer.weights]
    assert [v.shape for v in again.weights] == [v.shape for v in layer.weights]


def test_the_factors_are_attributes_of_the_layer(backend):
    layer, _ = adapted("Dense")
    assert layer.lora_kernel_a is layer.kernel.a and layer.lora_kernel_b is layer.kernel.b
    assert layer.lora_kernel_a.path == f"{layer.path}/lora_kernel_a"


def test_a_functional_graph_goes_through_it(backend):
    layer, x = adapted("Dense")
    inputs = keras.Input((4,))
    assert layer(inputs).shape == (None, 5)
    np.testing.assert_allclose(array(keras.Model(inputs, layer(inputs))(x)), array(layer(x)), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float16"])
def test_it_computes_in_the_layer_s_dtype(backend, policy):
    layer, x = adapted("Dense", dtype=policy)
    assert ops.dtype(layer(x)) == layer.compute_dtype
    assert layer.lora_kernel_a.dtype == layer.variable_dtype


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda layer: layer.enable_lora(2), "it is not built"),
        (lambda layer: (layer.build((None, 4)), layer.enable_lora(0)), "rank can not be 0"),
        (lambda layer: (layer.build((None, 4)), layer.enable_lora(-1)), "rank can not be -1"),
        (lambda layer: (layer.build((None, 4)), layer.enable_lora(1.5)), "rank can not be 1.5"),
        (lambda layer: (layer.build((None, 4)), layer.enable_lora(2), layer.enable_lora(2)), "has an adapter already"),
        (lambda layer: layers.Dense(3, lora_rank=0), "lora_rank can not be 0"),
    ],
)
def test_what_can_not_be_is_refused(backend, call, text):
    with pytest.raises((ValueError, TypeError), match=text):
        call(layers.Dense(3))


def test_a_refused_rank_leaves_the_layer_as_it_was(backend):
    layer = layers.Dense(3)
    layer.build((None, 4))
    with pytest.raises(ValueError, match="rank can not be 0"):
        layer.enable_lora(0)
    layer.enable_lora(2)
    assert len(layer.weights) == 4
