"""A deep copy, a pickle, a clone of the config and what is saved and loaded are the same: for everything there is."""

from __future__ import annotations

import copy
import json
import pickle

import kcore
import kcore_ops as ops
import numpy as np
import pytest
from everything import NOT_LAYERS, classes_in, layers_and_arguments, others
from kcore_layers import Layer, Model
from kcore_layers.files.model_file import load_model, save_model
from kcore_layers.serialization.objects import (
    deserialize_keras_object,
    register_keras_serializable,
    serialize_keras_object,
)

# The same whatever computes; where each op is compiled anew it takes minutes.
pytestmark = pytest.mark.only("numpy", "torch")

LAYERS = layers_and_arguments()
OTHERS = others()


@register_keras_serializable("everything")
class Around(Model):
    """A model of one layer, whatever it takes and gives."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, inputs, more=None):
        return self.layer(inputs) if more is None else self.layer(inputs, more)


def numbers(tree):
    return [np.asarray(ops.convert_to_numpy(leaf)) for leaf in ops.tree.flatten(tree)]


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301


def through_data(thing):
    """What is made of the data of a thing as a file has it."""
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(thing))))


def plain(config):
    """A config as a file has it, where tuples are lists."""
    return json.loads(json.dumps(serialize_keras_object(config)))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(backend, tmp_path, name):
    make, arguments = LAYERS[name]
    layer, args = make(name="a_layer"), arguments()
    y = numbers(layer(*args))
    values, config = layer.get_weights(), plain(layer.get_config())

    model = Around(layer)
    model(*args)
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras").layer
    for again in (copy.deepcopy(layer), pickled(layer), loaded):
        assert type(again) is type(layer)
        assert plain(again.get_config()) == config
        same(again.get_weights(), values)
        same(numbers(again(*args)), y)
    for again in (type(layer).from_config(layer.get_config()), through_data(layer)):
        again(*args)
        assert plain(again.get_config()) == config
        again.set_weights(values)
        same(numbers(again(*args)), y)


@pytest.mark.parametrize(
    "name", ["Dropout", "SpatialDropout2D", "GaussianNoise", "GRU with dropout", "MultiHeadAttention"]
)
@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_layer_that_draws_draws_the_same_in_a_copy(backend, name, copied):
    make, arguments = LAYERS[name]
    layer, args = make(), arguments()
    layer(*args, training=True)
    again = copied(layer)
    same([v.numpy() for v in again.variables], [v.numpy() for v in layer.variables])
    for _ in range(2):
        same(numbers(again(*args, training=True)), numbers(layer(*args, training=True)))


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else(backend, name):
    thing = OTHERS[name]()
    config = plain(thing.get_config())
    for again in (
        copy.deepcopy(thing),
        pickled(thing),
        type(thing).from_config(thing.get_config()),
        through_data(thing),
    ):
        assert type(again) is type(thing)
        assert plain(again.get_config()) == config
        same(results(again), results(thing))
        same([v.numpy() for v in getattr(again, "variables", ())], [v.numpy() for v in getattr(thing, "variables", ())])


def results(thing):
    """What a thing gives, in numbers, on small data that is fit for most of its kind."""
    rng = np.random.default_rng(0)
    module = type(thing).__module__
    if ".schedules" in module:
        return numbers([thing(step) for step in (0, 3, 7)])
    if ".optimizers" in module and not hasattr(thing, "apply"):  # a map of optimizers
        return [result for path in ("variable", "other") for result in results(thing[path])]
    if ".optimizers" in module:
        v = ops.Variable(np.ones((2, 2), "float32"))
        thing = copy.deepcopy(thing)
        if "gradient" in v.backend.capabilities:
            thing.apply([ops.convert_to_tensor(np.full((2, 2), 0.5, "float32"))], [v])
        return numbers([v.value])
    if ".initializers" in module:
        shape = {"STFT": (4, 1, 6)}.get(type(thing).__name__, (3, 3))
        return numbers([thing(shape, dtype="float32")])
    if ".constraints" in module or ".regularizers" in module:
        return numbers([thing(ops.convert_to_tensor(rng.normal(size=(2, 2)).astype("float32")))])
    return []


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("metrics.")])
def test_a_metric_goes_on_from_its_state(backend, name, copied):
    metric = OTHERS[name]()
    y, y_pred = data_for(metric)
    metric.update_state(y, y_pred) if y is not None else metric.update_state(y_pred)
    again = copied(metric)
    for each in (metric, again):
        each.update_state(y, y_pred) if y is not None else each.update_state(y_pred)
    same(numbers(again.result()), numbers(metric.result()))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled, through_data])
@pytest.mark.parametrize("name", [name for name in OTHERS if name.startswith("losses.")])
def test_a_loss_gives_the_same(backend, name, copied):
    loss = OTHERS[name]()
    y, y_pred = data_for(loss)
    same(numbers(copied(loss)(y, y_pred)), numbers(loss(y, y_pred)))


def data_for(thing):
    """Targets and predictions for a loss or metric."""
    name = type(thing).__name__
    y_pred = np.array([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]], "float32")
    if name in ("Mean", "Sum"):
        return None, y_pred
    if name == "CTC":
        return np.array([[1], [1], [2]], "int32"), np.random.default_rng(0).normal(size=(3, 4, 3)).astype("float32")
    if name in ("Circle", "CategoricalGeneralizedCrossEntropy") or name.startswith("Sparse"):
        return np.array([0, 1, 1], "int32"), y_pred
    if name in ("IoU", "MeanIoU"):
        return np.array([0, 1, 1], "int32"), np.array([0, 1, 0], "int32")
    return np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], "float32"), y_pred


def test_no_layer_is_left_out(backend):
    covered = {type(make()).__name__ for make, _ in LAYERS.values()}
    there = {
        cls.__name__ for cls in classes_in(kcore.layers).values() if issubclass(cls, Layer) and not _is_of_data(cls)
    }
    assert there - covered == set(NOT_LAYERS) - {"InputSpec"}


def _is_of_data(cls):
    """Say whether a layer draws in each call, or has a vocabulary: test_augmentation.py and test_data_layers.py."""
    return cls.__module__.split(".")[2] in ("augmentation", "preprocessing") and cls.__name__ != "Rescaling"
