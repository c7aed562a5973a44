"""Where masks go, layer by layer: the mask of the output, and what is computed with that of the input, are Keras's."""

from __future__ import annotations

from typing import Any

import kcore
import kcore_ops as ops
import numpy as np
import pytest
from kcore_layers.base.masking import get_mask, set_mask
from kcore_ops import tree

M = np.array([[1, 1, 0], [1, 0, 0]], bool)
N = np.array([[1, 0, 0], [1, 1, 1]], bool)
STEPS, LONG = (2, 3, 4), (2, 3, 5, 4)
LONG_MASK = np.random.default_rng(2).uniform(size=(2, 3, 5)) > 0.4
# (mask, shape) of each input; a mask of None is none.
ONE = [(M, STEPS)]
TWO = [(M, STEPS), (N, STEPS)]
HALF = [(None, STEPS), (N, STEPS)]

# What makes the layer, from a namespace of layers; its inputs; whether they are one list.
CASES: dict[str, tuple[Any, list[Any]]] = {
    "Activation": (lambda k: k.Activation("tanh"), ONE),
    "ActivityRegularization": (lambda k: k.ActivityRegularization(0.1), ONE),
    "AlphaDropout": (lambda k: k.AlphaDropout(0.5), ONE),
    "BatchNormalization": (lambda k: k.BatchNormalization(), ONE),
    "Conv1D": (lambda k: k.Conv1D(2, 2), ONE),
    "Conv1D same": (lambda k: k.Conv1D(2, 2, padding="same"), ONE),
    "Cropping1D": (lambda k: k.Cropping1D(1), ONE),
    "Dense": (lambda k: k.Dense(2), ONE),
    "Dropout": (lambda k: k.Dropout(0.5), ONE),
    "ELU": (lambda k: k.ELU(), ONE),
    "EinsumDense": (lambda k: k.EinsumDense("abc,cd->abd", (None, 2)), ONE),
    "GaussianDropout": (lambda k: k.GaussianDropout(0.5), ONE),
    "GaussianNoise": (lambda k: k.GaussianNoise(0.5), ONE),
    "GlobalAveragePooling1D": (lambda k: k.GlobalAveragePooling1D(), ONE),
    "GlobalMaxPooling1D": (lambda k: k.GlobalMaxPooling1D(), ONE),
    "GroupNormalization": (lambda k: k.GroupNormalization(2), ONE),
    "Identity": (lambda k: k.Identity(), ONE),
    "Lambda": (lambda k: k.Lambda(lambda x: x * 2), ONE),
    "Lambda with a mask": (lambda k: k.Lambda(lambda x: x * 2, mask=lambda x, mask: mask), ONE),
    "LayerNormalization": (lambda k: k.LayerNormalization(), ONE),
    "LeakyReLU": (lambda k: k.LeakyReLU(), ONE),
    "Masking": (lambda k: k.Masking(), ONE),
    "MaxPooling1D": (lambda k: k.MaxPooling1D(1), ONE),
    "Normalization": (lambda k: k.Normalization(mean=1.0, variance=2.0), ONE),
    "PReLU": (lambda k: k.PReLU(), ONE),
    "Permute": (lambda k: k.Permute((2, 1)), ONE),
    "ReLU": (lambda k: k.ReLU(), ONE),
    "RepeatVector": (lambda k: k.RepeatVector(2), [(M[:, 0], (2, 4))]),
    "Rescaling": (lambda k: k.Rescaling(2.0), ONE),
    "Reshape": (lambda k: k.Reshape((4, 3)), ONE),
    "SpatialDropout1D": (lambda k: k.SpatialDropout1D(0.5), ONE),
    "SpectralNormalization": (lambda k: k.SpectralNormalization(k.Dense(2)), ONE),
    "UnitNormalization": (lambda k: k.UnitNormalization(), ONE),
    "UpSampling1D": (lambda k: k.UpSampling1D(2), ONE),
    "ZeroPadding1D": (lambda k: k.ZeroPadding1D(1), ONE),
    # Recurrent layers.
    "LSTM": (lambda k: k.LSTM(2), ONE),
    "LSTM of sequences": (lambda k: k.LSTM(2, return_sequences=True, return_state=True), ONE),
    "GRU backwards": (lambda k: k.GRU(2, return_sequences=True, go_backwards=True), ONE),
    "RNN of a stack": (
        lambda k: k.RNN([k.LSTMCell(2), k.GRUCell(3)], return_sequences=True, return_state=True),
        ONE,
    ),
    "Bidirectional of states": (
        lambda k: k.Bidirectional(k.LSTM(2, return_sequences=True, return_state=True)),
        ONE,
    ),
    "Bidirectional of pairs": (lambda k: k.Bidirectional(k.GRU(2, return_sequences=True), merge_mode=None), ONE),
    # TimeDistributed.
    "each Dense": (lambda k: k.TimeDistributed(k.Dense(2)), ONE),
    "each BatchNormalization": (lambda k: k.TimeDistributed(k.BatchNormalization()), ONE),
    "each Masking": (lambda k: k.TimeDistributed(k.Masking()), [(M, LONG)]),
    "each LSTM": (lambda k: k.TimeDistributed(k.LSTM(2, return_sequences=True)), [(LONG_MASK, LONG)]),
    "each Dense of many": (lambda k: k.TimeDistributed(k.Dense(2)), [(LONG_MASK, LONG)]),
    # Several inputs.
    **{
        f"{name} {len([mask for mask, _ in inputs if mask is not None])}": (
            lambda k, name=name: getattr(k, name)(),
            inputs,
        )
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
        for inputs in (TWO, HALF, [(M, STEPS), (N, STEPS), (M & N, STEPS)])
        if name != "Subtract" or len(inputs) == 2
    },
    "Concatenate of steps": (lambda k: k.Concatenate(axis=1), TWO),
    "Concatenate of masks of features": (
        lambda k: k.Concatenate(axis=1),
        [(np.random.default_rng(3).uniform(size=STEPS) > 0.6, STEPS), (M, STEPS)],
    ),
    "Dot": (lambda k: k.Dot(2), TWO),
    "Attention": (lambda k: k.Attention(), TWO),
    "Attention to a mask": (lambda k: k.Attention(), HALF),
    "AdditiveAttention": (lambda k: k.AdditiveAttention(), TWO),
}
ARGUMENTS_APART = {
    "MultiHeadAttention": (lambda k: k.MultiHeadAttention(2, 3), TWO),
    "MultiHeadAttention to a mask": (lambda k: k.MultiHeadAttention(2, 3), HALF),
    "MultiHeadAttention of masked queries": (lambda k: k.MultiHeadAttention(2, 3), [(M, STEPS), (None, STEPS)]),
    "GroupQueryAttention": (lambda k: k.GroupQueryAttention(2, 2, 1), TWO),
}


def drawn(shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def masked(x, mask, convert, put):
    tensor = convert(x)
    if mask is not None:
        put(tensor, convert(mask))
    return tensor


def put_on_keras(tensor, mask):
    tensor._keras_mask = mask


@pytest.mark.parametrize("case", [*CASES, *ARGUMENTS_APART])
def test_masks_of_outputs_and_what_is_left_out_are_those_of_keras(backend, keras, case):
    make, inputs = {**CASES, **ARGUMENTS_APART}[case]
    try:
        put_on_keras(keras.ops.ones((1,)), None)
    except AttributeError:
        pytest.skip("Keras's masks need tensors that take attributes")
    ours, theirs = make(kcore.layers), make(keras.layers)
    results: dict[Any, Any] = {}
    for layer, convert, put in (
        (ours, ops.convert_to_tensor, set_mask),
        (theirs, keras.ops.convert_to_tensor, put_on_keras),
    ):

        def call(layer=layer, convert=convert, put=put):
            # Of new tensors each time: Keras's attention takes the masks off those it is given.
            tensors = [masked(drawn(shape, seed), mask, convert, put) for seed, (mask, shape) in enumerate(inputs)]
            return layer(*(tensors if case in ARGUMENTS_APART or len(tensors) == 1 else [tensors]))

        call()
        layer.set_weights([0.5 * drawn(w.shape, i) ** 2 for i, w in enumerate(layer.weights)])
        results[layer] = tree.flatten(call())
    assert len(results[ours]) == len(results[theirs])
    for y, z in zip(results[ours], results[theirs], strict=True):
        np.testing.assert_allclose(
            np.asarray(ops.convert_to_numpy(y)), np.asarray(keras.ops.convert_to_numpy(z)), rtol=1e-4, atol=1e-5
        )
        mask, expected = get_mask(y), getattr(z, "_keras_mask", None)
        assert (mask is None) == (expected is None)
        if mask is not None:
            np.testing.assert_array_equal(
                np.asarray(ops.convert_to_numpy(mask)), np.asarray(keras.ops.convert_to_numpy(expected))
            )


def test_every_layer_says_whether_it_passes_masks_on_as_keras_does(backend, keras):
    for name, (make, _) in {**CASES, **ARGUMENTS_APART}.items():
        assert make(kcore.layers).supports_masking == make(keras.layers).supports_masking, name
    # Alone among Keras's normalisations this one drops masks; each position is normalized by itself.
    assert kcore.layers.RMSNormalization().supports_masking
    assert not keras.layers.RMSNormalization().supports_masking
