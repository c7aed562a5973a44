"""What holds for every layer that makes numbers of strings and tables: specs, graphs, files, compiled and mapped."""

from __future__ import annotations

import pickle

import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.files.model_file import load_model
from kcore_layers.layers.core.input_layer import Input
from kcore_layers.models.model import Model
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object
from layer_cases import DATA_CASES, drawn, inputs_of, symbols


@pytest.fixture(params=DATA_CASES)
def case(request):
    make, shape = DATA_CASES[request.param]
    return make, shape


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def check_same(y, expected):
    assert numbers(y).dtype == numbers(expected).dtype
    np.testing.assert_array_equal(numbers(y), numbers(expected))


def test_a_symbolic_call_foretells_the_eager_one(backend, case):
    make, shape = case
    layer, x = make(), inputs_of(shape)
    y = layer(x)
    for symbolic in (layer(symbols(x, None)), layer(symbols(x))):
        assert symbolic.dtype == backend.dtype(y)
        assert len(symbolic.shape) == len(y.shape)
        assert all(size in (None, found) for size, found in zip(symbolic.shape, y.shape, strict=True))


def test_the_saved_layer_and_the_pickled_one_give_the_same(backend, case):
    make, shape = case
    layer, x = make(name="original"), inputs_of(shape)
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    check_same(again(x), layer(x))
    check_same(pickle.loads(pickle.dumps(layer))(x), layer(x))


def test_a_functional_model_of_it_gives_the_same_and_so_does_its_file(backend, case, tmp_path):
    make, shape = case
    layer, x = make(), inputs_of(shape)
    leaves = x if isinstance(x, list) else [x]
    inputs = [Input(each.shape[1:], dtype=each.dtype) for each in leaves]
    model = Model(inputs, layer(inputs if isinstance(x, list) else inputs[0]))
    check_same(model(leaves), layer(x))
    model.save(tmp_path / "model.keras")
    check_same(load_model(tmp_path / "model.keras")(leaves), layer(x))


def test_an_empty_batch_gives_an_empty_batch(backend, case):
    make, shape = case
    layer, x = make(), inputs_of(shape)
    y = layer(ops.tree.map_structure(lambda each: each[:0], x))
    assert y.shape[0] == 0
    assert len(y.shape) == len(layer(x).shape)


@pytest.mark.needs("jit")
@pytest.mark.parametrize(
    "name", [name for name, (_, shape) in DATA_CASES.items() if "integers" in shape or type(shape[0]) is int]
)
def test_layers_of_numbers_give_the_same_in_compiled_code(backend, name):
    make, shape = DATA_CASES[name]
    layer, x = make(), ops.convert_to_tensor(inputs_of(shape))
    check_same(backend.jit(lambda x: layer(x))(x), layer(x))


@pytest.mark.parametrize("name", DATA_CASES)
def test_a_data_set_of_tensorflow_is_mapped_whatever_the_backend(backend, name):
    tf = pytest.importorskip("tensorflow")
    make, shape = DATA_CASES[name]
    layer, x = make(), inputs_of(shape)
    data = tf.data.Dataset.from_tensor_slices(tuple(x) if isinstance(x, list) else x).batch(2)
    if isinstance(x, list):
        data = data.map(lambda *features: layer(features))
    else:
        data = data.map(layer)
    found = list(data.as_numpy_iterator())
    expected = numbers(layer(x))
    start = 0
    for batch in found:
        whole = expected[start : start + len(batch)]
        # Texts are as long as the longest of their batch.
        np.testing.assert_array_equal(batch, whole[:, : batch.shape[1]] if batch.ndim > 1 else whole)
        start += len(batch)
    assert start == len(expected)


def test_the_same_numbers_come_on_every_backend(backend, case):
    make, shape = case
    x = inputs_of(shape)
    with ops.use_backend("numpy"):
        expected = numbers(make()(x))
    np.testing.assert_array_equal(numbers(make()(x)), expected)


def test_lists_bytes_and_objects_are_strings_as_arrays_are(backend):
    make, _ = DATA_CASES["StringLookup"]
    layer, x = make(), drawn("strings")
    expected = numbers(layer(x))
    for same in (x.tolist(), x.astype(object), np.char.encode(x), np.char.encode(x).astype(object)):
        np.testing.assert_array_equal(numbers(layer(same)), expected)
