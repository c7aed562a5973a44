"""The configs of all layers: kcore reads those that Keras writes, and writes the same."""

from __future__ import annotations

import inspect
import json

import kcore_layers
import pytest
from kcore_layers.serialization.objects import deserialize_keras_object, serialize_keras_object

# Arguments that a layer can not do without; tried in this order by those that are not named.
TRIED = [{}, {"filters": 2, "kernel_size": 3}, {"units": 2}, {"kernel_size": 2}, {"rate": 0.5}, {"output_size": 2},
         {"pool_size": 2}, {"height": 3, "width": 4}, {"factor": 0.5},
         {"height_factor": 0.5, "width_factor": 0.25}]  # fmt: skip
NEEDED = {
    "Activation": {"activation": "relu"},
    "CategoryEncoding": {"num_tokens": 3},
    "Discretization": {"num_bins": 3},
    "Dot": {"axes": 1},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 2},
    "Embedding": {"input_dim": 3, "output_dim": 2},
    "ReversibleEmbedding": {"input_dim": 3, "output_dim": 2},
    "GaussianNoise": {"stddev": 1.0},
    "GroupQueryAttention": {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2},
    "HashedCrossing": {"num_bins": 3},
    "Hashing": {"num_bins": 3},
    "InputLayer": {"shape": (2,)},
    "MaxNumBoundingBoxes": {"max_number": 3},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "Permute": {"dims": (2, 1)},
    "RandomPosterization": {"factor": 4},
    "RepeatVector": {"n": 2},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": (2, 3)},
}
HOLDING = {
    "Bidirectional": ("layer", "LSTM"),
    "RNN": ("cell", "LSTMCell"),
    "SpectralNormalization": ("layer", "Dense"),
    "TimeDistributed": ("layer", "Dense"),
    "Wrapper": ("layer", "Dense"),
}
# Layers around a function or a framework's own code, which is no plain data; no layers; and a name that Keras lacks.
LEFT_OUT = {
    "FlaxLayer",
    "GroupedQueryAttention",
    "Input",
    "InputSpec",
    "JaxLayer",
    "Lambda",
    "Layer",
    "TFSMLayer",
    "TorchModuleWrapper",
}
NAMES = [
    name
    for name in kcore_layers.layers.__all__
    if name not in LEFT_OUT and inspect.isclass(getattr(kcore_layers.layers, name))
]
# What Keras writes for its own use, leaves out, or writes in a form of its own for some layers alone.
OTHERWISE = {"MaxNumBoundingBoxes": {"fill_value"}, "RandomGrayscale": {"seed"}, "SimpleRNN": {"seed"},
             "SpatialDropout1D": {"dtype"}, "SpatialDropout2D": {"dtype"}, "SpatialDropout3D": {"dtype"}}  # fmt: skip


def made_by_keras(keras, name):
    cls = getattr(keras.layers, name)
    if name == "Pipeline":
        return cls([keras.layers.CenterCrop(2, 3), keras.layers.RandomFlip()])
    if name == "StackedRNNCells":
        return cls([keras.layers.LSTMCell(2), keras.layers.GRUCell(3)])
    if name in HOLDING:
        key, held = HOLDING[name]
        return cls(**{key: getattr(keras.layers, held)(2)})
    if name in NEEDED:
        return cls(**NEEDED[name])
    parameters = inspect.signature(cls).parameters
    needed = {p.name for p in parameters.values() if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD}
    return cls(**next(arguments for arguments in TRIED if needed <= set(arguments) <= set(parameters)))


def without_quantization(data):
    """Leave out what only Keras has: null where a layer is not quantized."""
    if isinstance(data, dict):
        return {key: without_quantization(value) for key, value in data.items() if key != "quantization_config"}
    return [without_quantization(each) for each in data] if isinstance(data, list) else data


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_made_of_the_config_of_keras_has_that_config(keras, backend, name):
    data = json.loads(json.dumps(keras.saving.serialize_keras_object(made_by_keras(keras, name))))
    layer = deserialize_keras_object(data)
    assert isinstance(layer, kcore_layers.Layer)
    again = json.loads(json.dumps(serialize_keras_object(layer)))
    expected = without_quantization(data)
    for key in OTHERWISE.get(name, ()):
        again["config"].pop(key, None)
        expected["config"].pop(key, None)
    assert again["config"] == expected["config"]
    assert (again["module"], again["class_name"]) == (expected["module"], expected["class_name"])
    keras.saving.deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(layer))))
