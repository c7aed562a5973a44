"""What a layer is checked for by being listed in `layer_cases.py`, and that every layer is listed.

`test_layer_contract.py` and `test_every_layer.py` hold symbolic and eager shapes, plans, configs and compiled calls.
Here: dtypes, masks, training, gradients, files, and a second device.
"""

from __future__ import annotations

import inspect

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers import Input, Layer, Model, layers
from kcore_layers.base.masking import get_mask, set_mask
from kcore_layers.files import load_model
from kcore_ops.backends import registry
from kcore_ops.conformance.places import other_device
from layer_cases import CASES, DATA_CASES, SLOW_CASES, inputs_of, symbols

# Those that are not listed, and where they are tested.
ELSEWHERE = {
    "Dense": "in the cases of SpectralNormalization, and everywhere",
    "GRUCell": "by RNN, test_recurrent_layers.py",
    "LSTMCell": "by RNN",
    "SimpleRNNCell": "by RNN, test_recurrent_layers.py",
    "StackedRNNCells": "by RNN, test_rnn.py",
    "GroupQueryAttention": "it takes several arguments: test_multi_head_attention.py",
    "GroupedQueryAttention": "it takes several arguments: test_multi_head_attention.py",
    "MultiHeadAttention": "it takes several arguments: test_multi_head_attention.py",
    "InputLayer": "it computes nothing: test_input_layer.py",
    "JaxLayer": "it runs on one framework: test_jax_layer.py",
    "FlaxLayer": "it runs on one framework: test_flax_layer.py",
    "TFSMLayer": "it runs on one framework: tests/export",
    "TorchModuleWrapper": "it runs on one framework: test_torch_module_wrapper.py",
    "Layer": "the base class",
    "Wrapper": "a base class: test_wrapping_layers.py",
}
# Layers of images draw what they do with them, in training and out of it, and have tests of their own.
ELSEWHERE_BY_KIND = ("preprocessing", "augmentation")


def kind_of(name):
    return getattr(layers, name.split()[0]).__module__.split(".")[2]


ALL = {name: case for name, case in (CASES | SLOW_CASES).items() if kind_of(name) not in ELSEWHERE_BY_KIND}
OTHER_MASKS = {
    "Softmax": "its mask is one of elements",
    "SpectralNormalization": "as in Keras, the layer inside passes a mask on, and symbols lose it",
}
# (dtype policy, how far outputs may be from those in float32)
POLICIES = {"float16": 2e-2, "bfloat16": 1e-1, "mixed_float16": 2e-2, "mixed_bfloat16": 1e-1}


@pytest.fixture(params=ALL)
def case(request):
    return request.param, *ALL[request.param]


@pytest.fixture(scope="module")
def eager_backend(backend_name):
    """Another backend with gradients, one that compiles nothing if there is such."""
    usable = [name for name, record in registry.backends().items() if record.is_usable and name != backend_name]
    loaded = [registry.load(name) for name in sorted(usable, reverse=True)]
    return next(found for found in loaded if "gradient" in found.capabilities)


def tensors(x):
    return ops.tree.map_structure(ops.convert_to_tensor, x)


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).astype("float64")


def test_every_layer_class_is_listed():
    listed = {name.split()[0] for name in (*ALL, *DATA_CASES)}
    classes = {name: getattr(layers, name) for name in layers.__all__ if inspect.isclass(getattr(layers, name))}
    missing = [
        name
        for name, cls in classes.items()
        if issubclass(cls, Layer)
        and cls.__name__ not in listed
        and cls.__name__ not in ELSEWHERE
        and cls.__module__.split(".")[2] not in ELSEWHERE_BY_KIND
    ]
    assert not missing, (
        f"{', '.join(missing)}: list each in tests/layers/layer_cases.py, with a function that makes it, the shape of "
        "its input and the axes whose size need not be known"
    )


# What two more policies cast is the same; where each op is compiled anew that takes minutes.
quick = pytest.mark.only("numpy", "torch")
POLICIES_TRIED = [
    "float16",
    "mixed_bfloat16",
    *[pytest.param(name, marks=quick) for name in ("bfloat16", "mixed_float16")],
]


@pytest.mark.parametrize("policy", POLICIES_TRIED)
def test_it_computes_in_half_and_mixed_precision(backend, case, policy):
    _, make, shape, _ = case
    x = tensors(inputs_of(shape))
    wide, half = make(), make(dtype=policy)
    expected = numbers(wide(x))
    y = half(x)
    compute = half.compute_dtype
    assert backend.dtype(y) == compute == half(symbols(inputs_of(shape))).dtype
    half.set_weights([w.astype("float32") for w in wide.get_weights()])
    floating = {v.dtype for v in half.weights if "float" in v.dtype}
    assert floating <= {half.variable_dtype, "float32"}
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(numbers(half(x)), expected, rtol=POLICIES[policy], atol=POLICIES[policy] * scale)


def test_a_mask_goes_on_with_tensors_as_with_symbols(backend, case):
    name, make, shape, _ = case
    if isinstance(shape, list) or shape == "integers" or len(shape) < 3 or name in OTHER_MASKS:
        return  # masks of lists: test_step_masks.py
    layer = make()
    x = tensors(inputs_of(shape))
    expected = numbers(layer(x))
    symbol = symbols(inputs_of(shape))
    mask = np.arange(shape[0] * shape[1]).reshape(shape[:2]) % 3 != 1
    set_mask(x, ops.convert_to_tensor(mask))
    symbol._keras_mask = ops.KerasTensor((None, shape[1]), "bool")
    y, foretold = layer(x), layer(symbol)
    found = get_mask(y)
    assert numbers(y).shape == expected.shape
    assert (found is not None) == (getattr(foretold, "_keras_mask", None) is not None)
    if found is not None:
        assert tuple(found.shape) == tuple(y.shape)[: len(found.shape)]


def test_in_training_and_out_of_it_it_gives_the_same_shape_and_finite_numbers(backend, case):
    _, make, shape, _ = case
    layer = make()
    x = tensors(inputs_of(shape))
    found = [layer(x, training=training) for training in (None, True, False)]
    assert len({(tuple(y.shape), backend.dtype(y)) for y in found}) == 1
    assert all(np.isfinite(numbers(y)).all() for y in found)
    np.testing.assert_array_equal(numbers(layer(x, training=False)), numbers(layer(x)))


@pytest.mark.needs("gradient")
def test_its_gradients_are_those_of_another_backend(backend, eager_backend, case):
    _, make, shape, _ = case
    weights, found = None, []
    for each in (backend, eager_backend):
        with ops.use_backend(each.name):
            layer = make()
            x = tensors(inputs_of(shape))
            y = layer(x)
            if weights is None:
                weights = layer.get_weights()
            layer.set_weights(weights)
            others = [v.value for v in layer.non_trainable_variables]
            shares = np.cos(np.arange(np.prod(y.shape))).reshape(y.shape).astype("float32")

            def loss(values, x, layer=layer, others=others, shares=shares):
                return ops.sum(ops.multiply(layer.stateless_call(values, others, x)[0], shares))

            trainable = [v.value for v in layer.trainable_variables]
            arguments = [0] * bool(trainable) + [1] * (shape != "integers")
            gradients = [ops.grad(loss, argnums=argument)(trainable, x) for argument in arguments]
            found.append([numbers(gradient) for gradient in ops.tree.flatten(gradients)])
    assert len(found[0]) == len(found[1]) > 0
    for one, other in zip(*found, strict=True):
        assert shape == "integers" or np.abs(other).max() > 0
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * max(1.0, np.abs(other).max()))


def test_a_model_of_it_is_read_from_a_file_as_it_was_written(backend, case, tmp_path):
    _, make, shape, _ = case
    x = inputs_of(shape)
    inputs = ops.tree.map_structure(lambda each: Input(each.shape[1:], dtype=each.dtype.name), x)
    model = Model(inputs, make()(inputs))
    expected = numbers(model(tensors(x)))
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    # Not by their paths: as in Keras, what a wrapper holds is built by itself when it is read.
    assert [(w.name, w.shape) for w in again.weights] == [(w.name, w.shape) for w in model.weights]
    np.testing.assert_array_equal(numbers(again(tensors(x))), expected)


def test_on_a_second_device_it_gives_what_lies_there(backend, case):
    name, make, shape, _ = case
    device = other_device(backend)
    if device is None or (name == "Rescaling" and "meta" in device):
        return  # the framework knows one device; or the second has no numbers, where its scale would be read
    expected = make()(tensors(inputs_of(shape)))
    x = ops.tree.map_structure(lambda each: backend.to_device(each, device), tensors(inputs_of(shape)))
    with ops.device(device):
        layer = make()
        y = layer(x)
    assert tuple(y.shape) == tuple(expected.shape)
    place = backend.place_of(ops.tree.flatten(x)[0])
    assert backend.place_of(y) == place
    # None is no place: what is bound to none follows the tensors that it meets.
    assert {backend.place_of(v.value) for v in layer.weights} <= {place, None}
